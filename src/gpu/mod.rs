//! Placeholder until the WGSL engine is here: says that there is no GPU.

use crate::engine::{Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::Weights;
use std::sync::Arc;

/// The WGSL engine.
#[derive(Debug)]
pub struct GpuEngine {}

impl GpuEngine {
    /// Opens the best adapter; a software one (llvmpipe, SwiftShader) only if `software` is set.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    pub async fn new(software: bool) -> Result<Self> {
        let _ = software;
        Err(Error::GpuUnavailable("not built yet".into()))
    }

    /// "WebGPU · NVIDIA …".
    pub fn label(&self) -> String {
        String::new()
    }

    /// See [`crate::engine::Engine::open`].
    ///
    /// # Errors
    /// Always.
    pub async fn open(&mut self, _weights: &Arc<Weights>, _lines: &[Line]) -> Result<()> {
        Err(Error::GpuUnavailable("not built yet".into()))
    }

    /// See [`crate::engine::Engine::submit`].
    ///
    /// # Errors
    /// Always.
    pub fn submit(&mut self, _steps: usize, _noise: &[Noise]) -> Result<()> {
        Err(Error::GpuUnavailable("not built yet".into()))
    }

    /// See [`crate::engine::Engine::collect`].
    ///
    /// # Errors
    /// Always.
    pub async fn collect(&mut self) -> Result<Vec<Step>> {
        Err(Error::GpuUnavailable("not built yet".into()))
    }
}
