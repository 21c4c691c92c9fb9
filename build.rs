//! What the WebAssembly module would otherwise carry too much of: makes the table of transliterations of
//! `src/text/alphabet.rs` from deunicode's, which covers all of Unicode and would be more than half of the module, and
//! takes comments and indentation out of the shaders, two fifths of them. And it assembles the kernel that is a
//! module of its own.

use deunicode::deunicode_char;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

/// Latin with its accents, Greek, Cyrillic; punctuation, currencies, number forms; ligatures and
/// full-width forms. A pen that was taught English can make something of these.
const RANGES: [std::ops::RangeInclusive<u16>; 5] =
    [0x00A0..=0x052F, 0x1E00..=0x218F, 0xFB00..=0xFB06, 0xFF01..=0xFF5E, 0xFFE0..=0xFFE6];

fn main() -> io::Result<()> {
    let (mut codes, mut ends, mut spellings) = (Vec::new(), Vec::new(), String::new());
    for code in RANGES.into_iter().flatten() {
        let Some(spelling) = char::from_u32(code.into()).and_then(deunicode_char) else { continue };
        spellings.push_str(spelling.trim());
        codes.push(code);
        ends.push(spellings.len());
    }
    let mut table = String::new();
    let count = codes.len();
    // Writing to a string cannot fail.
    let _ = write!(
        table,
        "const CODES: [u16; {count}] = {codes:?};\nconst ENDS: [u16; {count}] = {ends:?};\nconst SPELLINGS: &str = {spellings:?};\n"
    );
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    let out = Path::new(&out);
    fs::write(out.join("transliterations.rs"), table)?;
    for shader in ["lstm.wgsl", "window.wgsl", "mixture.wgsl"] {
        let source = fs::read_to_string(Path::new("shaders").join(shader))?;
        // Lines stay where they are, for a driver's messages.
        let lines = source.lines().map(|line| line.split("//").next().unwrap_or_default().trim());
        fs::write(out.join(shader), lines.collect::<Vec<_>>().join("\n"))?;
    }
    let kernel = "src/engine/cpu/matvec/int8/three_byte/relaxed.wat";
    fs::write(out.join("relaxed.wasm"), wat::parse_file(kernel).map_err(io::Error::other)?)?;
    println!("cargo::rerun-if-changed={kernel}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shaders");
    Ok(())
}
