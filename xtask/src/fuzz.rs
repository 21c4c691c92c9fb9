//! `cargo xtask fuzz`: a target of `fuzz/` under libFuzzer, with the stable compiler. `cargo fuzz run`
//! does the same with an address sanitizer on top, for which it needs a nightly one.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, run as run_command};

/// The compiler flags of cargo-fuzz: record which code is reached and which values are compared.
const COVERAGE: [&str; 7] = [
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Builds and runs a target with libFuzzer's `arguments`. Inputs that reach new code are kept in
/// `fuzz/corpus/`, inputs that fail in `fuzz/artifacts/`.
pub fn run(root: &Path, target: &str, arguments: &[OsString]) -> Result<()> {
    let targets = targets(root)?;
    if !targets.iter().any(|known| known == target) {
        bail!("there is no fuzz target `{target}`, only {}", targets.join(", "));
    }
    let folder = root.join("fuzz");
    let host = host(root)?;
    // With --target, RUSTFLAGS do not apply to build scripts.
    run_command(
        cargo(&folder)
            .args(["build", "--release", "--locked", "--bin", target, "--target", &host])
            .env("RUSTFLAGS", COVERAGE.join(" ")),
    )?;
    let corpus = folder.join("corpus").join(target);
    let artifacts = folder.join("artifacts").join(target);
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut fuzzer = command(folder.join("target").join(&host).join("release").join(target), root);
    fuzzer.args(["-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"]).args(arguments);
    fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(corpus);
    let seeds = folder.join("seeds").join(target);
    if seeds.is_dir() {
        fuzzer.arg(seeds);
    }
    run_command(&mut fuzzer)
}

fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        targets.extend(entry?.path().file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

/// The compiler's target triple for this machine.
fn host(root: &Path) -> Result<String> {
    let said = command("rustc", root).arg("-vV").output().context("cannot run rustc")?.stdout;
    let said = String::from_utf8_lossy(&said);
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` prints no host")
}
