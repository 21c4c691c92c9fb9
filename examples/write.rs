//! Writes a text in a hand: `cargo run --release --example write -- "Dear reader," Flowing > dear.svg`

#[cfg(target_arch = "wasm32")]
fn main() {} // A page has neither files nor the time to wait for all of the ink.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use running_hand::export::{Format, Options};
    use running_hand::{Document, Settings, Weights};

    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().unwrap_or_else(|| "so it goes".into());
    let hand = arguments.next().unwrap_or_else(|| "Upright".into());

    let weights = Weights::open("weights/synthesis.safetensors")?;
    for part in weights.review(&text) {
        eprintln!("{:?} is written as {:?}", &text[part.range], part.by.unwrap_or_default());
    }
    let settings = Settings::default().with_seed(7).with_hand(&weights, &hand)?;
    let document = Document::write_blocking(weights, &text, settings.into())?;
    let svg = document.pages().export(0, Format::Svg, &Options::default())?;
    Ok(std::io::Write::write_all(&mut std::io::stdout(), svg.as_bytes())?)
}
