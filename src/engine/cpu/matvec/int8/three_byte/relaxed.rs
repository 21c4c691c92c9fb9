//! Relaxed SIMD: the kernel in `relaxed.wat`, linked at run time where the browser supports it.

#![expect(unsafe_code, reason = "a function of another WebAssembly module")]

use super::{ByteChunk, ByteSign, LANES, ROWS, Sums, TILES, split, write_sums};
use crate::engine::cpu::matvec::MatVecOperands;
use crate::engine::cpu::matvec::int8::{TileChunk, Tiles};
use js_sys::{Function, Object, Reflect, Uint8Array, WebAssembly};
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use wasm_bindgen::{JsCast, JsValue};

/// The module's bytes, assembled by build.rs.
const MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relaxed.wasm"));

/// Tiles, how many, chunks of each, input, sums out.
type Dots = unsafe extern "C" fn(*const TileChunk, usize, usize, *const ByteChunk, *mut Sums);

#[derive(Clone, Copy)]
struct Kernel {
    dots: Dots,
    sign: ByteSign,
}

/// `None` where the browser has no relaxed SIMD, and where it emulates the instruction inexactly.
fn kernel() -> Option<Kernel> {
    static KERNEL: OnceLock<Option<Kernel>> = OnceLock::new();
    *KERNEL.get_or_init(|| {
        let dots = load().ok()?;
        [ByteSign::Unsigned, ByteSign::Signed].into_iter().map(|sign| Kernel { dots, sign }).find(Kernel::is_exact)
    })
}

/// Compiles the kernel's module on this module's memory and adds its function to this module's function table.
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
    let index = table.grow(1)?;
    table.set(index, &dots)?;
    // SAFETY: in WebAssembly a function pointer is an index into the table, and this function has these parameters.
    Ok(unsafe { std::mem::transmute::<*const (), Dots>(std::ptr::without_provenance(index as usize)) })
}

pub fn supported() -> Option<ByteSign> {
    kernel().map(|kernel| kernel.sign)
}

pub fn fill(sign: ByteSign, to: &mut [ByteChunk], input: &[f32], scale: f32) {
    crate::engine::cpu::matvec::int8::fill(to, input, scale, sign, split);
}

/// A line's products with some tiles; their first row is row `first` of the matrix.
pub fn multiply_tiles(tiles: &Tiles<'_>, first: usize, line: &mut MatVecOperands<'_>, bias: f64) {
    let Some(kernel) = kernel() else { return };
    // Not initialised: `memory.fill` for so few bytes is a slow call.
    let mut room = [MaybeUninit::<Sums>::uninit(); TILES];
    let sums = kernel.dots(tiles.chunks, &line.quantized.bytes, &mut room[..tiles.totals.len()]);
    let rows = tiles.totals.iter().zip(tiles.scales.chunks(ROWS)).zip(sums);
    for (n, ((totals, scales), sums)) in rows.enumerate() {
        write_sums(line, first + n * ROWS, bias, totals, scales, sums);
    }
}

impl Kernel {
    /// Sums of the input's products with as many tiles as `room` has entries.
    fn dots<'a>(&self, tiles: &[TileChunk], input: &[ByteChunk], room: &'a mut [MaybeUninit<Sums>]) -> &'a [Sums] {
        let width = tiles.len() / room.len().max(1);
        assert!(width > 0 && width <= input.len(), "the kernel's loop runs at least once and stays within the input");
        // SAFETY: it reads `room.len() · width` chunks of tiles and `width` of the input, and writes `room.len()` sums.
        unsafe {
            (self.dots)(tiles.as_ptr(), room.len(), width, input.as_ptr(), room.as_mut_ptr().cast());
            std::slice::from_raw_parts(room.as_ptr().cast(), room.len())
        }
    }

    /// Whether the products are those of bytes of this sign. For bytes with the top bit set the result is
    /// implementation-defined (but deterministic on one machine): emulations may saturate pairs of products.
    fn is_exact(&self) -> bool {
        let bytes = [0xff, 0x80, 0x7f];
        let weights = [[127; LANES], [-128; LANES], std::array::from_fn(|lane| if lane % 2 == 0 { 127 } else { -128 })];
        let input: ByteChunk = bytes.map(|byte| [byte; LANES]);
        let mut room = [MaybeUninit::uninit()];
        let sums = self.dots(&[TileChunk(weights)], &[input], &mut room);
        let sum = |row: [i8; LANES]| row.into_iter().map(i32::from).sum::<i32>();
        let expected = bytes.map(|byte| weights.map(|row| sum(row) * self.sign.value(byte)));
        sums[0].map(|sums| [sums[0], sums[1], sums[2]]) == expected
    }
}
