//! Characters to ids. Characters outside the network's alphabet are composed of a letter and a mark to be drawn,
//! transliterated, dropped or reported.

use super::diacritics::{self, Mark};
use super::transliteration::{alike, fallback, is_invisible, is_pictograph, spelling};

/// Id of the end mark, the last id of every line.
pub const END: u32 = 0;

/// Stands between the texts of two lines, so that the network knows that a line begins; a network that has not learnt it
/// does not have it in its alphabet. No text is encoded with it. The same as in `train/data/alphabet.py`.
pub const LINE_BREAK: char = '\n';

/// The characters that a network can write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alphabet {
    characters: Vec<char>,
}

/// A text encoded for a network, and what had to change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Ids of the characters of `written`, then [`END`].
    pub ids: Vec<u32>,
    /// The text as the network will write it.
    pub written: String,
    /// Marks to be drawn, each with the index in `written` of the character that it belongs to.
    pub marks: Vec<(usize, Mark)>,
    /// Characters that are replaced by others, each listed once, in order of appearance.
    pub transliterated: Vec<(char, String)>,
    /// Characters that cannot be written, each listed once, in order of appearance.
    pub left_out: Vec<char>,
}

/// How a character is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// As a blank between words.
    Blank,
    /// It has no ink.
    Invisible,
    /// As a mark that is drawn on the letter before it.
    Mark(Mark),
    /// In these characters of the network's, with marks to be drawn, each with the index of its character.
    Written(String, Vec<(usize, Mark)>),
    /// By other characters; by none if it is an accent that cannot be drawn.
    Replaced(String),
    /// Not at all.
    LeftOut,
}

impl Alphabet {
    /// `characters` get the ids 1, 2, … in their order.
    pub fn new(characters: &str) -> Self {
        Self { characters: characters.chars().collect() }
    }

    /// Id of a character.
    pub fn id(&self, character: char) -> Option<u32> {
        self.characters.iter().position(|&c| c == character).and_then(|i| u32::try_from(i + 1).ok())
    }

    /// The character with this id; `None` for the end mark and for unknown ids.
    pub fn character(&self, id: u32) -> Option<char> {
        self.characters.get(usize::try_from(id).ok()?.checked_sub(1)?).copied()
    }

    /// Encodes every character as it is, or as a letter with a mark (`é`), or transliterated (`ж` → `zh`), or lists it as
    /// left out. Accents may also be combining characters (NFD). Each run of white space becomes one blank; leading and
    /// trailing blanks are dropped, and so are all blanks if the alphabet has none.
    ///
    /// ```ignore-wasm32,standalone_crate
    /// use running_hand::text::alphabet::Alphabet;
    ///
    /// use running_hand::text::diacritics::Mark;
    ///
    /// let encoded = Alphabet::new(" cafe").encode("café\t☕");
    /// assert_eq!((encoded.written.as_str(), encoded.left_out.as_slice()), ("cafe", &['☕'][..]));
    /// assert_eq!(encoded.marks, [(3, Mark::Combining('\u{301}'))]);
    /// ```
    pub fn encode(&self, text: &str) -> Encoded {
        let mut encoded = Encoded::default();
        for c in text.chars() {
            match self.way(c, encoded.written.ends_with(char::is_alphabetic)) {
                Way::Blank => encoded.push_blank(),
                Way::Invisible => {}
                Way::Mark(mark) => encoded.marks.push((encoded.written.chars().count() - 1, mark)),
                Way::Written(spelling, marks) => {
                    let start = encoded.written.chars().count();
                    encoded.written.push_str(&spelling);
                    encoded.marks.extend(marks.into_iter().map(|(at, mark)| (start + at, mark)));
                }
                Way::Replaced(other) => {
                    encoded.written.push_str(&other);
                    // A combining accent is dropped silently: its base letter is still written.
                    if !other.is_empty() && !encoded.transliterated.iter().any(|(from, _)| *from == c) {
                        encoded.transliterated.push((c, other));
                    }
                }
                Way::LeftOut if encoded.left_out.contains(&c) => {}
                Way::LeftOut => encoded.left_out.push(c),
            }
        }
        encoded.written.truncate(encoded.written.trim_end().len());
        encoded.ids = encoded.written.chars().filter_map(|c| self.id(c)).chain([END]).collect();
        encoded
    }

    /// How a character is written behind a letter, or behind something else.
    pub(super) fn way(&self, c: char, behind_letter: bool) -> Way {
        if c.is_whitespace() {
            if self.id(' ').is_some() { Way::Blank } else { Way::Invisible }
        } else if self.id(c).is_some() {
            Way::Written(c.into(), diacritics::drawn_whole(c).map(|mark| (0, mark)).into_iter().collect())
        } else if is_invisible(c) {
            Way::Invisible
        } else if let Some(mark) = diacritics::combining(c).filter(|_| behind_letter) {
            Way::Mark(mark)
        } else if let Some(same) = alike(c).and_then(|same| self.all(same)) {
            Way::Written(same, Vec::new())
        } else if let Some((spelling, marks)) = self.decompose(c) {
            Way::Written(spelling, marks)
        } else {
            self.transliterate(c).map_or(Way::LeftOut, Way::Replaced)
        }
    }

    /// A spelling of `c` in this alphabet, or `None` if the alphabet lacks any part of it. Empty for a
    /// combining accent.
    fn transliterate(&self, c: char) -> Option<String> {
        if is_pictograph(c) {
            return None;
        }
        let mut buffer = [0; 4];
        let spelling = if c.is_ascii() { &*c.encode_utf8(&mut buffer) } else { spelling(c)? };
        self.all(spelling)
    }

    /// A letter of this alphabet, or two, with the marks that make `c` of them.
    fn decompose(&self, c: char) -> Option<(String, Vec<(usize, Mark)>)> {
        let (spelling, marks) = diacritics::decompose(c)?;
        Some((self.all(&spelling)?, marks))
    }

    /// This spelling in characters of the alphabet, or `None` if it lacks one of them.
    fn all(&self, spelling: &str) -> Option<String> {
        spelling.chars().map(|part| self.nearest(part)).collect()
    }

    /// The character itself, the same letter in the other case, or a similar sign: whichever the alphabet has.
    fn nearest(&self, c: char) -> Option<char> {
        [c, c.to_ascii_lowercase(), c.to_ascii_uppercase(), fallback(c)].into_iter().find(|&c| self.id(c).is_some())
    }
}

impl Encoded {
    fn push_blank(&mut self) {
        if !self.written.is_empty() && !self.written.ends_with(' ') {
            self.written.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Alphabet {
        Alphabet::new(" abcdefghijklmnopqrstuvwxyzACES.,'\"-")
    }

    #[test]
    fn plain_text_is_encoded_unchanged_with_the_end_mark() {
        let encoded = english().encode("a cab");
        assert_eq!(encoded.ids, [2, 1, 4, 2, 3, END]);
        assert!(encoded.transliterated.is_empty() && encoded.left_out.is_empty());
    }

    #[test]
    fn accents_are_letters_with_marks_and_typographic_signs_are_written_as_people_do() {
        let encoded = english().encode("“café” – naïve…");
        assert_eq!(encoded.written, "\"cafe\" - naive...");
        let [acute, diaeresis] = ['\u{301}', '\u{308}'].map(Mark::Combining);
        assert_eq!(encoded.marks, [(4, acute), (7, Mark::Sign('–')), (11, diaeresis)]);
        assert!(encoded.left_out.is_empty() && encoded.transliterated.is_empty());
    }

    #[test]
    fn combining_accents_are_the_same_as_composed_letters() {
        use unicode_normalization::UnicodeNormalization;
        let text = "Źdźbło, Ça và Việt Đặng, mañana ÅÖ";
        let decomposed: String = text.nfd().collect();
        assert_ne!(text, decomposed);
        let letters: String = (' '..='~').collect();
        assert_eq!(Alphabet::new(&letters).encode(text), Alphabet::new(&letters).encode(&decomposed));
        let stray = english().encode("\u{301}a \u{301}b");
        assert_eq!((stray.written.as_str(), stray.marks), ("a b", vec![]), "a mark without a letter");
    }

    #[test]
    fn cyrillic_is_transliterated_and_listed() {
        let encoded = english().encode("да");
        assert_eq!(encoded.written, "da");
        assert_eq!(encoded.transliterated, [('д', "d".into()), ('а', "a".into())]);
    }

    #[test]
    fn a_ligature_is_spelt_out_and_a_logogram_is_left_out() {
        let encoded = english().encode("漢 ﬁx");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("fix", vec!['漢']));
    }

    #[test]
    fn unsupported_characters_are_listed_once() {
        let encoded = english().encode("a😀b😀€c");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("abc", vec!['😀', '€']));
    }

    #[test]
    fn skin_tones_and_soft_hyphens_are_dropped_silently() {
        let encoded = english().encode("cafe 👍🏽 so\u{AD}ft");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("cafe soft", vec!['👍']));
        assert!(encoded.transliterated.is_empty());
    }

    #[test]
    fn missing_signs_and_cases_become_the_nearest_available() {
        let narrow = Alphabet::new(" abqxzA()'-/+\"");
        for (text, written) in [
            ("[a]{b}", "(a)(b)"),
            ("QXZ", "qxz"),
            ("a_b~a", "a-b-a"),
            ("a & b", "a + b"),
            ("a\\b`", "a/b'"),
            ("„a“ «b»", "\"a\" \"b\""),
        ] {
            let encoded = narrow.encode(text);
            assert_eq!(encoded.written, written);
            assert!(encoded.left_out.is_empty(), "{text}");
            assert!(!encoded.transliterated.is_empty() || !encoded.marks.is_empty(), "{text}");
        }
        assert_eq!(narrow.encode("a%b£").left_out, ['%', '£']);
    }

    #[test]
    fn signs_that_networks_draw_badly_are_drawn_whole() {
        let encoded = Alphabet::new(" ab&#:;$").encode("a&b #a: b;$");
        assert_eq!(encoded.written, "a&b #a: b;$");
        assert_eq!(
            encoded.marks,
            [(1, '&'), (4, '#'), (6, ':'), (9, ';'), (10, '$')].map(|(at, sign)| (at, Mark::Sign(sign)))
        );
        assert!(encoded.transliterated.is_empty());
    }

    #[test]
    fn signs_in_the_alphabet_are_not_transliterated() {
        assert_eq!(Alphabet::new("&£—").encode("—&£").written, "—&£");
    }

    #[test]
    fn white_space_collapses_to_one_blank() {
        assert_eq!(english().encode("  a \t\n b\u{200B}  ").written, "a b");
    }

    #[test]
    fn blanks_are_dropped_if_the_alphabet_has_none() {
        let encoded = Alphabet::new("ab").encode(" a b\n");
        assert_eq!((encoded.written.as_str(), encoded.ids), ("ab", vec![1, 2, END]));
    }

    #[test]
    fn text_without_supported_characters_encodes_to_the_end_mark() {
        assert_eq!(english().encode("漢😀").written, english().encode("漢").written);
        assert_eq!(english().encode("").ids, [END]);
    }

    #[test]
    fn every_character_can_be_encoded() {
        let alphabet = english();
        for c in (0..=0x10_FFFFu32).step_by(7).filter_map(char::from_u32) {
            let encoded = alphabet.encode(&c.to_string());
            assert_eq!(encoded.ids.len(), encoded.written.chars().count() + 1, "{c:?}");
        }
    }
}
