//! Rows of writing: a sentence written in several rows is taken apart and joined into one level line.

use super::Advice;
use super::geometry::{Band, Moments, Size, TimedPoint, Trace};

/// Steepest line that is levelled, in radians: 40 degrees.
const MAX_ANGLE: f32 = 0.7;
/// Distance from a row at which a new row begins, as a multiple of the row's band.
const ROW_DISTANCE: f32 = 1.2;

/// Groups strokes into rows. A row begins where the pen goes far back to the left and lands below.
pub(super) fn split_rows(strokes: Vec<Trace>) -> Vec<Vec<Trace>> {
    let mut rows: Vec<Vec<Trace>> = Vec::new();
    for stroke in strokes {
        let mean = |of: fn(&TimedPoint) -> f32| stroke.iter().map(of).sum::<f32>() / stroke.len() as f32;
        let (x, y) = (mean(|point| point.x), mean(|point| point.y));
        let count = rows.len();
        // A dot or crossbar that was added later to the row above.
        if count > 1 && rows[count - 2].len() > 1 {
            let above = Band::of(&rows[count - 2]);
            let current = Band::of(&rows[count - 1]);
            let is_nearer = (y - above.y_at(x)).abs() < (y - current.y_at(x)).abs();
            if is_nearer && y < above.y_at(x) + 0.5 * above.height {
                rows[count - 2].push(stroke);
                continue;
            }
        }
        match rows.last_mut() {
            Some(row) if !begins_row(&Band::of(row), x, y) => row.push(stroke),
            _ => rows.push(vec![stroke]),
        }
    }
    rows
}

/// Whether a stroke around (x, y) begins the row after this one.
fn begins_row(row: &Band, x: f32, y: f32) -> bool {
    let width = row.right - row.left;
    let is_back = x < row.right - 0.4 * width && width > 2.0 * row.height;
    is_back && row.height > 0.0 && y > row.y_at(x) + ROW_DISTANCE * row.height
}

/// Levels each row and joins them into one line, with blanks between them. `characters` is the length of the text.
///
/// # Errors
/// [`Advice::Steep`].
pub(super) fn join_rows(rows: Vec<Vec<Trace>>, characters: usize) -> Result<Vec<Trace>, Advice> {
    let levelled: Vec<Vec<Trace>> = rows.into_iter().map(level).collect::<Result<_, _>>()?;
    let widths: f32 = levelled.iter().map(|row| Size::of(row).width).sum();
    let blank = 0.8 * widths / characters.max(1) as f32;
    let mut line: Vec<Trace> = Vec::new();
    let mut right = 0.0f32;
    for row in levelled {
        let left = row.iter().flatten().map(|point| point.x).fold(f32::MAX, f32::min);
        let shift = if line.is_empty() { 0.0 } else { right + blank - left };
        for mut stroke in row {
            for point in &mut stroke {
                point.x += shift;
                right = right.max(point.x);
            }
            line.push(stroke);
        }
    }
    Ok(line)
}

/// Turns a row so that it is level, around its centre, which becomes the origin.
fn level(mut row: Vec<Trace>) -> Result<Vec<Trace>, Advice> {
    let moments = Moments::of(&row);
    // The principal axis of ink that is as high as wide, such as a short word, says nothing about its slope.
    let angle = if moments.is_elongated() { moments.angle() } else { 0.0 };
    if angle.abs() > MAX_ANGLE {
        return Err(Advice::Steep);
    }
    let (sin, cos) = angle.sin_cos();
    for point in row.iter_mut().flatten() {
        let (x, y) = (point.x - moments.x, point.y - moments.y);
        (point.x, point.y) = (cos * x + sin * y, cos * y - sin * x);
    }
    Ok(row)
}
