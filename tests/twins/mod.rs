//! The WGSL kernels against their twins in Rust, on any adapter: `tests/web.rs` runs this in a browser, `tests/gpu.rs`
//! natively. Each test prints the differences it measured.
//!
//! Networks are random, their matrices rounded to `f16`, so that the engines differ only in the order of their sums and
//! in the adapter's `exp`.

use crate::say;
use running_hand::document::{Document, Options};
use running_hand::engine::cpu::matvec::multiply_one;
use running_hand::engine::cpu::{CpuEngine, Network, State, lstm, mixture, window};
use running_hand::engine::gpu::GpuEngine;
use running_hand::engine::noise::NoiseStream;
use running_hand::engine::{Choice, Engine, IN_FLIGHT, Line, Noise, Step, selftest};
use running_hand::error::Error;
use running_hand::model::style::gate_bias;
use running_hand::model::{Config, Kind, Weights};
use running_hand::testing;
#[cfg(not(target_arch = "wasm32"))]
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Settings, Writer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Largest difference over largest magnitude, per kernel and tensor. One rounding of `f32` is 6e-8;
/// sums of a thousand products lose one to two digits, and WGSL allows `exp(x)` an error of
/// 3 + 2 |x| roundings. A wrong term makes at least 1e-2.
pub const KERNEL: f32 = 1e-5;
/// For free runs, in which errors feed back through the drawn points.
pub const FREE_RUN: f32 = 1e-3;

/// For parameters at which `exp` has the largest arguments: WGSL allows it an error of 3 + 2 |x| roundings.
const EXTREME: f32 = 2e-5;

/// A GPU engine, on a software adapter if there is no other.
pub async fn gpu() -> GpuEngine {
    match GpuEngine::new(true).await {
        Ok(engine) => engine,
        Err(error) => panic!("these tests need an adapter: {error}"),
    }
}

fn network(kind: Kind, hidden: &[usize], mixtures: usize, edit: impl FnOnce(&mut Config)) -> Arc<Weights> {
    let mut config = testing::config(kind, hidden, mixtures);
    edit(&mut config);
    Arc::new(testing::weights(&config, 7))
}

/// Odd sizes everywhere.
fn odd() -> Arc<Weights> {
    network(Kind::Synthesis, &[37, 29, 41], 5, |_| ())
}

/// Lines of these lengths, each with a different style, bias and temperature.
fn lines(weights: &Weights, lengths: &[usize]) -> Vec<Line> {
    let config = &weights.config;
    (0..)
        .zip(lengths)
        .map(|(line, &length)| {
            let mut ids: Vec<u32> =
                (0..length as u32 - 1).map(|u| 1 + (u * 7 + line * 5) % (config.ids().max(2) as u32 - 1)).collect();
            ids.push(0);
            Line {
                ids: if config.window > 0 { ids } else { Vec::new() },
                style: (0..config.style_dim).map(|s| ((s + 1) as f32 * (line as f32 + 0.5)).sin()).collect(),
                bias: 0.3 * line as f32,
                temperature: 1.0 - 0.1 * line as f32,
                prefix: Vec::new(),
            }
        })
        .collect()
}

/// Writes in chunks; `[line][step]`.
async fn write(engine: &mut Engine, noise: &[Vec<Noise>], chunks: &[usize]) -> Vec<Vec<Step>> {
    let mut written = vec![Vec::new(); noise.len()];
    let mut at = 0;
    for &steps in chunks {
        let chunk: Vec<Noise> = noise.iter().flat_map(|line| line[at..at + steps].to_vec()).collect();
        engine.submit(steps, &chunk).unwrap();
        let found = engine.collect().await.unwrap();
        assert_eq!(found.len(), steps * noise.len());
        for (line, steps) in written.iter_mut().zip(found.chunks_exact(steps)) {
            line.extend_from_slice(steps);
        }
        at += steps;
    }
    written
}

fn noise(seed: u64, lines: usize, steps: usize) -> Vec<Vec<Noise>> {
    testing::noise(seed, lines, steps).chunks_exact(steps).map(<[Noise]>::to_vec).collect()
}

fn values(steps: &[Step]) -> &[[f32; 9]] {
    bytemuck::cast_slice(steps)
}

/// Largest difference of any number of two runs, and the first step at which it passes 1e-3.
fn compare(found: &[Step], expected: &[Step]) -> (f32, Option<usize>) {
    assert_eq!(found.len(), expected.len());
    let (mut largest, mut first) = (0.0f32, None);
    for (t, (a, b)) in values(found).iter().zip(values(expected)).enumerate() {
        for (a, b) in a.iter().zip(b) {
            let difference = if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
            largest = largest.max(difference);
            if difference > FREE_RUN && first.is_none() {
                first = Some(t);
            }
        }
    }
    (largest, first)
}

/// Largest absolute and relative error per kernel.
#[derive(Default)]
struct Errors(BTreeMap<&'static str, (f32, f32)>);

impl Errors {
    fn add(&mut self, kernel: &'static str, found: &[f32], expected: &[f32]) {
        let absolute = found.iter().zip(expected).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
        let worst = self.0.entry(kernel).or_default();
        *worst = (worst.0.max(absolute), worst.1.max(testing::relative_error(found, expected)));
    }

    fn report(&self, network: &str, label: &str) {
        for (kernel, (absolute, relative)) in &self.0 {
            say(&format!("{label} · {network:<28} {kernel:<16} max abs {absolute:.1e}  rel {relative:.1e}"));
        }
        for (kernel, (_, relative)) in &self.0 {
            assert!(*relative <= KERNEL, "{network}: {kernel} is off by {relative:e}, tolerated are {KERNEL:e}");
        }
    }
}

/// A random state, which a run from zero would not reach.
fn random_state(network: &Network, line: &Line, seed: u64) -> State {
    let mut stream = NoiseStream::new(seed, 77);
    let mut state = State::new(network, line);
    let [a, b, c, _] = stream.next();
    state.point = [3.0 * a - 1.5, 3.0 * b - 1.5, if c > 0.0 { 1.0 } else { 0.0 }];
    for (hidden, cell) in state.hidden.iter_mut().zip(&mut state.cell) {
        for (h, c) in hidden.iter_mut().zip(cell) {
            let [u, v, z, _] = stream.next();
            *h = 2.0 * u - 1.0;
            *c = if v < 0.02 { 60.0 * z } else { 2.0 * z };
        }
    }
    state.kappa.iter_mut().for_each(|k| *k = stream.next()[0] * line.ids.len() as f32);
    state.window.iter_mut().for_each(|w| *w = stream.next()[1]);
    state
}

/// One timestep from random states. Each kernel's twin gets the inputs that the GPU's kernel read, so that each kernel is
/// compared on its own.
async fn kernels_of(name: &str, weights: Arc<Weights>, lengths: &[usize], rounds: u64) {
    let engine = gpu().await;
    kernels_on(engine, name, weights, lengths, rounds).await;
}

async fn kernels_on(mut engine: GpuEngine, name: &str, weights: Arc<Weights>, lengths: &[usize], rounds: u64) {
    let lines = lines(&weights, lengths);
    let layers = weights.layers.len();
    let network = Network::of(&weights);
    engine.open(&weights, &lines).await.unwrap();
    let mut errors = Errors::default();
    for round in 0..rounds {
        let noise = testing::noise(round, lines.len(), 1);
        let before: Vec<State> =
            lines.iter().zip(0..).map(|(line, l)| random_state(&network, line, 100 * round + l)).collect();
        engine.write_states(&before).unwrap();
        engine.submit(1, &noise).unwrap();
        let steps = engine.collect().await.unwrap();
        let mut after = before.clone();
        engine.read_states(&mut after).await.unwrap();

        for (line, (before, after)) in lines.iter().zip(before.iter().zip(&after)) {
            for (l, layer) in weights.layers.iter().enumerate() {
                let mut input = before.point.to_vec();
                if l == 0 {
                    input.extend(&before.window);
                } else {
                    input.extend(&after.window);
                    input.extend(&after.hidden[l - 1]);
                }
                input.extend(&before.hidden[l]);
                let (mut cell, mut hidden) = (before.cell[l].clone(), vec![0.0; layer.hidden]);
                let mut sums = vec![0.0; 4 * layer.hidden];
                multiply_one(&network.gates[l], &input, &mut sums);
                lstm::step(&sums, &gate_bias(layer, &line.style), &mut cell, &mut hidden);
                let names = [["lstm 0: h", "lstm 0: c"], ["lstm 1: h", "lstm 1: c"], ["lstm 2: h", "lstm 2: c"]];
                errors.add(names[l][0], &after.hidden[l], &hidden);
                errors.add(names[l][1], &after.cell[l], &cell);
            }
            if let (Some(matrix), Some(dense)) = (&network.window, &weights.window) {
                let mut sums = vec![0.0; 3 * weights.config.window];
                multiply_one(matrix, &after.hidden[0], &mut sums);
                let (mut kappa, mut phi, mut view) =
                    (before.kappa.clone(), vec![0.0; line.ids.len()], vec![0.0; weights.config.ids()]);
                window::step(&mut sums, &dense.bias, &line.ids, &mut kappa, &mut phi, &mut view);
                errors.add("window: kappa", &after.kappa, &kappa);
                errors.add("window: phi", &after.phi, &phi);
                errors.add("window: w", &after.window, &view);
            }
            let joined: Vec<f32> = (0..layers).flat_map(|l| after.hidden[l].clone()).collect();
            let mut output = vec![0.0; weights.config.outputs()];
            multiply_one(&network.output, &joined, &mut output);
            mixture::output(&weights.output.bias, &mut output);
            errors.add("mixture: y", &after.output, &output);
        }
        for (index, (line, after)) in lines.iter().zip(&after).enumerate() {
            let mut pi = vec![0.0; weights.config.mixtures];
            let stop = weights.config.stop;
            let mut step = mixture::sample(&after.output, stop, line.bias, line.temperature, &noise[index], &mut pi);
            step.position = window::position(&after.phi, before[index].position) as f32;
            step.kappa = window::mean(&after.kappa);
            errors.add("mixture: pi", &after.pi, &pi);
            errors.add("mixture: step", &values(&steps)[index], &values(&[step])[0]);
            let found = &steps[index];
            let density = mixture::log_density(&after.output, pi.len(), found.dx, found.dy);
            // Beside a 1, as a log may be near 0.
            errors.add("mixture: density", &[1.0, found.log_density], &[1.0, density]);
            assert_eq!(steps[index].component, step.component, "{name}: component");
            assert_eq!(steps[index].position, step.position, "{name}: position");
            assert_eq!(after.point, [steps[index].dx, steps[index].dy, steps[index].pen], "{name}: next input");
        }
    }
    errors.report(name, &engine.label());
}

/// Sizes that are no multiples of anything; M = 2, which has 13 outputs; one line, few lines, more
/// lines than share a weight; more components, mixtures and characters than a workgroup has threads or cached words;
/// each tile shape.
pub async fn kernels() {
    kernels_of("synthesis 37+29+41, M 5", odd(), &[9], 4).await;
    kernels_of("synthesis, 2 lines", odd(), &[9, 4], 4).await;
    kernels_of("synthesis, 7 lines", odd(), &[9, 4, 21, 1, 3, 30, 2], 3).await;
    let two = network(Kind::Prediction, &[37], 2, |_| ());
    assert_eq!(two.config.outputs(), 13);
    kernels_of("prediction 37, M 2", two, &[1], 6).await;
    kernels_of("prediction 50+33, M 20", network(Kind::Prediction, &[50, 33], 20, |_| ()), &[1, 1, 1], 3).await;
    let many = network(Kind::Synthesis, &[24], 300, |config| config.window = 150);
    kernels_of("synthesis 24, M 300, K 150", many, &[700, 130], 2).await;
    for tile in 0.. {
        let mut engine = gpu().await;
        if tile >= engine.set_tile(tile) {
            break;
        }
        kernels_on(engine, &format!("5 lines, tile {tile}"), odd(), &[9, 4, 21, 1, 3], 1).await;
    }
}

/// Networks of the paper's sizes, for whose rows the lanes loop several times.
pub async fn kernels_of_full_size() {
    let full = network(Kind::Synthesis, &[400, 400, 400], 20, |config| config.window = 10);
    kernels_of("synthesis 3 x 400, M 20", full, &[40, 25], 1).await;
    kernels_of("prediction 900, M 20", network(Kind::Prediction, &[900], 20, |_| ()), &[1], 1).await;
}

/// Whole lines from the same noise on both engines. Prints when they first differ.
pub async fn free_runs() {
    let cases = [
        ("synthesis 37+29+41, M 5", odd(), 400),
        ("prediction 37, M 2", network(Kind::Prediction, &[37], 2, |_| ()), 400),
        ("prediction 1 x 64, M 20", network(Kind::Prediction, &[64], 20, |_| ()), 400),
    ];
    for (name, weights, steps) in cases {
        free_run(name, &weights, &lines(&weights, &[24])[0], &noise(3, 1, steps), 200).await;
    }
}

/// A line of text without style, or as many points of scribble. Both engines have the same weights, rounded to `f16`.
#[cfg(not(target_arch = "wasm32"))]
pub async fn free_run_of_shipped(kind: Kind, bytes: Vec<u8>) {
    let name = kind.to_string();
    let weights = Arc::new(testing::rounded_to_f16(&Weights::from_bytes_of(kind, &bytes, &name).unwrap()));
    let ids = match kind {
        Kind::Prediction => Vec::new(),
        Kind::Synthesis => Alphabet::new(&weights.config.alphabet).encode("the quick brown fox jumps").ids,
    };
    for bias in [0.0, 1.0] {
        let line = Line { ids: ids.clone(), bias, temperature: 1.0, ..Line::default() };
        // With this noise no choice between components depends on rounding.
        free_run(&format!("shipped {name}, bias {bias}"), &weights, &line, &noise(5, 1, 700), 200).await;
    }
}

/// One line from this noise on both engines; the first `sure` points must agree.
pub async fn free_run(name: &str, weights: &Arc<Weights>, line: &Line, noise: &[Vec<Noise>], sure: usize) {
    let steps = noise[0].len();
    let mut cpu = Engine::Cpu(CpuEngine::new());
    cpu.open(weights, std::slice::from_ref(line)).await.unwrap();
    let expected = write(&mut cpu, noise, &[steps]).await;
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open(weights, std::slice::from_ref(line)).await.unwrap();
    let found = write(&mut engine, noise, &[steps]).await;
    let (early, _) = compare(&found[0][..sure], &expected[0][..sure]);
    let (all, first) = compare(&found[0], &expected[0]);
    let first = first.map_or(format!("never in {steps} steps"), |t| format!("at step {t} of {steps}"));
    say(&format!(
        "{} · {name:<28} free run: {early:.1e} within {sure} steps, {all:.1e} in all; differs by more than 1e-3 {first}",
        engine.label()
    ));
    assert!(
        early <= FREE_RUN,
        "{name}: the engines differ by {early:e} within {sure} steps, tolerated are {FREE_RUN:e}"
    );
}

/// Batches of several sizes and lines of different lengths write what the CPU writes.
pub async fn batches() {
    let weights = odd();
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    let mut cpu = Engine::Cpu(CpuEngine::new());
    for count in [1, 2, 3, 4, 6] {
        let lines = lines(&weights, &[5, 17, 1, 30, 8, 12][..count]);
        let noise = noise(8, count, 60);
        engine.open(&weights, &lines).await.unwrap();
        cpu.open(&weights, &lines).await.unwrap();
        let found = write(&mut engine, &noise, &[60]).await;
        let expected = write(&mut cpu, &noise, &[60]).await;
        for line in 0..count {
            let (error, _) = compare(&found[line], &expected[line]);
            assert!(error <= FREE_RUN, "line {line} of {count} is off by {error:e}");
        }
    }
}

/// Chunks of any size give the same numbers, bit for bit; so does a second run.
pub async fn chunks() {
    let weights = odd();
    let lines = lines(&weights, &[5, 17, 9]);
    let noise = noise(8, 3, 160);
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open(&weights, &lines).await.unwrap();
    let whole = write(&mut engine, &noise, &[160]).await;
    assert_ne!(whole[0], whole[1]);
    for chunks in [&[1, 7, 32, 20, 100][..], &[64, 1, 95], &[160]] {
        engine.open(&weights, &lines).await.unwrap();
        assert_eq!(write(&mut engine, &noise, chunks).await, whole, "{chunks:?}");
    }
}

/// Two chunks in flight come back in order; a third is refused; opening drops them.
pub async fn in_flight() {
    let weights = odd();
    let lines = lines(&weights, &[5, 17]);
    let noise = noise(8, 2, 20);
    let part = |from: usize, to: usize| -> Vec<Noise> { noise.iter().flat_map(|n| n[from..to].to_vec()).collect() };
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open(&weights, &lines).await.unwrap();
    let whole = write(&mut engine, &noise, &[20]).await;
    engine.open(&weights, &lines).await.unwrap();
    engine.submit(8, &part(0, 8)).unwrap();
    engine.submit(12, &part(8, 20)).unwrap();
    assert_eq!(IN_FLIGHT, 2);
    assert!(matches!(engine.submit(1, &part(0, 1)), Err(Error::Sequence(_))));
    let (first, second) = (engine.collect().await.unwrap(), engine.collect().await.unwrap());
    assert_eq!([&first[..8], &second[..12]].concat(), whole[0]);
    assert_eq!([&first[8..], &second[12..]].concat(), whole[1]);

    engine.submit(8, &part(0, 8)).unwrap();
    engine.open(&weights, &lines).await.unwrap();
    assert!(matches!(engine.collect().await, Err(Error::Sequence(_))));
    assert_eq!(write(&mut engine, &noise, &[20]).await, whole);
}

/// A line that is opened with its first points as prefix continues bit for bit, whatever the lengths of the other lines'
/// prefixes.
pub async fn priming() {
    let weights = odd();
    let mut lines = lines(&weights, &[5, 17, 9, 6, 6]);
    let noise = noise(5, 5, 120);
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open(&weights, &lines).await.unwrap();
    let whole = write(&mut engine, &noise, &[120]).await;
    let read = [40, 0, 75, 1, 40];
    for (line, (steps, &read)) in lines.iter_mut().zip(whole.iter().zip(&read)) {
        line.prefix = steps[..read].iter().map(|s| [s.dx, s.dy, s.pen]).collect();
    }
    engine.open(&weights, &lines).await.unwrap();
    let rest: Vec<Vec<Noise>> = noise.iter().zip(&read).map(|(n, &read)| n[read..read + 45].to_vec()).collect();
    let resumed = write(&mut engine, &rest, &[45]).await;
    for (line, &read) in read.iter().enumerate() {
        assert_eq!(resumed[line], whole[line][read..read + 45], "line {line}, {read} points read");
    }

    // The same prefixes on the CPU engine.
    let mut cpu = Engine::Cpu(CpuEngine::new());
    cpu.open(&weights, &lines).await.unwrap();
    for (found, expected) in resumed.iter().zip(write(&mut cpu, &rest, &[45]).await) {
        let (error, first) = compare(found, &expected);
        assert!(error <= FREE_RUN, "{error:e}, first at {first:?}");
    }

    // A forced point has the density that it had when it was drawn.
    lines.iter_mut().for_each(|line| line.prefix.clear());
    engine.open(&weights, &lines).await.unwrap();
    let given = |steps: &Vec<Step>| steps[..40].iter().map(|s| [-1.0, s.dx, s.dy, s.pen]).collect();
    let noise: Vec<Vec<Noise>> = whole.iter().map(given).collect();
    let density = |lines: &[Vec<Step>]| -> Vec<f32> {
        lines.iter().flat_map(|steps| &steps[..40]).map(|step| step.log_density).collect()
    };
    assert_eq!(density(&write(&mut engine, &noise, &[40]).await), density(&whole));
}

/// A line is rewound, or replaced by a longer one, while its neighbour continues.
pub async fn restarts() {
    let weights = odd();
    let all = lines(&weights, &[5, 17, 9, 30]);
    let noise = noise(5, 4, 60);
    let part = |line: usize, from: usize, to: usize| noise[line][from..to].to_vec();
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open_with_capacity(&weights, &[all[0].clone(), all[1].clone(), all[3].clone()], 30).await.unwrap();
    let expected = write(&mut engine, &[part(0, 0, 60), part(1, 0, 60), part(3, 0, 60)], &[60]).await;
    engine.open_with_capacity(&weights, &all[..3], 30).await.unwrap();
    let early = write(&mut engine, &[part(0, 0, 20), part(1, 0, 20), part(2, 0, 20)], &[20]).await;
    assert_eq!(engine.rewind(1, 20).unwrap(), 0);
    engine.assign_slot(2, &all[3]).unwrap();
    let late = write(&mut engine, &[part(0, 20, 60), part(1, 0, 40), part(3, 0, 40)], &[10, 30]).await;
    assert_eq!([&early[0][..], &late[0]].concat(), expected[0]);
    assert_eq!(late[1], expected[1][..40]);
    assert_eq!(late[2], expected[2][..40]);
    let long = &lines(&weights, &[31])[0];
    for refused in [engine.assign_slot(0, long), engine.assign_slot(3, &all[0]), engine.rewind(3, 0).map(drop)] {
        assert!(matches!(refused, Err(Error::Sequence(_))));
    }
}

/// A page of several lines, written at once, is what the CPU engine writes.
pub async fn pages() {
    let weights = odd();
    let settings = Settings { seed: 4, attempts: 0, ..Settings::default() };
    let mut pages = Vec::new();
    for engine in [Engine::Gpu(Box::new(gpu().await)), Engine::Cpu(CpuEngine::new())] {
        let mut writer = Writer::new(engine);
        writer.set_weights(Weights::clone(&weights));
        let options = Options { settings: settings.clone(), columns: Some(10), ..Options::default() };
        let mut document = Document::start(&mut writer, "abba ab\n\nba\nbaab a b ab", options).await.unwrap();
        while document.next(&mut writer).await.unwrap().is_some() {}
        assert_eq!(writer.notice(), "");
        pages.push(document.pages().layout().points().to_vec());
    }
    assert_eq!(pages[0].len(), pages[1].len());
    let far = pages[0].iter().zip(&pages[1]).map(|(a, b)| (a[0] - b[0]).abs().max((a[1] - b[1]).abs()));
    assert!(far.fold(0.0, f32::max) < 1.0);
}

/// An engine alternates between networks, and frees those whose weights are dropped.
pub async fn several_networks() {
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    let (one, two) = (odd(), network(Kind::Prediction, &[37], 2, |_| ()));
    let noise = noise(8, 1, 10);
    let mut runs = Vec::new();
    for weights in [&one, &two, &one, &two] {
        engine.open(weights, &lines(weights, &[5])).await.unwrap();
        runs.push(write(&mut engine, &noise, &[10]).await);
    }
    assert!(runs[0] == runs[2] && runs[1] == runs[3] && runs[0] != runs[1]);
    drop(one);
    let three = network(Kind::Synthesis, &[8], 1, |_| ());
    engine.open(&three, &lines(&three, &[5])).await.unwrap();
    write(&mut engine, &noise, &[10]).await;
    engine.open(&two, &lines(&two, &[5])).await.unwrap();
    assert_eq!(write(&mut engine, &noise, &[10]).await, runs[1]);
}

/// Misuse is an error that names the cause.
pub async fn misuse() {
    let weights = odd();
    let line = &lines(&weights, &[5])[0];
    let mut engine = gpu().await;
    let wrong = |r: Result<(), Error>, part: &str| {
        let message = r.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    };
    wrong(engine.submit(1, &[[0.0; 4]]), "0 lines");
    wrong(engine.collect().await.map(drop), "never submitted");
    wrong(engine.open(&weights, &[]).await, "no lines");
    wrong(engine.open(&weights, &[Line { ids: vec![99, 0], ..line.clone() }]).await, "character id 99");
    engine.open(&weights, std::slice::from_ref(line)).await.unwrap();
    wrong(engine.submit(2, &[[0.0; 4]; 3]), "3 noise values for 1 lines of 2");
    wrong(engine.submit(0, &[]), "no timesteps");
    wrong(engine.collect().await.map(drop), "never submitted");
    let mut heavy = Weights::clone(&weights);
    testing::elements_mut(&mut heavy.output.weight)[3] = 1e6;
    wrong(engine.open(&Arc::new(heavy), std::slice::from_ref(line)).await, "65504");
    engine.open(&weights, std::slice::from_ref(line)).await.unwrap();
    engine.submit(1, &[[0.0; 4]]).unwrap();
    assert!(engine.collect().await.is_ok(), "usable after all that");
}

/// A lost device is an error, never a panic; the writer falls back to the CPU engine and writes what it would have
/// written.
pub async fn lost_device() {
    let weights = odd();
    let line = &lines(&weights, &[5])[0];
    let mut engine = gpu().await;
    engine.open(&weights, std::slice::from_ref(line)).await.unwrap();
    engine.submit(1, &[[0.0; 4]]).unwrap();
    engine.destroyer()();
    let _ = engine.collect().await; // it may have been done before
    let mut lost = engine.submit(1, &[[0.0; 4]]);
    if lost.is_ok() {
        lost = engine.collect().await.map(drop);
    }
    let error = lost.unwrap_err();
    assert!(error.is_gpu_failure(), "{error:?}");
    assert!(error.to_string().contains("the GPU was lost"), "{error}");
    assert!(engine.open(&weights, std::slice::from_ref(line)).await.unwrap_err().is_gpu_failure());

    for attempts in [0, 2] {
        taken_over(&weights, &Settings { seed: 4, attempts, ..Settings::default() }).await;
    }
}

/// A line, checked or unchecked, is the same if the GPU is lost after the first points were delivered.
async fn taken_over(weights: &Weights, settings: &Settings) {
    let mut inks = Vec::new();
    for lose in [false, true] {
        let engine = gpu().await;
        let destroy = engine.destroyer();
        let mut writer = Writer::new(Engine::Gpu(Box::new(engine)));
        writer.set_weights(weights.clone());
        writer.start("abba ab ba", settings).await.unwrap();
        let mut points: Vec<[f32; 2]> = Vec::new();
        while let Some(chunk) = writer.next().await.unwrap() {
            points.extend(chunk.offsets.iter().map(|o| [o.dx, o.dy]));
            if lose {
                destroy();
            }
        }
        assert_eq!(lose, writer.notice().contains("the GPU was lost"), "{:?}", writer.notice());
        assert_eq!(lose, writer.engine_label().starts_with("CPU"));
        inks.push(points);
    }
    assert_eq!(inks[0].len(), inks[1].len());
    let worst = inks[0].concat().iter().zip(inks[1].concat()).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    say(&format!(
        "{} attempts, taken over by the CPU after the first chunk: {worst:.1e} corpus units over {} points",
        settings.attempts,
        inks[0].len()
    ));
    assert!(worst < 0.1, "{worst}");
}

/// Mixture parameters far beyond those of any trained network, biases and temperatures beyond the settings' ranges: every
/// result is finite, and the twin's.
pub async fn extremes() {
    let mut engine = gpu().await;
    let settings: Vec<(f32, f32)> =
        [0.0, 1.0, 5.0, 10.0].iter().flat_map(|&b| [0.01, 0.1, 1.0, 5.0].map(|t| (b, t))).collect();
    let lines: Vec<Line> =
        settings.iter().map(|&(bias, temperature)| Line { bias, temperature, ..Line::default() }).collect();
    // Extremes of the noise, then noise.
    let last = 1.0 - f32::EPSILON / 2.0;
    let mut drawn = vec![[0.0, 1e-6, 8.0, -8.0], [last, last, -8.0, 8.0], [0.5, 0.5, 0.0, 0.0]];
    drawn.extend(testing::noise(3, 1, 3));
    // pi^, mu, sigma^ and rho^ of three components.
    type Case = (&'static str, [f32; 3], [f32; 3], [f32; 3], [f32; 3]);
    let cases: [Case; 6] = [
        ("rho at its ends", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [0.1, -0.4, 0.3], [3e4, -3e4, 12.0]),
        ("sigma to 0", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [-50.0, -1e4, -90.0], [0.5, -20.0, 20.0]),
        ("pi underflows", [900.0, -900.0, 1e5], [1.0, -2.0, 0.5], [0.1, -0.4, 0.3], [0.5, -1.0, 2.0]),
        ("sigma overflows", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [95.0, 1e4, 60.0], [0.5, -1.0, 2.0]),
        ("means far away", [0.3, 0.1, -0.2], [1e5, -1e30, 1e20], [0.1, -0.4, 0.3], [0.5, -1.0, 2.0]),
        ("all of it", [3e38, -3e38, 3e38], [1e30, -1e30, 0.0], [3e38, -3e38, 0.0], [-3e38, 3e38, 0.0]),
    ];
    let mut worst = 0.0f32;
    for (name, pi, mu, sigma, rho) in cases {
        let mut weights = testing::weights(&testing::config(Kind::Prediction, &[5], 3), 1);
        testing::elements_mut(&mut weights.output.weight).fill(0.0);
        let mirrored = |values: [f32; 3]| [values, values.map(|v| -v)].concat();
        weights.output.bias =
            [&[pi[2]][..], &pi, &mirrored(mu), &sigma, &[sigma[1], sigma[2], sigma[0]], &rho].concat();
        let stop = weights.config.stop;
        let output = weights.output.bias.clone();
        engine.open(&Arc::new(weights), &lines).await.unwrap();
        let noise: Vec<Noise> = lines.iter().flat_map(|_| drawn.clone()).collect();
        engine.submit(drawn.len(), &noise).unwrap();
        let found = engine.collect().await.unwrap();
        for (at, found) in found.iter().enumerate() {
            let (line, noise) = (&lines[at / drawn.len()], &noise[at]);
            let mut pi = [0.0; 3];
            let mut step = mixture::sample(&output, stop, line.bias, line.temperature, noise, &mut pi);
            step.log_density = mixture::log_density(&output, 3, found.dx, found.dy);
            for (found, expected) in values(&[*found])[0].iter().zip(values(&[step])[0]) {
                let error = (found - expected).abs() / expected.abs().max(1.0);
                assert!(error <= EXTREME, "{name}, {line:?}, {noise:?}: {found} where {expected} is right");
                worst = worst.max(error);
            }
        }
    }
    say(&format!("{} · extreme parameters: rel {worst:.1e}", engine.label()));
}

/// The self-test finds an adapter that computes wrong numbers; one that cannot compile the shaders is refused, and a
/// writer that has it falls back to the CPU engine.
pub async fn wrong_numbers() {
    selftest::run(&mut gpu().await).await.unwrap();
    fn edited(name: &str, source: &'static str, file: &str, from: &str, to: &str) -> Cow<'static, str> {
        assert!(name != file || source.contains(from), "{file} has no {from}");
        if name == file { source.replace(from, to).into() } else { source.into() }
    }
    let message = |result: Result<(), Error>| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::GpuUnavailable(_)), "{error:?}");
        error.to_string()
    };
    let mut engine = GpuEngine::with_shaders(true, |name, source| {
        edited(name, source, "mixture.wgsl", "sigma_x * drawn[2]", "sigma_x * drawn[3]")
    })
    .await
    .unwrap();
    let said = message(selftest::run(&mut engine).await);
    assert!(said.contains("wrong numbers") && said.contains("CPU engine writes"), "{said}");

    // The module compiles, its pipeline does not.
    let mut engine =
        GpuEngine::with_shaders(true, |name, source| edited(name, source, "lstm.wgsl", "fn main", "fn other"))
            .await
            .unwrap();
    message(selftest::run(&mut engine).await);
    let weights = odd();
    let mut writer = Writer::new(Engine::Gpu(Box::new(engine)));
    writer.set_weights(Weights::clone(&weights));
    writer.start("abba", &Settings::default()).await.unwrap();
    assert!(writer.engine_label().starts_with("CPU") && writer.notice().contains("no GPU engine"));
    let mut points = 0;
    while let Some(chunk) = writer.next().await.unwrap() {
        points += chunk.offsets.len();
    }
    assert!(points > 0);

    let broken = GpuEngine::with_shaders(true, |name, source| {
        edited(name, source, "window.wgsl", "fn main", "this is no shader\nfn main")
    });
    let said = message(broken.await.map(drop));
    assert!(said.contains("says"), "{said}");
}

/// A batch that does not fit the GPU's memory is refused, and smaller ones can still be written.
pub async fn no_room() {
    let mut engine = gpu().await;
    let weights = network(Kind::Prediction, &[5], 1, |_| ());
    let line = Line { temperature: 1.0, ..Line::default() };
    // Their points of one chunk are more than the 256 MiB that a buffer may have.
    let error = engine.open(&weights, &vec![line.clone(); 120_000]).await.unwrap_err();
    assert!(matches!(error, Error::GpuUnavailable(_)), "{error:?}");
    // Components are kept in workgroup memory, of which there are 16 KiB.
    let wide = |mixtures| network(Kind::Prediction, &[5], mixtures, |_| ());
    let error = engine.open(&wide(341), std::slice::from_ref(&line)).await.unwrap_err();
    assert!(error.to_string().contains("the mixture has 341 components, and this engine has room for 340"), "{error}");
    for weights in [wide(340), weights] {
        engine.open(&weights, std::slice::from_ref(&line)).await.unwrap();
        engine.submit(1, &[[0.0; 4]]).unwrap();
        assert_eq!(engine.collect().await.unwrap().len(), 1);
    }
}

/// A software adapter is recognised, and used only if the GPU is chosen explicitly.
pub async fn choice() {
    let label = gpu().await.label();
    say(&format!("adapter: {label}"));
    let name = label.to_lowercase();
    let software = ["swiftshader", "llvmpipe"].iter().any(|known| name.contains(known));
    let (engine, notice) = Engine::choose(Choice::Gpu).await;
    assert!(matches!(engine, Engine::Gpu(_)) && notice.is_none());
    let (engine, notice) = Engine::choose(Choice::Auto).await;
    assert_eq!(matches!(engine, Engine::Cpu(_)), software, "{}", engine.label());
    if software {
        assert!(notice.unwrap().contains("only a software adapter"));
    }
}
