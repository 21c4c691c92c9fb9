//! Uses the crate as it would be published: packs it, unpacks it into a project outside of this workspace, builds that and
//! runs it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, quiet, run};
use crate::site::{copy_folder, copy_into};
use crate::tools;

/// Folders and files at the top of the crate.
const CONTENTS: [&str; 11] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "build.rs",
    "examples",
    "shaders",
    "src",
    "weights",
];

/// Packs the crate and unpacks it into a project, of which the command that builds and runs it is returned.
pub fn project(root: &Path) -> Result<Command> {
    check_contents(root)?;
    let target = tools::target(root);
    let project = target.join("packed-crate");
    if project.exists() {
        fs::remove_dir_all(&project).with_context(|| format!("cannot empty {}", project.display()))?;
    }
    copy_folder(&root.join("tests/packed-crate"), &project)?;
    // The versions that are tested here; cargo leaves out those that the project does not need.
    copy_into(&root.join("Cargo.lock"), &project)?;
    run(cargo(root).args(["package", "--package", "running-hand", "--no-verify", "--allow-dirty", "--quiet"]))?;
    let version = crate::package::version(root)?;
    let packed = target.join("package").join(format!("running-hand-{version}.crate"));
    run(command("tar", &project).arg("-xzf").arg(packed))?;
    fs::rename(project.join(format!("running-hand-{version}")), project.join("running-hand"))?;
    let mut start = cargo(&project);
    start.args(["run", "--quiet"]).env("CARGO_TARGET_DIR", target);
    Ok(start)
}

/// Checks that the crate holds what a user needs, and no more.
fn check_contents(root: &Path) -> Result<()> {
    let mut list = cargo(root);
    list.args(["package", "--package", "running-hand", "--allow-dirty", "--quiet", "--list"]);
    let list = quiet(&mut list).context("cargo does not tell what it would pack")?;
    let mut found: Vec<&str> = list.lines().filter_map(|file| file.split(['/', '\\']).next()).collect();
    // What cargo adds.
    found.retain(|name| !["Cargo.toml.orig", ".cargo_vcs_info.json"].contains(name));
    found.sort_unstable();
    found.dedup();
    if found != CONTENTS {
        bail!("the crate holds {found:?}, and should hold {CONTENTS:?}");
    }
    if let Some(test) = list.lines().find(|file| file.ends_with("tests.rs")) {
        bail!("the crate holds tests: {test}");
    }
    Ok(())
}
