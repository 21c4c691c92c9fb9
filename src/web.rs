//! Placeholder: the wasm-bindgen surface.
