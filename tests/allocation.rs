//! A timestep of the CPU engine allocates nothing: buffers are made when a line is opened.
#![cfg(not(target_arch = "wasm32"))]

use running_hand::engine::Line;
use running_hand::engine::cpu::State;
use running_hand::model::Kind;
use running_hand::testing;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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
    let weights = testing::weights(&testing::config(Kind::Synthesis, &[33, 20, 17], 5), 1);
    let line = Line { ids: vec![3, 1, 4, 0], temperature: 1.0, ..Line::default() };
    let noise = testing::noise(1, 1, 40);
    let mut state = State::new(&weights, &line);
    let before = ALLOCATIONS.get();
    assert!(before > 0, "the counter counts");
    for noise in &noise {
        state.step(&weights, noise);
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
