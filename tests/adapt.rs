//! Learning a hand: gradients against those of the trainer, and the whole way with the shipped weights, from ink that
//! the network itself wrote.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use running_hand::adapt::{Batch, Example, Learner, Recipe, Trainable};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Hand, Kind, Weights};
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Settings, Writer};
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
    assert_eq!(expected.len(), trainable.layout.count());
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

#[test]
fn a_hand_is_learnt_from_two_lines_and_only_with_its_weights_used() {
    let weights = weights("weights/synthesis.safetensors");
    let style = weights.config.styles.iter().position(|name| name == "Slanted");
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Arc::clone(&weights));
    let like = Settings::default().with_style(style).with_bias(0.75);
    let lines: Vec<Example> =
        ["quick brown foxes", "jumped over dogs"].iter().map(|text| written(&mut writer, text, &like)).collect();
    let recipe = Recipe::for_lines(2).with_bias_steps(8).with_bias_rate(4e-2);
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
        let wild = |(n, number): (usize, &i16)| if *number == 0 { 0 } else { (n * 7919 % 12_289) as i16 - 6000 };
        let wild = Hand { numbers: hand.numbers.iter().enumerate().map(wild).collect(), ..*hand };
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
