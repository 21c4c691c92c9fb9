//! Export of ink to files, one module per format.
//!
//! [`write()`] places the strokes on the sheet, in millimetres, as [`Layout`] says, and passes them to the format.
//! [`pdf()`] writes several sheets into one file. Pictures and videos are made by the page, with the browser's own means.
//!
//! The page loads this as a WebAssembly module of its own (feature `export-module`).

mod animated;
mod color;
mod curve;
mod gcode;
mod hpgl;
mod inkml;
mod json;
mod lottie;
mod order;
mod outline;
mod pdf;
mod pen;
mod rules;
mod svg;
mod text;

use crate::error::{Error, Result};
use crate::ink::{Ink, Point};
use std::fmt;
use std::str::FromStr;

pub use gcode::{Dialect, Gcode, Lift};
pub use json::read;
pub use pdf::pdf;
pub use pen::Tip;
pub use rules::Rules;
pub use svg::svg;

/// Default size of a corpus unit in millimetres: an `x` is 3.2 mm high.
pub const SCALE: f32 = 0.016;

/// Margin in millimetres around ink that has no layout.
pub const MARGIN: f32 = 5.0;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// SVG: one unfilled path per stroke, in millimetres, suitable for pen plotters.
    Svg,
    /// SVG: filled outlines, wider where the pen was slower.
    Outline,
    /// SVG in which the strokes are drawn one after another.
    Animated,
    /// G-code for pen plotters.
    Gcode,
    /// HPGL for older pen plotters.
    Hpgl,
    /// W3C Ink Markup Language.
    Inkml,
    /// Strokes, text and settings as JSON.
    Json,
    /// Lottie: an animation for web pages and apps.
    Lottie,
}

impl Format {
    /// Every format, with its name and its files' extension.
    pub const ALL: &[(Self, &str, &str)] = &[
        (Self::Svg, "svg", "svg"),
        (Self::Outline, "outline", "svg"),
        (Self::Animated, "animated", "svg"),
        (Self::Gcode, "gcode", "gcode"),
        (Self::Hpgl, "hpgl", "hpgl"),
        (Self::Inkml, "inkml", "inkml"),
        (Self::Json, "json", "json"),
        (Self::Lottie, "lottie", "json"),
    ];
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|(_, known, _)| *known == name);
        found.map(|&(format, ..)| format).ok_or_else(|| Error::Setting {
            name: "format".into(),
            problem: format!("{name:?} is not one of svg, outline, animated, gcode, hpgl, inkml, json, lottie"),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::ALL.iter().find(|(format, ..)| format == self);
        f.write_str(found.map_or("", |(_, name, _)| name))
    }
}

/// A sheet and the position of the ink on it, in millimetres from the upper left corner, y down.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Layout {
    /// Width of the sheet.
    pub width: f32,
    /// Height of the sheet.
    pub height: f32,
    /// Position of the ink's origin, to the right.
    pub x: f32,
    /// Position of the ink's origin, down.
    pub y: f32,
    /// Millimetres per corpus unit.
    pub scale: f32,
}

setters!(Layout {
    with_x => x: f32,
    with_y => y: f32,
    with_scale => scale: f32,
});

impl Layout {
    /// A sheet of this size in millimetres, with the ink's origin in its upper left corner, in the size of the page
    /// ([`SCALE`]).
    pub fn new(width: f32, height: f32) -> Self {
        Self { width, height, x: 0.0, y: 0.0, scale: SCALE }
    }

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

/// Which strokes are a word.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
pub struct Word {
    /// As it is written.
    pub text: String,
    /// The page, from 0.
    pub page: usize,
    /// The line on the page, from 0.
    pub line: usize,
    /// The first of its strokes, counted from 0.
    pub first: usize,
    /// The last of its strokes.
    pub last: usize,
}

/// Which strokes are a page's number.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Deserialize)]
pub struct PageNumber {
    /// As it is written.
    pub text: String,
    /// The first of its strokes, counted from 0: after those of all words.
    pub first: usize,
    /// The last of its strokes.
    pub last: usize,
}

/// How to write a file. A format ignores the options that it does not use.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// The sheet; `None` for one just large enough for the ink ([`SCALE`], [`MARGIN`]).
    pub layout: Option<Layout>,
    /// Colour of the ink, as a CSS colour.
    pub color: String,
    /// Width of the line in mm.
    pub line_width: f32,
    /// Milliseconds of pen time from point to point.
    pub sample_ms: f32,
    /// Speed of the animation, relative to the pen's.
    pub speed: f32,
    /// Lines printed on the paper, which an SVG shows; `None` for the ink alone.
    pub rules: Option<Rules>,
    /// The plotter's settings. HPGL uses only the speed.
    pub gcode: Gcode,
    /// Whether SVG, G-code and HPGL have their strokes in the order of least travel, instead of that of writing.
    pub optimise: bool,
    /// What the pen's tip does to the line of a PDF.
    pub tip: Tip,
    /// The ink's text: a title or comment in the file.
    pub text: String,
    /// Its words, in the order of their strokes: SVG and JSON say which strokes are which.
    pub words: Vec<Word>,
    /// The page's number, likewise.
    pub page_number: Option<PageNumber>,
    /// Everything else that determined the ink, stored in JSON files: an object.
    pub settings: serde_json::Value,
}

setters!(Options {
    with_layout => layout: impl Into<Option<Layout>>,
    with_color => color: impl Into<String>,
    with_line_width => line_width: f32,
    with_sample_ms => sample_ms: f32,
    with_speed => speed: f32,
    with_rules => rules: impl Into<Option<Rules>>,
    with_gcode => gcode: Gcode,
    with_optimise => optimise: bool,
    with_tip => tip: Tip,
    with_text => text: impl Into<String>,
    with_words => words: Vec<Word>,
    with_settings => settings: serde_json::Value,
});

impl Default for Options {
    fn default() -> Self {
        Self {
            layout: None,
            color: "#1a1a2e".into(),
            line_width: 0.25,
            sample_ms: 10.0,
            speed: 1.0,
            rules: None,
            gcode: Gcode::default(),
            optimise: false,
            tip: Tip::default(),
            text: String::new(),
            words: Vec::new(),
            page_number: None,
            settings: serde_json::Value::Null,
        }
    }
}

/// The contents of a file with this ink, which is in corpus units.
///
/// # Errors
/// [`Error::Setting`] for a number out of range, and for G-code that would move off the sheet.
pub fn write(ink: &Ink, format: Format, options: &Options) -> Result<String> {
    let layout = checked(ink, options)?;
    let placed = layout.place(ink);
    let (placed, without_words) = if options.optimise && matches!(format, Format::Svg | Format::Gcode | Format::Hpgl) {
        let home = Point { x: 0.0, y: if format == Format::Svg { 0.0 } else { layout.height } };
        // Strokes of a word, and those of the page number, do not stay together.
        (order::ordered(placed, home), Some(Options { words: Vec::new(), page_number: None, ..options.clone() }))
    } else {
        (placed, None)
    };
    let options = without_words.as_ref().unwrap_or(options);
    let mut out = String::new();
    match format {
        Format::Svg => svg::strokes(&placed, &layout, options, &mut out),
        Format::Outline => outline::outlines(&placed, &layout, options, &mut out),
        Format::Animated => animated::animation(&placed, &layout, options, &mut out),
        Format::Gcode => gcode::program(&placed, &layout, options, &mut out)?,
        Format::Hpgl => hpgl::program(&placed, &layout, options, &mut out)?,
        Format::Inkml => inkml::traces(&placed, &layout, options, &mut out),
        Format::Json => json::document(&placed, &layout, options, &mut out),
        Format::Lottie => lottie::animation(&placed, &layout, options, &mut out)?,
    }
    Ok(out)
}

/// The sheet, if all numbers are in their ranges.
fn checked(ink: &Ink, options: &Options) -> Result<Layout> {
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
            return Err(Error::Setting {
                name: name.into(),
                problem: format!("{value} has to be above 0 and at most {max}"),
            });
        }
    }
    if !(layout.x.is_finite() && layout.y.is_finite()) {
        return Err(Error::Setting { name: "layout".into(), problem: "x and y have to be finite numbers".into() });
    }
    Ok(layout)
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
    fn every_format_has_a_name_and_accepts_empty_ink() {
        for &(format, name, _) in Format::ALL {
            assert_eq!((name.parse::<Format>().unwrap(), format.to_string().as_str()), (format, name));
            assert!(!write(&Ink::default(), format, &Options::default()).unwrap().is_empty());
        }
        assert!("docx".parse::<Format>().unwrap_err().to_string().contains("docx"));
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        let bad = Options { line_width: f32::NAN, ..Options::default() };
        assert!(write(&ink(), Format::Svg, &bad).unwrap_err().to_string().starts_with("lineWidth"));
        let layout = Some(Layout { scale: 0.0, ..Layout::around(&ink(), 1.0, 1.0) });
        let bad = Options { layout, ..Options::default() };
        assert!(write(&ink(), Format::Svg, &bad).unwrap_err().to_string().starts_with("layout.scale"));
    }
}
