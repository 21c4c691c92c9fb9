//! Writes lines of text and prints the result of each as one line of JSON, for `train/evaluate/line_writer.py`.
//!
//!     cargo run --release --example lines -- --weights weights/synthesis.safetensors --texts lines.txt
//!
//! `--hands all` uses the network's hands in turn, `--hands NAME` one of them, and `--hands NAME+NAME` eleven steps
//! of a blend from one to the other. An empty line of the texts is written by a prediction network.

use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::Weights;
use running_hand::writer::{Settings, Writer};
use serde_json::json;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: lines --weights FILE --texts FILE [--bias 0.75] [--temperature 1] [--attempts 4] [--seed 1]
             [--points 1400] [--hands none|all|NAME|NAME+NAME]";

async fn write() -> Result<(), Box<dyn Error>> {
    let (mut weights, mut texts, mut hands) = (None, None, String::from("none"));
    let mut settings = Settings::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        let bad = |e: &dyn Error| format!("{name} {value}: {e}\n{USAGE}");
        match name.as_str() {
            "--weights" => weights = Some(value),
            "--texts" => texts = Some(value),
            "--hands" => hands = value,
            "--bias" => settings.bias = value.parse().map_err(|e| bad(&e))?,
            "--temperature" => settings.temperature = value.parse().map_err(|e| bad(&e))?,
            "--attempts" => settings.attempts = value.parse().map_err(|e| bad(&e))?,
            "--seed" => settings.seed = value.parse().map_err(|e| bad(&e))?,
            "--points" => settings.points = value.parse().map_err(|e| bad(&e))?,
            _ => return Err(format!("{name} is not an option\n{USAGE}").into()),
        }
    }
    let (weights, texts) = (weights.ok_or(USAGE)?, texts.ok_or(USAGE)?);
    let read = |file: &str| std::fs::read(file).map_err(|e| format!("{file}: {e}"));
    let network = Weights::from_bytes(&read(&weights)?, &weights)?;
    let texts = String::from_utf8(read(&texts)?).map_err(|e| format!("{texts}: {e}"))?;
    let names = network.config.styles.clone();
    let find = |name: &str| {
        let missing = || format!("there is no hand {name:?}; there are {}", names.join(", "));
        names.iter().position(|other| other == name).ok_or_else(missing)
    };
    let one = |style: Option<usize>| settings.clone().with_style(style);
    let chosen: Vec<Settings> = match (hands.as_str(), hands.split_once('+')) {
        ("none", _) => vec![one(None)],
        ("all", _) => (0..names.len()).map(|style| one(Some(style))).collect(),
        (_, Some((from, to))) => {
            let (from, to) = (find(from)?, find(to)?);
            (0..=10).map(|tenth| one(Some(from)).with_style_blend((to, tenth as f32 / 10.0))).collect()
        }
        (name, None) => vec![one(Some(find(name)?))],
    };
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(network);
    let mut out = std::io::stdout().lock();
    for (line, text) in texts.lines().enumerate() {
        let settings = chosen[line % chosen.len()].clone().with_line(line as u64);
        writer.start(text, &settings).await?;
        let mut steps = Vec::new();
        while let Some(chunk) = writer.next().await? {
            steps.extend(chunk.steps);
        }
        let strokes: Vec<Vec<[f32; 2]>> =
            writer.ink().strokes.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect();
        let row = json!({
            "text": text,
            "hand": settings.style.map(|style| &names[style]),
            "strokes": strokes,
            "points": steps.len(),
            "positions": steps.iter().map(|step| step.position as u32).collect::<Vec<_>>(),
            "finish": format!("{:?}", writer.finish().ok_or("a line without an end")?),
            "broken": writer.faults().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rewritten": writer.retries(),
            "computed": writer.computed_timesteps(),
        });
        writeln!(out, "{row}")?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match pollster::block_on(write()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
