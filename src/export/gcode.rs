//! G-code for pen plotters. Its header says what it assumes of the controller.

use super::curve::{flatten, is_dot};
use super::text::mm;
use super::{Layout, Options};
use crate::error::{Error, Result};
use crate::ink::{Ink, Point};
use crate::text::to_ascii;

/// Largest distance of the straight moves from the curve, in millimetres: invisible with any pen tip.
const TOLERANCE: f32 = 0.02;

/// Characters of a line at most: GRBL's buffer, and that of senders which count characters.
const MAX_LINE: usize = 80;

/// The plotter's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Gcode {
    /// What the controller understands.
    pub dialect: Dialect,
    /// Speed of the pen on paper, in mm per minute.
    pub feed: f32,
    /// Mechanism that lifts the pen.
    pub lift: Lift,
    /// Height of the lifted pen in mm, or the servo's position. Lower than `down` for pens that lift downwards.
    pub up: f32,
    /// Height of the pen on paper in mm, or the servo's position.
    pub down: f32,
    /// Seconds to wait after the pen is lifted or lowered.
    pub dwell: f32,
    /// Seconds that the pen rests on the paper for a dot.
    pub dot: f32,
}

setters!(Gcode {
    with_dialect => dialect: Dialect,
    with_feed => feed: f32,
    with_lift => lift: Lift,
    with_up => up: f32,
    with_down => down: f32,
    with_dwell => dwell: f32,
    with_dot => dot: f32,
});

/// The firmware of a controller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// GRBL 1.1: `G4 P` in seconds, a servo on the spindle's output (`M3 S`, `M5`).
    #[default]
    Grbl,
    /// grblHAL: as GRBL, in lines of the same length.
    GrblHal,
    /// Marlin 2: `G4 P` in milliseconds, a servo of its own (`M280 P0 S`).
    Marlin,
}

impl std::str::FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "grbl" => Ok(Dialect::Grbl),
            "grblhal" => Ok(Dialect::GrblHal),
            "marlin" => Ok(Dialect::Marlin),
            _ => Err(Error::Setting {
                name: "gcode.dialect".into(),
                problem: format!("{name:?} is none of grbl, grblhal and marlin"),
            }),
        }
    }
}

/// A mechanism that lifts the pen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lift {
    /// The Z axis: `G0 Z3`, `G1 Z0`.
    Z,
    /// A servo: with GRBL `M3 S30`, and `M5` for 0; with Marlin `M280 P0 S30`.
    Servo,
}

impl Default for Gcode {
    fn default() -> Self {
        Self { dialect: Dialect::Grbl, feed: 1500.0, lift: Lift::Z, up: 3.0, down: 0.0, dwell: 0.0, dot: 0.1 }
    }
}

/// Writes the strokes as moves in millimetres from the sheet's lower left corner, y up, then returns home.
pub(super) fn program(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) -> Result<()> {
    let gcode = &options.gcode;
    validate(ink, layout, gcode)?;
    out.push_str("; Running Hand: handwriting in mm, from the lower left corner of\n; a sheet of ");
    mm(layout.width, out);
    out.push_str(" x ");
    mm(layout.height, out);
    out.push_str(" mm\n");
    out.push_str(match gcode.dialect {
        Dialect::Grbl => "; For GRBL 1.1: homed or zeroed there, laser mode off, G4 P in seconds\n",
        Dialect::GrblHal => "; For grblHAL: homed or zeroed there, laser mode off, G4 P in seconds\n",
        Dialect::Marlin => "; For Marlin 2: homed or zeroed there, G4 P in milliseconds\n",
    });
    out.push_str(match (gcode.lift, gcode.dialect) {
        (Lift::Z, _) => "; The Z axis lifts the pen\n",
        (Lift::Servo, Dialect::Marlin) => "; Servo 0 lifts the pen: M280 P0 S, in degrees\n",
        (Lift::Servo, _) => "; A servo on the spindle's output lifts the pen: M3 S, and M5 for 0\n",
    });
    for line in options.text.lines() {
        comment(line, out);
    }
    out.push_str("G21 ; millimetres\nG90 ; absolute positions\n");
    if gcode.dialect != Dialect::Marlin {
        out.push_str("G94 ; feed in mm per minute\n");
    }
    lift(gcode, out);
    for stroke in &ink.strokes {
        let points = flatten(stroke, TOLERANCE);
        let Some((first, rest)) = points.split_first() else { continue };
        out.push_str("G0");
        position(first.at, layout, out);
        lower(gcode, out);
        if is_dot(stroke) {
            wait(gcode.dot, gcode, out);
        } else {
            for (i, point) in rest.iter().enumerate() {
                out.push_str("G1");
                position(point.at, layout, out);
                if i == 0 {
                    out.push_str(" F");
                    mm(gcode.feed, out);
                }
                out.push('\n');
            }
        }
        lift(gcode, out);
    }
    out.push_str("G0 X0 Y0 ; home\n");
    out.push_str(if gcode.dialect == Dialect::Marlin { "M400 ; until all is done\n" } else { "M2\n" });
    Ok(())
}

/// A line of the text as comments, divided at blanks where it is long.
fn comment(line: &str, out: &mut String) {
    // Controllers read ASCII only, and some end a comment at a bracket.
    let is_plain = |c: char| (c == ' ' || c.is_ascii_graphic()) && !"();".contains(c);
    let plain: String = to_ascii(line).chars().map(|c| if is_plain(c) { c } else { '?' }).collect();
    let mut rest = plain.as_str();
    loop {
        out.push_str("; ");
        let room = MAX_LINE - 2;
        if rest.len() <= room {
            out.push_str(rest);
            out.push('\n');
            return;
        }
        let end = rest[..=room].rfind(' ').filter(|end| *end > 0).unwrap_or(room);
        out.push_str(&rest[..end]);
        out.push('\n');
        rest = rest[end..].trim_start_matches(' ');
    }
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
        Lift::Servo => servo(gcode.up, gcode, " ; pen up\n", out),
    }
    wait(gcode.dwell, gcode, out);
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
        Lift::Servo => servo(gcode.down, gcode, " ; pen down\n", out),
    }
    wait(gcode.dwell, gcode, out);
}

fn servo(value: f32, gcode: &Gcode, comment: &str, out: &mut String) {
    match gcode.dialect {
        // Marlin would move the servo while earlier moves are still in its buffer.
        Dialect::Marlin => {
            out.push_str("M400\nM280 P0 S");
            mm(value, out);
        }
        _ if value == 0.0 => out.push_str("M5"),
        _ => {
            out.push_str("M3 S");
            mm(value, out);
        }
    }
    out.push_str(comment);
}

fn wait(seconds: f32, gcode: &Gcode, out: &mut String) {
    if seconds > 0.0 {
        out.push_str("G4 P");
        mm(if gcode.dialect == Dialect::Marlin { seconds * 1000.0 } else { seconds }, out);
        out.push('\n');
    }
}

/// Checks everything beforehand, because a plotter executes whatever it is sent.
fn validate(ink: &Ink, layout: &Layout, gcode: &Gcode) -> Result<()> {
    let bad = |name: &str, problem: String| Err(Error::Setting { name: name.into(), problem });
    for (name, seconds) in [("gcode.dwell", gcode.dwell), ("gcode.dot", gcode.dot)] {
        if !(0.0..=60.0).contains(&seconds) {
            return bad(name, format!("{seconds} is outside 0 to 60 seconds"));
        }
    }
    let range = match gcode.lift {
        Lift::Z => -100.0..=100.0,
        Lift::Servo => 0.0..=10_000.0,
    };
    if !range.contains(&gcode.up) || !range.contains(&gcode.down) || gcode.up == gcode.down {
        let problem = format!("{} and {} must differ and lie within {range:?}", gcode.up, gcode.down);
        return bad("gcode.up, gcode.down", problem);
    }
    on_sheet(ink, layout, gcode)
}

/// Whether the speed makes sense, and all ink lies on the sheet.
pub(super) fn on_sheet(ink: &Ink, layout: &Layout, gcode: &Gcode) -> Result<()> {
    let bad = |name: &str, problem: String| Err(Error::Setting { name: name.into(), problem });
    if !(gcode.feed > 0.0 && gcode.feed <= 100_000.0) {
        return bad("gcode.feed", format!("{} has to be above 0 and at most 100000 mm per minute", gcode.feed));
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
