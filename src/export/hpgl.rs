//! HPGL for older pen plotters.
//!
//! It assumes 40 units per millimetre, the origin in the sheet's lower left corner with y up, and pen 1. The language
//! has no comments that every plotter ignores, so the file does not say so.

use super::curve::{flatten, is_dot};
use super::gcode::on_sheet;
use super::{Layout, Options};
use crate::error::Result;
use crate::ink::{Ink, Point};

/// Plotter units per millimetre.
const UNITS: f32 = 40.0;
/// Largest distance of the straight moves from the curve, in millimetres: a plotter's unit.
const TOLERANCE: f32 = 0.025;
/// Positions in an instruction: the buffers of old plotters are small.
const POSITIONS: usize = 5;

/// Writes one instruction a line, then returns home and puts the pen away.
pub(super) fn program(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) -> Result<()> {
    on_sheet(ink, layout, &options.gcode)?;
    // Centimetres a second, as fast as such plotters can.
    let speed = (options.gcode.feed / 600.0).round().clamp(1.0, 38.0);
    out.push_str(&format!("IN;\nSP1;\nVS{speed};\n"));
    let position = |at: Point, out: &mut String| {
        let [x, y] = [at.x, layout.height - at.y].map(|mm| (mm * UNITS).round() as i64);
        out.push_str(&format!("{x},{y}"));
    };
    for stroke in &ink.strokes {
        let points = flatten(stroke, TOLERANCE);
        let Some((first, rest)) = points.split_first() else { continue };
        out.push_str("PU");
        position(first.at, out);
        out.push_str(";\n");
        if is_dot(stroke) {
            out.push_str("PD;\n");
            continue;
        }
        for some in rest.chunks(POSITIONS) {
            for (i, point) in some.iter().enumerate() {
                out.push_str(if i == 0 { "PD" } else { "," });
                position(point.at, out);
            }
            out.push_str(";\n");
        }
    }
    out.push_str("PU0,0;\nSP0;\n");
    Ok(())
}
