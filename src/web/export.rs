//! Ink as files, for JavaScript.

use super::from_js;
use crate::export::{self, Format, Options};
use crate::ink::Ink;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r##"
/**
 * "svg": one unfilled path per stroke, as plotters like them; "outline": filled outlines, wider where
 * the pen was slower; "animated": SVG that is written before one's eyes; "gcode": for pen plotters;
 * "inkml": W3C Ink Markup Language; "json": see `docs/ink.schema.json`.
 */
export type ExportFormat = "svg" | "outline" | "animated" | "gcode" | "inkml" | "json";

/** Where ink lies on paper: millimetres from the sheet's upper left corner, y down. */
export interface ExportLayout {
  /** Size of the sheet. */
  width: number;
  height: number;
  /** Where the ink's origin is. */
  x: number;
  y: number;
  /** Millimetres of a corpus unit, of which lines are 780 apart. */
  scale: number;
}

/** What a format has no use for is ignored. */
export interface ExportOptions {
  /** Default: an x is 3.2 mm high, on a sheet 5 mm larger than the ink on each side. */
  layout?: ExportLayout;
  /** As in CSS. Default "#1a1a2e". */
  color?: string;
  /** In mm. Default 0.25. */
  lineWidth?: number;
  /** Milliseconds of pen time from point to point: `Plan.sampleMs`. Default 10. */
  sampleMs?: number;
  /** How many times as fast as the hand the animation goes. Default 1. */
  speed?: number;
  /** How the plotter moves. */
  gcode?: {
    /** In mm a minute. Default 1500. */
    feed?: number;
    /** The Z axis, or a servo in the spindle's place (`M3 S…`; `M5` for 0). Default "z". */
    lift?: "z" | "servo";
    /** Height of the lifted pen in mm, default 3, or the servo's number. */
    up?: number;
    /** Height of the pen on paper in mm, default 0, or the servo's number. */
    down?: number;
    /** Seconds to wait after the pen was lifted or set down. Default 0. */
    dwell?: number;
  };
  /** What is written there: a title, a comment. */
  text?: string;
  /** What else determined the ink, to be kept with it in JSON: a plain object. */
  settings?: object;
}
"##;

/// Points as a file's text. `points` are triples as `Writing` gives them, all of them or only the first so many.
#[wasm_bindgen(js_name = exportInk)]
pub fn export_ink(
    points: &[f32],
    #[wasm_bindgen(unchecked_param_type = "ExportFormat")] format: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "ExportOptions")] options: JsValue,
) -> Result<String, JsError> {
    let options: Options = from_js("options", options)?;
    Ok(export::write(&ink(points)?, format.parse::<Format>()?, &options)?)
}

/// Points as SVG to be shown on a page: one unfilled path per stroke, in corpus units and as large as
/// the ink. `exportInk` makes files in millimetres.
#[wasm_bindgen(js_name = toSvg)]
pub fn to_svg(points: &[f32]) -> Result<String, JsError> {
    Ok(export::svg(&ink(points)?))
}

fn ink(points: &[f32]) -> Result<Ink, JsError> {
    let (triples, rest) = points.as_chunks::<3>();
    if !rest.is_empty() || points.iter().any(|value| !value.is_finite()) {
        return Err(JsError::new("points: expected triples x, y, pen of finite numbers"));
    }
    Ok(Ink::from_points(triples))
}
