//! Files of hands and of samples of them, and strokes as a screen may report them.

use running_hand::capture::{self, HandSample, LearntHand, Sample};
use running_hand::engine::cpu::{Network, State};
use running_hand::engine::{Line, forced_point};
use running_hand::model::{Hand, HandLayout, Kind, Weights};
use running_hand::testing;
use running_hand::writer::prime::Prime;
use std::sync::Arc;

thread_local! {
    static WEIGHTS: Arc<Weights> = Arc::new(testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2));
}

/// `input` is a file, or a text, a zero byte and strokes. Either is refused with advice, or becomes ink that can prime
/// the network.
pub fn hand(input: &[u8]) {
    match HandSample::from_json(input) {
        Ok(hand) => check_hand(&hand),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && message.chars().count() < 600, "{message}");
        }
    }
    match LearntHand::from_json(input) {
        Ok(learnt) => check_learnt(&learnt),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    check_learnt(&LearntHand {
        name: String::new(),
        hand: numbers(input),
        strength: f32::from(input.first().copied().unwrap_or_default()) / 255.0,
        samples: vec![HandSample { text: "x".into(), strokes: vec![vec![Sample::default()]], ..HandSample::default() }],
    });
    if let Some(end) = input.iter().position(|&byte| byte == 0) {
        let text = String::from_utf8_lossy(&input[..end]).into_owned();
        check_hand(&HandSample { name: "x".repeat(end), text, strokes: strokes(&input[end + 1..]) });
    }
}

/// A hand of these numbers, as often as needed.
fn numbers(bytes: &[u8]) -> Hand {
    let numbers: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    WEIGHTS.with(|weights| {
        let count = HandLayout::new(&weights.config).count();
        Hand { weights: weights.fingerprint, numbers: numbers.into_iter().cycle().take(count).collect() }
    })
}

/// Exports a learnt hand, and writes in it.
fn check_learnt(learnt: &LearntHand) {
    if let Ok(json) = learnt.to_json() {
        let again = LearntHand::from_json(json.as_bytes()).expect("what was exported can be opened");
        assert_eq!(again.hand, learnt.hand);
    }
    WEIGHTS.with(|weights| {
        if !learnt.hand.fits(&weights.config) {
            return;
        }
        let network = Network::of(weights);
        let (style, biases) = learnt.hand.at_strength(&weights.config, learnt.strength);
        let line =
            Line { ids: vec![1, 2, 0], style, hand: Some(Arc::new(biases)), temperature: 1.0, ..Line::default() };
        let mut state = State::new(&network, &line);
        for noise in [[0.5, 0.5, 3.0, -3.0], [0.99, 0.01, -6.0, 6.0], forced_point([1.0, -1.0, 1.0])] {
            let step = state.step(&network, &noise);
            assert!(step.dx.is_finite() && step.log_density.is_finite());
        }
    });
}

/// Each sample has five bytes: the kind of move, x, y, milliseconds, and a power of ten.
fn strokes(bytes: &[u8]) -> Vec<Vec<Sample>> {
    let mut strokes = vec![Vec::new()];
    let mut at = Sample::default();
    for &[kind, x, y, ms, power] in bytes.as_chunks::<5>().0 {
        let small = |byte: u8| f64::from(byte.cast_signed());
        let far = 10f64.powi(i32::from(power % 80) - 20);
        let scale = if kind % 8 == 7 { far } else { 1.0 };
        at = Sample { x: at.x + scale * small(x), y: at.y + scale * small(y), ms: at.ms + scale * f64::from(ms) };
        match kind {
            250 => at.x = f64::NAN,
            251 => at.y = f64::INFINITY,
            252 => at.ms = -at.ms,
            253 => strokes.push(Vec::new()),
            _ if kind % 16 == 5 => strokes.push(Vec::new()),
            _ => {}
        }
        if let Some(stroke) = strokes.last_mut() {
            stroke.push(at);
        }
        if !at.x.is_finite() || !at.y.is_finite() {
            at = Sample::default();
        }
    }
    strokes
}

/// Exports and fits a hand.
fn check_hand(hand: &HandSample) {
    if let Ok(json) = hand.to_json() {
        let again = HandSample::from_json(json.as_bytes()).expect("what was exported can be opened");
        assert_eq!(again.text, hand.text);
        assert_eq!(again.to_json().as_deref(), Ok(&json[..]));
    }
    WEIGHTS.with(|weights| match capture::fit_and_verify(weights, &hand.text, &hand.strokes) {
        Ok((points, _)) => {
            assert!(points.iter().flatten().all(|value| value.is_finite()), "{points:?}");
            // Ink may still be refused as priming ink.
            if let Err(error) = Prime::new(&weights.config, &hand.text, &points) {
                assert!(!error.to_string().is_empty());
            }
        }
        Err(advice) => assert!(!advice.to_string().is_empty()),
    });
    if let Ok(points) = capture::fit_free(&hand.strokes) {
        assert!(points.iter().flatten().all(|value| value.is_finite()), "{points:?}");
    }
}
