//! Formats numbers and text for files.

/// Appends a number with at most `decimals` decimals and no trailing zeros: `0.35`, `12`, `-0.5`.
#[inline(never)] // It has many callers: inlined copies would enlarge the WASM module.
pub(super) fn number(value: f32, decimals: u32, out: &mut String) {
    let unit = 10_i64.pow(decimals);
    let whole = (f64::from(value) * unit as f64).round() as i64;
    if whole < 0 {
        out.push('-');
    }
    let whole = whole.unsigned_abs();
    let unit = unit.unsigned_abs();
    out.push_str(&(whole / unit).to_string());
    let mut rest = whole % unit;
    if rest > 0 {
        out.push('.');
        let mut digit = unit / 10;
        while rest > 0 {
            out.push(char::from(b'0' + (rest / digit) as u8));
            rest %= digit;
            digit /= 10;
        }
    }
}

/// Appends a length in millimetres, rounded to micrometres.
pub(super) fn mm(value: f32, out: &mut String) {
    number(value, 3, out);
}

/// Appends text escaped for XML, for elements and attributes in double quotes. Characters that XML forbids are
/// dropped.
#[inline(never)]
pub(super) fn xml(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c < ' ' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_and_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0001, "0"),
            (1.0, "1"),
            (-0.05, "-0.05"),
            (12.3456, "12.346"),
            (0.9999, "1"),
            (-2.5, "-2.5"),
        ] {
            let mut out = String::new();
            mm(value, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn markup_is_escaped() {
        let mut out = String::new();
        xml("<a b=\"c\">&\u{1}\u{ffff}é\n", &mut out);
        assert_eq!(out, "&lt;a b=&quot;c&quot;&gt;&amp;é\n");
    }
}
