//! Ink as files, for JavaScript.

use super::from_json;
use super::layout::frame_and_rest;
use crate::document::Frame;
use crate::error::Error;
use crate::export::Options;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r##"
/**
 * "svg": one unfilled path per stroke, as plotters like them; "outline": filled outlines, wider where
 * the pen was slower; "animated": SVG that is written before one's eyes; "gcode": for pen plotters;
 * "inkml": W3C Ink Markup Language; "json": see `docs/ink.schema.json`.
 */
export type ExportFormat = "svg" | "outline" | "animated" | "gcode" | "inkml" | "json";

/** What a format has no use for is ignored. */
export interface ExportOptions {
  /** As in CSS. Default "#1a1a2e". */
  color?: string;
  /** In mm at the natural size. Default 0.25. */
  lineWidth?: number;
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
  /** What else determined the ink, to be kept with it in JSON: a plain object. */
  settings?: object;
}
"##;

/// `ExportOptions & FrameOptions`: how to write a file, and what of the page.
pub fn export_options(options: JsValue) -> Result<(Options, Frame), Error> {
    let (frame, rest) = frame_and_rest(options)?;
    Ok((from_json("options", rest)?, frame))
}
