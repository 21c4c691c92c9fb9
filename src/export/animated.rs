//! Animated SVG in which the strokes are drawn one after another.

use super::svg::{DOT, group, open, path};
use super::text::number;
use super::{Layout, Options};
use crate::ink::Ink;

/// Shortest duration of a stroke's animation, in seconds: about one frame.
const MIN_DURATION: f32 = 0.02;

/// Writes the strokes one after another, each in the time that the pen took for it: the offset of a dash as long as
/// the stroke is animated. If the user prefers reduced motion, or the viewer knows no CSS, everything is visible at
/// once.
pub(super) fn animation(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    open(layout, options, out);
    // A stroke has opacity 0 until its animation begins, because the round cap of a hidden dash would be visible.
    // Dashes exist only during the animation, because not every viewer knows `pathLength`.
    out.push_str(
        "<style>\
         .s{animation:draw linear backwards}\
         .d{animation:dot linear backwards}\
         @keyframes draw{from{stroke-dasharray:1;stroke-dashoffset:1;opacity:0}\
         1%{opacity:1}to{stroke-dasharray:1;stroke-dashoffset:0}}\
         @keyframes dot{from{opacity:0}1%{opacity:1}}\
         @media (prefers-reduced-motion:reduce){.s,.d{animation:none}}\
         </style>\n",
    );
    group(&options.color, options.line_width, out);
    let seconds = options.sample_ms / 1000.0 / options.speed;
    let mut before = 0;
    for stroke in &ink.strokes {
        let is_dot = stroke.windows(2).all(|pair| pair[0] == pair[1]);
        // `pathLength="1"`: the keyframes' dash is as long as the stroke, whatever its length in millimetres.
        out.push_str(if is_dot {
            "<path class=\"d\" style=\"animation-duration:"
        } else {
            "<path class=\"s\" pathLength=\"1\" style=\"animation-duration:"
        });
        number((stroke.len() as f32 * seconds).max(MIN_DURATION), 3, out);
        out.push_str("s;animation-delay:");
        number(before as f32 * seconds, 3, out);
        out.push_str("s\" d=\"");
        path(if is_dot { &stroke[..1] } else { stroke }, 3, DOT, out);
        out.push_str("\"/>\n");
        before += stroke.len();
    }
    out.push_str("</g>\n</svg>\n");
}
