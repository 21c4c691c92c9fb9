//! The GPU engine's module (`gpu.rs`), loaded where the browser has WebGPU.

use crate::engine::remote::{Later, RemoteEngine, packed};
use crate::engine::{Engine, Line, Noise, Step};
use crate::error::{Error, Result};
use crate::model::{Kind, Weights};
use js_sys::{Float32Array, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/src/web/load.js")]
extern "C" {
    /// Loads the module and opens an adapter.
    #[wasm_bindgen(js_name = openGpu)]
    fn open_gpu(software: bool) -> Promise;
}

#[wasm_bindgen]
extern "C" {
    /// `Gpu` of the module.
    #[derive(Debug)]
    type Gpu;
    #[wasm_bindgen(method, getter)]
    fn label(this: &Gpu) -> String;
    #[wasm_bindgen(method, catch)]
    fn load(this: &Gpu, bytes: &Uint8Array) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = hasLoaded)]
    fn has_loaded(this: &Gpu, fingerprint: u64) -> std::result::Result<bool, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn holds(this: &Gpu, fingerprint: u64) -> std::result::Result<bool, JsValue>;
    #[wasm_bindgen(method, catch, js_name = openBatch)]
    fn open_batch(
        this: &Gpu,
        fingerprint: u64,
        lines: Vec<u32>,
        longest: usize,
    ) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = assignSlot)]
    fn assign_slot(this: &Gpu, slot: usize, line: &[u32]) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn restart(this: &Gpu, slot: usize) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn submit(this: &Gpu, steps: usize, noise: &[f32]) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn collect(this: &Gpu) -> std::result::Result<Promise, JsValue>;
}

/// The files of the networks that are loaded, as they came, the last one of each kind: other modules read them for
/// themselves.
#[derive(Debug, Clone, Default)]
pub struct Files(Rc<RefCell<Vec<File>>>);

#[derive(Debug)]
struct File {
    kind: Kind,
    fingerprint: u64,
    bytes: Uint8Array,
}

impl Files {
    /// Keeps a network's file in the place of the one before.
    pub fn keep(&self, weights: &Weights, bytes: Uint8Array) {
        let mut files = self.0.borrow_mut();
        let Weights { fingerprint, .. } = *weights;
        files.retain(|file| file.kind != weights.config.kind);
        files.push(File { kind: weights.config.kind, fingerprint, bytes });
    }

    /// That of the synthesis network.
    pub fn synthesis(&self) -> Option<Uint8Array> {
        self.0.borrow().iter().find(|file| file.kind == Kind::Synthesis).map(|file| file.bytes.clone())
    }

    fn of(&self, fingerprint: u64) -> Option<Uint8Array> {
        self.0.borrow().iter().find(|file| file.fingerprint == fingerprint).map(|file| file.bytes.clone())
    }
}

/// A GPU, a software adapter only if `software` is set, that has passed the self-test.
///
/// # Errors
/// [`Error::GpuUnavailable`].
pub async fn open(software: bool, files: Files) -> Result<Engine> {
    let opened = JsFuture::from(open_gpu(software)).await;
    let gpu: Gpu = opened.map_err(|error| unavailable(failure(&error)))?.unchecked_into();
    Ok(Engine::Remote(Box::new(RemoteGpu { gpu, files })))
}

#[derive(Debug)]
struct RemoteGpu {
    gpu: Gpu,
    files: Files,
}

impl RemoteEngine for RemoteGpu {
    fn label(&self) -> String {
        self.gpu.label()
    }

    fn holds(&self, weights: &Arc<Weights>) -> bool {
        self.gpu.holds(weights.fingerprint).unwrap_or(false)
    }

    fn open<'a>(&'a mut self, weights: &'a Arc<Weights>, lines: &'a [Line], longest: usize) -> Later<'a, ()> {
        Box::pin(async move {
            let opened = async {
                let Weights { fingerprint, .. } = **weights;
                if !self.gpu.has_loaded(fingerprint)? {
                    let bytes = self.files.of(fingerprint).ok_or("the network's file is gone")?;
                    self.gpu.load(&bytes)?;
                }
                JsFuture::from(self.gpu.open_batch(fingerprint, packed(lines), longest)?).await
            };
            opened.await.map(drop).map_err(|error| failure(&error))
        })
    }

    fn assign_slot(&mut self, slot: usize, line: &Line) -> Result<()> {
        self.gpu.assign_slot(slot, &packed(std::slice::from_ref(line))).map_err(|error| failure(&error))
    }

    fn restart(&mut self, slot: usize) -> Result<()> {
        self.gpu.restart(slot).map_err(|error| failure(&error))
    }

    fn submit(&mut self, steps: usize, noise: &[Noise]) -> Result<()> {
        self.gpu.submit(steps, noise.as_flattened()).map_err(|error| failure(&error))
    }

    fn collect(&mut self) -> Later<'_, Vec<Step>> {
        Box::pin(async {
            let collected = async { JsFuture::from(self.gpu.collect()?).await };
            let numbers = collected.await.map_err(|error| failure(&error))?;
            let numbers = numbers.unchecked_into::<Float32Array>().to_vec();
            let steps =
                bytemuck::try_cast_slice(&numbers).map_err(|_| Error::DeviceLost("it sent parts of steps".into()))?;
            Ok(steps.to_vec())
        })
    }
}

/// What the module has thrown: one of the crate's errors (`thrown` in `gpu.rs`), or anything else.
fn failure(error: &JsValue) -> Error {
    let part = |name: &str| Reflect::get(error, &name.into()).ok().and_then(|part| part.as_string());
    let message = part("message").or_else(|| error.as_string()).unwrap_or_default();
    match part("name").as_deref() {
        Some("GpuUnavailable") => Error::GpuUnavailable(message),
        Some("Sequence") => Error::Sequence(message),
        _ => Error::DeviceLost(message),
    }
}

/// An adapter that was lost, or a module that did not come, before anything was written.
fn unavailable(error: Error) -> Error {
    match error {
        Error::DeviceLost(message) => Error::GpuUnavailable(message),
        other => other,
    }
}
