//! The WASM module, its JavaScript, and the folder that a web host serves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::command::say;
use crate::{command, libraries, listing, tools};

/// The module's path under the folder of the page.
pub const WASM: &str = "pkg/running_hand_bg.wasm";
/// The folder of the module that learns hands, likewise.
pub const LEARNER: &str = "capture/learner";
/// The name of the script that runs an engine as a worker.
pub const WORKER: &str = "worker.js";

/// The compiler's `opt-level`. For size, a tenth less has to be downloaded; the loops in which an engine spends its time
/// are vector instructions already, or in a module of their own (`src/engine/cpu/matvec/relaxed.wat`).
const SIZE: &str = "s";
const SPEED: &str = "3";

/// The modules that the one that writes loads when it needs them: their folders beside it, their names, and the features
/// that make them.
const LATER: [(&str, &str, &str); 3] =
    [("gpu", "gpu", "gpu-module"), ("ink", "ink_file", "ink-module"), ("files", "sheet_file", "export-module")];

/// Compiles `running-hand` to WASM and writes the module and its JavaScript to `www/pkg`, those that it loads later to
/// folders in there, and the module that learns hands to `www/capture/learner`.
pub fn build_package(root: &Path) -> Result<()> {
    tools::wasm_target(root)?;
    same_wasm_bindgen(root)?;
    libraries::copy(root)?;
    let www = root.join("www");
    // Nobody waits for this one's download, but for its work.
    build_module(root, "learn-module", SPEED, "learner", &www.join(LEARNER))?;
    build_module(root, "", SIZE, "running_hand", &www.join("pkg"))?;
    for (folder, name, feature) in LATER {
        build_module(root, feature, SIZE, name, &www.join("pkg").join(folder))?;
    }
    Ok(())
}

/// Compiles the crate with this feature alone, and writes the module `name` to an emptied folder.
fn build_module(root: &Path, feature: &str, opt_level: &str, name: &str, package: &Path) -> Result<()> {
    command::run(
        command::cargo(root)
            .args(["build", "--package", "running-hand", "--lib", "--release", "--locked"])
            .args(["--target", tools::WASM_TARGET])
            .args(["--no-default-features", "--features", feature])
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level),
    )?;
    let module = tools::target(root).join(tools::WASM_TARGET).join("release/running_hand.wasm");
    if package.exists() {
        fs::remove_dir_all(package).with_context(|| format!("cannot empty {}", package.display()))?;
    }
    Bindgen::new()
        .input_path(&module)
        .out_name(name)
        .web(true)?
        .typescript(true)
        // The module finds its WASM beside itself.
        .omit_default_module_path(false)
        // The names of functions are a fifth of the module and only help debuggers.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(package)
        .with_context(|| format!("wasm-bindgen cannot read {}", module.display()))?;
    // The types use `Symbol.dispose`, which TypeScript does not include by default.
    let types = package.join(name).with_extension("d.ts");
    let text = fs::read_to_string(&types).with_context(|| format!("cannot read {}", types.display()))?;
    fs::write(&types, format!("/// <reference lib=\"esnext.disposable\" />\n{text}"))
        .with_context(|| format!("cannot write {}", types.display()))
}

/// Fails unless the crate's wasm-bindgen and the one linked into this program have the same version: each
/// version writes a description into the module that only the same version can read.
fn same_wasm_bindgen(root: &Path) -> Result<()> {
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let of = |package| locked_version(&lock, package).with_context(|| format!("Cargo.lock does not name {package}"));
    let (library, command) = (of("wasm-bindgen")?, of("wasm-bindgen-cli-support")?);
    if library != command {
        bail!(
            "running-hand uses wasm-bindgen {library}, xtask wasm-bindgen-cli-support {command}: \
             pin both to one version, in Cargo.toml and xtask/Cargo.toml"
        );
    }
    Ok(())
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The address of a site, ending with a slash.
pub fn address(text: &str) -> Result<String, String> {
    let is_address = text.starts_with("https://") || text.starts_with("http://");
    if !is_address || text.contains(['"', '<', '>', ' ', '?', '#']) {
        return Err("expected an address such as https://example.org/hand/".into());
    }
    Ok(format!("{}/", text.trim_end_matches('/')))
}

/// Builds everything and copies it to `out`: the page, the module and the weights. All URLs in them are relative, so
/// that the folder works under any path of a host; with `site`, its address, those that other sites read are not.
pub fn assemble(root: &Path, out: &Path, site: Option<&str>) -> Result<()> {
    let out = root.join(out);
    let www = root.join("www");
    // The folder is emptied first, so it must be one that this command made, or an empty one.
    let built_before = out.join(WASM).exists();
    if out.exists() && !built_before && fs::read_dir(&out)?.next().is_some() {
        bail!("{} holds other files: name a new folder with --out", out.display());
    }
    if root.starts_with(&out) || out.starts_with(&www) {
        bail!("{} holds the sources or is among them: name another folder with --out", out.display());
    }
    build_package(root)?;
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    copy_folder(&www, &out)?;
    shrink_scripts(&out)?;
    if let Some(site) = site {
        let index = out.join("index.html");
        let html = fs::read_to_string(&index).with_context(|| format!("cannot read {}", index.display()))?;
        fs::write(&index, with_address(&html, site)?)?;
    }
    copy_weights(root, &out)?;
    // Without this file, GitHub Pages would convert the weights' README.md and leave out `_headers`.
    fs::write(out.join(".nojekyll"), "")?;
    listing::write(&out)?;
    say(&format!("The page is in {}: any web host can serve it.", out.display()));
    Ok(())
}

/// The page with the absolute addresses of itself and of its picture, which most who show links ask for.
fn with_address(html: &str, site: &str) -> Result<String> {
    let mut html = html.to_owned();
    for name in ["property=\"og:url\"", "property=\"og:image\"", "name=\"twitter:image\""] {
        let tag = format!("<meta {name} content=\"");
        let start = html.find(&tag).with_context(|| format!("index.html has no {tag}…"))? + tag.len();
        let path = if html[start..].starts_with("./") { start..start + 2 } else { start..start };
        html.replace_range(path, site);
    }
    Ok(html)
}

/// Takes comments and indentation, a quarter of what browsers download, out of the scripts of a folder. Other people's
/// libraries stay as they are.
fn shrink_scripts(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.ends_with("libraries") {
            continue;
        }
        if path.is_dir() {
            shrink_scripts(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "js") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            fs::write(&path, shrink(&text)).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

/// A script without the comments that lines begin with or consist of, and without indentation. Only what lies within
/// template literals of several lines is kept as it is. (The crate minifier takes code that follows a regular expression
/// with a quotation mark for a comment.)
fn shrink(script: &str) -> String {
    let (mut shrunk, mut in_template, mut in_comment) = (String::with_capacity(script.len()), false, false);
    for line in script.lines() {
        let mut rest = line;
        if !in_template {
            rest = line.trim();
            while in_comment || rest.starts_with("/*") {
                let end = rest.find("*/");
                in_comment = end.is_none();
                rest = end.map_or("", |end| rest[end + 2..].trim_start());
                if in_comment {
                    break;
                }
            }
            if rest.is_empty() || rest.starts_with("//") {
                continue;
            }
        }
        in_template ^= rest.matches('`').count() % 2 == 1;
        shrunk.push_str(rest);
        shrunk.push('\n');
    }
    shrunk
}

/// Copies the weights that are served, with their README and licence, to the folder `weights` of `out`.
pub fn copy_weights(root: &Path, out: &Path) -> Result<()> {
    let weights = out.join("weights");
    fs::create_dir_all(&weights)?;
    for file in weights_files(root)? {
        copy_into(&file, &weights)?;
    }
    Ok(())
}

/// The files of weights/ that are served: weights and Markdown.
fn weights_files(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("weights");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Checkpoints to continue training from: twice as large, and of no use to visitors.
        let for_training = name.ends_with("-f16.safetensors");
        let served = (name.ends_with(".safetensors") && !for_training) || name.ends_with(".md");
        if served && path.is_file() {
            files.push(path);
        }
    }
    Ok(files)
}

pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
        if hidden {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()))?;
        } else {
            copy_into(&entry.path(), to)?;
        }
    }
    Ok(())
}

pub fn copy_into(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("a file without a name")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const LOCK: &str = "\
[[package]]
name = \"wasm-bindgen\"
version = \"0.2.130\"

[[package]]
name = \"wasm-bindgen-cli-support\"
version = \"0.2.131\"
";

    #[test]
    fn versions_are_read_by_the_exact_name() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(LOCK, "wasm-bindgen-cli-support"), Some("0.2.131"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn the_repository_pins_one_wasm_bindgen() {
        same_wasm_bindgen(crate::root().unwrap()).unwrap();
    }

    #[test]
    fn scripts_lose_their_comments_and_keep_their_meaning() {
        let script = "\
// A comment.
/**
 * Of several lines. */ /* Another. */
export class A {
  /** @type {number} */ #a = 1;
  text = `// ${[1, 2].map((n) => `/* ${n} */`)}
    /* no comment */
    // nor this`;
  pattern = /[\"/*]+/gu; // stays
  // goes
}
";
        let shrunk = "\
export class A {
#a = 1;
text = `// ${[1, 2].map((n) => `/* ${n} */`)}
    /* no comment */
    // nor this`;
pattern = /[\"/*]+/gu; // stays
}
";
        assert_eq!(shrink(script), shrunk);
    }

    #[test]
    fn what_others_read_gets_the_address_of_the_site() {
        let html = fs::read_to_string(crate::root().unwrap().join("www/index.html")).unwrap();
        let with = with_address(&html, &address("https://example.org/hand").unwrap()).unwrap();
        for tag in [
            "property=\"og:url\" content=\"https://example.org/hand/\"",
            "property=\"og:image\" content=\"https://example.org/hand/share/picture.png\"",
            "name=\"twitter:image\" content=\"https://example.org/hand/share/picture.png\"",
        ] {
            assert!(with.contains(tag), "{tag}");
        }
        assert!(with_address("", "https://example.org/").is_err());
    }

    #[test]
    fn hidden_files_are_not_copied() {
        let folder = crate::scratch::Scratch::new("copy");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::write(from.join("inner/a.js"), "a").unwrap();
        fs::write(from.join(".hidden"), "b").unwrap();
        copy_folder(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("inner/a.js")).unwrap(), "a");
        assert!(!to.join(".hidden").exists());
    }
}
