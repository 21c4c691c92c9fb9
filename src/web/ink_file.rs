//! The reader of ink, for JavaScript: from the screen, from files of other programs and of hands. A WebAssembly module of
//! its own.

#[path = "own_hand.rs"]
mod own_hand;
#[path = "screen_ink.rs"]
mod screen_ink;

use crate::capture::{FileInk, HandSample, InkFileError};
use wasm_bindgen::prelude::*;

/// Ink of a file.
#[wasm_bindgen(getter_with_clone)]
#[derive(Debug)]
pub struct InkOfFile {
    /// What the strokes say; empty if the file does not tell.
    pub text: String,
    /// x, y and milliseconds of each sample, y down.
    pub samples: Vec<f64>,
    /// How many samples each stroke has.
    pub lengths: Vec<u32>,
}

/// The ink of a file, at most a sentence; `undefined` for a hand, and for JSON that was cut off, which may be one: the
/// engine reads those. Throws the reason if it is none, or damaged.
#[wasm_bindgen(js_name = readInk)]
pub fn read_ink(bytes: &[u8]) -> Result<Option<InkOfFile>, JsError> {
    let ink = match FileInk::from_bytes(bytes) {
        Err(InkFileError::Unreadable(_) | InkFileError::Hand(_)) => return Ok(None),
        Ok(_) if is_hand(bytes) => return Ok(None),
        other => other?,
    };
    ink.check_sentence()?;
    let samples = ink.strokes.iter().flatten().flat_map(|sample| [sample.x, sample.y, sample.ms]).collect();
    let lengths = ink.strokes.iter().map(|stroke| stroke.len() as u32).collect();
    Ok(Some(InkOfFile { text: ink.text, samples, lengths }))
}

fn is_hand(bytes: &[u8]) -> bool {
    HandSample::from_json(bytes).is_ok()
}
