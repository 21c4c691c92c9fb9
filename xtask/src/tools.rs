//! Finding the programs that the commands need, and installing those that are missing.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{cargo, command, quiet, run};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Where cargo builds.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Adds Rust's standard library for WASM if it is missing.
pub fn wasm_target(root: &Path) -> Result<()> {
    let mut rustc = command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), root);
    let library = quiet(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if library.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    run(command("rustup", root).args(["target", "add", WASM_TARGET])).with_context(|| {
        format!("Rust cannot build for {WASM_TARGET}: install that target, with rustup or as your system does")
    })
}
