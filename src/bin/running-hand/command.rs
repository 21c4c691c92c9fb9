//! Text in, file out.

use crate::arguments::{self, FileFormat, Request, Source, Task};
use crate::learn;
use running_hand::capture::{self, HandSample, LearntHand};
use running_hand::document::{self, Document, Frame};
use running_hand::engine::{Choice, Engine};
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

pub fn main() -> ExitCode {
    let task = match arguments::parse(std::env::args_os()) {
        Ok(task) => task,
        Err(error) => {
            // Without its output there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let done = match task {
        Task::Completions(shell) => print(&arguments::completions(shell)),
        Task::ListHands { weights } => list_hands(weights),
        Task::Learn(learn) => pollster::block_on(learn::learn(learn)),
        Task::Write(request) => pollster::block_on(write(*request)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever reads our output has closed it: not an error.
            let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
            if !error.downcast_ref::<io::Error>().is_some_and(is_closed) {
                eprintln!("running-hand: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

pub fn print(bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

fn list_hands(weights: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let weights = load(Kind::Synthesis, weights)?;
    let names: String = weights.config.styles.iter().map(|name| format!("{name}\n")).collect();
    print(names.as_bytes())
}

/// The network: from the file that was named, or beside this program, or within it (feature `weights`), or where the
/// repository has it.
pub fn load(kind: Kind, named: Option<PathBuf>) -> Result<Arc<Weights>, Box<dyn Error>> {
    let name = format!("{kind}.safetensors");
    let file = match named {
        Some(folder) if folder.is_dir() => Some(folder.join(&name)),
        Some(file) => Some(file),
        None => beside(&name),
    };
    if let Some(file) = file {
        return read_weights(kind, &file);
    }
    #[cfg(feature = "weights")]
    return Ok(Arc::new(Weights::shipped(kind)?));
    #[cfg(not(feature = "weights"))]
    read_weights(kind, &Path::new(env!("CARGO_MANIFEST_DIR")).join("weights").join(name))
}

fn read_weights(kind: Kind, file: &Path) -> Result<Arc<Weights>, Box<dyn Error>> {
    let name = file.display().to_string();
    let bytes = fs::read(file).map_err(|error| format!("{name}: {error}. Name a weights file with --weights."))?;
    Ok(Arc::new(Weights::from_bytes_of(kind, &bytes, &name)?))
}

/// A file of weights in the folder of this program, in `weights` there or in `share/running-hand` beside its folder.
fn beside(name: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let program = program.canonicalize().unwrap_or(program);
    let folder = program.parent()?;
    let places =
        [folder.join(name), folder.join("weights").join(name), folder.join("../share/running-hand").join(name)];
    places.into_iter().find(|file| file.is_file())
}

/// A sample of handwriting that the page exported, as ink to go on from, and its name.
fn sample(weights: &Arc<Weights>, file: &Path) -> Result<(Prime, String), Box<dyn Error>> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
    let sample = HandSample::from_json(&bytes).map_err(|error| format!("{name}: {error}"))?;
    let (points, advice) = capture::fit_and_verify(weights, &sample.text, &sample.strokes)
        .map_err(|advice| format!("{name}: {advice}"))?;
    if let Some(advice) = advice {
        eprintln!("{name}: {advice}");
    }
    Ok((Prime::new(&weights.config, &sample.text, &points)?, sample.name))
}

/// Awaits while nothing is shown on standard error: drivers of GPUs write there.
async fn without_noise<T>(work: impl Future<Output = T>) -> T {
    #[cfg(unix)]
    let shown = silenced().ok();
    let done = work.await;
    #[cfg(unix)]
    if let Some(shown) = shown {
        // If it cannot be restored, there is nobody to tell.
        let _ = rustix::stdio::dup2_stderr(&shown);
    }
    done
}

/// Sends standard error to nowhere, and returns where it went before.
#[cfg(unix)]
fn silenced() -> io::Result<std::os::fd::OwnedFd> {
    let shown = rustix::io::dup(rustix::stdio::stderr())?;
    rustix::stdio::dup2_stderr(fs::File::options().write(true).open("/dev/null")?)?;
    Ok(shown)
}

/// A line of ink, to go on from.
fn primed(weights: &Weights, sample: &HandSample) -> Result<Prime, Box<dyn Error>> {
    let (points, text) = capture::fit(&weights.config, &sample.text, &sample.strokes)?;
    Ok(Prime::new(&weights.config, &text.written, &points)?)
}

fn milliseconds() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64() * 1e3
}

async fn write(mut request: Request) -> Result<(), Box<dyn Error>> {
    if request.output.is_none() && !request.check && io::stdout().is_terminal() {
        return Err("where to? Name a file with -o FILE; -o - writes to the terminal.".into());
    }
    let kind = if request.source == Source::Scribble { Kind::Prediction } else { Kind::Synthesis };
    let text = read(&request.source)?;
    if kind == Kind::Synthesis && text.trim().is_empty() {
        return Err("there is nothing to write: the text is blank. --scribble writes without a text.".into());
    }
    let say = |message: &str| {
        if !request.quiet && !message.is_empty() {
            eprintln!("{message}");
        }
    };
    let weights = load(kind, request.weights.take())?;
    if kind == Kind::Synthesis {
        let told = review(&weights, &text);
        if request.check {
            return told.is_empty().then_some(()).ok_or_else(|| told.join(" ").into());
        }
        told.iter().for_each(|sentence| say(sentence));
    }
    let mut settings = request.settings.clone();
    settings.style = match request.hand.as_deref() {
        Some("none") => None,
        Some(name) => Some(weights.hand(name)?),
        None if request.hand_file.is_some() => None,
        // As on the page: a hand stays the same from line to line; without a style it may change.
        None if request.sample.is_none() && !weights.config.styles.is_empty() => Some(0),
        None => None,
    };
    let hand_name = settings.style.map(|index| weights.config.styles[index].clone());
    if let Some((name, share)) = &request.blend {
        settings.blend = Some((weights.hand(name)?, *share));
    }
    let mut sample_name = None;
    if let Some(file) = &request.sample {
        let (prime, name) = sample(&weights, file)?;
        settings.prime = Some(Arc::new(prime));
        sample_name = Some(name);
    }
    let mut own_hand = None;
    if let Some(file) = &request.hand_file {
        let name = file.display();
        let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
        let learnt = LearntHand::from_json(&bytes).map_err(|error| format!("{name}: {error}"))?;
        if learnt.hand.weights == weights.fingerprint {
            // As if it had just written a line of its own, it is most alike.
            settings.prime = learnt.samples.first().map(|sample| primed(&weights, sample)).transpose()?.map(Arc::new);
        }
        settings.hand = Some(Arc::new(learnt.hand));
        settings.strength = request.strength.unwrap_or(learnt.strength);
        own_hand = Some(learnt.name);
    }
    let points_per_character = weights.config.points_per_character;
    let (engine, notice) = without_noise(Engine::choose(request.engine)).await;
    // Nobody asked for a GPU that is missing.
    if request.engine != Choice::Auto {
        say(&notice.unwrap_or_default());
    }
    let mut writer = Writer::new(engine);
    writer.set_weights(weights);
    writer.set_clock(milliseconds);

    let began = milliseconds();
    let options = document::Options::default()
        .with_settings(settings.clone())
        .with_style(request.style)
        .with_columns(request.columns);
    let mut document = Document::start(&mut writer, &text, options).await?;
    if !document.pages().broken().is_empty() {
        let words: Vec<String> = document.pages().broken().iter().map(|word| shortened(word)).collect();
        say(&format!("Longer than a line, and so broken with a hyphen: {}.", words.join(", ")));
    }
    let characters: usize = document.pages().lines().iter().map(|line| line.chars().count()).sum();
    let expected = match kind {
        Kind::Prediction => settings.points,
        Kind::Synthesis => (characters as f32 * points_per_character) as usize,
    };
    let mut progress = Progress { expected, shown: None, visible: !request.quiet && io::stderr().is_terminal() };
    while document.next(&mut writer).await?.is_some() {
        progress.show(document.pages().layout().points().len());
    }
    progress.clear();
    say(writer.notice());
    if document.finish() == Some(Finish::Cap) {
        say("A line ran on and was cut; another seed may do better.");
    }
    let doubtful: Vec<String> = document.doubtful().iter().map(|word| shortened(word)).collect();
    if !doubtful.is_empty() {
        say(&format!("May be hard to read: {}. Another seed may do better.", doubtful.join(", ")));
    }

    let pages = document.pages().layout().pages();
    let output = request.output.as_deref().filter(|file| *file != Path::new("-"));
    if output.is_none() && pages > 1 && request.format != FileFormat::Pdf {
        return Err(format!("{pages} sheets do not fit into one file: name the first with -o FILE.").into());
    }
    let written_with = json!({
        "bias": settings.bias,
        "temperature": settings.temperature,
        "seed": settings.seed,
        "style": hand_name,
        "sample": sample_name,
        "ownHand": own_hand.map(|name| json!({ "name": name, "strength": settings.strength })),
        "blend": request.blend.as_ref().map(|(style, share)| json!({ "style": style, "share": share })),
        "columns": request.columns,
        "attempts": settings.attempts,
        "weights": format!("{:016x}", document.pages().weights().fingerprint),
    });
    let options = request.options.with_settings(written_with);
    let crop = request.style.paper.is_none().then_some(request.margin);
    let frame = Frame::default().with_crop(crop).with_rules(true);
    let files: Vec<Vec<u8>> = match request.format {
        FileFormat::Sheet(format) => (0..pages)
            .map(|page| Ok(document.pages().export_framed(page, format, &options, frame)?.into_bytes()))
            .collect::<running_hand::Result<_>>()?,
        FileFormat::Pdf => {
            let sheets: Vec<_> = (0..pages)
                .map(|page| document.pages().sheet_to_export(page, &options, frame))
                .collect::<running_hand::Result<_>>()?;
            vec![running_hand::export::pdf(&sheets)?]
        }
    };
    for (index, file) in files.iter().enumerate() {
        match output {
            Some(first) => {
                let name = numbered(first, index);
                fs::write(&name, file).map_err(|error| format!("{}: {error}", name.display()))?;
            }
            None => print(file)?,
        }
    }
    if io::stderr().is_terminal() {
        let seconds = (milliseconds() - began) / 1e3;
        let name = output.map_or_else(|| "standard output".into(), |name| name.display().to_string());
        let count = if pages > 1 { format!(", {pages} sheets") } else { String::new() };
        let points = document.pages().layout().points().len();
        say(&format!("{name}{count}: {points} points in {seconds:.1} s, {}", writer.engine_label()));
    }
    Ok(())
}

/// What of a text cannot be written as it stands, in sentences.
fn review(weights: &Weights, text: &str) -> Vec<String> {
    let (mut others, mut left_out) = (Vec::new(), Vec::new());
    for part in weights.review(text) {
        let found = text.get(part.range).unwrap_or_default();
        let (list, entry) = match part.by {
            Some(by) => (&mut others, format!("{found} as {by}")),
            None => (&mut left_out, found.to_owned()),
        };
        if !list.contains(&entry) {
            list.push(entry);
        }
    }
    let mut told = Vec::new();
    if !others.is_empty() {
        told.push(format!("Written otherwise: {}.", others.join(", ")));
    }
    if !left_out.is_empty() {
        told.push(format!("Left out, as the network does not know it: {}.", left_out.join(" ")));
    }
    told
}

/// The beginning of a long word, for a message.
fn shortened(word: &str) -> String {
    match word.char_indices().nth(24) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
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
        Source::Scribble => Ok(String::new()),
        Source::Files(files) => {
            let mut text = String::new();
            for file in files {
                let part = match file.to_str() {
                    Some("-") => stdin()?,
                    _ => fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?,
                };
                text.push_str(part.trim_end_matches(['\r', '\n']));
                text.push('\n');
            }
            Ok(text)
        }
        Source::Stdin => stdin(),
    }
}

fn stdin() -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
    Ok(text)
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
