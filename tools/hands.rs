//! Writes the small pictures of the network's hands that the page shows. To be run anew when the
//! weights change; the page's tests notice if it was not.
//!
//!     cargo run --release --example hands

use running_hand::document::measure_hand;
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::ink::Ink;
use running_hand::model::Weights;
use running_hand::writer::{Settings, Writer};
use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;

/// What every hand writes for its picture.
const SAMPLE: &str = "Hand";
/// A word alone goes wrong more often than a line. These seeds write it well; others have the first.
const SEEDS: [(&str, u64); 13] = [
    ("none", 4),
    ("Upright", 5),
    ("Open", 3),
    ("Round", 7),
    ("Small", 5),
    ("Slanted", 3),
    ("Joined", 7),
    ("Rising", 8),
    ("Lively", 4),
    ("Swift", 4),
    ("Even", 4),
    ("Tall", 4),
    ("Flowing", 8),
];
/// The page's name and what its empty sheet says, with the seeds that write them best, and in which hand.
const TITLE: (&str, u64) = ("Running Hand", 15);
const INVITATION: (&str, u64) = ("Write something", 4);
const BEST: &str = "Flowing";
const WEIGHTS: &str = "weights/synthesis.safetensors";
const OUT: &str = "www";

async fn draw() -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(WEIGHTS).map_err(|e| format!("{WEIGHTS}: {e}"))?;
    let weights = Weights::from_bytes(&bytes, WEIGHTS)?;
    let hands = weights.config.styles.clone();
    let fingerprint = weights.fingerprint;
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(weights);

    let none = std::iter::once(("none", None));
    let named = hands.iter().enumerate().map(|(index, name)| (name.as_str(), Some(index)));
    let mut sprite = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" data-weights=\"{fingerprint:016x}\">\n");
    for (name, style) in none.chain(named) {
        let seed = SEEDS.iter().find(|(hand, _)| *hand == name).map_or(1, |(_, seed)| *seed);
        let hand = measure_hand(&mut writer, &Settings::default().with_style(style)).await?;
        let measures = [hand.x_height, hand.letter, hand.gap, hand.letter_gap, hand.lean];
        let measures = measures.map(|measure| measure.to_string()).join(" ");
        let (path, width, height) = picture(&ink(&mut writer, SAMPLE, style, seed, 1.2).await?);
        writeln!(
            sprite,
            "<symbol id=\"{name}\" viewBox=\"0 0 {width:.0} {height:.0}\" data-hand=\"{measures}\">\
             <path d=\"{path}\"/></symbol>"
        )?;
    }
    sprite.push_str("</svg>\n");
    save("hands.svg", &sprite)?;

    let style = hands.iter().position(|name| name == BEST);
    // The page's name is of the colour of its text; the sheet is always light.
    let dark = "@media(prefers-color-scheme:dark){path{stroke:#ece6da}}";
    for (file, (text, seed), dark) in [("title.svg", TITLE, dark), ("invitation.svg", INVITATION, "")] {
        let (path, width, height) = picture(&ink(&mut writer, text, style, seed, 1.0).await?);
        save(
            file,
            &format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
                 <style>path{{fill:none;stroke:#27252a;stroke-width:20;stroke-linecap:round;stroke-linejoin:round}}\
                 {dark}</style>\n<path d=\"{path}\"/>\n</svg>\n"
            ),
        )?;
    }
    Ok(())
}

async fn ink(
    writer: &mut Writer,
    text: &str,
    style: Option<usize>,
    seed: u64,
    bias: f32,
) -> Result<Ink, Box<dyn Error>> {
    writer.start(text, &Settings::default().with_bias(bias).with_seed(seed).with_style(style)).await?;
    while writer.next().await?.is_some() {}
    Ok(writer.ink())
}

fn save(file: &str, svg: &str) -> Result<(), Box<dyn Error>> {
    std::fs::write(format!("{OUT}/{file}"), svg).map_err(|e| format!("{OUT}/{file}: {e}").into())
}

/// A picture's path data, width and height: curves through the midpoints of the points, in whole
/// corpus units.
fn picture(ink: &Ink) -> (String, f32, f32) {
    const MARGIN: f32 = 20.0;
    let mut path = String::new();
    let Some(bounds) = ink.bounds() else { return (path, 1.0, 1.0) };
    let (x, y) = (bounds.min.x - MARGIN, bounds.min.y - MARGIN);
    for stroke in &ink.strokes {
        let points: Vec<[f32; 2]> = stroke.iter().map(|p| [p.x - x, p.y - y]).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        // Writing to a String cannot fail.
        let _ = write!(path, "M{:.0} {:.0}", first[0], first[1]);
        for pair in points.get(1..).unwrap_or_default().windows(2) {
            let [[px, py], [qx, qy]] = [pair[0], pair[1]];
            let _ = write!(path, "Q{px:.0} {py:.0} {:.0} {:.0}", f32::midpoint(px, qx), f32::midpoint(py, qy));
        }
        let _ = write!(path, "L{:.0} {:.0}", last[0], last[1]);
    }
    (path, bounds.max.x - x + MARGIN, bounds.max.y - y + MARGIN)
}

fn main() -> ExitCode {
    match pollster::block_on(draw()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
