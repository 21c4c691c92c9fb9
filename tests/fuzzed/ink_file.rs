//! Files of ink: InkML, IAM's XML, and JSON of many programs.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use running_hand::capture::FileInk;

/// Reads a file. It is refused with a reason that is short, or becomes strokes that have places on paper and times that
/// do not go back from stroke to stroke. Returns whether it was read.
pub fn read(input: &[u8]) -> bool {
    match FileInk::from_bytes(input) {
        Ok(ink) => {
            assert!(!ink.strokes.is_empty() && ink.strokes.iter().all(|stroke| !stroke.is_empty()));
            let finite = |value: f64| value.abs() <= 1e9;
            let samples = ink.strokes.iter().flatten();
            assert!(samples.clone().all(|sample| finite(sample.x) && finite(sample.y) && finite(sample.ms)));
            let starts: Vec<f64> = ink.strokes.iter().map(|stroke| stroke[0].ms).collect();
            assert!(starts.is_sorted(), "{starts:?}");
            assert!(samples.count() <= input.len(), "more samples than bytes");
            assert_eq!(ink.text.trim(), ink.text);
            true
        }
        Err(error) => {
            let message = error.to_string();
            assert!(!message.is_empty() && message.chars().count() < 600, "{message}");
            false
        }
    }
}

/// Pieces that files of ink are made of.
const PIECES: [&str; 22] = [
    "contextRef=\"#a\"",
    "traceDataRef=\"#a\"",
    "xml:id=\"a\"",
    "type=\"penUp\"",
    "continuation=\"end\"",
    "priorRef=\"#a\"",
    "<trace>1 2, '3 4</trace>",
    "<traceGroup>",
    "</traceGroup>",
    "<traceView traceDataRef=\"#a\"/>",
    "1e308",
    "-",
    "*",
    "?",
    "\"points\":",
    "\"x\":",
    "[[",
    "]]",
    "null",
    "1700000000000",
    "\u{FEFF}",
    "#ff",
];

/// Changes a file: bits, missing and repeated ranges, and the pieces of other files.
pub fn mutate(file: &mut Vec<u8>, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..1 + rng.next_u32() % 4 {
        let place = |rng: &mut ChaCha8Rng, file: &[u8]| rng.next_u32() as usize % (file.len() + 1);
        let at = place(&mut rng, file);
        match rng.next_u32() % 9 {
            0 if at < file.len() => file[at] ^= 1 << (rng.next_u32() % 8),
            1 => drop(file.drain(at..(at + 1 + rng.next_u32() as usize % 12).min(file.len()))),
            2 => {
                let end = (at + rng.next_u32() as usize % 80).min(file.len());
                let again = file[at..end].to_vec();
                drop(file.splice(at..at, again));
            }
            3 => file.truncate(at.max(8)),
            4..8 => {
                // Most stay well-formed: another digit.
                let digit = file.iter().cycle().skip(at).take(file.len()).position(u8::is_ascii_digit);
                if let Some(digit) = digit {
                    let length = file.len();
                    file[(at + digit) % length] = b'0' + (rng.next_u32() % 10) as u8;
                }
            }
            _ => {
                let piece = PIECES[rng.next_u32() as usize % PIECES.len()];
                drop(file.splice(at..at, piece.bytes()));
            }
        }
    }
}
