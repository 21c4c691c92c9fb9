//! The file of a kept hand: a name, a text, and the strokes as they were drawn.
//!
//! ```json
//! {
//!   "format": "running-hand-sample",
//!   "version": 1,
//!   "name": "Mine",
//!   "text": "what the strokes say",
//!   "strokes": [[[x, y, ms], …], …],
//!   "samples": 612,
//!   "check": "9b3f0c5e1a27d846"
//! }
//! ```
//!
//! x and y are CSS pixels, y down, ms are milliseconds from any moment on. `samples` counts the samples
//! of all strokes. `check` is the FNV-1a hash (64 bits, hexadecimal) of the text's UTF-8 bytes, then,
//! for each stroke, of its number of samples and each sample's x, y and ms, times a hundred and rounded
//! to whole numbers of eight bytes, little-endian. It tells damage, not forgery. Names may be edited.

use super::{MOST_SAMPLES, MOST_STROKES, Sample};
use serde::{Deserialize, Serialize};

/// Largest file that is looked into, in bytes.
const MOST_BYTES: usize = 4_000_000;
/// Longest name, and longest text, in characters.
const LONGEST_NAME: usize = 60;
const LONGEST_TEXT: usize = 300;
/// Largest number in a sample, but for the time.
const FARTHEST: f64 = 1e6;
/// Latest time: a thousand years, of which hundredths are still whole numbers.
const LATEST: f64 = 4e13;
const FORMAT: &str = "running-hand-sample";
const VERSION: u32 = 1;

/// A hand that was kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hand {
    /// What its writer calls it.
    pub name: String,
    /// What the strokes say.
    pub text: String,
    /// As they were drawn.
    pub strokes: Vec<Vec<Sample>>,
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too large to be one.
    #[error("The file has {0} bytes; a hand has at most {MOST_BYTES}. It is another file, or damaged.")]
    TooLarge(usize),
    /// No JSON, or cut off.
    #[error("The file cannot be read as a hand: {0}. It is another file, or was cut off on the way; export it again.")]
    Unreadable(String),
    /// JSON of something else.
    #[error("The file is not a hand of Running Hand’s. Choose one that was exported here.")]
    OtherFormat,
    /// Of a version that is not known here.
    #[error("The file is of version {0}, and this page reads version {VERSION}. Load the page again for a newer one.")]
    OtherVersion(u32),
    /// Something in it is out of bounds.
    #[error("The file is damaged: {0}. Export it again.")]
    Damaged(&'static str),
}

#[derive(Serialize, Deserialize)]
struct File {
    format: String,
    version: u32,
    name: String,
    text: String,
    strokes: Vec<Vec<[f64; 3]>>,
    samples: usize,
    check: String,
}

impl Hand {
    /// The file of a hand; coordinates and times are rounded to hundredths.
    ///
    /// # Errors
    /// [`Refusal::Damaged`] for what could not be read again.
    pub fn to_json(&self) -> Result<String, Refusal> {
        let round = |v: f64| (v * 100.0).round() / 100.0;
        let strokes: Vec<Vec<[f64; 3]>> = self
            .strokes
            .iter()
            .map(|stroke| stroke.iter().map(|s| [round(s.x), round(s.y), round(s.ms)]).collect())
            .collect();
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            name: self.name.trim().chars().take(LONGEST_NAME).collect(),
            text: self.text.clone(),
            samples: strokes.iter().map(Vec::len).sum(),
            check: check(&self.text, &strokes),
            strokes,
        };
        bounds(&file)?;
        serde_json::to_string(&file).map_err(|error| Refusal::Unreadable(error.to_string()))
    }

    /// A hand from its file.
    ///
    /// # Errors
    /// [`Refusal`], which says what is the matter.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLarge(bytes.len()));
        }
        // First only what kind of file it is: what else a newer version holds is its own business.
        #[derive(Deserialize)]
        struct Head {
            format: Option<String>,
            version: Option<u32>,
        }
        let unreadable = |error: serde_json::Error| Refusal::Unreadable(error.to_string());
        let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
        if head.format.as_deref() != Some(FORMAT) {
            return Err(Refusal::OtherFormat);
        }
        match head.version {
            Some(VERSION) => {}
            Some(other) => return Err(Refusal::OtherVersion(other)),
            None => return Err(Refusal::OtherFormat),
        }
        let file: File = serde_json::from_slice(bytes).map_err(unreadable)?;
        bounds(&file)?;
        if file.check != check(&file.text, &file.strokes) {
            return Err(Refusal::Damaged("its text or strokes are not those that were exported"));
        }
        let sample = |&[x, y, ms]: &[f64; 3]| Sample { x, y, ms };
        Ok(Self {
            name: file.name.trim().to_owned(),
            text: file.text,
            strokes: file.strokes.iter().map(|stroke| stroke.iter().map(sample).collect()).collect(),
        })
    }
}

fn bounds(file: &File) -> Result<(), Refusal> {
    let samples: usize = file.strokes.iter().map(Vec::len).sum();
    let damaged = |what| Err(Refusal::Damaged(what));
    if file.samples != samples {
        return damaged("strokes are missing, or there are too many");
    }
    if samples == 0 || file.strokes.iter().any(Vec::is_empty) {
        return damaged("it has no strokes, or an empty one");
    }
    if file.strokes.len() > MOST_STROKES || samples > MOST_SAMPLES {
        return damaged("it has more strokes than a sentence");
    }
    if file.name.chars().count() > LONGEST_NAME || file.text.chars().count() > LONGEST_TEXT {
        return damaged("its name or its text is too long");
    }
    let good = |&[x, y, ms]: &[f64; 3]| x.abs() <= FARTHEST && y.abs() <= FARTHEST && ms.abs() <= LATEST;
    if !file.strokes.iter().flatten().all(good) {
        return damaged("a stroke has numbers that are no places on a screen");
    }
    Ok(())
}

/// See the module's text.
fn check(text: &str, strokes: &[Vec<[f64; 3]>]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    };
    take(text.as_bytes());
    for stroke in strokes {
        take(&(stroke.len() as u64).to_le_bytes());
        for value in stroke.iter().flatten() {
            take(&((value * 100.0).round() as i64).to_le_bytes());
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn hand() -> Hand {
        let sample = |k: usize| Sample { x: 0.25 * k as f64, y: -3.5 + k as f64, ms: 1_700_000_000_123.4 + k as f64 };
        let strokes = vec![(0..20).map(sample).collect(), (20..21).map(sample).collect()];
        Hand { name: "Mine “own”".into(), text: "say é\n\"so\"".into(), strokes }
    }

    #[test]
    fn a_hand_comes_back_as_it_went() {
        let json = hand().to_json().unwrap();
        let found = Hand::from_json(json.as_bytes()).unwrap();
        assert_eq!(found, hand());
        assert_eq!(found.to_json().unwrap(), json);
        // another name is nobody's harm
        let renamed = json.replace("Mine", "Yours");
        assert_eq!(Hand::from_json(renamed.as_bytes()).unwrap().name, "Yours “own”");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let json = hand().to_json().unwrap();
        for end in 0..json.len() {
            assert!(Hand::from_json(&json.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn a_digit_or_letter_changed_anywhere_but_in_the_name_is_refused() {
        let json = hand().to_json().unwrap();
        let name = json.find("Mine").unwrap()..json.find("\",\"text").unwrap();
        for (at, byte) in json.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_alphanumeric()) {
            if name.contains(&at) {
                continue;
            }
            let mut changed = json.clone().into_bytes();
            changed[at] = if byte.is_ascii_digit() { b'0' + (byte - b'0' + 1) % 10 } else { byte ^ 1 };
            assert!(Hand::from_json(&changed).is_err(), "changed at {at}: {}", &json[at.saturating_sub(9)..at + 1]);
        }
    }

    #[test]
    fn the_reason_is_told() {
        let json = hand().to_json().unwrap();
        let refused = |file: &str, part: &str| {
            let message = Hand::from_json(file.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        refused("", "cut off");
        refused("[]", "cannot be read");
        refused("{\"strokes\": []}", "not a hand");
        refused(&json.replace("\"version\":1", "\"version\":2"), "version 2");
        refused(&json.replace("\"samples\":21", "\"samples\":4000000000"), "strokes are missing");
        refused(&json.replace("\"text\":\"say", "\"text\":\"said"), "not those that were exported");
        refused(&json.replace("[[[0.0,", "[[[1e300,"), "no places on a screen");
        refused(&json.replace("[[[0.0,", "[[[null,"), "cannot be read");
        refused(&"[".repeat(100_000), "cannot be read");
        refused(&" ".repeat(MOST_BYTES + 1), "bytes");
        assert!(Hand::default().to_json().is_err());
    }
}
