//! Learns hands from ink, writes in them, and measures, for `train/evaluate_hands.py`: one JSON object in for each line
//! of standard input, one out for each line of standard output.
//!
//!     cargo run --release --example adapt -- weights/synthesis.safetensors < jobs.jsonl
//!
//! A job is `{ "learn": [{ "text", "points" }], "read": […], "write": [text], … }`; points are raw offsets
//! `[dx, dy, pen]` in corpus units. Options, all with defaults: `recipe` (fields of `Recipe`), `strengths` (a list, each
//! of which everything is measured with; 0 is no hand), `bias`, `attempts`, `seed`, `prime` (whether what is written
//! goes on from the first line that was learnt from). The answer has `seconds` of learning, `losses` before each step,
//! and for each strength `log_loss` (nats a line over `read`, on the grid, and per point) and `written` (strokes,
//! faults, why each line ended).

use running_hand::adapt::{Batch, Example, Learner, Recipe, Trainable};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Hand, HandLayout, Kind, Weights};
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Prime, Settings, Writer};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// A line of ink: its text, and positions `(x, y, pen)`.
struct Ink {
    text: String,
    positions: Vec<[f32; 3]>,
    example: Example,
}

fn ink(weights: &Weights, value: &Value) -> Result<Ink, Box<dyn Error>> {
    let text = value["text"].as_str().ok_or("a line without text")?.to_owned();
    let points: Vec<[f32; 3]> = serde_json::from_value(value["points"].clone())?;
    let mut positions = vec![[0.0; 3]];
    let mut normalised = Vec::new();
    for [dx, dy, pen] in points {
        let [x, y, _] = positions[positions.len() - 1];
        positions.push([x + dx, y + dy, pen]);
        let [dx, dy] = weights.config.normalised(dx, dy);
        normalised.push([dx, dy, pen]);
    }
    let ids = Alphabet::new(&weights.config.alphabet).encode(&text).ids;
    Ok(Ink { text, positions, example: Example { ids, points: normalised } })
}

fn recipe(value: &Value, lines: usize) -> Recipe {
    let mut recipe = Recipe::for_lines(lines);
    let number = |key: &str| value[key].as_f64();
    let set = |to: &mut f32, key: &str| *to = number(key).map_or(*to, |number| number as f32);
    let count = |to: &mut usize, key: &str| *to = number(key).map_or(*to, |number| number as usize);
    count(&mut recipe.style_steps, "style_steps");
    count(&mut recipe.bias_steps, "bias_steps");
    set(&mut recipe.style_rate, "style_rate");
    set(&mut recipe.style_prior, "style_prior");
    set(&mut recipe.bias_rate, "bias_rate");
    set(&mut recipe.held, "held");
    recipe.rounded = value["rounded"].as_bool().unwrap_or(recipe.rounded);
    recipe
}

/// Nats a line and a point, on the grid, as the engine's grids have it.
fn log_loss(weights: &Arc<Weights>, lines: &[Ink], hand: &Hand, strength: f32) -> Value {
    let trainable = Trainable::new(weights, true);
    let layout = &trainable.layout;
    let mut parameters = vec![0.0; layout.count()];
    let (style, biases) = hand.at_strength(&weights.config, strength);
    let parts = std::iter::once(&layout.style).chain(&layout.gates).chain([&layout.output]);
    for (part, values) in parts.zip(std::iter::once(&style).chain(&biases.gates).chain([&biases.output])) {
        parameters[part.clone()].copy_from_slice(values);
    }
    let examples: Vec<Example> = lines.iter().map(|line| line.example.clone()).collect();
    let losses = trainable.losses(&mut Batch::new(&trainable, &examples, 0.0), &parameters, None, true);
    let (nats, points) = (losses.learnt.point, losses.points);
    json!({ "line": nats / lines.len().max(1) as f64, "point": nats / points.max(1) as f64 })
}

async fn answer(weights: &Arc<Weights>, job: &Value) -> Result<Value, Box<dyn Error>> {
    let inks = |key: &str| -> Result<Vec<Ink>, Box<dyn Error>> {
        job[key].as_array().map_or(Ok(Vec::new()), |lines| lines.iter().map(|line| ink(weights, line)).collect())
    };
    let (learn, read) = (inks("learn")?, inks("read")?);
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = job["threads"].as_u64().map_or(threads, |threads| threads as usize);
    let none = vec![0.0; HandLayout::new(&weights.config).count()];
    let (mut hand, mut losses) = (Hand::new(weights.fingerprint, &none), Vec::new());
    if !learn.is_empty() {
        let examples: Vec<Example> = learn.iter().map(|ink| ink.example.clone()).collect();
        let mut learner = Learner::new(weights, &examples, recipe(&job["recipe"], learn.len()), threads)?;
        while let Some(progress) = learner.step()? {
            let all = progress.losses;
            losses.push(json!([
                (all.learnt.point + all.learnt.stop) / all.points.max(1) as f64,
                (all.held.point + all.held.stop) / all.held_points.max(1) as f64,
            ]));
        }
        hand = learner.hand();
    }
    let seconds = began.elapsed().as_secs_f64();
    let hand = Arc::new(hand);
    let strengths: Vec<f32> = serde_json::from_value(job["strengths"].clone()).unwrap_or_else(|_| vec![1.0]);
    let texts: Vec<String> = serde_json::from_value(job["write"].clone()).unwrap_or_default();
    let number = |key: &str, default: f64| job[key].as_f64().unwrap_or(default);
    let mut settings = Settings::default()
        .with_bias(number("bias", 0.75) as f32)
        .with_attempts(number("attempts", 4.0) as usize)
        .with_seed(number("seed", 1.0) as u64)
        .with_learnt_hand(Arc::clone(&hand));
    if let (true, Some(first)) = (job["prime"].as_bool().unwrap_or(false), learn.first()) {
        settings.prime = Some(Arc::new(Prime::new(&weights.config, &first.text, &first.positions)?));
    }
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(weights));
    let mut results = Vec::new();
    for strength in strengths {
        let lines: Vec<&[[f32; 3]]> = learn.iter().map(|line| line.positions.as_slice()).collect();
        let mut settings = settings.clone().with_strength(strength);
        settings.hand = writer.adjusted_hand(&settings.clone().with_bias(0.75), &lines).await?;
        let mut written = Vec::new();
        for (line, text) in texts.iter().enumerate() {
            let settings = settings.clone().with_line(line as u64);
            writer.start(text, &settings).await?;
            while writer.next().await?.is_some() {}
            let strokes: Vec<Vec<[f32; 2]>> =
                writer.ink().strokes.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect();
            written.push(json!({
                "text": text,
                "strokes": strokes,
                "finish": format!("{:?}", writer.finish().ok_or("a line without an end")?),
                "broken": writer.faults().iter().map(ToString::to_string).collect::<Vec<_>>(),
                "rewritten": writer.retries(),
            }));
        }
        results.push(json!({
            "strength": strength,
            "log_loss": log_loss(weights, &read, &hand, strength),
            "written": written,
        }));
    }
    Ok(json!({ "seconds": seconds, "losses": losses, "results": results }))
}

fn run() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: adapt WEIGHTS < JOBS")?;
    let bytes = std::fs::read(&file).map_err(|error| format!("{file}: {error}"))?;
    let weights = Arc::new(Weights::from_bytes_of(Kind::Synthesis, &bytes, &file)?);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = pollster::block_on(answer(&weights, &serde_json::from_str(&line?)?))?;
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
