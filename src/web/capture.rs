//! Capture of a hand, for JavaScript: by another module (`ink_file.rs`), which is loaded when there is ink to read.

use super::RunningHand;
use js_sys::{Promise, Uint8Array};
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

#[wasm_bindgen(module = "/src/web/load.js")]
extern "C" {
    /// `InkReader` of the other module, once it is loaded, with the file of the synthesis network.
    #[wasm_bindgen(js_name = readInk)]
    fn read_ink(weights: Option<Uint8Array>, strokes: &JsValue, text: &str, check: bool) -> Promise;
    /// As there.
    #[wasm_bindgen(js_name = handToFile)]
    fn hand_to_file_there(hand: &JsValue) -> Promise;
    /// As there.
    #[wasm_bindgen(js_name = handFromFile)]
    fn hand_from_file_there(bytes: &Uint8Array) -> Promise;
}

#[wasm_bindgen]
impl RunningHand {
    /// Reads strokes from the screen that say `text`, or any strokes if it is empty. The resulting points are at the
    /// network's scale and rate, for `WriteOptions.prime`. The network then checks that the strokes do say the text,
    /// which takes as long as writing it twice; `check` false leaves that out.
    #[wasm_bindgen(js_name = readInk, unchecked_return_type = "Promise<ReadInk>")]
    pub fn read_ink(
        &self,
        #[wasm_bindgen(unchecked_param_type = "RawStrokes")] strokes: &JsValue,
        text: &str,
        check: Option<bool>,
    ) -> Promise {
        read_ink(self.shared.files.synthesis(), strokes, text, check != Some(false))
    }
}

/// The file of a hand, as text.
#[wasm_bindgen(js_name = handToFile, unchecked_return_type = "Promise<string>")]
pub fn hand_to_file(#[wasm_bindgen(unchecked_param_type = "KeptHand")] hand: &JsValue) -> Promise {
    hand_to_file_there(hand)
}

/// A hand from the bytes of its file; rejects with the reason if it is damaged.
#[wasm_bindgen(js_name = handFromFile, unchecked_return_type = "Promise<KeptHand>")]
pub fn hand_from_file(bytes: &Uint8Array) -> Promise {
    hand_from_file_there(bytes)
}
