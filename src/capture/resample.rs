//! Resampling: places the points that the network expects along strokes, dense where the pen was slow.

use super::Points;
use super::geometry::{Segment, TimedPoint, Trace, path_length, stroke_segments};
use crate::ink::Point;

/// Slowest and fastest plausible speed of the pen, relative to its mean. A sample's time beyond these is replaced by
/// the limit: anything slower is a rest.
const SPEED_RANGE: [f32; 2] = [0.15, 3.5];
/// Iterations of the rate's correction: enough to converge even if the pen rested for hours.
const RATE_ITERATIONS: usize = 24;
/// Median of the milliseconds between two distinct times above which times are too coarse to tell the pen's speed.
const MAX_INTERVAL_MS: f64 = 70.0;
/// Radius of the smoothing, in points: a mouse moves from pixel to pixel. The network's own ink, with an x-height of
/// 30 pixels and rounded to whole pixels, is about as likely to the network with this smoothing as before (56 nats a
/// character, 57 before; 47 with half of it).
const SMOOTHING: f32 = 0.8;
/// Radius for each corpus unit that pixels are apart: from small writing on coarse pixels a hand would learn their steps.
const SMOOTHING_PER_UNIT: f32 = 0.18;
/// Largest radius: letters have some twenty points.
const MAX_SMOOTHING: f32 = 2.4;

/// About `count` points along strokes in corpus units, at equal intervals of time, as far as the times are plausible.
/// `grid` is how far apart the positions are that the recording tells apart. The first point is the origin.
pub(super) fn resample(strokes: &[Trace], count: f32, grid: f32) -> Points {
    let mut points = Points::new();
    let radius = (SMOOTHING_PER_UNIT * grid).clamp(SMOOTHING, MAX_SMOOTHING);
    for (stroke, intervals) in strokes.iter().zip(intervals(strokes, count)) {
        place_points(stroke, &intervals, radius, &mut points);
    }
    let Some(&[x, y, _]) = points.first() else { return points };
    points.iter_mut().for_each(|point| (point[0], point[1]) = (point[0] - x, point[1] - y));
    points
}

/// How many points each segment gets (fractions count), for each stroke.
fn intervals(strokes: &[Trace], count: f32) -> Vec<Vec<f32>> {
    // A pen-up move takes one point: the one with which the next stroke begins.
    let pen_down = (count - strokes.len() as f32).max(0.3 * count);
    let mean_speed = (path_length(strokes) / pen_down).max(f32::MIN_POSITIVE);
    let lengths: Vec<Vec<f32>> =
        strokes.iter().map(|stroke| stroke_segments(stroke).map(|segment| segment.length).collect()).collect();
    let times = durations(strokes).unwrap_or_else(|| lengths.clone());
    let plausible = |interval: f32, length: f32| {
        interval.clamp(length / (SPEED_RANGE[1] * mean_speed), length / (SPEED_RANGE[0] * mean_speed))
    };
    // Points per millisecond. Limiting intervals changes their sum, so the rate is corrected until the sum fits.
    let mut rate = pen_down / times.iter().flatten().sum::<f32>().max(f32::MIN_POSITIVE);
    for _ in 0..RATE_ITERATIONS {
        let both = times.iter().flatten().zip(lengths.iter().flatten());
        let sum: f32 = both.map(|(&time, &length)| plausible(time * rate, length)).sum();
        rate = (rate * pen_down / sum.max(f32::MIN_POSITIVE)).min(f32::MAX);
    }
    let stroke_intervals = |(times, lengths): (&Vec<f32>, &Vec<f32>)| {
        times.iter().zip(lengths).map(|(&time, &length)| plausible(time * rate, length)).collect()
    };
    times.iter().zip(&lengths).map(stroke_intervals).collect()
}

/// Milliseconds from sample to sample, for each stroke; `None` if the times are too coarse.
fn durations(strokes: &[Trace]) -> Option<Vec<Vec<f32>>> {
    let mut distinct = Vec::new();
    let mut durations = Vec::new();
    for stroke in strokes {
        let mut of_stroke = vec![0.0; stroke.len().saturating_sub(1)];
        // Several samples may arrive with the same time: between two distinct times the pen's speed is taken as even.
        let mut from = 0;
        for to in 1..stroke.len() {
            let time = stroke[to].ms - stroke[from].ms;
            if time <= 0.0 && to + 1 < stroke.len() {
                continue;
            }
            if time > 0.0 {
                distinct.push(time);
            }
            let length: f32 = stroke_segments(&stroke[from..=to]).map(|segment| segment.length).sum();
            for index in from..to {
                let segment = Segment::between(&stroke[index], &stroke[index + 1]);
                of_stroke[index] = time as f32 * segment.length / length.max(f32::MIN_POSITIVE);
            }
            from = to;
        }
        durations.push(of_stroke);
    }
    distinct.sort_unstable_by(f64::total_cmp);
    let median = *distinct.get(distinct.len() / 2)?;
    (median <= MAX_INTERVAL_MS && distinct.len() >= 2 * strokes.len().min(10)).then_some(durations)
}

/// Appends the points of one stroke, whose samples are `intervals` points apart, each a mean of the positions within a
/// radius in points.
fn place_points(stroke: &[TimedPoint], intervals: &[f32], smoothing: f32, points: &mut Points) {
    let mut times = vec![0.0];
    for interval in intervals {
        times.push(times[times.len() - 1] + interval);
    }
    let end = times[times.len() - 1];
    let count = (end.round() as usize).max(usize::from(stroke.len() > 1));
    for index in 0..=count {
        let time = end * index as f32 / count.max(1) as f32;
        // Symmetric, so that both ends of the stroke stay where they are.
        let radius = smoothing.min(time).min(end - time);
        let [mut x, mut y] = [0.0; 2];
        for shift in [-1.0, -0.5, 0.0, 0.5, 1.0] {
            let at = interpolate(stroke, &times, time + shift * radius);
            (x, y) = (x + at.x / 5.0, y + at.y / 5.0);
        }
        points.push([x, y, f32::from(u8::from(index == count))]);
    }
}

/// The pen's position at a time, of a stroke with samples at `times`.
fn interpolate(stroke: &[TimedPoint], times: &[f32], time: f32) -> Point {
    let after = times.partition_point(|&t| t < time).clamp(1.min(stroke.len() - 1), stroke.len() - 1);
    let before = after.saturating_sub(1);
    let (a, b) = (stroke[before], stroke[after]);
    let span = times[after] - times[before];
    let share = if span > 0.0 { ((time - times[before]) / span).clamp(0.0, 1.0) } else { 1.0 };
    Point { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }
}
