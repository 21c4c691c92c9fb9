//! Ink as files, for JavaScript.

use super::options::{Fields, bad, frame};
use crate::document::Frame;
use crate::error::Error;
use crate::export::{Gcode, Lift, Options};
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
    /** The controller's firmware. Default "grbl". */
    dialect?: "grbl" | "grblhal" | "marlin";
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
    /** Seconds that the pen rests on the paper for a dot. Default 0.1. */
    dot?: number;
  };
  /** What else determined the ink, to be kept with it in JSON: a plain object. */
  settings?: object;
}
"##;

/// Reads `ExportOptions & FrameOptions`: how to write a file, and which part of the page.
pub fn export_options(options: JsValue) -> Result<(Options, Frame), Error> {
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
        #[cfg(all_formats)]
        optimise: fields.flag("optimise")?,
        #[cfg(all_formats)]
        tip: fields.text("tip")?.map_or(Ok(default.tip), |name| name.parse())?,
        ..Options::default()
    };
    let frame = frame(&mut fields)?;
    fields.finish()?;
    Ok((options, frame))
}
