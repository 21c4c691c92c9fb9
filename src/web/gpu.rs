//! The GPU engine, for JavaScript: a WebAssembly module of its own, which the one that writes (`remote_gpu.rs`) loads
//! where the browser has WebGPU. None of this is in the public types.

use crate::engine::gpu::GpuEngine;
use crate::engine::remote::unpacked;
use crate::engine::{Line, Noise, Step, selftest};
use crate::error::{Error, Result};
use crate::model::{Kind, Weights};
use async_lock::{Mutex, MutexGuard};
use js_sys::Float32Array;
use std::cell::RefCell;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// An engine, and the networks that it may be asked to open again.
#[wasm_bindgen]
pub struct Gpu {
    /// Locked while a batch is opened or a chunk is awaited.
    engine: Mutex<GpuEngine>,
    label: String,
    /// The last network of each kind.
    networks: RefCell<Vec<Arc<Weights>>>,
}

#[wasm_bindgen]
impl Gpu {
    /// Opens an adapter, a software one only if `software` is set, and tests it.
    pub async fn open(software: bool) -> std::result::Result<Gpu, JsValue> {
        console_error_panic_hook::set_once();
        let engine = selftest::tested(software).await.map_err(thrown)?;
        Ok(Self { label: engine.label(), engine: Mutex::new(engine), networks: RefCell::default() })
    }

    /// "WebGPU · NVIDIA …".
    #[wasm_bindgen(getter)]
    pub fn label(&self) -> String {
        self.label.clone()
    }

    /// Takes the weights file of a network; the one of the same kind before it goes.
    pub fn load(&self, bytes: &[u8]) -> std::result::Result<(), JsValue> {
        let weights = Weights::from_bytes(bytes, "weights").map_err(thrown)?;
        let mut networks = self.networks.borrow_mut();
        networks.retain(|other| other.config.kind != weights.config.kind);
        networks.push(Arc::new(weights));
        Ok(())
    }

    /// Whether the network of this fingerprint is the last one that was loaded of its kind.
    #[wasm_bindgen(js_name = hasLoaded)]
    pub fn has_loaded(&self, fingerprint: u64) -> bool {
        self.network(fingerprint).is_ok()
    }

    /// Whether its weights and pipelines are on the GPU.
    pub fn holds(&self, fingerprint: u64) -> bool {
        self.network(fingerprint).is_ok_and(|weights| self.now().is_ok_and(|engine| engine.holds(&weights)))
    }

    /// Opens a batch of packed lines.
    #[wasm_bindgen(js_name = openBatch)]
    pub async fn open_batch(
        &self,
        fingerprint: u64,
        lines: Vec<u32>,
        longest: usize,
    ) -> std::result::Result<(), JsValue> {
        let opened = async {
            let (weights, lines) = (self.network(fingerprint)?, read(&lines)?);
            self.engine.lock().await.open_with_capacity(&weights, &lines, longest).await
        };
        opened.await.map_err(thrown)
    }

    /// Puts another packed line into a slot of the batch.
    #[wasm_bindgen(js_name = assignSlot)]
    pub fn assign_slot(&self, slot: usize, line: &[u32]) -> std::result::Result<(), JsValue> {
        let assigned = read(line).and_then(|line| match line.as_slice() {
            [line] => self.now()?.assign_slot(slot, line),
            _ => Err(misread()),
        });
        assigned.map_err(thrown)
    }

    /// Takes a slot's line back to its beginning.
    pub fn restart(&self, slot: usize) -> std::result::Result<(), JsValue> {
        self.now().and_then(|mut engine| engine.rewind(slot, 0).map(drop)).map_err(thrown)
    }

    /// Queues a chunk; `noise` is four numbers for each line and timestep.
    pub fn submit(&self, steps: usize, noise: &[f32]) -> std::result::Result<(), JsValue> {
        let noise: &[Noise] = noise.as_chunks().0;
        self.now().and_then(|mut engine| engine.submit(steps, noise)).map_err(thrown)
    }

    /// The oldest chunk: nine numbers for each line and timestep.
    pub async fn collect(&self) -> std::result::Result<Float32Array, JsValue> {
        let steps: Vec<Step> = self.engine.lock().await.collect().await.map_err(thrown)?;
        Ok(Float32Array::from(bytemuck::cast_slice::<_, f32>(&steps)))
    }
}

impl Gpu {
    fn now(&self) -> Result<MutexGuard<'_, GpuEngine>> {
        self.engine.try_lock().ok_or_else(|| Error::Sequence("the GPU engine is at work".into()))
    }

    fn network(&self, fingerprint: u64) -> Result<Arc<Weights>> {
        let networks = self.networks.borrow();
        let found = networks.iter().find(|weights| weights.fingerprint == fingerprint).cloned();
        found.ok_or_else(|| Error::NotLoaded { kind: Kind::Synthesis.to_string() })
    }
}

fn read(lines: &[u32]) -> Result<Vec<Line>> {
    unpacked(lines).ok_or_else(misread)
}

fn misread() -> Error {
    Error::Sequence("lines that cannot be read".into())
}

/// What the other module makes an error of again: `name` says which, `message` what it is about.
fn thrown(error: Error) -> JsValue {
    let (name, message) = match error {
        Error::GpuUnavailable(message) => ("GpuUnavailable", message),
        Error::Sequence(message) => ("Sequence", message),
        Error::DeviceLost(message) => ("DeviceLost", message),
        other => ("DeviceLost", other.to_string()),
    };
    let thrown = js_sys::Error::new(&message);
    thrown.set_name(name);
    thrown.into()
}
