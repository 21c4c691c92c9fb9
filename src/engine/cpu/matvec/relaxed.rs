//! Relaxed SIMD: the kernel in `relaxed.wat`, linked at run time where the browser supports it.

#![expect(unsafe_code, reason = "a function of another WebAssembly module")]

use super::{InputChunk, TileChunk, TileSums};
use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use std::sync::OnceLock;
use wasm_bindgen::{JsCast, JsValue};

/// The module's bytes, assembled by build.rs.
const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// Tiles, how many, chunks of each, input, sums.
type Add = unsafe extern "C" fn(*const TileChunk, usize, usize, *const InputChunk, *mut TileSums);

/// `None` where the browser has no relaxed SIMD.
fn kernel() -> Option<Add> {
    static KERNEL: OnceLock<Option<Add>> = OnceLock::new();
    *KERNEL.get_or_init(|| load().ok())
}

/// Compiles the kernel's module on this module's memory and adds its function to this module's function table.
fn load() -> Result<Add, JsValue> {
    let bytes = Uint8Array::from(MODULE);
    if !WebAssembly::validate(&bytes)? {
        return Err(JsValue::NULL);
    }
    let (own, imports) = (Object::new(), Object::new());
    Reflect::set(&own, &"memory".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"".into(), &own)?;
    let kernel = WebAssembly::Instance::new(&WebAssembly::Module::new(&bytes)?, &imports)?;
    let add: Function = Reflect::get(&kernel.exports(), &"add".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let index = table.grow(1)?;
    table.set(index, &add)?;
    // SAFETY: in WebAssembly a function pointer is an index into the table, and this function has these parameters.
    Ok(unsafe { std::mem::transmute::<*const (), Add>(std::ptr::without_provenance(index as usize)) })
}

pub fn supported() -> bool {
    kernel().is_some()
}

/// See [`super::portable::add`].
pub fn add(chunks: &[TileChunk], input: &[InputChunk], sums: &mut [TileSums]) {
    let (Some(add), width) = (kernel(), input.len()) else { return };
    let tiles = sums.len().min(chunks.len() / width.max(1));
    // Vectors are padded to blocks of four chunks, so the kernel's loop of two ends where it should.
    if tiles > 0 && width > 0 && width.is_multiple_of(2) {
        // SAFETY: it reads `tiles · width` chunks and `width` of the input, and reads and writes `tiles` sums.
        unsafe { add(chunks.as_ptr(), tiles, width, input.as_ptr(), sums.as_mut_ptr()) };
    }
}
