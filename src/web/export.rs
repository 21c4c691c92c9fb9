//! Ink as files, for JavaScript.

use super::from_js;
use crate::document::{CROP_MARGIN, Frame};
use crate::error::Error;
use crate::export::{Gcode, Options};
use serde::Deserialize;
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

/// `ExportOptions & FrameOptions`.
pub struct PageExport {
    pub options: Options,
    pub frame: Frame,
}

impl PageExport {
    pub fn from_js(options: JsValue) -> Result<Self, Error> {
        /// As JavaScript gives them.
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "camelCase")]
        struct Given {
            color: String,
            line_width: f32,
            speed: f32,
            gcode: Gcode,
            settings: serde_json::Value,
            crop: bool,
            width: Option<f32>,
            end: Option<usize>,
        }
        impl Default for Given {
            fn default() -> Self {
                let Options { color, line_width, speed, gcode, settings, .. } = Options::default();
                Self { color, line_width, speed, gcode, settings, crop: false, width: None, end: None }
            }
        }
        let Given { color, line_width, speed, gcode, settings, crop, width, end } = from_js("options", options)?;
        let options = Options { color, line_width, speed, gcode, settings, ..Options::default() };
        Ok(Self { options, frame: Frame { crop: crop.then_some(CROP_MARGIN), width, end } })
    }
}
