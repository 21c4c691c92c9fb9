//! Writes from the command line:
//!
//!     cargo run --release --example write -- "Hello there" --bias 1 --seed 3 -o hello.svg
//!
//! Without text the prediction network writes on its own.

use longhand::engine::{Choice, Engine};
use longhand::export;
use longhand::ink::Ink;
use longhand::model::{Kind, Weights};
use longhand::page::{COLUMNS, Page};
use longhand::writer::{Settings, Writer};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Instant;

const USAGE: &str =
    "usage: write [TEXT] [--bias 0.5] [--temperature 1] [--seed 1] [--style NAME|NUMBER] [--points 1400]
             [--columns 40] [--engine auto|cpu|gpu] [--weights DIRECTORY] [-o FILE.svg]";

struct Arguments {
    text: String,
    settings: Settings,
    columns: usize,
    style: Option<String>,
    engine: Choice,
    weights: PathBuf,
    out: PathBuf,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments {
        text: String::new(),
        settings: Settings::default(),
        columns: COLUMNS,
        style: None,
        engine: Choice::Auto,
        weights: "weights".into(),
        out: "out.svg".into(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if !name.starts_with('-') {
            found.text = name;
            continue;
        }
        let value = arguments.next().ok_or(USAGE)?;
        let bad = |e: &dyn Error| format!("{name} {value}: {e}\n{USAGE}");
        let settings = &mut found.settings;
        match name.as_str() {
            "--bias" => settings.bias = value.parse().map_err(|e| bad(&e))?,
            "--temperature" => settings.temperature = value.parse().map_err(|e| bad(&e))?,
            "--seed" => settings.seed = value.parse().map_err(|e| bad(&e))?,
            "--points" => settings.points = value.parse().map_err(|e| bad(&e))?,
            "--columns" => found.columns = value.parse().map_err(|e| bad(&e))?,
            "--style" => found.style = Some(value),
            "--engine" => found.engine = value.parse().map_err(|e| bad(&e))?,
            "--weights" => found.weights = value.into(),
            "-o" => found.out = value.into(),
            _ => return Err(format!("{name} is no option\n{USAGE}").into()),
        }
    }
    Ok(found)
}

/// Index of a style by its name or number.
fn style(weights: &Weights, wanted: &str) -> Result<usize, String> {
    let names = &weights.config.styles;
    let by_name = names.iter().position(|name| name == wanted);
    by_name
        .or_else(|| wanted.parse().ok())
        .ok_or_else(|| format!("there is no style {wanted:?}; there are {}", names.join(", ")))
}

fn milliseconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

async fn write() -> Result<(), Box<dyn Error>> {
    let Arguments { text, mut settings, columns, style: wanted, engine, weights, out } = arguments()?;
    let (engine, notice) = Engine::choose(engine).await;
    if let Some(notice) = notice {
        eprintln!("{notice}");
    }
    let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
    let file = weights.join(format!("{kind}.safetensors"));
    let bytes = std::fs::read(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let weights = Weights::from_bytes_of(kind, &bytes, &file.display().to_string())?;
    if let Some(wanted) = wanted {
        settings.style = Some(style(&weights, &wanted)?);
    }

    let mut writer = Writer::new(engine);
    writer.set_weights(weights);
    writer.set_clock(milliseconds);
    let began = milliseconds();
    let mut page = Page::start(&mut writer, &text, &settings, columns).await?;
    for (from, to) in &page.text().transliterated {
        eprintln!("{from:?} is written as {to:?}");
    }
    if !page.text().left_out.is_empty() {
        eprintln!("left out: {:?}", page.text().left_out);
    }
    let (mut points, mut first) = (Vec::new(), None);
    while let Some(more) = page.next(&mut writer).await? {
        first.get_or_insert_with(|| milliseconds() - began);
        points.extend(more);
    }
    let took = milliseconds() - began;
    std::fs::write(&out, export::svg(&Ink::from_points(&points))).map_err(|e| format!("{}: {e}", out.display()))?;
    if !writer.notice().is_empty() {
        eprintln!("{}", writer.notice());
    }
    eprintln!(
        "{}: {} points on {}, first after {:.1} ms, {:.0} a second, ended by {:?}",
        out.display(),
        points.len(),
        writer.engine_label(),
        first.unwrap_or_default(),
        points.len() as f64 / took * 1e3,
        page.finish()
    );
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
