//! Page numbers, in the hand that writes the text: its digits are written once, on a line that is not shown, and set in the
//! lower margin of every page but the first.
//!
//! A number is no part of the text's ink: how many pages there are depends on the paper, while the points of a writing
//! stay the same wherever they are laid out.

use super::measure::{Edges, Fit, HandMeasure, assign, median, own_points};
use super::paper::{PageStyle, Sheet, X_HEIGHT};
use std::ops::Range;

/// The line of digits. The first character of a line fails most often; it is the one that is needed least.
pub(super) const DIGITS: &str = "0 1 2 3 4 5 6 7 8 9";
/// Noise of that line: none of a text has it.
pub(super) const DIGITS_LINE: u64 = 1 << 30;
/// Height of a digit in x-heights, and its largest share of the lower margin.
const HEIGHT: f64 = 1.3;
const SHARE_OF_MARGIN: f64 = 0.45;
/// Least height of a digit in millimetres: smaller ones are not written.
const LEAST_MM: f64 = 1.0;
/// Greatest distance of the digits' middle from the text, in distances of the baselines.
const MOST_BELOW: f64 = 1.2;
/// Distance between digits, in their height.
const GAP: f64 = 0.22;
/// A digit keeps so much of its deviation from the others' height (a power), within these factors.
const KEPT: f64 = 0.35;
const SIZES: Range<f64> = 0.88..1.14;
/// Strokes smaller than this share of a digit's height, beside a larger one, are stray marks: no digit has a dot.
const STRAY: f64 = 0.2;

/// A page's number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageNumber {
    /// As it is written.
    pub text: String,
    /// `(x, y, 1 where a stroke ends)` in page coordinates.
    pub points: Vec<[f32; 3]>,
}

/// The ten digits of a hand. Each stands on y = 0, y down, begins at x = 0 and is about 1 high.
#[derive(Debug, Clone, Default)]
pub(super) struct Digits([Vec<[f64; 3]>; 10]);

impl Digits {
    /// Of the ink of [`DIGITS`]; `at` is each point's character.
    pub(super) fn of(mut points: Vec<[f32; 3]>, at: &[u32], hand: &HandMeasure) -> Self {
        let characters: Vec<char> = DIGITS.chars().collect();
        let fit = Fit::of(&points, at, &characters, hand);
        let owners = assign(&mut points, at, &characters, hand.x_height);
        let mut glyphs: [Vec<[f64; 3]>; 10] = Default::default();
        for (digit, glyph) in glyphs.iter_mut().enumerate() {
            *glyph = upright(&own_points(&points, &owners, digit), &fit);
        }
        let height = |glyph: &[[f64; 3]]| extent(glyph, 1).map_or(0.0, |[top, bottom]| bottom - top);
        let middle = median(glyphs.iter().map(|glyph| height(glyph)).filter(|height| *height > 0.0));
        for glyph in &mut glyphs {
            let (Some([left, _]), Some([_, bottom])) = (extent(glyph, 0), extent(glyph, 1)) else { continue };
            let own = height(glyph).max(0.05 * middle);
            let size = libm::pow(own / middle, KEPT).clamp(SIZES.start, SIZES.end) / own;
            for point in glyph.iter_mut() {
                *point = [(point[0] - left) * size, (point[1] - bottom) * size, point[2]];
            }
        }
        Self(glyphs)
    }

    /// The number of a page, from 0, of a sheet in this style. `None` on the first page, where numbers are not wanted,
    /// where the margin is too small for one, and without all of its digits.
    pub(super) fn number(&self, page: usize, sheet: &Sheet, style: &PageStyle) -> Option<PageNumber> {
        let paper = style.paper.filter(|paper| page > 0 && style.page_numbers && !paper.envelope)?;
        let margin = paper.margins.bottom / style.unit;
        let height = (HEIGHT * X_HEIGHT).min(SHARE_OF_MARGIN * margin);
        if height * style.unit < LEAST_MM {
            return None;
        }
        let text = (page + 1).to_string();
        let glyphs: Option<Vec<&Vec<[f64; 3]>>> = text
            .bytes()
            .map(|byte| self.0.get(usize::from(byte.wrapping_sub(b'0'))).filter(|glyph| !glyph.is_empty()))
            .collect();
        let glyphs = glyphs?;
        let widths: Vec<f64> = glyphs.iter().map(|glyph| extent(glyph, 0).map_or(0.0, |[_, right]| right)).collect();
        let width = widths.iter().sum::<f64>() + GAP * (widths.len() - 1) as f64;
        let below = (margin / 2.0).min(MOST_BELOW * style.pitch);
        let baseline = sheet.height - margin + below + height / 2.0;
        let lean = libm::tan(style.slant * std::f64::consts::PI / 180.0);
        let mut x = sheet.left(page) + sheet.room / 2.0 - width * height / 2.0;
        let mut points = Vec::new();
        for (glyph, width) in glyphs.iter().zip(&widths) {
            points.extend(glyph.iter().map(|[right, down, pen]| {
                [(x + height * (right - lean * down)) as f32, (baseline + height * down) as f32, *pen as f32]
            }));
            x += height * (width + GAP);
        }
        Some(PageNumber { text, points })
    }
}

/// A digit's ink with its baseline level, without stray marks. Its last stroke ends.
fn upright(points: &[[f32; 3]], fit: &Fit) -> Vec<[f64; 3]> {
    let Edges { left, right, .. } = Edges::of(points, |point| point[0].into(), |_| true);
    let middle = (left + right) / 2.0;
    let (_, slope) = fit.level(middle, right - left);
    let level = |point: &[f32; 3]| {
        let [x, y, pen] = point.map(f64::from);
        [x, y - slope * (x - middle), pen]
    };
    let strokes: Vec<Vec<[f64; 3]>> =
        points.split_inclusive(|point| point[2] > 0.5).map(|stroke| stroke.iter().map(level).collect()).collect();
    let size = |stroke: &[[f64; 3]]| {
        (0..2).filter_map(|axis| extent(stroke, axis)).map(|[min, max]| max - min).fold(0.0, f64::max)
    };
    let largest = strokes.iter().map(|stroke| size(stroke)).fold(0.0, f64::max);
    let mut kept: Vec<[f64; 3]> =
        strokes.into_iter().filter(|stroke| size(stroke) >= STRAY * largest).flatten().collect();
    if let Some(last) = kept.last_mut() {
        last[2] = 1.0;
    }
    kept
}

/// Least and greatest x (0) or y (1).
fn extent(points: &[[f64; 3]], axis: usize) -> Option<[f64; 2]> {
    let none = [f64::INFINITY, f64::NEG_INFINITY];
    let found = points.iter().fold(none, |[min, max], point| [min.min(point[axis]), max.max(point[axis])]);
    (found[0] <= found[1]).then_some(found)
}
