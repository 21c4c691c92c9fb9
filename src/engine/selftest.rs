//! The self-test of an adapter: some drivers return wrong numbers without any error.
//!
//! The GPU and the CPU engine compute two lines of a small network of fixed numbers. That takes as long as the first
//! chunk of a line, so each adapter is tested once per process.

use super::cpu::CpuEngine;
use super::gpu::GpuEngine;
use super::noise::NoiseStream;
use super::step::{Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::{Config, Dense, Elements, Kind, LstmWeights, Matrix, Quantisation, QuantisedMatrix, Weights};
use std::sync::{Arc, Mutex, PoisonError};

/// Timesteps of each line.
const STEPS: usize = 12;

/// Labels of the adapters tested so far, and what was wrong with them.
static TESTED: Mutex<Vec<(String, Option<String>)>> = Mutex::new(Vec::new());

/// A GPU engine that has passed the test; on a software adapter only if `software` is set.
///
/// # Errors
/// As [`run`].
pub(crate) async fn tested(software: bool) -> Result<GpuEngine> {
    let mut engine = GpuEngine::new(software).await?;
    run_once(&mut engine).await?;
    Ok(engine)
}

/// As [`run`], but an adapter with the same label is tested only once; its result is remembered.
///
/// # Errors
/// As [`run`].
async fn run_once(engine: &mut GpuEngine) -> Result<()> {
    let label = engine.label();
    let known = {
        let tested = TESTED.lock().unwrap_or_else(PoisonError::into_inner);
        tested.iter().find(|(other, _)| *other == label).map(|(_, problem)| problem.clone())
    };
    match known {
        Some(None) => Ok(()),
        Some(Some(problem)) => Err(Error::GpuUnavailable(problem)),
        None => {
            let result = run(engine).await;
            let problem = match &result {
                Err(Error::GpuUnavailable(problem)) => Some(problem.clone()),
                _ => None,
            };
            TESTED.lock().unwrap_or_else(PoisonError::into_inner).push((label, problem));
            result
        }
    }
}

/// Compares the adapter's points with the CPU engine's. Discards the engine's batch.
///
/// # Errors
/// [`Error::GpuUnavailable`] if they differ, or if the adapter cannot compute them at all.
pub async fn run(engine: &mut GpuEngine) -> Result<()> {
    let found = found(engine).await;
    engine.close();
    let label = engine.label();
    let found = found.map_err(|error| match error {
        Error::DeviceLost(cause) => Error::GpuUnavailable(format!("{label} was lost while it was tested, {cause}")),
        other => other,
    })?;
    match difference(&found, &expected(&network())?) {
        None => Ok(()),
        Some((found, expected)) => {
            Err(Error::GpuUnavailable(format!("{label} computes wrong numbers, {found} where {expected} is right")))
        }
    }
}

async fn found(engine: &mut GpuEngine) -> Result<Vec<Step>> {
    engine.open(&Arc::new(network()), &lines()).await?;
    engine.submit(STEPS, &noise())?;
    engine.collect().await
}

fn expected(weights: &Weights) -> Result<Vec<Step>> {
    let mut twin = CpuEngine::new();
    twin.open(&Arc::new(weights.clone()), &lines())?;
    twin.submit(STEPS, &noise())?;
    twin.collect()
}

/// The first number that is not the expected one, and that one. Whole numbers leave nothing to rounding.
fn difference(found: &[Step], expected: &[Step]) -> Option<(f32, f32)> {
    let numbers = |steps: &[Step]| bytemuck::cast_slice::<Step, f32>(steps).to_vec();
    // A NaN is different from every number.
    numbers(found).into_iter().zip(numbers(expected)).find(|(found, expected)| found != expected)
}

fn lines() -> [Line; 2] {
    let line = |ids: &[u32], bias, style| Line {
        ids: ids.to_vec(),
        style: vec![style],
        hand: None,
        bias,
        temperature: 1.0 - bias / 4.0,
        prefix: vec![[0.5, -0.25, 0.0]; ids.len() / 4],
    };
    [line(&[2, 3, 1, 2, 0], 0.5, 1.0), line(&[3, 0], 0.0, -0.5)]
}

fn noise() -> Vec<Noise> {
    let mut noise = Vec::new();
    for line in 0..2 {
        NoiseStream::new(SEED, line).extend(STEPS, &mut noise);
    }
    noise
}

const SEED: u64 = 1;

/// Two layers of odd sizes, of several blocks of the shaders' vectors; text, style, and a stop.
fn network() -> Weights {
    let config = Config {
        format: 1,
        kind: Kind::Synthesis,
        hidden: vec![37, 21],
        mixtures: 3,
        window: 2,
        alphabet: " ab".into(),
        style_dim: 1,
        styles: vec!["one".into()],
        stop: true,
        skips: true,
        offset_mean: [0.0; 2],
        offset_sd: [1.0; 2],
        sample_ms: 20.0,
        gate_order: "ifgo".into(),
        quantisation: Quantisation::F32,
        points_per_character: 25.0,
        dwell: Vec::new(),
        training: serde_json::Value::Null,
        corpus: String::new(),
    };
    // A linear congruential generator (Numerical Recipes): the numbers need to be fixed, not random.
    let mut state = 1u32;
    let mut numbers = |count: usize| -> Vec<f32> {
        let number = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as f32 / 256.0 - 0.5
        };
        (0..count).map(number).collect()
    };
    let matrix = |values: Vec<f32>, columns: usize| Matrix { columns, elements: Elements::F32(values) };
    let mut dense = |rows: usize, columns: usize| {
        let weight = QuantisedMatrix::of(&matrix(numbers(rows * columns), columns));
        let bias = numbers(rows);
        Dense { weight, bias }
    };
    let gates: Vec<Dense> = (0..2).map(|l| dense(4 * config.hidden[l], config.columns(l))).collect();
    let (window, output) = (dense(6, config.hidden[0]), dense(config.outputs(), config.hidden_total()));
    let layers = gates.into_iter().zip(&config.hidden).map(|(gates, &hidden)| {
        let style = Some(matrix(numbers(4 * hidden), 1));
        LstmWeights { gates, style, hidden }
    });
    Weights {
        layers: layers.collect(),
        window: Some(window),
        output,
        style_table: Some(matrix(vec![0.0], 1)),
        fingerprint: 0,
        config,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_points_vary() {
        let steps = expected(&network()).unwrap();
        assert_eq!(steps.len(), 2 * STEPS);
        let all = |part: fn(&Step) -> f32| {
            let mut values: Vec<f32> = steps.iter().map(part).collect();
            values.sort_by(f32::total_cmp);
            values.dedup();
            values.len()
        };
        assert!(all(|s| s.component) == 3 && all(|s| s.pen) == 2 && all(|s| s.position) > 1 && all(|s| s.dx) > 20);
    }

    #[test]
    fn a_wrong_number_is_found_wherever_it_is() {
        let right = expected(&network()).unwrap();
        assert_eq!(difference(&right, &right), None);
        for wrong in [f32::NAN, f32::INFINITY, 1.0 / 1024.0, -1.0] {
            for (step, word) in [(0, 0), (STEPS, 4), (2 * STEPS - 1, 8)] {
                let mut found = right.clone();
                bytemuck::cast_slice_mut::<Step, f32>(&mut found)[9 * step + word] += wrong;
                assert!(difference(&found, &right).is_some());
            }
        }
    }
}
