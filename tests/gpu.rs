//! The WGSL kernels against their twins, natively, on any adapter (`mesa-vulkan-drivers` installs a software one).
//! Without an adapter these tests say so and pass; those in the browser (`tests/web.rs`) require one.
#![cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![expect(clippy::print_stdout, reason = "which adapters were compared is for people")]

mod twins;

use pollster::block_on;
use running_hand::engine::gpu::GpuEngine;
use running_hand::model::Kind;

fn say(line: &str) {
    println!("{line}");
}

fn run(test: impl Future<Output = ()>) {
    match block_on(GpuEngine::new(true)) {
        Ok(_) => block_on(test),
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn kernels() {
    run(twins::kernels());
}

#[test]
fn kernels_of_full_size() {
    run(twins::kernels_of_full_size());
}

#[test]
fn arithmetic() {
    run(twins::arithmetic());
}

#[test]
fn windows() {
    run(twins::windows());
}

#[test]
fn extreme_states() {
    run(twins::extreme_states());
}

#[test]
fn free_runs() {
    run(twins::free_runs());
}

/// The shipped networks: one seed gives one handwriting on either engine.
#[test]
fn free_runs_of_the_shipped_networks() {
    for kind in [Kind::Prediction, Kind::Synthesis] {
        let path = format!("{}/weights/{kind}.safetensors", env!("CARGO_MANIFEST_DIR"));
        match std::fs::read(&path) {
            Ok(bytes) => run(twins::free_run_of_shipped(kind, bytes)),
            Err(error) => println!("skipped: {path}: {error}"),
        }
    }
}

#[test]
fn batches() {
    run(twins::batches());
}

#[test]
fn chunks() {
    run(twins::chunks());
}

#[test]
fn in_flight() {
    run(twins::in_flight());
}

#[test]
fn priming() {
    run(twins::priming());
}

#[test]
fn restarts() {
    run(twins::restarts());
}

#[test]
fn pages() {
    run(twins::pages());
}

#[test]
fn takes_over() {
    run(twins::takes_over());
}

#[test]
fn several_networks() {
    run(twins::several_networks());
}

#[test]
fn misuse() {
    run(twins::misuse());
}

#[test]
fn lost_device() {
    run(twins::lost_device());
}

#[test]
fn extremes() {
    run(twins::extremes());
}

#[test]
fn packed_dot() {
    run(twins::packed_dot());
}

#[test]
fn wrong_numbers() {
    run(twins::wrong_numbers());
}

#[test]
fn no_room() {
    run(twins::no_room());
}

#[test]
fn choice() {
    run(twins::choice());
}
