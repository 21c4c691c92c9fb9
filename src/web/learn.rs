//! Learning a hand, for JavaScript: a WebAssembly module of its own, in a worker of its own (`www/capture/learn-worker.js`),
//! which is loaded only when somebody learns a hand.

#[path = "own_hand.rs"]
mod own_hand;

use crate::adapt::{self, Batch, Descent, Example, LineResult, Losses, Pass, Recipe, Trainable};
use crate::capture::{self, HandSample, LearntHand, MAX_LINES};
use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::error::Error;
use crate::model::{Hand, Kind, Weights};
use crate::text::alphabet::Alphabet;
use crate::writer::{Prime, Settings, Writer};
use own_hand::{InkSample, OwnHand, to_js};
use serde::{Deserialize, Serialize};
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

/** A pass over the lines: see `LineGradients.compute`. */
export interface Pass {
  gradient: boolean;
  released: boolean;
  onlyBiases: boolean;
}
"#;

/// As [`Pass`].
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsPass {
    gradient: bool,
    released: bool,
    only_biases: bool,
}

#[derive(Serialize)]
struct Progress {
    step: usize,
    steps: usize,
    loss: f64,
}

/// Learns a hand, step by step: it says what it wants to know of the lines, and makes a hand of that. [`LineGradients`], in
/// as many workers as there are cores for, compute it; the hand does not depend on their number.
#[wasm_bindgen]
pub struct HandLearner {
    weights: Arc<Weights>,
    samples: Vec<HandSample>,
    examples: Vec<Example>,
    descent: Descent,
    strength: f32,
    /// Whether no strength is bearable.
    loses_text: bool,
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
        let weights = read_weights(weights)?;
        let samples = read_samples(samples)?;
        let mut examples = Vec::new();
        for sample in &samples {
            examples.push(example(&weights, sample)?);
        }
        adapt::check(&weights, &examples)?;
        let descent = Descent::new(&weights, Recipe::for_lines(examples.len()));
        let strength = Recipe::strength(examples.len());
        Ok(Self { weights, samples, examples, descent, strength, loses_text: false, adjusted: None })
    }

    /// The numbers of the lines that each of at most so many workers takes.
    #[wasm_bindgen(unchecked_return_type = "number[][]")]
    pub fn shares(&self, workers: usize) -> Result<JsValue, JsError> {
        let lengths: Vec<usize> = self.examples.iter().map(|example| example.points.len()).collect();
        to_js(&adapt::shares(&lengths, workers))
    }

    /// Computes a share of the lines here.
    #[wasm_bindgen(js_name = computeHere)]
    pub fn compute_here(&self, lines: &[u32]) -> LineGradients {
        LineGradients::of(&self.weights, &self.examples, lines)
    }

    /// The pass over all lines that comes next; `undefined` when all is done.
    #[wasm_bindgen(unchecked_return_type = "Pass | undefined")]
    pub fn wanted(&self) -> Result<JsValue, JsError> {
        let Some(Pass { gradient, released, only_biases }) = self.descent.wanted() else {
            return Ok(JsValue::UNDEFINED);
        };
        to_js(&JsPass { gradient, released, only_biases })
    }

    /// The parameters that it is about.
    pub fn parameters(&self) -> Vec<f32> {
        self.descent.parameters().to_vec()
    }

    /// Takes what [`LineGradients::compute`] told of all lines, in their order, and goes one step; `undefined` when all are
    /// done.
    #[wasm_bindgen(unchecked_return_type = "LearningProgress | undefined")]
    pub fn take(&mut self, told: &[f64]) -> Result<JsValue, JsError> {
        let width = told.len() / self.examples.len();
        let results: Vec<LineResult> = told.chunks_exact(width.max(LOSSES)).map(unpack).collect();
        if results.len() != self.examples.len() {
            return Err(JsError::new("a worker left lines out"));
        }
        let Some(progress) = self.descent.take(&results)? else { return Ok(JsValue::UNDEFINED) };
        let losses = progress.losses;
        let loss = (losses.learnt.point + losses.learnt.stop) / losses.points.max(1) as f64;
        to_js(&Progress { step: progress.step, steps: progress.steps, loss })
    }

    /// Ends the learning before all steps are done, with the best hand until then.
    pub fn finish(&mut self) {
        self.descent.finish();
    }

    /// A text in the hand so far, as points x, y, pen in corpus units, from the first line on and without checks: a look at
    /// it, which takes a fraction of a second.
    pub fn sketch(&self, text: String) -> js_sys::Promise {
        let (weights, hand, strength) = (Arc::clone(&self.weights), Arc::new(self.descent.hand()), self.strength);
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
        let prime = Some(Arc::new(self.first_line()?));
        let hand = Some(Arc::new(self.descent.hand()));
        let mut settings = Settings { hand, strength: self.strength, prime, ..Settings::default() };
        let bearable = writer.bearable_strength(&settings).await?;
        self.loses_text = bearable.is_none();
        self.strength = bearable.unwrap_or_default();
        settings.strength = self.strength;
        let config = &self.weights.config;
        let mut lines = Vec::new();
        for sample in &self.samples {
            lines.push(capture::fit(config, &sample.text, &sample.strokes)?);
        }
        let lines: Vec<_> = lines.iter().map(|(points, _)| &points[..]).collect();
        self.adjusted = writer.adjusted_hand(&settings, &lines).await?;
        Ok(self)
    }

    /// Whether words that go on from the first line cannot be written, however little of the hand is used: its ink seems
    /// to be that of another text. Known once the strength is found.
    #[wasm_bindgen(getter, js_name = losesText)]
    pub fn loses_text(&self) -> bool {
        self.loses_text
    }

    /// Whether all of the usual strength can be used.
    #[wasm_bindgen(getter, js_name = isLegible)]
    pub fn is_legible(&self) -> bool {
        self.strength >= Recipe::strength(self.examples.len())
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
        self.adjusted.as_deref().cloned().unwrap_or_else(|| self.descent.hand())
    }

    /// The first line, to go on from.
    fn first_line(&self) -> Result<Prime, JsError> {
        let sample = &self.samples[0];
        let (points, text) = capture::fit(&self.weights.config, &sample.text, &sample.strokes)?;
        Ok(Prime::new(&self.weights.config, &text.written, &points)?)
    }
}

/// Computes losses and gradients of some of the lines, on one core.
#[wasm_bindgen]
pub struct LineGradients {
    trainable: Trainable,
    batch: Batch,
}

#[wasm_bindgen]
impl LineGradients {
    /// Of the lines with these numbers, of all that a [`HandLearner`] learns from.
    #[wasm_bindgen(constructor)]
    pub fn new(
        weights: &[u8],
        #[wasm_bindgen(unchecked_param_type = "InkSample[]")] samples: JsValue,
        lines: &[u32],
    ) -> Result<Self, JsError> {
        let weights = read_weights(weights)?;
        let mut examples = Vec::new();
        for sample in read_samples(samples)? {
            examples.push(example(&weights, &sample)?);
        }
        adapt::check(&weights, &examples)?;
        Ok(Self::of(&weights, &examples, lines))
    }

    /// What a pass tells of each line, one after the other, for [`HandLearner::take`].
    pub fn compute(
        &mut self,
        parameters: &[f32],
        #[wasm_bindgen(unchecked_param_type = "Pass")] pass: JsValue,
    ) -> Result<Vec<f64>, JsError> {
        if parameters.len() != self.trainable.layout.count() {
            return Err(JsError::new("these parameters are those of another network"));
        }
        let JsPass { gradient, released, only_biases } = serde_wasm_bindgen::from_value(pass)?;
        let results = self.trainable.run(&mut self.batch, parameters, Pass { gradient, released, only_biases });
        Ok(results.iter().flat_map(pack).collect())
    }
}

impl LineGradients {
    fn of(weights: &Arc<Weights>, examples: &[Example], lines: &[u32]) -> Self {
        let recipe = Recipe::for_lines(examples.len());
        let own: Vec<Example> = lines.iter().filter_map(|&line| examples.get(line as usize).cloned()).collect();
        let trainable = Trainable::new(weights, recipe.rounded);
        Self { batch: Batch::new(&trainable, &own, recipe.held), trainable }
    }
}

/// Numbers that a line's losses are packed in; the gradient comes after them.
const LOSSES: usize = 6;

fn pack(LineResult { losses, gradient }: &LineResult) -> Vec<f64> {
    let Losses { learnt, points, held, held_points } = *losses;
    let losses = [learnt.point, learnt.stop, points as f64, held.point, held.stop, held_points as f64];
    losses.into_iter().chain(gradient.iter().map(|&value| f64::from(value))).collect()
}

fn unpack(packed: &[f64]) -> LineResult {
    let loss = |at: usize| adapt::Loss { point: packed[at], stop: packed[at + 1] };
    let losses = Losses { learnt: loss(0), points: packed[2] as usize, held: loss(3), held_points: packed[5] as usize };
    LineResult { losses, gradient: packed[LOSSES..].iter().map(|&value| value as f32).collect() }
}

fn read_weights(bytes: &[u8]) -> Result<Arc<Weights>, JsError> {
    console_error_panic_hook::set_once();
    Ok(Arc::new(Weights::from_bytes_of(Kind::Synthesis, bytes, "weights")?))
}

fn read_samples(samples: JsValue) -> Result<Vec<HandSample>, JsError> {
    let samples: Vec<InkSample> = serde_wasm_bindgen::from_value(samples)?;
    if !(1..=MAX_LINES).contains(&samples.len()) {
        return Err(JsError::new(&format!("a hand is learnt from 1 to {MAX_LINES} lines, not {}", samples.len())));
    }
    Ok(samples.into_iter().map(HandSample::from).collect())
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
