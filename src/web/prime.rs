//! `WriteOptions.prime`: priming ink from JavaScript.

use crate::error::{Error, Result};
use crate::model::Kind;
use crate::writer::{Prime, Writer};
use js_sys::{Array, Float32Array, Object, Reflect};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// The ink as it came.
pub struct PrimeInk {
    text: String,
    points: Vec<f32>,
    drawn: bool,
}

impl PrimeInk {
    /// The ink, encoded for the network that will write `text`.
    pub fn prime(&self, writer: &Writer, text: &str) -> Result<Arc<Prime>> {
        let kind = if text.trim().is_empty() { Kind::Prediction } else { Kind::Synthesis };
        let weights = writer.weights(kind).ok_or_else(|| Error::NotLoaded { kind: kind.to_string() })?;
        let (triples, rest) = self.points.as_chunks::<3>();
        if !rest.is_empty() {
            return Err(bad("`points` has to be triples x, y, pen"));
        }
        Prime::new(&weights.config, &self.text, triples).map(Arc::new)
    }

    /// The points, if they are part of the writing.
    pub fn drawn(self) -> Option<Vec<[f32; 3]>> {
        self.drawn.then(|| self.points.as_chunks::<3>().0.to_vec())
    }
}

/// The options without `prime`, and `prime`: its typed array would not survive the conversion to JSON by which the
/// other options are read.
pub fn taken_from(options: JsValue) -> Result<(JsValue, Option<PrimeInk>)> {
    if !options.is_object() {
        return Ok((options, None));
    }
    let key = JsValue::from_str("prime");
    let prime = Reflect::get(&options, &key).unwrap_or_default();
    let rest = Object::assign(&Object::new(), options.unchecked_ref());
    // A new plain object: deleting its property cannot fail.
    let _ = Reflect::delete_property(&rest, &key);
    if prime.is_undefined() || prime.is_null() {
        return Ok((rest.into(), None));
    }
    let part = |name: &str| Reflect::get(&prime, &name.into()).unwrap_or_default();
    let text = if part("text").is_undefined() { Some(String::new()) } else { part("text").as_string() };
    let points = part("points");
    if !Array::is_array(&points) && !points.is_instance_of::<Float32Array>() {
        return Err(bad("expected { text, points }, with `points` an array or Float32Array"));
    }
    let text = text.ok_or_else(|| bad("`text` has to be a string"))?;
    let points = Float32Array::new(&points).to_vec();
    Ok((rest.into(), Some(PrimeInk { text, points, drawn: part("drawn").is_truthy() })))
}

fn bad(problem: &str) -> Error {
    Error::Setting { name: "prime".into(), problem: problem.into() }
}
