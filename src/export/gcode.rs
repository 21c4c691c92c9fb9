//! G-code for pen plotters.

use super::curve::flatten;
use super::text::mm;
use super::{Layout, Options};
use crate::error::{Error, Result};
use crate::ink::{Ink, Point};

/// Largest distance of the straight moves from the curve, in millimetres: invisible with any pen tip.
const TOLERANCE: f32 = 0.02;

/// The plotter's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gcode {
    /// Speed of the pen on paper, in mm per minute.
    pub feed: f32,
    /// Mechanism that lifts the pen.
    pub lift: Lift,
    /// Height of the lifted pen in mm, or the servo's position.
    pub up: f32,
    /// Height of the pen on paper in mm, or the servo's position.
    pub down: f32,
    /// Seconds to wait after the pen is lifted or lowered.
    pub dwell: f32,
}

/// A mechanism that lifts the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lift {
    /// The Z axis: `G0 Z3`, `G1 Z0`.
    Z,
    /// A servo on the spindle's output: `M3 S30`; `M5` for 0.
    Servo,
}

impl Default for Gcode {
    fn default() -> Self {
        Self { feed: 1500.0, lift: Lift::Z, up: 3.0, down: 0.0, dwell: 0.0 }
    }
}

/// Writes the strokes as moves in millimetres from the sheet's lower left corner, y up, then returns home.
pub(super) fn program(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) -> Result<()> {
    let gcode = &options.gcode;
    validate(ink, layout, gcode)?;
    out.push_str("; Running Hand: handwriting in millimetres, from the lower left corner of a sheet of ");
    mm(layout.width, out);
    out.push_str(" x ");
    mm(layout.height, out);
    out.push_str(" mm\n");
    for line in options.text.lines() {
        out.push_str("; ");
        // Controllers read ASCII only, and some end a comment at a bracket.
        let is_plain = |c: char| (c == ' ' || c.is_ascii_graphic()) && !"();".contains(c);
        out.extend(line.chars().map(|c| if is_plain(c) { c } else { '?' }));
        out.push('\n');
    }
    out.push_str("G21 ; millimetres\nG90 ; absolute positions\nG94 ; feed in mm per minute\n");
    lift(gcode, out);
    for stroke in &ink.strokes {
        let points = flatten(stroke, TOLERANCE);
        let Some((first, rest)) = points.split_first() else { continue };
        out.push_str("G0");
        position(first.at, layout, out);
        lower(gcode, out);
        for (i, point) in rest.iter().enumerate() {
            out.push_str("G1");
            position(point.at, layout, out);
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

/// Appends a position in the machine's coordinates.
fn position(at: Point, layout: &Layout, out: &mut String) {
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

/// Ends the line of the move before, and lowers the pen.
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

fn servo(value: f32, comment: &str, out: &mut String) {
    if value == 0.0 {
        out.push_str("M5");
    } else {
        out.push_str("M3 S");
        mm(value, out);
    }
    out.push_str(comment);
}

fn wait(gcode: &Gcode, out: &mut String) {
    if gcode.dwell > 0.0 {
        out.push_str("G4 P");
        mm(gcode.dwell, out);
        out.push('\n');
    }
}

/// Checks everything beforehand, because a plotter executes whatever it is sent.
fn validate(ink: &Ink, layout: &Layout, gcode: &Gcode) -> Result<()> {
    let bad = |name: &str, problem: String| Err(Error::Setting { name: name.into(), problem });
    if !(gcode.feed > 0.0 && gcode.feed <= 100_000.0) {
        return bad("gcode.feed", format!("{} has to be above 0 and at most 100000 mm per minute", gcode.feed));
    }
    if !(0.0..=60.0).contains(&gcode.dwell) {
        return bad("gcode.dwell", format!("{} is outside 0 to 60 seconds", gcode.dwell));
    }
    let range = match gcode.lift {
        Lift::Z => -100.0..=100.0,
        Lift::Servo => 0.0..=10_000.0,
    };
    if !range.contains(&gcode.up) || !range.contains(&gcode.down) || gcode.up == gcode.down {
        let problem = format!("{} and {} must differ and lie within {range:?}", gcode.up, gcode.down);
        return bad("gcode.up, gcode.down", problem);
    }
    if gcode.lift == Lift::Z && gcode.up < gcode.down {
        return bad(
            "gcode.up",
            format!("{} is below the height of the pen on paper, {}. Choose a higher one.", gcode.up, gcode.down),
        );
    }
    if let Some(b) = ink.bounds() {
        let beyond = [-b.min.x, -b.min.y, b.max.x - layout.width, b.max.y - layout.height];
        let excess = beyond.into_iter().fold(0.0, f32::max);
        if excess > 0.001 {
            let problem = format!(
                "the ink extends {excess:.1} mm beyond the sheet, where the plotter may hit its frame. \
                 Choose a larger sheet, a smaller scale or less text."
            );
            return bad("layout", problem);
        }
    }
    Ok(())
}
