//! See it think, for JavaScript: the moments of the line that a point of the page belongs to.

use super::{Writing, to_js};
use crate::document::Page;
use crate::inspect::{Replay, Snapshot};
use async_lock::Mutex;
use js_sys::{Float32Array, Reflect};
use serde::Serialize;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/**
 * Snapshots of one line: what the network said just before each of its points was drawn. `moments` has
 * `stride` numbers for each; offsets are in units of `sd`, around `mean`, which are in corpus units:
 *
 * - 0 to 9: e, ê, stop, position, κ, log density, then what was drawn: Δx, Δy, pen, component;
 * - then for each of the `mixtures`: π, μx, μy, σx, σy, ρ, under bias and temperature; π̂, σ̂x, σ̂y;
 * - then φ of each of the `characters`.
 */
export interface Snapshots {
  /** Index of the line, counted from 0. */
  line: number;
  /** Index of the line's first point among all of the writing's points. */
  first: number;
  /**
   * The n-th moment is what the network said before it drew the point `first + ahead + n`: 1, or 0 for a
   * line that goes on from given ink.
   */
  ahead: number;
  /** Snapshots that the line has by now. */
  count: number;
  /** Which of them is the first of `moments`. */
  from: number;
  moments: Float32Array;
  stride: number;
  mixtures: number;
  /** What the window looks at, without what was given; the last one, the end mark, is "". Empty without text. */
  characters: string[];
  bias: number;
  temperature: number;
  mean: [number, number];
  sd: [number, number];
}
"#;

/// Numbers of a moment before its mixture, and of each mixture component.
const HEAD: usize = 10;
const COMPONENT: usize = 9;

#[derive(Serialize)]
struct Snapshots {
    line: usize,
    first: usize,
    ahead: usize,
    count: usize,
    from: usize,
    stride: usize,
    mixtures: usize,
    characters: Vec<String>,
    bias: f32,
    temperature: f32,
    mean: [f32; 2],
    sd: [f32; 2],
}

/// Looks into a writing: replays its lines on the CPU, whichever engine wrote them. Costs nothing
/// until it is asked.
#[wasm_bindgen]
pub struct Inspector {
    page: Rc<Mutex<Page>>,
    /// The line that is replayed, and its replay.
    current: RefCell<Option<(usize, Replay)>>,
}

#[wasm_bindgen]
impl Inspector {
    /// Looks into a writing, which may be under way or over.
    #[wasm_bindgen(constructor)]
    pub fn new(writing: &Writing) -> Inspector {
        Self { page: Rc::clone(&writing.page), current: RefCell::new(None) }
    }

    /// At most `most` moments of the line to which the writing's `point` belongs; `undefined` before
    /// the first line. If that is `line`, they begin with moment `from`, else with the line. To go on
    /// where the last call ended costs least.
    #[wasm_bindgen(unchecked_return_type = "Snapshots | undefined")]
    pub async fn moments(&self, point: usize, line: usize, from: usize, most: usize) -> Result<JsValue, JsError> {
        let page = self.page.lock().await;
        let records = page.records();
        let Some(index) = records.iter().rposition(|record| record.first_point <= point) else {
            return Ok(JsValue::UNDEFINED);
        };
        let record = &records[index];
        let from = if line == index { from } else { 0 };
        let mut replay = match self.current.take() {
            Some((line, replay)) if line == index && replay.replayed() <= from => replay,
            _ => Replay::new(&record.weights, &record.line)?,
        };
        replay.extend(&record.drawn[replay.point_count()..]);
        let passed = from - replay.replayed();
        let mut numbers = Vec::new();
        for moment in replay.by_ref().skip(passed).take(most) {
            extend(&mut numbers, &moment, record.prime_characters);
        }
        let config = &record.weights.config;
        let characters = replay.characters().into_iter();
        let moments = to_js(&Snapshots {
            line: index,
            first: record.first_point,
            ahead: record.point_index(0) - record.first_point,
            count: record.drawn.len(),
            from,
            stride: HEAD + COMPONENT * config.mixtures + record.line.ids.len() - record.prime_characters,
            mixtures: config.mixtures,
            characters: characters
                .skip(record.prime_characters)
                .map(|c| c.map(String::from).unwrap_or_default())
                .collect(),
            bias: record.line.bias,
            temperature: record.line.temperature,
            mean: config.offset_mean,
            sd: config.offset_sd,
        })?;
        let numbers = Float32Array::from(&numbers[..]);
        Reflect::set(&moments, &"moments".into(), &numbers)
            .map_err(|_| JsError::new("an object refused a property"))?;
        *self.current.borrow_mut() = Some((index, replay));
        Ok(moments)
    }
}

/// The numbers of a moment, in the order that `Snapshots` tells, without the first `given` characters.
fn extend(numbers: &mut Vec<f32>, moment: &Snapshot, given: usize) {
    let drawn = &moment.drawn;
    numbers.extend([
        moment.pen_probability,
        moment.pen_hat,
        moment.stop,
        moment.position.saturating_sub(given) as f32,
        moment.kappa - given as f32,
        moment.log_density,
        drawn.dx,
        drawn.dy,
        f32::from(u8::from(drawn.pen_lift)),
        f32::from(drawn.component),
    ]);
    for c in &moment.components {
        numbers.extend([c.pi, c.mu[0], c.mu[1], c.sigma[0], c.sigma[1], c.rho]);
        numbers.extend([c.pi_hat, c.sigma_hat[0], c.sigma_hat[1]]);
    }
    numbers.extend(&moment.phi[given..]);
}
