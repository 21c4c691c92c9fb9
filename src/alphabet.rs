//! Characters to ids, and a defined fate for every character a person may type.

use deunicode::deunicode_char;

/// Id of the end mark, with which every line's ids end.
pub const END: u32 = 0;

/// The characters a network can write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alphabet {
    characters: Vec<char>,
}

/// What became of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Ids of `written` and the end mark.
    pub ids: Vec<u32>,
    /// The text as it will be written.
    pub written: String,
    /// Characters that are written as others, each once, in order.
    pub transliterated: Vec<(char, String)>,
    /// Characters that cannot be written, each once, in order.
    pub left_out: Vec<char>,
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

    /// Every character as is, or transliterated (`é` → `e`, `“` → `"`), or named as left out. Runs of
    /// blanks, tabs and line breaks become one blank; blanks at the ends are dropped.
    pub fn encode(&self, text: &str) -> Encoded {
        let mut encoded = Encoded::default();
        for c in text.chars() {
            if c.is_whitespace() {
                encoded.push_blank();
            } else if self.id(c).is_some() {
                encoded.written.push(c);
            } else if let Some(other) = self.transliterate(c) {
                encoded.written.push_str(&other);
                if !encoded.transliterated.iter().any(|(from, _)| *from == c) {
                    encoded.transliterated.push((c, other));
                }
            } else if !is_invisible(c) && !encoded.left_out.contains(&c) {
                encoded.left_out.push(c);
            }
        }
        encoded.written.truncate(encoded.written.trim_end().len());
        encoded.ids = encoded.written.chars().filter_map(|c| self.id(c)).chain([END]).collect();
        encoded
    }

    /// What stands for `c` in this alphabet, if all of it can be written.
    fn transliterate(&self, c: char) -> Option<String> {
        // What deunicode would spell out in letters, but people see as a sign of its own.
        let plain = match c {
            '‐' | '‑' | '‒' | '–' | '—' | '−' => "-",
            '…' => "...",
            '€' | '£' | '¥' | '©' | '®' | '™' => return None,
            c if is_pictograph(c) => return None,
            c => deunicode_char(c)?.trim(),
        };
        (!plain.is_empty() && plain.chars().all(|p| self.id(p).is_some())).then(|| plain.to_string())
    }
}

impl Encoded {
    fn push_blank(&mut self) {
        if !self.written.is_empty() && !self.written.ends_with(' ') {
            self.written.push(' ');
        }
    }
}

/// Emoji and dingbats: deunicode names them in words ("grinning face"), which nobody wants written.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Joiners, variation selectors and marks of direction leave no trace.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english() -> Alphabet {
        Alphabet::new(" abcdefghijklmnopqrstuvwxyzACES.,'\"-")
    }

    #[test]
    fn plain_text_is_written_as_is_with_the_end_mark() {
        let encoded = english().encode("a cab");
        assert_eq!(encoded.ids, [2, 1, 4, 2, 3, END]);
        assert!(encoded.transliterated.is_empty() && encoded.left_out.is_empty());
    }

    #[test]
    fn accents_quotes_and_dashes_are_transliterated_and_named() {
        let encoded = english().encode("“café” – naïve…");
        assert_eq!(encoded.written, "\"cafe\" - naive...");
        assert!(encoded.transliterated.contains(&('é', "e".into())));
        assert!(encoded.left_out.is_empty());
    }

    #[test]
    fn what_cannot_be_written_is_named_once() {
        let encoded = english().encode("a😀b😀€c");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("abc", vec!['😀', '€']));
    }

    #[test]
    fn blanks_are_one_blank() {
        assert_eq!(english().encode("  a \t\n b\u{200B}  ").written, "a b");
    }

    #[test]
    fn nothing_writable_gives_only_the_end_mark() {
        assert_eq!(english().encode("漢😀").written, english().encode("漢").written);
        assert_eq!(english().encode("").ids, [END]);
    }

    #[test]
    fn any_character_at_all_has_a_fate() {
        let alphabet = english();
        for c in (0..=0x10_FFFFu32).step_by(7).filter_map(char::from_u32) {
            let encoded = alphabet.encode(&c.to_string());
            assert_eq!(encoded.ids.len(), encoded.written.chars().count() + 1, "{c:?}");
        }
    }
}
