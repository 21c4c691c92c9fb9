//! `cargo xtask package`: a folder that `npm pack` makes a package of, with the module, the element, its
//! worker and the weights, at the same places beside each other as in the built page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::say;
use crate::site::{self, copy_folder, copy_into};
use crate::{listing, tools};

/// The scripts that others start; what these import comes along.
const SCRIPTS: [&str; 3] = ["element/running-hand.js", "engine/worker.js", "engine/pool-worker.js"];

/// Where the package is made.
pub fn folder(root: &Path) -> PathBuf {
    tools::target(root).join("npm")
}

/// Gathers the package from what `site::build_package` has built.
pub fn gather(root: &Path) -> Result<()> {
    let (out, www) = (folder(root), root.join("www"));
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    copy_folder(&www.join("pkg"), &out.join("pkg"))?;
    for script in imported(&www, &SCRIPTS)? {
        let folder = out.join(&script).parent().map_or_else(|| out.clone(), Path::to_path_buf);
        fs::create_dir_all(&folder)?;
        copy_into(&www.join(&script), &folder)?;
        let types = www.join(script).with_extension("d.ts");
        if types.is_file() {
            copy_into(&types, &folder)?;
        }
    }
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "npm/LICENSE.md", "npm/README.md"] {
        copy_into(&root.join(file), &out)?;
    }
    site::copy_weights(root, &out)?;
    listing::write(&out)?;
    let template = fs::read_to_string(root.join("npm/package.json")).context("cannot read npm/package.json")?;
    fs::write(out.join("package.json"), versioned(&template, &version(root)?)?)?;
    say(&format!("The package is in {}: `npm pack` makes a file of it.", out.display()));
    Ok(())
}

/// The paths of scripts and of everything that they import, `pkg/` aside.
fn imported(www: &Path, scripts: &[&str]) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<String> = scripts.iter().map(|&name| name.to_owned()).collect();
    while let Some(name) = waiting.pop() {
        let script = www.join(&name);
        let text = fs::read_to_string(&script).with_context(|| format!("cannot read {}", script.display()))?;
        for line in text.lines() {
            // A statement, not a type in a comment.
            let statement = line.starts_with("import ") || line.starts_with("export ") || line.starts_with("} from ");
            let specifier = line.split_once("\".").and_then(|(_, rest)| rest.split_once('"')).map(|(path, _)| path);
            if let Some(specifier) = specifier.filter(|_| statement) {
                let path = resolved(&name, &format!(".{specifier}"));
                waiting.extend((!path.starts_with("pkg/") && !found.contains(&path)).then_some(path));
            }
        }
        found.insert(name);
    }
    Ok(found)
}

/// The path that a relative `specifier` names in `script`; both paths are relative to `www`.
fn resolved(script: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = script.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop(),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The version of the crate, which is that of the package.
fn version(root: &Path) -> Result<String> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")?;
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    Ok(version.context("Cargo.toml names no version")?.to_owned())
}

fn versioned(template: &str, version: &str) -> Result<String> {
    let place = "\"version\": \"0.0.0\"";
    template.contains(place).then_some(()).context("npm/package.json: its version is to be 0.0.0, for this command")?;
    Ok(template.replace(place, &format!("\"version\": \"{version}\"")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn scripts_bring_what_they_import_and_nothing_that_only_their_comments_name() {
        let folder = crate::scratch::Scratch::new("imported");
        fs::create_dir_all(folder.path().join("util")).unwrap();
        for (name, text) in [
            (
                "a.js",
                "import { x } from \"./b.js\";\nimport y from \"./pkg/y.js\";\n/** @type {import(\"./d.js\").D} */\n",
            ),
            ("b.js", "import {\n  z,\n} from \"./util/c.js\";\n"),
            ("util/c.js", "import \"../a.js\";\n"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let found: Vec<_> = imported(folder.path(), &["a.js"]).unwrap().into_iter().collect();
        assert_eq!(found, ["a.js", "b.js", "util/c.js"]);
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
