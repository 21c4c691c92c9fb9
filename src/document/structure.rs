//! A text as its writer meant it: paragraphs with their indents, lists, tabs, lines set to the right, headings; and the
//! stretches of it that the network writes as one line each.

use super::paper::{Extent, PageStyle, Sheet, X_HEIGHT};
use crate::text::alphabet::Alphabet;
use crate::text::diacritics::{ALONE, Mark, drawn_alone};
use crate::text::wrap::{MOST, stretches};
use crate::writer::check::Fault;
use std::ops::Range;

/// Distance of tab stops in corpus units: eight letters.
pub const TAB: f64 = 6.0 * X_HEIGHT;
/// Width of a leading blank.
const BLANK: f64 = 0.75 * X_HEIGHT;
/// So many leading blanks, or tabs, set a line to the right.
const RIGHT_BLANKS: usize = 20;
const RIGHT_TABS: usize = 2;
/// Longest heading, in characters.
const HEADING: usize = 40;
/// From an item's left edge to its text: behind a dash, and behind a number.
const DASH: f64 = 1.9 * X_HEIGHT;
const NUMBER: f64 = 2.8 * X_HEIGHT;

/// How much smaller than asked for a card's text may be, in which steps, and how much wider than expected it may turn out.
const LEAST_CARD: f64 = 0.5;
const CARD_STEP: f64 = 0.05;
const CARD_SPARE: f64 = 1.12;

/// A word of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextWord {
    /// As the network writes it.
    pub text: String,
    /// As it was typed.
    pub typed: String,
    /// Marks to be drawn, each with the index of its character in `text`.
    pub marks: Vec<(usize, Mark)>,
    /// Whether a tab is before it, within a line.
    pub tab: bool,
    /// Whether it is the rest of a word that was broken with a hyphen.
    pub is_rest: bool,
}

impl TextWord {
    /// Whether it is a single character, or an ellipsis.
    fn is_lone(&self) -> bool {
        [&self.text, &self.typed].iter().any(|text| text.chars().count() == 1) || self.typed == "..."
    }
}

/// A paragraph, which is a line of the text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Paragraph {
    /// Its words.
    pub words: Vec<TextWord>,
    /// From the left margin to its first line, in corpus units.
    pub indent: f64,
    /// From there to its text, behind an item's mark, and to its other lines.
    pub hanging: f64,
    /// How the first word is an item's mark.
    pub is_item: bool,
    /// Of lines set to the right: characters of the longest line of the block.
    pub right: Option<usize>,
    /// Whether it stays together with the next paragraph.
    pub is_heading: bool,
    /// Blank lines before it.
    pub blank: usize,
    /// Whether it begins a page.
    pub breaks_page: bool,
}

/// What the network writes as one line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretch {
    /// The paragraph.
    pub paragraph: usize,
    /// Its words.
    pub words: Range<usize>,
    /// They with blanks between them.
    pub text: String,
    /// Marks to be drawn, each with the index of its character in `text`.
    pub marks: Vec<(usize, Mark)>,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Structure {
    /// Those that have words.
    pub paragraphs: Vec<Paragraph>,
    /// In order.
    pub stretches: Vec<Stretch>,
    /// Words that were broken because no line holds them.
    pub broken: Vec<String>,
}

impl Structure {
    /// Reads a text. Words of more than `longest` characters are broken with a hyphen.
    pub fn new(text: &str, alphabet: &Alphabet, longest: usize) -> Self {
        let mut structure = Self::default();
        let (mut blank, mut breaks_page) = (0, false);
        let text = text.replace("\r\n", "\n").replace(['\r', '\u{b}', '\u{85}', '\u{2028}', '\u{2029}'], "\n");
        // Other control characters part words, as far as anyone can tell.
        let text = text.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\u{c}'), " ");
        for (sheet, text) in text.split('\u{c}').enumerate() {
            breaks_page |= sheet > 0;
            for line in text.split('\n') {
                let Some(mut paragraph) = structure.read(line, alphabet, longest.max(2)) else {
                    blank += 1;
                    continue;
                };
                let is_first = structure.paragraphs.is_empty();
                paragraph.blank = if is_first || breaks_page { 0 } else { blank };
                paragraph.breaks_page = breaks_page && !is_first;
                (blank, breaks_page) = (0, false);
                structure.paragraphs.push(paragraph);
            }
        }
        structure.find_blocks();
        for (index, paragraph) in structure.paragraphs.iter().enumerate() {
            let lengths: Vec<usize> = paragraph.words.iter().map(|word| word.text.chars().count()).collect();
            structure.stretches.extend(stretches(&lengths, MOST).into_iter().map(|words| {
                let text: Vec<&str> = paragraph.words[words.clone()].iter().map(|word| word.text.as_str()).collect();
                let (mut marks, mut start) = (Vec::new(), 0);
                for word in &paragraph.words[words.clone()] {
                    marks.extend(word.marks.iter().map(|&(at, mark)| (start + at, mark)));
                    start += word.text.chars().count() + 1;
                }
                Stretch { paragraph: index, words, text: text.join(" "), marks }
            }));
        }
        structure
    }

    /// Words, as they were typed, with such faults of each stretch; each once. Full stops that the network did not draw are
    /// drawn, and no fault.
    pub fn doubtful(&self, faults: &[Vec<Fault>]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (stretch, faults) in self.stretches.iter().zip(faults).filter(|(_, faults)| !faults.is_empty()) {
            let mut end = 0;
            for word in &self.paragraphs[stretch.paragraph].words[stretch.words.clone()] {
                let start = end;
                end += word.text.chars().count() + 1;
                let is_own = |fault: &Fault| fault.character().is_some_and(|at| (start..end).contains(&at));
                let is_told = |fault: &Fault| is_own(fault) && !matches!(fault, Fault::NoDot(_));
                if faults.iter().any(is_told) && !found.contains(&word.typed) {
                    found.push(word.typed.clone());
                }
            }
        }
        found
    }

    /// A line of the text; `None` if nothing of it can be written.
    fn read(&mut self, line: &str, alphabet: &Alphabet, longest: usize) -> Option<Paragraph> {
        let body = line.trim_start();
        let leading = &line[..line.len() - body.len()];
        let tabs = leading.matches('\t').count();
        let blanks = leading.chars().count() - tabs;
        let mut words: Vec<TextWord> = Vec::new();
        for cell in body.split('\t') {
            for (index, word) in cell.split_whitespace().flat_map(|word| encode(word, alphabet)).enumerate() {
                let tab = index == 0 && !words.is_empty();
                let characters: Vec<char> = word.text.chars().collect();
                if characters.len() <= longest {
                    words.push(TextWord { tab, ..word });
                    continue;
                }
                self.broken.push(word.typed);
                let hyphen = alphabet.id('-').map(|_| '-');
                for (piece, part) in characters.chunks(longest - 1).enumerate() {
                    let is_last = (piece + 1) * (longest - 1) >= characters.len();
                    let text: String = part.iter().copied().chain(hyphen.filter(|_| !is_last)).collect();
                    let start = piece * (longest - 1);
                    let own = word.marks.iter().filter(|(at, _)| (start..start + part.len()).contains(at));
                    let marks = own.map(|&(at, mark)| (at - start, mark)).collect();
                    let typed = text.clone();
                    words.push(TextWord { text, typed, marks, tab: tab && piece == 0, is_rest: piece > 0 });
                }
            }
        }
        let first = words.first()?;
        let hanging = if words.len() > 1 { mark(&first.text) } else { None };
        let is_lone: Vec<bool> = words.iter().map(TextWord::is_lone).collect();
        for (index, word) in words.iter_mut().enumerate() {
            let beside = [index.checked_sub(1), Some(index + 1)].into_iter().flatten();
            let has_lone = beside.filter_map(|other| is_lone.get(other)).any(|is_lone| *is_lone);
            if is_lone[index] {
                spell_alone(word, has_lone, alphabet);
            }
        }
        let is_right = tabs >= RIGHT_TABS || blanks >= RIGHT_BLANKS;
        let length = words.iter().map(|word| word.text.chars().count() + 1).sum::<usize>() - 1;
        Some(Paragraph {
            indent: if is_right { 0.0 } else { tabs as f64 * TAB + blanks as f64 * BLANK },
            hanging: hanging.unwrap_or_default(),
            is_item: hanging.is_some(),
            right: is_right.then_some(length),
            words,
            ..Paragraph::default()
        })
    }

    /// Lines set to the right one below the other begin below one another; a short line before a blank one, and after
    /// one unless the text begins with it, is a heading.
    fn find_blocks(&mut self) {
        let count = self.paragraphs.len();
        let mut start = 0;
        while start < count {
            let mut end = start + 1;
            while end < count && self.paragraphs[end].right.is_some() && self.paragraphs[end].blank == 0 {
                end += 1;
            }
            let block = &mut self.paragraphs[start..end];
            if let Some(longest) = block.iter().map(|paragraph| paragraph.right).max().flatten() {
                block.iter_mut().for_each(|paragraph| paragraph.right = paragraph.right.and(Some(longest)));
            }
            start = end;
        }
        for index in 0..count {
            let next = self.paragraphs.get(index + 1).map_or(0, |next| next.blank);
            let paragraph = &mut self.paragraphs[index];
            let length: usize = paragraph.words.iter().map(|word| word.text.len() + 1).sum();
            let ends = paragraph.words.last().and_then(|word| word.text.chars().next_back());
            let is_sentence = ends.is_some_and(|end| ".!?;".contains(end));
            paragraph.is_heading = next > 0
                && length <= HEADING
                && !is_sentence
                && !paragraph.is_item
                && (index == 0 || paragraph.blank > 0 || paragraph.breaks_page);
        }
    }

    /// On a card that has as many lines as were typed, with letters small enough for all of the text on one side and for its
    /// longest word on a line, if half as large is enough. `letter_width` is in corpus units.
    pub fn fitted_to_card(&self, style: PageStyle, letter_width: f64) -> PageStyle {
        let is_card = style.paper.is_some_and(|paper| paper.card);
        if !is_card || self.extent(usize::MAX)[1] > Sheet::new(&style, Extent::default()).rows(0) {
            return style;
        }
        let words = self.paragraphs.iter().flat_map(|paragraph| &paragraph.words);
        let longest = words.map(|word| word.text.chars().count()).max().unwrap_or(0) as f64;
        let fits = |style: &PageStyle| {
            let sheet = Sheet::new(style, Extent::default());
            let characters = sheet.room / (letter_width * CARD_SPARE);
            longest <= characters && self.extent(characters as usize)[1] <= sheet.rows(0)
        };
        let smaller = |step: usize| PageStyle { unit: style.unit * (1.0 - CARD_STEP * step as f64), ..style };
        let steps = ((1.0 - LEAST_CARD) / CARD_STEP).round() as usize;
        (0..=steps).map(smaller).find(fits).unwrap_or(style)
    }

    /// How many paragraphs are before the first blank line.
    pub fn first_block(&self) -> usize {
        let blank = self.paragraphs.iter().skip(1).position(|paragraph| paragraph.blank > 0);
        blank.map_or(self.paragraphs.len(), |before| before + 1)
    }

    /// Characters of the longest paragraph, and lines that the text has if so many characters fit on one.
    pub fn extent(&self, columns: usize) -> [usize; 2] {
        let length = |paragraph: &Paragraph| {
            paragraph.words.iter().map(|word| word.text.chars().count() + 1).sum::<usize>().saturating_sub(1)
        };
        let rows = |paragraph: &Paragraph| paragraph.blank + length(paragraph).div_ceil(columns.max(1));
        [self.paragraphs.iter().map(length).max().unwrap_or(0), self.paragraphs.iter().map(rows).sum()]
    }
}

/// What is written of a typed word: mostly one word, none if nothing of it can be written, or more if a sign of it is
/// spelt in words.
fn encode(typed: &str, alphabet: &Alphabet) -> Vec<TextWord> {
    let encoded = alphabet.encode(typed);
    let words: Vec<&str> = encoded.written.split_whitespace().collect();
    let mut start = 0;
    let of = |word: &&str| {
        let range = start..start + word.chars().count();
        start = range.end + 1;
        let own = encoded.marks.iter().filter(|(at, _)| range.contains(at));
        let shown = if words.len() == 1 { typed } else { word };
        TextWord {
            text: (*word).to_owned(),
            typed: shown.chars().filter(|c| !c.is_control()).collect(),
            marks: own.map(|&(at, mark)| (at - range.start, mark)).collect(),
            ..TextWord::default()
        }
    };
    words.iter().map(of).collect()
}

/// Has the network write a word of one character as what it writes more surely by itself. In rows of such words it takes the
/// dot of an i for a letter, and leaves out signs. `has_lone` says that a word beside it has one character, too.
fn spell_alone(word: &mut TextWord, has_lone: bool, alphabet: &Alphabet) {
    let knows = |c: char| alphabet.id(c).is_some();
    let is_bare = word.marks.iter().any(|(_, mark)| mark.replaces_dot());
    // Beside an l a caron is an apostrophe.
    let has_caron = word.marks.contains(&(0, Mark::Combining('\u{30C}')));
    let mut typed = word.typed.chars();
    let sign = if word.typed == "..." { Some('…') } else { typed.next().filter(|_| typed.next().is_none()) };
    match (&*word.text, sign.and_then(|sign| drawn_alone(sign, has_lone))) {
        ("i", _) if knows('l') && !has_caron && (is_bare || has_lone) => {
            word.text = "l".into();
            word.marks.insert(0, (0, Mark::Short));
            if !is_bare {
                word.marks.push((0, Mark::Combining('\u{307}')));
            }
        }
        ("I", _) if knows('l') && !has_caron && is_bare => word.text = "l".into(),
        (_, Some(mark)) if knows(ALONE) => (word.text, word.marks) = (ALONE.into(), vec![(0, mark)]),
        _ => {}
    }
}

/// How far behind an item's mark its text begins; `None` for a word that is no mark.
fn mark(word: &str) -> Option<f64> {
    if ["-", "*", "+"].contains(&word) {
        return Some(DASH);
    }
    let label = word.strip_suffix(['.', ')'])?;
    let is_number = (1..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_digit());
    let is_letter = word.ends_with(')') && label.len() == 1 && label.bytes().all(|byte| byte.is_ascii_lowercase());
    (is_number || is_letter).then_some(NUMBER)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::paper::Paper;
    use super::*;

    const ALPHABET: &str = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789.,-()";

    fn read(text: &str) -> Structure {
        Structure::new(text, &Alphabet::new(ALPHABET), 20)
    }

    fn texts(structure: &Structure) -> Vec<String> {
        structure.stretches.iter().map(|stretch| stretch.text.clone()).collect()
    }

    #[test]
    fn leading_blanks_and_tabs_keep_their_meaning() {
        let found = read("ab\n  cd\n\tef\n\t\tgh\n                      ijkl\nm\tn");
        let indents: Vec<f64> = found.paragraphs.iter().map(|paragraph| paragraph.indent).collect();
        assert_eq!(indents, [0.0, 2.0 * BLANK, TAB, 0.0, 0.0, 0.0]);
        let right: Vec<_> = found.paragraphs.iter().map(|paragraph| paragraph.right).collect();
        assert_eq!(right, [None, None, None, Some(4), Some(4), None], "a block begins at one place");
        let tabs: Vec<bool> = found.paragraphs[5].words.iter().map(|word| word.tab).collect();
        assert_eq!(tabs, [false, true]);
    }

    #[test]
    fn lists_and_headings_are_known() {
        let found = read("Things to buy\n\n- milk and\n1. bread\na) eggs\n-\nNo heading.\n\nend");
        let items: Vec<bool> = found.paragraphs.iter().map(|paragraph| paragraph.is_item).collect();
        assert_eq!(items, [false, true, true, true, false, false, false]);
        let headings: Vec<bool> = found.paragraphs.iter().map(|paragraph| paragraph.is_heading).collect();
        assert_eq!(headings, [true, false, false, false, false, false, false]);
        assert_eq!(found.paragraphs[1].blank, 1);
    }

    #[test]
    fn whatever_ends_a_line_ends_it_and_form_feeds_begin_pages() {
        let found = read("\n\nab\r\ncd\ref\u{0}gh\u{c}ij\n\n\u{c}");
        assert_eq!(texts(&found), ["ab", "cd", "ef gh", "ij"]);
        let breaks: Vec<bool> = found.paragraphs.iter().map(|paragraph| paragraph.breaks_page).collect();
        assert_eq!(breaks, [false, false, false, true]);
        assert!(found.paragraphs.iter().all(|paragraph| paragraph.blank == 0));
        assert_eq!(read("\u{1f600}\n \u{c}"), Structure::default());
        assert_eq!(read(&format!("ab{}cd", "\n".repeat(201))).paragraphs[1].blank, 200);
    }

    #[test]
    fn characters_that_are_words_of_their_own_are_spelt_as_what_the_network_writes_surely() {
        let alphabet = Alphabet::new(&format!("{ALPHABET}'\"*/"));
        let spelt = |text: &str| {
            let structure = Structure::new(text, &alphabet, 20);
            let words = structure.paragraphs[0].words.iter();
            words.map(|word| (word.text.clone(), word.marks.clone())).collect::<Vec<_>>()
        };
        let acute = Mark::Combining('\u{301}');
        let short = ("l".to_owned(), vec![(0, Mark::Short), (0, acute)]);
        assert_eq!(spelt("y í o")[1], short);
        assert_eq!(spelt("así í dos")[1], short);
        assert_eq!(spelt("y i\u{301} o")[1], short, "its accent apart");
        assert_eq!(spelt("y Í o")[1], ("l".into(), vec![(0, acute)]));
        assert_eq!(spelt("h i j")[1].0, "l");
        assert_eq!(spelt("ti i on")[1], ("i".into(), vec![]), "among words it has its dot");
        assert_eq!(spelt("aís")[0], ("ais".into(), vec![(1, acute)]));
        for sign in ['<', '«', '×', '…', '’'] {
            assert_eq!(spelt(&format!("ab {sign} cd"))[1], ("o".into(), vec![(0, Mark::Sign(sign))]));
        }
        let dash = |word: &str| ("o" == word, "-" == word);
        assert_eq!(dash(&spelt("ab – cd")[1].0), (false, true));
        assert_eq!(dash(&spelt("5 – cd")[1].0), (true, false));
        assert_eq!(spelt("a-b")[0].0, "a-b");
    }

    #[test]
    fn a_word_that_no_line_holds_is_broken_with_hyphens_and_told() {
        let found = read(&format!("so {} it", "x".repeat(45)));
        let words: Vec<&str> = found.paragraphs[0].words.iter().map(|word| word.text.as_str()).collect();
        let whole = format!("{}-", "x".repeat(19));
        assert_eq!(words, ["so", &whole, &whole, "xxxxxxx", "it"]);
        assert_eq!(found.broken, ["x".repeat(45)]);
        let long = read(&"y".repeat(5000));
        assert!(long.stretches.iter().all(|stretch| stretch.text.len() <= MOST));
        assert_eq!(texts(&long).concat().matches('y').count(), 5000);
    }

    #[test]
    fn letters_of_a_card_are_as_small_as_its_lines_need_and_no_smaller() {
        let card = PageStyle::default().with_paper(Paper::named("card").map(Paper::landscape));
        let size = |text: &str, letter_width: f64| read(text).fitted_to_card(card, letter_width).unit / card.unit;
        assert_eq!(size("dear all,\nthanks", 170.0), 1.0);
        let wide = size("congratulations,\nall of you", 500.0);
        assert!((0.5..0.95).contains(&wide), "{wide}");
        let line = card.paper.map_or(0.0, |paper| paper.width - paper.margins.left - paper.margins.right);
        assert!(16.0 * 500.0 * wide * card.unit < line);
        assert!(size(&format!("dear all,\n\n{}", "thanks ".repeat(40)), 170.0) < 1.0, "all of it on one side");
        assert_eq!(size(&"a\n".repeat(30), 170.0), 1.0, "more lines than the card has go on on another");
        assert_eq!(size(&"thanks ".repeat(400), 170.0), 1.0, "nor is it made tiny");
        assert_eq!(read("congratulations,").fitted_to_card(PageStyle::default(), 900.0), PageStyle::default());
    }

    #[test]
    fn the_extent_counts_lines() {
        assert_eq!(read("abcde abcde\n\nab").extent(6), [11, 4]);
        assert_eq!(read("").extent(6), [0, 0]);
        assert!(mark("12.").is_some() && mark("e.g.").is_none() && mark("a.").is_none());
        assert_eq!(read("a b").paragraphs.first().unwrap().hanging, 0.0);
    }
}
