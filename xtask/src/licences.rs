//! Licences of everything that is compiled or installed: each must be one that asks for no more than
//! its text to be handed on, so that Running Hand can be used under its own.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::command::{cargo, command, quiet};

/// Of crates, which become part of the module and of the programs.
const CRATES: [&str; 8] = ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Zlib"];
/// Of npm's packages also this one, as they only test: axe-core.
const PACKAGES: [&str; 9] =
    ["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Zlib", "MPL-2.0"];

/// Checks the crates of the workspace, for any system.
pub fn crates(root: &Path) -> Result<()> {
    let text = quiet(cargo(root).args(["metadata", "--format-version", "1", "--locked"]))
        .context("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let licences = packages.iter().map(|package| (named(package), package["license"].as_str().unwrap_or_default()));
    refuse(licences, &CRATES)
}

/// Checks npm's packages of a folder.
pub fn packages(root: &Path, folder: &Path) -> Result<()> {
    let text = quiet(command("npm", &root.join(folder)).args(["query", "*"])).context("`npm query` failed")?;
    let packages: Vec<Value> = serde_json::from_str(&text)?;
    let installed = packages.iter().filter(|package| package["private"] != true);
    let licences = installed.map(|package| (named(package), package["license"].as_str().unwrap_or_default()));
    refuse(licences, &PACKAGES)
}

fn named(package: &Value) -> String {
    let of = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", of("name"), of("version"))
}

/// Names every package whose licence leaves no choice among those allowed.
fn refuse<'a>(licences: impl Iterator<Item = (String, &'a str)>, allowed: &[&str]) -> Result<()> {
    let refused: Vec<_> = licences
        .filter(|(_, licence)| !permits(licence, allowed))
        .map(|(package, licence)| format!("{package} ({})", if licence.is_empty() { "no licence" } else { licence }))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    bail!("licences to be looked at, and allowed in xtask/src/licences.rs or avoided: {}", refused.join(", "))
}

fn permits(licence: &str, allowed: &[&str]) -> bool {
    let fits = |required: &LicenseReq| {
        required.addition.is_none() && required.license.id().is_some_and(|id| allowed.contains(&id.name))
    };
    // Lax: older crates write `MIT/Apache-2.0`.
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_all() {
        for (licence, expected) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("MIT AND GPL-3.0-only", false),
            ("MPL-2.0", false),
            ("AGPL-3.0-or-later", false),
            ("LicenseRef-mine", false),
            ("", false),
        ] {
            assert_eq!(permits(licence, &CRATES), expected, "{licence}");
        }
    }
}
