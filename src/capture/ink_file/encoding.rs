//! Characters from bytes, by a byte order mark, an XML declaration, or else as UTF-8.

use super::InkFileError;
use std::borrow::Cow;

/// Bytes in which an XML declaration has to end.
const DECLARATION: usize = 200;

/// The file's text, without byte order mark.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, InkFileError> {
    let label = match *bytes {
        [0xef, 0xbb, 0xbf, ..] => "utf-8".into(),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => "utf-16le".into(),
        [0xfe, 0xff, ..] | [0, b'<', ..] => "utf-16be".into(),
        _ => declared(bytes).unwrap_or_else(|| "utf-8".into()),
    };
    // An encoding whose characters have two bytes cannot be the one in which the declaration was just read.
    let label = if label.to_ascii_lowercase().starts_with("utf-16") && declared(bytes).is_some() {
        "utf-8".into()
    } else {
        label
    };
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    if label.eq_ignore_ascii_case("utf-8") {
        return Ok(String::from_utf8_lossy(bytes));
    }
    by_label(bytes, &label).ok_or_else(|| InkFileError::Encoding(super::shortened(&label)))
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION)]);
    let declaration = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| "'\"".contains(*quote))?;
    Some(value[1..].split(quote).next()?.trim().to_owned())
}

/// Decodes by the WHATWG's names of encodings; `None` for one that is not among them.
#[cfg(not(target_arch = "wasm32"))]
fn by_label<'b>(bytes: &'b [u8], label: &str) -> Option<Cow<'b, str>> {
    Some(encoding_rs::Encoding::for_label(label.as_bytes())?.decode(bytes).0)
}

/// Likewise: browsers have the tables.
#[cfg(target_arch = "wasm32")]
fn by_label<'b>(bytes: &'b [u8], label: &str) -> Option<Cow<'b, str>> {
    let decoder = web_sys::TextDecoder::new_with_label(label).ok()?;
    Some(decoder.decode_with_u8_array(bytes).ok()?.into())
}
