//! Numbers and text inside files.

/// Appends a number with at most `decimals` digits behind the point, as short as it goes: `0.35`, `12`, `-0.5`.
#[inline(never)] // It is called everywhere, and the WASM module should stay small.
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
        let mut place = unit / 10;
        while rest > 0 {
            out.push(char::from(b'0' + (rest / place) as u8));
            rest %= place;
            place /= 10;
        }
    }
}

/// Appends a length in millimetres, to the micrometre.
pub(super) fn mm(value: f32, out: &mut String) {
    number(value, 3, out);
}

/// Appends text as XML takes it, between tags and in double quotes; what XML cannot hold is left out.
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
    fn text_never_becomes_markup() {
        let mut out = String::new();
        xml("<a b=\"c\">&\u{1}\u{ffff}é\n", &mut out);
        assert_eq!(out, "&lt;a b=&quot;c&quot;&gt;&amp;é\n");
    }
}
