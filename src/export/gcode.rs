//! G-code for pen plotters.

use super::curve::flatten;
use super::text::mm;
use super::{Layout, Options};
use crate::error::{Error, Result};
use crate::ink::{Ink, Point};
use serde::Deserialize;

/// Millimetres that the straight moves may be off the curve: less than a pen's tip shows.
const TOLERANCE: f32 = 0.02;

/// How the plotter moves.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gcode {
    /// Speed of the pen on paper, in mm a minute.
    pub feed: f32,
    /// How the pen is lifted.
    pub lift: Lift,
    /// Height of the lifted pen in mm, or the servo's number.
    pub up: f32,
    /// Height of the pen on paper in mm, or the servo's number.
    pub down: f32,
    /// Seconds to wait after the pen was lifted or set down.
    pub dwell: f32,
}

/// What lifts the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lift {
    /// The Z axis: `G0 Z3`, `G1 Z0`.
    Z,
    /// A servo in the spindle's place: `M3 S30`; for 0, `M5`.
    Servo,
}

impl Default for Gcode {
    fn default() -> Self {
        Self { feed: 1500.0, lift: Lift::Z, up: 3.0, down: 0.0, dwell: 0.0 }
    }
}

/// The strokes as moves in millimetres, from the sheet's lower left corner, y up, and back home.
pub(super) fn program(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) -> Result<()> {
    let gcode = &options.gcode;
    check(ink, layout, gcode)?;
    out.push_str("; Running Hand: handwriting in millimetres, from the lower left corner of a sheet of ");
    mm(layout.width, out);
    out.push_str(" x ");
    mm(layout.height, out);
    out.push_str(" mm\n");
    for line in options.text.lines() {
        out.push_str("; ");
        // Controllers know ASCII, and some see the end of a comment in a bracket.
        let plain = |c: char| (c == ' ' || c.is_ascii_graphic()) && !"();".contains(c);
        out.extend(line.chars().map(|c| if plain(c) { c } else { '?' }));
        out.push('\n');
    }
    out.push_str("G21 ; millimetres\nG90 ; places, not distances\nG94 ; speed in mm a minute\n");
    lift(gcode, out);
    for stroke in &ink.strokes {
        let chain = flatten(stroke, TOLERANCE);
        let Some((first, rest)) = chain.split_first() else { continue };
        out.push_str("G0");
        place(first.at, layout, out);
        lower(gcode, out);
        for (i, sample) in rest.iter().enumerate() {
            out.push_str("G1");
            place(sample.at, layout, out);
            if i == 0 {
                out.push_str(" F");
                mm(gcode.feed, out);
            }
            out.push('\n');
        }
        lift(gcode, out);
    }
    out.push_str("G0 X0 Y0 ; home\nM2\n");
    Ok(())
}

/// A place in the machine's coordinates, and the end of the line where it is a move of its own.
fn place(at: Point, layout: &Layout, out: &mut String) {
    out.push_str(" X");
    mm(at.x, out);
    out.push_str(" Y");
    mm(layout.height - at.y, out);
}

fn lift(gcode: &Gcode, out: &mut String) {
    match gcode.lift {
        Lift::Z => {
            out.push_str("G0 Z");
            mm(gcode.up, out);
            out.push_str(" ; pen up\n");
        }
        Lift::Servo => servo(gcode.up, " ; pen up\n", out),
    }
    wait(gcode, out);
}

/// Sets the pen down, from the end of the line that moved it there.
fn lower(gcode: &Gcode, out: &mut String) {
    out.push('\n');
    match gcode.lift {
        Lift::Z => {
            out.push_str("G1 Z");
            mm(gcode.down, out);
            out.push_str(" F");
            mm(gcode.feed, out);
            out.push_str(" ; pen down\n");
        }
        Lift::Servo => servo(gcode.down, " ; pen down\n", out),
    }
    wait(gcode, out);
}

fn servo(value: f32, remark: &str, out: &mut String) {
    if value == 0.0 {
        out.push_str("M5");
    } else {
        out.push_str("M3 S");
        mm(value, out);
    }
    out.push_str(remark);
}

fn wait(gcode: &Gcode, out: &mut String) {
    if gcode.dwell > 0.0 {
        out.push_str("G4 P");
        mm(gcode.dwell, out);
        out.push('\n');
    }
}

/// A machine does what it is told, so all is checked before.
fn check(ink: &Ink, layout: &Layout, gcode: &Gcode) -> Result<()> {
    let bad = |name: &str, problem: String| Err(Error::Setting { name: name.into(), problem });
    if !(gcode.feed > 0.0 && gcode.feed <= 100_000.0) {
        return bad("gcode.feed", format!("{} is not above 0 up to 100000 mm a minute", gcode.feed));
    }
    if !(0.0..=60.0).contains(&gcode.dwell) {
        return bad("gcode.dwell", format!("{} is outside 0 to 60 seconds", gcode.dwell));
    }
    let range = match gcode.lift {
        Lift::Z => -100.0..=100.0,
        Lift::Servo => 0.0..=10_000.0,
    };
    if !range.contains(&gcode.up) || !range.contains(&gcode.down) || gcode.up == gcode.down {
        let problem = format!("{} and {} must differ and be within {range:?}", gcode.up, gcode.down);
        return bad("gcode.up, gcode.down", problem);
    }
    if gcode.lift == Lift::Z && gcode.up < gcode.down {
        return bad("gcode.up", format!("{} is below the pen on paper, {}", gcode.up, gcode.down));
    }
    if let Some(b) = ink.bounds() {
        let beyond = [-b.min.x, -b.min.y, b.max.x - layout.width, b.max.y - layout.height];
        let most = beyond.into_iter().fold(0.0, f32::max);
        if most > 0.001 {
            let problem = format!(
                "the ink goes {most:.1} mm beyond the sheet, where the plotter may hit its frame. \
                 Take a larger sheet, a smaller scale or less text."
            );
            return bad("layout", problem);
        }
    }
    Ok(())
}
