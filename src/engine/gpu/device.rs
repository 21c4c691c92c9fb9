//! The adapter and its device: which one, what it is called, and what goes wrong with it.

use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};

/// An open device.
#[derive(Debug)]
pub struct Gpu {
    /// Makes buffers and pipelines.
    pub device: wgpu::Device,
    /// Takes work.
    pub queue: wgpu::Queue,
    /// "WebGPU · NVIDIA …" in a browser, "Vulkan · …" natively.
    pub label: String,
    /// Whether it only imitates a GPU on the processor.
    pub software: bool,
    trouble: Trouble,
}

/// The first thing that went wrong outside of any call: a lost device, an error that nobody awaits.
#[derive(Debug, Clone, Default)]
struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    fn tell(&self, message: &str) {
        let message = if message.trim().is_empty() { "the driver gave no reason" } else { message.trim() };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| message.trim_end_matches('.').to_string());
    }

    fn told(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Gpu {
    /// Opens the fastest adapter. A software adapter is refused unless `software` is set: it is
    /// slower than the CPU engine, and of use only to test the shaders.
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
        // Only default limits and no features: whatever calls itself WebGPU can run the shaders.
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

        let trouble = Trouble::default();
        let lost = trouble.clone();
        device.set_device_lost_callback(move |_, message| lost.tell(&message));
        watch(&device, trouble.clone());
        let label = format!("{} · {name}", backend(info.backend));
        Ok(Self { device, queue, label, software: is_software, trouble })
    }

    /// Whether the device can still be used.
    ///
    /// # Errors
    /// [`Error::DeviceLost`].
    pub fn check(&self) -> Result<()> {
        self.trouble.told().map_or(Ok(()), |message| Err(Error::DeviceLost(message)))
    }

    /// The error for something that failed: what the device said of itself, or `otherwise`.
    pub fn lost(&self, otherwise: &str) -> Error {
        Error::DeviceLost(self.trouble.told().unwrap_or_else(|| otherwise.to_string()))
    }

    /// Runs `make` and collects what the device has to say about it.
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

/// A foreign message so that it fits into a sentence of ours.
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

/// Software adapters by name, for those that do not say so themselves.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "softpipe", "software", "microsoft basic render"]
        .iter()
        .any(|known| name.contains(known))
}

/// Natively, the driver's name of the adapter.
#[cfg(not(target_arch = "wasm32"))]
fn name(info: &wgpu::AdapterInfo, _device: &wgpu::Device) -> String {
    info.name.clone()
}

/// In a browser, the description if there is one (few give it, lest it identify the visitor), else
/// vendor and architecture, which wgpu does not pass on.
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
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

/// Keeps errors that nobody awaits; without this, wgpu panics.
#[cfg(not(target_arch = "wasm32"))]
fn watch(device: &wgpu::Device, trouble: Trouble) {
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| trouble.tell(&sentence(&error.to_string()))));
}

/// As above. Not through wgpu, which panics at the browser's `GPUInternalError`.
#[cfg(target_arch = "wasm32")]
fn watch(device: &wgpu::Device, trouble: Trouble) {
    use wasm_bindgen::prelude::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    let Some(device) = device.as_webgpu() else { return };
    let read = |object: &JsValue, key: &str| js_sys::Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let handler = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
        let message = read(&read(&event, "error"), "message");
        trouble.tell(&sentence(&message.as_string().unwrap_or_default()));
    });
    // Lives as long as the page, as the device may.
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
    fn the_first_trouble_is_kept() {
        let trouble = Trouble::default();
        assert_eq!(trouble.told(), None);
        trouble.tell("out of memory.");
        trouble.tell("and then this");
        assert_eq!(trouble.told().as_deref(), Some("out of memory"));
    }
}
