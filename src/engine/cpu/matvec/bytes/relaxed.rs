//! Relaxed SIMD: the kernel of `relaxed.wat` as a function of this module, where there is such a thing.

#![expect(unsafe_code, reason = "a function that comes from another module")]

use super::{Chunk, Kind, LANES, ROWS, Sums, TILES, split, write};
use crate::engine::cpu::simd::Part;
use crate::model::{TileChunk, Tiles};
use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use wasm_bindgen::{JsCast, JsValue};

/// Its bytes: build.rs assembles it.
const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// Tiles, how many, chunks of each, input, sums out.
type Dots = unsafe extern "C" fn(*const TileChunk, usize, usize, *const Chunk, *mut Sums);

#[derive(Clone, Copy)]
struct Kernel {
    dots: Dots,
    kind: Kind,
}

/// `None` where the browser has no relaxed SIMD, and where the processor has no single instruction for it.
fn kernel() -> Option<Kernel> {
    static KERNEL: OnceLock<Option<Kernel>> = OnceLock::new();
    *KERNEL.get_or_init(|| {
        let dots = load().ok()?;
        [Kind::Unsigned, Kind::Signed].into_iter().map(|kind| Kernel { dots, kind }).find(Kernel::is_exact)
    })
}

/// Compiles the kernel, in this module's memory, and puts it into this module's table of functions.
fn load() -> Result<Dots, JsValue> {
    let bytes = Uint8Array::from(MODULE);
    if !WebAssembly::validate(&bytes)? {
        return Err(JsValue::NULL);
    }
    let (own, imports) = (Object::new(), Object::new());
    Reflect::set(&own, &"memory".into(), &wasm_bindgen::memory())?;
    Reflect::set(&imports, &"".into(), &own)?;
    let kernel = WebAssembly::Instance::new(&WebAssembly::Module::new(&bytes)?, &imports)?;
    let dots: Function = Reflect::get(&kernel.exports(), &"dots".into())?.dyn_into()?;
    let table: WebAssembly::Table = wasm_bindgen::function_table().dyn_into()?;
    let place = table.grow(1)?;
    table.set(place, &dots)?;
    // SAFETY: in WebAssembly the address of a function is its place in the table, and this one has these parameters.
    Ok(unsafe { std::mem::transmute::<*const (), Dots>(std::ptr::without_provenance(place as usize)) })
}

pub fn kind() -> Option<Kind> {
    kernel().map(|kernel| kernel.kind)
}

pub fn fill(kind: Kind, to: &mut [Chunk], input: &[f32], scale: f32) {
    crate::engine::cpu::matvec::fill(to, input, scale, kind, split);
}

/// A line's products with some tiles, whose first row is `first`.
pub fn multiply(tiles: &Tiles<'_>, first: usize, line: &mut Part<'_>, above: f64) {
    let Some(kernel) = kernel() else { return };
    // No zeros: filling memory is a call.
    let mut room = [MaybeUninit::<Sums>::uninit(); TILES];
    let sums = kernel.dots(tiles.chunks, &line.fixed.bytes, &mut room[..tiles.totals.len()]);
    let rows = tiles.totals.iter().zip(tiles.scales.chunks(ROWS)).zip(sums);
    for (n, ((totals, scales), sums)) in rows.enumerate() {
        write(line, first + n * ROWS, above, totals, scales, sums);
    }
}

impl Kernel {
    /// Sums of the input's products with as many tiles as there is room for.
    fn dots<'a>(&self, tiles: &[TileChunk], input: &[Chunk], room: &'a mut [MaybeUninit<Sums>]) -> &'a [Sums] {
        let width = tiles.len() / room.len().max(1);
        assert!(width > 0 && width <= input.len(), "the kernel goes round at least once, and reads no further");
        // SAFETY: it reads as many times `width` chunks of tiles and `width` of the input, and writes as many sums.
        unsafe {
            (self.dots)(tiles.as_ptr(), room.len(), width, input.as_ptr(), room.as_mut_ptr().cast());
            std::slice::from_raw_parts(room.as_ptr().cast(), room.len())
        }
    }

    /// Whether the products are what bytes of this kind would give. What becomes of bytes above 127 is up to the
    /// machine, the same each time: where several instructions stand in for one, pairs of products are cut off.
    fn is_exact(&self) -> bool {
        let bytes = [0xff, 0x80, 0x7f];
        let weights = [[127; LANES], [-128; LANES], std::array::from_fn(|lane| if lane % 2 == 0 { 127 } else { -128 })];
        let input: Chunk = bytes.map(|byte| [byte; LANES]);
        let mut room = [MaybeUninit::uninit()];
        let sums = self.dots(&[TileChunk(weights)], &[input], &mut room);
        let sum = |row: [i8; LANES]| row.into_iter().map(i32::from).sum::<i32>();
        let expected = bytes.map(|byte| weights.map(|row| sum(row) * self.kind.value(byte)));
        sums[0].map(|sums| [sums[0], sums[1], sums[2]]) == expected
    }
}
