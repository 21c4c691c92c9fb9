//! Finds the programs that the commands need, and installs those that are missing.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, command, quiet, run, say};

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The version that is installed if wasm-pack is missing.
const WASM_PACK: &str = "0.15.1";

/// The spell checker. It is not one of the trainer's requirements, as it checks the whole repository.
const SPELLING: &str = "codespell==2.4.3";

/// One installation at a time: stages that run beside each other need the same Python packages, and apt-get
/// refuses to run twice.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Where cargo builds.
pub fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Where cargo puts a program of this workspace in a development build.
pub fn program(root: &Path, name: &str) -> PathBuf {
    target(root).join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Adds Rust's standard library for WASM if it is missing.
pub fn wasm_target(root: &Path) -> Result<()> {
    let mut rustc = command(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), root);
    let library = quiet(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if library.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    run(command("rustup", root).args(["target", "add", WASM_TARGET])).with_context(|| {
        format!("Rust cannot build for {WASM_TARGET}: install that target, with rustup or as your system does")
    })
}

/// The command `wasm-pack`, with a PATH that begins with the folder of the wasm-bindgen it must use.
///
/// By default, wasm-pack downloads wasm-bindgen, or compiles it in release mode where the download fails.
/// Built here from this workspace's lock file, it always has the right version and needs nothing but the
/// package registry.
pub fn wasm_pack(root: &Path) -> Result<Command> {
    let folder = target(root).join("tools");
    let programs = folder.join("bin");
    fs::create_dir_all(&programs)?;
    if find("wasm-pack", &[&programs]).is_none() {
        say("wasm-pack is missing: compiling it takes a minute or two.");
        install(root, &folder, "wasm-pack", WASM_PACK)?;
    }
    say("Building wasm-bindgen's test runner: the first time takes about a minute.");
    let names = ["bindgen", "bindgen-test-runner"];
    run(cargo(root)
        .args(["build", "--locked", "--package", "xtask", "--features", "test-runner"])
        .args(names.iter().flat_map(|name| ["--bin", name])))?;
    for name in names {
        fs::copy(program(root, name), programs.join(format!("wasm-{name}{}", env::consts::EXE_SUFFIX)))
            .with_context(|| format!("cannot copy {name} to {}", programs.display()))?;
    }
    let mut path = OsString::from(&programs);
    if let Some(others) = env::var_os("PATH") {
        path = env::join_paths(std::iter::once(programs.clone()).chain(env::split_paths(&others)))?;
    }
    let mut command = command(find("wasm-pack", &[&programs]).context("wasm-pack was not installed")?, root);
    command.env("PATH", path);
    Ok(command)
}

/// Installs a program from crates.io under `folder`.
fn install(root: &Path, folder: &Path, package: &str, version: &str) -> Result<()> {
    let locked = |locked: &[&str]| {
        let mut install = cargo(root);
        install.args(["install", package, "--version", version, "--debug", "--root"]).arg(folder).args(locked);
        run(&mut install)
    };
    // A mirror of the registry may lack the newest versions that a lock file names.
    locked(&["--locked"]).or_else(|_| locked(&[]))
}

/// A browser and its WebDriver program.
pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

/// Finds Chrome or Chromium with its driver, and installs Chromium where apt can.
pub fn browser(root: &Path) -> Result<Browser> {
    if let Some(browser) = find_browser() {
        return Ok(browser);
    }
    say("Chrome or chromedriver is missing.");
    let advice = "install Chrome or Chromium and its chromedriver (on Debian: chromium chromium-driver), \
                  or set CHROME and CHROMEDRIVER to where they are";
    apt(root, &["chromium", "chromium-driver"]).context(advice)?;
    find_browser().context(advice)
}

fn find_browser() -> Option<Browser> {
    let from_environment = |variable| env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    let chrome = from_environment("CHROME").or_else(|| {
        let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
        ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
            .iter()
            .find_map(|name| find(name, &[]))
            .or_else(|| mac.is_file().then(|| mac.to_owned()))
    })?;
    let driver = from_environment("CHROMEDRIVER").or_else(|| {
        // GitHub's runners name the folder of the driver that matches their Chrome.
        let folder = env::var_os("CHROMEWEBDRIVER").map(PathBuf::from).unwrap_or_default();
        find("chromedriver", &[&folder, Path::new("/usr/lib/chromium"), Path::new("/usr/lib/chromium-browser")])
    })?;
    Some(Browser { chrome, driver })
}

/// Finds Firefox, and installs it where apt can.
pub fn firefox(root: &Path) -> Result<PathBuf> {
    let find_firefox = || {
        let mac = Path::new("/Applications/Firefox.app/Contents/MacOS/firefox");
        env::var_os("FIREFOX")
            .map(PathBuf::from)
            .filter(|path| path.is_file())
            .or_else(|| ["firefox-esr", "firefox"].iter().find_map(|name| find(name, &[])))
            .or_else(|| mac.is_file().then(|| mac.to_owned()))
    };
    if let Some(firefox) = find_firefox() {
        return Ok(firefox);
    }
    say("Firefox is missing.");
    let advice = "install Firefox (on Debian: firefox-esr), or set FIREFOX to where it is";
    apt(root, &["firefox-esr"]).context(advice)?;
    find_firefox().context(advice)
}

/// Installs a software Vulkan adapter where there is no adapter, for the GPU engine's native tests. These
/// pass without one, and say so; a failure here is therefore only printed.
pub fn software_vulkan(root: &Path) {
    let drivers = fs::read_dir("/usr/share/vulkan/icd.d").is_ok_and(|mut folder| folder.next().is_some());
    if !cfg!(target_os = "linux") || drivers {
        return;
    }
    if let Err(error) = apt(root, &["libvulkan1", "mesa-vulkan-drivers"]) {
        say(&format!("No Vulkan driver, so native GPU tests have nothing to run on ({error:#})."));
    }
}

/// Makes sure that Node.js and npm are installed.
pub fn node(root: &Path) -> Result<()> {
    if find("node", &[]).is_some() && find("npm", &[]).is_some() {
        return Ok(());
    }
    let advice = "install Node.js 20 or newer, with npm";
    apt(root, &["nodejs", "npm"]).context(advice)
}

/// Installs the packages of a folder's package-lock.json, unless that was done before.
pub fn npm_packages(root: &Path, folder: &Path) -> Result<()> {
    node(root)?;
    let lock = folder.join("package-lock.json");
    let wanted = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = folder.join("node_modules/.running-hand");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    // Playwright must not download a browser: the tests use the system's.
    run(command("npm", folder).args(["ci", "--no-audit", "--no-fund"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// A Python virtual environment under the target folder.
pub struct Python {
    programs: PathBuf,
}

impl Python {
    /// With what the trainer and its tests need.
    pub fn new(root: &Path) -> Result<Python> {
        let files = ["train/requirements.txt", "train/requirements-dev.txt"];
        Python::with(root, "venv", &[SPELLING], &files)
    }

    /// The environment in the folder `name`, with `packages` and those of the requirements `files` that exist.
    pub fn with(root: &Path, name: &str, packages: &[&str], files: &[&str]) -> Result<Python> {
        let _lock = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = target(root).join(name);
        let python = Python { programs: folder.join(if cfg!(windows) { "Scripts" } else { "bin" }) };
        let files: Vec<PathBuf> = files.iter().map(|name| root.join(name)).filter(|path| path.is_file()).collect();
        let mut wanted: String = packages.iter().map(|package| format!("{package}\n")).collect();
        for file in &files {
            wanted += &fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        }
        let stamp = folder.join("requirements.installed");
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(python);
        }
        let system =
            ["python3", "python"].iter().find_map(|name| find(name, &[])).context("install Python 3.11 or newer")?;
        let make = || run(command(&system, root).args(["-m", "venv", "--clear"]).arg(&folder));
        // On Debian, the venv module is a separate package.
        make().or_else(|_| {
            apt_unlocked(root, &["python3-venv"]).context("Python's venv module is missing: install it")?;
            make()
        })?;
        let mut install = python.module(root, "pip");
        install.args(["install", "--quiet", "--disable-pip-version-check"]).args(packages);
        for file in &files {
            install.arg("--requirement").arg(file);
        }
        run(&mut install)?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
        Ok(python)
    }

    /// A script, run in the repository's root.
    pub fn script(&self, root: &Path, script: &Path) -> Command {
        let mut command = command(self.programs.join("python"), root);
        command.arg(script);
        command
    }

    /// A Python module run as a program, in the repository's root.
    pub fn module(&self, root: &Path, name: &str) -> Command {
        let mut command = command(self.programs.join("python"), root);
        command.args(["-m", name]);
        command
    }
}

/// Installs Debian packages, if this is such a system and the user has the rights.
fn apt(root: &Path, packages: &[&str]) -> Result<()> {
    let _lock = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    apt_unlocked(root, packages)
}

/// As `apt`, for callers that hold the lock.
fn apt_unlocked(root: &Path, packages: &[&str]) -> Result<()> {
    if find("apt-get", &[]).is_none() {
        bail!("this system has no apt-get to install {} with", packages.join(" "));
    }
    let program = if quiet(command("id", root).arg("-u")).as_deref() == Some("0") {
        &["apt-get"][..]
    } else if quiet(command("sudo", root).args(["-n", "true"])).is_some() {
        &["sudo", "-n", "apt-get"]
    } else {
        bail!("only an administrator can install {}", packages.join(" "));
    };
    let apt = |arguments: &[&str]| {
        let mut apt = command(program[0], root);
        apt.args(&program[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut apt)
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

/// The first program of a name, in `folders` or on the path.
fn find(name: &str, folders: &[&Path]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let on_path = env::split_paths(&path);
    folders.iter().map(|folder| folder.to_path_buf()).chain(on_path).map(|folder| folder.join(&name)).find(|path| {
        // An empty folder name would stand for the current folder.
        path.is_absolute() && path.is_file()
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_named_folders_first() {
        let folder = crate::scratch::Scratch::new("programs");
        let program = folder.path().join(format!("cargo{}", env::consts::EXE_SUFFIX));
        fs::write(&program, "").unwrap();
        assert_eq!(find("cargo", &[folder.path()]), Some(program));
        assert_eq!(find("no-such-program", &[folder.path(), Path::new("")]), None);
    }
}
