//! A learnt hand and its file, for JavaScript: part of the module that learns hands and of that which reads files.

use crate::capture::{HandSample, LearntHand, Sample};
use crate::model::Hand;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A line of one's own ink: what it says, and its strokes, each a list of [x, y, milliseconds], y down. */
export interface InkSample {
  text: string;
  strokes: [number, number, number][][];
}

/** A learnt hand: for `WriteOptions.ownHand`. */
export interface OwnHand {
  /** Fingerprint of the weights that it was learnt with. */
  weights: string;
  numbers: number[];
  /** How much of it to use, 0 to 1. */
  strength: number;
}

/** A learnt hand from its file. */
export interface KeptOwnHand extends OwnHand {
  name: string;
  samples: InkSample[];
}
"#;

#[derive(Deserialize, Serialize)]
pub(super) struct InkSample {
    text: String,
    strokes: Vec<Vec<[f64; 3]>>,
}

impl From<InkSample> for HandSample {
    fn from(InkSample { text, strokes }: InkSample) -> Self {
        let point = |&[x, y, ms]: &[f64; 3]| Sample { x, y, ms };
        let strokes = strokes.iter().map(|stroke| stroke.iter().map(point).collect()).collect();
        Self { name: String::new(), text, strokes }
    }
}

impl From<HandSample> for InkSample {
    fn from(HandSample { text, strokes, .. }: HandSample) -> Self {
        Self { text, strokes: strokes.iter().map(|stroke| stroke.iter().map(|s| [s.x, s.y, s.ms]).collect()).collect() }
    }
}

#[derive(Serialize)]
pub(super) struct OwnHand {
    weights: String,
    numbers: Vec<i16>,
    strength: f32,
}

impl OwnHand {
    pub(super) fn new(hand: Hand, strength: f32) -> Self {
        Self { weights: format!("{:016x}", hand.weights), numbers: hand.numbers, strength }
    }
}

#[derive(Serialize)]
struct Kept {
    name: String,
    samples: Vec<InkSample>,
    #[serde(flatten)]
    hand: OwnHand,
}

/// A learnt hand from the bytes of its file; throws the reason if it is damaged.
#[wasm_bindgen(js_name = ownHandFromFile, unchecked_return_type = "KeptOwnHand")]
pub fn own_hand_from_file(bytes: &[u8]) -> Result<JsValue, JsError> {
    let LearntHand { name, hand, strength, samples } = LearntHand::from_json(bytes)?;
    let samples = samples.into_iter().map(InkSample::from).collect();
    to_js(&Kept { name, samples, hand: OwnHand::new(hand, strength) })
}

/// The file with another name and strength (0 to 1); throws the reason if it is damaged.
#[wasm_bindgen(js_name = changeOwnHandFile)]
pub fn change_own_hand_file(bytes: &[u8], name: String, strength: f32) -> Result<String, JsError> {
    let hand = LearntHand::from_json(bytes)?;
    Ok(LearntHand { name, strength, ..hand }.to_json()?)
}

pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}
