//! The CPU engine against golden fixtures, computed in whole numbers by the trainer's independent reference
//! implementation (`train/reference/`; written by `train/make_fixtures.py`, which lists the tensors): they are equal.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use running_hand::engine::cpu::{Network, State, math};
use running_hand::engine::fixed::Factor;
use running_hand::engine::{Engine, Line, Noise, Step};
use running_hand::model::{Kind, Quantisation, Weights};
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A fixture file: one line of T timesteps, some of them with everything in between.
struct Fixture {
    weights: Arc<Weights>,
    bytes: Vec<u8>,
    line: Line,
    noise: Vec<Noise>,
}

impl Fixture {
    /// `tests/fixtures/{name}.safetensors`. Tiny ones bring their weights along; the others name
    /// the shipped file they were made from.
    fn read(name: &str) -> Self {
        let path = root().join(format!("tests/fixtures/{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|e| {
            panic!("{}: {e}. Make it with `python -m train.make_fixtures --weights weights`.", path.display())
        });
        let weights = if name.starts_with("tiny") {
            Weights::from_bytes(&bytes, name).unwrap()
        } else {
            let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
            let json: Value = serde_json::from_str(&header.metadata().as_ref().unwrap()["running-hand"]).unwrap();
            let file = root().join("weights").join(json["weights"].as_str().unwrap());
            let weights = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let hash: String = Sha256::digest(&weights).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(
                json["sha256"].as_str().unwrap(),
                hash,
                "{} is not the file that {name}.safetensors was made from. Make it again with \
                 `python -m train.make_fixtures --weights weights`.",
                file.display()
            );
            Weights::from_bytes(&weights, &file.display().to_string()).unwrap()
        };
        let mut fixture = Self { weights: Arc::new(weights), bytes, line: Line::default(), noise: Vec::new() };
        let config = &fixture.weights.config;
        fixture.line = Line {
            ids: if config.window > 0 { fixture.words("ids", Dtype::I32) } else { Vec::new() },
            style: if config.style_dim > 0 { fixture.words("style", Dtype::F32) } else { Vec::new() },
            bias: fixture.words("bias", Dtype::F32)[0],
            temperature: fixture.words("temperature", Dtype::F32)[0],
            ..Line::default()
        };
        // Exact in f32: uniforms have 24 bits, normals fewer.
        fixture.noise = fixture
            .rows("noise")
            .iter()
            .map(|n| {
                let [a, b] = [n[0], n[1]].map(|u| u as f32 / 16_777_216.0);
                let [c, d] = [n[2], n[3]].map(|z| z as f32 / 4096.0);
                [a, b, c, d]
            })
            .collect();
        assert!(fixture.noise.len() >= 24, "a few dozen timesteps");
        fixture
    }

    fn words<T: bytemuck::Pod>(&self, name: &str, dtype: Dtype) -> Vec<T> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(&format!("fixture.{name}")).unwrap_or_else(|e| panic!("fixture.{name}: {e}"));
        assert_eq!(view.dtype(), dtype, "fixture.{name}");
        view.data().chunks_exact(4).map(bytemuck::pod_read_unaligned).collect()
    }

    /// `fixture.{name}` by timestep.
    fn rows(&self, name: &str) -> Vec<Vec<i32>> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let shape = tensors.tensor(&format!("fixture.{name}")).unwrap().shape().to_vec();
        let width = shape[1..].iter().product::<usize>().max(1);
        self.words::<i32>(name, Dtype::I32).chunks_exact(width).map(<[i32]>::to_vec).collect()
    }
}

/// Whole numbers on a grid, as the engine reports them.
fn real(rows: &[Vec<i32>], unit: f32) -> Vec<f32> {
    rows.iter().flatten().map(|&value| value as f32 / unit).collect()
}

/// The line from noise alone, through the state and through the engine.
fn compare(name: &str) {
    let fixture = Fixture::read(name);
    let weights = &fixture.weights;
    let network = Network::of(weights);
    let mut state = State::new(&network, &fixture.line);
    let full: Vec<usize> = fixture.rows("steps").concat().into_iter().map(|step| step as usize).collect();
    let mut steps = Vec::new();
    let mut rows = full.iter().enumerate().peekable();
    let expect = |tensor: &str, row: usize, found: Vec<i32>, step: usize| {
        assert_eq!(found, fixture.rows(tensor)[row], "{name}: {tensor} of timestep {step}");
    };
    for (t, noise) in fixture.noise.iter().enumerate() {
        let input = state.point;
        steps.push(state.step(&network, noise));
        let Some((row, _)) = rows.next_if(|(_, step)| **step == t) else { continue };
        expect("x", row, input.to_vec(), t);
        for (l, cell) in state.cell.iter().enumerate() {
            let hidden = &state.hidden[network.hidden[l].clone()];
            expect(&format!("hidden.{l}"), row, hidden.iter().map(|&h| h.into()).collect(), t);
            expect(&format!("cell.{l}"), row, cell.clone(), t);
        }
        if weights.window.is_some() {
            expect("kappa", row, state.kappa.clone(), t);
            expect("phi", row, state.phi.clone(), t);
            expect("window", row, state.window.clone(), t);
        }
        expect("output", row, state.output.clone(), t);
        expect("shares", row, state.shares.iter().map(|&share| share as i32).collect(), t);
    }
    assert!(rows.next().is_none(), "every stored timestep was compared");
    let all = |part: fn(&Step) -> f32| steps.iter().map(part).collect::<Vec<_>>();
    let points: Vec<f32> = steps.iter().flat_map(|step| [step.dx, step.dy, step.pen]).collect();
    assert_eq!(points, real(&fixture.rows("point"), 1024.0), "{name}: points");
    assert_eq!(all(|s| s.component), real(&fixture.rows("component"), 1.0), "{name}: components");
    assert_eq!(all(|s| s.pen_probability), real(&fixture.rows("pen_probability"), 32_768.0), "{name}: pen lifts");
    assert_eq!(all(|s| s.stop), real(&fixture.rows("stop"), 32_768.0), "{name}: stops");
    assert_eq!(all(|s| s.log_density), real(&fixture.rows("log_density"), 1024.0), "{name}: densities");
    if weights.window.is_some() {
        assert_eq!(all(|s| s.position), real(&fixture.rows("position"), 1.0), "{name}: positions");
        assert_eq!(all(|s| s.kappa), real(&fixture.rows("mean_kappa"), 1024.0), "{name}: kappa");
    }

    let engine_steps: Vec<Step> = pollster::block_on(async {
        let (mut engine, _) = Engine::choose("cpu".parse().unwrap()).await;
        engine.open(weights, std::slice::from_ref(&fixture.line)).await.unwrap();
        engine.submit(fixture.noise.len(), &fixture.noise).unwrap();
        engine.collect().await.unwrap()
    });
    assert_eq!(engine_steps, steps, "{name}: the engine does what its state does");
}

/// Every function of `docs/weights-format.md` ("Arithmetic"): rows of arguments, then the value or values.
#[test]
fn the_arithmetic() {
    let cases: Value =
        serde_json::from_slice(&std::fs::read(root().join("tests/fixtures/arithmetic.json")).unwrap()).unwrap();
    let int = |row: &Value, k: usize| row[k].as_i64().unwrap();
    let i32_of = |row: &Value, k: usize| i32::try_from(int(row, k)).unwrap();
    let u32_of = |row: &Value, k: usize| u32::try_from(int(row, k)).unwrap();
    let mut functions = 0;
    for (name, rows) in cases.as_object().unwrap() {
        functions += 1;
        for row in rows.as_array().unwrap() {
            let arguments = row.as_array().unwrap().len();
            let found: Vec<i64> = match name.as_str() {
                "rescale" => vec![math::rescale(i32_of(row, 0), i32_of(row, 1), u32_of(row, 2)).into()],
                "scaled" => vec![math::scaled(i32_of(row, 0), i32_of(row, 1), u32_of(row, 2)).into()],
                "decay" => vec![math::decay(i32_of(row, 0)).into()],
                "sigmoid" => vec![math::sigmoid(i32_of(row, 0)).into()],
                "tanh" => vec![math::tanh(i32_of(row, 0)).into()],
                "exp" => {
                    let (p, n) = math::exp(i32_of(row, 0));
                    vec![p.into(), n.into()]
                }
                "fixed" => vec![math::fixed(i32_of(row, 0), i32_of(row, 1), i32_of(row, 2)).into()],
                "ln" => vec![math::ln(u32_of(row, 0)).into()],
                "share" => vec![math::share(u32_of(row, 0), u32_of(row, 1)).into()],
                "factor" => {
                    let Factor { m, k } = Factor::new(row[0].as_f64().unwrap(), i32_of(row, 1));
                    vec![m.into(), k.into()]
                }
                other => panic!("{other} is no function of the arithmetic"),
            };
            let expected: Vec<i64> = (arguments - found.len()..arguments).map(|k| int(row, k)).collect();
            assert_eq!(found, expected, "{name} of {row}");
        }
    }
    assert_eq!(functions, 10);
}

#[test]
fn the_tiny_prediction_network() {
    compare("tiny-prediction");
}

/// Without skip connections; the output layer reads the upper of two layers only.
#[test]
fn the_tiny_stacked_network() {
    compare("tiny-stacked");
    let config = &Fixture::read("tiny-stacked").weights.config;
    assert_eq!((config.skips, config.absent_columns(1), config.absent_outputs()), (false, 3, 11));
}

#[test]
fn the_tiny_synthesis_network() {
    compare("tiny-synthesis");
}

/// Its matrices are int8 in the file, as in the shipped ones.
#[test]
fn the_tiny_int8_network() {
    compare("tiny-int8");
    assert_eq!(Fixture::read("tiny-int8").weights.config.quantisation, Quantisation::Int8);
}

#[test]
fn the_shipped_prediction_network() {
    compare("prediction");
    assert_eq!(Fixture::read("prediction").weights.config.kind, Kind::Prediction);
}

#[test]
fn the_shipped_synthesis_network() {
    compare("synthesis");
    assert_eq!(Fixture::read("synthesis").weights.config.kind, Kind::Synthesis);
}
