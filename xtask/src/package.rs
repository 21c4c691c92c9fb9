//! `cargo xtask package`: a folder that `npm pack` makes a package of. It holds the module, the element,
//! its workers and the weights, at the same paths as in the built page.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::say;
use crate::site::{self, copy_folder, copy_into};
use crate::{imports, listing, tools};

/// The scripts that pages and workers start from, wherever they are in `www/`. The modules that they
/// import are packaged too.
const SCRIPTS: [&str; 6] =
    ["running-hand.js", site::WORKER, "pool-worker.js", "learn.js", "learn-worker.js", "line-worker.js"];

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
    fs::write(out.join("package.json"), completed(&template, &manifest(root)?)?)?;
    say(&format!("The package is in {}: `npm pack` makes a file of it.", out.display()));
    Ok(())
}

/// The version of the crate, which the package has too.
pub fn version(root: &Path) -> Result<String> {
    field(&manifest(root)?, "version").context("Cargo.toml names no version")
}

fn manifest(root: &Path) -> Result<String> {
    fs::read_to_string(root.join("Cargo.toml")).context("cannot read Cargo.toml")
}

/// A field of the crate's manifest.
fn field(manifest: &str, name: &str) -> Option<String> {
    let line = format!("{name} = \"");
    let value = manifest.lines().find_map(|found| found.strip_prefix(line.as_str())?.strip_suffix('"'))?;
    Some(value.to_owned())
}

/// The package's manifest, with the crate's version, and its homepage and repository if it names them.
fn completed(template: &str, manifest: &str) -> Result<String> {
    let placeholder = "\"version\": \"0.0.0\"";
    if !template.contains(placeholder) {
        bail!("npm/package.json must have the version 0.0.0, for this command to replace");
    }
    let version = field(manifest, "version").context("Cargo.toml names no version")?;
    let mut fields = format!("\"version\": \"{version}\"");
    if let Some(homepage) = field(manifest, "homepage") {
        fields += &format!(",\n  \"homepage\": \"{homepage}\"");
    }
    if let Some(repository) = field(manifest, "repository") {
        let url = format!("git+{}.git", repository.trim_end_matches('/').trim_end_matches(".git"));
        fields += &format!(",\n  \"repository\": {{ \"type\": \"git\", \"url\": \"{url}\" }}");
    }
    Ok(template.replace(placeholder, &fields))
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
    fn version_homepage_and_repository_are_those_of_the_crate() {
        let root = crate::root().unwrap();
        let template = fs::read_to_string(root.join("npm/package.json")).unwrap();
        let version = version(root).unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
        let own: serde_json::Value =
            serde_json::from_str(&completed(&template, &manifest(root).unwrap()).unwrap()).unwrap();
        assert_eq!(own["version"], version.as_str());
        let named =
            "version = \"1.2.3\"\nhomepage = \"https://hand.example/\"\nrepository = \"https://forge.example/a/b\"\n";
        let found: serde_json::Value = serde_json::from_str(&completed(&template, named).unwrap()).unwrap();
        assert_eq!((&found["version"], &found["homepage"]), (&"1.2.3".into(), &"https://hand.example/".into()));
        assert_eq!(found["repository"]["url"], "git+https://forge.example/a/b.git");
        assert!(completed("{}", named).is_err() && completed(&template, "").is_err());
    }
}
