//! `site-files.js` of the built page: the SHA-256 of every file. The page checks its downloads against it, and
//! the service worker caches exactly the files of one version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::imports;

/// The name of the list. In `www/` it lists no file, for the page when it is served from its sources.
const LIST: &str = "site-files.js";

/// Whether the list, which is at `list`, has an entry for `path`. It cannot hold its own hash, browsers
/// cache the service worker themselves, no page loads type declarations, and hosts do not serve their own
/// configuration (`_headers`, `.nojekyll`).
fn is_listed(path: &str, list: &str) -> bool {
    path != list && path != "sw.js" && !path.starts_with(['_', '.']) && !path.ends_with(".d.ts")
}

struct File {
    sha256: String,
    bytes: usize,
}

/// Lists the files of a built page in its `site-files.js`, which is there already, in any folder.
pub fn write(site: &Path) -> Result<()> {
    write_those(site, |_| true)
}

/// Lists only the weights, for a package, whose other files bundlers rename. The version is that of all files.
pub fn write_weights(package: &Path) -> Result<()> {
    write_those(package, |path| path.ends_with(".safetensors"))
}

/// Writes the list with the paths that `keeps` accepts.
fn write_those(site: &Path, keeps: fn(&str) -> bool) -> Result<()> {
    let list = imports::find(site, LIST)?;
    let mut files = BTreeMap::new();
    gather(site, "", &mut files)?;
    files.retain(|path, _| is_listed(path, &list));
    let list = site.join(list);
    fs::write(&list, text(&files, keeps)?).with_context(|| format!("cannot write {}", list.display()))
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
            files.insert(path, File { sha256: hex(&Sha256::digest(&bytes)), bytes: bytes.len() });
        }
    }
    Ok(())
}

/// The source of `site-files.js` with the paths that `keeps` accepts; `build` is a hash over all paths and hashes.
fn text(files: &BTreeMap<String, File>, keeps: fn(&str) -> bool) -> Result<String> {
    let mut build = Sha256::new();
    let mut lines = String::new();
    for (path, File { sha256, bytes }) in files {
        // Paths are used as URLs and JavaScript strings without escaping.
        if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
            bail!("{path}: rename it with letters, digits, `-`, `_` and `.` only");
        }
        build.update(format!("{sha256} {path}\n"));
        if !keeps(path) {
            continue;
        }
        writeln!(lines, "    \"{path}\": {{ sha256: \"{sha256}\", bytes: {bytes} }},")?;
    }
    let build = hex(&build.finalize()[..8]);
    Ok(format!(
        "// Written by `cargo xtask build`: the files of this version of the site.\n\
         export const site = {{\n  build: \"{build}\",\n  files: {{\n{lines}  }},\n}};\n"
    ))
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
        fs::read_to_string(site.join("util").join(LIST)).unwrap()
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
                && !first.contains("site-files.js\""),
            "{first}"
        );
        assert_eq!(listed(folder.path()), first, "the same files, the same list");
        fs::write(folder.path().join("index.html"), "abd").unwrap();
        let build = |text: &str| text.lines().find(|line| line.contains("build:")).map(str::to_owned).unwrap();
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
        for name in ["a b.js", LIST] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(format!("{:#}", write(folder.path()).unwrap_err()).contains("a b.js"));
    }
}
