//! The network on the CPU: reference for the shaders, engine where there is no GPU, and the place to
//! read how one timestep works.
//!
//! [`lstm`], [`window`] and [`mixture`] are the twins of `shaders/lstm.wgsl`, `window.wgsl` and
//! `mixture.wgsl`: the same loops over the same arrays. [`advance`] (in `timestep.rs`) calls them in order, for
//! all lines of a batch at once:
//!
//! 1. layer 0 reads the last point, the last window and its own last hidden state;
//! 2. its new hidden state moves the window over the text;
//! 3. each layer above reads the point, the *new* window and the layer below;
//! 4. all hidden states together give the mixture, from which the next point is drawn.
//!
//! Before each of them comes a matrix-vector product per line ([`matvec`]), in which the lines share each
//! read of the matrix. [`Network`] holds the matrices, packed; [`CpuEngine`] keeps the batch. All numbers are whole
//! numbers ([`math`]): the same on every machine and in the shaders.
//!
//! Buffers are made in [`CpuEngine::open`]; a timestep allocates nothing.

#![expect(clippy::needless_range_loop, reason = "keeps the loops comparable to the shaders")]

/// Calls a function; on an x86-64 processor with AVX-512 or AVX2, a copy of it compiled for that.
macro_rules! with_vectors {
    ($function:ident($($name:ident: $type:ty),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512bw") && std::arch::is_x86_feature_detected!("avx512vl") {
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
            fn avx512($($name: $type),*) {
                $function($($name),*);
            }
            // SAFETY: this processor has these.
            return unsafe { avx512($($name),*) };
        }
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            #[target_feature(enable = "avx2")]
            fn avx2($($name: $type),*) {
                $function($($name),*);
            }
            // SAFETY: this processor has AVX2.
            return unsafe { avx2($($name),*) };
        }
        $function($($name),*);
    }};
}

pub(crate) use with_vectors;

mod engine;
pub mod lstm;
pub mod math;
pub mod matvec;
pub mod mixture;
mod network;
mod timestep;
pub mod window;

pub use engine::CpuEngine;
pub use network::{Layer, Linear, Network};
pub use timestep::{State, advance};
