//! What of a text cannot be written as it stands, said before it is written.

use super::alphabet::{Alphabet, Way};
use std::ops::Range;

/// Joins pictographs to one.
const JOINER: char = '\u{200D}';

/// A part of a text that is written otherwise, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// Where it is, in bytes of the text. Joined pictographs and letters with an accent that cannot be drawn are one
    /// part; other parts are one character.
    pub range: Range<usize>,
    /// What is written in its place; `None` if nothing is.
    pub by: Option<String>,
}

/// What of a text cannot be written in this alphabet as it stands, in order of appearance: letters of other scripts are
/// transliterated, emoji and ideographs are left out. Letters with marks that are drawn are written as they stand.
///
/// ```ignore-wasm32,standalone_crate
/// use running_hand::text::alphabet::Alphabet;
/// use running_hand::text::review;
///
/// let text = "à да 你";
/// let found = review(&Alphabet::new(" abcdefghijklmnopqrstuvwxyz"), text);
/// let found: Vec<_> = found.iter().map(|part| (&text[part.range.clone()], part.by.as_deref())).collect();
/// assert_eq!(found, [("д", Some("d")), ("а", Some("a")), ("你", None)]);
/// ```
pub fn review(alphabet: &Alphabet, text: &str) -> Vec<Replacement> {
    let mut found: Vec<Replacement> = Vec::new();
    // The character before, where it begins, and what is written for it.
    let (mut before, mut start, mut written) = (' ', 0, String::new());
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let is_next = |part: &&mut Replacement| part.by.is_none() && part.range.end == at;
        match alphabet.way(c, written.ends_with(char::is_alphabetic)) {
            // Joiners, variation selectors and skin tones belong to what they are behind.
            Way::Invisible if !c.is_whitespace() => {
                if let Some(part) = found.last_mut().filter(is_next) {
                    part.range.end = end;
                }
                before = c;
                continue;
            }
            Way::Mark(_) => continue,
            Way::Replaced(none) if none.is_empty() => {
                match found.last_mut() {
                    Some(part) if part.range.end == at => part.range.end = end,
                    _ if written.is_empty() => found.push(Replacement { range: at..end, by: None }),
                    _ => found.push(Replacement { range: start..end, by: Some(written.clone()) }),
                }
                continue;
            }
            Way::Blank | Way::Invisible => written.clear(),
            Way::Written(spelling, _) => written = spelling,
            Way::Replaced(other) => {
                found.push(Replacement { range: at..end, by: Some(other.clone()) });
                written = other;
            }
            Way::LeftOut => {
                let is_flag = |c: char| matches!(c, '\u{1F1E6}'..='\u{1F1FF}');
                let two = |part: &&mut Replacement| part.range.len() == before.len_utf8();
                let joined = match found.last_mut().filter(is_next) {
                    part if before == JOINER => part,
                    part if is_flag(before) && is_flag(c) => part.filter(two),
                    _ => None,
                };
                match joined {
                    Some(part) => part.range.end = end,
                    None => found.push(Replacement { range: at..end, by: None }),
                }
                written.clear();
            }
        }
        (before, start) = (c, at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviewed(text: &str) -> Vec<(&str, Option<String>)> {
        let letters: String = (' '..='~').filter(|c| !"[]{}".contains(*c)).collect();
        review(&Alphabet::new(&letters), text).into_iter().map(|part| (&text[part.range], part.by)).collect()
    }

    #[test]
    fn what_is_written_as_it_stands_is_not_told() {
        for text in ["", "  so it goes\r\n\t- on\n", "„Źdźbło“ – Ça và… a\u{301}e\u{323}\u{302}", "[£5] so\u{AD}ft"]
        {
            assert_eq!(reviewed(text), [], "{text}");
        }
    }

    #[test]
    fn other_scripts_are_transliterated_or_left_out_one_by_one() {
        let by = |text: &str| Some(text.to_owned());
        assert_eq!(reviewed("aж λ"), [("ж", by("zh")), ("λ", by("l"))]);
        assert_eq!(reviewed("ну 你好!"), [("н", by("n")), ("у", by("u")), ("你", None), ("好", None)]);
    }

    #[test]
    fn pictographs_of_several_characters_are_one() {
        for emoji in ["👨‍👩‍👧", "👍🏽", "❤️", "🇩🇪"] {
            assert_eq!(reviewed(&format!("a{emoji}b")), [(emoji, None)]);
        }
        assert_eq!(reviewed("🇩🇪🇫🇷").len(), 2);
        assert_eq!(reviewed("👍👍").len(), 2);
    }

    #[test]
    fn accents_that_cannot_be_drawn_are_told_with_their_letters() {
        assert_eq!(
            reviewed("ax\u{30D}b 1\u{FE0F}\u{20E3}"),
            [("x\u{30D}", Some("x".into())), ("1\u{FE0F}\u{20E3}", Some("1".into()))]
        );
        assert_eq!(reviewed("\u{30D}"), [("\u{30D}", None)]);
    }

    #[test]
    fn it_agrees_with_what_is_written() {
        let alphabet = Alphabet::new(" abcdefghijklmnopqrstuvwxyzABC.,-");
        let characters: Vec<char> = (0..0x3_0000u32).step_by(11).filter_map(char::from_u32).collect();
        for part in characters.chunks(7) {
            let text: String = part.iter().collect();
            let (encoded, found) = (alphabet.encode(&text), review(&alphabet, &text));
            assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start), "{text:?}");
            let told = |c: &char| found.iter().any(|part| text[part.range.clone()].contains(*c));
            assert!(encoded.left_out.iter().all(told), "{text:?}");
            assert!(encoded.transliterated.iter().all(|(c, _)| told(c)), "{text:?}");
        }
    }
}
