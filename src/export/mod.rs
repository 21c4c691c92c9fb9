//! Ink as files: one module a format, all from the same strokes on the same sheet.
//!
//! [`Layout`] says where the ink lies on paper; [`write()`] moves it there and hands the strokes, now in
//! millimetres, to the format. PNG and PDF are made by the page: browsers do both.

mod animated;
mod curve;
mod gcode;
mod inkml;
mod json;
mod outline;
mod svg;
mod text;

use crate::error::{Error, Result};
use crate::ink::{Ink, Point};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

pub use gcode::{Gcode, Lift};
pub use svg::svg;

/// Millimetres of a corpus unit, unless the caller says otherwise: an `x` is 3.2 mm high.
pub const SCALE: f32 = 0.016;

/// Millimetres around ink that lies on no particular paper.
pub const MARGIN: f32 = 5.0;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// SVG: one unfilled path per stroke, in millimetres, as plotters like them.
    Svg,
    /// SVG: filled outlines, wider where the pen was slower.
    Outline,
    /// SVG in which the strokes are drawn one after another.
    Animated,
    /// G-code for pen plotters.
    Gcode,
    /// W3C Ink Markup Language.
    Inkml,
    /// Strokes, text and settings as JSON.
    Json,
}

impl Format {
    /// Every format, with its name and the ending of its files.
    pub const ALL: [(Self, &str, &str); 6] = [
        (Self::Svg, "svg", "svg"),
        (Self::Outline, "outline", "svg"),
        (Self::Animated, "animated", "svg"),
        (Self::Gcode, "gcode", "gcode"),
        (Self::Inkml, "inkml", "inkml"),
        (Self::Json, "json", "json"),
    ];
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, own, _)| *own == name);
        known.map(|&(format, ..)| format).ok_or_else(|| Error::Setting {
            name: "format".into(),
            problem: format!("{name:?} is none of svg, outline, animated, gcode, inkml, json"),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = Self::ALL.iter().find(|(format, ..)| format == self);
        f.write_str(own.map_or("", |(_, name, _)| name))
    }
}

/// Where ink lies on paper, in millimetres from the upper left corner, y down.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Width of the sheet.
    pub width: f32,
    /// Height of the sheet.
    pub height: f32,
    /// Where the ink's origin is.
    pub x: f32,
    /// Where the ink's origin is.
    pub y: f32,
    /// Millimetres of a corpus unit.
    pub scale: f32,
}

impl Layout {
    /// A sheet just large enough for the ink and a margin around it.
    pub fn around(ink: &Ink, scale: f32, margin: f32) -> Self {
        let bounds = ink.bounds().unwrap_or_default();
        let side = |min: f32, max: f32| ((max - min) * scale + 2.0 * margin).max(1.0);
        Self {
            width: side(bounds.min.x, bounds.max.x),
            height: side(bounds.min.y, bounds.max.y),
            x: margin - bounds.min.x * scale,
            y: margin - bounds.min.y * scale,
            scale,
        }
    }

    /// The ink in millimetres on the sheet.
    fn place(&self, ink: &Ink) -> Ink {
        let place = |p: &Point| Point { x: self.x + p.x * self.scale, y: self.y + p.y * self.scale };
        Ink { strokes: ink.strokes.iter().map(|stroke| stroke.iter().map(place).collect()).collect() }
    }
}

/// How to write a file; what a format has no use for is ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Options {
    /// Where the ink lies; without it, on a sheet just large enough ([`SCALE`], [`MARGIN`]).
    pub layout: Option<Layout>,
    /// Colour of the ink, in CSS's notation.
    pub color: String,
    /// Width of the line in mm.
    pub line_width: f32,
    /// Milliseconds of pen time from point to point.
    pub sample_ms: f32,
    /// How many times as fast as the hand the animation goes.
    pub speed: f32,
    /// How the plotter moves.
    pub gcode: Gcode,
    /// What is written there.
    pub text: String,
    /// What else determined the ink, to be kept with it: an object.
    pub settings: serde_json::Value,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            layout: None,
            color: "#1a1a2e".into(),
            line_width: 0.25,
            sample_ms: 10.0,
            speed: 1.0,
            gcode: Gcode::default(),
            text: String::new(),
            settings: serde_json::Value::Null,
        }
    }
}

/// A file with this ink, which is in corpus units.
///
/// # Errors
/// [`Error::Setting`] for a number that makes no sense, and where G-code would move off the sheet.
pub fn write(ink: &Ink, format: Format, options: &Options) -> Result<String> {
    let layout = options.layout.unwrap_or_else(|| Layout::around(ink, SCALE, MARGIN));
    for (name, value, max) in [
        ("layout.width", layout.width, 10_000.0),
        ("layout.height", layout.height, 1_000_000.0),
        ("layout.scale", layout.scale, 10.0),
        ("lineWidth", options.line_width, 20.0),
        ("sampleMs", options.sample_ms, 1000.0),
        ("speed", options.speed, 1000.0),
    ] {
        if !(value > 0.0 && value <= max) {
            return Err(Error::Setting { name: name.into(), problem: format!("{value} is not above 0 up to {max}") });
        }
    }
    if !(layout.x.is_finite() && layout.y.is_finite()) {
        return Err(Error::Setting { name: "layout".into(), problem: "x and y must be numbers".into() });
    }
    let placed = layout.place(ink);
    let mut out = String::new();
    match format {
        Format::Svg => svg::strokes(&placed, &layout, options, &mut out),
        Format::Outline => outline::outlines(&placed, &layout, options, &mut out),
        Format::Animated => animated::animation(&placed, &layout, options, &mut out),
        Format::Gcode => gcode::program(&placed, &layout, options, &mut out)?,
        Format::Inkml => inkml::traces(&placed, &layout, options, &mut out),
        Format::Json => json::document(&placed, &layout, options, &mut out),
    }
    Ok(out)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn ink() -> Ink {
        let point = |x, y| Point { x, y };
        Ink { strokes: vec![vec![point(-100.0, 0.0), point(900.0, 500.0)], vec![point(0.0, -100.0)]] }
    }

    #[test]
    fn a_sheet_around_ink_has_its_margin_on_all_sides() {
        let layout = Layout::around(&ink(), 0.01, 5.0);
        assert_eq!((layout.width, layout.height), (20.0, 16.0));
        let bounds = layout.place(&ink()).bounds().unwrap();
        assert_eq!((bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y), (5.0, 5.0, 15.0, 11.0));
    }

    #[test]
    fn every_format_knows_its_name_and_takes_no_ink_as_well() {
        for (format, name, _) in Format::ALL {
            assert_eq!((name.parse::<Format>().unwrap(), format.to_string().as_str()), (format, name));
            assert!(!write(&Ink::default(), format, &Options::default()).unwrap().is_empty());
        }
        assert!("docx".parse::<Format>().unwrap_err().to_string().contains("docx"));
    }

    #[test]
    fn numbers_that_make_no_sense_are_named() {
        let bad = Options { line_width: f32::NAN, ..Options::default() };
        assert!(write(&ink(), Format::Svg, &bad).unwrap_err().to_string().starts_with("lineWidth"));
        let layout = Some(Layout { scale: 0.0, ..Layout::around(&ink(), 1.0, 1.0) });
        let bad = Options { layout, ..Options::default() };
        assert!(write(&ink(), Format::Svg, &bad).unwrap_err().to_string().starts_with("layout.scale"));
    }
}
