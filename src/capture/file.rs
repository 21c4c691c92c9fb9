//! The file of a hand sample: a name, a text, and the strokes as they were recorded.
//!
//! ```json
//! {
//!   "format": "running-hand-sample",
//!   "version": 1,
//!   "name": "Mine",
//!   "text": "the text of the strokes",
//!   "strokes": [[[x, y, ms], …], …],
//!   "samples": 612,
//!   "check": "9b3f0c5e1a27d846"
//! }
//! ```
//!
//! x and y are CSS pixels, y down; ms are milliseconds since any fixed moment. `samples` is the number of samples of
//! all strokes. `check` is the FNV-1a hash (64 bits, hexadecimal) of the text's UTF-8 bytes, followed for each stroke
//! by its number of samples and each sample's x, y and ms, times a hundred and rounded, as little-endian 64-bit
//! integers. It detects damage, not forgery. The name is not hashed: users may edit it.

use super::{MAX_SAMPLES, MAX_STROKES, Sample};
use serde::{Deserialize, Serialize};

/// Largest file that is parsed, in bytes.
const MAX_BYTES: usize = 4_000_000;
/// Longest name, in characters.
pub(super) const MAX_NAME: usize = 60;
/// Longest text, in characters.
const MAX_TEXT: usize = 300;
/// Largest coordinate of a sample.
const MAX_COORDINATE: f64 = 1e6;
/// Latest time in milliseconds: a thousand years, at which an f64 still holds hundredths exactly.
const MAX_MS: f64 = 4e13;
const FORMAT: &str = "running-hand-sample";
const VERSION: u32 = 1;

/// A sample of a hand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HandSample {
    /// The user's name for it.
    pub name: String,
    /// The text that was written.
    pub text: String,
    /// The strokes as they were recorded.
    pub strokes: Vec<Vec<Sample>>,
}

/// Why a file is not a valid hand sample.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandFileError {
    /// Too large.
    #[error(
        "The file has {bytes} bytes; a hand has at most {most}. It is another file, or damaged. \
         Choose one that was exported here."
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The largest size.
        most: usize,
    },
    /// Not JSON, or truncated.
    #[error("The file cannot be read as a hand: {0}. It is another kind of file, or incomplete: export it again.")]
    Unreadable(String),
    /// Some other JSON.
    #[error("The file is not a hand of Running Hand. Choose one that was exported here.")]
    OtherFormat,
    /// A version that this program cannot read.
    #[error(
        "The file has version {found}, but only version {readable} can be read here. Reload the page to update it."
    )]
    OtherVersion {
        /// Its version.
        found: u32,
        /// The version that can be read.
        readable: u32,
    },
    /// A value that is inconsistent or out of range.
    #[error("The file is damaged: {0}. Export it again.")]
    Damaged(&'static str),
}

/// As the file has it.
#[derive(Serialize, Deserialize)]
pub(super) struct File {
    format: String,
    version: u32,
    name: String,
    text: String,
    strokes: Vec<Vec<[f64; 3]>>,
    samples: usize,
    pub(super) check: String,
}

/// What every file of a hand begins with.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// Checks size, format and version, which come first because a newer version may have other keys.
pub(super) fn check_header(bytes: &[u8], most: usize, format: &str, version: u32) -> Result<(), HandFileError> {
    if bytes.len() > most {
        return Err(HandFileError::TooLarge { bytes: bytes.len(), most });
    }
    let header: Header = serde_json::from_slice(bytes).map_err(unreadable)?;
    match header.version {
        Some(found) if header.format.as_deref() == Some(format) && found != version => {
            Err(HandFileError::OtherVersion { found, readable: version })
        }
        Some(_) if header.format.as_deref() == Some(format) => Ok(()),
        _ => Err(HandFileError::OtherFormat),
    }
}

pub(super) fn unreadable(error: serde_json::Error) -> HandFileError {
    HandFileError::Unreadable(error.to_string())
}

/// FNV-1a, 64 bits.
pub(super) struct Hash(u64);

impl Hash {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    pub(super) fn hexadecimal(&self) -> String {
        format!("{:016x}", self.0)
    }
}

impl HandSample {
    /// The file's text; coordinates and times are rounded to hundredths.
    ///
    /// # Errors
    /// [`HandFileError::Damaged`] for a sample that [`HandSample::from_json`] would refuse.
    pub fn to_json(&self) -> Result<String, HandFileError> {
        serde_json::to_string(&self.to_file()?).map_err(unreadable)
    }

    pub(super) fn to_file(&self) -> Result<File, HandFileError> {
        let round = |v: f64| (v * 100.0).round() / 100.0;
        let strokes: Vec<Vec<[f64; 3]>> = self
            .strokes
            .iter()
            .map(|stroke| stroke.iter().map(|s| [round(s.x), round(s.y), round(s.ms)]).collect())
            .collect();
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            name: self.name.trim().chars().take(MAX_NAME).collect(),
            text: self.text.clone(),
            samples: strokes.iter().map(Vec::len).sum(),
            check: checksum(&self.text, &strokes),
            strokes,
        };
        check_ranges(&file)?;
        Ok(file)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`HandFileError`], with the reason.
    pub fn from_json(bytes: &[u8]) -> Result<Self, HandFileError> {
        check_header(bytes, MAX_BYTES, FORMAT, VERSION)?;
        Self::from_file(serde_json::from_slice(bytes).map_err(unreadable)?)
    }

    pub(super) fn from_file(file: File) -> Result<Self, HandFileError> {
        if file.format != FORMAT || file.version != VERSION {
            return Err(HandFileError::Damaged("a line of its ink is of another format"));
        }
        check_ranges(&file)?;
        if file.check != checksum(&file.text, &file.strokes) {
            return Err(HandFileError::Damaged("its text or strokes differ from those that were exported"));
        }
        let sample = |&[x, y, ms]: &[f64; 3]| Sample { x, y, ms };
        Ok(Self {
            name: file.name.trim().to_owned(),
            text: file.text,
            strokes: file.strokes.iter().map(|stroke| stroke.iter().map(sample).collect()).collect(),
        })
    }
}

fn check_ranges(file: &File) -> Result<(), HandFileError> {
    let samples: usize = file.strokes.iter().map(Vec::len).sum();
    let damaged = |what| Err(HandFileError::Damaged(what));
    if file.samples != samples {
        return damaged("strokes are missing, or there are too many");
    }
    if samples == 0 || file.strokes.iter().any(Vec::is_empty) {
        return damaged("it has no strokes, or an empty one");
    }
    if file.strokes.len() > MAX_STROKES || samples > MAX_SAMPLES {
        return damaged("it has more strokes or samples than a sentence");
    }
    if file.name.chars().count() > MAX_NAME || file.text.chars().count() > MAX_TEXT {
        return damaged("its name or its text is too long");
    }
    let is_valid =
        |&[x, y, ms]: &[f64; 3]| x.abs() <= MAX_COORDINATE && y.abs() <= MAX_COORDINATE && ms.abs() <= MAX_MS;
    if !file.strokes.iter().flatten().all(is_valid) {
        return damaged("a stroke has positions or times out of range");
    }
    Ok(())
}

/// The hash that the module's documentation describes.
fn checksum(text: &str, strokes: &[Vec<[f64; 3]>]) -> String {
    let mut hash = Hash::new();
    hash.add(text.as_bytes());
    for stroke in strokes {
        hash.add(&(stroke.len() as u64).to_le_bytes());
        for value in stroke.iter().flatten() {
            hash.add(&((value * 100.0).round() as i64).to_le_bytes());
        }
    }
    hash.hexadecimal()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn hand() -> HandSample {
        let sample = |k: usize| Sample { x: 0.25 * k as f64, y: -3.5 + k as f64, ms: 1_700_000_000_123.4 + k as f64 };
        let strokes = vec![(0..20).map(sample).collect(), (20..21).map(sample).collect()];
        HandSample { name: "Mine “own”".into(), text: "say é\n\"so\"".into(), strokes }
    }

    #[test]
    fn a_hand_survives_the_round_trip() {
        let json = hand().to_json().unwrap();
        let found = HandSample::from_json(json.as_bytes()).unwrap();
        assert_eq!(found, hand());
        assert_eq!(found.to_json().unwrap(), json);
        // The name may be edited.
        let renamed = json.replace("Mine", "Yours");
        assert_eq!(HandSample::from_json(renamed.as_bytes()).unwrap().name, "Yours “own”");
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let json = hand().to_json().unwrap();
        for end in 0..json.len() {
            assert!(HandSample::from_json(&json.as_bytes()[..end]).is_err(), "truncated at {end}");
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
            assert!(
                HandSample::from_json(&changed).is_err(),
                "changed at {at}: {}",
                &json[at.saturating_sub(9)..at + 1]
            );
        }
    }

    #[test]
    fn a_refusal_names_the_reason() {
        let json = hand().to_json().unwrap();
        let refused = |file: &str, part: &str| {
            let message = HandSample::from_json(file.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        };
        refused("", "incomplete");
        refused("[]", "cannot be read");
        refused("{\"strokes\": []}", "not a hand");
        refused(&json.replace("\"version\":1", "\"version\":2"), "version 2");
        refused(&json.replace("\"samples\":21", "\"samples\":4000000000"), "strokes are missing");
        refused(&json.replace("\"text\":\"say", "\"text\":\"said"), "differ from those that were exported");
        refused(&json.replace("[[[0.0,", "[[[1e300,"), "out of range");
        refused(&json.replace("[[[0.0,", "[[[null,"), "cannot be read");
        refused(&"[".repeat(100_000), "cannot be read");
        refused(&" ".repeat(MAX_BYTES + 1), "bytes");
        assert!(HandSample::default().to_json().is_err());
    }
}
