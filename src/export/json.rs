//! Ink as JSON, in the format of `docs/ink.schema.json`.

use super::text::{mm, number};
use super::{Layout, Options, PageNumber, Word};
use crate::error::{Error, Result};
use crate::ink::Ink;
use crate::ink::Point;
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

/// Reads such a file, as the page makes them: the ink in corpus units of `unit` millimetres, and how it is written.
/// Settings are dropped.
///
/// # Errors
/// [`Error::Setting`] if the text is no such file.
pub fn read(text: &str, unit: f32) -> Result<(Ink, Options)> {
    let bad = |problem: String| Error::Setting { name: "ink".into(), problem };
    let file: File = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    if (file.format.as_str(), file.version) != ("running-hand-ink", VERSION) || !(unit > 0.0 && unit.is_finite()) {
        return Err(bad(format!("{} of version {} cannot be read", file.format, file.version)));
    }
    let place = |[x, y]: [f32; 2]| Point { x: x / unit, y: y / unit };
    let strokes = file.strokes.into_iter().map(|stroke| stroke.into_iter().map(place).collect()).collect();
    let layout = Layout { width: file.width, height: file.height, x: 0.0, y: 0.0, scale: unit };
    let options = Options {
        layout: Some(layout),
        color: file.color,
        line_width: file.line_width,
        sample_ms: file.sample_ms,
        text: file.text,
        words: file.words,
        page_number: file.page_number,
        ..Options::default()
    };
    Ok((Ink { strokes }, options))
}

/// A file as it is read.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    format: String,
    version: u32,
    width: f32,
    height: f32,
    sample_ms: f32,
    line_width: f32,
    color: String,
    text: String,
    strokes: Vec<Vec<[f32; 2]>>,
    words: Vec<Word>,
    #[serde(default)]
    page_number: Option<PageNumber>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::export::{Format, write};

    #[test]
    fn what_is_written_is_read_again() {
        let strokes = vec![vec![Point { x: 1.0, y: 2.0 }, Point { x: 100.0, y: 50.0 }], vec![Point { x: 7.0, y: 9.0 }]];
        let ink = Ink { strokes };
        let options = Options {
            layout: Some(Layout { width: 30.0, height: 20.0, x: 0.0, y: 0.0, scale: 0.1 }),
            text: "a \"b\"".into(),
            words: vec![Word { text: "a".into(), page: 0, line: 0, first: 0, last: 0 }],
            page_number: Some(PageNumber { text: "2".into(), first: 1, last: 1 }),
            ..Options::default()
        };
        let (again, read_options) = read(&write(&ink, Format::Json, &options).unwrap(), 0.1).unwrap();
        assert_eq!(read_options, options);
        for (p, q) in ink.strokes.iter().flatten().zip(again.strokes.iter().flatten()) {
            assert!((p.x - q.x).hypot(p.y - q.y) < 1e-4);
        }
        for damaged in ["", "{}", "[]", "{\"format\":\"other\"}"] {
            assert!(read(damaged, 0.1).is_err());
        }
    }
}
