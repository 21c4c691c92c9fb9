//! The adapter and its device: choosing, naming, and errors outside of any call.

use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// An open device.
#[derive(Debug)]
pub struct Gpu {
    /// Makes buffers and pipelines.
    pub device: wgpu::Device,
    /// Runs recorded work.
    pub queue: wgpu::Queue,
    /// "WebGPU · NVIDIA …" in a browser, "Vulkan · …" natively.
    pub label: String,
    /// Whether it emulates a GPU on the processor.
    pub software: bool,
    /// Whether its WGSL has `dot4I8Packed`: browsers since 2024 do, and naga.
    pub has_packed_dot: bool,
    first_error: FirstError,
}

/// The first error outside of any call: a lost device, or an error that no scope caught.
#[derive(Debug, Clone, Default)]
struct FirstError(Arc<Mutex<Option<String>>>);

impl FirstError {
    fn record(&self, message: &str) {
        let message = if message.trim().is_empty() { "the driver gave no reason" } else { message.trim() };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| message.trim_end_matches('.').to_string());
    }

    fn message(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Gpu {
    /// Opens the fastest adapter. A software adapter is refused unless `software` is set: it is slower than the CPU
    /// engine, and useful only for testing the shaders.
    ///
    /// # Errors
    /// [`Error::GpuUnavailable`].
    pub async fn open(software: bool) -> Result<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter =
            instance.request_adapter(&options).await.map_err(|_| Error::GpuUnavailable(MISSING.to_string()))?;
        let info = adapter.get_info();
        // Default limits and no features, so that every WebGPU adapter can run the shaders.
        let descriptor = wgpu::DeviceDescriptor { label: Some("running-hand"), ..wgpu::DeviceDescriptor::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| {
            Error::GpuUnavailable(format!("{} cannot be opened ({})", info.name, sentence(&error.to_string())))
        })?;
        let name = name(&info, &device);
        let is_software = info.device_type == wgpu::DeviceType::Cpu || is_software(&name);
        if is_software && !software {
            return Err(Error::GpuUnavailable(format!(
                "only a software adapter ({name}), which is slower than the CPU engine"
            )));
        }

        let first_error = FirstError::default();
        let lost = first_error.clone();
        device.set_device_lost_callback(move |_, message| lost.record(&message));
        watch(&device, first_error.clone());
        let label = format!("{} · {name}", backend(info.backend));
        let has_packed_dot =
            instance.wgsl_language_features().contains(wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct);
        Ok(Self { device, queue, label, software: is_software, has_packed_dot, first_error })
    }

    /// Whether the device can still be used.
    ///
    /// # Errors
    /// [`Error::DeviceLost`].
    pub fn check(&self) -> Result<()> {
        self.first_error.message().map_or(Ok(()), |message| Err(Error::DeviceLost(message)))
    }

    /// The error for a failed operation: the device's own message, or `otherwise`.
    pub fn lost(&self, otherwise: &str) -> Error {
        Error::DeviceLost(self.first_error.message().unwrap_or_else(|| otherwise.to_string()))
    }

    /// Runs `make` in error scopes, and waits for the errors.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device was lost, [`Error::GpuUnavailable`] if it refused.
    pub async fn guarded<T>(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let made = make();
        let validation = validation.pop();
        let memory = memory.pop();
        let refusals = [validation.await, memory.await];
        self.check()?;
        match refusals.into_iter().flatten().next() {
            Some(error) => Err(Error::GpuUnavailable(format!("{} says: {}", self.label, sentence(&error.to_string())))),
            None => made,
        }
    }
}

#[cfg(target_arch = "wasm32")]
const MISSING: &str = "this browser offers no WebGPU here";
#[cfg(not(target_arch = "wasm32"))]
const MISSING: &str = "no Vulkan, Metal or Direct3D 12 adapter was found";

/// A driver's message as part of a sentence.
fn sentence(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_string()
}

fn backend(backend: wgpu::Backend) -> &'static str {
    match backend {
        wgpu::Backend::BrowserWebGpu => "WebGPU",
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "Direct3D 12",
        wgpu::Backend::Gl => "OpenGL",
        wgpu::Backend::Noop => "no-op",
    }
}

/// Recognises software adapters that do not report themselves as such by their names.
fn is_software(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "softpipe", "software", "microsoft basic render"]
        .iter()
        .any(|known| name.contains(known))
}

/// Natively, the driver's name of the adapter.
#[cfg(not(target_arch = "wasm32"))]
fn name(info: &wgpu::AdapterInfo, _device: &wgpu::Device) -> String {
    info.name.clone()
}

/// In a browser, the description if there is one (most browsers hide it against fingerprinting), else vendor and
/// architecture, which wgpu does not pass on.
#[cfg(target_arch = "wasm32")]
fn name(info: &wgpu::AdapterInfo, device: &wgpu::Device) -> String {
    let mut name = info.name.clone();
    if let (true, Some(device)) = (name.is_empty(), device.as_webgpu()) {
        // Browsers before 2025 have no `GPUDevice.adapterInfo`.
        let info = device.adapter_info();
        if AsRef::<wasm_bindgen::JsValue>::as_ref(&info).is_object() {
            name = [vendor(&info.vendor()), architecture(&info.architecture())].join(" ").trim().to_string();
        }
    }
    if name.is_empty() { "unnamed adapter".into() } else { name }
}

/// "nvidia" → "NVIDIA".
#[cfg(any(target_arch = "wasm32", test))]
fn vendor(name: &str) -> String {
    match name {
        "nvidia" => "NVIDIA".into(),
        "amd" => "AMD".into(),
        "arm" => "ARM".into(),
        other => architecture(other),
    }
}

/// "gen-12lp" → "Gen 12lp".
#[cfg(any(target_arch = "wasm32", test))]
fn architecture(name: &str) -> String {
    let name = name.replace('-', " ");
    let mut characters = name.chars();
    characters
        .next()
        .map_or(String::new(), |first| [first.to_ascii_uppercase()].into_iter().chain(characters).collect())
}

/// Records errors that no scope catches; without a handler, wgpu panics.
#[cfg(not(target_arch = "wasm32"))]
fn watch(device: &wgpu::Device, first_error: FirstError) {
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| first_error.record(&sentence(&error.to_string()))));
}

/// As above. Not through wgpu, which panics at the browser's `GPUInternalError`.
#[cfg(target_arch = "wasm32")]
fn watch(device: &wgpu::Device, first_error: FirstError) {
    use wasm_bindgen::prelude::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    let Some(device) = device.as_webgpu() else { return };
    let read = |object: &JsValue, key: &str| js_sys::Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let handler = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let message = read(&read(&event, "error"), "message");
        first_error.record(&sentence(&message.as_string().unwrap_or_default()));
    });
    // Leaked on purpose: it has to live as long as the device, which may live as long as the page.
    device.set_onuncapturederror(Some(handler.into_js_value().unchecked_ref()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_adapters_are_known_by_name() {
        for name in ["llvmpipe (LLVM 15.0.6, 256 bits)", "Google Swiftshader", "Microsoft Basic Render Driver"] {
            assert!(is_software(name), "{name}");
        }
        for name in ["NVIDIA H100 80GB HBM3", "Intel(R) UHD Graphics 620", "Apple Metal 3", "AMD Radeon 780M"] {
            assert!(!is_software(name), "{name}");
        }
    }

    #[test]
    fn names_read_well() {
        assert_eq!(vendor("nvidia"), "NVIDIA");
        assert_eq!(architecture("gen-12lp"), "Gen 12lp");
        assert_eq!(vendor("apple"), "Apple");
        assert_eq!(architecture(""), "");
        assert_eq!(sentence("Too\n  much. "), "Too much");
    }

    #[test]
    fn the_first_error_is_kept() {
        let first_error = FirstError::default();
        assert_eq!(first_error.message(), None);
        first_error.record("out of memory.");
        first_error.record("and then this");
        assert_eq!(first_error.message().as_deref(), Some("out of memory"));
    }
}
