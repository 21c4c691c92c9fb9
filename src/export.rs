//! Ink as files.

use crate::ink::{Ink, Point};
use std::fmt::Write;

/// Space around the ink, and width of its line, in corpus units (an `x` is about 200 high).
const MARGIN: f32 = 100.0;
const LINE_WIDTH: f32 = 14.0;

/// Ink as SVG: one `<path>` per stroke, unfilled, so that a plotter's pen follows it once.
///
/// Curves pass through the midpoints of the sampled points, as the page draws them; a stroke of one
/// point is a dot. Coordinates are corpus units, y down, as in SVG.
pub fn svg(ink: &Ink) -> String {
    let (x, y, width, height) = match ink.bounds() {
        Some(b) => {
            (b.min.x - MARGIN, b.min.y - MARGIN, b.max.x - b.min.x + 2.0 * MARGIN, b.max.y - b.min.y + 2.0 * MARGIN)
        }
        None => (0.0, 0.0, 2.0 * MARGIN, 2.0 * MARGIN),
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{x:.1} {y:.1} {width:.1} {height:.1}\">\n\
         <g fill=\"none\" stroke=\"#1a1a2e\" stroke-width=\"{LINE_WIDTH}\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n"
    );
    for stroke in &ink.strokes {
        svg.push_str("<path d=\"");
        path(stroke, &mut svg);
        svg.push_str("\"/>\n");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Path data of one stroke: quadratic curves between midpoints, a straight start and end.
fn path(stroke: &[Point], out: &mut String) {
    let Some((first, rest)) = stroke.split_first() else { return };
    // Writing to a String cannot fail.
    let _ = write!(out, "M{:.1} {:.1}", first.x, first.y);
    let Some(last) = rest.last() else {
        // Round caps turn a line of no length into a dot.
        let _ = write!(out, "l0 0");
        return;
    };
    for pair in rest.windows(2) {
        let (p, q) = (pair[0], pair[1]);
        let _ = write!(out, "Q{:.1} {:.1} {:.1} {:.1}", p.x, p.y, (p.x + q.x) / 2.0, (p.y + q.y) / 2.0);
    }
    let _ = write!(out, "L{:.1} {:.1}", last.x, last.y);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn one_path_per_stroke_within_the_view() {
        let ink =
            Ink { strokes: vec![vec![point(0.0, 0.0), point(10.0, 5.0), point(20.0, -5.0)], vec![point(40.0, 8.0)]] };
        let svg = svg(&ink);
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("viewBox=\"-100.0 -105.0 240.0 213.0\""), "{svg}");
        assert!(svg.contains("d=\"M0.0 0.0Q10.0 5.0 15.0 0.0L20.0 -5.0\""), "{svg}");
        assert!(svg.contains("d=\"M40.0 8.0l0 0\""), "{svg}");
        assert!(svg.contains("fill=\"none\""));
    }

    #[test]
    fn it_is_xml_of_unfilled_paths_and_every_coordinate_lies_in_the_view() {
        let stroke = |k: usize| (0..9).map(|i| point((i * 37 + k * 200) as f32, (i * i * k) as f32)).collect();
        let text = svg(&Ink { strokes: (0..4).map(stroke).collect() });
        let document = roxmltree::Document::parse(&text).unwrap();
        let root = document.root_element();
        assert_eq!((root.tag_name().name(), root.tag_name().namespace()), ("svg", Some("http://www.w3.org/2000/svg")));
        let view: Vec<f32> = root.attribute("viewBox").unwrap().split(' ').map(|v| v.parse().unwrap()).collect();
        let group = root.first_element_child().unwrap();
        assert_eq!((group.attribute("fill"), group.attribute("stroke-linecap")), (Some("none"), Some("round")));
        let paths: Vec<_> = group.children().filter(roxmltree::Node::is_element).collect();
        assert_eq!(paths.len(), 4);
        for path in paths {
            let data = path.attribute("d").unwrap();
            let numbers = data.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter(|n| !n.is_empty());
            let numbers: Vec<f32> = numbers.map(|n| n.parse().unwrap()).collect();
            for pair in numbers.chunks_exact(2) {
                assert!((view[0] + MARGIN..=view[0] + view[2] - MARGIN).contains(&pair[0]), "{pair:?}");
                assert!((view[1] + MARGIN..=view[1] + view[3] - MARGIN).contains(&pair[1]), "{pair:?}");
            }
        }
    }

    #[test]
    fn no_ink_is_still_a_picture() {
        assert!(svg(&Ink::default()).contains("viewBox=\"0.0 0.0 200.0 200.0\""));
    }
}
