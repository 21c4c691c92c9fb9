//! Handwriting by a neural network: Graves' 2013 model (LSTM, soft window over the text, mixture
//! densities), written to be read.
//!
//! Layers, each of which knows only those below it: [`document`] (a text, its lines and its pages), [`writer`] (lines:
//! style, seed, settings), [`engine`] (timesteps, on the CPU or the GPU), [`model`] (the weights file). A document
//! wraps a text into lines; the writer has the engine draw their points; the document places these on pages, and
//! [`export`] makes files of the pages. The writer does not depend on which engine runs; engines know no text; `web`
//! is the only module that knows the browser.
//!
//! Start with [`engine::cpu`]: one timestep of the network, top to bottom.
//!
//! # A line as SVG
//! ```ignore-wasm32,standalone_crate
//! use running_hand::engine::cpu::CpuEngine;
//! use running_hand::engine::Engine;
//! use running_hand::export::{self, Format, Options};
//! use running_hand::model::Weights;
//! use running_hand::writer::{Settings, Writer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { pollster::block_on(async {
//! let bytes = std::fs::read("weights/synthesis.safetensors")?;
//! let mut writer = Writer::new(Engine::Cpu(CpuEngine::new())); // or what `Engine::choose` finds
//! writer.set_weights(Weights::from_bytes(&bytes, "synthesis.safetensors")?);
//!
//! writer.start("so it goes", &Settings { bias: 1.0, seed: 7, ..Settings::default() }).await?;
//! while let Some(_points_as_they_come) = writer.next().await? {}
//! let svg = export::write(&writer.ink(), Format::Svg, &Options::default())?;
//! assert!(svg.starts_with("<svg "));
//! # Ok(()) }) }
//! ```

#![deny(unsafe_code)]

pub mod adapt;
pub mod capture;
pub mod document;
pub mod engine;
pub mod error;
pub mod export;
pub mod ink;
pub mod inspect;
pub mod model;
#[doc(hidden)]
pub mod testing;
pub mod text;
#[cfg(all(target_arch = "wasm32", not(any(feature = "ink-module", feature = "learn-module"))))]
pub mod web;
// The page loads the reader of ink files as a module of its own, when a visitor opens such a file, and likewise what
// learns a hand.
#[cfg(all(target_arch = "wasm32", feature = "ink-module"))]
#[path = "web/ink_file.rs"]
pub mod web;
#[cfg(all(target_arch = "wasm32", feature = "learn-module"))]
#[path = "web/learn.rs"]
pub mod web;
pub mod writer;

pub use document::Document;
pub use engine::Engine;
pub use error::{Error, Result};
pub use model::Weights;
pub use writer::{Settings, Writer};
