//! Writes a text in a hand: `cargo run --release --example write -- "Dear reader," Flowing > dear.svg`

#[cfg(target_arch = "wasm32")]
fn main() {} // A page has neither files nor the time to wait for all of the ink.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use running_hand::export::{Format, Options};
    use running_hand::{Document, Settings, Weights};
    let mut arguments = std::env::args().skip(1);
    let text = arguments.next().unwrap_or_else(|| "so it goes".into());
    let weights = Weights::open("weights/synthesis.safetensors")?;
    let hand = arguments.next().unwrap_or_else(|| weights.config.styles[0].clone());
    let settings = Settings::default().with_bias(0.75).with_seed(7).with_hand(&weights, &hand)?;
    let document = Document::write_blocking(weights, &text, settings.into())?;
    std::io::Write::write_all(
        &mut std::io::stdout(),
        document.pages().export(0, Format::Svg, &Options::default())?.as_bytes(),
    )?;
    Ok(())
}
