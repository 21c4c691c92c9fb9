//! Running other programs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

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
    let status = command.status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", text(command));
    }
    Ok(())
}

/// Runs a command to its end, showing what it prints, and gives back its standard output and
/// whether it succeeded.
pub fn run_and_read(command: &mut Command) -> Result<(String, bool)> {
    show(command);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| not_started(command))?;
    let output = child.stdout.take().context("a piped output is missing")?;
    let mut read = String::new();
    let mut here = std::io::stdout();
    let mut line = Vec::new();
    let mut output = BufReader::new(output);
    while output.read_until(b'\n', &mut line)? > 0 {
        here.write_all(&line)?;
        here.flush()?;
        read.push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok((read, child.wait()?.success()))
}

/// What a command prints, or nothing if it cannot be run or fails.
pub fn quiet(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Prints a line. Cargo's own lines go to standard error, so that the two must not be held back.
#[expect(clippy::print_stdout, reason = "a command-line program talks on its standard output")]
pub fn say(line: &str) {
    println!("{line}");
}

fn show(command: &Command) {
    say(&format!("$ {}", text(command)));
}

fn not_started(command: &Command) -> String {
    format!("cannot start `{}`: is it installed?", command.get_program().to_string_lossy())
}

/// The command as one would type it, its program without the path.
pub fn text(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        // Infallible for a String.
        let _ = write!(text, " {}", argument.to_string_lossy());
    }
    text
}
