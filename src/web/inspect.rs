//! Inspection, for JavaScript: the snapshots of the line to which a point of the writing belongs.

use super::{State, Writing, set, to_js};
use crate::inspect::{Replay, Snapshot};
use js_sys::Float32Array;
use serde::Serialize;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/**
 * Snapshots of one line: the network's output just before each of its points was drawn. `snapshots` has
 * `stride` numbers for each. Offsets are in units of `sd`, around `mean`; both are in corpus units:
 *
 * - 0 to 9: e, ê, stop, position, κ, log density, then what was drawn: Δx, Δy, pen, component;
 * - 10 to 13: the layout's transform there, from offsets in corpus units to the page:
 *   x' = n₁₀ x + n₁₁ y, y' = n₁₂ x + n₁₃ y;
 * - then for each of the `mixtures`: π, μx, μy, σx, σy, ρ, under bias and temperature; π̂, σ̂x, σ̂y;
 * - then φ of each of the `characters`.
 */
export interface Snapshots {
  /** Index of the line, counted from 0. */
  line: number;
  /** Index of the line's first point among all of the writing's points. */
  first: number;
  /**
   * The n-th snapshot belongs to the point `first + ahead + n`, which was drawn just after it, moved by `shifts`. 1, or
   * 0 for a line that continues priming ink.
   */
  ahead: number;
  /** `[n, by]`: from the n-th snapshot on, points are moved by so many, because of marks that the network did not draw. */
  shifts: [number, number][];
  /** Number of snapshots that the line has so far. */
  count: number;
  /** Index of the first one in `snapshots`. */
  from: number;
  snapshots: Float32Array;
  stride: number;
  mixtures: number;
  /** The line's characters, without those of priming ink; the last one, the end mark, is "". Empty without text. */
  characters: string[];
  bias: number;
  temperature: number;
  mean: [number, number];
  sd: [number, number];
}
"#;

/// Numbers of a snapshot before its mixture, and of each mixture component.
const HEAD: usize = 10 + MAP;
const COMPONENT: usize = 9;
/// Numbers of the layout's transform, the last of `HEAD`.
const MAP: usize = 4;

#[derive(Serialize)]
struct Snapshots {
    line: usize,
    first: usize,
    ahead: usize,
    shifts: Vec<(usize, isize)>,
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

/// Inspects a writing: replays its lines on the CPU, whichever engine wrote them. Costs nothing until
/// snapshots are requested.
#[wasm_bindgen]
pub struct Inspector {
    state: Rc<State>,
    /// The line that is replayed, and its replay.
    current: RefCell<Option<(usize, Replay)>>,
}

#[wasm_bindgen]
impl Inspector {
    /// An inspector of a writing, which may have ended or not.
    #[wasm_bindgen(constructor)]
    pub fn new(writing: &Writing) -> Inspector {
        Self { state: Rc::clone(&writing.state), current: RefCell::new(None) }
    }

    /// At most `most` snapshots of the line to which the writing's `point` belongs; `undefined` before
    /// the first line. If that line is `line`, they begin with snapshot `from`, else with the first one.
    /// Continuing where the last call ended costs least.
    #[wasm_bindgen(unchecked_return_type = "Snapshots | undefined")]
    pub async fn snapshots(&self, point: usize, line: usize, from: usize, most: usize) -> Result<JsValue, JsError> {
        let lines = self.state.lines.lock().await;
        let pages = self.state.pages.borrow();
        let (records, drawn) = (&lines.records, pages.drawn_points());
        let point = point.saturating_sub(drawn);
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
        // Only those whose point has been placed.
        let layout = pages.layout();
        let placed = layout.points().len().saturating_sub(drawn);
        let count = (0..record.drawn.len()).collect::<Vec<_>>().partition_point(|&n| record.point_index(n) < placed);
        let passed = from - replay.replayed();
        let mut numbers = Vec::new();
        for (n, snapshot) in replay.by_ref().skip(passed).take(most.min(count.saturating_sub(from))).enumerate() {
            extend(&mut numbers, &snapshot, record.prime_characters);
            // Before the first point of a primed line, the pen is on no point of the writing.
            let pen = (drawn + record.point_index(from + n)).saturating_sub(1);
            let map = layout.transform(pen).or_else(|| layout.transform(pen + 1)).unwrap_or_default();
            let map = record.adjustment.then(map);
            let at =
                numbers.len() - snapshot.phi.len() + record.prime_characters - snapshot.components.len() * COMPONENT;
            for (number, value) in numbers[at - MAP..at].iter_mut().zip(map.as_flattened()) {
                *number = *value as f32;
            }
        }
        let config = &record.weights.config;
        let characters = replay.characters().into_iter();
        let snapshots = to_js(&Snapshots {
            line: index,
            first: drawn + record.first_point,
            ahead: usize::from(record.line.prefix.is_empty()),
            shifts: record.shifts.clone(),
            count,
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
        set(snapshots.unchecked_ref(), "snapshots", &Float32Array::from(&numbers[..]))?;
        *self.current.borrow_mut() = Some((index, replay));
        Ok(snapshots)
    }
}

/// Appends the numbers of a snapshot in the order that `Snapshots` describes, without the first `given` characters,
/// those of the priming ink.
fn extend(numbers: &mut Vec<f32>, snapshot: &Snapshot, given: usize) {
    let drawn = &snapshot.drawn;
    numbers.extend([
        snapshot.pen_probability,
        snapshot.pen_hat,
        snapshot.stop,
        snapshot.position.saturating_sub(given) as f32,
        snapshot.kappa - given as f32,
        snapshot.log_density,
        drawn.dx,
        drawn.dy,
        f32::from(u8::from(drawn.pen_lift)),
        f32::from(drawn.component),
    ]);
    // The transform, which the caller fills in.
    numbers.extend([0.0; MAP]);
    for c in &snapshot.components {
        numbers.extend([c.pi, c.mu[0], c.mu[1], c.sigma[0], c.sigma[1], c.rho]);
        numbers.extend([c.pi_hat, c.sigma_hat[0], c.sigma_hat[1]]);
    }
    numbers.extend(&snapshot.phi[given..]);
}
