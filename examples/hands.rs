//! Writes the small pictures of the network's hands that the page shows. To be run anew when the
//! weights change; the page's tests notice if it was not.
//!
//!     cargo run --release --example hands

use longhand::cpu::CpuEngine;
use longhand::engine::Engine;
use longhand::ink::Ink;
use longhand::model::Weights;
use longhand::writer::{Settings, Writer};
use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;

/// What every hand writes: something with a capital, a descender and letters that join.
const SAMPLE: &str = "Dear you";
/// For the page's name and the empty sheet.
const TITLE: &str = "Longhand";
const INVITATION: &str = "Write something";
const WEIGHTS: &str = "weights/synthesis.safetensors";
const OUT: &str = "www/hands.svg";

async fn draw() -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(WEIGHTS).map_err(|e| format!("{WEIGHTS}: {e}"))?;
    let weights = Weights::from_bytes(&bytes, WEIGHTS)?;
    let hands = weights.config.styles.clone();
    let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" data-weights=\"{:016x}\">\n", weights.fingerprint);
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(weights);
    let named = hands.iter().enumerate().map(|(index, name)| (name.as_str(), SAMPLE, Some(index), 1));
    let others = [("none", SAMPLE, None, 1), ("title", TITLE, None, 4), ("invitation", INVITATION, None, 2)];
    for (name, text, style, seed) in others.into_iter().chain(named) {
        let settings = Settings { bias: 0.9, seed, style, ..Settings::default() };
        writer.start(text, &settings).await?;
        while writer.next().await?.is_some() {}
        symbol(name, &writer.ink(), &mut svg)?;
    }
    svg.push_str("</svg>\n");
    std::fs::write(OUT, &svg).map_err(|e| format!("{OUT}: {e}"))?;
    Ok(())
}

/// One picture: curves through the midpoints of the points, in whole corpus units.
fn symbol(name: &str, ink: &Ink, svg: &mut String) -> Result<(), Box<dyn Error>> {
    let bounds = ink.bounds().ok_or_else(|| format!("{name} wrote nothing"))?;
    let [x, y] = [bounds.min.x - 20.0, bounds.min.y - 20.0];
    let [width, height] = [bounds.max.x - bounds.min.x + 40.0, bounds.max.y - bounds.min.y + 40.0];
    write!(svg, "<symbol id=\"{name}\" viewBox=\"0 0 {width:.0} {height:.0}\"><path d=\"")?;
    for stroke in &ink.strokes {
        let points: Vec<[f32; 2]> = stroke.iter().map(|p| [p.x - x, p.y - y]).collect();
        let (Some(first), Some(last)) = (points.first(), points.last()) else { continue };
        write!(svg, "M{:.0} {:.0}", first[0], first[1])?;
        for pair in points.get(1..).unwrap_or_default().windows(2) {
            let [[px, py], [qx, qy]] = [pair[0], pair[1]];
            write!(svg, "Q{px:.0} {py:.0} {:.0} {:.0}", (px + qx) / 2.0, (py + qy) / 2.0)?;
        }
        write!(svg, "L{:.0} {:.0}", last[0], last[1])?;
    }
    svg.push_str("\"/></symbol>\n");
    Ok(())
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
