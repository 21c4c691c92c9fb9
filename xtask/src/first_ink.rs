//! The size gate: how much a visitor downloads before the page can write.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::say;
use crate::{imports, site};

/// The most that the WASM module and the JavaScript before the first ink may weigh together, in bytes of
/// Brotli. Lower it whenever something that the first ink does not need is made to load on demand.
const LIMIT: usize = 314_000;

/// Prints the sizes of what the built page in `dist` loads before the first ink, and fails over the limit.
pub fn check(dist: &Path) -> Result<()> {
    let files = sizes(dist)?;
    let (module, scripts): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| path.ends_with(".wasm"));
    let sum = |files: &[&(String, usize)]| files.iter().map(|(_, bytes)| bytes).sum::<usize>();
    let (module, script_bytes) = (sum(&module), sum(&scripts));
    let total = module + script_bytes;
    say("Bytes before the first ink, compressed with Brotli:");
    for (path, bytes) in &files {
        say(&format!("{bytes:>9}  {path}"));
    }
    say(&format!("{total:>9}  in all: WASM {module}, JavaScript {script_bytes}; the limit is {LIMIT}"));
    if total > LIMIT {
        bail!(
            "the page loads {total} bytes (Brotli) of WASM and JavaScript before the first ink: the limit is {LIMIT}"
        );
    }
    Ok(())
}

/// The module, and the scripts that the page and its worker import statically, with their compressed sizes,
/// largest first.
fn sizes(dist: &Path) -> Result<Vec<(String, usize)>> {
    let html = fs::read_to_string(dist.join("index.html")).context("cannot read index.html of the built page")?;
    let mut entries = imports::scripts(&html);
    if entries.is_empty() {
        bail!("index.html loads no script");
    }
    entries.push(imports::find(dist, site::WORKER)?);
    let mut paths = imports::graph(dist, &entries)?;
    paths.insert(site::WASM.to_owned());
    let mut sizes = Vec::new();
    for path in paths {
        let bytes = fs::read(dist.join(&path)).with_context(|| format!("cannot read {path} of the built page"))?;
        sizes.push((path, compressed(&bytes)?));
    }
    sizes.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    Ok(sizes)
}

/// How large `bytes` are at Brotli's highest quality, which hosts use that compress ahead of time.
fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 22);
    writer.write_all(bytes)?;
    writer.flush()?;
    Ok(writer.into_inner().len())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A built page whose module has `noise` bytes that do not compress.
    fn page(name: &str, noise: usize) -> Scratch {
        let folder = Scratch::new(name);
        let mut state = 1_u32;
        let module: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .take(noise)
        .collect();
        let files: [(&str, &[u8]); 6] = [
            ("index.html", b"<script type=\"module\" src=\"main.js\"></script>"),
            ("main.js", b"import \"./app/app.js\";\n"),
            ("app/app.js", b"const later = import(\"../later.js\");\n"),
            ("later.js", b""),
            ("engine/worker.js", b"import \"../main.js\";\n"),
            (site::WASM, &module),
        ];
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn module_and_static_imports_count() {
        let folder = page("first-ink", 1000);
        let sizes = sizes(folder.path()).unwrap();
        let mut paths: Vec<_> = sizes.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths[0], site::WASM, "the largest first");
        paths.sort_unstable();
        assert_eq!(paths, ["app/app.js", "engine/worker.js", "main.js", site::WASM]);
        check(folder.path()).unwrap();
    }

    #[test]
    fn more_than_the_limit_is_an_error() {
        let folder = page("first-ink-large", LIMIT);
        let error = format!("{:#}", check(folder.path()).unwrap_err());
        assert!(error.contains(&LIMIT.to_string()), "{error}");
    }

    #[test]
    fn text_is_compressed() {
        assert!(compressed(&[b'a'; 10_000]).unwrap() < 100);
    }
}
