//! The repository's commands, run as `cargo xtask NAME`. Each installs what it is missing.
//!
//! `site` builds the WASM module and gathers the page, `listing` lists its files, `package` makes one
//! for npm, `serve` hands the page to a browser, `check` is `cargo xtask test`, `bench` measures, `fuzz`
//! runs a fuzz target, `check` the soak test too; `command` and `tools` run and find other programs, `totals` counts tests.

#![forbid(unsafe_code)]

mod bench;
mod check;
mod command;
mod fuzz;
mod licences;
mod listing;
mod package;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod scratch;
mod serve;
mod site;
mod tools;
mod totals;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
Usage: cargo xtask COMMAND

  serve [--port N]     build the page and serve it on 127.0.0.1 (port 8080, or the next free one)
  build [--out DIR]    build the page as a folder that any web host can serve (dist)
  package              make the npm package, as a folder (target/npm)
  test [STAGE...]      run all tests, or only the named stages: lint native web page train
  fuzz TARGET [ARG...] run a target of fuzz/ until it is stopped; libFuzzer's arguments, such as -runs=1000
  soak [ARG...]        press everything and write for an hour, watching memory; --minutes N --pages N --presses N
  bench [--rounds N] [PART...]
                       measure the engines beside their peers (7 rounds); parts: browser native page
";

/// How often each engine has its turn in a bench.
const ROUNDS: NonZero<usize> = NonZero::new(7).unwrap();

enum Task {
    Help,
    Serve { port: Option<u16> },
    Build { out: PathBuf },
    Package,
    Test { stages: Vec<check::Stage> },
    Bench { parts: Vec<String>, rounds: NonZero<usize> },
    Fuzz { arguments: Vec<std::ffi::OsString> },
    Soak { arguments: Vec<std::ffi::OsString> },
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well: an error would hide the last line of the tests' totals.
fn run() -> Result<bool> {
    let task = parse(lexopt::Parser::from_env()).context("see `cargo xtask --help`")?;
    let root = root()?;
    match task {
        Task::Help => command::say(HELP.trim_end()),
        Task::Serve { port } => {
            // The port first: a mistake there should not show only after the build.
            let server = serve::bind(port)?;
            site::build_package(root)?;
            serve::serve(root, &server)?;
        }
        Task::Build { out } => site::assemble(root, &out)?,
        Task::Package => {
            site::build_package(root)?;
            package::gather(root)?;
        }
        Task::Test { stages } => return check::run(root, &stages),
        Task::Bench { parts, rounds } => bench::bench(root, &parts, rounds)?,
        Task::Fuzz { arguments } => fuzz::run(root, &arguments)?,
        Task::Soak { arguments } => check::soak(root, &arguments)?,
    }
    Ok(true)
}

fn parse(mut arguments: lexopt::Parser) -> Result<Task> {
    let Some(first) = arguments.next()? else { return Ok(Task::Help) };
    let mut task = match first {
        Long("help") | Short('h') => return Ok(Task::Help),
        Value(name) => match name.string()?.as_str() {
            "help" => return Ok(Task::Help),
            "serve" => Task::Serve { port: None },
            "build" => Task::Build { out: PathBuf::from("dist") },
            "package" => Task::Package,
            "test" => Task::Test { stages: Vec::new() },
            "bench" => Task::Bench { parts: Vec::new(), rounds: ROUNDS },
            // What follows is for another program.
            "fuzz" => return Ok(Task::Fuzz { arguments: arguments.raw_args()?.collect() }),
            "soak" => return Ok(Task::Soak { arguments: arguments.raw_args()?.collect() }),
            other => bail!("there is no command `{other}`"),
        },
        other => return Err(other.unexpected().into()),
    };
    while let Some(argument) = arguments.next()? {
        match (&mut task, argument) {
            (_, Long("help") | Short('h')) => return Ok(Task::Help),
            (Task::Serve { port }, Long("port")) => *port = Some(arguments.value()?.parse()?),
            (Task::Build { out }, Long("out")) => *out = arguments.value()?.into(),
            (Task::Test { stages }, Value(name)) => stages.push(name.parse()?),
            (Task::Bench { rounds, .. }, Long("rounds")) => *rounds = arguments.value()?.parse()?,
            (Task::Bench { parts, .. }, Value(name)) => parts.push(name.string()?),
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    Ok(task)
}

/// The repository's root, where every command runs: the folder above this package.
fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the xtask package has no parent folder")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Task> {
        parse(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn commands_and_their_options() {
        assert!(matches!(parsed(&[]).unwrap(), Task::Help));
        assert!(matches!(parsed(&["serve", "--help"]).unwrap(), Task::Help));
        assert!(matches!(parsed(&["serve", "--port", "9000"]).unwrap(), Task::Serve { port: Some(9000) }));
        assert!(matches!(parsed(&["build", "--out=x"]).unwrap(), Task::Build { out } if out == Path::new("x")));
        let bench = parsed(&["bench", "--rounds", "3", "page"]).unwrap();
        assert!(matches!(bench, Task::Bench { parts, rounds } if parts == ["page"] && rounds.get() == 3));
        assert!(matches!(parsed(&["test", "web", "page"]).unwrap(), Task::Test { stages } if stages.len() == 2));
        let fuzz = parsed(&["fuzz", "weights", "-runs=5"]).unwrap();
        assert!(matches!(fuzz, Task::Fuzz { arguments } if arguments == ["weights", "-runs=5"]));
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, named) in [
            (&["server"][..], "server"),
            (&["serve", "--port", "many"], "many"),
            (&["build", "--port", "1"], "--port"),
            (&["test", "everything"], "everything"),
            (&["bench", "--rounds", "0"], "zero"),
        ] {
            let error = format!("{:#}", parsed(arguments).err().unwrap());
            assert!(error.contains(named), "{error}");
        }
    }
}
