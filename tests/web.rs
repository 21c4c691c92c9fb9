//! In a browser, with `wasm-pack test --headless --chrome`: the WGSL kernels against their twins on
//! a real WebGPU adapter, and the CPU engine's WASM SIMD against the trainer's fixtures. Where the
//! browser has no WebGPU these tests fail. `webdriver.json` says how Chrome is started. For the
//! measured figures: `wasm-pack test --headless --chrome -- --test web -- --nocapture`.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod twins;

use running_hand::engine::Line;
use running_hand::engine::cpu::matvec::int8::{Int8Kernel, multiply_int8_with};
use running_hand::engine::cpu::matvec::{MatVecOperands, PackedInt8, QuantizedInput};
use running_hand::engine::cpu::{CpuEngine, Network, State};
use running_hand::model::Weights;
use running_hand::testing::relative_error;
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

/// The relaxed SIMD kernel, where this browser and processor support it, against the one that all have.
#[wasm_bindgen_test]
fn all_int8_kernels_give_the_same_sums() {
    say(&format!("CPU · SIMD · int8 kernel {:?}", Int8Kernel::fastest()));
    for (rows, columns) in [(1, 1), (3, 16), (4, 17), (13, 333), (1600, 880)] {
        let values: Vec<i8> = (0..rows * columns).map(|k| (k % 10_007 * (k % 251)) as i8).collect();
        let scales = (0..rows).map(|r| 0.25 + r as f32).collect();
        let matrix = PackedInt8::new(&values, columns, scales, columns / 3).unwrap();
        let sums = |kernel: Int8Kernel, count: usize| {
            let line = |line: usize| (0..columns).map(|k| ((k + 3 * line) as f32 * 0.3).cos()).collect();
            let mut lines: Vec<(Vec<f32>, QuantizedInput, Vec<f32>)> =
                (0..count).map(|n| (line(n), QuantizedInput::default(), vec![9.0; rows])).collect();
            multiply_int8_with(kernel, &matrix, &mut lines, &|(input, quantized, sums)| MatVecOperands {
                input,
                quantized,
                sums,
            });
            lines.into_iter().map(|(.., sums)| sums).collect::<Vec<_>>()
        };
        let expected = sums(Int8Kernel::TwoPart, 5);
        assert_eq!(sums(Int8Kernel::fastest(), 5), expected);
        assert_eq!(sums(Int8Kernel::fastest(), 1)[0], expected[0]);
        assert_eq!(sums(Int8Kernel::TwoPart, 1)[0], expected[0]);
    }
}

/// A fixture's tensor, as words of any type.
fn words<T: bytemuck::Pod>(fixture: &[u8], name: &str) -> Vec<T> {
    let tensors = SafeTensors::deserialize(fixture).unwrap();
    bytemuck::pod_collect_to_vec(tensors.tensor(&format!("fixture.{name}")).unwrap().data())
}

/// The CPU engine compiled to WASM, against the trainer's fixtures; natively `tests/parity.rs` compares every tensor.
/// The tolerance is that of a free run there.
#[wasm_bindgen_test]
fn simd_against_the_fixtures() {
    assert_eq!(CpuEngine::new().label(), "CPU · SIMD");
    let fixtures = [
        ("tiny-prediction", &include_bytes!("fixtures/tiny-prediction.safetensors")[..]),
        ("tiny-synthesis", include_bytes!("fixtures/tiny-synthesis.safetensors")),
        ("tiny-int8", include_bytes!("fixtures/tiny-int8.safetensors")),
    ];
    for (name, fixture) in fixtures {
        let weights = Arc::new(Weights::from_bytes(fixture, name).unwrap());
        let network = Network::of(&weights);
        let line = Line {
            ids: if weights.config.window > 0 { words(fixture, "ids") } else { Vec::new() },
            style: if weights.config.style_dim > 0 { words(fixture, "style") } else { Vec::new() },
            bias: words(fixture, "bias")[0],
            temperature: words(fixture, "temperature")[0],
            prefix: Vec::new(),
        };
        let mut state = State::new(&network, &line);
        let (mut outputs, mut points, mut densities) = (Vec::new(), Vec::new(), Vec::new());
        for noise in words::<[f32; 4]>(fixture, "noise") {
            let step = state.step(&network, &noise);
            outputs.extend_from_slice(&state.output);
            points.extend([step.dx, step.dy, step.pen]);
            densities.push(step.log_density);
        }
        for (tensor, found) in [("output", outputs), ("point", points), ("log_density", densities)] {
            let error = relative_error(&found, &words(fixture, tensor));
            say(&format!("CPU · SIMD · {name:<28} {tensor:<16} rel {error:.1e}"));
            assert!(error <= 1e-4, "{name}: {tensor} is off by {error:e}");
        }
    }
}
