//! Running other programs, and printing.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

thread_local! {
    /// What this thread has printed, with its commands, while it runs within `captured`.
    static CAPTURED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does `work`, and returns what it and its commands print instead of printing it. For work beside that of
/// another thread, so that the two do not print into each other's lines.
pub fn captured<T>(work: impl FnOnce() -> T) -> (T, String) {
    let before = CAPTURED.replace(Some(String::new()));
    let result = work();
    (result, CAPTURED.replace(before).unwrap_or_default())
}

/// Appends `text` if output is being captured, and tells whether it is.
fn capture(text: &str) -> bool {
    CAPTURED.with_borrow_mut(|captured| captured.as_mut().map(|captured| captured.push_str(text)).is_some())
}

/// A command that runs in `folder`.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// The cargo that runs this program, in `folder`.
pub fn cargo(folder: &Path) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), folder)
}

/// Runs a command to its end; anything but success is an error.
pub fn run(command: &mut Command) -> Result<()> {
    show(command);
    let status = if capture("") {
        let output = command.output().with_context(|| not_started(command))?;
        capture(&String::from_utf8_lossy(&output.stdout));
        capture(&String::from_utf8_lossy(&output.stderr));
        output.status
    } else {
        command.status().with_context(|| not_started(command))?
    };
    if !status.success() {
        bail!("`{}` failed ({status})", text(command));
    }
    Ok(())
}

/// Runs a command to its end, printing what it prints, and returns its standard output and whether it
/// succeeded.
pub fn run_and_read(command: &mut Command) -> Result<(String, bool)> {
    show(command);
    if capture("") {
        let output = command.output().with_context(|| not_started(command))?;
        let read = String::from_utf8_lossy(&output.stdout).into_owned();
        capture(&read);
        capture(&String::from_utf8_lossy(&output.stderr));
        return Ok((read, output.status.success()));
    }
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| not_started(command))?;
    let output = child.stdout.take().context("a piped output is missing")?;
    let mut read = String::new();
    let mut stdout = std::io::stdout();
    let mut line = Vec::new();
    let mut output = BufReader::new(output);
    while output.read_until(b'\n', &mut line)? > 0 {
        stdout.write_all(&line)?;
        stdout.flush()?;
        read.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok((read, child.wait()?.success()))
}

/// What a command prints on standard output; `None` if it cannot be run or fails.
pub fn quiet(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "a command-line program prints on its standard output")]
pub fn say(line: &str) {
    if !capture(&format!("{line}\n")) {
        println!("{line}");
    }
}

fn show(command: &Command) {
    say(&format!("$ {}", text(command)));
}

fn not_started(command: &Command) -> String {
    format!("cannot start `{}`: is it installed?", command.get_program().to_string_lossy())
}

/// The command as one would type it, with the program's name only.
pub fn text(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Infallible for a String.
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn captured_output_is_complete_and_in_order() {
        let rustc = || command("rustc", Path::new("."));
        let ((), printed) = captured(|| {
            say("first");
            run(rustc().arg("--version")).unwrap();
            assert!(run(rustc().arg("--no-such-option")).is_err());
            let (read, succeeded) = run_and_read(rustc().arg("--version")).unwrap();
            assert!(read.starts_with("rustc ") && succeeded);
        });
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines[..2], ["first", "$ rustc --version"]);
        assert!(lines[2].starts_with("rustc "), "{printed}");
        assert!(printed.contains("no-such-option'"), "standard error too: {printed}");
        assert_eq!(lines[lines.len() - 1], lines[2]);
    }
}
