//! Ink as JSON, in the format of `docs/ink.schema.json`.

use super::text::{mm, number};
use super::{Layout, Options, PageNumber, Word};
use crate::ink::Ink;
use serde_json::Value;

/// Version of the format: incremented when older readers would misread newer files.
pub(super) const VERSION: u32 = 1;

/// Writes the strokes in millimetres from the sheet's upper left corner, y down, with their text and
/// which of them are which word and
/// the page's number.
pub(super) fn document(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    out.push_str("{\"format\":\"running-hand-ink\",\"version\":");
    out.push_str(&VERSION.to_string());
    out.push_str(",\"unit\":\"mm\",\"width\":");
    mm(layout.width, out);
    out.push_str(",\"height\":");
    mm(layout.height, out);
    out.push_str(",\"sampleMs\":");
    number(options.sample_ms, 3, out);
    out.push_str(",\"lineWidth\":");
    mm(options.line_width, out);
    for (key, value) in [("color", Value::from(options.color.as_str())), ("text", Value::from(options.text.as_str()))] {
        out.push_str(&format!(",\"{key}\":{value}"));
    }
    if options.settings.is_object() {
        out.push_str(&format!(",\"settings\":{}", options.settings));
    }
    out.push_str(",\"strokes\":[");
    for (i, stroke) in ink.strokes.iter().enumerate() {
        out.push_str(if i > 0 { ",\n[" } else { "\n[" });
        for (k, point) in stroke.iter().enumerate() {
            out.push_str(if k > 0 { ",[" } else { "[" });
            mm(point.x, out);
            out.push(',');
            mm(point.y, out);
            out.push(']');
        }
        out.push(']');
    }
    out.push_str("\n],\"words\":[");
    for (i, word) in options.words.iter().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        let Word { text, page, line, first, last } = word;
        let text = Value::from(text.as_str());
        out.push_str(&format!("{{\"text\":{text},\"page\":{page},\"line\":{line},\"first\":{first},\"last\":{last}}}"));
    }
    out.push_str("\n]");
    if let Some(PageNumber { text, first, last }) = &options.page_number {
        out.push_str(&format!(",\"pageNumber\":{{\"text\":\"{text}\",\"first\":{first},\"last\":{last}}}"));
    }
    out.push_str("}\n");
}
