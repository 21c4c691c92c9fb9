//! Learning a hand: gradients against those of the trainer, and the whole way with the shipped weights, from ink that
//! the network itself wrote.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

mod recording;

use recording::{PEN, RECORDINGS};
use running_hand::adapt::{Batch, Example, Learner, Recipe, Trainable};
use running_hand::capture::{self, Advice, Sample};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Hand, HandLayout, Kind, Weights};
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::check::Fault;
use running_hand::writer::{Finish, Prime, Settings, Writer};
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

/// What a writer has written, as positions 20 ms apart.
fn strokes(writer: &Writer) -> Vec<Vec<[f32; 2]>> {
    writer.ink().strokes.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect()
}

/// How far down-strokes lean to the right.
fn slant(line: &Example) -> f32 {
    let down = line.points.iter().filter(|[dx, dy, _]| *dy > 0.3 && dx.abs() < *dy);
    let (x, y) = down.fold((0.0, 0.0), |(x, y), [dx, dy, _]| (x + dx, y + dy));
    -x / y
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
    let strokes = strokes(&writer);
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
        (recipe.bias_steps, recipe.bias_rate) = (10, 1.2e-2);
        let mut learner = Learner::new(&weights, &[line], recipe, 2).unwrap();
        while learner.step().unwrap().is_some() {}
        let hand = learner.hand();
        gains.push((recording.name, loss(&hand, 0.0) - loss(&hand, Recipe::strength(1))));
    }
    assert!(gains.iter().all(|(_, gain)| *gain > 0.02), "nats a point that other words are likelier: {gains:.3?}");
}

/// Whether the line that was written last has ended by itself, with all of its text.
fn is_whole(writer: &Writer) -> bool {
    let is_lost = |fault: &Fault| matches!(fault, Fault::Unwritten(_) | Fault::Endless);
    matches!(writer.finish(), Some(Finish::Stopped | Finish::WindowRule)) && !writer.faults().iter().any(is_lost)
}

/// A hand of some lines of strokes, each with what is said to be its text, and how the page writes in it; `None` if it
/// cannot.
fn learnt(writer: &mut Writer, lines: &[(&str, Vec<Vec<Sample>>)]) -> Option<Settings> {
    let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    let config = &weights.config;
    let primes = lines.iter().map(|(text, strokes)| {
        let (points, _) = capture::fit(config, text, strokes).unwrap();
        Prime::new(config, text, &points).unwrap()
    });
    let mut primes: Vec<Prime> = primes.collect();
    let example = |prime: &Prime| Example {
        ids: Alphabet::new(&config.alphabet).encode(&prime.text).ids,
        points: prime.offsets.clone(),
    };
    let lines: Vec<Example> = primes.iter().map(example).collect();
    // As far as the usual recipe goes, in fewer steps.
    let recipe = Recipe::for_lines(lines.len()).with_bias_steps(8).with_bias_rate(3.6e-2);
    let mut learner = Learner::new(&weights, &lines, recipe, 2).unwrap();
    while learner.step().unwrap().is_some() {}
    let settings =
        Settings::default().with_learnt_hand(Arc::new(learner.hand())).with_strength(Recipe::strength(lines.len()));
    let settings = settings.with_prime(Arc::new(primes.swap_remove(0)));
    pollster::block_on(writer.bearable_strength(&settings)).unwrap().map(|strength| settings.with_strength(strength))
}

#[test]
fn of_the_same_word_four_times_a_hand_is_learnt_in_which_other_letters_can_be_read() {
    let weights = weights("weights/synthesis.safetensors");
    let style = weights.config.styles.iter().position(|name| name == "Slanted");
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(&weights));
    let mut ink = |text: &str, line: u64| {
        written(&mut writer, text, &Settings::default().with_style(style).with_line(line));
        PEN.of(&strokes(&writer))
    };
    let alone = ink("hello", 0);
    assert_eq!(capture::fit(&weights.config, "hello", &alone).unwrap_err(), Advice::ShortText);
    let said = "hello hello hello";
    let inks: Vec<_> = (0..4).map(|line| ink(said, line)).collect();
    // They are learnt as what they are. If somebody insists on something else, that is refused, or does no harm.
    for text in [said, "quick brown foxes"] {
        let (_, doubt) = capture::fit_and_verify(&weights, text, &inks[0]).unwrap();
        assert_eq!(doubt.is_some(), text != said, "{text}: {doubt:?}");
        let lines: Vec<_> = inks.iter().map(|ink| (text, ink.clone())).collect();
        let Some(settings) = learnt(&mut writer, &lines) else {
            assert!(text != said);
            continue;
        };
        let mut read = Vec::new();
        for (line, text) in
            (0..).zip(["a zany quartz fox", "six vast jumbo cows", "My park, in 1953", "Big Dutch gravity"])
        {
            written(&mut writer, text, &settings.clone().with_line(line));
            assert!(is_whole(&writer), "{text}: {:?} {:?}", writer.finish(), writer.faults());
            // By the network itself, which knows nothing of the hand.
            let lifted = strokes(&writer).into_iter().flat_map(|stroke| {
                let last = stroke.len() - 1;
                stroke.into_iter().enumerate().map(move |(n, [x, y])| [x, y, f32::from(u8::from(n == last))])
            });
            let text = Alphabet::new(&weights.config.alphabet).encode(text);
            read.push(capture::verify_text(&weights, &text, &lifted.collect()));
        }
        assert!(read.iter().filter(|read| read.is_ok()).count() > 2, "{text}, {}: {read:?}", settings.strength);
    }
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
        assert_eq!(writer.bearable_strength(&in_hand(1.0)).await.unwrap(), Some(1.0));
        let layout = HandLayout::new(&weights.config);
        let learnt = layout.gates[1].start..layout.output.end;
        let wild = |n: usize| if learnt.contains(&n) { (n * 7919 % 12_289) as i16 - 6000 } else { 0 };
        let wild = Hand { numbers: (0..layout.count()).map(wild).collect(), ..*hand };
        let in_wild = in_hand(1.0).with_learnt_hand(Arc::new(wild.clone()));
        assert!(writer.bearable_strength(&in_wild).await.unwrap().is_some_and(|strength| strength < 0.6));
        // Who uses all of it nevertheless gets lines that end when all is written.
        for line in 0..3 {
            writer.start(text, &in_wild.clone().with_line(line)).await.unwrap();
            while writer.next().await.unwrap().is_some() {}
            assert!(is_whole(&writer), "line {line}: {:?} {:?}", writer.finish(), writer.faults());
        }

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
