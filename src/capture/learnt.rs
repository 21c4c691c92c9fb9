//! The file of a hand that was learnt from someone's ink.
//!
//! ```json
//! {
//!   "format": "running-hand-hand",
//!   "version": 1,
//!   "name": "Mine",
//!   "weights": "6d2f0c5e1a27d846",
//!   "strength": 1,
//!   "numbers": [0, 12, -45, …],
//!   "samples": [{ "format": "running-hand-sample", … }, …],
//!   "check": "9b3f0c5e1a27d846"
//! }
//! ```
//!
//! `weights` is the fingerprint of the weights file (`docs/weights-format.md`, "Identity") that the hand was learnt with
//! and that alone can use it. `numbers` are those of a [`Hand`]. `strength`, 0 to 1, is how much of it to use. `samples` is the ink that it was learnt from, each line as the file of a
//! [`HandSample`] has it, so that it can be learnt again with other weights. `check` is the FNV-1a hash (64 bits,
//! hexadecimal) of: weights, as hexadecimal digits; strength times a thousand, rounded, as a little-endian 64-bit integer;
//! each of the numbers as a little-endian 16-bit integer; the `check` of each sample. It detects damage, not forgery. The name is not hashed.

use super::file::{File as SampleFile, Hash, MAX_NAME, check_header, unreadable};
use super::{HandFileError, HandSample, MAX_LINES};
use crate::model::Hand;
use serde::{Deserialize, Serialize};

/// Largest file that is parsed, in bytes.
const MAX_BYTES: usize = 32_000_000;
const FORMAT: &str = "running-hand-hand";
const VERSION: u32 = 1;

/// A learnt hand, with its name and the ink that it was learnt from.
#[derive(Debug, Clone, PartialEq)]
pub struct LearntHand {
    /// The user's name for it.
    pub name: String,
    /// What was learnt.
    pub hand: Hand,
    /// How much of it to use, 0 to 1.
    pub strength: f32,
    /// The ink, line by line.
    pub samples: Vec<HandSample>,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    name: String,
    weights: String,
    strength: f32,
    numbers: Vec<i16>,
    samples: Vec<SampleFile>,
    check: String,
}

impl LearntHand {
    /// The file's text.
    ///
    /// # Errors
    /// [`HandFileError::Damaged`] for a hand that [`LearntHand::from_json`] would refuse.
    pub fn to_json(&self) -> Result<String, HandFileError> {
        let Hand { weights, numbers } = &self.hand;
        let mut file = File {
            format: FORMAT.into(),
            version: VERSION,
            name: self.name.trim().chars().take(MAX_NAME).collect(),
            weights: format!("{weights:016x}"),
            strength: (self.strength * 1000.0).round() / 1000.0,
            numbers: numbers.clone(),
            samples: self.samples.iter().map(HandSample::to_file).collect::<Result<_, _>>()?,
            check: String::new(),
        };
        file.check = checksum(&file);
        check_ranges(&file)?;
        serde_json::to_string(&file).map_err(unreadable)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`HandFileError`], with the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Self, HandFileError> {
        check_header(bytes, MAX_BYTES, FORMAT, VERSION)?;
        let file: File = serde_json::from_slice(bytes).map_err(unreadable)?;
        check_ranges(&file)?;
        if file.check != checksum(&file) {
            return Err(HandFileError::Damaged("its numbers differ from those that were exported"));
        }
        let weights = u64::from_str_radix(&file.weights, 16);
        let weights = weights.map_err(|_| HandFileError::Damaged("it does not say which network it is for"))?;
        Ok(Self {
            name: file.name.trim().to_owned(),
            hand: Hand { weights, numbers: file.numbers },
            strength: file.strength,
            samples: file.samples.into_iter().map(HandSample::from_file).collect::<Result<_, _>>()?,
        })
    }
}

fn check_ranges(file: &File) -> Result<(), HandFileError> {
    let damaged = |what| Err(HandFileError::Damaged(what));
    if file.name.chars().count() > MAX_NAME {
        return damaged("its name is too long");
    }
    if !(0.0..=1.0).contains(&file.strength) {
        return damaged("its strength is not between 0 and 1");
    }
    if !(1..=MAX_LINES).contains(&file.samples.len()) {
        return damaged("it has no ink, or more lines than a hand");
    }
    Ok(())
}

/// The hash that the module's documentation describes.
fn checksum(file: &File) -> String {
    let mut hash = Hash::new();
    hash.add(file.weights.as_bytes());
    hash.add(&((file.strength * 1000.0).round() as i64).to_le_bytes());
    file.numbers.iter().for_each(|number| hash.add(&number.to_le_bytes()));
    file.samples.iter().for_each(|sample| hash.add(sample.check.as_bytes()));
    hash.hexadecimal()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::capture::Sample;

    fn hand() -> LearntHand {
        let stroke =
            |from: usize| (from..from + 9).map(|k| Sample { x: k as f64, y: 2.5 * k as f64, ms: 8.0 * k as f64 });
        let sample = |text: &str| HandSample {
            name: String::new(),
            text: text.into(),
            strokes: vec![stroke(0).collect(), stroke(9).collect()],
        };
        LearntHand {
            name: "Mine".into(),
            hand: Hand { weights: 0x0123_4567_89ab_cdef, numbers: vec![12, -45, i16::MIN, i16::MAX, 7, 0, -1] },
            strength: 0.8,
            samples: vec![sample("one line"), sample("another")],
        }
    }

    #[test]
    fn a_hand_survives_the_round_trip() {
        let json = hand().to_json().unwrap();
        let found = LearntHand::from_json(json.as_bytes()).unwrap();
        assert_eq!(found, hand());
        assert_eq!(found.to_json().unwrap(), json);
        let renamed = json.replace("\"name\":\"Mine\"", "\"name\":\"Yours\"");
        assert_eq!(LearntHand::from_json(renamed.as_bytes()).unwrap().name, "Yours");
    }

    #[test]
    fn a_truncated_or_changed_file_is_refused() {
        let json = hand().to_json().unwrap();
        for end in 0..json.len() {
            assert!(LearntHand::from_json(&json.as_bytes()[..end]).is_err(), "truncated at {end}");
        }
        let mut at = 0;
        while let Some(found) = json[at..].find(|c: char| c.is_ascii_digit()) {
            at += found;
            let mut changed = json.clone().into_bytes();
            changed[at] = b'0' + (changed[at] - b'0' + 1) % 10;
            assert!(LearntHand::from_json(&changed).is_err(), "changed at {at}: {}", &json[at.saturating_sub(9)..=at]);
            at += 1;
        }
    }

    #[test]
    fn a_refusal_names_the_reason() {
        let json = hand().to_json().unwrap();
        let refused = |file: &str, part: &str| {
            let message = LearntHand::from_json(file.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        refused("", "incomplete");
        refused("{\"numbers\": []}", "not a hand");
        refused(&json.replace("\"version\":1,\"name\":\"M", "\"version\":2,\"name\":\"M"), "version 2");
        refused(&json.replace("\"strength\":0.8", "\"strength\":1.8"), "strength");
        refused(&json.replace("7,0,-1]", "7,0]"), "differ from those that were exported");
        refused(&json.replace("7,0,-1]", "7,0,99999]"), "cannot be read");
        refused(&json.replace("7,0,-1]", "7,0,null]"), "cannot be read");
        refused(&hand().samples[0].to_json().unwrap(), "not a hand");
        assert!(LearntHand { samples: Vec::new(), ..hand() }.to_json().is_err());
        assert!(LearntHand { strength: f32::NAN, ..hand() }.to_json().is_err());
    }
}
