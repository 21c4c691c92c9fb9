//! The CPU engine against golden fixtures, computed in `f64` by the trainer's independent reference implementation
//! (`train/reference/`; written by `train/make_fixtures.py`, which lists the tensors).
//!
//! Each kernel is fed with the fixture's inputs of every timestep, and each tensor it yields is
//! compared as a whole: largest difference over largest magnitude.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![expect(clippy::print_stdout, reason = "the figures are for people")]
#![expect(clippy::needless_range_loop, reason = "t indexes many arrays at once")]

use running_hand::engine::cpu::matvec::multiply_one;
use running_hand::engine::cpu::{Network, State, lstm, mixture, window};
use running_hand::engine::{Engine, Line, Noise, Step};
use running_hand::model::style::gate_bias;
use running_hand::model::{Kind, Quantisation, Weights};
use running_hand::testing::{relative_error, rounded_to_f16};
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// Per kernel. One rounding of `f32` is 6e-8; sums of a thousand products lose one to two digits.
const KERNEL: f32 = 1e-5;
/// For a whole free run, in which errors feed back through the drawn points: measured are 3e-7 with
/// the tiny networks and 2e-5 with the shipped ones; a wrong term shows as 1e-2 at least. Room for
/// weights that amplify more.
const FREE_RUN: f32 = 1e-4;

/// A fixture file: one line of T timesteps, with everything in between.
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
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = root.join(format!("tests/fixtures/{name}.safetensors"));
        let bytes = std::fs::read(&path).unwrap_or_else(|e| {
            panic!("{}: {e}. Make it with `python -m train.make_fixtures --weights weights`.", path.display())
        });
        let weights = if name.starts_with("tiny") {
            Weights::from_bytes(&bytes, name).unwrap()
        } else {
            let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
            let json: serde_json::Value =
                serde_json::from_str(&header.metadata().as_ref().unwrap()["running-hand"]).unwrap();
            let file = root.join("weights").join(json["weights"].as_str().unwrap());
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
            ids: if config.window > 0 { fixture.integers("ids") } else { Vec::new() },
            style: if config.style_dim > 0 { fixture.tensor("style").concat() } else { Vec::new() },
            bias: fixture.tensor("bias")[0][0],
            temperature: fixture.tensor("temperature")[0][0],
            prefix: Vec::new(),
        };
        fixture.noise = fixture.tensor("noise").iter().map(|n| [n[0], n[1], n[2], n[3]]).collect();
        assert!(fixture.noise.len() >= 24, "a few dozen timesteps");
        fixture
    }

    fn integers(&self, name: &str) -> Vec<u32> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(&format!("fixture.{name}")).unwrap();
        assert_eq!(view.dtype(), Dtype::I32);
        view.data().as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).try_into().unwrap()).collect()
    }

    /// `fixture.{name}` by timestep.
    fn tensor(&self, name: &str) -> Vec<Vec<f32>> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = tensors.tensor(&format!("fixture.{name}")).unwrap_or_else(|e| panic!("fixture.{name}: {e}"));
        assert_eq!(view.dtype(), Dtype::F32, "fixture.{name}");
        let values: Vec<f32> = view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let width: usize = view.shape()[1..].iter().product();
        values.chunks_exact(width).map(<[f32]>::to_vec).collect()
    }

    fn layers(&self) -> usize {
        self.weights.layers.len()
    }
}

/// Compares a tensor, and prints its figure for whoever runs with `--nocapture`.
fn close(name: &str, tensor: &str, found: &[Vec<f32>], expected: &[Vec<f32>], tolerance: f32) {
    let error = relative_error(&found.concat(), &expected.concat());
    println!("{name:>16} {tensor:<16} {error:.1e}");
    assert!(error <= tolerance, "{name}: {tensor} is off by {error:e}, tolerated are {tolerance:e}");
}

/// `rows[t - 1]`, zeros before the first.
fn before(rows: &[Vec<f32>], t: usize) -> Vec<f32> {
    if t == 0 { vec![0.0; rows[0].len()] } else { rows[t - 1].clone() }
}

fn kernels(name: &str) {
    let fixture = Fixture::read(name);
    let weights = &fixture.weights;
    let network = Network::of(weights);
    let steps = fixture.noise.len();
    let x = fixture.tensor("x");
    let hidden: Vec<_> = (0..fixture.layers()).map(|l| fixture.tensor(&format!("hidden.{l}"))).collect();
    let cell: Vec<_> = (0..fixture.layers()).map(|l| fixture.tensor(&format!("cell.{l}"))).collect();
    let windows = if weights.window.is_some() { fixture.tensor("window") } else { vec![Vec::new(); steps] };

    for (l, layer) in weights.layers.iter().enumerate() {
        let bias = gate_bias(layer, &fixture.line.style);
        let (mut hiddens, mut cells) = (Vec::new(), Vec::new());
        for t in 0..steps {
            let mut input = x[t].clone();
            if l == 0 {
                input.extend(before(&windows, t));
            } else {
                input.extend(&windows[t]);
                input.extend(&hidden[l - 1][t]);
            }
            input.extend(before(&hidden[l], t));
            let (mut c, mut h) = (before(&cell[l], t), vec![0.0; layer.hidden]);
            let mut sums = vec![0.0; bias.len()];
            multiply_one(&network.gates[l], &input, &mut sums);
            lstm::step(&sums, &bias, &mut c, &mut h);
            hiddens.push(h);
            cells.push(c);
        }
        close(name, &format!("hidden.{l}"), &hiddens, &hidden[l], KERNEL);
        close(name, &format!("cell.{l}"), &cells, &cell[l], KERNEL);
    }

    if let (Some(matrix), Some(dense)) = (&network.window, &weights.window) {
        let kappa = fixture.tensor("kappa");
        let (mut kappas, mut phis, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..steps {
            let mut sums = vec![0.0; 3 * weights.config.window];
            multiply_one(matrix, &hidden[0][t], &mut sums);
            let mut k = before(&kappa, t);
            let (mut phi, mut w) = (vec![0.0; fixture.line.ids.len()], vec![0.0; weights.config.ids()]);
            window::step(&mut sums, &dense.bias, &fixture.line.ids, &mut k, &mut phi, &mut w);
            kappas.push(k);
            phis.push(phi);
            found.push(w);
        }
        close(name, "kappa", &kappas, &kappa, KERNEL);
        close(name, "phi", &phis, &fixture.tensor("phi"), KERNEL);
        close(name, "window", &found, &windows, KERNEL);
    }

    let expected = fixture.tensor("output");
    let (mut outputs, mut pis, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lifts, mut stops, mut densities) = (Vec::new(), Vec::new(), Vec::new());
    for t in 0..steps {
        let all: Vec<f32> = hidden.iter().flat_map(|h| h[t].clone()).collect();
        let mut output = vec![0.0; weights.config.outputs()];
        multiply_one(&network.output, &all, &mut output);
        mixture::output(&weights.output.bias, &mut output);
        outputs.push(output);
        let mut pi = vec![0.0; weights.config.mixtures];
        let (bias, temperature) = (fixture.line.bias, fixture.line.temperature);
        let step = mixture::sample(&expected[t], weights.config.stop, bias, temperature, &fixture.noise[t], &mut pi);
        pis.push(pi);
        points.push(vec![step.dx, step.dy, step.pen]);
        lifts.push(vec![step.pen_probability]);
        stops.push(vec![step.stop]);
        densities.push(vec![step.log_density]);
    }
    close(name, "output", &outputs, &expected, KERNEL);
    close(name, "pi", &pis, &fixture.tensor("pi"), KERNEL);
    close(name, "point", &points, &fixture.tensor("point"), KERNEL);
    close(name, "pen_probability", &lifts, &fixture.tensor("pen_probability"), KERNEL);
    close(name, "stop", &stops, &fixture.tensor("stop"), KERNEL);
    close(name, "log_density", &densities, &fixture.tensor("log_density"), KERNEL);
}

/// The same line from noise alone, through the state and through the engine.
fn free_run(name: &str) {
    let fixture = Fixture::read(name);
    let weights = &fixture.weights;
    let network = Network::of(weights);
    let mut state = State::new(&network, &fixture.line);
    let (mut outputs, mut hiddens, mut points) = (Vec::new(), Vec::new(), Vec::new());
    let mut steps = Vec::new();
    for noise in &fixture.noise {
        let step = state.step(&network, noise);
        outputs.push(state.output.clone());
        hiddens.push(state.hidden[fixture.layers() - 1].clone());
        points.push(vec![step.dx, step.dy, step.pen]);
        steps.push(step);
    }
    close(name, "free: hidden", &hiddens, &fixture.tensor(&format!("hidden.{}", fixture.layers() - 1)), FREE_RUN);
    close(name, "free: output", &outputs, &fixture.tensor("output"), FREE_RUN);
    close(name, "free: point", &points, &fixture.tensor("point"), FREE_RUN);
    let densities: Vec<_> = steps.iter().map(|step| vec![step.log_density]).collect();
    close(name, "free: density", &densities, &fixture.tensor("log_density"), FREE_RUN);
    if weights.window.is_some() {
        let phi = fixture.tensor("phi");
        let first_maximum = |phi: &Vec<f32>| (0..phi.len()).rev().max_by(|&a, &b| phi[a].total_cmp(&phi[b])).unwrap();
        let expected: Vec<f32> = phi.iter().map(|phi| first_maximum(phi) as f32).collect();
        assert_eq!(steps.iter().map(|s| s.position).collect::<Vec<_>>(), expected, "{name}: positions");
    }

    let engine_steps: Vec<Step> = pollster::block_on(async {
        let (mut engine, _) = Engine::choose("cpu".parse().unwrap()).await;
        engine.open(weights, std::slice::from_ref(&fixture.line)).await.unwrap();
        engine.submit(fixture.noise.len(), &fixture.noise).unwrap();
        engine.collect().await.unwrap()
    });
    assert_eq!(engine_steps, steps, "{name}: the engine does what its state does");
}

#[test]
fn the_tiny_prediction_network() {
    kernels("tiny-prediction");
    free_run("tiny-prediction");
}

#[test]
fn the_tiny_synthesis_network() {
    kernels("tiny-synthesis");
    free_run("tiny-synthesis");
}

/// Its matrices are int8, as in the shipped files; `f16` represents them exactly, so that both engines compute with the
/// same weights.
#[test]
fn the_tiny_int8_network() {
    kernels("tiny-int8");
    free_run("tiny-int8");
    let weights = Fixture::read("tiny-int8").weights;
    assert_eq!(weights.config.quantisation, Quantisation::Int8);
    assert_eq!(*weights, rounded_to_f16(&weights));
}

#[test]
fn the_shipped_prediction_network() {
    kernels("prediction");
    free_run("prediction");
    assert_eq!(Fixture::read("prediction").weights.config.kind, Kind::Prediction);
}

#[test]
fn the_shipped_synthesis_network() {
    kernels("synthesis");
    free_run("synthesis");
    assert_eq!(Fixture::read("synthesis").weights.config.kind, Kind::Synthesis);
}
