//! The repository's commands, run as `cargo xtask COMMAND`. Each installs the tools that it misses.

#![forbid(unsafe_code)]

mod bench;
mod check;
mod command;
mod first_ink;
mod fuzz;
mod imports;
mod libraries;
mod licences;
mod listing;
mod package;
mod packed_crate;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod scratch;
mod serve;
mod site;
mod tools;
mod totals;

use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

/// The repository's commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the page and serve it on 127.0.0.1
    Serve {
        /// Port, or 0 for any free one [default: 8080, or the next free one]
        #[arg(long)]
        port: Option<u16>,
        /// Serve what was built before
        #[arg(long)]
        no_build: bool,
    },
    /// Build the page as a folder that any web host can serve
    Build {
        #[arg(long, default_value = "dist")]
        out: PathBuf,
        /// The address at which it will be served, for the picture that others show with its links
        #[arg(long, value_name = "URL", value_parser = site::address)]
        site: Option<String>,
    },
    /// Make the npm package, as a folder (target/npm)
    Package,
    /// Run all tests, or only the named stages
    Test { stages: Vec<check::Stage> },
    /// Measure the engines beside their peers
    Bench {
        parts: Vec<bench::Part>,
        /// How often each engine has its turn
        #[arg(long, default_value = "7")]
        rounds: NonZero<usize>,
    },
    /// Run a target of fuzz/ until it is stopped
    Fuzz {
        target: String,
        /// For libFuzzer, such as -runs=1000
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Press everything on the page and write for an hour, watching memory
    Soak {
        /// --minutes N, --pages N, --presses N
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task. Failed tests are `Ok(false)`, not an error: nothing may follow their line of totals.
fn run(task: Task) -> Result<bool> {
    let root = root()?;
    match task {
        Task::Serve { port, no_build } => {
            // Before the build, which takes minutes: a port in use should show at once.
            let listener = serve::bind(port)?;
            if !no_build {
                site::build_package(root)?;
            }
            serve::serve(root, listener)?;
        }
        Task::Build { out, site } => site::assemble(root, &out, site.as_deref())?,
        Task::Package => {
            site::build_package(root)?;
            package::assemble(root)?;
        }
        Task::Test { stages } => return check::run(root, &stages),
        Task::Bench { parts, rounds } => bench::bench(root, &parts, rounds)?,
        Task::Fuzz { target, arguments } => fuzz::run(root, &target, &arguments)?,
        Task::Soak { arguments } => check::soak(root, &arguments)?,
    }
    Ok(true)
}

/// The repository's root, where every command runs: the folder above this package.
fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the xtask package has no parent folder")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Task, clap::Error> {
        Arguments::try_parse_from([&["xtask"], arguments].concat()).map(|arguments| arguments.task)
    }

    #[test]
    fn the_definition_of_the_arguments_is_consistent() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn commands_and_their_options() {
        use bench::Part;
        use check::Stage;
        assert!(matches!(parsed(&["serve"]).unwrap(), Task::Serve { port: None, no_build: false }));
        let serve = parsed(&["serve", "--port", "9000", "--no-build"]).unwrap();
        assert!(matches!(serve, Task::Serve { port: Some(9000), no_build: true }));
        let built = parsed(&["build", "--out=x", "--site=https://example.org/hand"]).unwrap();
        let Task::Build { out, site } = built else { unreachable!() };
        assert_eq!((out.as_path(), site.as_deref()), (Path::new("x"), Some("https://example.org/hand/")));
        assert!(matches!(parsed(&["build"]).unwrap(), Task::Build { site: None, .. }));
        let bench = parsed(&["bench", "--rounds", "3", "page"]).unwrap();
        assert!(matches!(bench, Task::Bench { parts, rounds } if parts == [Part::Page] && rounds.get() == 3));
        let test = parsed(&["test", "web", "page"]).unwrap();
        assert!(matches!(test, Task::Test { stages } if stages == [Stage::Web, Stage::Page]));
        let fuzz = parsed(&["fuzz", "weights", "-runs=5"]).unwrap();
        assert!(matches!(fuzz, Task::Fuzz { target, arguments } if target == "weights" && arguments == ["-runs=5"]));
        let soak = parsed(&["soak", "--minutes", "2"]).unwrap();
        assert!(matches!(soak, Task::Soak { arguments } if arguments == ["--minutes", "2"]));
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, named) in [
            (&["server"][..], "server"),
            (&["serve", "--port", "many"], "many"),
            (&["build", "--port", "1"], "--port"),
            (&["build", "--site", "example.org"], "https://"),
            (&["test", "everything"], "everything"),
            (&["bench", "--rounds", "0"], "zero"),
            (&["bench", "engine"], "engine"),
            (&["fuzz"], "TARGET"),
        ] {
            let error = parsed(arguments).err().unwrap().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
