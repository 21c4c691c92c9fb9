//! SVG with one path per stroke, and the parts that the other SVG formats share.

use super::text::{mm, number, xml};
use super::{Layout, Options, PageNumber};
use crate::ink::{Ink, Point};

/// Margin around the ink, in corpus units (an `x` is about 200 high).
const MARGIN: f32 = 100.0;
/// Width of the line, in corpus units.
const LINE_WIDTH: f32 = 14.0;
/// Length of the segment that is a dot, in millimetres. Programs for plotters drop lines without a length.
pub(super) const DOT: f32 = 0.02;

/// SVG for display on a page: one unfilled `<path>` per stroke, in corpus units, as large as the ink.
///
/// Curves pass through the midpoints of the points, as the page draws them; a stroke of one point is a dot.
/// [`super::write`] makes files in millimetres.
pub fn svg(ink: &Ink) -> String {
    let bounds = ink.bounds().unwrap_or_default();
    let size = |min: f32, max: f32| max - min + 2.0 * MARGIN;
    let (min, max) = (bounds.min, bounds.max);
    let view = [min.x - MARGIN, min.y - MARGIN, size(min.x, max.x), size(min.y, max.y)];
    let mut out = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"");
    numbers(&view, 1, &mut out);
    out.push_str("\">\n");
    group(&Options::default().color, LINE_WIDTH, &mut out);
    for stroke in &ink.strokes {
        out.push_str("<path d=\"");
        path(stroke, 1, 1.0, &mut out);
        out.push_str("\"/>\n");
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Writes the strokes as unfilled paths, in millimetres: those of a line in a group, and in it those of each word. Both
/// groups have their text as `data-text`. The page's number is in a group with `data-page-number`.
pub(super) fn strokes(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    open(layout, options, out);
    group(&options.color, options.line_width, out);
    let mut words = options.words.iter().peekable();
    let mut line = None;
    for (index, stroke) in ink.strokes.iter().enumerate() {
        if let Some(word) = words.peek().filter(|word| word.first == index) {
            if line != Some(word.line) {
                if line.is_some() {
                    out.push_str("</g>\n");
                }
                line = Some(word.line);
                let of_line: Vec<&str> = options
                    .words
                    .iter()
                    .filter(|other| other.line == word.line)
                    .map(|word| word.text.as_str())
                    .collect();
                named_group(&of_line.join(" "), out);
            }
            named_group(&word.text, out);
        }
        let is_number = |of: fn(&PageNumber) -> usize| options.page_number.as_ref().is_some_and(|it| of(it) == index);
        if is_number(|number| number.first) {
            if line.take().is_some() {
                out.push_str("</g>\n");
            }
            out.push_str("<g data-page-number=\"");
            out.push_str(options.page_number.as_ref().map_or("", |number| &number.text));
            out.push_str("\">\n");
        }
        out.push_str("<path d=\"");
        path(stroke, 3, DOT, out);
        out.push_str("\"/>\n");
        if words.next_if(|word| word.last == index).is_some() || is_number(|number| number.last) {
            out.push_str("</g>\n");
        }
    }
    if line.is_some() {
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n</svg>\n");
}

fn named_group(text: &str, out: &mut String) {
    out.push_str("<g data-text=\"");
    xml(text, out);
    out.push_str("\">\n");
}

/// The opening tag of an SVG in millimetres, the ink's text as its title, and the paper's rules.
#[inline(never)]
pub(super) fn open(layout: &Layout, options: &Options, out: &mut String) {
    out.push_str("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"");
    mm(layout.width, out);
    out.push_str("mm\" height=\"");
    mm(layout.height, out);
    out.push_str("mm\" viewBox=\"");
    numbers(&[0.0, 0.0, layout.width, layout.height], 3, out);
    out.push_str("\">\n");
    if !options.text.is_empty() {
        out.push_str("<title>");
        xml(&options.text, out);
        out.push_str("</title>\n");
    }
    if let Some(rules) = &options.rules {
        super::rules::rules(rules, layout, out);
    }
}

/// The opening tag of a group of strokes.
pub(super) fn group(color: &str, line_width: f32, out: &mut String) {
    out.push_str("<g fill=\"none\" stroke=\"");
    xml(color, out);
    out.push_str("\" stroke-width=\"");
    mm(line_width, out);
    out.push_str("\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n");
}

/// Path data of one stroke: quadratic curves between midpoints, a straight start and end. One that goes nowhere is a
/// segment of length `dot`, which round caps make a dot.
#[inline(never)]
pub(super) fn path(stroke: &[Point], decimals: u32, dot: f32, out: &mut String) {
    let Some((first, rest)) = stroke.split_first() else { return };
    out.push('M');
    let goes_nowhere = stroke.iter().all(|p| (p.x - first.x).abs() < dot && (p.y - first.y).abs() < dot);
    let Some(last) = rest.last().filter(|_| !goes_nowhere) else {
        numbers(&[first.x - dot / 2.0, first.y], decimals, out);
        out.push('h');
        number(dot, decimals, out);
        return;
    };
    numbers(&[first.x, first.y], decimals, out);
    if rest.len() > 1 {
        out.push('L');
        numbers(&[(first.x + rest[0].x) / 2.0, (first.y + rest[0].y) / 2.0], decimals, out);
    }
    for pair in rest.windows(2) {
        let (p, q) = (pair[0], pair[1]);
        out.push('Q');
        numbers(&[p.x, p.y, (p.x + q.x) / 2.0, (p.y + q.y) / 2.0], decimals, out);
    }
    out.push('L');
    numbers(&[last.x, last.y], decimals, out);
}

/// Appends numbers separated by blanks.
#[inline(never)]
pub(super) fn numbers(values: &[f32], decimals: u32, out: &mut String) {
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        number(*value, decimals, out);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn each_stroke_is_one_path_within_the_view() {
        let ink =
            Ink { strokes: vec![vec![point(0.0, 0.0), point(10.0, 5.0), point(20.0, -5.0)], vec![point(40.0, 8.0)]] };
        let svg = svg(&ink);
        assert_eq!(svg.matches("<path").count(), 2);
        assert!(svg.contains("viewBox=\"-100 -105 240 213\""), "{svg}");
        assert!(svg.contains("d=\"M0 0L5 2.5Q10 5 15 0L20 -5\""), "{svg}");
        assert!(svg.contains("d=\"M39.5 8h1\""), "{svg}");
        assert!(svg.contains("fill=\"none\""));
    }

    #[test]
    fn the_svg_is_valid_xml_and_every_coordinate_lies_in_the_view() {
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
    fn empty_ink_gives_a_valid_svg() {
        assert!(svg(&Ink::default()).contains("viewBox=\"-100 -100 200 200\""));
    }
}
