//! In a browser, with `wasm-pack test --headless --chrome`: the WGSL kernels against their twins on
//! a real WebGPU adapter, and the CPU engine's WASM SIMD against the trainer's fixtures. Where the
//! browser has no WebGPU these tests fail. `webdriver.json` says how Chrome is started.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod twins;

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
async fn choice() {
    twins::choice().await;
}
