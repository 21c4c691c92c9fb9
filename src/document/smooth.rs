//! Takes the tremble out of strokes: the network's points scatter by a few thousandths of a letter's height, which no pen
//! shows, but which makes a plotter tremble, and the bar of a t look like a row of letters to whoever measures a line.

/// Weights of a point and of those up to three before and behind it: the least-squares cubic through seven points, at its
/// middle (A. Savitzky and M. J. E. Golay, *Smoothing and Differentiation of Data by Simplified Least Squares
/// Procedures*, 1964, table I). Curves stay; what changes from one point to the next goes.
const WEIGHTS: [f32; 4] = [7.0 / 21.0, 6.0 / 21.0, 3.0 / 21.0, -2.0 / 21.0];
/// Points of the shortest stroke that is smoothed: dots and short bars stay as they are.
const LEAST: usize = 8;

/// The points of one stroke, smoothed. The first and the last stay where they are. `(x, y, pen)`.
pub fn smooth(stroke: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let Some(last) = stroke.len().checked_sub(1).filter(|_| stroke.len() >= LEAST) else { return stroke.to_vec() };
    // Beyond an end, the stroke is continued by itself, turned about that end.
    let at = |k: isize, axis: usize| {
        let inside = k.clamp(0, last as isize);
        let mirrored = stroke[(2 * inside - k) as usize][axis];
        if k == inside { mirrored } else { 2.0 * stroke[inside as usize][axis] - mirrored }
    };
    let place = |k: usize, axis: usize| {
        let sides = WEIGHTS.iter().zip(0isize..).skip(1);
        let k = k as isize;
        sides.fold(WEIGHTS[0] * at(k, axis), |sum, (weight, by)| sum + weight * (at(k - by, axis) + at(k + by, axis)))
    };
    (0..stroke.len())
        .map(|k| match k {
            0 => stroke[0],
            _ if k == last => stroke[last],
            _ => [place(k, 0), place(k, 1), stroke[k][2]],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(points: usize, place: impl Fn(f32) -> [f32; 2]) -> Vec<[f32; 3]> {
        let of = |k: usize| {
            let [x, y] = place(k as f32);
            [x, y, f32::from(u8::from(k + 1 == points))]
        };
        (0..points).map(of).collect()
    }

    #[test]
    fn a_cubic_stays_as_it_is() {
        let cubic = stroke(30, |t| [3.0 * t, 0.002 * t.powi(3) - 0.06 * t * t + t]);
        let smoothed = smooth(&cubic);
        for (k, (before, after)) in cubic.iter().zip(&smoothed).enumerate().skip(3).take(24) {
            for axis in 0..3 {
                assert!((before[axis] - after[axis]).abs() < 1e-3, "point {k}: {before:?}, {after:?}");
            }
        }
    }

    #[test]
    fn what_changes_from_point_to_point_goes() {
        let bar = stroke(40, |t| [5.0 * t, if (t as usize).is_multiple_of(2) { 2.0 } else { -2.0 }]);
        let smoothed = smooth(&bar);
        let rest = smoothed[4..36].iter().map(|point| point[1].abs()).fold(0.0, f32::max);
        assert!(rest < 0.5, "{rest}");
    }

    #[test]
    fn ends_pen_and_short_strokes_stay() {
        let line = stroke(9, |t| [t, (t * 1.7).sin()]);
        let smoothed = smooth(&line);
        assert_eq!((smoothed[0], smoothed[8]), (line[0], line[8]));
        assert!(smoothed.iter().zip(&line).all(|(after, before)| after[2] == before[2]));
        let dot = stroke(LEAST - 1, |t| [t, (t * 2.9).sin()]);
        assert_eq!(smooth(&dot), dot);
        assert!(smooth(&[]).is_empty());
    }
}
