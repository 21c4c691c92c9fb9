//! The inspector's replay against what the writer wrote.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use pollster::block_on;
use running_hand::document::{Document, Options};
use running_hand::engine::noise::NoiseStream;
use running_hand::inspect::{DrawnPoint, Replay};
use running_hand::model::Kind;
use running_hand::testing;
use running_hand::writer::{Prime, Settings};
use std::sync::Arc;

#[test]
fn a_replay_equals_the_writers_steps_even_after_retries() {
    for (text, kind, primed) in [
        ("hello there my dear", Kind::Synthesis, false),
        ("hello there my dear", Kind::Synthesis, true),
        ("", Kind::Prediction, false),
        ("", Kind::Prediction, true),
    ] {
        let mut writer = testing::writer();
        let config = &writer.weights(kind).unwrap().config;
        let prime = primed.then(|| Arc::new(Prime::new(config, "ab", &testing::zigzag(60)).unwrap()));
        let plain = Settings::default().with_style(1).with_bias(0.3).with_temperature(1.2).with_points(90);
        block_on(writer.start(text, &plain.with_prime(prime))).unwrap();
        let (mut steps, line) = (Vec::new(), writer.line().unwrap());
        while let Some(chunk) = block_on(writer.next()).unwrap() {
            steps.extend(chunk.steps);
        }
        assert_eq!(writer.retries() > 0, !text.is_empty());
        assert_eq!(line.prefix.len(), if primed { 59 } else { 0 });
        let mut replay = Replay::new(writer.weights(kind).unwrap(), &line).unwrap();
        replay.extend(&steps.iter().map(DrawnPoint::from).collect::<Vec<_>>());
        let snapshots: Vec<_> = replay.collect();
        assert_eq!(snapshots.len(), steps.len());
        for (snapshot, step) in snapshots.iter().zip(&steps) {
            assert_eq!((snapshot.pen_probability, snapshot.stop), (step.pen_probability, step.stop));
            assert_eq!((snapshot.position as f32, snapshot.kappa), (step.position, step.kappa));
            assert_eq!(snapshot.log_density, step.log_density);
        }
    }
}

#[test]
fn lines_of_a_document_are_replayed_with_the_noise_of_each() {
    let mut writer = testing::writer();
    // Unchecked, so that the n-th timestep draws with the stream's n-th noise.
    let settings = Settings::default().with_attempts(0).with_bias(0.4).with_temperature(1.3);
    let options = Options::default().with_settings(settings.clone()).with_columns(20);
    let mut document = block_on(Document::start(&mut writer, "hello there\n\nmy dear\nfriend", options)).unwrap();
    while block_on(document.next(&mut writer)).unwrap().is_some() {}
    let lines = [0, 1, 2];
    assert_eq!(document.records().len(), lines.len());
    for (record, line) in document.records().iter().zip(lines) {
        let mut noise = NoiseStream::new(settings.seed, line);
        let mut replay = Replay::new(&record.weights, &record.line).unwrap();
        replay.extend(&record.drawn);
        for snapshot in replay {
            let ([_, u, z1, _], drawn) = (noise.next(), snapshot.drawn);
            let component = snapshot.components[usize::from(drawn.component)];
            assert!((component.mu[0] + component.sigma[0] * z1 - drawn.dx).abs() < 4e-3);
            assert_eq!(u < snapshot.pen_probability, drawn.pen_lift);
        }
    }
}
