//! Whether a digit looks like another one.
//!
//! A linear classifier reads the way of the pen: where it is at eight places, equally far apart along the digit's strokes,
//! how wide the digit is, and of how many strokes. `train/learn_digit_shapes.py` learnt it from digits that the network
//! wrote in the hands of all its writers, by the same features.

/// Places at which the pen's way is read, and features: two coordinates of each, width, strokes, and 1.
const PLACES: usize = 8;
const FEATURES: usize = 2 * PLACES + 3;
/// Smallest size of a digit, as a share of its width.
const LEAST_HEIGHT: f32 = 0.6;
/// The scale of the weights, and those of each digit.
const LEARNT: (f32, [[i8; FEATURES]; 10]) = include!("digit_shapes.in");

/// How likely ink is to be this `digit`, relative to the likeliest other one. Points are x, y downward, and whether the pen
/// lifts there. Strokes beside the longest one are not counted. 1 if there is no ink.
pub fn likeness(ink: &[[f32; 3]], digit: usize) -> f32 {
    let strokes = || ink.split_inclusive(|point| point[2] > 0.5).map(|stroke| (stroke, Extent::of(stroke)));
    let Some((_, longest)) = strokes().max_by(|a, b| a.1.length.total_cmp(&b.1.length)) else { return 1.0 };
    let is_own = |extent: &Extent| extent.low[0] <= longest.high[0] && extent.high[0] >= longest.low[0];
    let own = || strokes().filter(|(stroke, extent)| stroke.len() > 1 && is_own(extent));
    let mut all = Extent { length: 0.0, ..longest };
    let mut features = [-0.5; FEATURES];
    for (_, extent) in own() {
        all = all.with(&extent);
        features[2 * PLACES + 1] += 0.5;
    }
    if all.length <= 0.0 {
        return 1.0;
    }
    let width = all.high[0] - all.low[0];
    let size = (all.high[1] - all.low[1]).max(LEAST_HEIGHT * width);
    features[2 * PLACES] = width / size;
    features[2 * PLACES + 2] = 1.0;
    let (mut place, mut walked) = (0, 0.0);
    for pair in own().flat_map(|(stroke, _)| stroke.windows(2)) {
        let step = distance(pair);
        while place < PLACES {
            let ahead = (place as f32 + 0.5) / PLACES as f32 * all.length - walked;
            if ahead > step {
                break;
            }
            for axis in 0..2 {
                let at = pair[0][axis] + ahead / step.max(1e-6) * (pair[1][axis] - pair[0][axis]);
                features[2 * place + axis] = (at - f32::midpoint(all.low[axis], all.high[axis])) / size;
            }
            place += 1;
        }
        walked += step;
    }
    let (scale, weights) = LEARNT;
    let score =
        |row: &[i8; FEATURES]| row.iter().zip(features).map(|(&weight, of)| f32::from(weight) * of).sum::<f32>();
    let others = weights.iter().enumerate().filter(|(other, _)| *other != digit);
    let other = others.fold(f32::NEG_INFINITY, |most, (_, row)| most.max(score(row)));
    libm::expf(scale * (score(&weights[digit]) - other))
}

/// How long strokes are, and where.
#[derive(Clone, Copy)]
struct Extent {
    length: f32,
    low: [f32; 2],
    high: [f32; 2],
}

impl Extent {
    fn of(stroke: &[[f32; 3]]) -> Self {
        let mut extent = Self { length: 0.0, low: [f32::INFINITY; 2], high: [f32::NEG_INFINITY; 2] };
        for &[x, y, _] in stroke {
            extent = extent.with(&Self { length: 0.0, low: [x, y], high: [x, y] });
        }
        extent.length = stroke.windows(2).map(distance).sum();
        extent
    }

    fn with(self, other: &Self) -> Self {
        Self {
            length: self.length + other.length,
            low: [0, 1].map(|axis| self.low[axis].min(other.low[axis])),
            high: [0, 1].map(|axis| self.high[axis].max(other.high[axis])),
        }
    }
}

fn distance(pair: &[[f32; 3]]) -> f32 {
    let [x, y] = [0, 1].map(|axis| pair[1][axis] - pair[0][axis]);
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A polyline as ink, in steps of a tenth of each side.
    fn stroke(corners: &[[f32; 2]]) -> Vec<[f32; 3]> {
        let sides = corners.windows(2).flat_map(|side| {
            (0..10).map(move |k| {
                let [x, y] = [0, 1].map(|axis| side[0][axis] + k as f32 / 10.0 * (side[1][axis] - side[0][axis]));
                [x, y, 0.0]
            })
        });
        sides.chain(corners.last().map(|last| [last[0], last[1], 1.0])).collect()
    }

    #[test]
    fn a_digit_is_told_from_others_at_any_size_and_place() {
        // A 7 with a bar, as the corpus' people write it.
        let seven: &[&[[f32; 2]]] = &[&[[0.0, 0.0], [60.0, 0.0], [20.0, 100.0]], &[[10.0, 50.0], [50.0, 50.0]]];
        let three: &[&[[f32; 2]]] =
            &[&[[5.0, 10.0], [40.0, 0.0], [50.0, 20.0], [25.0, 45.0], [55.0, 70.0], [35.0, 100.0], [0.0, 90.0]]];
        for (size, aside) in [(1.0, 0.0), (2.5, -700.0)] {
            let placed = |strokes: &[&[[f32; 2]]]| -> Vec<[f32; 3]> {
                let place = |corner: &[f32; 2]| corner.map(|value| size * value + aside);
                strokes.iter().flat_map(|corners| stroke(&corners.iter().map(place).collect::<Vec<_>>())).collect()
            };
            assert!(likeness(&placed(seven), 7) > 10.0);
            assert!(likeness(&placed(seven), 3) < 0.1);
            assert!(likeness(&placed(three), 3) > 10.0);
            assert!(likeness(&placed(three), 7) < 0.1);
        }
    }

    #[test]
    fn strokes_beside_a_digit_are_not_counted() {
        let seven = stroke(&[[0.0, 0.0], [60.0, 0.0], [20.0, 100.0]]);
        let dash = stroke(&[[-60.0, 50.0], [-20.0, 50.0]]);
        assert_eq!(likeness(&[dash, seven.clone()].concat(), 7), likeness(&seven, 7));
        let bar = stroke(&[[10.0, 50.0], [50.0, 50.0]]);
        assert_ne!(likeness(&[seven.clone(), bar].concat(), 7), likeness(&seven, 7), "its bar is");
    }

    #[test]
    fn no_ink_looks_like_nothing_else() {
        for ink in [&[][..], &[[3.0, 4.0, 1.0]], &[[3.0, 4.0, 0.0], [3.0, 4.0, 1.0]]] {
            assert_eq!(likeness(ink, 5), 1.0);
        }
    }
}
