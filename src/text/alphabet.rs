//! Characters to ids, and a defined fate for every character a person may type.

// `CODES`, sorted, the `ENDS` of their spellings, one after the other, in `SPELLINGS`: see `build.rs`.
include!(concat!(env!("OUT_DIR"), "/transliterations.rs"));

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

    /// The character of an id; `None` for the end mark, and for ids that are none.
    pub fn character(&self, id: u32) -> Option<char> {
        self.characters.get(usize::try_from(id).ok()?.checked_sub(1)?).copied()
    }

    /// Every character as is, or transliterated (`é` → `e`, `“` → `"`), or named as left out. Runs of
    /// blanks, tabs and line breaks become one blank; blanks at the ends are dropped,
    /// and all of them where the alphabet has none.
    ///
    /// ```ignore-wasm32,standalone_crate
    /// use running_hand::text::alphabet::Alphabet;
    ///
    /// let encoded = Alphabet::new(" cafe").encode("café\t☕");
    /// assert_eq!((encoded.written.as_str(), encoded.left_out.as_slice()), ("cafe", &['☕'][..]));
    /// assert_eq!(encoded.transliterated, [('é', "e".to_string())]);
    /// ```
    pub fn encode(&self, text: &str) -> Encoded {
        let mut encoded = Encoded::default();
        for c in text.chars() {
            if c.is_whitespace() {
                if self.id(' ').is_some() {
                    encoded.push_blank();
                }
            } else if self.id(c).is_some() {
                encoded.written.push(c);
            } else if is_invisible(c) {
                // leaves no trace
            } else if let Some(other) = self.transliterate(c) {
                encoded.written.push_str(&other);
                // An accent by itself has vanished with the letter it belongs to: nothing to tell.
                if !other.is_empty() && !encoded.transliterated.iter().any(|(from, _)| *from == c) {
                    encoded.transliterated.push((c, other));
                }
            } else if !encoded.left_out.contains(&c) {
                encoded.left_out.push(c);
            }
        }
        encoded.written.truncate(encoded.written.trim_end().len());
        encoded.ids = encoded.written.chars().filter_map(|c| self.id(c)).chain([END]).collect();
        encoded
    }

    /// What stands for `c` in this alphabet, if all of it can be written. Empty for what leaves no
    /// trace of its own (a combining accent).
    fn transliterate(&self, c: char) -> Option<String> {
        if is_pictograph(c) {
            return None;
        }
        let mut own = [0; 4];
        let spelling = match spelling(c) {
            Some(spelling) => spelling,
            None if c.is_ascii() => c.encode_utf8(&mut own),
            None => latin(c)?,
        };
        spelling.chars().map(|p| self.nearest(p)).collect()
    }

    /// The character itself, its other case, or the sign nearest to it.
    fn nearest(&self, p: char) -> Option<char> {
        let sign = match p {
            '[' | '{' => '(',
            ']' | '}' => ')',
            '`' => '\'',
            '_' | '~' => '-',
            '\\' => '/',
            '&' => '+',
            _ => p,
        };
        [p, p.to_ascii_lowercase(), p.to_ascii_uppercase(), sign].into_iter().find(|&c| self.id(c).is_some())
    }
}

impl Encoded {
    fn push_blank(&mut self) {
        if !self.written.is_empty() && !self.written.ends_with(' ') {
            self.written.push(' ');
        }
    }
}

/// Latin, Greek and Cyrillic letters and signs in ASCII, as deunicode has them.
fn latin(c: char) -> Option<&'static str> {
    let place = CODES.binary_search(&u16::try_from(u32::from(c)).ok()?).ok()?;
    let start = place.checked_sub(1).map_or(0, |before| usize::from(ENDS[before]));
    SPELLINGS.get(start..usize::from(ENDS[place]))
}

/// Typographic signs that deunicode spells in a way a pen would not (",," for „, "PS" for £). Those
/// that stand for themselves here are left out, unless the network knows them.
fn spelling(c: char) -> Option<&'static str> {
    Some(match c {
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '·' | '•' => "-",
        '‚' | '‹' | '›' => "'",
        '„' | '«' | '»' | '″' => "\"",
        '€' => "€",
        '£' => "£",
        '¥' => "¥",
        '©' => "©",
        '®' => "®",
        '™' => "™",
        '§' => "§",
        '¶' => "¶",
        _ => return None,
    })
}

/// Arrows, symbols, dingbats, emoji: deunicode names them in words ("grinning face"), which nobody
/// wants written.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Joiners, variation selectors, skin tones and marks of direction leave no trace.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E007F}')
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
    fn the_table_is_deunicodes_where_it_reaches_and_ends_there() {
        for c in ['\u{A0}', 'ß', 'Æ', 'ő', 'Ω', 'ж', 'Щ', 'ẞ', '…', '№', 'ﬁ', '５', '\u{301}'] {
            assert_eq!(latin(c), deunicode::deunicode_char(c).map(str::trim), "{c:?}");
        }
        assert_eq!((latin('漢'), latin('a'), latin('😀')), (None, None, None));
        let encoded = english().encode("漢 ﬁx");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("fix", vec!['漢']));
    }

    #[test]
    fn what_cannot_be_written_is_named_once() {
        let encoded = english().encode("a😀b😀€c");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("abc", vec!['😀', '€']));
    }

    #[test]
    fn combining_accents_and_skin_tones_leave_no_trace() {
        let encoded = english().encode("cafe\u{301} 👍🏽 so\u{AD}ft");
        assert_eq!((encoded.written.as_str(), encoded.left_out), ("cafe soft", vec!['👍']));
        assert!(encoded.transliterated.is_empty());
    }

    #[test]
    fn signs_and_cases_the_network_lacks_become_the_nearest_it_has() {
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
            assert!(encoded.left_out.is_empty() && !encoded.transliterated.is_empty(), "{text}");
        }
        assert_eq!(narrow.encode("a%b£").left_out, ['%', '£']);
    }

    #[test]
    fn a_sign_the_network_knows_is_written_as_is() {
        assert_eq!(Alphabet::new("&£—").encode("—&£").written, "—&£");
    }

    #[test]
    fn blanks_are_one_blank() {
        assert_eq!(english().encode("  a \t\n b\u{200B}  ").written, "a b");
    }

    #[test]
    fn an_alphabet_without_a_blank_writes_none() {
        let encoded = Alphabet::new("ab").encode(" a b\n");
        assert_eq!((encoded.written.as_str(), encoded.ids), ("ab", vec![1, 2, END]));
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
