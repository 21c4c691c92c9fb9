//! W3C Ink Markup Language (<https://www.w3.org/TR/InkML/>).

use super::svg::numbers;
use super::text::{mm, number, xml};
use super::{Layout, Options};
use crate::ink::Ink;

/// Writes one trace per stroke: x and y in millimetres, y down, and t, the pen's time in milliseconds.
pub(super) fn traces(ink: &Ink, layout: &Layout, options: &Options, out: &mut String) {
    out.push_str(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ink xmlns=\"http://www.w3.org/2003/InkML\">\n\
         <definitions>\n\
         <inkSource xml:id=\"running-hand\" manufacturer=\"Running Hand\" description=\"Handwriting by a neural network\">\n\
         <traceFormat xml:id=\"format\">\n\
         <channel name=\"X\" type=\"decimal\" units=\"mm\" orientation=\"+ve\"/>\n\
         <channel name=\"Y\" type=\"decimal\" units=\"mm\" orientation=\"+ve\"/>\n\
         <channel name=\"T\" type=\"decimal\" units=\"ms\"/>\n\
         </traceFormat>\n\
         <sampleRate uniform=\"true\" value=\"",
    );
    number(1000.0 / options.sample_ms, 3, out);
    out.push_str("\"/>\n<activeArea width=\"");
    mm(layout.width, out);
    out.push_str("\" height=\"");
    mm(layout.height, out);
    out.push_str("\" units=\"mm\"/>\n</inkSource>\n<brush xml:id=\"pen\">\n<brushProperty name=\"color\" value=\"");
    xml(&options.color, out);
    out.push_str("\"/>\n<brushProperty name=\"width\" value=\"");
    mm(options.line_width, out);
    out.push_str(
        "\" units=\"mm\"/>\n</brush>\n\
         <context xml:id=\"sheet\" inkSourceRef=\"#running-hand\" traceFormatRef=\"#format\" brushRef=\"#pen\"/>\n\
         </definitions>\n",
    );
    if !options.text.is_empty() {
        out.push_str("<annotation type=\"truth\">");
        xml(&options.text, out);
        out.push_str("</annotation>\n");
    }
    let mut before = 0;
    for stroke in &ink.strokes {
        out.push_str("<trace contextRef=\"#sheet\">");
        for (i, point) in stroke.iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            numbers(&[point.x, point.y, (before + i) as f32 * options.sample_ms], 3, out);
        }
        out.push_str("</trace>\n");
        before += stroke.len();
    }
    out.push_str("</ink>\n");
}
