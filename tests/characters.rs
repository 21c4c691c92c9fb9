//! Every character in every hand: nothing of a text is missing, and nothing is there that it does not have.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "tests")]

use running_hand::document::Document;
use running_hand::export::{self, Format};
use running_hand::{Settings, Weights};
use serde::Deserialize;
use std::sync::Arc;

/// Rows of characters of which each is a word, and how many strokes each has where that is certain.
const ACCENTS: [&str; 4] = [
    "À Á Â Ã Ä Å Ç È É Ê Ë Ì Í Î Ï Ñ",
    "à á â ã ä å ç è é ê ë ñ ó õ ö ø",
    "ā ă ą ć č ď đ ē ę ě ğ ģ ħ ı ī ķ",
    "ż ź ű ů ų ť ş ś ř ŕ ō ň ņ ń ľ ĺ",
];
const SIGNS: [(&str, usize); 3] =
    [("< > ^ ~ _ | \\ { } [ ] ` ‹ › ‚ ‘ ’ – — ° · • ß", 1), ("« » „ “ ” ¿ ¡ §", 2), ("÷ ± …", 3)];
const BARE: [(&str, usize); 3] = [("ı", 1), ("ì í î ī", 2), ("ï", 3)];
/// Texts with nothing behind their last character, and how many full stops they have.
const ENDS: [(&str, usize); 6] =
    [("ABSTRACT", 0), ("SHOPPING LIST", 0), ("CO2", 0), ("2026-11-28", 0), ("www.aaa.com", 2), ("one. two. three.", 3)];

/// A page as its JSON tells it.
#[derive(Deserialize)]
struct Page {
    strokes: Vec<Vec<[f32; 2]>>,
    words: Vec<Word>,
}

#[derive(Deserialize)]
struct Word {
    text: String,
    line: usize,
    first: usize,
    last: usize,
}

/// Lower and upper end of strokes on an axis.
fn ends(strokes: &[Vec<[f32; 2]>], axis: usize) -> [f32; 2] {
    let values = strokes.iter().flatten().map(|point| point[axis]);
    values.fold([f32::INFINITY, f32::NEG_INFINITY], |[min, max], value| [min.min(value), max.max(value)])
}

/// Writes a text in each hand, with so many seeds; returns the name and the seed, the page, and the doubtful words.
fn in_all_hands(text: &str, seeds: u64) -> Vec<(String, Page, Vec<String>)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/weights/synthesis.safetensors");
    let weights = Arc::new(Weights::open(file).unwrap());
    let mut pages = Vec::new();
    for hand in &weights.config.styles {
        for seed in 1..=seeds {
            let settings = Settings::default().with_hand(&weights, hand).unwrap().with_seed(seed);
            let document = Document::write_blocking(Arc::clone(&weights), text, settings.into()).unwrap();
            let json = document.pages().export(0, Format::Json, &export::Options::default()).unwrap();
            pages.push((format!("{hand}, seed {seed}"), serde_json::from_str(&json).unwrap(), document.doubtful()));
        }
    }
    assert_eq!(pages.len(), 14 * seeds as usize);
    pages
}

#[test]
fn no_character_of_rows_of_single_ones_is_missing_in_any_hand() {
    let rows = ACCENTS.iter().chain(SIGNS.iter().chain(&BARE).map(|(row, _)| row)).copied().collect::<Vec<_>>();
    let expected: Vec<&str> = rows.iter().flat_map(|row| row.split(' ')).collect();
    let strokes_of = |text: &str| {
        SIGNS.iter().chain(&BARE).find(|(row, _)| row.split(' ').any(|c| c == text)).map(|(_, strokes)| *strokes)
    };
    for (name, page, doubtful) in in_all_hands(&rows.join("\n"), 3) {
        let written: Vec<&str> = page.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(written, expected, "{name}");
        let mut before: Option<(usize, f32)> = None;
        for word in &page.words {
            let ink = &page.strokes[word.first..=word.last];
            let ([left, right], [top, bottom]) = (ends(ink, 0), ends(ink, 1));
            let text = &word.text;
            let is_told = doubtful.contains(text);
            if let Some(strokes) = strokes_of(text) {
                assert!(ink.len() == strokes || is_told, "{name}: {text} has {} strokes, not {strokes}", ink.len());
            } else {
                // The letter, and what is drawn on it.
                assert!(ink.len() > 1 || is_told, "{name}: {text} has one stroke");
            }
            // An x is 3.2 mm high, and lines are 10.9 mm apart.
            assert!(bottom - top < 17.0, "{name}: {text} is {} mm high", bottom - top);
            if let Some((_, edge)) = before.filter(|(line, _)| *line == word.line) {
                assert!(left > edge - 0.3, "{name}: {text} overlaps the character before it");
            }
            before = Some((word.line, right));
        }
    }
}

#[test]
fn nothing_stands_behind_a_text_and_no_full_stop_is_missing_in_any_hand() {
    let (mut wrong, mut lines) = (Vec::new(), 0);
    for (text, stops) in ENDS {
        for (name, page, _) in in_all_hands(text, 4) {
            lines += 1;
            let size = |stroke: &Vec<[f32; 2]>| {
                let own = std::slice::from_ref(stroke);
                [0, 1].map(|axis| ends(own, axis)).iter().map(|[low, high]| high - low).fold(0.0, f32::max)
            };
            let dots = page.strokes.iter().filter(|stroke| size(stroke) < 1.6).count();
            let [_, edge] = ends(&page.strokes, 0);
            let last = page.strokes.iter().find(|stroke| ends(std::slice::from_ref(*stroke), 0)[1] == edge).unwrap();
            let others: Vec<_> = page.strokes.iter().filter(|stroke| *stroke != last).cloned().collect();
            let is_behind = ends(std::slice::from_ref(last), 0)[0] > ends(&others, 0)[1] - 0.2;
            let is_stray = !text.ends_with('.') && size(last) < 1.9 && is_behind;
            if dots < stops || is_stray {
                wrong.push(format!("{text} in {name}"));
            }
        }
    }
    assert!(wrong.len() * 100 <= lines, "{} of {lines} lines: {wrong:?}", wrong.len());
}

#[test]
fn words_behind_numbers_are_as_far_away_as_others_in_any_hand() {
    let text = "We saw 1940 men in 1984 and 1111 more at 1979 for 404 or 548 less by 5580 and so on to 8984 at the end";
    let (mut behind, mut others) = (Vec::new(), Vec::new());
    for (_, page, _) in in_all_hands(text, 2) {
        for pair in page.words.windows(2).filter(|pair| pair[0].line == pair[1].line) {
            let [from, to] = [&pair[0], &pair[1]].map(|word| ends(&page.strokes[word.first..=word.last], 0));
            let is_number = |word: &Word| word.text.starts_with(|c: char| c.is_ascii_digit());
            if !is_number(&pair[1]) {
                if is_number(&pair[0]) { &mut behind } else { &mut others }.push(to[0] - from[1]);
            }
        }
    }
    let mean = |gaps: &[f32]| gaps.iter().sum::<f32>() / gaps.len() as f32;
    assert!(behind.len() > 150 && others.len() > 150);
    let share = mean(&behind) / mean(&others);
    assert!((0.75..1.33).contains(&share), "{share} times as far");
}
