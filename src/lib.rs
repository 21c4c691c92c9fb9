//! Handwriting by a neural network: Graves' 2013 model (LSTM, soft window over the text, mixture
//! densities), written to be read.
//!
//! Data flows one way: text → character ids ([`alphabet`]) → [`writer`] (style, seed, settings) →
//! [`engine`] timesteps ([`cpu`] or `gpu`) → points → [`page`] → [`ink`] → [`export`]. The writer does not
//! know which engine runs; engines do not know text; `web` is the only module that knows the browser.
//!
//! Start with [`cpu`]: one timestep of the network, top to bottom.

#![deny(unsafe_code)]

pub mod alphabet;
pub mod check;
pub mod cpu;
pub mod ending;
pub mod engine;
pub mod error;
pub mod export;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod ink;
pub mod model;
pub mod noise;
pub mod own;
pub mod page;
pub mod paper;
pub mod prime;
pub mod style;
#[doc(hidden)]
pub mod testing;
pub mod think;
#[cfg(target_arch = "wasm32")]
pub mod web;
pub mod writer;

pub use error::{Error, Result};
