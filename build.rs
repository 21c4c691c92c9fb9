//! Generates what the library includes:
//!
//! * the table of transliterations of `src/text/alphabet.rs`, an excerpt of deunicode's, which covers all of Unicode and
//!   would be more than half of the WebAssembly module;
//! * the table of decompositions of `src/text/diacritics.rs`;
//! * the shaders, each with what they share in front, without comments and indentation, which are two fifths of them;
//! * the relaxed SIMD kernel, assembled to a WebAssembly module of its own.

use deunicode::deunicode_char;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};
use unicode_normalization::UnicodeNormalization;

/// Latin with its accents, Greek, Cyrillic; punctuation, currencies, number forms; ligatures and
/// full-width forms. A pen that was taught English can make something of these.
const RANGES: [std::ops::RangeInclusive<u16>; 5] =
    [0x00A0..=0x052F, 0x1E00..=0x218F, 0xFB00..=0xFB06, 0xFF01..=0xFF5E, 0xFFE0..=0xFFE6];

/// Latin letters with accents.
const LATIN: [std::ops::RangeInclusive<u16>; 2] = [0x00C0..=0x024F, 0x1E00..=0x1EFF];

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
    fs::write(out.join("decompositions.rs"), decompositions())?;
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

/// Latin letters that are an ASCII letter with one or two combining marks from U+0300 on.
fn decompositions() -> String {
    const NONE: u8 = u8::MAX;
    let (mut letters, mut parts) = (Vec::new(), Vec::new());
    for code in LATIN.into_iter().flatten() {
        let Some(c) = char::from_u32(code.into()) else { continue };
        let found: Vec<char> = std::iter::once(c).nfd().collect();
        let mark = |c: &char| u32::from(*c).checked_sub(0x300).and_then(|offset| u8::try_from(offset).ok());
        let marks: Option<Vec<u8>> = found.iter().skip(1).map(mark).collect();
        let (Some(letter), Some(marks)) = (found.first().filter(|c| c.is_ascii_alphabetic()), marks) else { continue };
        if let [first, rest @ ..] = marks.as_slice()
            && rest.len() <= 1
        {
            letters.push(code);
            parts.push([*letter as u8, *first, rest.first().copied().unwrap_or(NONE)]);
        }
    }
    let count = letters.len();
    format!("const LETTERS: [u16; {count}] = {letters:?};\nconst PARTS: [[u8; 3]; {count}] = {parts:?};\n")
}

/// The lines of a shader without comments and indentation.
fn stripped(shader: &str) -> io::Result<Vec<String>> {
    let source = fs::read_to_string(Path::new("shaders").join(shader))?;
    Ok(source.lines().map(|line| line.split("//").next().unwrap_or_default().trim().to_owned()).collect())
}
