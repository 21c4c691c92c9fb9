//! `cargo xtask package`: a folder that `npm pack` makes a package of. It holds the module, the element,
//! its workers and the weights, at the same paths as in the built page.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::say;
use crate::site::{self, copy_folder, copy_into};
use crate::{imports, listing, tools};

/// The scripts that pages and workers start from, wherever they are in `www/`. The modules that they
/// import are packaged too.
const SCRIPTS: [&str; 5] = ["running-hand.js", site::WORKER, "pool-worker.js", "learn.js", "learn-worker.js"];

/// Where the package is made.
pub fn folder(root: &Path) -> PathBuf {
    tools::target(root).join("npm")
}

/// Assembles the package from what `site::build_package` has built.
pub fn assemble(root: &Path) -> Result<()> {
    let (out, www) = (folder(root), root.join("www"));
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    for module in ["pkg", site::LEARNER] {
        copy_folder(&www.join(module), &out.join(module))?;
    }
    let entries: Vec<String> = SCRIPTS.iter().map(|name| imports::find(&www, name)).collect::<Result<_>>()?;
    for script in imports::graph(&www, &entries)? {
        let (source, copy) = (www.join(&script), out.join(&script));
        let folder = copy.parent().context("a script without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        copy_into(&source, folder)?;
        let types = source.with_extension("d.ts");
        if types.is_file() {
            copy_into(&types, folder)?;
        }
    }
    copy_folder(&root.join("npm"), &out)?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        copy_into(&root.join(file), &out)?;
    }
    site::copy_weights(root, &out)?;
    listing::write_weights(&out)?;
    let template = fs::read_to_string(root.join("npm/package.json")).context("cannot read npm/package.json")?;
    fs::write(out.join("package.json"), versioned(&template, &version(root)?)?)?;
    say(&format!("The package is in {}: `npm pack` makes a file of it.", out.display()));
    Ok(())
}

/// The version of the crate, which the package has too.
fn version(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("Cargo.toml names no version")?.to_owned())
}

fn versioned(template: &str, version: &str) -> Result<String> {
    let placeholder = "\"version\": \"0.0.0\"";
    template
        .contains(placeholder)
        .then_some(())
        .context("npm/package.json must have the version 0.0.0, for this command to replace")?;
    Ok(template.replace(placeholder, &format!("\"version\": \"{version}\"")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_element_and_its_workers_are_found_with_their_imports() {
        let root = crate::root().unwrap();
        let www = root.join("www");
        for name in SCRIPTS {
            let script = imports::find(&www, name).unwrap();
            assert!(fs::read_to_string(www.join(script)).unwrap().contains("import "), "{name} imports nothing");
        }
    }

    #[test]
    fn the_version_is_that_of_the_crate() {
        let root = crate::root().unwrap();
        let template = fs::read_to_string(root.join("npm/package.json")).unwrap();
        let version = version(root).unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
        assert!(versioned(&template, &version).unwrap().contains(&format!("\"version\": \"{version}\"")));
        assert!(versioned("{}", &version).is_err());
    }
}
