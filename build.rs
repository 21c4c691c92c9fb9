//! Makes the table of transliterations of `src/alphabet.rs` from deunicode's, which covers all of
//! Unicode and would be more than half of the WebAssembly module.

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
    fs::write(Path::new(&out).join("transliterations.rs"), table)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
