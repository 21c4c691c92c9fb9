//! [Lottie](https://lottie.github.io): an animation for web pages and apps, in which the strokes are drawn one after
//! another.

use super::color::rgb;
use super::pen::{self, Tip};
use super::{Layout, Options};
use crate::error::Result;
use crate::ink::{Ink, Point};
use serde_json::{Value, json};

/// Pixels of a millimetre: players scale.
const DENSITY: f32 = 10.0;
/// Frames in a second: players draw between them, too.
const FRAMES: f32 = 60.0;
/// Shortest duration of a stroke, in frames.
const MIN_FRAMES: f32 = 1.0;
/// How long the whole is shown before players begin again, in frames.
const REST: f32 = 2.0 * FRAMES;
/// Length of a dot in pixels: a line of no length is not drawn by every player.
const DOT: f32 = 0.2;

/// Writes a shape layer with a group for each stroke, the last one first, as Lottie stacks them: its path, which is
/// trimmed to where the pen is, and its line.
pub(super) fn animation(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) -> Result<()> {
    let [red, green, blue] = rgb(&options.color)?;
    let frames = options.sample_ms / 1000.0 * FRAMES / options.speed;
    let fixed = |value: Value| json!({ "a": 0, "k": value });
    let mut groups = Vec::new();
    let mut before = 0;
    for stroke in &ink.strokes {
        let begin = before as f32 * frames;
        let end = begin + (stroke.len() as f32 * frames).max(MIN_FRAMES);
        before += stroke.len();
        let linear = json!({ "x": [1], "y": [1] });
        let trimmed = json!({ "a": 1, "k": [
            { "t": rounded(begin), "s": [0], "i": linear, "o": { "x": [0], "y": [0] } },
            { "t": rounded(end), "s": [100] },
        ] });
        groups.push(json!({ "ty": "gr", "it": [
            { "ty": "sh", "ks": fixed(path(stroke)) },
            { "ty": "tm", "s": fixed(json!(0)), "e": trimmed, "o": fixed(json!(0)), "m": 1 },
            {
                "ty": "st", "c": fixed(json!([rounded(red), rounded(green), rounded(blue), 1])), "o": fixed(json!(100)),
                "w": fixed(json!(rounded(options.line_width * DENSITY))), "lc": 2, "lj": 2,
            },
            still(),
        ] }));
    }
    let end = (before as f32 * frames + REST).ceil();
    groups.reverse();
    let animation = json!({
        "v": "5.7.0", "nm": options.text.lines().next().unwrap_or_default(), "ddd": 0, "fr": FRAMES, "ip": 0, "op": end,
        "w": (layout.width * DENSITY).round().max(1.0), "h": (layout.height * DENSITY).round().max(1.0), "assets": [],
        "layers": [{
            "ty": 4, "ind": 1, "nm": "Ink", "ddd": 0, "sr": 1, "ip": 0, "op": end, "st": 0, "bm": 0,
            "ks": {
                "o": fixed(json!(100)), "r": fixed(json!(0)), "p": fixed(json!([0, 0, 0])), "a": fixed(json!([0, 0, 0])),
                "s": fixed(json!([100, 100, 100])),
            },
            "shapes": groups,
        }],
    });
    out.push_str(&animation.to_string());
    out.push('\n');
    Ok(())
}

/// A transform that changes nothing, which every group must have.
fn still() -> Value {
    let fixed = |value: Value| json!({ "a": 0, "k": value });
    json!({
        "ty": "tr", "p": fixed(json!([0, 0])), "a": fixed(json!([0, 0])), "s": fixed(json!([100, 100])),
        "r": fixed(json!(0)), "o": fixed(json!(100)),
    })
}

/// A stroke in millimetres as a path in pixels: points, and the handles before and after each, relative to it.
fn path(stroke: &[Point]) -> Value {
    let segments = pen::segments(stroke, Tip::Fineliner, 1.0);
    let pixels = |point: Point| [rounded(point.x * DENSITY), rounded(point.y * DENSITY)];
    let apart = |from: Point, to: Point| [rounded((to.x - from.x) * DENSITY), rounded((to.y - from.y) * DENSITY)];
    let (mut at, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(first) = segments.first() {
        at.push(pixels(first.from));
        before.push([0.0, 0.0]);
    }
    for segment in &segments {
        let [one, two] =
            segment.control.map_or([segment.from, segment.to], |control| pen::cubic(segment.from, control, segment.to));
        after.push(apart(segment.from, one));
        before.push(apart(segment.to, two));
        at.push(pixels(segment.to));
    }
    after.push([0.0, 0.0]);
    if let [first, last] = &mut at[..]
        && first == last
    {
        last[0] = rounded(first[0] as f32 + DOT);
    }
    json!({ "c": false, "v": at, "i": before, "o": after })
}

/// With three decimals, so that the file is short.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}
