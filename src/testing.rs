//! Small random networks for tests and benches; no part of the public interface.
#![expect(clippy::expect_used, reason = "only tests call this")]

use crate::engine::cpu::CpuEngine;
use crate::engine::noise::NoiseStream;
#[cfg(test)]
use crate::engine::remote::{Later, RemoteEngine};
#[cfg(test)]
use crate::engine::step::check_chunk;
use crate::engine::{Engine, Noise};
#[cfg(test)]
use crate::engine::{Line, Step};
#[cfg(test)]
use crate::error::{Error, Result};
use crate::model::{Config, Kind, MOST_WEIGHT, Matrix, Quantisation, Weights};
use crate::writer::Writer;
use half::f16;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use safetensors::tensor::{Dtype, TensorView};
#[cfg(test)]
use std::cell::Cell;
#[cfg(test)]
use std::collections::VecDeque;
#[cfg(test)]
use std::rc::Rc;
#[cfg(test)]
use std::sync::Arc;

/// Metadata of a small network.
pub fn config(kind: Kind, hidden: &[usize], mixtures: usize) -> Config {
    let synthesis = kind == Kind::Synthesis;
    Config {
        format: 1,
        kind,
        hidden: hidden.to_vec(),
        mixtures,
        window: if synthesis { 4 } else { 0 },
        alphabet: if synthesis { " abcdefghijklmnopqrstuvwxyz\n".into() } else { String::new() },
        style_dim: if synthesis { 3 } else { 0 },
        styles: if synthesis { vec!["one".into(), "two".into()] } else { Vec::new() },
        stop: synthesis,
        skips: true,
        offset_mean: [0.2, 0.0],
        offset_sd: [40.0, 35.0],
        sample_ms: 20.0,
        gate_order: "ifgo".into(),
        quantisation: Quantisation::F32,
        points_per_character: 25.0,
        dwell: Vec::new(),
        training: serde_json::Value::Null,
        corpus: String::new(),
    }
}

/// Every tensor of a network: name, shape, values. The same seed gives the same numbers.
pub fn tensors(config: &Config, seed: u64) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = move |scale: f32| (rng.next_u32() as f32 / u32::MAX as f32 * 2.0 - 1.0) * scale;
    let mut make = |name: String, shape: &[usize], scale: f32| {
        let values: Vec<f32> = (0..shape.iter().product::<usize>()).map(|_| uniform(scale)).collect();
        (name, shape.to_vec(), values)
    };
    let mut tensors = Vec::new();
    for (l, &h) in config.hidden.iter().enumerate() {
        let columns = config.columns(l) - config.absent_columns(l);
        tensors.push(make(format!("lstm.{l}.weight"), &[4 * h, columns], 1.7 / (h as f32).sqrt()));
        tensors.push(make(format!("lstm.{l}.bias"), &[4 * h], 0.5));
        if config.style_dim > 0 {
            tensors.push(make(format!("lstm.{l}.style"), &[4 * h, config.style_dim], 0.3));
        }
    }
    if config.window > 0 {
        let k = config.window;
        tensors.push(make("window.weight".into(), &[3 * k, config.hidden[0]], 0.3));
        let mut bias = make("window.bias".into(), &[3 * k], 0.3);
        // about a fifth of a character per timestep
        bias.2[2 * k..].iter_mut().for_each(|v| *v -= 1.6);
        tensors.push(bias);
    }
    let total = config.hidden_total() - config.absent_outputs();
    tensors.push(make("output.weight".into(), &[config.outputs(), total], 1.0 / (total as f32).sqrt()));
    let mut bias = make("output.bias".into(), &[config.outputs()], 0.7);
    bias.2[0] += 2.0;
    if config.stop {
        // never stops by itself, so that tests can choose how long to run
        if let Some(stop) = bias.2.last_mut() {
            *stop = -8.0;
        }
    }
    tensors.push(bias);
    if config.style_dim > 0 {
        tensors.push(make("style.table".into(), &[config.styles.len(), config.style_dim], 1.0));
    }
    tensors
}

/// A tensor as a weights file stores it.
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Type of its numbers.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, little-endian.
    pub bytes: Vec<u8>,
}

impl Stored {
    fn new<const N: usize>(name: &str, dtype: Dtype, shape: &[usize], numbers: impl Iterator<Item = [u8; N]>) -> Self {
        Self { name: name.into(), dtype, shape: shape.to_vec(), bytes: numbers.flatten().collect() }
    }
}

/// A weights file of these tensors, with `metadata` under the key `running-hand`.
pub fn file_of(metadata: &str, tensors: &[Stored]) -> Vec<u8> {
    let views = tensors.iter().map(|t| {
        let view = TensorView::new(t.dtype, t.shape.clone(), &t.bytes);
        (t.name.clone(), view.expect("shape and values agree"))
    });
    let metadata = [("running-hand".to_string(), metadata.to_string())];
    safetensors::serialize(views, Some(metadata.into_iter().collect())).expect("serialisable")
}

/// As [`file_of`], with the values as `f32`.
pub fn file(metadata: &str, tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let stored = tensors
        .iter()
        .map(|(name, shape, values)| Stored::new(name, Dtype::F32, shape, values.iter().map(|v| v.to_le_bytes())));
    file_of(metadata, &stored.collect::<Vec<_>>())
}

/// As [`file_of`], with the values as `f16`.
pub fn file_f16(metadata: &str, tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<u8> {
    let stored = tensors.iter().map(|(name, shape, values)| {
        Stored::new(name, Dtype::F16, shape, values.iter().map(|&v| f16::from_f32(v).to_le_bytes()))
    });
    file_of(metadata, &stored.collect::<Vec<_>>())
}

/// Matrices as `I8` with the scale of each row, by a rule of their own, the rest (and the style table) as `f32`.
pub fn int8(tensors: &[(String, Vec<usize>, Vec<f32>)]) -> Vec<Stored> {
    let mut stored = Vec::new();
    for (name, shape, values) in tensors {
        if shape.len() != 2 || name == "style.table" {
            stored.push(Stored::new(name, Dtype::F32, shape, values.iter().map(|v| v.to_le_bytes())));
            continue;
        }
        let rows = values.chunks(shape[1]);
        let scales: Vec<f32> =
            rows.clone().map(|row| row.iter().fold(0.0f32, |m, v| m.max(v.abs())) / f32::from(MOST_WEIGHT)).collect();
        let whole =
            rows.zip(&scales).flat_map(|(row, s)| row.iter().map(move |v| ((v / s).round() as i8).to_le_bytes()));
        stored.push(Stored::new(name, Dtype::I8, shape, whole));
        let scales = scales.iter().map(|v| v.to_le_bytes());
        stored.push(Stored::new(&format!("{name}.scale"), Dtype::F32, &shape[..1], scales));
    }
    stored
}

/// Bytes of a random network's weights file.
pub fn weights_file(config: &Config, seed: u64) -> Vec<u8> {
    file(&serde_json::to_string(config).expect("serialisable"), &tensors(config, seed))
}

/// A random network.
pub fn weights(config: &Config, seed: u64) -> Weights {
    Weights::from_bytes(&weights_file(config, seed), "random.safetensors").expect("valid")
}

/// All elements of a matrix as `f32`, row-major.
pub fn elements(matrix: &Matrix) -> Vec<f32> {
    let mut elements = vec![0.0; matrix.len()];
    elements.chunks_exact_mut(matrix.columns).enumerate().for_each(|(row, to)| matrix.copy_row(row, to));
    elements
}

/// A writer on the CPU engine, with a small network of either kind.
pub fn writer() -> Writer {
    let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
    writer.set_weights(weights(&config(Kind::Prediction, &[9, 8], 3), 1));
    writer.set_weights(weights(&config(Kind::Synthesis, &[9, 8], 3), 2));
    writer
}

/// Ink for priming: `count` absolute points in corpus units, a zigzag to the right in strokes of ten points.
pub fn zigzag(count: usize) -> Vec<[f32; 3]> {
    let point =
        |k: usize| [100.0 + 17.0 * k as f32, if k % 4 < 2 { 30.0 } else { -90.0 }, f32::from(u8::from(k % 10 == 9))];
    (0..count).map(point).collect()
}

/// A GPU that is lost after so many chunks. It does what a GPU engine does, with the numbers of the CPU engine: several
/// chunks may be in flight while slots are assigned and rewound, which take effect with the next chunk submitted, and
/// a rewind goes back to the line's beginning.
#[cfg(test)]
#[derive(Debug)]
pub struct LostGpu {
    cpu: CpuEngine,
    lines: usize,
    in_flight: VecDeque<Vec<Step>>,
    /// How many these are, for tests.
    count: Rc<Cell<usize>>,
    /// Chunks that can still be collected.
    left: usize,
}

#[cfg(test)]
impl LostGpu {
    /// Lost when chunk `chunks` (counted from 0) is collected.
    pub fn after(chunks: usize) -> Self {
        Self { cpu: CpuEngine::new(), lines: 0, in_flight: VecDeque::new(), count: Rc::default(), left: chunks }
    }

    /// Tells how many chunks were submitted and not collected.
    pub fn counter(&self) -> Rc<Cell<usize>> {
        Rc::clone(&self.count)
    }
}

#[cfg(test)]
impl RemoteEngine for LostGpu {
    fn label(&self) -> String {
        "a GPU that is lost".into()
    }

    fn holds(&self, _weights: &Arc<Weights>) -> bool {
        true
    }

    fn open<'a>(&'a mut self, weights: &'a Arc<Weights>, lines: &'a [Line], _longest: usize) -> Later<'a, ()> {
        Box::pin(async {
            self.in_flight.clear();
            self.lines = lines.len();
            self.cpu.open(weights, lines)
        })
    }

    fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()> {
        self.cpu.assign_slot(slot, line)
    }

    fn restart(&mut self, slot: usize) -> Result<()> {
        self.cpu.rewind(slot, 0).map(drop)
    }

    fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        check_chunk(steps, self.lines, noise, self.in_flight.len())?;
        self.cpu.submit(steps, noise)?;
        self.in_flight.push_back(self.cpu.collect()?);
        self.count.set(self.in_flight.len());
        Ok(())
    }

    fn collect(&mut self) -> Later<'_, Vec<Step>> {
        Box::pin(async {
            let Some(left) = self.left.checked_sub(1) else { return Err(Error::DeviceLost("unplugged".into())) };
            self.left = left;
            let chunk = self.in_flight.pop_front();
            self.count.set(self.in_flight.len());
            chunk.ok_or_else(crate::engine::step::nothing_submitted)
        })
    }
}

/// Noise for `lines` lines of `steps` timesteps, as engines want it.
pub fn noise(seed: u64, lines: usize, steps: usize) -> Vec<Noise> {
    let mut noise = Vec::new();
    for line in 0..lines {
        NoiseStream::new(seed, line as u64).extend(steps, &mut noise);
    }
    noise
}
