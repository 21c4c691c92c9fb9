//! Reading ink from the screen, and the file of a hand: part of the module that reads ink. Its types are those of the
//! module that writes (`capture.rs`), which calls it.

use super::own_hand::to_js;
use crate::capture::{self, Advice, HandSample, Points, Sample};
use crate::error::Error;
use crate::model::{Kind, Weights};
use js_sys::{Float32Array, Object, Reflect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// `KeptHand` from JavaScript.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Kept {
    name: String,
    text: String,
    strokes: Vec<Vec<[f64; 3]>>,
}

/// Reads ink with a network.
#[wasm_bindgen(skip_typescript)]
pub struct InkReader {
    weights: Option<Arc<Weights>>,
}

#[wasm_bindgen]
impl InkReader {
    /// With the synthesis network of a weights file, which strokes with a text need.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: Option<Vec<u8>>) -> Result<Self, JsError> {
        let read = |bytes: Vec<u8>| Weights::from_bytes_of(Kind::Synthesis, &bytes, "weights").map(Arc::new);
        Ok(Self { weights: weights.map(read).transpose()? })
    }

    /// What `RunningHand.readInk` returns.
    pub fn read(&self, strokes: JsValue, text: &str, check: bool) -> Result<JsValue, JsError> {
        let strokes: Vec<Vec<[f64; 3]>> = from_js("strokes", strokes)?;
        let strokes = samples(&strokes);
        let read = if text.trim().is_empty() {
            capture::fit_free(&strokes).map(|points| (points, None))
        } else {
            let missing = || Error::NotLoaded { kind: Kind::Synthesis.to_string() };
            let weights = self.weights.as_ref().ok_or_else(missing)?;
            if check {
                capture::fit_and_verify(weights, text, &strokes)
            } else {
                capture::fit(&weights.config, text, &strokes).map(|(points, _)| (points, None))
            }
        };
        match read {
            Ok((points, doubt)) => answer(&points, doubt),
            Err(advice) => answer(&Points::new(), Some(advice)),
        }
    }
}

/// The file of a hand, as text.
#[wasm_bindgen(js_name = handToFile, skip_typescript)]
pub fn hand_to_file(hand: JsValue) -> Result<String, JsError> {
    let Kept { name, text, strokes } = from_js("hand", hand)?;
    Ok(HandSample { name, text, strokes: samples(&strokes) }.to_json()?)
}

/// A hand from the bytes of its file; throws the reason if it is damaged.
#[wasm_bindgen(js_name = handFromFile, skip_typescript)]
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

fn from_js<T: DeserializeOwned>(name: &str, value: JsValue) -> Result<T, Error> {
    let bad = |error: serde_wasm_bindgen::Error| Error::Setting { name: name.into(), problem: error.to_string() };
    serde_wasm_bindgen::from_value(value).map_err(bad)
}

fn set(object: &Object, key: &str, value: &JsValue) -> Result<(), JsError> {
    match Reflect::set(object, &key.into(), value) {
        Ok(_) => Ok(()),
        Err(_) => Err(JsError::new("an object refused a property")),
    }
}
