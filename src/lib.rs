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
//! # A text as SVG
//! ```ignore-wasm32,standalone_crate
//! use running_hand::export::Format;
//! use running_hand::{Document, Settings, Weights};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // With the feature `weights`: `Weights::shipped(Kind::Synthesis)`.
//! let weights = Weights::open("weights/synthesis.safetensors")?;
//! let settings = Settings::default().with_seed(7).with_bias(1.0).with_hand(&weights, "Round")?;
//! let document = Document::write_blocking(weights, "so it goes", settings.into())?;
//! let svg = document.pages().export(0, Format::Svg, &Default::default())?;
//! assert!(svg.starts_with("<svg "));
//! # Ok(()) }
//! ```
//!
//! [`Document::start`] writes on any engine, [`Engine::choose`] finds one, and [`Document::next`] hands out the ink as it
//! comes; a [`Writer`] writes lines without a page.
//!
//! # Features
//! `gpu` (default): the GPU engine. `weights`: the shipped networks within the library, which have terms of their own.
//! `cli`, `command`: the command, without and with the networks.

#![deny(unsafe_code)]

#[macro_use]
mod setters;

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
#[cfg(all(
    target_arch = "wasm32",
    not(any(feature = "gpu-module", feature = "ink-module", feature = "learn-module", feature = "export-module"))
))]
pub mod web;
// The page loads the GPU engine as a module of its own, where the browser has WebGPU; likewise the reader of ink files,
// when a visitor opens such a file, what learns a hand, and what writes files that few visitors need.
#[cfg(all(target_arch = "wasm32", feature = "gpu-module"))]
#[path = "web/gpu.rs"]
pub mod web;
#[cfg(all(target_arch = "wasm32", feature = "ink-module"))]
#[path = "web/ink_file.rs"]
pub mod web;
#[cfg(all(target_arch = "wasm32", feature = "learn-module"))]
#[path = "web/learn.rs"]
pub mod web;
#[cfg(all(target_arch = "wasm32", feature = "export-module"))]
#[path = "web/sheet_file.rs"]
pub mod web;
pub mod writer;

pub use document::Document;
pub use engine::Engine;
pub use error::{Error, Result};
pub use model::Weights;
pub use writer::{Settings, Writer};
