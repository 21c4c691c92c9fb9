//! The WGSL kernels against their twins in Rust, on any adapter: `tests/web.rs` runs this in a browser, `tests/gpu.rs`
//! natively.
//!
//! Both engines compute in whole numbers, so that every number has to be equal.

use crate::say;
use running_hand::document::{Document, Options};
use running_hand::engine::cpu::{CpuEngine, Network, State, math};
use running_hand::engine::gpu::{GpuEngine, PACKED_DOT};
use running_hand::engine::noise::NoiseStream;
use running_hand::engine::{Choice, Engine, IN_FLIGHT, Line, Noise, Step, selftest};
use running_hand::error::Error;
use running_hand::model::{Config, Dense, HandBiases, Kind, MOST_WEIGHT, QuantisedMatrix, Weights};
use running_hand::testing;
#[cfg(not(target_arch = "wasm32"))]
use running_hand::text::alphabet::Alphabet;
use running_hand::writer::{Settings, Writer};
use std::borrow::Cow;
use std::sync::Arc;

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

/// Lines of these lengths, each with a different style, hand, bias and temperature; every other line has no hand.
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
                hand: (line % 2 == 1).then(|| Arc::new(hand(config, line as f32))),
                bias: 0.3 * line as f32,
                temperature: 1.0 - 0.1 * line as f32,
                prefix: Vec::new(),
            }
        })
        .collect()
}

/// A hand that changes all biases of the layers above the lowest, and of the output layer.
fn hand(config: &Config, seed: f32) -> HandBiases {
    let values = |count: usize| (0..count).map(|n| 0.4 * ((n + 1) as f32 * (seed + 0.7)).sin()).collect();
    let gates = config.hidden.iter().enumerate();
    HandBiases {
        gates: gates.map(|(l, units)| if l > 0 { values(4 * units) } else { Vec::new() }).collect(),
        output: values(config.outputs()),
    }
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

/// Fails at the first timestep at which two runs differ.
fn assert_same(what: &str, found: &[Step], expected: &[Step]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (t, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "{what}, step {t}");
    }
}

/// A random state, which a run from zero would not reach.
fn random_state(network: &Network, line: &Line, seed: u64) -> State {
    let mut stream = NoiseStream::new(seed, 77);
    let mut state = State::new(network, line);
    let [a, b, _, z] = stream.next();
    state.point = [(3072.0 * a - 1536.0) as i32, (3072.0 * b - 1536.0) as i32, if z > 0.0 { 1024 } else { 0 }];
    for (layer, cell) in network.hidden.iter().zip(&mut state.cell) {
        for (h, c) in state.hidden[layer.clone()].iter_mut().zip(cell) {
            let [u, v, z, _] = stream.next();
            *h = ((255.0 * u) as i16 - 127) as i8;
            let unit = if v < 0.02 { 40_000.0 } else { 4096.0 };
            *c = ((unit * z) as i32).clamp(-32_767, 32_767);
        }
    }
    state.kappa.iter_mut().for_each(|k| *k = (stream.next()[0] * 65_536.0) as i32 * line.ids.len() as i32);
    state.window.iter_mut().for_each(|w| *w = (stream.next()[1] * 1024.0) as i32);
    state
}

/// Every number as large as it may be, of both signs.
fn extreme_state(network: &Network, line: &Line, seed: u64) -> State {
    let mut state = State::new(network, line);
    let sign = |k: usize| if (k as u64 + seed).is_multiple_of(2 + seed / 2) { 1 } else { -1 };
    state.point = [sign(0) << 17, sign(1) << 17, 1024];
    for (layer, cell) in network.hidden.iter().zip(&mut state.cell) {
        for (k, (h, c)) in state.hidden[layer.clone()].iter_mut().zip(cell).enumerate() {
            *h = 127 * sign(k) as i8;
            *c = 32_767 * sign(k / 2);
        }
    }
    state.kappa.iter_mut().enumerate().for_each(|(k, kappa)| *kappa = if sign(k) > 0 { 1 << 30 } else { 0 });
    state.window.fill(1 << 15);
    state.position = line.ids.len().saturating_sub(1);
    state
}

type StateOf = fn(&Network, &Line, u64) -> State;

/// One timestep from random states. The tensors are compared in the order in which the kernels compute them, so that the
/// first that differs names the kernel.
async fn kernels_of(name: &str, weights: Arc<Weights>, lengths: &[usize], rounds: u64) {
    kernels_on(gpu().await, name, weights, lengths, rounds, random_state).await;
}

async fn kernels_on(
    mut engine: GpuEngine,
    name: &str,
    weights: Arc<Weights>,
    lengths: &[usize],
    rounds: u64,
    state_of: StateOf,
) {
    let lines = lines(&weights, lengths);
    let network = Network::of(&weights);
    engine.open(&weights, &lines).await.unwrap();
    for round in 0..rounds {
        let noise = testing::noise(round, lines.len(), 1);
        let mut expected: Vec<State> =
            lines.iter().zip(0..).map(|(line, l)| state_of(&network, line, 100 * round + l)).collect();
        engine.write_states(&expected).unwrap();
        engine.submit(1, &noise).unwrap();
        let steps = engine.collect().await.unwrap();
        let mut found = expected.clone();
        engine.read_states(&mut found).await.unwrap();
        for (index, (found, expected)) in found.iter().zip(&mut expected).enumerate() {
            let step = expected.step(&network, &noise[index]);
            let place = format!("{name}, round {round}, line {index}");
            for (l, layer) in network.hidden.iter().enumerate() {
                if l == 1 {
                    compare_windows(&place, found, expected);
                }
                let end = layer.end.next_multiple_of(16);
                assert_eq!(found.cell[l], expected.cell[l], "{place}: cells of layer {l}");
                assert_eq!(
                    found.hidden[layer.start..end],
                    expected.hidden[layer.start..end],
                    "{place}: hidden states of layer {l}, and their padding"
                );
            }
            compare_windows(&place, found, expected);
            assert_eq!(found.output, expected.output, "{place}: output layer");
            assert_eq!(found.shares, expected.shares, "{place}: shares");
            assert_eq!(steps[index], step, "{place}: step");
            assert_eq!(found.point, expected.point, "{place}: next input");
        }
    }
    say(&format!("{} · {name}: equal", engine.label()));
}

fn compare_windows(place: &str, found: &State, expected: &State) {
    assert_eq!(found.kappa, expected.kappa, "{place}: kappa");
    assert_eq!(found.phi, expected.phi, "{place}: phi");
    assert_eq!(found.position, expected.position, "{place}: position");
    assert_eq!(found.window, expected.window, "{place}: window");
}

/// Sizes that are no multiples of anything; M = 2, which has 13 outputs; one line, few lines, more
/// lines than share a weight; more components, mixtures and characters than a workgroup has threads or cached words;
/// each tile shape.
pub async fn kernels() {
    kernels_of("synthesis 37+29+41, M 5", odd(), &[9], 4).await;
    kernels_of("synthesis, 2 lines", odd(), &[9, 4], 4).await;
    kernels_of("synthesis, 7 lines", odd(), &[9, 4, 21, 1, 3, 30, 2], 3).await;
    let two = network(Kind::Prediction, &[37, 37], 2, |config| config.skips = false);
    assert_eq!(two.config.outputs(), 13);
    kernels_of("prediction 37+37 without skip connections, M 2", two, &[1], 6).await;
    kernels_of("prediction 50+33, M 20", network(Kind::Prediction, &[50, 33], 20, |_| ()), &[1, 1, 1], 3).await;
    let many = network(Kind::Synthesis, &[24], 300, |config| config.window = 150);
    kernels_of("synthesis 24, M 300, K 150", many, &[700, 130], 2).await;
    for tile in 0.. {
        let mut engine = gpu().await;
        if tile >= engine.set_tile(tile) {
            break;
        }
        kernels_on(engine, &format!("5 lines, tile {tile}"), odd(), &[9, 4, 21, 1, 3], 1, random_state).await;
    }
}

/// Networks of the paper's sizes, for whose rows the lanes loop several times.
pub async fn kernels_of_full_size() {
    let full = network(Kind::Synthesis, &[400, 400, 400], 20, |config| config.window = 10);
    kernels_of("synthesis 3 x 400, M 20", full, &[40, 25], 1).await;
    kernels_of("prediction 900, M 20", network(Kind::Prediction, &[900], 20, |_| ()), &[1], 1).await;
}

/// The functions of `common.wgsl` are those of `cpu::math`, for all arguments or many, the ends of their ranges among
/// them.
pub async fn arithmetic() {
    let (mut calls, mut expected) = (Vec::new(), Vec::new());
    let mut check = |call: [i32; 4], result: i32| {
        calls.push(call);
        expected.push(result);
    };
    let ends = [0, 1, -1, 65_535, 65_536, -65_537, 1 << 24, 1 << 29, -(1 << 29), (1 << 30) - 1, i32::MAX, i32::MIN];
    let random = testing::noise(9, 1, 20_000).into_iter().map(|[u, v, ..]| {
        // from 1 to 31 bits, of both signs
        let magnitude = (f64::from(u) * f64::from((1.0 + 30.0 * v).exp2())) as i32;
        if magnitude % 2 == 0 { magnitude / 2 } else { -magnitude }
    });
    let numbers: Vec<i32> = ends.into_iter().chain(random).collect();
    for (at, &x) in numbers.iter().enumerate() {
        for (m, k) in [(0, 46), (1, 1), (1000 + at as i32 % 31_000, 1 + at as u32 % 46), (32_767, 1 + at as u32 % 46)] {
            let exact = (i64::from(x) * i64::from(m) + (1 << (k - 1))) >> k;
            if let Ok(exact) = i32::try_from(exact) {
                assert_eq!(math::rescale(x, m, k), exact);
                check([0, x, m, k as i32], exact);
            }
            if x >= 0 && k >= 2 {
                check([1, x, m, k as i32], math::scaled(x, m, k));
            }
        }
        let (p, n) = math::exp(x);
        check([5, x, 0, 0], p);
        check([6, x, 0, 0], n);
        for (g, most) in [(10, 32_767), (12, 1 << 20), (16, 1 << 29)] {
            check([7, x, g, most], math::fixed(x, g, most));
        }
        let whole = (x as u32).max(1);
        check([8, whole as i32, 0, 0], math::ln(whole));
        let (u, n) = (x & 0x00ff_ffff, numbers[numbers.len() - 1 - at] & 0x03ff_ffff);
        check([9, u, n, 0], math::share(u as u32, n as u32) as i32);
        let states = x.to_le_bytes().map(|byte| byte as i8);
        check([10, x, at as i32 % 4, 0], states[at % 4].into());
        check([11, x, 0, 0], x);
        let weights = n.to_le_bytes().map(|byte| (byte % 127) as i8 - 63);
        let product = |k: usize| i32::from(states[k]) * i32::from(weights[k]);
        check([12, x, i32::from_le_bytes(weights.map(|w| w as u8)), 0], 4 * (0..4).map(product).sum::<i32>());
    }
    for a in 0..=math::MOST_DECAY {
        check([2, a, 0, 0], math::decay(a) as i32);
    }
    let near = -40_000..=40_000;
    for x in near.chain(ends.map(|x| x.clamp(-i32::MAX, i32::MAX))) {
        check([3, x, 0, 0], math::sigmoid(x));
        check([4, x, 0, 0], math::tanh(x));
    }
    let shader = concat!(include_str!("../../shaders/common.wgsl"), include_str!("arithmetic.wgsl"));
    let engine = gpu().await;
    let found = engine.call(shader, &calls).await.unwrap();
    for (call, (found, expected)) in calls.iter().zip(found.iter().zip(&expected)) {
        assert_eq!(found, expected, "{call:?}");
    }
    say(&format!("{} · {} calls of functions: equal", engine.label(), calls.len()));
}

/// Components of the window that are at the ends of their ranges, and characters at the end of their reach.
pub async fn windows() {
    let mut weights = testing::weights(&testing::config(Kind::Synthesis, &[5], 2), 1);
    let dense = weights.window.as_mut().unwrap();
    dense.weight.values.fill(0);
    // alpha^ | beta^ | kappa^ of four components: the largest weight, the widest and the narrowest, and ones that stay.
    dense.bias = vec![9.0, 3.0, -1.0, 9.0, -20.0, 9.0, 2.0, -20.0, -20.0, -20.0, -1.0, 9.0];
    let near: StateOf = |network, line, seed| {
        let mut state = random_state(network, line, seed);
        for (k, kappa) in state.kappa.iter_mut().enumerate() {
            let at = (seed as i32 + 3 * k as i32) % line.ids.len() as i32;
            *kappa = if seed % 2 == 0 { at << 16 } else { *kappa };
        }
        state
    };
    kernels_on(gpu().await, "window", Arc::new(weights.clone()), &[60, 5, 40, 33], 8, near).await;
    // So much of a character that appears many times is more than the window holds.
    weights.window.as_mut().unwrap().bias[4..].copy_from_slice(&[-20.0, -20.0, -20.0, -20.0, -20.0, 1.0, 2.0, 3.0]);
    kernels_on(gpu().await, "wide window", Arc::new(weights), &[60, 300, 40, 33], 4, near).await;
}

/// A network whose weights are all at the ends of their range, with scales that let sums reach the ends of theirs
/// ("Bounds" in `docs/weights-format.md`): so many characters that the first layer's nearly fill 32 bits.
fn extreme(hidden: &[usize], characters: u32) -> Weights {
    let mut config = testing::config(Kind::Synthesis, hidden, 3);
    config.alphabet = (0..characters).filter_map(|k| char::from_u32(0x4e00 + k)).collect();
    let mut weights = testing::weights(&config, 7);
    let ids = config.ids();
    let fill = |matrix: &mut QuantisedMatrix, scales: &[f32]| {
        let (columns, most) = (matrix.columns, MOST_WEIGHT);
        for (at, value) in matrix.values.iter_mut().enumerate() {
            let (row, column) = (at / columns, at % columns);
            *value = match row % 4 {
                0 => most,
                1 => -most,
                2 => most - 2 * most * (column % 2) as i8,
                _ => most - 2 * most * (column % 3 / 2) as i8,
            };
        }
        matrix.scales.iter_mut().enumerate().for_each(|(row, scale)| *scale = scales[row / 2 % scales.len()]);
    };
    for layer in &mut weights.layers {
        let hidden = layer.gates.weight.columns - 3 - ids;
        let most = 63.0 * ((8 * 127 * hidden) as f64 + (3 << 17) as f64 + ((ids as u64) << 15) as f64);
        assert!(most < f64::from(1u32 << 31), "{most}");
        let largest = (f64::from(1 << 30) / most) as f32 * 0.99;
        fill(&mut layer.gates.weight, &[largest, largest / 300.0, 0.0, 1e-6]);
        layer.gates.bias.iter_mut().enumerate().for_each(|(row, bias)| *bias = if row % 3 == 0 { 1e4 } else { -2.0 });
    }
    let linear = |dense: &mut Dense, largest: f32| {
        fill(&mut dense.weight, &[largest, largest / 300.0, 0.0, 1e-6]);
        let reach = dense.weight.columns as f32 * 63.0 * 127.0 / 128.0 * largest;
        for (row, bias) in dense.bias.iter_mut().enumerate() {
            *bias = if row % 2 == 0 { 8191.0 - reach } else { reach - 8191.0 };
        }
    };
    weights.window.iter_mut().for_each(|dense| linear(dense, 8000.0 / (63.0 * 127.0 / 128.0 * hidden[0] as f32)));
    let total = config.hidden_total() as f32;
    linear(&mut weights.output, 8000.0 / (63.0 * 127.0 / 128.0 * total));
    weights
}

/// Weights and states at the ends of their ranges: no sum leaves 32 bits.
pub async fn extreme_states() {
    for (name, hidden, characters) in [("extreme 37+29", &[37, 29][..], 26), ("extreme 24, A 950", &[24], 949)] {
        let weights = Arc::new(extreme(hidden, characters));
        for state_of in [extreme_state as StateOf, random_state] {
            kernels_on(gpu().await, name, Arc::clone(&weights), &[9, 40], 3, state_of).await;
        }
    }
    let full = Arc::new(extreme(&[400, 400, 400], 82));
    kernels_on(gpu().await, "extreme 3 x 400", full, &[9, 40], 2, extreme_state).await;
}

/// Whole lines from the same noise on both engines.
pub async fn free_runs() {
    let cases = [
        ("synthesis 37+29+41, M 5", odd(), 400),
        ("prediction 37, M 2", network(Kind::Prediction, &[37], 2, |_| ()), 400),
        ("prediction 1 x 64, M 20", network(Kind::Prediction, &[64], 20, |_| ()), 400),
        ("extreme 37+29", Arc::new(extreme(&[37, 29], 26)), 100),
    ];
    for (name, weights, steps) in cases {
        free_run(name, &weights, &lines(&weights, &[24])[0], &noise(3, 1, steps)).await;
    }
}

/// A line of text without style, or as many points of scribble.
#[cfg(not(target_arch = "wasm32"))]
pub async fn free_run_of_shipped(kind: Kind, bytes: Vec<u8>) {
    let name = kind.to_string();
    let weights = Arc::new(Weights::from_bytes_of(kind, &bytes, &name).unwrap());
    let ids = match kind {
        Kind::Prediction => Vec::new(),
        Kind::Synthesis => Alphabet::new(&weights.config.alphabet).encode("the quick brown fox jumps").ids,
    };
    for bias in [0.0, 1.0] {
        let line = Line { ids: ids.clone(), bias, temperature: 1.0, ..Line::default() };
        for seed in [4, 5] {
            free_run(&format!("shipped {name}, bias {bias}"), &weights, &line, &noise(seed, 1, 700)).await;
        }
    }
}

/// One line from this noise on both engines.
async fn free_run(name: &str, weights: &Arc<Weights>, line: &Line, noise: &[Vec<Noise>]) {
    let steps = noise[0].len();
    let mut cpu = Engine::Cpu(CpuEngine::new());
    cpu.open(weights, std::slice::from_ref(line)).await.unwrap();
    let expected = write(&mut cpu, noise, &[steps]).await;
    let mut engine = Engine::Gpu(Box::new(gpu().await));
    engine.open(weights, std::slice::from_ref(line)).await.unwrap();
    let found = write(&mut engine, noise, &[steps]).await;
    assert_same(name, &found[0], &expected[0]);
    say(&format!("{} · {name}: {steps} steps equal", engine.label()));
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
            assert_same(&format!("line {line} of {count}"), &found[line], &expected[line]);
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
        assert_same("primed", found, &expected);
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
    let settings = Settings::default().with_seed(4).with_attempts(0);
    let mut pages = Vec::new();
    for engine in [Engine::Gpu(Box::new(gpu().await)), Engine::Cpu(CpuEngine::new())] {
        let mut writer = Writer::new(engine);
        writer.set_weights(Weights::clone(&weights));
        let options = Options::default().with_settings(settings.clone()).with_columns(10);
        let mut document = Document::start(&mut writer, "abba ab\n\nba\nbaab a b ab", options).await.unwrap();
        while document.next(&mut writer).await.unwrap().is_some() {}
        assert_eq!(writer.notice(), "");
        pages.push(document.pages().layout().points().to_vec());
    }
    assert!(!pages[0].is_empty() && pages[0] == pages[1]);
}

/// A GPU that becomes ready in the middle of a text takes over with the same ink.
pub async fn takes_over() {
    let weights = odd();
    let settings = Settings::default().with_seed(4);
    let mut pages = Vec::new();
    for ready_after in [usize::MAX, 0, 2] {
        let mut writer = Writer::new(Engine::Cpu(CpuEngine::new()));
        writer.set_weights(Weights::clone(&weights));
        let weights = writer.weights(Kind::Synthesis).unwrap().clone();
        let options = Options::default().with_settings(settings.clone()).with_columns(10);
        let mut document = Document::start(&mut writer, "abba ab\n\nba\nbaab a b ab", options).await.unwrap();
        for count in 0.. {
            if count == ready_after {
                writer.add_gpu(Engine::ready_gpu(true, &weights, || 0.0).await.unwrap());
            }
            if document.next(&mut writer).await.unwrap().is_none() {
                break;
            }
        }
        assert_eq!(writer.engine_label().starts_with("CPU"), ready_after == usize::MAX, "{}", writer.notice());
        pages.push(document.pages().layout().points().to_vec());
    }
    assert!(!pages[0].is_empty() && pages[1] == pages[0] && pages[2] == pages[0]);
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
        taken_over(&weights, &Settings::default().with_seed(4).with_attempts(attempts)).await;
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
    assert!(!inks[0].is_empty() && inks[0] == inks[1], "{} attempts", settings.attempts);
}

/// Mixture parameters far beyond those of any trained network, biases and temperatures beyond the settings' ranges.
pub async fn extremes() {
    let mut engine = gpu().await;
    let mut cpu = CpuEngine::new();
    let settings: Vec<(f32, f32)> =
        [0.0, 1.0, 5.0, 10.0].iter().flat_map(|&b| [0.01, 0.1, 1.0, 5.0].map(|t| (b, t))).collect();
    let lines: Vec<Line> =
        settings.iter().map(|&(bias, temperature)| Line { bias, temperature, ..Line::default() }).collect();
    // Extremes of the noise, then noise.
    let last = 1.0 - f32::EPSILON / 2.0;
    let mut drawn = vec![
        [0.0, 1e-6, 8.0, -8.0],
        [last, last, -8.0, 8.0],
        [0.9, 0.9, 8.0, 8.0],
        [0.5, 0.5, 0.0, 0.0],
        [-1.0, 1e9, -1e9, 1.0],
    ];
    drawn.extend(testing::noise(3, 1, 4));
    // pi^, mu, sigma^ and rho^ of three components.
    type Case = (&'static str, [f32; 3], [f32; 3], [f32; 3], [f32; 3]);
    let cases: [Case; 7] = [
        ("far from all means", [0.3, 0.1, -0.2], [300.0, -8e3, 127.0], [3.0, 3.2, 3.1], [0.9, -0.8, 0.7]),
        ("rho at its ends", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [0.1, -0.4, 0.3], [8e3, -8e3, 12.0]),
        ("sigma to 0", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [-50.0, -8e3, -90.0], [0.5, -20.0, 20.0]),
        ("pi underflows", [900.0, -900.0, 8e3], [1.0, -2.0, 0.5], [0.1, -0.4, 0.3], [0.5, -1.0, 2.0]),
        ("sigma overflows", [0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [95.0, 8e3, 60.0], [0.5, -1.0, 2.0]),
        ("means far away", [0.3, 0.1, -0.2], [1e3, -8e3, 127.99], [0.1, -0.4, 0.3], [0.5, -1.0, 2.0]),
        (
            "all of it",
            [8191.9, -8191.9, 8191.9],
            [8191.9, -8191.9, 0.0],
            [8191.9, -8191.9, 0.0],
            [-8191.9, 8191.9, 0.0],
        ),
    ];
    for (name, pi, mu, sigma, rho) in cases {
        let mut weights = testing::weights(&testing::config(Kind::Prediction, &[5], 3), 1);
        weights.output.weight.values.fill(0);
        let mirrored = |values: [f32; 3]| [values, values.map(|v| -v)].concat();
        weights.output.bias =
            [&[pi[2]][..], &pi, &mirrored(mu), &sigma, &[sigma[1], sigma[2], sigma[0]], &rho].concat();
        let weights = Arc::new(weights);
        let noise: Vec<Noise> = lines.iter().flat_map(|_| drawn.clone()).collect();
        engine.open(&weights, &lines).await.unwrap();
        engine.submit(drawn.len(), &noise).unwrap();
        let found = engine.collect().await.unwrap();
        cpu.open(&weights, &lines).unwrap();
        cpu.submit(drawn.len(), &noise).unwrap();
        let expected = cpu.collect().unwrap();
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert_eq!(found, expected, "{name}, {:?}, {:?}", lines[at / drawn.len()], noise[at]);
        }
    }
}

/// The function that takes the place of WGSL's `dot4I8Packed` where a browser lacks it gives the same.
pub async fn packed_dot() {
    let without = GpuEngine::with_shaders(true, |_, source| [PACKED_DOT, source].concat().into());
    let mut engine = without.await.unwrap();
    selftest::run(&mut engine).await.unwrap();
    kernels_on(engine, "own dot4I8Packed", Arc::new(extreme(&[37, 29], 26)), &[9, 40], 2, extreme_state).await;
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
    // One number is not rounded where it should be.
    let mut engine = GpuEngine::with_shaders(true, |name, source| {
        edited(name, source, "lstm.wgsl", "(t * e + 16384) >> 15u", "(t * e) >> 15u")
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
    let text = Line { ids: vec![1, 0], ..line.clone() };
    let many = |components| network(Kind::Synthesis, &[5], 1, |config| config.window = components);
    let error = engine.open(&many(702), std::slice::from_ref(&text)).await.unwrap_err();
    assert!(error.to_string().contains("the window has 702 components, and this engine has room for 701"), "{error}");
    engine.open(&many(701), std::slice::from_ref(&text)).await.unwrap();
    engine.submit(1, &[[0.0; 4]]).unwrap();
    assert_eq!(engine.collect().await.unwrap().len(), 1);
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
