//! Files of kept hands, and strokes that a screen may report.

use running_hand::capture::{self, Hand, Sample};
use running_hand::model::{Kind, Weights};
use running_hand::testing;
use running_hand::writer::prime::Prime;
use std::sync::Arc;

thread_local! {
    static WEIGHTS: Arc<Weights> = Arc::new(testing::weights(&testing::config(Kind::Synthesis, &[9, 8], 3), 2));
}

/// A file, or a text, a zero byte and strokes: each is refused with advice, or becomes ink that can be
/// gone on from.
pub fn hand(input: &[u8]) {
    match Hand::from_json(input) {
        Ok(hand) => use_it(&hand),
        Err(refusal) => {
            let message = refusal.to_string();
            assert!(!message.is_empty() && message.chars().count() < 600, "{message}");
        }
    }
    if let Some(end) = input.iter().position(|&byte| byte == 0) {
        let text = String::from_utf8_lossy(&input[..end]).into_owned();
        use_it(&Hand { name: "x".repeat(end), text, strokes: strokes(&input[end + 1..]) });
    }
}

/// Samples of five bytes: what kind of move, how far, and how long after.
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

fn use_it(hand: &Hand) {
    if let Ok(json) = hand.to_json() {
        let again = Hand::from_json(json.as_bytes()).expect("what was exported can be opened");
        assert_eq!(again.text, hand.text);
        assert_eq!(again.to_json().as_deref(), Ok(&json[..]));
    }
    WEIGHTS.with(|weights| match capture::read(weights, &hand.text, &hand.strokes) {
        Ok((points, _)) => {
            assert!(points.iter().flatten().all(|value| value.is_finite()), "{points:?}");
            // What the network cannot go on from is told.
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
