//! Letters and signs that no network has learnt, as what it has learnt and a mark that is drawn: `é` is an `e` with an
//! acute accent.

// `LETTERS` (sorted) and `PARTS`: canonical decompositions (Unicode NFD) of Latin letters into an ASCII letter and up to
// two combining marks, each given by its offset from U+0300. See `build.rs`.
include!(concat!(env!("OUT_DIR"), "/decompositions.rs"));

/// What is drawn at a character besides what the network writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A mark of Unicode's, by its combining character (U+0301 is the acute accent): above, below or beside the letter.
    Combining(char),
    /// A dotless letter: the dot of the `i` or `j` is left out.
    Dotless,
    /// An `l` that is made as high as an `x`: an `i` without its dot.
    Short,
    /// A bar across the stem: đ, ħ, ŧ, Đ.
    Bar,
    /// A slash through the letter: ø, ł.
    Slash,
    /// The letter is moved onto the one before it: æ, œ.
    Joined,
    /// The character is small and high, or small and low: ², ₂.
    Raised,
    /// See [`Mark::Raised`].
    Lowered,
    /// A sign that is drawn whole, in the place of what the network writes for it: §, «, ß.
    Sign(char),
    /// A sign of which the network writes one part, and the rest is drawn: £ is an L with a bar.
    Rest(char),
}

impl Mark {
    /// Whether an `i` or `j` with this mark has no dot.
    pub fn replaces_dot(self) -> bool {
        match self {
            Mark::Dotless => true,
            Mark::Combining(c) => !matches!(c, '\u{31B}' | '\u{323}'..='\u{331}'),
            _ => false,
        }
    }
}

/// How a character of the network's is drawn that is read wrongly when the network draws it.
pub fn drawn_whole(c: char) -> Option<Mark> {
    matches!(c, '&' | '#' | '$' | ':' | ';').then_some(Mark::Sign(c))
}

/// How a sign that is a word of its own is drawn: whole, in the place of a letter. In rows of signs the network leaves some
/// out. `has_lone` says that a word beside it is a single character, too: elsewhere its dashes are as good as any.
pub fn drawn_alone(c: char, has_lone: bool) -> Option<Mark> {
    match c {
        '–' | '−' | '‒' if has_lone => Some(Mark::Sign('–')),
        '—' | '―' if has_lone => Some(Mark::Sign('—')),
        '«' | '»' | '‹' | '›' | '„' | '‚' | '\'' | '"' | '‘' | '’' | '“' | '”' | '`' | '…' | '~' | '_' | '<' | '>'
        | '·' | '•' | '^' | '¬' | '÷' | '±' | '×' | '¿' | '¡' => Some(Mark::Sign(c)),
        _ => None,
    }
}

/// The letter in the place of which such a sign is drawn.
pub const ALONE: char = 'o';

/// A combining mark that can be drawn.
pub fn combining(c: char) -> Option<Mark> {
    matches!(
        c,
        '\u{300}'..='\u{304}' | '\u{306}'..='\u{30C}' | '\u{31B}' | '\u{323}' | '\u{326}'..='\u{328}' | '\u{331}'
    )
    .then_some(Mark::Combining(c))
}

/// What the network is asked to write for a character, and the marks to draw, each with the index of the character in
/// that spelling. `None` for characters that are spelt without marks, or not at all.
pub fn decompose(c: char) -> Option<(String, Vec<(usize, Mark)>)> {
    use Mark::{Bar, Combining, Dotless, Joined, Lowered, Raised, Rest, Sign, Slash};
    let of = |spelling: &str, mark: Mark| Some((spelling.to_owned(), vec![(spelling.chars().count() - 1, mark)]));
    match c {
        'đ' => of("d", Bar),
        'ħ' => of("h", Bar),
        'ŧ' => of("t", Bar),
        'Đ' | 'Ð' => of("D", Bar),
        'Ħ' => of("H", Bar),
        'Ŧ' => of("T", Bar),
        'ð' => of("d", Slash),
        'ø' => of("o", Slash),
        'Ø' => of("O", Slash),
        'ł' => of("l", Slash),
        'Ł' => of("L", Slash),
        'ı' => of("i", Dotless),
        'ȷ' => of("j", Dotless),
        'æ' => of("ae", Joined),
        'œ' => of("oe", Joined),
        'Æ' => of("AE", Joined),
        'Œ' => of("OE", Joined),
        'ǽ' => Some(("ae".into(), vec![(1, Joined), (1, Combining('\u{301}'))])),
        'Ǽ' => Some(("AE".into(), vec![(1, Joined), (1, Combining('\u{301}'))])),
        'ǿ' => Some(("o".into(), vec![(0, Slash), (0, Combining('\u{301}'))])),
        'Ǿ' => Some(("O".into(), vec![(0, Slash), (0, Combining('\u{301}'))])),
        'ŋ' => of("n", Rest('ŋ')),
        'Ŋ' => of("N", Rest('ŋ')),
        'þ' => of("p", Rest('þ')),
        'ŀ' => of("l", Rest('ŀ')),
        'Ŀ' => of("L", Rest('ŀ')),
        'µ' | 'μ' => of("u", Rest('µ')),
        '£' => of("L", Rest('£')),
        '¥' => of("Y", Rest('¥')),
        '¢' => of("c", Rest('¢')),
        '÷' => of("-", Sign(c)),
        '±' => of("+", Sign(c)),
        '©' => of("O", Rest('©')),
        '®' => of("O", Rest('®')),
        'ß' => of("b", Sign(c)),
        'ẞ' => of("B", Sign(c)),
        'Þ' => of("P", Sign(c)),
        '§' => of("S", Sign(c)),
        '¶' => of("P", Sign(c)),
        '°' | 'º' => of("o", Sign('°')),
        'ª' => of("a", Raised),
        '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' => of(digit(c)?, Raised),
        '₀'..='₉' => of(digit(c)?, Lowered),
        'ⁿ' => of("n", Raised),
        '„' | '“' | '”' | '«' | '»' => of("\"", Sign(c)),
        '‚' | '‘' | '’' | '‹' | '›' | '`' => of("'", Sign(c)),
        '–' | '−' | '‒' => of("-", Sign('–')),
        '—' | '―' => of("-", Sign('—')),
        '~' | '_' | '<' | '>' | '·' | '^' => of("-", Sign(c)),
        '•' => of("*", Sign(c)),
        '×' => of("x", Sign(c)),
        '¬' => of("-", Sign(c)),
        '|' | '¦' => of("/", Sign('|')),
        '\\' => of("/", Sign(c)),
        '{' | '[' => of("(", Sign(c)),
        '}' | ']' => of(")", Sign(c)),
        '¿' => of("?", Sign(c)),
        '¡' => of("!", Sign(c)),
        _ => {
            let index = LETTERS.binary_search(&u16::try_from(u32::from(c)).ok()?).ok()?;
            let [letter, marks @ ..] = PARTS[index];
            let mark = |&offset: &u8| (offset < u8::MAX).then(|| combining(char::from_u32(0x300 + u32::from(offset))?));
            let marks = marks.iter().filter_map(mark).map(|mark| Some((0, mark?))).collect::<Option<Vec<_>>>()?;
            Some((char::from(letter).to_string(), marks))
        }
    }
}

/// The digit that a raised or lowered one shows.
fn digit(c: char) -> Option<&'static str> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let value = match c {
        '¹' => 1,
        '²' => 2,
        '³' => 3,
        '⁰'..='⁹' => u32::from(c) - u32::from('⁰'),
        _ => u32::from(c).checked_sub(u32::from('₀'))?,
    };
    DIGITS.get(value as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn letters_of_latin_languages_are_a_letter_and_marks() {
        let latin = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöùúûüýÿ";
        let extended: String = (0x100..0x17F).filter_map(char::from_u32).filter(|c| !"ĸŉſĲĳ".contains(*c)).collect();
        let others = "ȘșȚțẀẁẂẃẄẅẠạẢảẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸẹẺẻẼẽẾếỀềỂểỄễỆệỈỉỊịỌọỎỏỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤụỦủỨứỪừỬửỮữỰựỲỳỴỵỶỷỸỹƠơƯưǺǻǼǽǾǿ";
        for c in latin.chars().chain(extended.chars()).chain(others.chars()) {
            let Some((letter, marks)) = decompose(c) else {
                assert_eq!(c, ' ', "it has no marks");
                continue;
            };
            assert!(letter.chars().all(|c| c.is_ascii_alphabetic()) && (1..=2).contains(&marks.len()), "{c}: {letter}");
            assert!(marks.iter().all(|(at, _)| *at < letter.len()), "{c}");
        }
    }

    #[test]
    fn decompositions_are_unicodes() {
        for c in (0xC0..0x250).chain(0x1E00..0x1F00).filter_map(char::from_u32) {
            let mut parts: Vec<char> = std::iter::once(c).nfd().collect();
            let letter = parts.remove(0);
            if parts.is_empty() || !letter.is_ascii() || parts.iter().any(|&mark| combining(mark).is_none()) {
                continue;
            }
            let expected: Vec<_> = parts.iter().map(|&mark| (0, Mark::Combining(mark))).collect();
            assert_eq!(decompose(c), Some((letter.to_string(), expected)), "{c}");
        }
    }

    #[test]
    fn plain_characters_and_foreign_ones_have_no_marks() {
        for c in ['a', 'Z', '.', 'ж', 'λ', '漢', '😀', '\u{301}'] {
            assert_eq!(decompose(c), None, "{c}");
        }
    }
}
