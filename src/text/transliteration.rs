//! Spellings, in the signs that a pen would write, of characters outside the network's alphabet.

// `CODES` (sorted), `SPELLINGS` (all spellings concatenated) and `ENDS` (where each one ends): see `build.rs`.
include!(concat!(env!("OUT_DIR"), "/transliterations.rs"));

/// A sign that is written like another one by hand.
pub(super) fn alike(c: char) -> Option<&'static str> {
    Some(match c {
        '“' | '”' | '″' => "\"",
        '‘' | '’' | '′' => "'",
        '‐' | '‑' => "-",
        '…' => "...",
        _ => return None,
    })
}

/// A text in ASCII, for formats that know nothing else: letters without their marks, `?` for what has no spelling.
pub fn to_ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match spelling(c).filter(|spelling| spelling.is_ascii() && !is_pictograph(c)) {
            _ if c.is_ascii() => plain.push(c),
            Some(spelling) => plain.push_str(spelling),
            None if is_invisible(c) => {}
            None => plain.push('?'),
        }
    }
    plain
}

/// How to spell a character that is not ASCII; `None` if no spelling is known.
pub(super) fn spelling(c: char) -> Option<&'static str> {
    typographic(c).or_else(|| ascii(c))
}

/// Latin, Greek and Cyrillic letters and signs in ASCII, as the `deunicode` crate spells them.
fn ascii(c: char) -> Option<&'static str> {
    let index = CODES.binary_search(&u16::try_from(u32::from(c)).ok()?).ok()?;
    let start = index.checked_sub(1).map_or(0, |before| usize::from(ENDS[before]));
    SPELLINGS.get(start..usize::from(ENDS[index]))
}

/// Typographic signs that `deunicode` spells differently from how one writes them (",," for „, "PS" for £).
/// A sign that maps to itself can be written only if it is in the alphabet.
fn typographic(c: char) -> Option<&'static str> {
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

/// A similar sign that more alphabets have; the character itself if there is none.
pub(super) fn fallback(c: char) -> char {
    match c {
        '[' | '{' => '(',
        ']' | '}' => ')',
        '`' => '\'',
        '_' | '~' => '-',
        '\\' => '/',
        '&' => '+',
        _ => c,
    }
}

/// Arrows, symbols, dingbats, emoji: `deunicode` names them in words ("grinning face"), which would be
/// written out as text.
pub(super) fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Joiners, variation selectors, skin tones, direction marks and control characters.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E007F}')
        || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_deunicode_and_covers_only_alphabetic_scripts() {
        for c in ['\u{A0}', 'ß', 'Æ', 'ő', 'Ω', 'ж', 'Щ', 'ẞ', '…', '№', 'ﬁ', '５', '\u{301}'] {
            assert_eq!(ascii(c), deunicode::deunicode_char(c).map(str::trim), "{c:?}");
        }
        assert_eq!((ascii('漢'), ascii('a'), ascii('😀')), (None, None, None));
    }

    #[test]
    fn a_text_can_be_had_in_ascii() {
        assert_eq!(to_ascii("„Žluťoučký“ да – 5\u{AD}€ 😀"), "\"Zlutoucky\" da - 5? ?");
    }

    #[test]
    fn typographic_signs_are_spelt_as_one_writes_them() {
        assert_eq!((spelling('„'), spelling('—'), spelling('£')), (Some("\""), Some("-"), Some("£")));
        assert_eq!((fallback('['), fallback('x')), ('(', 'x'));
    }
}
