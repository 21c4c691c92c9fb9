//! Exported files, read by independent parsers and renderers.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use gcode::{Code, Value};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::Tree;
use running_hand::export::{self, Dialect, Format, Gcode, Layout, Lift, Options};
use running_hand::ink::{Ink, Point};
use std::f32::consts::TAU;

/// Pixels per millimetre.
const DENSITY: f32 = 20.0;

fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

/// Difficult strokes: a spiral that crosses itself, hairpins, a retraced line, slow trembling, a sharp tip, a dot.
fn ink() -> Ink {
    let spiral = (0..60).map(|i| (i as f32 / 60.0 * 2.5 * TAU, 30.0 + 5.0 * i as f32));
    let spiral = spiral.map(|(angle, r)| point(400.0 + r * angle.cos(), 400.0 + r * angle.sin())).collect();
    let zigzag = (0..14).map(|i| point(900.0 + 25.0 * i as f32, if i % 2 == 0 { 100.0 } else { 700.0 })).collect();
    let retraced = [0.0, 60.0, 200.0, 320.0, 321.0, 200.0, 61.0, 0.0].map(|x| point(1400.0 + x, 200.0)).to_vec();
    let slow = (0..80).map(|i| point(1400.0 + 4.0 * i as f32, 400.0 + if i % 3 == 0 { 3.0 } else { 0.0 })).collect();
    let tip = vec![point(1400.0, 550.0), point(1700.0, 560.0), point(1402.0, 570.0)];
    Ink { strokes: vec![spiral, zigzag, retraced, slow, tip, vec![point(1800.0, 700.0)]] }
}

fn options() -> Options {
    Options::default()
        .with_layout(Layout::new(30.0, 20.0).with_x(2.0).with_y(3.0).with_scale(0.0125))
        .with_line_width(0.4)
        .with_text("Dear \"A & B\" <c>,\n(second line); é")
}

/// The ink in millimetres on the sheet.
fn placed(ink: &Ink) -> Vec<Vec<Point>> {
    let place = |p: &Point| point(2.0 + p.x * 0.0125, 3.0 + p.y * 0.0125);
    ink.strokes.iter().map(|stroke| stroke.iter().map(place).collect()).collect()
}

/// Renders an SVG: for each pixel, row by row, whether it has ink; and the number of pixels in a row.
fn rendered(svg: &str) -> (Vec<bool>, usize) {
    let tree = Tree::from_str(svg, &resvg::usvg::Options::default()).unwrap();
    // A CSS pixel is 1/96 of an inch.
    let mm = 25.4 / 96.0;
    let (width, height) = (tree.size().width() * mm, tree.size().height() * mm);
    assert!((width - 30.0).abs() < 0.01 && (height - 20.0).abs() < 0.01, "{width} × {height} mm");
    let mut pixels = Pixmap::new((width * DENSITY).round() as u32, (height * DENSITY).round() as u32).unwrap();
    resvg::render(&tree, Transform::from_scale(mm * DENSITY, mm * DENSITY), &mut pixels.as_mut());
    (pixels.pixels().iter().map(|pixel| pixel.alpha() > 127).collect(), pixels.width() as usize)
}

/// Points on the curve: its ends, the midpoints between the stroke's points, and the middle of each curve segment.
fn curve_points(strokes: &[Vec<Point>]) -> Vec<Point> {
    let middle = |p: Point, q: Point| point((p.x + q.x) / 2.0, (p.y + q.y) / 2.0);
    let mut points = Vec::new();
    for stroke in strokes {
        points.extend([stroke[0], stroke[stroke.len() - 1]]);
        points.extend(stroke.windows(2).map(|pair| middle(pair[0], pair[1])));
        for three in stroke.windows(3) {
            let (a, b, c) = (middle(three[0], three[1]), three[1], middle(three[1], three[2]));
            points.push(middle(middle(a, b), middle(b, c)));
        }
    }
    points
}

/// Millimetres from a position to the nearest stroke, taken as straight lines between its points.
fn distance(at: Point, strokes: &[Vec<Point>]) -> f32 {
    let to_line = |p: Point, q: Point| {
        let (dx, dy) = (q.x - p.x, q.y - p.y);
        let along = ((at.x - p.x) * dx + (at.y - p.y) * dy) / (dx * dx + dy * dy).max(1e-9);
        let along = along.clamp(0.0, 1.0);
        (p.x + along * dx - at.x).hypot(p.y + along * dy - at.y)
    };
    let lines = strokes.iter().flat_map(|s| s.windows(2).map(|pair| (pair[0], pair[1])).chain([(s[0], s[0])]));
    lines.map(|(p, q)| to_line(p, q)).fold(f32::MAX, f32::min)
}

#[test]
fn every_svg_format_has_ink_along_the_strokes_and_nowhere_else() {
    let ink = ink();
    let strokes = placed(&ink);
    // Narrowest and widest line, relative to the nominal width. The curve cuts the corners of the straight lines,
    // the more the farther apart the points are.
    for (format, narrowest, widest) in
        [(Format::Svg, 1.0, 1.0), (Format::Animated, 1.0, 1.0), (Format::Outline, 0.5, 1.5)]
    {
        let (inked, width) = rendered(&export::write(&ink, format, &options()).unwrap());
        let is_inked = |at: Point| inked[(at.y * DENSITY) as usize * width + (at.x * DENSITY) as usize];
        for at in curve_points(&strokes) {
            assert!(is_inked(at), "{format}: a hole at {at:?}");
            let side = 0.2 * narrowest - 1.5 / DENSITY;
            for (dx, dy) in [(side, 0.0), (-side, 0.0), (0.0, side), (0.0, -side)] {
                assert!(is_inked(point(at.x + dx, at.y + dy)), "{format}: thin at {at:?}");
            }
        }
        for (i, _) in inked.iter().enumerate().filter(|(_, inked)| **inked) {
            let at = point((i % width) as f32 / DENSITY, (i / width) as f32 / DENSITY);
            let off = distance(at, &strokes);
            assert!(off < 0.2 * widest + 0.25, "{format}: ink at {at:?}, {off} mm off");
        }
    }
}

#[test]
fn outlines_are_wide_where_the_pen_was_slow() {
    let (inked, width) = rendered(&export::write(&ink(), Format::Outline, &options()).unwrap());
    let thickness = |x: f32, y: f32| {
        let column = (x * DENSITY) as usize;
        let rows = ((y - 0.6) * DENSITY) as usize..((y + 0.6) * DENSITY) as usize;
        rows.filter(|row| inked[row * width + column]).count() as f32 / DENSITY
    };
    // Half-way along the slow trembling stroke, and along the fast retraced one above it.
    let (slow, fast) = (
        thickness(2.0 + 1560.0 * 0.0125, 3.0 + 401.0 * 0.0125),
        thickness(2.0 + 1500.0 * 0.0125, 3.0 + 200.0 * 0.0125),
    );
    assert!(slow > fast * 1.3, "{slow} mm, {fast} mm");
}

#[test]
fn an_animation_has_the_pens_timing() {
    let svg = export::write(&ink(), Format::Animated, &options().with_sample_ms(20.0).with_speed(2.0)).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let style = document.descendants().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "style"))).unwrap();
    assert!(style.text().unwrap().contains("prefers-reduced-motion"));
    let paths: Vec<_> = document.descendants().filter(|node| node.tag_name().name() == "path").collect();
    let mut begins = 0.0;
    for (path, stroke) in paths.iter().zip(ink().strokes) {
        let style = path.attribute("style").unwrap();
        let number = |key: &str| {
            style.split(';').find_map(|s| s.strip_prefix(key)).unwrap().trim_end_matches('s').parse::<f32>().unwrap()
        };
        assert!((number("animation-delay:") - begins).abs() < 0.002, "{style}");
        let duration = (stroke.len() as f32 * 0.01).max(0.02);
        assert!((number("animation-duration:") - duration).abs() < 0.002, "{style}");
        begins += stroke.len() as f32 * 0.01;
    }
    assert_eq!(paths.len(), ink().strokes.len());
}

/// Executes a program as a plotter would: positions with the pen down, stroke by stroke.
fn plot(program: &str) -> Vec<Vec<Point>> {
    let parsed = gcode::parse(program).unwrap();
    let (mut strokes, mut at, mut down, mut homed) = (Vec::<Vec<Point>>::new(), [0.0_f32; 2], false, false);
    for code in parsed.blocks.iter().flat_map(|block| &block.codes) {
        let (number, args, is_move) = match code {
            Code::General(code) => (code.number, &code.args, true),
            Code::Miscellaneous(code) => (code.number, &code.args, false),
            other => panic!("{other:?}"),
        };
        let argument = |letter| {
            args.iter().find(|argument| argument.letter == letter).map(|argument| match argument.value {
                Value::Literal(value) => value,
                ref other => panic!("{other:?}"),
            })
        };
        let was = down;
        match (is_move, number.major()) {
            (true, 0 | 1) => {
                let moves = argument('X').is_some();
                if let Some(z) = argument('Z') {
                    down = z < 1.0;
                }
                assert!(!(moves && number.major() == 0 && down), "a rapid move with the pen down");
                assert!(!moves || number.major() == 0 || down, "drawn in the air");
                at = [argument('X').unwrap_or(at[0]), argument('Y').unwrap_or(at[1])];
                assert!((0.0..=30.0).contains(&at[0]) && (0.0..=20.0).contains(&at[1]), "off the sheet: {at:?}");
                homed = at == [0.0; 2];
                if moves && down {
                    strokes.last_mut().unwrap().push(point(at[0], 20.0 - at[1]));
                }
            }
            (true, 4 | 21 | 90 | 94) | (false, 2 | 400) => {}
            (false, 280) => down = argument('S') == Some(40.0),
            (false, 3) => down = true,
            (false, 5) => down = false,
            other => panic!("unexpected {other:?}"),
        }
        if down && !was {
            strokes.push(vec![point(at[0], 20.0 - at[1])]);
        }
    }
    assert!(!down && homed, "the pen is lifted and home at the end");
    strokes
}

#[test]
fn gcode_plots_the_strokes() {
    let with = |change: fn(&mut Gcode)| {
        let mut gcode = Gcode::default();
        change(&mut gcode);
        gcode
    };
    let servo = with(|g| (g.lift, g.up, g.down, g.dwell, g.feed) = (Lift::Servo, 0.0, 30.0, 0.2, 900.0));
    let marlin = with(|g| (g.dialect, g.lift, g.up, g.down) = (Dialect::Marlin, Lift::Servo, 90.0, 40.0));
    let downwards = with(|g| (g.dialect, g.up, g.down) = (Dialect::GrblHal, 9.0, 0.5));
    for gcode in [Gcode::default(), servo, marlin, downwards] {
        let long = "word ".repeat(40) + &"q".repeat(200);
        let text = format!("{}\n{long}", options().text);
        let program = export::write(&ink(), Format::Gcode, &options().with_gcode(gcode).with_text(text)).unwrap();
        assert!(program.is_ascii());
        assert!(program.lines().all(|line| line.len() <= 80), "senders that count characters stall");
        let comments: String = program.lines().filter_map(|line| line.strip_prefix("; ")).collect::<Vec<_>>().join(" ");
        assert!(comments.contains(&"word ".repeat(40)), "nothing of the text is lost");
        assert_eq!(comments.matches('q').count(), 200, "{comments}");
        // The dot is a rest on the paper: no move between pen down and pen up.
        let rest = if gcode.dialect == Dialect::Marlin { "G4 P100\n" } else { "G4 P0.1\n" };
        assert!(program.contains(rest), "{program}");
        let strokes = plot(&program);
        let expected = placed(&ink());
        assert_eq!(strokes.len(), expected.len());
        for (found, stroke) in strokes.iter().zip(&expected) {
            let ends = |s: &[Point]| [s[0], s[s.len() - 1]];
            for (a, b) in ends(found).iter().zip(ends(stroke)) {
                assert!((a.x - b.x).abs() < 0.002 && (a.y - b.y).abs() < 0.002, "{a:?} {b:?}");
            }
        }
        for at in curve_points(&expected) {
            assert!(distance(at, &strokes) < 0.03, "no line passes {at:?}");
        }
    }
}

#[test]
fn gcode_that_leaves_the_sheet_or_cannot_lift_the_pen_is_refused() {
    let refused = |options: Options| export::write(&ink(), Format::Gcode, &options).unwrap_err().to_string();
    let narrow = Layout::new(20.0, 20.0).with_x(2.0).with_y(3.0).with_scale(0.0125);
    assert!(refused(options().with_layout(narrow)).contains("4.5 mm beyond the sheet"));
    let mut flat = Gcode::default();
    (flat.up, flat.down) = (0.0, 0.0);
    assert!(refused(options().with_gcode(flat)).contains("must differ"));
    let mut stopped = Gcode::default();
    stopped.feed = 0.0;
    assert!(refused(options().with_gcode(stopped)).starts_with("gcode.feed"));
    let hpgl = export::write(&ink(), Format::Hpgl, &options().with_gcode(stopped));
    assert!(hpgl.unwrap_err().to_string().starts_with("gcode.feed"));
}

#[test]
fn hpgl_plots_the_strokes() {
    let program = export::write(&ink(), Format::Hpgl, &options()).unwrap();
    assert!(program.starts_with("IN;\nSP1;\n") && program.ends_with("PU0,0;\nSP0;\n"), "{program}");
    let (mut strokes, mut at, mut down) = (Vec::<Vec<Point>>::new(), point(0.0, 0.0), false);
    for instruction in program.split(";\n").filter(|instruction| !instruction.is_empty()) {
        assert!(instruction.len() <= 80, "{instruction}");
        let (name, numbers) = instruction.split_at(2);
        let was = down;
        match name {
            "PU" => down = false,
            "PD" => down = true,
            "IN" | "SP" | "VS" => continue,
            _ => panic!("{instruction}"),
        }
        if down && !was {
            strokes.push(vec![at]);
        }
        let numbers: Vec<f32> = numbers.split(',').filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect();
        for pair in numbers.chunks_exact(2) {
            at = point(pair[0] / 40.0, 20.0 - pair[1] / 40.0);
            if down {
                strokes.last_mut().unwrap().push(at);
            }
        }
    }
    assert_eq!(strokes.len(), ink().strokes.len());
    for at in curve_points(&placed(&ink())) {
        assert!(distance(at, &strokes) < 0.05, "no line passes {at:?}");
    }
}

#[test]
fn inkml_has_a_trace_of_positions_and_times_per_stroke() {
    const NAMESPACE: &str = "http://www.w3.org/2003/InkML";
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    let text = export::write(&ink(), Format::Inkml, &options()).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name((NAMESPACE, "ink")));
    let named = |name: &'static str| document.descendants().filter(move |node| node.has_tag_name((NAMESPACE, name)));
    let channels: Vec<_> =
        named("channel").map(|c| (c.attribute("name").unwrap(), c.attribute("units").unwrap())).collect();
    assert_eq!(channels, [("X", "mm"), ("Y", "mm"), ("T", "ms")]);
    assert_eq!(named("annotation").next().unwrap().text(), Some(options().text.as_str()));
    // Every reference has its target in the file.
    for node in document.descendants() {
        for attribute in node.attributes().filter(|attribute| attribute.name().ends_with("Ref")) {
            let id = attribute.value().strip_prefix('#').unwrap();
            assert!(document.descendants().any(|other| other.attribute((XML, "id")) == Some(id)), "{id}");
        }
    }
    let expected = placed(&ink());
    let traces: Vec<_> = named("trace").collect();
    assert_eq!(traces.len(), expected.len());
    let mut time = 0.0;
    for (trace, stroke) in traces.iter().zip(&expected) {
        let points: Vec<_> = trace.text().unwrap().split(',').collect();
        assert_eq!(points.len(), stroke.len());
        for (text, at) in points.iter().zip(stroke) {
            let values: Vec<f32> = text.split_whitespace().map(|v| v.parse().unwrap()).collect();
            assert!((values[0] - at.x).abs() < 0.002 && (values[1] - at.y).abs() < 0.002, "{text}");
            assert_eq!(values[2], time);
            time += 10.0;
        }
    }
}

#[test]
fn json_holds_ink_text_and_settings() {
    let settings = serde_json::json!({ "seed": 7, "style": "A \"b\"" });
    let text = export::write(&ink(), Format::Json, &options().with_settings(settings.clone())).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["text"], &value["settings"]), (&options().text.into(), &settings));
    assert_eq!((&value["version"], &value["unit"], &value["width"]), (&1.into(), &"mm".into(), &30.into()));
    let strokes: Vec<Vec<[f32; 2]>> = serde_json::from_value(value["strokes"].clone()).unwrap();
    let near = |found: &Vec<[f32; 2]>, stroke: &Vec<Point>| {
        found.len() == stroke.len()
            && found.iter().zip(stroke).all(|(a, b)| (a[0] - b.x).abs() < 0.002 && (a[1] - b.y).abs() < 0.002)
    };
    assert!(strokes.iter().zip(&placed(&ink())).all(|(found, stroke)| near(found, stroke)));
    assert_eq!(strokes.len(), ink().strokes.len());
}
