//! Other people's libraries that the page loads when a visitor needs them, from npm, in the versions of
//! `xtask/libraries/package-lock.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tools;

/// The folder with the list of packages.
pub const PACKAGES: &str = "xtask/libraries";
/// Where the page has the libraries.
const FOLDER: &str = "www/export/libraries";

/// A library.
struct Library {
    package: &'static str,
    /// Its module and its types, which may be our own; and what the page calls them.
    module: &'static str,
    types: &'static str,
    name: &'static str,
    licence: &'static str,
}

const LIBRARIES: [Library; 2] = [
    Library {
        package: "gifenc",
        module: "dist/gifenc.esm.js",
        types: "../../gifenc.d.ts",
        name: "gifenc",
        licence: "LICENSE.md",
    },
    Library {
        package: "mp4-muxer",
        module: "build/mp4-muxer.mjs",
        types: "build/mp4-muxer.d.ts",
        name: "mp4-muxer",
        licence: "LICENSE",
    },
];

/// Installs the libraries and copies their modules into the page, with the texts of their licences.
pub fn copy(root: &Path) -> Result<()> {
    let packages = root.join(PACKAGES);
    tools::npm_packages(root, &packages)?;
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut licences = String::new();
    for Library { package, module, types, name, licence } in LIBRARIES {
        let source = packages.join("node_modules").join(package);
        let read = |file: &str| {
            let file = source.join(file);
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        // Debuggers would look for a source map that the page does not have.
        let text = read(module)?;
        let lines = text.lines().filter(|line| !line.starts_with("//# sourceMappingURL="));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        let copy = folder.join(name);
        fs::write(copy.with_extension("js"), text)?;
        fs::write(copy.with_extension("d.ts"), read(types)?)?;
        licences.push_str(&format!("{package}\n\n{}\n\n", read(licence)?.trim()));
    }
    fs::write(folder.join("LICENCES.txt"), licences)?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_library_is_pinned() {
        let file = crate::root().unwrap().join(PACKAGES).join("package.json");
        let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        for Library { package, .. } in LIBRARIES {
            let version = manifest["dependencies"][package].as_str().unwrap();
            assert!(version.starts_with(|first: char| first.is_ascii_digit()), "{package} {version}");
        }
    }
}
