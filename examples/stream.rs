//! Ink as it comes, on whichever engine there is: `cargo run --release --example stream -- "so it goes"`

#[cfg(target_arch = "wasm32")]
fn main() {} // A page has the JavaScript package.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use futures_util::StreamExt;
    use running_hand::document::Options;
    use running_hand::engine::Choice;
    use running_hand::{Document, Engine, Settings, Weights, Writer};

    let text = std::env::args().nth(1).unwrap_or_else(|| "so it goes, line after line".into());
    pollster::block_on(async {
        let (engine, notice) = Engine::choose(Choice::Auto).await;
        if let Some(notice) = notice {
            eprintln!("{notice}");
        }
        let mut writer = Writer::new(engine);
        writer.set_weights(Weights::open("weights/synthesis.safetensors")?);
        // Live: words come as they are written, not when their line is complete.
        let options = Options::from(Settings::default().with_seed(7)).with_live(true);
        let mut document = Document::start(&mut writer, &text, options).await?;
        let ink = document.stream(&mut writer);
        futures_util::pin_mut!(ink);
        while let Some(ink) = ink.next().await {
            for part in ink? {
                for [x, y, lifts] in part.points {
                    let end = if lifts > 0.5 { " and the pen is lifted" } else { "" };
                    eprintln!("page {}: {x:.0} {y:.0}{end}", part.page);
                }
            }
        }
        Ok(())
    })
}
