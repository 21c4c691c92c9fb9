//! Relaxed SIMD: the kernel in `relaxed.wat`, linked at run time where the browser supports it.

#![expect(unsafe_code, reason = "functions of another WebAssembly module")]

use super::{InputChunk, LineVectors, TileChunk, TileSums};
use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use std::sync::OnceLock;
use wasm_bindgen::{JsCast, JsValue};

/// The module's bytes, assembled by build.rs.
const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// Tiles, how many, chunks of each, input, sums.
type Add = unsafe extern "C" fn(*const TileChunk, usize, usize, *const InputChunk, *mut TileSums);
/// Tiles, how many, chunks of each, two inputs, two lines' sums.
type AddTwo = unsafe extern "C" fn(
    *const TileChunk,
    usize,
    usize,
    *const InputChunk,
    *const InputChunk,
    *mut TileSums,
    *mut TileSums,
);

#[derive(Clone, Copy)]
struct Functions {
    add: Add,
    add_two: AddTwo,
}

/// `None` where the browser has no relaxed SIMD.
fn functions() -> Option<Functions> {
    static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
    *FUNCTIONS.get_or_init(|| load().ok())
}

/// Compiles the kernel's module on this module's memory and adds its functions to this module's function table.
fn load() -> Result<Functions, JsValue> {
    let bytes = Uint8Array::from(MODULE);
    if !WebAssembly::validate(&bytes)? {
        return Err(JsValue::NULL);
    }
    let (own, imports) = (Object::new(), Object::new());
    Reflect::set(&own, &"memory".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"".into(), &own)?;
    let kernel = WebAssembly::Instance::new(&WebAssembly::Module::new(&bytes)?, &imports)?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let first = table.grow(2)?;
    for (index, name) in (first..).zip(["add", "add_two"]) {
        let function: Function = Reflect::get(&kernel.exports(), &name.into())?.dyn_into()?;
        table.set(index, &function)?;
    }
    let pointer = |index: u32| std::ptr::without_provenance(index as usize);
    // SAFETY: in WebAssembly a function pointer is an index into the table, and these functions have these parameters.
    Ok(unsafe {
        Functions {
            add: std::mem::transmute::<*const (), Add>(pointer(first)),
            add_two: std::mem::transmute::<*const (), AddTwo>(pointer(first + 1)),
        }
    })
}

pub fn supported() -> bool {
    functions().is_some()
}

/// See [`super::portable::add`].
pub fn add<const N: usize>(chunks: &[TileChunk], mut lines: [LineVectors<'_>; N]) {
    let Some(functions) = functions() else { return };
    match &mut lines[..] {
        [(input, sums)] => {
            let (tiles, width) = (sums.len(), input.len());
            check(chunks, tiles, width);
            // SAFETY: it reads `tiles · width` chunks and `width` of the input, and reads and writes `tiles` sums.
            unsafe { (functions.add)(chunks.as_ptr(), tiles, width, input.as_ptr(), sums.as_mut_ptr()) };
        }
        [(input, sums), (other_input, other_sums)] => {
            let (tiles, width) = (sums.len(), input.len());
            check(chunks, tiles, width);
            assert!((other_sums.len(), other_input.len()) == (tiles, width), "lines of one length");
            let (a, b) = (input.as_ptr(), other_input.as_ptr());
            // SAFETY: the same, for both lines.
            unsafe {
                (functions.add_two)(chunks.as_ptr(), tiles, width, a, b, sums.as_mut_ptr(), other_sums.as_mut_ptr());
            }
        }
        _ => {}
    }
}

/// What the kernel's loops rely on.
fn check(chunks: &[TileChunk], tiles: usize, width: usize) {
    assert!(tiles > 0 && width > 0, "a loop runs at least once");
    assert!(width.is_multiple_of(2), "a loop ends where it should: vectors are padded to blocks of four chunks");
    assert!(chunks.len() >= tiles * width, "the tiles are there");
}
