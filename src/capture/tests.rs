use super::*;
use crate::model::{Config, Kind};
use crate::testing;

const TEXT: &str = "hello there my friend";

fn config() -> Config {
    testing::config(Kind::Synthesis, &[9], 3)
}

/// One period of a sine for each letter of a text, as high and wide as writing in the corpus: 25 samples, 20 ms apart.
fn waves(text: &str) -> Vec<Vec<Sample>> {
    let mut strokes = Vec::new();
    for (start, word) in text.split(' ').scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word))) {
        let sample = |k: usize| {
            let letters = k as f64 / 25.0;
            let ms = 20.0 * (25.0 * start as f64 + k as f64);
            Sample { x: 180.0 * (start as f64 + letters), y: 115.0 * (std::f64::consts::TAU * letters).sin(), ms }
        };
        strokes.push((0..=25 * word.len()).map(sample).collect());
    }
    strokes
}

fn map(strokes: &[Vec<Sample>], to: impl Fn(Sample) -> Sample) -> Vec<Vec<Sample>> {
    strokes.iter().map(|stroke| stroke.iter().map(|&sample| to(sample)).collect()).collect()
}

fn transformed(strokes: &[Vec<Sample>], scale: f64, angle: f64) -> Vec<Vec<Sample>> {
    let (sin, cos) = angle.sin_cos();
    let transform =
        |s: Sample| Sample { x: 400.0 + scale * (cos * s.x - sin * s.y), y: scale * (sin * s.x + cos * s.y), ..s };
    map(strokes, transform)
}

fn fitted(strokes: &[Vec<Sample>]) -> Points {
    fit(&config(), TEXT, strokes).unwrap().0
}

fn refused(strokes: &[Vec<Sample>]) -> Advice {
    fit(&config(), TEXT, strokes).unwrap_err()
}

/// Greatest distance of a point of one from the nearest point of the other.
fn max_distance(a: &Points, b: &Points) -> f32 {
    let from = |p: &[f32; 3], q: &[f32; 3]| (p[0] - q[0]).hypot(p[1] - q[1]);
    let nearest = |p: &[f32; 3]| b.iter().map(|q| from(p, q)).fold(f32::MAX, f32::min);
    a.iter().map(nearest).fold(0.0, f32::max)
}

#[test]
fn size_slope_position_and_pace_on_the_screen_do_not_matter() {
    let plain = fitted(&waves(TEXT));
    assert_eq!(plain[0][..2], [0.0; 2]);
    assert_eq!(plain.iter().filter(|point| point[2] > 0.5).count(), 4);
    let expected = 25.0 * TEXT.len() as f32;
    assert!((plain.len() as f32 / expected - 1.0).abs() < 0.02, "{} points, {expected} expected", plain.len());
    for (scale, angle, pace) in [(0.05, 0.0, 1.0), (3.0, 0.3, 0.2), (0.2, -0.4, 7.0), (200.0, 0.1, 0.9)] {
        let other = map(&transformed(&waves(TEXT), scale, angle), |s| Sample { ms: 1e12 + pace * s.ms, ..s });
        let found = fitted(&other);
        assert!(found.len().abs_diff(plain.len()) <= 4, "{} and {}", found.len(), plain.len());
        assert!(
            max_distance(&found, &plain) < 20.0,
            "scale {scale}, angle {angle}: {} apart",
            max_distance(&found, &plain)
        );
    }
}

#[test]
fn points_are_dense_where_the_pen_was_slow_and_rests_are_ignored() {
    // The second word takes three times as long; in the middle of the third the pen rests for a minute.
    let (second, third) = (6.0 * 180.0..12.0 * 180.0, 13.5 * 180.0);
    let slow = |s: Sample| {
        let ms = if second.contains(&s.x) { 3.0 * s.ms } else { s.ms };
        Sample { ms: if s.x > third { ms + 60_000.0 } else { ms }, ..s }
    };
    let [plain, slowed] = [fitted(&waves(TEXT)), fitted(&map(&waves(TEXT), slow))];
    let word = |points: &Points, n: usize| points.split_inclusive(|p| p[2] > 0.5).nth(n).unwrap().len() as f32;
    assert!(plain.len().abs_diff(slowed.len()) <= 4);
    let ratio = |n: usize| word(&slowed, n) / word(&plain, n);
    assert!(ratio(1) / ratio(0) > 2.5, "{} {}", ratio(1), ratio(0));
    assert!(ratio(2) / ratio(0) < 1.4, "a rest is not writing: {} {}", ratio(2), ratio(0));
}

#[test]
fn without_usable_times_points_are_evenly_spaced() {
    for clock in [0.0, 1e-4] {
        let points = fitted(&map(&waves(TEXT), |s| Sample { ms: (s.ms * clock).floor() * 1e3, ..s }));
        let steps: Vec<f32> = points
            .windows(2)
            .filter(|pair| pair[0][2] < 0.5)
            .map(|pair| (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]))
            .collect();
        let mean = steps.iter().sum::<f32>() / steps.len() as f32;
        // A chord across a crest is shorter than the curve.
        assert!(steps.iter().all(|step| *step > 0.4 * mean && *step < 1.5 * mean));
    }
}

#[test]
fn samples_that_arrive_in_bunches_are_spread() {
    let plain = fitted(&waves(TEXT));
    let bunched = fitted(&map(&waves(TEXT), |s| Sample { ms: (s.ms / 60.0).floor() * 60.0, ..s }));
    assert!(max_distance(&bunched, &plain) < 14.0, "{}", max_distance(&bunched, &plain));
    assert!(bunched.len().abs_diff(plain.len()) <= 4);
}

#[test]
fn rows_become_one_line_and_a_late_dot_joins_its_row() {
    let mut rows = waves(TEXT);
    let wrap = |s: Sample| if s.x > 11.9 * 180.0 { Sample { x: s.x - 12.0 * 180.0, y: s.y + 500.0, ..s } } else { s };
    rows = map(&rows, wrap);
    rows.push(vec![Sample { x: 3.0 * 180.0, y: -200.0, ms: 1e5 }]);
    let found = fitted(&rows);
    let plain = fitted(&waves(TEXT));
    let span = |points: &Points, axis: usize| {
        let values = || points.iter().map(|p| p[axis]);
        values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min)
    };
    assert!((span(&found, 0) / span(&plain, 0) - 1.0).abs() < 0.1, "{} {}", span(&found, 0), span(&plain, 0));
    assert!(span(&found, 1) < 500.0, "{}", span(&found, 1));
    assert_eq!(found.iter().filter(|point| point[2] > 0.5).count(), 5);
}

#[test]
fn unusable_ink_is_met_with_advice() {
    let ink = waves(TEXT);
    let at = |x: f64, y: f64| Sample { x, y, ms: 0.0 };
    assert_eq!(refused(&[]), Advice::Nothing);
    assert_eq!(refused(&[vec![], vec![]]), Advice::Nothing);
    assert_eq!(refused(&[vec![at(5.0, 5.0)]]), Advice::Dot);
    assert_eq!(refused(&transformed(&ink, 0.001, 0.0)), Advice::Dot);
    assert_eq!(refused(&[vec![at(0.0, 0.0), at(900.0, 0.0)]]), Advice::TooLittle);
    assert_eq!(refused(&[(0..500).map(|k| at(f64::from(k), 0.0)).collect()]), Advice::Flat);
    assert_eq!(refused(&ink[..1]), Advice::TooLittle, "one word of four");
    let twice: Vec<_> =
        ink.iter().chain(&transformed(&ink, 1.0, 0.0)).chain(&transformed(&ink, 1.0, 0.01)).cloned().collect();
    assert_eq!(refused(&twice), Advice::TooLong, "written over itself");
    assert_eq!(refused(&transformed(&ink, 1.0, 1.2)), Advice::Steep);
    assert_eq!(refused(&map(&ink, |s| Sample { x: -s.x, ..s })), Advice::Backwards);
    assert_eq!(refused(&transformed(&ink, 1.0, 3.1)), Advice::Backwards, "upside down");
    for bad in [f64::NAN, f64::INFINITY, 1e9] {
        assert_eq!(
            refused(&map(&ink, |s| Sample { y: if s.ms > 900.0 { bad } else { s.y }, ..s })),
            Advice::Unreadable
        );
        assert_eq!(fit_free(&[vec![at(0.0, 0.0), at(bad, 50.0)]]), Err(Advice::Unreadable));
    }
    assert_eq!(refused(&vec![ink[0].clone(); MAX_STROKES + 1]), Advice::TooMuch);
    let few = |stroke: &Vec<Sample>| stroke.iter().step_by(19).copied().collect();
    assert_eq!(refused(&ink.iter().map(few).collect::<Vec<_>>()), Advice::TooFast);
    let stacked = |k: usize| map(&ink[..1], |s| Sample { y: s.y + 600.0 * k as f64, ..s }).remove(0);
    assert_eq!(refused(&(0..5).map(stacked).collect::<Vec<_>>()), Advice::Overlaid, "five rows of four words");
    for (text, advice) in
        [("hi", Advice::ShortText), ("hello there 😀", Advice::Alphabet), (&*"abc ".repeat(21), Advice::LongText)]
    {
        assert_eq!(fit(&config(), text, &ink), Err(advice));
    }
}

#[test]
fn any_strokes_are_refused_or_give_finite_points() {
    use rand::{Rng, SeedableRng, rngs::ChaCha8Rng};
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut uniform = move || f64::from(rng.next_u32()) / f64::from(u32::MAX);
    let mut accepted = 0;
    for round in 0..400 {
        let scale = 10f64.powf(uniform() * 8.0 - 3.0);
        let mut strokes = Vec::new();
        let mut ms = 0.0;
        for _ in 0..(uniform() * 30.0) as usize {
            let mut stroke = Vec::new();
            for _ in 0..(uniform() * uniform() * 60.0) as usize {
                ms += (uniform() * 50.0 - 10.0).floor();
                let x = if round % 2 == 0 { ms * 0.3 + uniform() * 300.0 } else { uniform() * 1e3 };
                stroke.push(Sample { x: scale * x, y: scale * uniform() * 200.0, ms });
            }
            strokes.push(stroke);
        }
        for points in
            [fit(&config(), TEXT, &strokes).map(|(points, _)| points), fit_free(&strokes)].into_iter().flatten()
        {
            accepted += 1;
            assert!(points.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e6));
            assert!(points.len() < 20_000 && points.last().unwrap()[2] == 1.0);
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[test]
fn free_strokes_are_scaled_and_not_levelled() {
    let drawn = transformed(&waves("abc def"), 0.2, 0.5);
    let points = fit_free(&drawn).unwrap();
    let [last, first] = [points[points.len() - 1], points[0]];
    let slope = (last[1] - first[1]) / (last[0] - first[0]);
    assert!((slope - 0.5f32.tan()).abs() < 0.05, "{slope}");
    assert!((80..400).contains(&points.len()), "{}", points.len());
    // A wave that is nearly flat.
    let flat = map(&waves("abc def"), |s| Sample { y: s.y * 0.01, ..s });
    let points = fit_free(&flat).unwrap();
    assert!(points.iter().all(|p| p[0] < 4_200.0));
}
