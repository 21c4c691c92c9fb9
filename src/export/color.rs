//! Colours for formats that know no CSS.

use crate::error::{Error, Result};

/// Red, green and blue, 0 to 1, of `#rrggbb` or `#rgb`.
pub(super) fn rgb(color: &str) -> Result<[f32; 3]> {
    let digits = color.strip_prefix('#').filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let (digits, size) = match digits {
        Some(digits) if digits.len() == 6 => (digits, 2),
        Some(digits) if digits.len() == 3 => (digits, 1),
        _ => {
            let problem = format!("{color:?} cannot be written in this format, which needs #rrggbb");
            return Err(Error::Setting { name: "color".into(), problem });
        }
    };
    let part = |i: usize| {
        let value = u8::from_str_radix(&digits[i * size..(i + 1) * size], 16).unwrap_or_default();
        f32::from(if size == 1 { value * 17 } else { value }) / 255.0
    };
    Ok([part(0), part(1), part(2)])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn colours_in_hexadecimal() {
        assert_eq!(rgb("#ff0033").unwrap(), rgb("#F03").unwrap());
        assert_eq!(rgb("#ff0033").unwrap(), [1.0, 0.0, 0.2]);
        for bad in ["red", "#ff", "#gggggg", "", "#ééé"] {
            assert!(rgb(bad).is_err(), "{bad}");
        }
    }
}
