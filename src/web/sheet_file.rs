//! Files of sheets that are written, for JavaScript: a WebAssembly module of its own, for the formats that few visitors
//! need.

#[path = "export.rs"]
mod export;
#[expect(dead_code, reason = "the module that writes reads more options")]
#[path = "options.rs"]
mod options;

use crate::error::Error;
use crate::export::{Format, Options, Rules, pdf, read, write};
use crate::ink::Ink;
use serde_json::Value;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** "pdf": one file of all sheets; "lottie": an animation; "hpgl": for old plotters. The others are the engine's, too. */
export type SheetFormat = "pdf" | "lottie" | "hpgl" | "svg" | "outline" | "animated" | "gcode" | "inkml" | "json";

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
  /** Whether SVG, G-code and HPGL have their strokes in the order of least travel of the lifted pen. Default false. */
  optimise?: boolean;
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
    let (given, _) = export::export_options(options)?;
    let sheets: Vec<WrittenSheet> = serde_wasm_bindgen::from_value(sheets)?;
    let sheets: Vec<_> = sheets.into_iter().map(|sheet| sheet.read(&given)).collect::<Result<_, Error>>()?;
    if format == "pdf" {
        return Ok(pdf(&sheets)?);
    }
    let format: Format = format.parse()?;
    let (ink, options) = sheets.first().ok_or_else(|| options::bad("sheets", "there is none".into()))?;
    Ok(write(ink, format, options)?.into_bytes())
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
    serde_wasm_bindgen::from_value(value).map_err(|error| options::bad(name, error.to_string()))
}
