//! `cargo xtask test`: every test there is, in stages, with one line of totals at the end.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::command::{cargo, command, run as run_command, run_and_read, say, text};
use crate::totals::{Runner, Totals};
use crate::{first_ink, licences, package, site, tools};

/// The packages of this workspace. They are built one after the other, because cargo, when it builds
/// both at once, turns on in each dependency what either package asks of it: most would be compiled
/// again, having been compiled for `xtask` alone when it was started.
const PACKAGES: [&str; 2] = ["running-hand", "xtask"];

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Formatting, lints, documentation, spelling, licences
    Lint,
    /// Rust tests on this machine
    Native,
    /// Rust tests in headless Chrome
    Web,
    /// The page in real browsers
    Page,
    /// The trainer's tests
    Train,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Stage::Lint => "lint",
            Stage::Native => "native",
            Stage::Web => "web",
            Stage::Page => "page",
            Stage::Train => "train",
        }
    }

    fn has_tests(self) -> bool {
        self != Stage::Lint
    }

    fn run(self, root: &Path, outcome: &mut Outcome) -> Result<()> {
        match self {
            Stage::Lint => lint(root, outcome),
            Stage::Native => native(root, outcome),
            Stage::Web => web(root, outcome),
            Stage::Page => page(root, outcome),
            Stage::Train => train(root, outcome),
        }
    }
}

/// What became of a stage.
#[derive(Debug, Default)]
struct Outcome {
    totals: Totals,
    /// What failed beside single tests, such as a lint or a build.
    problems: Vec<String>,
}

impl Outcome {
    /// Runs a check that is no test: it counts only if it fails.
    fn check(&mut self, command: &mut Command) {
        if let Err(error) = run_command(command) {
            self.problem(&error);
        }
    }

    /// Runs tests and adds up their totals.
    fn tests(&mut self, runner: Runner, command: &mut Command) {
        match run_and_read(command) {
            Ok((printed, succeeded)) => self.add(runner.totals(&printed), succeeded, &text(command)),
            Err(error) => self.problem(&error),
        }
    }

    fn add(&mut self, totals: Totals, succeeded: bool, command: &str) {
        self.totals += totals;
        // Failed tests speak for themselves; a run that broke otherwise would go unseen.
        if !succeeded && totals.failed == 0 {
            self.problems.push(format!("`{command}` failed"));
        }
    }

    fn problem(&mut self, error: &anyhow::Error) {
        let problem = format!("{error:#}");
        say(&format!("! {problem}"));
        self.problems.push(problem);
    }

    /// Tests passed and failed; each other problem is one failure, so that a run that went wrong
    /// never ends with "0 failed".
    fn counted(&self) -> Totals {
        Totals { passed: self.totals.passed, failed: self.totals.failed + self.problems.len() }
    }
}

/// Runs the stages, all if none is named, and tells whether all went well.
pub fn run(root: &Path, stages: &[Stage]) -> Result<bool> {
    let stages = if stages.is_empty() { Stage::value_variants() } else { stages };
    let mut done = Vec::new();
    for &stage in stages {
        say(&format!("\n======== {} ========", stage.name()));
        let start = Instant::now();
        let mut outcome = Outcome::default();
        if let Err(error) = stage.run(root, &mut outcome) {
            outcome.problem(&error);
        }
        if stage.has_tests() && outcome.totals == Totals::default() && outcome.problems.is_empty() {
            outcome.problems.push("no test ran".to_owned());
        }
        done.push((stage, outcome, start.elapsed()));
    }
    Ok(report(&done))
}

fn report(done: &[(Stage, Outcome, Duration)]) -> bool {
    say("\n======== totals ========");
    let mut all = Totals::default();
    for (stage, outcome, time) in done {
        let counted = outcome.counted();
        all += counted;
        let seconds = time.as_secs();
        let verdict = if counted.failed == 0 { "ok" } else { "FAILED" };
        let count = format!("{} passed, {} failed", counted.passed, counted.failed);
        say(&format!("{:<8}{verdict:<8}{count:<26}{} min {:02} s", stage.name(), seconds / 60, seconds % 60));
        for problem in &outcome.problems {
            say(&format!("        {problem}"));
        }
    }
    // Alone on the last line, in this form, for programs that read it.
    say(&format!("{} passed, {} failed", all.passed, all.failed));
    all.failed == 0
}

fn lint(root: &Path, outcome: &mut Outcome) -> Result<()> {
    outcome.check(cargo(root).args(["fmt", "--all", "--check"]));
    for package in PACKAGES {
        outcome.check(
            cargo(root)
                .args(["clippy", "--package", package, "--all-targets", "--locked"])
                .args(["--", "-D", "warnings"]),
        );
    }
    tools::wasm_target(root)?;
    outcome.check(
        cargo(root)
            .args([
                "clippy",
                "--package",
                "running-hand",
                "--lib",
                "--tests",
                "--locked",
                "--target",
                tools::WASM_TARGET,
            ])
            .args(["--", "-D", "warnings"]),
    );
    for package in PACKAGES {
        outcome.check(
            // With private items: these pages are for people who read the code.
            cargo(root)
                .args(["doc", "--package", package, "--no-deps", "--document-private-items", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"),
        );
    }
    let python = tools::Python::new(root)?;
    outcome.check(python.module(root, "ruff").args(["check", "train", "bench"]));
    outcome.check(&mut python.module(root, "codespell_lib"));
    if let Err(error) = licences::crates(root) {
        outcome.problem(&error);
    }
    Ok(())
}

fn native(root: &Path, outcome: &mut Outcome) -> Result<()> {
    tools::software_vulkan(root);
    for package in PACKAGES {
        outcome.tests(Runner::Cargo, cargo(root).args(["test", "--package", package, "--locked", "--no-fail-fast"]));
    }
    Ok(())
}

fn web(root: &Path, outcome: &mut Outcome) -> Result<()> {
    tools::wasm_target(root)?;
    let browser = tools::browser(root)?;
    let mut wasm_pack = tools::wasm_pack(root)?;
    // What is needed is there by now, so nothing else is downloaded.
    wasm_pack.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]).arg(browser.driver);
    outcome.tests(Runner::Cargo, &mut wasm_pack);
    Ok(())
}

fn page(root: &Path, outcome: &mut Outcome) -> Result<()> {
    let folder = root.join("tests/page");
    tools::npm_packages(root, &folder)?;
    let browser = tools::browser(root)?;
    let dist = root.join("dist");
    site::assemble(root, &dist)?;
    package::assemble(root)?;
    if let Err(error) = licences::packages(root, Path::new("tests/page")) {
        outcome.problem(&error);
    }
    if let Err(error) = first_ink::check(&dist) {
        outcome.problem(&error);
    }
    // The service worker lives in another world than the page, so its types are other ones.
    for project in ["tsconfig.json", "tsconfig.worker.json"] {
        outcome.check(command("npx", &folder).args(["--no-install", "tsc", "--project", project]));
    }
    // Named one by one: Node's versions differ in what they make of a folder.
    let tests = page_tests(&folder)?;
    let mut node = command("node", root);
    node.args(["--test", "--test-reporter=spec"]).args(tests).env("CHROME", browser.chrome);
    node.env("PACKAGE", package::folder(root));
    // Without Firefox its tests fail, and say so.
    match tools::firefox(root) {
        Ok(firefox) => _ = node.env("FIREFOX", firefox),
        Err(error) => outcome.problem(&error),
    }
    outcome.tests(Runner::Node, &mut node);
    Ok(())
}

/// The soak test: what it is told goes on to it.
pub fn soak(root: &Path, arguments: &[OsString]) -> Result<()> {
    let folder = root.join("tests/page");
    tools::npm_packages(root, &folder)?;
    let browser = tools::browser(root)?;
    site::assemble(root, &root.join("dist"))?;
    run_command(command("node", root).arg(folder.join("soak.js")).args(arguments).env("CHROME", browser.chrome))
}

fn page_tests(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut tests = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".test.js") || name.ends_with(".test.mjs") {
            tests.push(path);
        }
    }
    tests.sort();
    if tests.is_empty() {
        bail!("{} holds no *.test.js", folder.display());
    }
    Ok(tests)
}

fn train(root: &Path, outcome: &mut Outcome) -> Result<()> {
    let python = tools::Python::new(root)?;
    outcome.tests(Runner::Pytest, python.module(root, "pytest").arg("train/tests"));
    Ok(())
}
