//! In a browser, with `wasm-pack test --headless --chrome`: the WGSL kernels against their twins on
//! a real WebGPU adapter, and the CPU engine's WASM SIMD against the trainer's fixtures. Every number has to be equal.
//! Where the browser has no WebGPU these tests fail. `webdriver.json` says how Chrome is started.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod inputs;
mod twins;

use running_hand::engine::cpu::matvec::{Kernel, MatVecOperands, PackedMatrix, multiply_with};
use running_hand::engine::cpu::{CpuEngine, Network, State};
use running_hand::engine::{Line, Step};
use running_hand::model::{QuantisedMatrix, Weights};
use safetensors::SafeTensors;
use std::sync::Arc;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn say(line: &str) {
    console_log!("{line}");
}

#[wasm_bindgen_test]
async fn kernels() {
    twins::kernels().await;
}

#[wasm_bindgen_test]
async fn kernels_of_full_size() {
    twins::kernels_of_full_size().await;
}

#[wasm_bindgen_test]
async fn arithmetic() {
    twins::arithmetic().await;
}

#[wasm_bindgen_test]
async fn windows() {
    twins::windows().await;
}

#[wasm_bindgen_test]
async fn extreme_states() {
    twins::extreme_states().await;
}

#[wasm_bindgen_test]
async fn free_runs() {
    twins::free_runs().await;
}

#[wasm_bindgen_test]
async fn batches() {
    twins::batches().await;
}

#[wasm_bindgen_test]
async fn chunks() {
    twins::chunks().await;
}

#[wasm_bindgen_test]
async fn in_flight() {
    twins::in_flight().await;
}

#[wasm_bindgen_test]
async fn priming() {
    twins::priming().await;
}

#[wasm_bindgen_test]
async fn restarts() {
    twins::restarts().await;
}

#[wasm_bindgen_test]
async fn pages() {
    twins::pages().await;
}

#[wasm_bindgen_test]
async fn takes_over() {
    twins::takes_over().await;
}

#[wasm_bindgen_test]
async fn several_networks() {
    twins::several_networks().await;
}

#[wasm_bindgen_test]
async fn misuse() {
    twins::misuse().await;
}

#[wasm_bindgen_test]
async fn lost_device() {
    twins::lost_device().await;
}

#[wasm_bindgen_test]
async fn extremes() {
    twins::extremes().await;
}

#[wasm_bindgen_test]
async fn packed_dot() {
    twins::packed_dot().await;
}

#[wasm_bindgen_test]
async fn wrong_numbers() {
    twins::wrong_numbers().await;
}

#[wasm_bindgen_test]
async fn no_room() {
    twins::no_room().await;
}

#[wasm_bindgen_test]
async fn choice() {
    twins::choice().await;
}

#[wasm_bindgen_test]
fn noise_is_the_same_whole_numbers_everywhere() {
    inputs::noise();
}

#[wasm_bindgen_test]
fn settings_are_the_same_whole_numbers_everywhere() {
    inputs::settings();
}

/// The products of every set of instructions that this browser and processor have are those of the plain loops.
#[wasm_bindgen_test]
fn all_kernels_give_the_same_sums() {
    for kernel in Kernel::all() {
        say(&format!("matrix products: {kernel:?}"));
    }
    for (rows, columns) in [(1, 1), (3, 16), (4, 17), (13, 333), (1600, 880)] {
        let values = (0..rows * columns).map(|k| (k % 10_007 * (k % 251) % 127) as i8 - 63).collect();
        let matrix = QuantisedMatrix { columns, values, scales: vec![1.0; rows] };
        let packed = PackedMatrix::new(&matrix, std::slice::from_ref(&(0..columns)));
        let input = |line: usize| -> Vec<i8> {
            let state = |k: usize| if k < columns { ((k * 37 + 3 * line) % 255) as i16 - 127 } else { 0 };
            (0..packed.columns()).map(|k| state(k) as i8).collect()
        };
        let sums = |kernel: Kernel, count: usize| {
            let mut lines: Vec<_> = (0..count).map(|line| (input(line), vec![9; packed.padded_rows()])).collect();
            multiply_with(kernel, &packed, &mut lines, &|(input, sums)| MatVecOperands { input, sums });
            lines.into_iter().map(|(_, sums)| sums[..rows].to_vec()).collect::<Vec<_>>()
        };
        let expected = sums(Kernel::Portable, 5);
        for kernel in Kernel::all() {
            assert_eq!(sums(kernel, 5), expected, "{kernel:?}");
            assert_eq!(sums(kernel, 1)[0], expected[0], "{kernel:?}");
        }
    }
}

/// A fixture's tensor, as words of any type.
fn words<T: bytemuck::Pod>(fixture: &[u8], name: &str) -> Vec<T> {
    let tensors = SafeTensors::deserialize(fixture).unwrap();
    bytemuck::pod_collect_to_vec(tensors.tensor(&format!("fixture.{name}")).unwrap().data())
}

/// The CPU engine compiled to WASM, against the trainer's fixtures; natively `tests/parity.rs` compares every tensor.
#[wasm_bindgen_test]
fn simd_against_the_fixtures() {
    assert_eq!(CpuEngine::new().label(), "CPU · SIMD");
    let fixtures = [
        ("tiny-prediction", &include_bytes!("fixtures/tiny-prediction.safetensors")[..]),
        ("tiny-synthesis", include_bytes!("fixtures/tiny-synthesis.safetensors")),
        ("tiny-int8", include_bytes!("fixtures/tiny-int8.safetensors")),
        ("tiny-stacked", include_bytes!("fixtures/tiny-stacked.safetensors")),
    ];
    for (name, fixture) in fixtures {
        let weights = Arc::new(Weights::from_bytes(fixture, name).unwrap());
        let network = Network::of(&weights);
        let line = Line {
            ids: if weights.config.window > 0 { words(fixture, "ids") } else { Vec::new() },
            style: if weights.config.style_dim > 0 { words(fixture, "style") } else { Vec::new() },
            bias: words(fixture, "bias")[0],
            temperature: words(fixture, "temperature")[0],
            ..Line::default()
        };
        let mut state = State::new(&network, &line);
        let mut steps = Vec::new();
        for [a, b, c, d] in words::<[i32; 4]>(fixture, "noise") {
            // Exact in f32: uniforms have 24 bits, normals fewer.
            let [a, b] = [a, b].map(|u| u as f32 / 16_777_216.0);
            let [c, d] = [c, d].map(|z| z as f32 / 4096.0);
            steps.push(state.step(&network, &[a, b, c, d]));
        }
        let real = |tensor: &str, unit: f32| -> Vec<f32> {
            words::<i32>(fixture, tensor).into_iter().map(|value| value as f32 / unit).collect()
        };
        let all = |part: fn(&Step) -> f32| steps.iter().map(part).collect::<Vec<_>>();
        let points: Vec<f32> = steps.iter().flat_map(|step| [step.dx, step.dy, step.pen]).collect();
        assert_eq!(points, real("point", 1024.0), "{name}: points");
        assert_eq!(all(|step| step.component), real("component", 1.0), "{name}: components");
        assert_eq!(all(|step| step.pen_probability), real("pen_probability", 32_768.0), "{name}: pen lifts");
        assert_eq!(all(|step| step.log_density), real("log_density", 1024.0), "{name}: densities");
    }
}
