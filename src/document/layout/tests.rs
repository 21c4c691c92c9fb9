//! Tests of the layout.

use super::super::baseline::tests::line;
use super::super::paper::{PITCH, Paper};
use super::*;

fn style(paper: Option<Paper>) -> PageStyle {
    PageStyle { paper, ..PageStyle::default() }
}

fn complete(row: usize, points: Vec<[f32; 3]>) -> LineInk {
    LineInk { row, points, complete: true }
}

/// The layout of lines that come whole, and what was handed out.
fn laid(style: PageStyle, lines: Vec<LineInk>) -> (Layout, Vec<PlacedInk>) {
    let mut layout = Layout::new(style, 5, Extent::default(), true, false);
    let placed = lines.into_iter().flat_map(|ink| layout.add(ink)).collect();
    (layout, placed)
}

fn rows(rows: &[usize]) -> Vec<LineInk> {
    rows.iter().map(|&row| complete(row, line(200.0, 0.0, 30.0))).collect()
}

#[test]
fn lines_become_level_evenly_spaced_and_of_one_size() {
    let written = [(0, line(200.0, 0.04, 10.0)), (1, line(230.0, -0.03, 20.0)), (3, line(180.0, 0.0, -40.0))];
    let (layout, placed) = laid(style(None), written.map(|(row, points)| complete(row, points)).to_vec());
    let found: Vec<Baseline> = placed.iter().map(|ink| Baseline::fit(&ink.points)).collect();
    for (own, row) in found.iter().zip([0.0, 1.0, 3.0]) {
        assert!(own.slope.abs() < 1e-3, "{own:?}");
        assert!((own.from - found[0].from - row * PITCH).abs() < 1.0, "{own:?}");
    }
    assert!((found[0].from - layout.sheet().first(0)).abs() < 20.0);
    assert!(found.iter().all(|own| (own.spread / found[0].spread - 1.0).abs() < 0.08), "{found:?}");
    let left = |ink: &PlacedInk| ink.points.iter().map(|point| point[0]).fold(f32::MAX, f32::min);
    assert!(placed.iter().all(|ink| (left(ink) - left(&placed[0])).abs() < 0.1), "a common left edge");
}

#[test]
fn what_does_not_fit_on_a_page_goes_to_the_next() {
    // 85 mm: a margin of 10 mm, 6.53 mm above the first baseline, five more lines of 10.88 mm, 3.2 mm below, and a margin.
    let paper = Paper::new(100.0, 85.0).unwrap().with_margin(10.0).unwrap();
    let (layout, placed) = laid(style(Some(paper)), rows(&[0, 1, 2, 3, 4, 6, 20]));
    assert_eq!(placed.iter().map(|ink| ink.page).collect::<Vec<_>>(), [0, 0, 0, 0, 0, 1, 3]);
    assert_eq!(layout.pages(), 4, "a line left free stays free, and a page too");
    assert_eq!((layout.page(0).len(), layout.page(2).len()), (800, 0));
    assert_eq!((layout.lines_on(1, 9999), layout.lines_on(0, 161)), (5..6, 0..2));
    for &[x, y, _] in layout.points() {
        let [x, y] = [x, y].map(|side| side * 0.016);
        assert!((9.9..=90.1).contains(&x) && (9.9..=75.0).contains(&y), "{x} {y}");
    }
    let (empty, _) = laid(style(Some(paper)), Vec::new());
    assert_eq!((empty.pages(), empty.points().len()), (1, 0), "an empty sheet");
}

#[test]
fn a_line_too_wide_is_squeezed_and_no_other() {
    let mut both = rows(&[0, 1]);
    both[1].points.truncate(40);
    let (_, placed) = laid(style(Some(Paper::new(50.0, 100.0).unwrap())), both);
    let right = |ink: &PlacedInk| reach(&ink.points) * 0.016;
    assert!((right(&placed[0]) - 40.0).abs() < 0.01, "{}", right(&placed[0]));
    assert!((right(&placed[1]) - 10.0 - 870.0 * 0.016).abs() < 1.0, "{}", right(&placed[1]));
}

#[test]
fn slant_leans_on_the_baseline_and_unsteadiness_is_repeatable() {
    let (mut layout, upright) = laid(style(None), rows(&[0]));
    let first = layout.sheet().first(0) as f32;
    layout.lay_out(PageStyle { slant: 45.0, ..style(None) });
    for (a, b) in upright[0].points.iter().zip(layout.points()) {
        assert!((b[0] - a[0] - (first - a[1])).abs() < 1.0 && (a[1] - b[1]).abs() < 1e-3, "{a:?} {b:?}");
    }
    let mut unsteady = |unsteadiness| {
        layout.lay_out(PageStyle { unsteadiness, ..style(None) });
        layout.points().to_vec()
    };
    let level = unsteady(0.0);
    let fully = unsteady(1.0);
    assert_ne!(level, fully);
    assert_eq!(fully, unsteady(1.0));
    layout.seed = 6;
    layout.lay_out(PageStyle { unsteadiness: 1.0, ..style(None) });
    assert_ne!(fully, layout.points(), "each seed has its own");
}

/// A line that falls, whose first letters hang below it.
fn falling() -> Vec<[f32; 3]> {
    let point = |i: usize| {
        let x = 12.0 * i as f32;
        let up = if i.is_multiple_of(5) { 0.0 } else { 60.0 };
        [x, 0.05 * x + if x < 400.0 { 70.0 } else { 0.0 } - up, f32::from(u8::from(i % 25 == 24))]
    };
    (0..400).map(point).collect()
}

#[test]
fn laying_out_hands_out_nothing_that_is_held_back() {
    let points = falling();
    let mut layout = Layout::new(style(None), 5, Extent::default(), true, true);
    let held = |layout: &mut Layout, row, range: Range<usize>| {
        layout.add(LineInk { row, points: points[range].to_vec(), complete: false });
        layout.lay_out(style(None));
        layout.points().len()
    };
    assert_eq!(held(&mut layout, 0, 0..40), 0, "too little to tell where it runs");
    assert_eq!(held(&mut layout, 0, 40..80), 80, "enough");
    assert_eq!(held(&mut layout, 0, 80..160), 80, "the rest waits for the end");
    let rest = layout.add(complete(0, points[160..].to_vec()));
    assert_eq!((rest[0].start, rest[0].points.len()), (80, 320));
    assert_eq!(held(&mut layout, 1, 0..200), 400, "the next line waits for its end");
    let next = layout.add(complete(1, points[200..].to_vec()));
    assert_eq!((next[0].start, next[0].points.len()), (400, 400));
}

#[test]
fn ink_that_was_handed_out_stays_and_the_rest_comes_to_its_level() {
    let points = falling();
    let mut layout = Layout::new(style(None), 5, Extent::default(), true, true);
    let add = |layout: &mut Layout, range: Range<usize>| {
        let complete = range.end == points.len();
        layout.add(LineInk { row: 0, points: points[range].to_vec(), complete })
    };
    assert!(add(&mut layout, 0..40).is_empty(), "too little to tell where it runs");
    let begun = add(&mut layout, 40..80);
    assert_eq!(begun[0].points.len(), 80);
    assert!(add(&mut layout, 80..120).is_empty() && layout.is_holding(), "the rest waits for the end");
    let released = layout.release().unwrap();
    assert_eq!((released.points.len(), layout.is_holding(), layout.release()), (40, false, None));
    let rest = add(&mut layout, 120..400);
    let live = layout.points().to_vec();
    assert_eq!(live[..80], begun[0].points);
    assert_eq!(live[120..], rest[0].points);
    layout.lay_out(style(None));
    let exact = layout.points();
    assert!((live[0][1] - exact[0][1]).abs() > 10.0, "the beginning was placed by what it told");
    assert!((live[399][1] - exact[399][1]).abs() < 0.01, "the end is at its level");
    let steps = live.windows(2).zip(exact.windows(2)).map(|(a, b)| (a[1][1] - a[0][1]) - (b[1][1] - b[0][1]));
    assert!(steps.into_iter().all(|step| step.abs() < 6.0), "without a jump");
    assert!(!layout.is_holding());
}

#[test]
fn a_line_whose_beginning_was_placed_is_squeezed_behind_it() {
    let paper = Paper::new(70.0, 80.0).unwrap().with_margin(5.0).unwrap();
    let mut layout = Layout::new(style(Some(paper)), 5, Extent::default(), true, true);
    let points: Vec<[f32; 3]> = falling();
    let begun = layout.add(LineInk { row: 0, points: points[..100].to_vec(), complete: false });
    let rest = layout.add(LineInk { row: 0, points: points[100..].to_vec(), complete: true });
    assert_eq!(begun[0].points[99][0], (5.0 / 0.016 + 1188.0) as f32);
    assert!((reach(&rest[0].points) * 0.016 - 65.0).abs() < 0.01);
}

#[test]
fn a_scribble_is_placed_as_it_comes_and_its_sheet_grows() {
    let mut layout = Layout::new(style(None), 5, Extent::default(), false, true);
    let dot = |row| LineInk { row, points: vec![[0.0, 50.0, 1.0]], complete: false };
    let height = layout.sheet().height;
    let [first, fifth] = [0, 4].map(|row| layout.add(dot(row)).remove(0).points[0]);
    assert_eq!(first[1], (layout.sheet().first(0) - 60.0) as f32);
    assert_eq!(fifth[1], first[1] + 4.0 * PITCH as f32);
    assert!(layout.sheet().height > height);
    let mut layout = Layout::new(style(None), 5, Extent::default(), false, true);
    let drawn = layout.add_drawn(line(200.0, 0.0, 300.0));
    assert!(
        (Baseline::fit(&drawn[0].points).from - layout.sheet().first(0)).abs() < 20.0,
        "drawn ink sits on the line"
    );
    assert_eq!(layout.add(dot(0))[0].line, 0, "what follows is on the same line");
}

#[test]
fn transforms_map_offsets_as_the_points_moved() {
    let slanted = PageStyle { slant: 20.0, unsteadiness: 0.5, ..style(Some(Paper::new(50.0, 100.0).unwrap())) };
    let ink = complete(2, line(200.0, 0.05, 0.0));
    let points = ink.points.clone();
    let (layout, _) = laid(slanted, vec![complete(0, line(180.0, 0.0, 0.0)), ink]);
    for k in [0, 5, 100, 157] {
        let at = 160 + k;
        let [[xx, xy], [yx, yy]] = layout.transform(at).unwrap();
        let [dx, dy] = [0, 1].map(|axis| f64::from(points[k + 1][axis] - points[k][axis]));
        let [from, to] = [layout.points()[at], layout.points()[at + 1]];
        assert!((f64::from(to[0] - from[0]) - (xx * dx + xy * dy)).abs() < 2.0, "{k}");
        assert!((f64::from(to[1] - from[1]) - (yx * dx + yy * dy)).abs() < 2.0, "{k}");
    }
    assert_eq!(layout.transform(320), None);
}

#[test]
fn a_pen_that_was_stopped_leaves_what_was_drawn() {
    let (mut layout, _) = laid(style(None), rows(&[0, 1, 2]));
    layout.truncate(170);
    assert_eq!((layout.points().len(), layout.ink().count(), layout.pages()), (170, 2, 1));
    assert_eq!(layout.points()[169][2], 1.0, "its last stroke ends");
    layout.lay_out(PageStyle { slant: 5.0, ..style(None) });
    assert_eq!((layout.points().len(), layout.points()[169][2]), (170, 1.0));
    layout.truncate(0);
    assert_eq!((layout.points().len(), layout.ink().count()), (0, 0));
}

#[test]
fn too_little_ink_stays_as_it_is() {
    let (layout, placed) = laid(style(None), vec![complete(0, vec![[3.0, 4.0, 1.0]]), complete(1, Vec::new())]);
    assert_eq!(placed.len(), 1);
    assert_eq!(placed[0].points, [[463.0, layout.sheet().first(0) as f32, 1.0]]);
}
