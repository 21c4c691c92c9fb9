//! A letter on ruled A5, as files for a GRBL plotter with a servo, one a sheet:
//! `cargo run --release --example letter -- letter.txt Round`

#[cfg(target_arch = "wasm32")]
fn main() {} // A page has no files.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use running_hand::document::{Options, PageStyle, Paper, Ruling};
    use running_hand::export::{self, Format, Gcode, Lift};
    use running_hand::{Document, Settings, Weights};

    let mut arguments = std::env::args().skip(1);
    let text = match arguments.next() {
        Some(file) => std::fs::read_to_string(file)?,
        None => "Dear reader,\n\nthis was written by a network.".into(),
    };
    let hand = arguments.next().unwrap_or_else(|| "Upright".into());

    let weights = Weights::open("weights/synthesis.safetensors")?;
    let style = PageStyle::default()
        .with_paper(Paper::named("a5"))
        .with_ruling(Ruling::Ruled)
        .with_size(None, Some(9.0))?
        .with_wander(0.5);
    let settings = Settings::default().with_bias(1.0).with_hand(&weights, &hand)?;
    let options = Options::default().with_settings(settings).with_style(style);
    let document = Document::write_blocking(weights, &text, options)?;

    let plotter = Gcode::default().with_lift(Lift::Servo).with_up(0.0).with_down(30.0).with_dwell(0.15);
    let file = export::Options::default().with_gcode(plotter).with_optimise(true);
    for page in 0..document.pages().layout().pages() {
        let name = format!("letter-{}.gcode", page + 1);
        std::fs::write(&name, document.pages().export(page, Format::Gcode, &file)?)?;
        eprintln!("{name}");
    }
    Ok(())
}
