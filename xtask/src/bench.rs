//! `cargo xtask bench`: measures the engines beside their peers, in a browser and natively, and the page.
//!
//! The benchmarks are in `bench/`, in their peers' languages; this module builds, installs and runs them.

use std::fs;
use std::num::NonZero;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use crate::command::{cargo, command, quiet, run, say};
use crate::{site, tools};

/// A part of the benchmark. They run in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The engines and their peers in a browser
    Browser,
    /// The engines and their peers on this machine, without a browser
    Native,
    /// The page: time to the first ink, memory
    Page,
}

/// Runs the named parts, all if none is named, each engine `rounds` times.
pub fn bench(root: &Path, parts: &[Part], rounds: NonZero<usize>) -> Result<()> {
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let folder = root.join("bench");
    let data = tools::target(root).join("bench");
    let dist = data.join("dist");

    site::assemble(root, &dist, None)?;
    run(cargo(root).args(["build", "--release", "--package", "running-hand", "--example", "bench"]))?;
    let program = tools::target(root).join("release/examples/bench").with_extension(std::env::consts::EXE_EXTENSION);
    tools::npm_packages(root, &folder)?;
    let python = tools::Python::with(root, "bench-venv", &[], &["bench/requirements.txt"])?;
    run(command(&program, root).arg("prepare").arg(&data))?;
    run(python.script(root, &folder.join("network.py")).arg(&data))?;

    say(&format!("\n{}", machine(root)));
    let rounds = rounds.to_string();
    let browser = tools::browser(root)?;
    let node = |script: &str| {
        let mut node = command("node", root);
        node.arg(folder.join(script)).env("CHROME", &browser.chrome);
        node
    };
    if wanted(Part::Browser) {
        run(node("browser.mjs").arg(&data).arg(&dist).arg(&rounds))?;
    }
    if wanted(Part::Native) {
        tools::software_vulkan(root);
        run(python.script(root, &folder.join("native.py")).arg(&data).arg(&program).arg(&rounds))?;
    }
    if wanted(Part::Page) {
        run(node("page.mjs").arg(&dist).arg(&rounds))?;
    }
    Ok(())
}

/// One line about the machine: processor, cores, system, and its load before the benchmark.
fn machine(root: &Path) -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let processor = processor.or_else(|| quiet(command("sysctl", root).args(["-n", "machdep.cpu.brand_string"])));
    let cores = std::thread::available_parallelism().map_or(0, NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty());
    let load = load.map_or_else(String::new, |load| format!(", load {load} before"));
    let (name, system) = (processor.unwrap_or_else(|| "unknown processor".into()), std::env::consts::OS);
    format!("Machine: {name}, {cores} cores, {system} {}{load}", std::env::consts::ARCH)
}
