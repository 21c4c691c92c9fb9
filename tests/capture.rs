//! Capture of a hand, tested with ink that the shipped network wrote: shown on various screens, it is recovered.

#![expect(clippy::unwrap_used, reason = "tests")]

use pollster::block_on;
use running_hand::capture::{self, Advice, Points, Sample};
use running_hand::engine::Engine;
use running_hand::engine::cpu::CpuEngine;
use running_hand::model::{Kind, Weights};
use running_hand::writer::{Prime, Settings, Writer};
use std::sync::Arc;

const TEXT: &str = "My pen draws a fox";

fn writer() -> Writer {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/synthesis.safetensors");
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(Weights::from_bytes(&std::fs::read(file).unwrap(), file).unwrap());
    writer
}

/// Ink as a screen records it: `pixels` per corpus unit, `ms` milliseconds from point to point, along a line at
/// an angle in radians, and if `rounded`, in whole pixels.
fn recorded(ink: &[Vec<[f32; 2]>], pixels: f64, ms: f64, angle: f64, rounded: bool) -> Vec<Vec<Sample>> {
    let (sin, cos) = angle.sin_cos();
    let mut now = 1e6;
    let mut strokes = Vec::new();
    for stroke in ink {
        now += 10.0 * ms;
        let sample = |&[x, y]: &[f32; 2]| {
            now += ms;
            let (x, y) = (f64::from(x) * pixels, f64::from(y) * pixels);
            let (x, y) = (300.0 + cos * x - sin * y, 200.0 + sin * x + cos * y);
            if rounded { Sample { x: x.round(), y: y.round(), ms: now } } else { Sample { x, y, ms: now } }
        };
        strokes.push(stroke.iter().map(sample).collect());
    }
    strokes
}

fn written(writer: &mut Writer, text: &str, settings: &Settings) -> Vec<Vec<[f32; 2]>> {
    block_on(writer.start(text, settings)).unwrap();
    while block_on(writer.next()).unwrap().is_some() {}
    writer.ink().strokes.iter().map(|stroke| stroke.iter().map(|p| [p.x, p.y]).collect()).collect()
}

fn positions(ink: &[Vec<[f32; 2]>]) -> Points {
    ink.iter().flatten().map(|&[x, y]| [x, y, 0.0]).collect()
}

/// Greatest distance of a point of one from the nearest point of the other, after both are centred and scaled to a mean
/// deviation of 1 in x, a quarter of their width.
fn max_distance(points: &Points, others: &Points) -> f32 {
    let normal = |all: &Points| {
        let mean = |axis: usize| all.iter().map(|p| p[axis]).sum::<f32>() / all.len() as f32;
        let (x, y) = (mean(0), mean(1));
        let width = all.iter().map(|p| (p[0] - x).abs()).sum::<f32>() / all.len() as f32;
        all.iter().map(|p| [(p[0] - x) / width, (p[1] - y) / width]).collect::<Vec<_>>()
    };
    let (a, b) = (normal(points), normal(others));
    let near = |p: &[f32; 2]| b.iter().map(|q| (p[0] - q[0]).hypot(p[1] - q[1])).fold(f32::MAX, f32::min);
    a.iter().map(near).fold(0.0, f32::max)
}

/// Index of a hand.
fn style(weights: &Weights, name: &str) -> Option<usize> {
    let found = weights.config.styles.iter().position(|known| known == name);
    assert!(found.is_some(), "there is no hand {name}");
    found
}

#[test]
fn ink_of_any_size_slope_and_pace_is_recovered_and_its_text_verified() {
    let mut writer = writer();
    let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    // A wide hand and a narrow one.
    for (hand, screens) in [
        ("Round", vec![([0.2, 8.0, 0.15], true), ([3.0, 20.0, -0.1], false)]),
        ("Tall", vec![([0.3, 35.0, -0.2], true)]),
    ] {
        let settings = Settings::default().with_bias(1.0).with_style(style(&weights, hand));
        let ink = written(&mut writer, TEXT, &settings);
        let (plain, _) = capture::fit(&weights.config, TEXT, &recorded(&ink, 1.0, 20.0, 0.0, false)).unwrap();
        // The network's own line may slope a little, which is removed.
        assert!(
            max_distance(&plain, &positions(&ink)) < 0.25,
            "hand {hand}: {}",
            max_distance(&plain, &positions(&ink))
        );
        let expected = 21.6 * TEXT.len() as f32;
        assert!((plain.len() as f32 / expected - 1.0).abs() < 0.3, "{} points", plain.len());
        assert_eq!(plain.iter().filter(|p| p[2] > 0.5).count(), ink.len());
        for ([pixels, ms, angle], rounded) in screens {
            let (points, doubt) =
                capture::fit_and_verify(&weights, TEXT, &recorded(&ink, pixels, ms, angle, rounded)).unwrap();
            assert_eq!(doubt, None, "hand {hand}");
            assert!(points.len().abs_diff(plain.len()) < 20, "{} points and {}", points.len(), plain.len());
            assert!(max_distance(&points, &plain) < 0.04, "hand {hand}: {}", max_distance(&points, &plain));
        }
    }
}

#[test]
fn another_text_a_part_and_an_excess_of_text_are_noticed() {
    let mut writer = writer();
    let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    let settings = Settings::default().with_bias(1.0).with_style(style(&weights, "Upright"));
    let ink = written(&mut writer, TEXT, &settings);
    let strokes = recorded(&ink, 0.25, 12.0, 0.0, true);
    let doubt = |text: &str, strokes: &[Vec<Sample>]| match capture::fit_and_verify(&weights, text, strokes) {
        Ok((_, doubt)) => doubt,
        Err(advice) => Some(advice),
    };
    assert_eq!(doubt("The weather is so fine", &strokes), Some(Advice::OtherText));
    assert!(doubt(&format!("{TEXT} and two hens"), &strokes).is_some(), "a part of the text");
    assert!(doubt("My pen draws", &strokes).is_some(), "more than the text");
}

#[test]
fn ink_upside_down_is_noticed_in_most_hands() {
    let mut writer = writer();
    let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    let hands = 0..weights.config.styles.len();
    let noticed = hands.clone().filter(|&hand| {
        let settings = Settings::default().with_bias(1.0).with_style(hand);
        let strokes = recorded(&written(&mut writer, TEXT, &settings), 0.25, 12.0, 0.0, true);
        let mirrored: Vec<Vec<Sample>> =
            strokes.iter().map(|stroke| stroke.iter().map(|s| Sample { y: -s.y, ..*s }).collect()).collect();
        capture::fit_and_verify(&weights, TEXT, &mirrored).map_or(true, |(_, doubt)| doubt.is_some())
    });
    let (noticed, all) = (noticed.count(), hands.len());
    assert!(2 * noticed > all, "in {noticed} hands of {all}");
}

#[test]
fn captured_ink_primes_the_network() {
    let mut writer = writer();
    let weights = Arc::clone(writer.weights(Kind::Synthesis).unwrap());
    // This hand's letters lean to the right.
    let settings = Settings::default().with_bias(1.0).with_style(style(&weights, "Slanted"));
    let ink = written(&mut writer, TEXT, &settings);
    let (points, _) = capture::fit_and_verify(&weights, TEXT, &recorded(&ink, 0.2, 30.0, 0.1, true)).unwrap();
    let prime = Arc::new(Prime::new(&weights.config, TEXT, &points).unwrap());
    let settings = Settings::default().with_bias(1.0);
    let lean = |ink: &[Vec<[f32; 2]>]| {
        let moves = || ink.iter().flat_map(|stroke| stroke.windows(2)).map(|w| [w[1][0] - w[0][0], w[1][1] - w[0][1]]);
        -moves().map(|[dx, dy]| dx * dy).sum::<f32>() / moves().map(|[_, dy]| dy * dy).sum::<f32>()
    };
    let [primed, unprimed] = [settings.clone().with_prime(prime), settings]
        .map(|settings| lean(&written(&mut writer, "hello little hill", &settings)));
    assert_eq!(writer.faults(), []);
    assert!(primed > unprimed + 0.05, "the slant is {primed} primed, {unprimed} unprimed, {} in the ink", lean(&ink));
}
