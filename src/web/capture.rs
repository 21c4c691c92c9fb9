//! Capture of a hand, for JavaScript: reading ink from the screen, and the file of a hand.

use super::{RunningHand, from_js, set, to_js};
use crate::capture::{self, Advice, HandSample, Points, Sample};
use crate::error::Error;
use crate::model::Kind;
use js_sys::{Float32Array, Object};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Strokes as they were drawn: each a list of [x, y, milliseconds], y down, CSS pixels. */
export type RawStrokes = [number, number, number][][];

/** Advice on how to write ink again. */
export interface Advice {
  /** "dot", "too-little", "other-text" …: for programs. */
  name: string;
  /** For people. */
  message: string;
}

/** Ink as a network reads it. */
export interface ReadInk {
  /** For `WriteOptions.prime`; empty if the ink cannot be used. */
  points: Float32Array;
  /** What is wrong with the ink, and what to do. With points it is only a doubt: the network may be mistaken. */
  advice: Advice | undefined;
}

/** A sample of a hand: see `handToFile`. */
export interface KeptHand {
  name: string;
  /** What the strokes say. */
  text: string;
  strokes: RawStrokes;
}
"#;

/// `KeptHand` from JavaScript.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Kept {
    name: String,
    text: String,
    strokes: Vec<Vec<[f64; 3]>>,
}

#[wasm_bindgen]
impl RunningHand {
    /// Reads strokes from the screen that say `text`, or any strokes if it is empty. The resulting points are at the
    /// network's scale and rate, for `WriteOptions.prime`. The network then checks that the strokes do say the text,
    /// which takes as long as writing it twice; `check` false leaves that out.
    #[wasm_bindgen(js_name = readInk, unchecked_return_type = "ReadInk")]
    pub async fn read_ink(
        &self,
        #[wasm_bindgen(unchecked_param_type = "RawStrokes")] strokes: JsValue,
        text: String,
        check: Option<bool>,
    ) -> Result<JsValue, JsError> {
        let strokes: Vec<Vec<[f64; 3]>> = from_js("strokes", strokes)?;
        let strokes = samples(&strokes);
        let read = if text.trim().is_empty() {
            capture::fit_free(&strokes).map(|points| (points, None))
        } else {
            let writer = self.shared.writer.lock().await;
            let missing = || Error::NotLoaded { kind: Kind::Synthesis.to_string() };
            let weights = writer.weights(Kind::Synthesis).cloned().ok_or_else(missing)?;
            drop(writer);
            if check == Some(false) {
                capture::fit(&weights.config, &text, &strokes).map(|(points, _)| (points, None))
            } else {
                capture::fit_and_verify(&weights, &text, &strokes)
            }
        };
        match read {
            Ok((points, doubt)) => answer(&points, doubt),
            Err(advice) => answer(&Points::new(), Some(advice)),
        }
    }
}

/// The file of a hand, as text.
#[wasm_bindgen(js_name = handToFile)]
pub fn hand_to_file(#[wasm_bindgen(unchecked_param_type = "KeptHand")] hand: JsValue) -> Result<String, JsError> {
    let Kept { name, text, strokes } = from_js("hand", hand)?;
    Ok(HandSample { name, text, strokes: samples(&strokes) }.to_json()?)
}

/// A hand from the bytes of its file; throws the reason if it is damaged.
#[wasm_bindgen(js_name = handFromFile, unchecked_return_type = "KeptHand")]
pub fn hand_from_file(bytes: &[u8]) -> Result<JsValue, JsError> {
    let HandSample { name, text, strokes } = HandSample::from_json(bytes)?;
    let strokes = strokes.iter().map(|stroke| stroke.iter().map(|s| [s.x, s.y, s.ms]).collect()).collect();
    to_js(&Kept { name, text, strokes })
}

fn samples(strokes: &[Vec<[f64; 3]>]) -> Vec<Vec<Sample>> {
    let sample = |&[x, y, ms]: &[f64; 3]| Sample { x, y, ms };
    strokes.iter().map(|stroke| stroke.iter().map(sample).collect()).collect()
}

fn answer(points: &Points, advice: Option<Advice>) -> Result<JsValue, JsError> {
    let object = Object::new();
    set(&object, "points", &Float32Array::from(points.as_flattened()))?;
    if let Some(advice) = advice {
        let told = Object::new();
        set(&told, "name", &advice.name().into())?;
        set(&told, "message", &advice.to_string().into())?;
        set(&object, "advice", &told)?;
    }
    Ok(object.into())
}
