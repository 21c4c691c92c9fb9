//! The baseline of a written line, found from its ink.

/// Only lines longer than this, in corpus units, are given a slope: single words slope at random.
const LONG: f64 = 1500.0;
/// Steepest plausible slope.
const MAX_SLOPE: f64 = 0.12;
/// The slope is the median over pairs of feet (points where letters stand) at least this far apart, if there are more
/// than so many pairs.
const FEET_APART: f64 = 500.0;
const MIN_PAIRS: usize = 20;

/// The line on which most letters stand: y = `from` + `slope` · x, in corpus units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Baseline {
    /// Height at x = 0.
    pub from: f64,
    /// Descent per unit to the right.
    pub slope: f64,
    /// Half the height of the band that holds half of the ink: it grows with the letters.
    pub spread: f64,
}

impl Baseline {
    /// Fits the baseline of points `(x, y, 1 where a stroke ends)`. Letters stand where the pen turns upward below the
    /// ink's middle; descenders' turning points are the fewer, so medians ignore them.
    pub fn fit(points: &[[f32; 3]]) -> Self {
        let xy: Vec<[f64; 2]> = points.iter().map(|&[x, y, _]| [x.into(), y.into()]).collect();
        let long = xy.iter().any(|[x, _]| *x > LONG);
        let mut slope = 0.0;
        if long {
            // By least squares, as a first estimate.
            let sum = |of: fn(&[f64; 2]) -> f64| xy.iter().map(of).sum::<f64>();
            let (n, x, y) = (xy.len() as f64, sum(|p| p[0]), sum(|p| p[1]));
            let (xx, xy) = (sum(|p| p[0] * p[0]), sum(|p| p[0] * p[1]));
            slope = ((n * xy - x * y) / (n * xx - x * x).max(1.0)).clamp(-MAX_SLOPE, MAX_SLOPE);
        }
        let heights: Vec<f64> = xy.iter().map(|[x, y]| y - slope * x).collect();
        let middle = median(&mut heights.clone());
        let spread = median(&mut heights.iter().map(|height| (height - middle).abs()).collect::<Vec<_>>());
        let lifts = |i: usize| points[i][2] > 0.5;
        let is_foot = |&i: &usize| {
            let begins = i == 0 || lifts(i - 1) || heights[i - 1] < heights[i];
            let ends = lifts(i) || i + 1 == heights.len() || heights[i + 1] <= heights[i];
            begins && ends && heights[i] > middle
        };
        let feet: Vec<[f64; 2]> = (0..xy.len()).filter(is_foot).map(|i| xy[i]).collect();
        if feet.is_empty() {
            return Self { from: middle, slope, spread };
        }
        if long {
            let pairs = feet.iter().flat_map(|a| feet.iter().map(move |b| (a, b)));
            let mut slopes: Vec<f64> =
                pairs.filter(|(a, b)| b[0] - a[0] > FEET_APART).map(|(a, b)| (b[1] - a[1]) / (b[0] - a[0])).collect();
            if slopes.len() > MIN_PAIRS {
                slope = median(&mut slopes).clamp(-MAX_SLOPE, MAX_SLOPE);
            }
        }
        let from = median(&mut feet.iter().map(|[x, y]| y - slope * x).collect::<Vec<_>>());
        Self { from, slope, spread }
    }

    /// Height at `x`.
    pub fn height(&self, x: f64) -> f64 {
        self.from + self.slope * x
    }
}

/// The upper median; 0 of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Letters `size` high with a tail now and then, along a slope.
    pub fn line(size: f32, slope: f32, top: f32) -> Vec<[f32; 3]> {
        let letter = |k: usize| {
            let (x, tail) = (k as f32 * 90.0, if k.is_multiple_of(7) { 150.0 } else { 0.0 });
            [[x, -size, 0.0], [x + 20.0, -size * 0.4, 0.0], [x + 40.0, tail, 0.0], [x + 60.0, -size * 0.7, 1.0]]
        };
        (0..40).flat_map(letter).map(|[x, y, pen]| [x, y + slope * x + top, pen]).collect()
    }

    #[test]
    fn feet_are_found_whatever_the_slope_and_the_tails() {
        for slope in [0.0, 0.05, -0.08] {
            let found = Baseline::fit(&line(200.0, slope, 30.0));
            assert!((found.slope - f64::from(slope)).abs() < 0.005, "{found:?}");
            assert!((found.from - 30.0).abs() < 20.0, "{found:?}");
        }
    }

    #[test]
    fn nothing_and_a_dot_have_a_baseline() {
        assert_eq!(Baseline::fit(&[]), Baseline::default());
        assert_eq!(Baseline::fit(&[[3.0, 4.0, 1.0]]), Baseline { from: 4.0, slope: 0.0, spread: 0.0 });
    }
}
