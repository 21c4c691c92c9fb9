//! `cargo xtask test`: all tests, in stages, with one line of totals at the end. And the soak test.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::command::{captured, cargo, command, run as run_command, run_and_read, say, text};
use crate::totals::{Runner, Totals};
use crate::{first_ink, libraries, licences, package, packed_crate, site, tools};

/// The packages of this workspace. They are built one after the other: when cargo builds both at once, it
/// enables in each dependency the features that either package needs, and would compile again most of what
/// it compiled to start `xtask`.
const PACKAGES: [&str; 2] = ["running-hand", "xtask"];

/// The folders with the npm packages that the page's tests need: a driver of browsers and TypeScript; other people's
/// bundlers, frameworks and Deno, which build and run projects that use the npm package.
const NPM_PACKAGES: [&str; 2] = ["tests/page", "tests/bundlers"];

/// With those that are part of the page.
const LICENSED: [&str; 3] = [NPM_PACKAGES[0], NPM_PACKAGES[1], libraries::PACKAGES];

/// With the command, which is no default feature of the library.
const FEATURES: [&str; 2] = ["--features", "running-hand/cli"];

/// The features with which a package is checked and tested.
fn features(package: &str) -> &'static [&'static str] {
    if package == "running-hand" { &FEATURES } else { &[] }
}

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

/// The result of a stage.
#[derive(Debug, Default)]
struct Outcome {
    totals: Totals,
    /// Failures that are not of single tests, such as a lint or a build.
    problems: Vec<String>,
}

impl Outcome {
    /// Runs a check that is not a test: it counts only if it fails.
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
        // Failed tests are counted already; a run that failed for another reason would go unseen.
        if !succeeded && totals.failed == 0 {
            self.problems.push(format!("`{command}` failed"));
        }
    }

    fn problem(&mut self, error: &anyhow::Error) {
        let problem = format!("{error:#}");
        say(&format!("! {problem}"));
        self.problems.push(problem);
    }

    /// The totals, where each problem counts as a failure: a run with problems never ends with "0 failed".
    fn counted(&self) -> Totals {
        Totals { passed: self.totals.passed, failed: self.totals.failed + self.problems.len() }
    }
}

/// A stage that has run, its result, and how long it took.
type Done = (Stage, Outcome, Duration);

/// Runs the stages, all if none is named, and tells whether all succeeded.
///
/// The trainer's tests share nothing with the other stages, and Python uses one core most of the time: they
/// run beside the others, and what they print follows when they are due.
pub fn run(root: &Path, stages: &[Stage]) -> Result<bool> {
    let stages = if stages.is_empty() { Stage::value_variants() } else { stages };
    let done = std::thread::scope(|scope| {
        let beside = stages.len() > 1 && stages.contains(&Stage::Train);
        let mut train = beside.then(|| scope.spawn(|| captured(|| run_stage(root, Stage::Train))));
        let mut done = Vec::new();
        for &stage in stages {
            say(&format!("\n======== {} ========", stage.name()));
            let thread = train.take_if(|_| stage == Stage::Train);
            done.push(match thread.map(ScopedJoinHandle::join) {
                None => run_stage(root, stage),
                Some(Ok((stage_done, printed))) => {
                    say(printed.trim_end());
                    stage_done
                }
                Some(Err(panic)) => std::panic::resume_unwind(panic),
            });
        }
        done
    });
    Ok(report(&done))
}

fn run_stage(root: &Path, stage: Stage) -> Done {
    let start = Instant::now();
    let mut outcome = Outcome::default();
    if let Err(error) = stage.run(root, &mut outcome) {
        outcome.problem(&error);
    }
    if stage.has_tests() && outcome.totals == Totals::default() && outcome.problems.is_empty() {
        outcome.problems.push("no test ran".to_owned());
    }
    (stage, outcome, start.elapsed())
}

fn report(done: &[Done]) -> bool {
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
                .args(features(package))
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
    // The examples need the features that tests enable in dependencies. Without them, cargo would check half
    // of the dependencies a second time.
    for (package, targets) in [("running-hand", &["--lib", "--examples"][..]), ("xtask", &[])] {
        outcome.check(
            // With private items: these pages are for people who read the code.
            cargo(root)
                .args(["doc", "--package", package, "--no-deps", "--document-private-items", "--locked"])
                .args(targets)
                .args(features(package))
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"),
        );
    }
    // As docs.rs builds them.
    outcome.check(
        cargo(root)
            .args(["doc", "--package", "running-hand", "--lib", "--no-deps", "--features", "weights", "--locked"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    );
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
        let mut test = cargo(root);
        test.args(["test", "--package", package, "--locked", "--no-fail-fast"]).args(features(package));
        outcome.tests(Runner::Cargo, &mut test);
    }
    match packed_crate::project(root) {
        Ok(mut project) => outcome.check(&mut project),
        Err(error) => outcome.problem(&error),
    }
    // Files for plotters, read by other people's programs.
    outcome.check(&mut build_command(root));
    let python = tools::Python::with(root, "plotters-venv", &[], &["tests/plotters/requirements.txt"])?;
    let mut plotters = python.module(root, "pytest");
    plotters.arg("tests/plotters").env("RUNNING_HAND", tools::program(root, "running-hand"));
    outcome.tests(Runner::Pytest, &mut plotters);
    Ok(())
}

fn web(root: &Path, outcome: &mut Outcome) -> Result<()> {
    tools::wasm_target(root)?;
    let browser = tools::browser(root)?;
    let mut wasm_pack = tools::wasm_pack(root)?;
    // All tools are installed by now: wasm-pack must not download others.
    wasm_pack.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]).arg(browser.driver);
    outcome.tests(Runner::Cargo, &mut wasm_pack);
    Ok(())
}

fn page(root: &Path, outcome: &mut Outcome) -> Result<()> {
    let folder = root.join("tests/page");
    for packages in NPM_PACKAGES {
        tools::npm_packages(root, &root.join(packages))?;
    }
    let browser = tools::browser(root)?;
    let dist = root.join("dist");
    site::assemble(root, &dist, None)?;
    package::assemble(root)?;
    for packages in LICENSED {
        if let Err(error) = licences::packages(root, Path::new(packages)) {
            outcome.problem(&error);
        }
    }
    if let Err(error) = first_ink::check(&dist) {
        outcome.problem(&error);
    }
    // The service worker has other global types than the page.
    for project in ["tsconfig.json", "tsconfig.worker.json"] {
        outcome.check(command("npx", &folder).args(["--no-install", "tsc", "--project", project]));
    }
    outcome.check(&mut build_command(root));
    // Named one by one: versions of Node differ in how they treat a folder.
    let tests = page_tests(&folder)?;
    let mut node = command("node", root);
    node.args(["--test", "--test-reporter=spec"]).args(tests).env("CHROME", browser.chrome);
    node.env("PACKAGE", package::folder(root));
    node.env("RUNNING_HAND", tools::program(root, "running-hand")).env("XTASK", std::env::current_exe()?);
    // Without Firefox, its tests fail with a message.
    match tools::firefox(root) {
        Ok(firefox) => _ = node.env("FIREFOX", firefox),
        Err(error) => outcome.problem(&error),
    }
    outcome.tests(Runner::Node, &mut node);
    Ok(())
}

/// Builds the command `running-hand`, with whose output the page's is compared. As part of its own test, it
/// shares dependencies with the native tests; `cargo build` enables other features and compiles wgpu again.
fn build_command(root: &Path) -> Command {
    let mut build = cargo(root);
    build.args(["test", "--package", "running-hand", "--test", "command", "--locked", "--no-run"]).args(FEATURES);
    build
}

/// The soak test, which gets `arguments`.
pub fn soak(root: &Path, arguments: &[OsString]) -> Result<()> {
    let folder = root.join("tests/page");
    tools::npm_packages(root, &folder)?;
    let browser = tools::browser(root)?;
    site::assemble(root, &root.join("dist"), None)?;
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
