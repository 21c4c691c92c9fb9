//! Generates what the library includes:
//!
//! * the table of transliterations of `src/text/alphabet.rs`, an excerpt of deunicode's, which covers all of Unicode and
//!   would be more than half of the WebAssembly module;
//! * the shaders, each with what they share in front, without comments and indentation, which are two fifths of them;
//! * the relaxed SIMD kernel, assembled to a WebAssembly module of its own.

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
    let common = stripped("common.wgsl")?.join(" ");
    let dense = stripped("dense.wgsl")?.join(" ");
    let shared = format!("{common} {dense}");
    for (shader, common) in [("lstm.wgsl", common), ("window.wgsl", shared.clone()), ("mixture.wgsl", shared)] {
        let mut lines = stripped(shader)?;
        // In the place of a comment, so that the line numbers of a driver's messages are those of the shader's file.
        match lines.first_mut() {
            Some(first) if first.is_empty() => first.clone_from(&common),
            _ => return Err(io::Error::other(format!("the first line of shaders/{shader} has to be a comment"))),
        }
        fs::write(out.join(shader), lines.join("\n"))?;
    }
    let kernel = "src/engine/cpu/matvec/relaxed.wat";
    fs::write(out.join("relaxed.wasm"), wat::parse_file(kernel).map_err(io::Error::other)?)?;
    println!("cargo::rerun-if-changed={kernel}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=shaders");
    Ok(())
}

/// The lines of a shader without comments and indentation.
fn stripped(shader: &str) -> io::Result<Vec<String>> {
    let source = fs::read_to_string(Path::new("shaders").join(shader))?;
    Ok(source.lines().map(|line| line.split("//").next().unwrap_or_default().trim().to_owned()).collect())
}
