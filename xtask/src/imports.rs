//! The static import graph of the page's JavaScript modules.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The modules that `entries` load by static imports, and `entries` themselves, as paths under `folder`.
/// What a module loads later, by `import()` or as a worker, is not followed.
pub fn graph(folder: &Path, entries: &[String]) -> Result<BTreeSet<String>> {
    let mut found: BTreeSet<String> = entries.iter().cloned().collect();
    let mut to_read = entries.to_vec();
    while let Some(module) = to_read.pop() {
        let path = folder.join(&module);
        let source = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for specifier in specifiers(&source) {
            let imported = resolve(&module, specifier)
                .with_context(|| format!("{module} imports \"{specifier}\", which is not a path within the site"))?;
            if found.insert(imported.clone()) {
                to_read.push(imported);
            }
        }
    }
    Ok(found)
}

/// The one file called `name` in `folder` or below it, as a path under `folder`.
pub fn find(folder: &Path, name: &str) -> Result<String> {
    let mut found = Vec::new();
    search(folder, "", name, &mut found)?;
    match &found[..] {
        [path] => Ok(path.clone()),
        [] => bail!("there is no {name} in {}", folder.display()),
        several => bail!("{} holds more than one {name}: {}", folder.display(), several.join(", ")),
    }
}

fn search(folder: &Path, prefix: &str, name: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let file = entry.file_name();
        let file = file.to_string_lossy();
        if entry.file_type()?.is_dir() {
            search(&entry.path(), &format!("{prefix}{file}/"), name, found)?;
        } else if file == name {
            found.push(format!("{prefix}{file}"));
        }
    }
    Ok(())
}

/// The scripts that an HTML page loads, as its `<script src="…">` elements name them.
pub fn scripts(html: &str) -> Vec<String> {
    let elements = html.split("<script").skip(1).filter_map(|rest| rest.split_once('>'));
    let sources = elements.filter_map(|(tag, _)| tag.split_once(" src=\"")?.1.split_once('"'));
    sources.map(|(source, _)| source.strip_prefix("./").unwrap_or(source).to_owned()).collect()
}

/// What the `import` and `export … from` statements of a module name. Each must begin a line, as in formatted
/// code; `import()` and `import("…")` types in comments are no statements.
fn specifiers(source: &str) -> Vec<&str> {
    let starts = std::iter::once(0).chain(source.match_indices('\n').map(|(end, _)| end + 1));
    starts.filter_map(|start| specifier(&source[start..])).collect()
}

/// The module that the statement at the start of `text` imports from, if it is such a statement.
fn specifier(text: &str) -> Option<&str> {
    let (keyword, rest) = text.split_at_checked("import".len())?;
    let open = rest.find(['"', '\'', ';', '='])?;
    let clause = rest[..open].trim();
    // `import "./a.js"` has no clause; other names may begin with "import" or end with "from".
    let imports = match keyword {
        "import" => clause.is_empty() || has_from(clause),
        "export" => has_from(clause),
        _ => false,
    };
    let quote = rest[open..].chars().next().filter(|&mark| imports && mark != ';' && mark != '=')?;
    rest[open + 1..].split_once(quote).map(|(specifier, _)| specifier)
}

fn has_from(clause: &str) -> bool {
    clause.strip_suffix("from").is_some_and(|names| names.ends_with(['}', ' ', '\n', '*']))
}

/// The path under the site's root that `specifier` means in `module`, which is a path of that kind.
fn resolve(module: &str, specifier: &str) -> Option<String> {
    if !specifier.starts_with("./") && !specifier.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = module.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => _ = parts.pop()?,
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn only_statements_import() {
        let source = r#"
// import "./no-comment.js";
/** @type {import("./no-type.js").Type} */
import "./a.js";
import b, { bb } from './b.js';
import {
  c,
} from "./c.js";
import * as d from "./d.js" with { type: "json" };
export { e } from "./e.js";
export * from "./f.js";
export const g = "./no-g.js", from = "./no-from.js";
export { g };
const h = await import("./no-h.js");
import("./no-i.js");
importScripts("./no-j.js");
const url = import.meta.url + "./no-k.js";
"#;
        assert_eq!(specifiers(source), ["./a.js", "./b.js", "./c.js", "./d.js", "./e.js", "./f.js"]);
    }

    #[test]
    fn imports_are_followed_through_folders_and_circles() {
        let folder = Scratch::new("imports");
        write(
            folder.path(),
            &[
                ("main.js", "import { a } from \"./app/a.js\";\nconst later = import(\"./later.js\");\n"),
                ("app/a.js", "import { b } from \"../util/b.js\";\nimport \"./c.js\";\n"),
                ("app/c.js", "import \"./a.js\";\n"),
                ("util/b.js", "export const b = 1;\n"),
                ("engine/worker.js", "import init from \"../pkg/module.js\";\n"),
                ("pkg/module.js", ""),
                ("later.js", ""),
            ],
        );
        let found = graph(folder.path(), &["main.js".to_owned(), "engine/worker.js".to_owned()]).unwrap();
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["app/a.js", "app/c.js", "engine/worker.js", "main.js", "pkg/module.js", "util/b.js"]);
    }

    #[test]
    fn imports_that_lead_nowhere_are_errors() {
        let folder = Scratch::new("imports-bad");
        write(
            folder.path(),
            &[
                ("outside.js", "import \"../x.js\";\n"),
                ("bare.js", "import \"lodash\";\n"),
                ("missing.js", "import \"./none.js\";\n"),
            ],
        );
        for (entry, named) in [("outside.js", "\"../x.js\""), ("bare.js", "\"lodash\""), ("missing.js", "none.js")] {
            let error = format!("{:#}", graph(folder.path(), &[entry.to_owned()]).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_page_names_its_scripts() {
        let html =
            "<script type=\"module\" src=\"./main.js\"></script><script>1</script><script src=\"b.js\" defer></script>";
        assert_eq!(scripts(html), ["main.js", "b.js"]);
    }

    #[test]
    fn files_are_found_by_name_wherever_they_are() {
        let folder = Scratch::new("find");
        write(folder.path(), &[("engine/worker.js", ""), ("a/twice.js", ""), ("b/twice.js", "")]);
        assert_eq!(find(folder.path(), "worker.js").unwrap(), "engine/worker.js");
        for name in ["twice.js", "none.js"] {
            assert!(format!("{:#}", find(folder.path(), name).unwrap_err()).contains(name));
        }
    }
}
