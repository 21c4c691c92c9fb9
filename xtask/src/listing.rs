//! `site-files.js` of the built page: which version it is, and the SHA-256 of its weights, which the page checks its
//! downloads against. `all-files.js`: likewise that of every file, from which the service worker caches exactly the files
//! of one version. They are two, because the page waits for the first one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::imports;

/// The names of the lists. In `www/` they list no file, for the page when it is served from its sources.
const LIST: &str = "site-files.js";
const ALL: &str = "all-files.js";

/// Whether the version depends on `path`. The lists name the version themselves, browsers cache the service worker with
/// its list themselves, no page loads type declarations, and hosts do not serve their own configuration (`_headers`,
/// `.nojekyll`).
fn is_listed(path: &str) -> bool {
    let is_list = [LIST, ALL].iter().any(|name| path.ends_with(&format!("/{name}")) || path == *name);
    !is_list && path != "sw.js" && !path.starts_with(['_', '.']) && !path.ends_with(".d.ts")
}

struct File {
    sha256: String,
    bytes: usize,
}

impl File {
    fn new(bytes: &[u8]) -> Self {
        Self { sha256: hex(&Sha256::digest(bytes)), bytes: bytes.len() }
    }
}

/// Lists the files of a built page in its lists, which are there already, in any folder.
pub fn write(site: &Path) -> Result<()> {
    let (list, all) = (write_weights(site)?, imports::find(site, ALL)?);
    let mut files = files(site)?;
    let build = build(&files);
    let bytes = fs::read(site.join(&list)).with_context(|| format!("cannot read {list}"))?;
    files.insert(list, File::new(&bytes));
    write_list(&site.join(all), &text(&build, &files))
}

/// Lists the weights alone; a package has no other list, since bundlers rename its files. Returns where the list is.
pub fn write_weights(site: &Path) -> Result<String> {
    let list = imports::find(site, LIST)?;
    let mut files = files(site)?;
    let build = build(&files);
    files.retain(|path, _| path.ends_with(".safetensors"));
    write_list(&site.join(&list), &text(&build, &files))?;
    Ok(list)
}

fn write_list(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// All files that are listed.
fn files(site: &Path) -> Result<BTreeMap<String, File>> {
    let mut files = BTreeMap::new();
    gather(site, "", &mut files)?;
    files.retain(|path, _| is_listed(path));
    // Paths are used as URLs and JavaScript strings without escaping.
    let is_plain = |path: &&String| path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    match files.keys().find(|path| !is_plain(path)) {
        Some(path) => bail!("{path}: rename it with letters, digits, `-`, `_` and `.` only"),
        None => Ok(files),
    }
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name =
            name.to_str().with_context(|| format!("{} has a name that is not Unicode", entry.path().display()))?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{path}/"), files)?;
        } else {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
            files.insert(path, File::new(&bytes));
        }
    }
    Ok(())
}

/// The version: a hash over all paths and hashes.
fn build(files: &BTreeMap<String, File>) -> String {
    let mut build = Sha256::new();
    for (path, File { sha256, .. }) in files {
        build.update(format!("{sha256} {path}\n"));
    }
    hex(&build.finalize()[..8])
}

/// The source of a list.
fn text(build: &str, files: &BTreeMap<String, File>) -> String {
    let mut lines = String::new();
    for (path, File { sha256, bytes }) in files {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "    \"{path}\": {{ sha256: \"{sha256}\", bytes: {bytes} }},");
    }
    format!(
        "// Written by `cargo xtask build`: files of this version of the site.\n\
         export const site = {{\n  build: \"{build}\",\n  files: {{\n{lines}  }},\n}};\n"
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn listed(site: &Path) -> String {
        write(site).unwrap();
        fs::read_to_string(site.join("util").join(ALL)).unwrap()
    }

    #[test]
    fn every_file_is_listed_with_its_hash_and_a_change_gives_another_build() {
        let folder = Scratch::new("listing");
        for subfolder in ["pkg", "util"] {
            fs::create_dir_all(folder.path().join(subfolder)).unwrap();
        }
        for (path, text) in [
            ("index.html", "abc"),
            ("pkg/a.js", ""),
            ("pkg/a.d.ts", ""),
            ("util/site-files.js", ""),
            ("util/all-files.js", ""),
            ("sw.js", ""),
            ("_headers", ""),
        ] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        let first = listed(folder.path());
        // The hash of "abc", from the standard (FIPS 180-2).
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(first.contains(&format!("\"index.html\": {{ sha256: \"{abc}\", bytes: 3 }}")), "{first}");
        assert!(first.contains("\"pkg/a.js\""), "{first}");
        assert!(
            !first.contains("a.d.ts")
                && !first.contains("_headers")
                && !first.contains("sw.js")
                && !first.contains("all-files.js\""),
            "{first}"
        );
        let list = fs::read_to_string(folder.path().join("util").join(LIST)).unwrap();
        assert!(!list.contains("index.html"), "{list}");
        let sha256 = hex(&Sha256::digest(&list));
        assert!(first.contains(&format!("\"util/site-files.js\": {{ sha256: \"{sha256}\"")), "{first}");
        assert_eq!(listed(folder.path()), first, "the same files, the same list");
        fs::write(folder.path().join("index.html"), "abd").unwrap();
        let build = |text: &str| text.lines().find(|line| line.contains("build:")).map(str::to_owned).unwrap();
        assert_eq!(build(&list), build(&first));
        assert_ne!(build(&listed(folder.path())), build(&first));
    }

    #[test]
    fn a_package_lists_its_weights_and_still_tells_its_versions_apart() {
        let folder = Scratch::new("listing-weights");
        fs::create_dir_all(folder.path().join("util")).unwrap();
        let list = |script: &str| {
            for (path, text) in [("a.js", script), ("w.safetensors", "abc"), ("util/site-files.js", "")] {
                fs::write(folder.path().join(path), text).unwrap();
            }
            write_weights(folder.path()).unwrap();
            fs::read_to_string(folder.path().join("util").join(LIST)).unwrap()
        };
        let first = list("1");
        assert!(first.contains("\"w.safetensors\"") && !first.contains("a.js"), "{first}");
        assert_ne!(first, list("2"));
    }

    #[test]
    fn names_that_would_need_escaping_are_refused() {
        let folder = Scratch::new("odd-name");
        for name in ["a b.js", LIST, ALL] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(format!("{:#}", write(folder.path()).unwrap_err()).contains("a b.js"));
    }
}
