//! A timestep of the CPU engine allocates nothing: buffers are made when a line is opened.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::expect_used, reason = "tests")]

use running_hand::engine::Line;
use running_hand::engine::cpu::{Network, State};
use running_hand::model::{Config, Kind, Quantisation, Weights};
use running_hand::testing;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn a_timestep_allocates_nothing() {
    let config = testing::config(Kind::Synthesis, &[33, 20, 17], 5);
    let f32 = testing::weights(&config, 1);
    let int8 = testing::file_of(
        &serde_json::to_string(&Config { quantisation: Quantisation::Int8, ..config.clone() }).expect("serialisable"),
        &testing::int8(&testing::tensors(&config, 1)),
    );
    let int8 = Weights::from_bytes(&int8, "int8").expect("valid");
    for weights in [f32, int8] {
        count_allocations(&Network::of(&Arc::new(weights)));
    }
}

fn count_allocations(network: &Network) {
    let line = Line { ids: vec![3, 1, 4, 0], temperature: 1.0, ..Line::default() };
    let noise = testing::noise(1, 1, 40);
    let mut state = State::new(network, &line);
    let before = ALLOCATIONS.get();
    assert!(before > 0, "the counter counts");
    for noise in &noise {
        state.step(network, noise);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
