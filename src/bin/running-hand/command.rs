//! Text in, file out.

use crate::arguments::{self, HELP, Source, Task, Wish};
use running_hand::capture::{self, Hand};
use running_hand::document::layout::{self, Line, Paper};
use running_hand::document::{LINE_SPACING, Page};
use running_hand::engine::Engine;
use running_hand::export::{self, Layout, Options};
use running_hand::ink::Ink;
use running_hand::model::{Kind, Weights};
use running_hand::writer::prime::Prime;
use running_hand::writer::{Finish, Writer};
use serde_json::json;
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Letters in a line that is not on paper, as on the page.
const COLUMNS: usize = 36;

pub fn main() -> ExitCode {
    let task = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("running-hand: {error}\nSee running-hand --help.");
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => print(HELP.as_bytes()),
        Task::Version => print(concat!("running-hand ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()),
        Task::ListHands { weights } => list_hands(weights),
        Task::Write(wish) => pollster::block_on(write(*wish)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever reads our output has had enough of it, and knows.
            let enough = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
            if !error.downcast_ref::<io::Error>().is_some_and(enough) {
                eprintln!("running-hand: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn print(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

fn list_hands(weights: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let weights = load(Kind::Synthesis, weights)?;
    let names: String = weights.config.styles.iter().map(|name| format!("{name}\n")).collect();
    print(names.as_bytes())
}

/// The network: from the file that was named, or where the repository keeps it.
fn load(kind: Kind, named: Option<PathBuf>) -> Result<Arc<Weights>, Box<dyn Error>> {
    let own = PathBuf::from(format!("weights/{kind}.safetensors"));
    let file = match named {
        Some(folder) if folder.is_dir() => folder.join(format!("{kind}.safetensors")),
        Some(file) => file,
        None if own.exists() => own,
        // Called from another folder, by the program that was built here.
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join(own),
    };
    let name = file.display().to_string();
    let bytes = fs::read(&file).map_err(|error| format!("{name}: {error}. Name a weights file with --weights."))?;
    Ok(Arc::new(Weights::from_bytes_of(kind, &bytes, &name)?))
}

/// Index of a hand by its name.
fn hand(weights: &Weights, name: &str) -> Result<usize, String> {
    let names = &weights.config.styles;
    let found = names.iter().position(|own| own == name);
    found.ok_or_else(|| match names.is_empty() {
        true => format!("there is no hand {name:?}: this network knows none"),
        false => format!("there is no hand {name:?}; there are {}", names.join(", ")),
    })
}

/// A hand that the page exported, as ink to go on from, and its name.
fn own_hand(weights: &Arc<Weights>, file: &Path) -> Result<(Prime, String), Box<dyn Error>> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
    let hand = Hand::from_json(&bytes).map_err(|error| format!("{name}: {error}"))?;
    let (points, advice) =
        capture::read(weights, &hand.text, &hand.strokes).map_err(|advice| format!("{name}: {advice}"))?;
    if let Some(advice) = advice {
        eprintln!("{name}: {advice}");
    }
    Ok((Prime::new(&weights.config, &hand.text, &points)?, hand.name))
}

fn milliseconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

async fn write(mut wish: Wish) -> Result<(), Box<dyn Error>> {
    if wish.output.is_none() && io::stdout().is_terminal() {
        return Err("where to? Name a file with -o FILE; -o - writes to the terminal.".into());
    }
    let kind = if wish.source == Source::Nothing { Kind::Prediction } else { Kind::Synthesis };
    let text = read(&wish.source)?;
    if kind == Kind::Synthesis && text.trim().is_empty() {
        return Err("there is nothing to write: the text is blank. --scribble writes without a text.".into());
    }
    let say = |message: &str| {
        if !wish.quiet && !message.is_empty() {
            eprintln!("{message}");
        }
    };
    let weights = load(kind, wish.weights.take())?;
    wish.settings.style = match wish.hand.as_deref() {
        Some("none") => None,
        Some(name) => Some(hand(&weights, name)?),
        // As on the page: a hand stays the same from line to line, no one's does not.
        None if wish.own.is_none() && !weights.config.styles.is_empty() => Some(0),
        None => None,
    };
    wish.hand = wish.settings.style.map(|index| weights.config.styles[index].clone());
    if let Some((name, share)) = &wish.blend {
        wish.settings.blend = Some((hand(&weights, name)?, *share));
    }
    let own = match &wish.own {
        Some(file) => {
            let (prime, name) = own_hand(&weights, file)?;
            wish.settings.prime = Some(Arc::new(prime));
            Some(name)
        }
        None => None,
    };
    let points_per_character = weights.config.points_per_character;
    let (engine, notice) = Engine::choose(wish.engine).await;
    say(&notice.unwrap_or_default());
    let mut writer = Writer::new(engine);
    writer.set_weights(weights);
    writer.set_clock(milliseconds);

    let began = milliseconds();
    let columns = match wish.columns {
        Some(columns) => columns,
        None if wish.look.paper.is_some() && kind == Kind::Synthesis => {
            // As on the page: as many as fit in this hand.
            let letter = layout::letter_width(&mut writer, wish.settings.style).await?;
            wish.look.columns(letter.into()).unwrap_or(COLUMNS)
        }
        None => wish.look.columns(layout::LETTER).unwrap_or(COLUMNS),
    };
    let mut page = Page::start(&mut writer, &text, &wish.settings, columns).await?;
    for (from, to) in &page.text().transliterated {
        say(&format!("{from:?} is written as {to:?}."));
    }
    if !page.text().left_out.is_empty() {
        say(&format!("Not among the letters the network knows: {:?}.", page.text().left_out));
    }
    let characters: usize = page.lines().map(|line| line.chars().count()).sum();
    let expected = match kind {
        Kind::Prediction => wish.settings.points,
        Kind::Synthesis => (characters as f32 * points_per_character) as usize,
    };
    let mut progress = Progress { expected, shown: None, visible: !wish.quiet && io::stderr().is_terminal() };
    let (mut lines, mut points) = (Vec::<Line>::new(), 0);
    while let Some(more) = page.next(&mut writer).await? {
        points += more.len();
        progress.show(points);
        match kind {
            Kind::Synthesis => add(&mut lines, page.row(), &more),
            // Nobody counts the lines of a scribble; one begins at the left edge, on a height of its own.
            Kind::Prediction => more.iter().for_each(|point| {
                let begins = point[0] == 0.0 && point[1] % LINE_SPACING == 0.0;
                let row =
                    if begins { (point[1] / LINE_SPACING) as usize } else { lines.last().map_or(0, |line| line.row) };
                add(&mut lines, row, &[*point]);
            }),
        }
    }
    progress.clear();
    say(writer.notice());
    match page.finish() {
        Some(Finish::Cap) => say("A line ran on and was cut; another seed may do better."),
        Some(Finish::NonFinite) => say("A line broke off: the network computed no number. Another seed may do better."),
        _ => {}
    }

    let written = layout::lay(lines, &wish.look);
    let output = wish.output.as_deref().filter(|file| *file != Path::new("-"));
    if output.is_none() && written.len() > 1 {
        return Err(format!("{} sheets do not fit into one file: name the first with -o FILE.", written.len()).into());
    }
    let settings = json!({
        "bias": wish.settings.bias,
        "temperature": wish.settings.temperature,
        "seed": wish.settings.seed,
        "style": wish.hand,
        "own": own,
        "blend": wish.blend.as_ref().map(|(style, share)| json!({ "style": style, "share": share })),
        "columns": columns,
        "attempts": wish.settings.attempts,
        "weights": format!("{:016x}", page.fingerprint()),
    });
    let mut options = Options { sample_ms: page.sample_ms(), text, settings, ..wish.options };
    let mut texts = page.lines();
    for (index, lines) in written.iter().enumerate() {
        let points: Vec<_> = lines.iter().flat_map(|line| line.points.iter().copied()).collect();
        let ink = Ink::from_points(&points);
        let scale = wish.look.unit as f32;
        options.layout = Some(match wish.look.paper {
            Some(Paper { width, height, .. }) => {
                Layout { width: width as f32, height: height as f32, x: 0.0, y: 0.0, scale }
            }
            None => Layout::around(&ink, scale, wish.margin as f32),
        });
        if written.len() > 1 {
            options.text = texts.by_ref().take(lines.len()).collect::<Vec<_>>().join("\n");
        }
        let file = export::write(&ink, wish.format, &options)?;
        match output {
            Some(first) => {
                let name = numbered(first, index);
                fs::write(&name, file).map_err(|error| format!("{}: {error}", name.display()))?;
            }
            None => print(file.as_bytes())?,
        }
    }
    if io::stderr().is_terminal() {
        let seconds = (milliseconds() - began) / 1e3;
        let name = output.map_or_else(|| "standard output".into(), |name| name.display().to_string());
        let count = if written.len() > 1 { format!(", {} sheets", written.len()) } else { String::new() };
        say(&format!("{name}{count}: {points} points in {seconds:.1} s, {}", writer.engine_label()));
    }
    Ok(())
}

/// Adds points to the line that they are on.
fn add(lines: &mut Vec<Line>, row: usize, points: &[[f32; 3]]) {
    match lines.last_mut() {
        Some(line) if line.row == row => line.points.extend_from_slice(points),
        _ if points.is_empty() => {}
        _ => lines.push(Line { row, points: points.to_vec() }),
    }
}

/// The file of a sheet: `letter.svg`, `letter-2.svg`.
fn numbered(first: &Path, index: usize) -> PathBuf {
    if index == 0 {
        return first.to_owned();
    }
    let mut name = first.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{}", index + 1));
    if let Some(ending) = first.extension() {
        name.push(".");
        name.push(ending);
    }
    first.with_file_name(name)
}

fn read(source: &Source) -> Result<String, Box<dyn Error>> {
    match source {
        Source::Text(text) => Ok(text.clone()),
        Source::Nothing => Ok(String::new()),
        Source::Stdin => {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
            Ok(text)
        }
    }
}

/// How far it is, on a line of the terminal that is written over.
struct Progress {
    /// Points that the text will have, about.
    expected: usize,
    shown: Option<usize>,
    visible: bool,
}

impl Progress {
    fn show(&mut self, points: usize) {
        let percent = (points * 100).checked_div(self.expected).unwrap_or(0).min(99);
        if self.visible && self.shown != Some(percent) {
            self.shown = Some(percent);
            eprint!("\rWriting: {percent} %");
        }
    }

    fn clear(&self) {
        if self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
