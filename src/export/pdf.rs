//! PDF: every sheet on a page of its own, at its true size, as strokes, with its text to be searched and copied.

use super::color::rgb;
use super::rules::{self, Rules};
use super::{Layout, Options, checked, pen};
use crate::error::{Error, Result};
use crate::ink::{Ink, Stroke};
use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{LineCapStyle, LineJoinStyle, SystemInfo, TextRenderingMode, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::collections::BTreeMap;

/// Units of a PDF in a millimetre.
const POINTS: f32 = 72.0 / 25.4;
/// Longest side of a page that every viewer shows, in millimetres.
const MAX_SIDE: f32 = 14_400.0 / POINTS;
/// Opacity of a pencil's line.
const PENCIL: f32 = 0.75;
/// Advance of every character of the invisible text, in ems.
const ADVANCE: f32 = 0.5;
/// How hard to compress, 0 to 10.
const LEVEL: u8 = 6;

/// A file with these sheets: the ink of each, in corpus units, and how it is written.
///
/// The line is that of [`Options::tip`]. Where [`Options::words`] say which strokes are a word, its text lies invisibly
/// on them.
///
/// # Errors
/// [`Error::Setting`] for a number out of range, for sheets longer than 5 m, and for a colour that is not `#rrggbb`.
pub fn pdf(sheets: &[(Ink, Options)]) -> Result<Vec<u8>> {
    let mut next = 0;
    let mut id = || {
        next += 1;
        Ref::new(next)
    };
    let (catalog, tree, font, cmap, pencil, info) = (id(), id(), id(), id(), id(), id());
    let pages: Vec<[Ref; 2]> = sheets.iter().map(|_| [id(), id()]).collect();
    let mut file = Pdf::new();
    file.catalog(catalog).pages(tree);
    file.pages(tree).kids(pages.iter().map(|[page, _]| *page)).count(pages.len() as i32);
    let title = sheets.iter().flat_map(|(_, options)| options.text.lines()).find(|line| !line.trim().is_empty());
    let mut about = file.document_info(info);
    about.creator(TextStr("Running Hand"));
    if let Some(title) = title {
        about.title(TextStr(title));
    }
    about.finish();
    file.ext_graphics(pencil).stroking_alpha(PENCIL);
    let mut letters = Letters::default();
    for ((ink, options), [page, content]) in sheets.iter().zip(&pages) {
        let layout = checked(ink, options)?;
        if layout.width.max(layout.height) > MAX_SIDE {
            let problem =
                format!("a sheet of {} × {} mm is too long for a PDF: choose paper", layout.width, layout.height);
            return Err(Error::Setting { name: "layout".into(), problem });
        }
        let mut written = file.page(*page);
        written.media_box(Rect::new(0.0, 0.0, layout.width * POINTS, layout.height * POINTS));
        written.parent(tree).contents(*content);
        let mut resources = written.resources();
        resources.fonts().pair(Name(b"F"), font);
        resources.ext_g_states().pair(Name(b"P"), pencil);
        resources.finish();
        written.finish();
        let drawn = drawing(ink, &layout, options, &mut letters)?;
        let packed = compress_to_vec_zlib(&drawn, LEVEL);
        file.stream(*content, &packed).filter(Filter::FlateDecode);
    }
    let last = letters.0.len().max(1) as u8;
    let widths = vec![ADVANCE * 1000.0; last.into()];
    // Only its widths matter: it is never seen.
    file.type1_font(font).base_font(Name(b"Helvetica")).first_char(1).last_char(last).widths(widths).to_unicode(cmap);
    file.cmap(cmap, &letters.unicode());
    Ok(file.finish())
}

/// What is on a page.
fn drawing(ink: &Ink, layout: &Layout, options: &Options, letters: &mut Letters) -> Result<Vec<u8>> {
    let mut content = Content::new();
    content.save_state();
    // Millimetres from the upper left corner, y down.
    content.transform([POINTS, 0.0, 0.0, -POINTS, 0.0, layout.height * POINTS]);
    content.set_line_cap(LineCapStyle::RoundCap).set_line_join(LineJoinStyle::RoundJoin);
    if let Some(printed) = &options.rules {
        print(printed, layout, &mut content)?;
    }
    let [red, green, blue] = rgb(&options.color)?;
    content.set_stroke_rgb(red, green, blue);
    if options.tip == pen::Tip::Pencil {
        content.set_parameters(Name(b"P"));
    }
    let placed = layout.place(ink);
    // Segments of one width make one path: in a translucent line they do not show where they meet.
    let mut by_width: BTreeMap<u32, Vec<pen::Segment>> = BTreeMap::new();
    for stroke in &placed.strokes {
        for segment in pen::segments(stroke, options.tip, layout.scale) {
            by_width.entry(segment.width).or_default().push(segment);
        }
    }
    for (width, segments) in by_width {
        content.set_line_width(options.line_width * width as f32 / pen::WIDTHS);
        let mut at = None;
        for pen::Segment { from, control, to, .. } in segments {
            if at != Some(from) {
                content.move_to(from.x, from.y);
            }
            match control {
                None => content.line_to(to.x, to.y),
                Some(control) => {
                    let [one, two] = pen::cubic(from, control, to);
                    content.cubic_to(one.x, one.y, two.x, two.y, to.x, to.y)
                }
            };
            at = Some(to);
        }
        content.stroke();
    }
    content.restore_state();
    say(&placed, layout, options, letters, &mut content);
    Ok(content.finish().as_slice().to_vec())
}

/// What is printed on the paper.
fn print(printed: &Rules, layout: &Layout, content: &mut Content) -> Result<()> {
    let (across, upright) = rules::on_sheet(printed, layout);
    let [red, green, blue] = rgb(rules::COLOR)?;
    content.set_stroke_rgb(red, green, blue);
    if printed.dotted {
        let (Some(&left), Some(&right), Some(gap)) =
            (upright.first(), upright.last(), upright.windows(2).next().map(|pair| pair[1] - pair[0]))
        else {
            return Ok(());
        };
        // Dots are dashes without a length.
        content.set_line_width(rules::DOT_MM).set_dash_pattern([0.0, gap], 0.0);
        for y in across {
            // A little longer, so that rounding does not lose the last dot.
            content.move_to(left, y).line_to(right + gap / 2.0, y);
        }
        content.stroke().set_dash_pattern([], 0.0);
        return Ok(());
    }
    content.set_line_width(rules::LINE_MM);
    for y in across {
        content.move_to(0.0, y).line_to(layout.width, y);
    }
    for x in upright {
        content.move_to(x, 0.0).line_to(x, layout.height);
    }
    content.stroke();
    Ok(())
}

/// Lays the words invisibly on their strokes.
fn say(ink: &Ink, layout: &Layout, options: &Options, letters: &mut Letters, content: &mut Content) {
    let words: Vec<_> = options
        .words
        .iter()
        .filter_map(|word| Some((word, bounds(ink.strokes.get(word.first..=word.last)?)?)))
        .collect();
    if words.is_empty() {
        return;
    }
    content.begin_text().set_text_rendering_mode(TextRenderingMode::Invisible);
    for (word, [left, _, right, _]) in &words {
        // Words of a line have one height, so that readers find them to be a line.
        let of_line = || words.iter().filter(|(other, _)| other.line == word.line).map(|(_, bounds)| bounds);
        let middle = |values: &mut Vec<f32>| {
            values.sort_by(f32::total_cmp);
            values[values.len() / 2]
        };
        let top = middle(&mut of_line().map(|bounds| bounds[1]).collect());
        let bottom = middle(&mut of_line().map(|bounds| bounds[3]).collect());
        let size = ((bottom - top) * POINTS).max(1.0);
        let mut codes = letters.codes(&word.text);
        let natural = codes.len() as f32 * ADVANCE * size;
        let scaling = ((right - left) * POINTS / natural.max(0.1) * 100.0).clamp(1.0, 1000.0);
        codes.extend(letters.codes(" "));
        content.set_font(Name(b"F"), size).set_horizontal_scaling(scaling);
        content.set_text_matrix([1.0, 0.0, 0.0, 1.0, left * POINTS, (layout.height - bottom) * POINTS]);
        content.show(Str(&codes));
    }
    content.end_text();
}

/// Left, top, right and bottom of strokes; `None` if there are none.
fn bounds(strokes: &[Stroke]) -> Option<[f32; 4]> {
    let found = Ink { strokes: strokes.to_vec() }.bounds()?;
    Some([found.min.x, found.min.y, found.max.x, found.max.y])
}

/// The characters of the invisible text by their codes: those of WinAnsi where it has them, since not every reader
/// looks up more.
#[derive(Debug)]
struct Letters(BTreeMap<u8, char>);

impl Default for Letters {
    fn default() -> Self {
        Self((' '..='~').map(|character| (character as u8, character)).collect())
    }
}

/// Characters of WinAnsi from 128 on, where it is not Latin-1; blanks have none.
const WIN_ANSI: &str = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

impl Letters {
    /// Codes of a text, without characters for which there is none left.
    fn codes(&mut self, text: &str) -> Vec<u8> {
        text.chars().filter_map(|character| self.code(character)).collect()
    }

    fn code(&mut self, character: char) -> Option<u8> {
        let usual = match character {
            ' '..='~' | '\u{a1}'..='\u{ff}' => u8::try_from(u32::from(character)).ok(),
            _ => WIN_ANSI.chars().position(|known| known == character).map(|place| 128 + place as u8),
        };
        let free = |code: &u8| self.0.get(code).is_none_or(|known| *known == character);
        // A usual code may have been given away.
        let code = usual.filter(free).or_else(|| {
            let known = self.0.iter().find(|(_, known)| **known == character).map(|(code, _)| *code);
            known.or_else(|| (128..=u8::MAX).rev().find(free))
        })?;
        self.0.insert(code, character);
        Some(code)
    }

    /// Which characters the codes are.
    fn unicode(&self) -> Vec<u8> {
        let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"UCS"), supplement: 0 };
        let mut cmap = UnicodeCmap::<u8>::new(Name(b"Letters"), system);
        for (code, character) in &self.0 {
            cmap.pair(*code, *character);
        }
        cmap.finish().as_slice().to_vec()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ink::Point;

    #[test]
    fn sheets_that_are_too_long_and_colours_that_are_none_are_refused() {
        let ink = Ink { strokes: vec![vec![Point { x: 0.0, y: 0.0 }, Point { x: 10.0, y: 5.0 }]] };
        let long = Layout { width: 100.0, height: 6000.0, x: 0.0, y: 0.0, scale: 0.01 };
        let refused = pdf(&[(ink.clone(), Options { layout: Some(long), ..Options::default() })]);
        assert!(refused.unwrap_err().to_string().contains("too long"));
        let refused = pdf(&[(ink, Options { color: "rebeccapurple".into(), ..Options::default() })]);
        assert!(refused.unwrap_err().to_string().contains("#rrggbb"));
    }

    #[test]
    fn more_characters_than_codes_are_left_out() {
        let mut letters = Letters::default();
        let many: String = ('\u{4e00}'..).take(300).collect();
        assert_eq!(letters.codes(&many).len(), 128);
        assert_eq!(letters.codes("a\u{4e00}"), [b'a', 255]);
        // Its usual code is taken; no other is left.
        assert!(letters.codes("é“").is_empty());
        assert_eq!(Letters::default().codes("é“漢"), [0xe9, 0x93, 255]);
    }
}
