//! Counting tests: what each test runner prints at its end.

use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub passed: usize,
    pub failed: usize,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A program that runs tests.
#[derive(Clone, Copy, Debug)]
pub enum Runner {
    /// `test result: ok. 3 passed; 0 failed; …`, once per test binary; `wasm-pack test` too.
    Cargo,
    /// `ℹ pass 3` and `ℹ fail 0`.
    Node,
    /// `== 3 passed, 1 skipped in 0.12s ==`.
    Pytest,
}

impl Runner {
    /// The totals in what the runner printed.
    pub fn totals(self, printed: &str) -> Totals {
        let mut totals = Totals::default();
        for line in printed.lines() {
            let line = plain(line);
            let line = line.trim();
            match self {
                Runner::Cargo => {
                    if let Some(counts) = line.strip_prefix("test result: ") {
                        totals.passed += counted(counts, &["passed"]);
                        totals.failed += counted(counts, &["failed"]);
                    }
                }
                Runner::Node => {
                    let mut words = line.split_whitespace();
                    if let (Some("ℹ" | "#"), Some(word), Some(Ok(count)), None) =
                        (words.next(), words.next(), words.next().map(str::parse::<usize>), words.next())
                    {
                        match word {
                            "pass" => totals.passed += count,
                            // A test that was cancelled ran out of time.
                            "fail" | "cancelled" => totals.failed += count,
                            _ => {}
                        }
                    }
                }
                Runner::Pytest => {
                    let line = line.trim_matches(['=', ' ']);
                    let summary = line.rsplit_once(" in ").filter(|(_, time)| {
                        time.starts_with(|first: char| first.is_ascii_digit())
                            && time.split(' ').next().is_some_and(|time| time.ends_with('s'))
                    });
                    if let Some((counts, _)) = summary {
                        totals.passed += counted(counts, &["passed", "xpassed"]);
                        totals.failed += counted(counts, &["failed", "error", "errors"]);
                    }
                }
            }
        }
        totals
    }
}

/// The sum of the numbers that stand before one of `words`.
fn counted(text: &str, words: &[&str]) -> usize {
    let mut before = None;
    let mut sum = 0;
    for word in text.split([' ', ',', ';', '.']).filter(|word| !word.is_empty()) {
        if words.contains(&word) {
            sum += before.unwrap_or(0);
        }
        before = word.parse().ok();
    }
    sum
}

/// A line without the codes that colour it.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            characters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(passed: usize, failed: usize) -> Totals {
        Totals { passed, failed }
    }

    #[test]
    fn cargo_prints_a_line_for_each_binary() {
        let printed = "\
running 2 tests
test a ... ok
test passed ... FAILED
test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests running_hand
test result: \u{1b}[32mok\u{1b}[0m. 12 passed; 0 failed; 3 ignored; 0 measured; 7 filtered out; finished in 1.20s
";
        assert_eq!(Runner::Cargo.totals(printed), totals(13, 1));
    }

    #[test]
    fn node_prints_a_line_for_each_kind() {
        let printed = "\
✔ writes (12.5ms)
\u{1b}[34mℹ tests 9\u{1b}[39m
\u{1b}[34mℹ suites 0\u{1b}[39m
\u{1b}[34mℹ pass 5\u{1b}[39m
\u{1b}[34mℹ fail 1\u{1b}[39m
\u{1b}[34mℹ cancelled 2\u{1b}[39m
\u{1b}[34mℹ skipped 1\u{1b}[39m
ℹ duration_ms 99.1
";
        assert_eq!(Runner::Node.totals(printed), totals(5, 3));
        assert_eq!(Runner::Node.totals("# pass 4\n# fail 0\n"), totals(4, 0));
    }

    #[test]
    fn pytest_prints_one_line() {
        for (printed, expected) in [
            ("======= 12 passed in 3.21s =======", totals(12, 0)),
            ("12 passed, 2 skipped in 63.05s (0:01:03)", totals(12, 0)),
            ("= 1 failed, 2 passed, 1 xfailed, 2 errors in 0.5s =", totals(2, 3)),
            ("no tests ran in 0.01s", totals(0, 0)),
            ("1 error in 0.01s", totals(0, 1)),
            ("3 passed in spirit", totals(0, 0)),
        ] {
            assert_eq!(Runner::Pytest.totals(printed), expected, "{printed}");
        }
    }

    #[test]
    fn other_lines_count_nothing() {
        for runner in [Runner::Cargo, Runner::Node, Runner::Pytest] {
            assert_eq!(runner.totals("5 passed; 3 failed\nok\n\nℹ pass many\n"), Totals::default());
        }
    }
}
