//! Line breaking by number of characters.

/// Splits a text into lines of at most `columns` characters, between words where possible. A word longer than
/// a line is broken; a run of white space becomes one blank.
///
/// ```ignore-wasm32,standalone_crate
/// use running_hand::text::wrap::wrap;
///
/// assert_eq!(wrap("a letter of some length", 10), ["a letter", "of some", "length"]);
/// ```
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split_whitespace() {
        let characters: Vec<char> = word.chars().collect();
        for (index, piece) in characters.chunks(columns).enumerate() {
            let blank = usize::from(length > 0);
            if index > 0 || length + blank + piece.len() > columns {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                if length > 0 {
                    line.push(' ');
                    length += 1;
                }
                line.extend(piece);
                length += piece.len();
            }
        }
    }
    // Text without words leaves one empty line.
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hold_whole_words_and_never_exceed_the_width() {
        assert_eq!(wrap("the quick  brown fox", 9), ["the quick", "brown fox"]);
        assert_eq!(wrap("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(wrap("a incomprehensibly b", 6), ["a", "incomp", "rehens", "ibly b"]);
        assert_eq!(wrap("  ", 6), [""; 0]);
        assert_eq!(wrap("ab", 0), ["a", "b"]);
    }
}
