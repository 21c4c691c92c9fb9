//! Lines set level on their rules, and their letters of one size: what `www/paper.js` does while it
//! draws, for those who write without the page. Both give the same ink.

use crate::page::LINE_SPACING;

/// Lines as long as this, in corpus units, tell where they go; words lean this way and that.
const LONG: f64 = 1500.0;
/// Steeper lines are no lines.
const STEEPEST: f64 = 0.12;
/// Shorter lines, in points, say little of how large letters are.
const FEW_POINTS: usize = 120;
/// How many of the lines above say how large letters are.
const ABOVE: usize = 12;

/// The line along which most letters have their feet: y = `from` + `slope` x. `spread` is half the
/// height of the band in which half of the ink is: it grows with the letters.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Baseline {
    from: f64,
    slope: f64,
    spread: f64,
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Feet are where the pen turns upward again below the ink's middle; descenders' are the fewer.
fn baseline(points: &[[f32; 3]]) -> Baseline {
    let xy: Vec<[f64; 2]> = points.iter().map(|&[x, y, _]| [x.into(), y.into()]).collect();
    let long = xy.iter().any(|[x, _]| *x > LONG);
    let mut slope = 0.0;
    if long {
        let sum = |of: fn(&[f64; 2]) -> f64| xy.iter().map(of).sum::<f64>();
        let (n, x, y) = (xy.len() as f64, sum(|p| p[0]), sum(|p| p[1]));
        let (xx, xy) = (sum(|p| p[0] * p[0]), sum(|p| p[0] * p[1]));
        slope = ((n * xy - x * y) / (n * xx - x * x).max(1.0)).clamp(-STEEPEST, STEEPEST);
    }
    let heights: Vec<f64> = xy.iter().map(|[x, y]| y - slope * x).collect();
    let middle = median(&mut heights.clone());
    let spread = median(&mut heights.iter().map(|height| (height - middle).abs()).collect::<Vec<_>>());
    let lifts = |i: usize| points[i][2] > 0.5;
    let foot = |&i: &usize| {
        let begins = i == 0 || lifts(i - 1) || heights[i - 1] < heights[i];
        let ends = lifts(i) || i + 1 == heights.len() || heights[i + 1] <= heights[i];
        begins && ends && heights[i] > middle
    };
    let feet: Vec<[f64; 2]> = (0..xy.len()).filter(foot).map(|i| xy[i]).collect();
    if feet.is_empty() {
        return Baseline { from: middle, slope, spread };
    }
    if long {
        let pairs = feet.iter().flat_map(|a| feet.iter().map(move |b| (a, b)));
        let mut slopes: Vec<f64> =
            pairs.filter(|(a, b)| b[0] - a[0] > 500.0).map(|(a, b)| (b[1] - a[1]) / (b[0] - a[0])).collect();
        if slopes.len() > 20 {
            slope = median(&mut slopes).clamp(-STEEPEST, STEEPEST);
        }
    }
    let from = median(&mut feet.iter().map(|[x, y]| y - slope * x).collect::<Vec<_>>());
    Baseline { from, slope, spread }
}

/// Sets lines level, their feet [`LINE_SPACING`] apart from those of the first line on, and makes their
/// letters nearly as large as those of the lines above. Each is its number on the sheet and its points,
/// as [`Page`](crate::page::Page) gives them.
pub fn level<'a>(lines: impl IntoIterator<Item = (usize, &'a mut [[f32; 3]])>) {
    let mut first = None;
    let mut spreads: Vec<f64> = Vec::new();
    for (row, points) in lines {
        let Baseline { from, slope, spread } = baseline(points);
        let mut above = spreads[spreads.len().saturating_sub(ABOVE)..].to_vec();
        // Not all the way: nobody's lines are all alike.
        let scale = if points.len() <= FEW_POINTS || above.is_empty() || spread == 0.0 {
            1.0
        } else {
            (median(&mut above) / spread).powf(0.7).clamp(0.85, 1.18)
        };
        spreads.push(spread);
        let spacing = f64::from(LINE_SPACING);
        let first = *first.get_or_insert(from - row as f64 * spacing);
        for [x, y, _] in points {
            let up = (f64::from(*y) - from - slope * f64::from(*x)) * scale;
            *x = (f64::from(*x) * scale) as f32;
            *y = (first + row as f64 * spacing + up) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters of 200 with a tail now and then, along a slope.
    fn line(size: f32, slope: f32, top: f32) -> Vec<[f32; 3]> {
        let letter = |k: usize| {
            let (x, tail) = (k as f32 * 90.0, if k.is_multiple_of(7) { 150.0 } else { 0.0 });
            [[x, -size, 0.0], [x + 20.0, -size * 0.4, 0.0], [x + 40.0, tail, 0.0], [x + 60.0, -size * 0.7, 1.0]]
        };
        (0..40).flat_map(letter).map(|[x, y, pen]| [x, y + slope * x + top, pen]).collect()
    }

    #[test]
    fn feet_are_found_whatever_the_slope_and_the_tails() {
        for slope in [0.0, 0.05, -0.08] {
            let found = baseline(&line(200.0, slope, 30.0));
            assert!((found.slope - f64::from(slope)).abs() < 0.005, "{found:?}");
            assert!((found.from - 30.0).abs() < 20.0, "{found:?}");
        }
    }

    #[test]
    fn lines_become_level_evenly_spaced_and_of_one_size() {
        let mut lines = [(0, line(200.0, 0.04, 10.0)), (1, line(230.0, -0.03, 800.0)), (3, line(180.0, 0.0, 2300.0))];
        level(lines.iter_mut().map(|(row, points)| (*row, points.as_mut_slice())));
        let found: Vec<_> = lines.iter().map(|(_, points)| baseline(points)).collect();
        for ((row, _), own) in lines.iter().zip(&found) {
            assert!(own.slope.abs() < 1e-3, "{own:?}");
            let down = own.from - found[0].from;
            assert!((down - *row as f64 * f64::from(LINE_SPACING)).abs() < 1.0, "{down}");
        }
        let sizes = found.iter().map(|own| own.spread / found[0].spread);
        assert!(sizes.into_iter().all(|size| (size - 1.0).abs() < 0.08), "{found:?}");
    }

    #[test]
    fn too_little_ink_stays_as_it_is() {
        let mut dot = [[3.0, 4.0, 1.0]];
        level([(0, dot.as_mut_slice()), (1, [].as_mut_slice())]);
        assert_eq!(dot, [[3.0, 4.0, 1.0]]);
    }
}
