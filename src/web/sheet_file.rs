//! Files of what is written, for JavaScript: a WebAssembly module of its own, which is loaded when a file is asked for.

#[expect(dead_code, reason = "the module that writes reads more options")]
#[path = "options.rs"]
mod options;

use crate::document::Frame;
use crate::error::Error;
use crate::export::{Format, Gcode, Layout, Lift, Options, PageNumber, Rules, Word, pdf, read, write};
use crate::ink::Ink;
use options::{Fields, bad, frame};
use serde_json::Value;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
import type { ExportFormat, ExportOptions } from "../running_hand.js";

/** "pdf": one file of all sheets. */
export type SheetFormat = "pdf" | ExportFormat;

/** A sheet that is written. */
export interface WrittenSheet {
  /** Its ink as the engine exports it as JSON: see `docs/ink.schema.json`. */
  ink: string;
  /** Millimetres of a corpus unit in that file. */
  unit: number;
  /** What is printed on the paper, in millimetres. Default: nothing. */
  rules?: { across: number[]; upright: number[]; dotted: boolean };
}

/** Besides the engine's `ExportOptions`. The colour, the line's width and the settings are those of the ink. */
export interface SheetOptions {
  /** What the pen's tip does to the line of a PDF. Default "fineliner". */
  tip?: "fineliner" | "fountain" | "pencil";
}
"#;

/// Writes a file of sheets; formats other than PDF have only the first one. Throws for options that make no sense, and
/// for ink that is none.
#[wasm_bindgen(js_name = fileOfSheets)]
pub fn file_of_sheets(
    #[wasm_bindgen(unchecked_param_type = "WrittenSheet[]")] sheets: JsValue,
    #[wasm_bindgen(unchecked_param_type = "SheetFormat")] format: &str,
    #[wasm_bindgen(unchecked_param_type = "ExportOptions & SheetOptions")] options: JsValue,
) -> Result<Vec<u8>, JsError> {
    let (given, _) = export_options(options)?;
    let sheets: Vec<WrittenSheet> = serde_wasm_bindgen::from_value(sheets)?;
    let sheets: Vec<_> = sheets.into_iter().map(|sheet| sheet.read(&given)).collect::<Result<_, Error>>()?;
    if format == "pdf" {
        return Ok(pdf(&sheets)?);
    }
    let format: Format = format.parse()?;
    let (ink, options) = sheets.first().ok_or_else(|| bad("sheets", "there is none".into()))?;
    Ok(write(ink, format, options)?.into_bytes())
}

/// A page as a file; `page` is what `Writing.exportPage` makes of it.
#[wasm_bindgen(js_name = fileOfPage, skip_typescript)]
pub fn file_of_page(page: JsValue, format: &str, options: JsValue) -> Result<String, JsError> {
    let format: Format = format.parse()?;
    let (given, _) = export_options(options)?;
    let page: PageToExport = serde_wasm_bindgen::from_value(page)?;
    let (ink, options) = page.read(given);
    Ok(write(&ink, format, &options)?)
}

/// A page from the module that writes: its ink as triples x, y, pen, and what of the options is the page's.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageToExport {
    points: Vec<f32>,
    /// Width, height, x, y and scale.
    layout: Option<[f32; 5]>,
    line_factor: f32,
    sample_ms: f32,
    text: String,
    /// The text, the page, the line, the first and the last stroke of each.
    words: Vec<(String, usize, usize, usize, usize)>,
    /// Its text, the first and the last stroke.
    page_number: Option<(String, usize, usize)>,
    /// Across and upright, and whether there are dots in their place.
    rules: Option<(Vec<f32>, Vec<f32>, bool)>,
}

impl PageToExport {
    fn read(self, given: Options) -> (Ink, Options) {
        let word = |(text, page, line, first, last)| Word { text, page, line, first, last };
        let options = Options {
            layout: self.layout.map(|[width, height, x, y, scale]| Layout { width, height, x, y, scale }),
            line_width: given.line_width * self.line_factor,
            sample_ms: self.sample_ms,
            text: self.text,
            words: self.words.into_iter().map(word).collect(),
            page_number: self.page_number.map(|(text, first, last)| PageNumber { text, first, last }),
            rules: self.rules.map(|(across, upright, dotted)| Rules { across, upright, dotted }),
            ..given
        };
        (Ink::from_points(self.points.as_chunks().0), options)
    }
}

/// Reads `ExportOptions & FrameOptions`: how to write a file, and which part of the page.
fn export_options(options: JsValue) -> Result<(Options, Frame), Error> {
    let mut fields = Fields::new(options)?;
    let default = Options::default();
    let gcode = match fields.object("gcode")? {
        None => default.gcode,
        Some(mut fields) => {
            let Gcode { dialect, feed, lift, up, down, dwell, dot } = default.gcode;
            let gcode = Gcode {
                dialect: fields.text("dialect")?.map_or(Ok(dialect), |name| name.parse())?,
                feed: fields.float("feed")?.unwrap_or(feed),
                lift: match fields.text("lift")?.as_deref() {
                    None => lift,
                    Some("z") => Lift::Z,
                    Some("servo") => Lift::Servo,
                    Some(other) => return Err(bad("gcode.lift", format!("{other:?} is neither z nor servo"))),
                },
                up: fields.float("up")?.unwrap_or(up),
                down: fields.float("down")?.unwrap_or(down),
                dwell: fields.float("dwell")?.unwrap_or(dwell),
                dot: fields.float("dot")?.unwrap_or(dot),
            };
            fields.finish()?;
            gcode
        }
    };
    let options = Options {
        color: fields.text("color")?.unwrap_or(default.color),
        line_width: fields.float("lineWidth")?.unwrap_or(default.line_width),
        speed: fields.float("speed")?.unwrap_or(default.speed),
        settings: fields.value("settings").unwrap_or_default(),
        gcode,
        optimise: fields.flag("optimise")?,
        tip: fields.text("tip")?.map_or(Ok(default.tip), |name| name.parse())?,
        ..Options::default()
    };
    let frame = frame(&mut fields)?;
    fields.finish()?;
    Ok((options, frame))
}

/// A sheet that is written.
#[derive(serde::Deserialize)]
struct WrittenSheet {
    ink: String,
    unit: f32,
    rules: Option<Printed>,
}

/// What is printed on it.
#[derive(serde::Deserialize)]
struct Printed {
    across: Vec<f32>,
    upright: Vec<f32>,
    dotted: bool,
}

impl WrittenSheet {
    fn read(self, given: &Options) -> Result<(Ink, Options), Error> {
        let Self { ink, unit, rules } = self;
        let (ink, found) = read(&ink, unit)?;
        let rules = rules.map(|Printed { across, upright, dotted }| {
            let units = |places: Vec<f32>| places.into_iter().map(|place| place / unit).collect();
            Rules { across: units(across), upright: units(upright), dotted }
        });
        let Options { color, line_width, sample_ms, text, words, layout, .. } = found;
        Ok((ink, Options { color, line_width, sample_ms, text, words, layout, rules, ..given.clone() }))
    }
}

/// A JavaScript value as JSON; an empty object for `undefined` and `null`.
fn json(name: &str, value: JsValue) -> Result<Value, Error> {
    if value.is_undefined() || value.is_null() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_wasm_bindgen::from_value(value).map_err(|error| bad(name, error.to_string()))
}
