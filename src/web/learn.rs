//! Learning a hand, for JavaScript: a WebAssembly module of its own, in a worker of its own (`www/capture/learn-worker.js`),
//! which is loaded only when somebody learns a hand.

#[path = "own_hand.rs"]
mod own_hand;

use crate::adapt::{Example, Learner, Recipe};
use crate::capture::{self, HandSample, LearntHand, MAX_LINES};
use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::error::Error;
use crate::model::{Hand, Kind, Weights};
use crate::text::alphabet::Alphabet;
use crate::writer::{Prime, Settings, Writer};
use own_hand::{InkSample, OwnHand, to_js};
use serde::Serialize;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** How far the learning is. */
export interface LearningProgress {
  step: number;
  steps: number;
  /** Nats a point before the step: how badly the hand so far predicts the ink. */
  loss: number;
}
"#;

#[derive(Serialize)]
struct Progress {
    step: usize,
    steps: usize,
    loss: f64,
}

/// Learns a hand, step by step.
#[wasm_bindgen]
pub struct HandLearner {
    weights: Arc<Weights>,
    samples: Vec<HandSample>,
    learner: Learner,
    strength: f32,
    /// The finished hand.
    adjusted: Option<Arc<Hand>>,
}

#[wasm_bindgen]
impl HandLearner {
    /// Gets ready to learn from these lines with the network of a weights file. Throws advice about a line that cannot be
    /// used.
    #[wasm_bindgen(constructor)]
    pub fn new(
        weights: &[u8],
        #[wasm_bindgen(unchecked_param_type = "InkSample[]")] samples: JsValue,
    ) -> Result<Self, JsError> {
        console_error_panic_hook::set_once();
        let weights = Arc::new(Weights::from_bytes_of(Kind::Synthesis, weights, "weights")?);
        let samples: Vec<InkSample> = serde_wasm_bindgen::from_value(samples)?;
        if !(1..=MAX_LINES).contains(&samples.len()) {
            return Err(JsError::new(&format!("a hand is learnt from 1 to {MAX_LINES} lines, not {}", samples.len())));
        }
        let samples: Vec<HandSample> = samples.into_iter().map(HandSample::from).collect();
        let mut examples = Vec::new();
        for sample in &samples {
            examples.push(example(&weights, sample)?);
        }
        let learner = Learner::new(&weights, &examples, Recipe::for_lines(examples.len()), 1)?;
        Ok(Self { weights, samples, learner, strength: Recipe::STRENGTH, adjusted: None })
    }

    /// Goes one step, which takes about a second; `undefined` when all are done.
    #[wasm_bindgen(unchecked_return_type = "LearningProgress | undefined")]
    pub fn step(&mut self) -> Result<JsValue, JsError> {
        let Some(progress) = self.learner.step()? else { return Ok(JsValue::UNDEFINED) };
        let losses = progress.losses;
        let loss = (losses.learnt.point + losses.learnt.stop) / losses.points.max(1) as f64;
        to_js(&Progress { step: progress.step, steps: progress.steps, loss })
    }

    /// Ends the learning before all steps are done, with the best hand until then.
    pub fn finish(&mut self) {
        self.learner.finish();
    }

    /// A text in the hand so far, as points x, y, pen in corpus units, from the first line on and without checks: a look at
    /// it, which takes a fraction of a second.
    pub fn sketch(&self, text: String) -> js_sys::Promise {
        let (weights, hand, strength) = (Arc::clone(&self.weights), Arc::new(self.learner.hand()), self.strength);
        let prime = self.first_line();
        wasm_bindgen_futures::future_to_promise(async move {
            let written = async {
                let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
                writer.set_weights(weights);
                let prime = Some(Arc::new(prime?));
                let settings =
                    Settings { hand: Some(hand), strength, prime, bias: 1.0, attempts: 0, ..Settings::default() };
                writer.start(&text, &settings).await?;
                while writer.next().await?.is_some() {}
                Ok::<_, JsError>(writer.ink())
            };
            let ink = written.await.map_err(JsValue::from)?;
            let points = ink.strokes.iter().flat_map(|stroke| {
                let last = stroke.len().saturating_sub(1);
                stroke.iter().enumerate().flat_map(move |(n, p)| [p.x, p.y, f32::from(u8::from(n == last))])
            });
            Ok(js_sys::Float32Array::from(points.collect::<Vec<f32>>().as_slice()).into())
        })
    }

    /// What has been learnt so far.
    #[wasm_bindgen(unchecked_return_type = "OwnHand")]
    pub fn hand(&self) -> Result<JsValue, JsError> {
        to_js(&OwnHand::new(self.latest(), self.strength))
    }

    /// The first line, for `WriteOptions.prime`: when it goes on from that, the writing is most alike.
    #[wasm_bindgen(unchecked_return_type = "{ text: string; points: Float32Array }")]
    pub fn prime(&self) -> Result<JsValue, JsError> {
        let sample = &self.samples[0];
        let (points, text) = capture::fit(&self.weights.config, &sample.text, &sample.strokes)?;
        let object = js_sys::Object::new();
        let points = js_sys::Float32Array::from(points.as_flattened());
        for (key, value) in [("text", text.written.into()), ("points", JsValue::from(points))] {
            js_sys::Reflect::set(&object, &key.into(), &value)
                .map_err(|_| JsError::new("an object refused a property"))?;
        }
        Ok(object.into())
    }

    /// Takes its strength back until words in it rarely go wrong, and makes what it writes as large and slanted as the
    /// ink. Returns the learner, which it takes.
    #[wasm_bindgen(js_name = findStrength)]
    pub async fn find_strength(mut self) -> Result<Self, JsError> {
        let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
        writer.set_weights(Arc::clone(&self.weights));
        let hand = Arc::new(self.learner.hand());
        self.strength = writer.bearable_strength(&hand, self.strength).await?;
        let config = &self.weights.config;
        let mut lines = Vec::new();
        for sample in &self.samples {
            lines.push(capture::fit(config, &sample.text, &sample.strokes)?);
        }
        let prime = Some(Arc::new(self.first_line()?));
        let settings = Settings { hand: Some(hand), strength: self.strength, prime, ..Settings::default() };
        let lines: Vec<_> = lines.iter().map(|(points, _)| &points[..]).collect();
        self.adjusted = writer.adjusted_hand(&settings, &lines).await?;
        Ok(self)
    }

    /// Whether all of the usual strength can be used.
    #[wasm_bindgen(getter, js_name = isLegible)]
    pub fn is_legible(&self) -> bool {
        self.strength >= Recipe::STRENGTH
    }

    /// The hand's file.
    #[wasm_bindgen(js_name = toFile)]
    pub fn to_file(&self, name: String) -> Result<String, JsError> {
        let Self { samples, strength, .. } = self;
        Ok(LearntHand { name, hand: self.latest(), strength: *strength, samples: samples.clone() }.to_json()?)
    }
}

impl HandLearner {
    /// The finished hand, or what has been learnt so far.
    fn latest(&self) -> Hand {
        self.adjusted.as_deref().cloned().unwrap_or_else(|| self.learner.hand())
    }

    /// The first line, to go on from.
    fn first_line(&self) -> Result<Prime, JsError> {
        let sample = &self.samples[0];
        let (points, text) = capture::fit(&self.weights.config, &sample.text, &sample.strokes)?;
        Ok(Prime::new(&self.weights.config, &text.written, &points)?)
    }
}

/// A line as the network reads it.
fn example(weights: &Weights, sample: &HandSample) -> Result<Example, JsError> {
    let advice = |problem: &dyn std::fmt::Display| JsError::new(&format!("“{}”: {problem}", sample.text));
    let (points, text) =
        capture::fit(&weights.config, &sample.text, &sample.strokes).map_err(|problem| advice(&problem))?;
    let prime = Prime::new(&weights.config, &text.written, &points).map_err(|problem: Error| advice(&problem))?;
    let ids = Alphabet::new(&weights.config.alphabet).encode(&prime.text).ids;
    Ok(Example { ids, points: prime.offsets })
}
