//! Learning a hand: gradients against those of the trainer, and the whole way with the shipped weights, from ink that
//! the network itself wrote.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use running_hand::adapt::{Batch, Example, Learner, Recipe, Trainable};
use running_hand::capture::{self, Sample};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Hand, HandLayout, Kind, Weights};
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Prime, Settings, Writer};
use safetensors::SafeTensors;
use std::path::PathBuf;
use std::sync::Arc;

fn weights(file: &str) -> Arc<Weights> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    Arc::new(Weights::from_bytes(&std::fs::read(path).unwrap(), file).unwrap())
}

fn words<T: bytemuck::AnyBitPattern>(file: &SafeTensors<'_>, name: &str) -> Vec<T> {
    let bytes = file.tensor(&format!("fixture.{name}")).unwrap().data();
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}

#[test]
fn gradients_are_those_of_the_trainer() {
    let weights = weights("tests/fixtures/tiny-synthesis.safetensors");
    let bytes = std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gradient.safetensors"));
    let bytes = bytes.unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (lengths, characters): (Vec<i32>, Vec<i32>) = (words(&file, "lengths"), words(&file, "characters"));
    let (points, ids): (Vec<[f32; 3]>, Vec<u32>) = (words(&file, "points"), words(&file, "ids"));
    let (most_points, most_ids) = (points.len() / lengths.len(), ids.len() / lengths.len());
    let lines = (0..lengths.len()).map(|line| Example {
        ids: ids[line * most_ids..][..characters[line] as usize].to_vec(),
        points: points[line * most_points..][..lengths[line] as usize].to_vec(),
    });
    let lines: Vec<Example> = lines.collect();
    let trainable = Trainable::new(&weights, false);
    let parameters: Vec<f32> = words(&file, "parameters");
    let expected: Vec<f32> = words(&file, "gradient");
    let mut gradient = vec![0.0; parameters.len()];
    let losses =
        trainable.losses(&mut Batch::new(&trainable, &lines, 0.0), &parameters, Some(&mut gradient), false).learnt;
    for (found, expected) in [losses.point, losses.stop].into_iter().zip(words::<f32>(&file, "losses")) {
        assert!((found / f64::from(expected) - 1.0).abs() < 1e-5, "{found} against {expected}");
    }
    assert_eq!(expected.len(), trainable.layout.output.end);
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|value| value * value).sum::<f32>().sqrt();
    let layout = &trainable.layout;
    for part in layout.gates.iter().chain([&layout.style, &layout.output]) {
        let all = norm(&mut expected[part.clone()].iter().copied());
        let off = norm(&mut part.clone().map(|n| gradient[n] - expected[n]));
        assert!(all > 0.1 && off < 1e-4 * all, "{part:?}: {off} off of {all}");
    }
}

/// A line as the shipped network writes it, as the network reads it.
fn written(writer: &mut Writer, text: &str, settings: &Settings) -> Example {
    pollster::block_on(async {
        writer.start(text, settings).await.unwrap();
        let mut points = Vec::new();
        while let Some(chunk) = writer.next().await.unwrap() {
            points.extend(chunk.steps.iter().map(|step| [step.dx, step.dy, step.pen]));
        }
        let weights = writer.weights(Kind::Synthesis).unwrap();
        Example { ids: Alphabet::new(&weights.config.alphabet).encode(text).ids, points }
    })
}

/// How far down-strokes lean to the right.
fn slant(line: &Example) -> f32 {
    let down = line.points.iter().filter(|[dx, dy, _]| *dy > 0.3 && dx.abs() < *dy);
    let (x, y) = down.fold((0.0, 0.0), |(x, y), [dx, dy, _]| (x + dx, y + dy));
    -x / y
}

/// How somebody's ink is recorded.
#[derive(Clone, Copy)]
struct Recording {
    name: &'static str,
    /// Samples a second, and by how much of their distance in time they come early or late.
    rate: f64,
    jitter: f64,
    /// Pixels per corpus unit, and whether positions are whole pixels.
    scale: f64,
    whole: bool,
    /// How many times as slowly as the corpus' writers.
    slowness: f64,
    /// Share of the old position in each sample, as drivers of mice smooth it.
    smoothing: f64,
    /// Milliseconds that the pen rests in the middle of every third stroke.
    pause: f64,
}

const PEN: Recording = Recording {
    name: "pen",
    rate: 240.0,
    jitter: 0.1,
    scale: 0.25,
    whole: false,
    slowness: 1.0,
    smoothing: 0.0,
    pause: 0.0,
};

/// How people's ink comes in: the ink that a hand is learnt from is seldom that of a digitiser.
const RECORDINGS: [Recording; 6] = [
    PEN,
    Recording { name: "finger on a phone", rate: 120.0, jitter: 0.3, scale: 0.09, whole: true, ..PEN },
    Recording { name: "mouse", rate: 60.0, jitter: 0.2, scale: 0.2, whole: true, slowness: 2.5, smoothing: 0.4, ..PEN },
    Recording { name: "large and slow", scale: 0.8, slowness: 4.0, jitter: 0.3, ..PEN },
    Recording { name: "with pauses", rate: 120.0, pause: 900.0, ..PEN },
    Recording { name: "old screen", rate: 60.0, jitter: 0.4, scale: 0.12, whole: true, ..PEN },
];

impl Recording {
    /// Strokes of positions 20 ms apart, in corpus units, as they are recorded.
    fn of(self, strokes: &[Vec<[f32; 2]>]) -> Vec<Vec<Sample>> {
        // Fixed numbers that look random, −1 to 1.
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1u32 << 23) - 1.0
        };
        let mut start = 0.0;
        let record = |(number, stroke): (usize, &Vec<[f32; 2]>)| {
            let last = (stroke.len() - 1) as f64;
            let duration = last * 20.0 * self.slowness;
            let rest = if number % 3 == 0 { self.pause } else { 0.0 };
            let count = ((duration + rest) * self.rate / 1000.0).ceil() as usize;
            let (mut samples, mut before): (Vec<Sample>, Option<[f64; 2]>) = (Vec::new(), None);
            for k in 0..=count {
                let ms = (k as f64 + self.jitter * noise()).max(0.0) * 1000.0 / self.rate;
                // It rests in the middle.
                let moved = if ms < duration / 2.0 { ms } else { (ms - rest).max(duration / 2.0) };
                let at = (moved / (20.0 * self.slowness)).min(last);
                let (from, share) = (at.floor(), at.fract());
                let [here, next] = [from, (from + 1.0).min(last)].map(|index| stroke[index as usize].map(f64::from));
                let place = |axis: usize| (here[axis] * (1.0 - share) + next[axis] * share) * self.scale + 200.0;
                let old = before.unwrap_or([place(0), place(1)]);
                let new = [0, 1].map(|axis| self.smoothing * old[axis] + (1.0 - self.smoothing) * place(axis));
                before = Some(new);
                let [x, y] = new.map(|value| if self.whole { value.round() } else { value });
                samples.push(Sample { x, y, ms: start + ms });
            }
            start += duration + rest + 300.0 * self.slowness;
            samples
        };
        strokes.iter().enumerate().map(record).collect()
    }
}

#[test]
fn ink_as_people_give_it_brings_the_hand_closer() {
    let weights = weights("weights/synthesis.safetensors");
    let style = weights.config.styles.iter().position(|name| name == "Slanted");
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(&weights));
    let like = Settings::default().with_style(style).with_bias(0.75);
    let text = "quick brown foxes";
    written(&mut writer, text, &like);
    let strokes: Vec<Vec<[f32; 2]>> =
        writer.ink().strokes.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect();
    let other = written(&mut writer, "jumped over dogs", &like.with_line(1));
    let trainable = Trainable::new(&weights, false);
    let loss = |hand: &Hand, strength: f32| {
        let layout = &trainable.layout;
        let mut parameters = vec![0.0; layout.count()];
        let (style, biases) = hand.at_strength(&weights.config, strength);
        let parts = std::iter::once(&layout.style).chain(&layout.gates).chain([&layout.output]);
        for (part, values) in parts.zip(std::iter::once(&style).chain(&biases.gates).chain([&biases.output])) {
            parameters[part.clone()].copy_from_slice(values);
        }
        let batch = &mut Batch::new(&trainable, std::slice::from_ref(&other), 0.0);
        let losses = trainable.losses(batch, &parameters, None, true);
        losses.learnt.point / losses.points as f64
    };
    let mut gains = Vec::new();
    for recording in RECORDINGS {
        let strokes = recording.of(&strokes);
        let (points, _) = capture::fit(&weights.config, text, &strokes).unwrap();
        let prime = Prime::new(&weights.config, text, &points).unwrap();
        let line = Example { ids: Alphabet::new(&weights.config.alphabet).encode(text).ids, points: prime.offsets };
        let mut recipe = Recipe::for_lines(1);
        (recipe.bias_steps, recipe.bias_rate) = (6, 2e-2);
        let mut learner = Learner::new(&weights, &[line], recipe, 2).unwrap();
        while learner.step().unwrap().is_some() {}
        let hand = learner.hand();
        gains.push((recording.name, loss(&hand, 0.0) - loss(&hand, Recipe::STRENGTH)));
    }
    assert!(gains.iter().all(|(_, gain)| *gain > 0.02), "nats a point that other words are likelier: {gains:.3?}");
}

#[test]
fn a_hand_is_learnt_from_two_lines_and_only_with_its_weights_used() {
    let weights = weights("weights/synthesis.safetensors");
    let style = weights.config.styles.iter().position(|name| name == "Slanted");
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(&weights));
    let like = Settings::default().with_style(style).with_bias(0.75);
    let lines: Vec<Example> =
        ["quick brown foxes", "jumped over dogs"].iter().map(|text| written(&mut writer, text, &like)).collect();
    let recipe = Recipe::for_lines(2).with_bias_steps(8).with_bias_rate(4e-2).with_held(0.0);
    let mut learner = Learner::new(&weights, &lines, recipe, 2).unwrap();
    let mut losses = Vec::new();
    while let Some(progress) = learner.step().unwrap() {
        losses.push(progress.losses.learnt.point / progress.losses.points as f64);
    }
    assert!(losses[7] < losses[0] - 0.1, "{losses:?}");
    let hand = Arc::new(learner.hand());

    // What is written with the hand leans more to its side than without, and as the strength says.
    let text = "in a hand of my own";
    let in_hand =
        |strength: f32| Settings::default().with_learnt_hand(Arc::clone(&hand)).with_strength(strength).with_bias(0.75);
    let [none, full] = [0.0, 1.0].map(|strength| written(&mut writer, text, &in_hand(strength)));
    let real = slant(&written(&mut writer, text, &like));
    assert!(
        (slant(&full) - real).abs() < 0.7 * (slant(&none) - real).abs(),
        "{} {} {real}",
        slant(&none),
        slant(&full)
    );
    let plain = written(&mut writer, text, &Settings::default().with_bias(0.75));
    assert_eq!(none, plain, "a strength of 0 is no hand");

    // Lines of one batch may have different hands.
    let batch = [in_hand(1.0), in_hand(0.0), in_hand(1.0)].map(|settings| (text.to_owned(), settings)).to_vec();
    pollster::block_on(async {
        writer.start_lines(batch).await.unwrap();
        let mut points = vec![Vec::new(); 3];
        while let Some(updates) = writer.next_updates().await.unwrap() {
            for update in updates {
                points[update.line].extend(update.chunk.steps.iter().map(|step| [step.dx, step.dy, step.pen]));
            }
        }
        assert!(points[0] == full.points && points[1] == none.points && points[2] == full.points);

        // It is borne as it is; one of large random numbers is taken back.
        assert_eq!(writer.bearable_strength(&hand, 1.0).await.unwrap(), 1.0);
        let layout = HandLayout::new(&weights.config);
        let learnt = layout.gates[1].start..layout.output.end;
        let wild = |n: usize| if learnt.contains(&n) { (n * 7919 % 12_289) as i16 - 6000 } else { 0 };
        let wild = Hand { numbers: (0..layout.count()).map(wild).collect(), ..*hand };
        assert!(writer.bearable_strength(&Arc::new(wild.clone()), 1.0).await.unwrap() < 0.6);

        let refused = async |writer: &mut Writer, settings: Settings, part: &str| {
            let message = writer.start("so", &settings).await.unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        let foreign = Arc::new(Hand { weights: 1, ..wild });
        refused(&mut writer, Settings::default().with_learnt_hand(foreign), "learnt with other weights").await;
        refused(&mut writer, in_hand(1.5), "strength: 1.5").await;
        refused(&mut writer, in_hand(f32::NAN), "strength: NaN").await;
    });
}
