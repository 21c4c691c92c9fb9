//! XML of the IAM On-Line Handwriting Database: strokes of a whiteboard, times in seconds.

use super::{DEFAULT_MS, FileInk, timed};
use roxmltree::Node;

/// Reads the strokes and, in files of whole forms, what they say.
pub(super) fn read(root: Node<'_, '_>) -> FileInk {
    let named = |name: &'static str| root.descendants().filter(move |node| node.tag_name().name() == name);
    let strokes = named("Stroke").map(|stroke| {
        let points = stroke.children().filter(|node| node.tag_name().name() == "Point");
        let point = |point: Node<'_, '_>| {
            let number = |name| point.attribute(name)?.trim().parse::<f64>().ok();
            Some((number("x")?, number("y")?, number("time").map(|seconds| seconds * 1000.0)))
        };
        points.filter_map(point).collect()
    });
    let strokes = timed(strokes.collect(), DEFAULT_MS);
    let lines: Vec<&str> = named("TextLine").filter_map(|line| line.attribute("text")).collect();
    let text = match lines.is_empty() {
        false => lines.join(" "),
        true => named("Text").filter_map(|text| text.text()).collect::<Vec<_>>().join(" "),
    };
    FileInk { text, strokes }
}
