//! Any text in any alphabet.

use running_hand::text::alphabet::{Alphabet, END};

/// `input` is an alphabet, a zero byte, and a text.
pub fn encode(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let (characters, text) = input.split_once('\0').unwrap_or((" abcdefghijklmnopqrstuvwxyz.,'\"-()?!", &input));
    let alphabet = Alphabet::new(characters);
    let encoded = alphabet.encode(text);
    let written = &encoded.written;
    assert_eq!(encoded.ids.last(), Some(&END));
    assert_eq!(encoded.ids.len(), written.chars().count() + 1, "{written:?} in {characters:?}");
    assert!(written.chars().zip(&encoded.ids).all(|(c, &id)| alphabet.id(c) == Some(id)));
    assert_eq!(written.trim(), written);
    for (index, c) in encoded.left_out.iter().enumerate() {
        assert!(alphabet.id(*c).is_none() && !encoded.left_out[..index].contains(c), "{c:?}");
    }
    let again = alphabet.encode(written);
    assert!(again.transliterated.is_empty() && again.left_out.is_empty(), "{written:?}");
}
