//! SVG that is written before one's eyes.

use super::svg::{group, open, path};
use super::text::number;
use super::{Layout, Options};
use crate::ink::Ink;

/// The shortest time, in seconds, in which something is seen to be drawn.
const SHORTEST: f32 = 0.02;

/// The strokes one after another, each in the time that the pen took for it: a dash as long as the
/// stroke moves in. Where motion is unwelcome, or CSS unknown, all is there at once.
pub(super) fn animation(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    open(layout, options, out);
    // Invisible until its turn: a dash that is out of sight still has its round end. Dashes only while
    // a stroke is being drawn: not every viewer knows `pathLength`.
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
        let dot = stroke.windows(2).all(|pair| pair[0] == pair[1]);
        // The length as 1, whatever it is in millimetres.
        out.push_str(if dot {
            "<path class=\"d\" style=\"animation-duration:"
        } else {
            "<path class=\"s\" pathLength=\"1\" style=\"animation-duration:"
        });
        number((stroke.len() as f32 * seconds).max(SHORTEST), 3, out);
        out.push_str("s;animation-delay:");
        number(before as f32 * seconds, 3, out);
        out.push_str("s\" d=\"");
        path(if dot { &stroke[..1] } else { stroke }, 3, out);
        out.push_str("\"/>\n");
        before += stroke.len();
    }
    out.push_str("</g>\n</svg>\n");
}
