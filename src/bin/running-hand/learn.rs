//! Ink in, a learnt hand out.

use crate::arguments::LearnArguments;
use crate::command::{load, print};
use running_hand::adapt::{Example, Learner, Recipe};
use running_hand::capture::{self, FileInk, HandSample, LearntHand, MAX_LINES};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Kind, Weights};
use running_hand::writer::{Prime, Settings, Writer};
use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

/// Learns a hand and writes its file.
pub async fn learn(arguments: LearnArguments) -> Result<(), Box<dyn Error>> {
    let weights = load(Kind::Synthesis, arguments.weights)?;
    let mut samples = Vec::new();
    for file in &arguments.ink {
        samples.extend(ink(file)?);
    }
    if let Some(file) = &arguments.text {
        let name = file.display();
        let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        let texts: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        samples = with_texts(samples, &texts).map_err(|problem| format!("{name}: {problem}"))?;
    }
    if samples.len() > MAX_LINES {
        return Err(format!("these are {} lines; a hand is learnt from at most {MAX_LINES}.", samples.len()).into());
    }
    let (mut examples, mut lines) = (Vec::new(), Vec::new());
    for sample in &samples {
        let text = &sample.text;
        let (points, advice) =
            capture::fit_and_verify(&weights, text, &sample.strokes).map_err(|advice| format!("{text:?}: {advice}"))?;
        if let Some(advice) = advice {
            eprintln!("{text:?}: {advice}");
        }
        examples.push(example(&weights, text, &points)?);
        lines.push(points);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut recipe = Recipe::for_lines(examples.len());
    recipe.bias_steps = arguments.steps.map_or(recipe.bias_steps, |steps| steps as usize);
    let mut learner = Learner::new(&weights, &examples, recipe, threads)?;
    let shown = !arguments.quiet && io::stderr().is_terminal();
    while let Some(progress) = learner.step()? {
        if shown {
            eprint!("\rLearning: {} %", 100 * progress.step / progress.steps);
        }
    }
    if shown {
        eprint!("\r\x1b[K");
    }
    let hand = learner.hand();
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(&weights));
    let prime = Prime::new(&weights.config, &samples[0].text, &lines[0])?;
    let mut settings = Settings::default().with_strength(Recipe::strength(samples.len()));
    (settings.hand, settings.prime) = (Some(Arc::new(hand)), Some(Arc::new(prime)));
    let strength = writer.bearable_strength(&settings).await?.ok_or_else(|| {
        let text = &samples[0].text;
        format!("{text:?}: no words can be written after this line: its ink seems to say something else.")
    })?;
    if strength < settings.strength && !arguments.quiet {
        eprintln!("Words in this hand often went wrong: {strength} of it is used. More lines may help.");
    }
    settings.strength = strength;
    let lines: Vec<&[[f32; 3]]> = lines.iter().map(Vec::as_slice).collect();
    let hand = writer.adjusted_hand(&settings, &lines).await?.map_or_else(|| learner.hand(), Arc::unwrap_or_clone);
    let file = LearntHand { name: arguments.name, hand, strength, samples }.to_json()?;
    if arguments.output == Path::new("-") {
        return print(file.as_bytes());
    }
    Ok(fs::write(&arguments.output, file).map_err(|error| format!("{}: {error}", arguments.output.display()))?)
}

/// The lines of a file: of a sample, those that a hand was learnt from, or ink of another program, such as InkML.
fn ink(file: &Path) -> Result<Vec<HandSample>, Box<dyn Error>> {
    let name = file.display();
    let bytes = fs::read(file).map_err(|error| format!("{name}: {error}"))?;
    if let Ok(hand) = LearntHand::from_json(&bytes) {
        return Ok(hand.samples);
    }
    if let Ok(sample) = HandSample::from_json(&bytes) {
        return Ok(vec![sample]);
    }
    let FileInk { text, strokes, .. } = FileInk::from_bytes(&bytes).map_err(|error| format!("{name}: {error}"))?;
    Ok(vec![HandSample { name: String::new(), text, strokes }])
}

/// The ink with these texts instead of its own. Ink of several lines is taken apart.
fn with_texts(samples: Vec<HandSample>, texts: &[&str]) -> Result<Vec<HandSample>, Box<dyn Error>> {
    let mut lines: Vec<_> = samples.into_iter().map(|sample| sample.strokes).collect();
    if lines.len() == 1 && texts.len() > 1 {
        lines = capture::split_lines(&lines[0])?;
    }
    if lines.len() != texts.len() {
        return Err(format!("it has {} lines of text, and there are {} of ink.", texts.len(), lines.len()).into());
    }
    let sample = |(strokes, text): (_, &&str)| HandSample { name: String::new(), text: text.to_string(), strokes };
    Ok(lines.into_iter().zip(texts).map(sample).collect())
}

/// A line as the network reads it.
fn example(weights: &Weights, text: &str, points: &[[f32; 3]]) -> Result<Example, Box<dyn Error>> {
    let prime = Prime::new(&weights.config, text, points)?;
    let alphabet = running_hand::text::alphabet::Alphabet::new(&weights.config.alphabet);
    Ok(Example { ids: alphabet.encode(&prime.text).ids, points: prime.offsets })
}
