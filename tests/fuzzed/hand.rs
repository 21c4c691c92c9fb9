//! Hand sample files, and strokes as a screen may report them.

use running_hand::capture::{self, HandSample, Sample};
use running_hand::model::{Kind, Weights};
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
    if let Some(end) = input.iter().position(|&byte| byte == 0) {
        let text = String::from_utf8_lossy(&input[..end]).into_owned();
        check_hand(&HandSample { name: "x".repeat(end), text, strokes: strokes(&input[end + 1..]) });
    }
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
