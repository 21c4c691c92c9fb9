//! `util/site-files.js` of the built page: every file with its SHA-256. By it the page checks what it downloads,
//! and its service worker keeps exactly the files of one version.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// The list itself. It stands there without files, for the page when it is served from there.
const LIST: &str = "util/site-files.js";

/// Not listed: the list cannot hold its own hash, browsers keep the service worker themselves, no page
/// asks for types, and what hosts read (`_headers`, `.nojekyll`) they do not serve.
fn is_listed(path: &str) -> bool {
    path != LIST && path != "sw.js" && !path.starts_with(['_', '.']) && !path.ends_with(".d.ts")
}

struct File {
    sha256: String,
    bytes: usize,
}

/// Lists the files of a built page in its `files.js`.
pub fn write(site: &Path) -> Result<()> {
    let mut files = BTreeMap::new();
    gather(site, "", &mut files)?;
    let list = site.join(LIST);
    fs::create_dir_all(list.parent().unwrap_or(site))?;
    fs::write(&list, text(&files)?).with_context(|| format!("cannot write {}", list.display()))
}

fn gather(folder: &Path, prefix: &str, files: &mut BTreeMap<String, File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().with_context(|| format!("{} has an odd name", entry.path().display()))?;
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{path}/"), files)?;
        } else if is_listed(&path) {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {}", entry.path().display()))?;
            files.insert(path, File { sha256: hex(&Sha256::digest(&bytes)), bytes: bytes.len() });
        }
    }
    Ok(())
}

/// The module; `build` is a hash over all paths and hashes.
fn text(files: &BTreeMap<String, File>) -> Result<String> {
    let mut build = Sha256::new();
    let mut lines = String::new();
    for (path, File { sha256, bytes }) in files {
        // They become addresses and JavaScript strings as they are.
        if !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
            bail!("{path}: rename it with letters, digits, `-`, `_` and `.` only");
        }
        build.update(format!("{sha256} {path}\n"));
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
        fs::read_to_string(site.join(LIST)).unwrap()
    }

    #[test]
    fn every_file_is_listed_with_its_hash_and_a_change_gives_another_build() {
        let folder = Scratch::new("listing");
        fs::create_dir_all(folder.path().join("pkg")).unwrap();
        for (path, text) in
            [("index.html", "abc"), ("pkg/a.js", ""), ("pkg/a.d.ts", ""), ("sw.js", ""), ("_headers", "")]
        {
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
                && !first.contains("files.js\""),
            "{first}"
        );
        assert_eq!(listed(folder.path()), first, "the same files, the same list");
        fs::write(folder.path().join("index.html"), "abd").unwrap();
        let build = |text: &str| text.lines().find(|line| line.contains("build:")).map(str::to_owned).unwrap();
        assert_ne!(build(&listed(folder.path())), build(&first));
    }

    #[test]
    fn names_that_are_no_plain_addresses_are_refused() {
        let folder = Scratch::new("odd-name");
        fs::write(folder.path().join("a b.js"), "").unwrap();
        assert!(format!("{:#}", write(folder.path()).unwrap_err()).contains("a b.js"));
    }
}
