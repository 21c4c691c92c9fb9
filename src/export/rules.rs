//! The lines that are printed on the paper, in an SVG.

use super::text::mm;
use super::{Layout, svg};

/// Lines printed on the paper, in corpus units where the ink is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Heights of the horizontal ones.
    pub across: Vec<f32>,
    /// Places of the vertical ones.
    pub upright: Vec<f32>,
    /// Whether there are dots where they cross, in their place.
    pub dotted: bool,
}

/// Width of a line and of a dot in millimetres, and their colour.
pub(super) const LINE_MM: f32 = 0.15;
pub(super) const DOT_MM: f32 = 0.5;
pub(super) const COLOR: &str = "#b9c4d6";

/// Writes them as one path, as far as they lie on the sheet; nothing where there are none.
#[inline(never)]
pub(super) fn rules(rules: &Rules, layout: &Layout, out: &mut String) {
    let (across, upright) = on_sheet(rules, layout);
    if across.is_empty() && upright.is_empty() {
        return;
    }
    out.push_str("<path class=\"rules\" fill=\"none\" stroke=\"");
    out.push_str(COLOR);
    out.push_str("\" stroke-linecap=\"round\" stroke-width=\"");
    mm(if rules.dotted { DOT_MM } else { LINE_MM }, out);
    // Dots are dashes without a length.
    let span = upright.first().zip(upright.last()).map_or([0.0; 2], |(first, last)| [*first, last - first]);
    if rules.dotted && upright.len() > 1 {
        out.push_str("\" stroke-dasharray=\"");
        svg::numbers(&[0.0, upright[1] - upright[0]], 4, out);
    }
    out.push_str("\" d=\"");
    let [left, width] = if rules.dotted { span } else { [0.0, layout.width] };
    for y in across.iter().filter(|_| !rules.dotted || !upright.is_empty()) {
        segment([left, *y, width, 0.0], out);
    }
    for x in upright.iter().filter(|_| !rules.dotted) {
        segment([*x, 0.0, 0.0, layout.height], out);
    }
    out.push_str("\"/>\n");
}

/// Heights of the horizontal ones and places of the vertical ones, in millimetres, as far as they lie on the sheet.
pub(super) fn on_sheet(rules: &Rules, layout: &Layout) -> (Vec<f32>, Vec<f32>) {
    let across = placed(&rules.across, layout.y, layout.scale, layout.height);
    (across, placed(&rules.upright, layout.x, layout.scale, layout.width))
}

/// Where rules lie in millimetres: those on the sheet.
#[inline(never)]
fn placed(places: &[f32], offset: f32, scale: f32, side: f32) -> Vec<f32> {
    let mut placed = places.to_vec();
    placed.iter_mut().for_each(|place| *place = offset + *place * scale);
    placed.retain(|place| (0.0..=side).contains(place));
    placed
}

/// A line: where it begins, and where it goes from there.
#[inline(never)]
fn segment([x, y, dx, dy]: [f32; 4], out: &mut String) {
    out.push('M');
    svg::numbers(&[x, y], 3, out);
    out.push('l');
    svg::numbers(&[dx, dy], 3, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(dotted: bool) -> String {
        let layout = Layout { width: 20.0, height: 10.0, x: 1.0, y: 2.0, scale: 0.01 };
        let mut out = String::new();
        rules(
            &Rules { across: vec![100.0, 400.0, 900.0], upright: vec![500.0, 1000.0, 1500.0, 3000.0], dotted },
            &layout,
            &mut out,
        );
        out
    }

    #[test]
    fn lines_reach_from_edge_to_edge_and_those_beyond_the_sheet_are_left_out() {
        let found = written(false);
        assert!(
            found.contains("d=\"M0 3l20 0M0 6l20 0M6 0l0 10M11 0l0 10M16 0l0 10\"") && found.contains("\"0.15\""),
            "{found}"
        );
    }

    #[test]
    fn dots_lie_where_lines_would_cross() {
        let found = written(true);
        assert!(
            found.contains("stroke-dasharray=\"0 5\" d=\"M6 3l10 0M6 6l10 0\"") && found.contains("\"0.5\""),
            "{found}"
        );
    }

    #[test]
    fn plain_paper_has_none() {
        let mut out = String::new();
        rules(&Rules::default(), &Layout { width: 1.0, height: 1.0, x: 0.0, y: 0.0, scale: 1.0 }, &mut out);
        assert_eq!(out, "");
    }
}
