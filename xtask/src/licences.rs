//! Licences of everything that is compiled or installed: each must be one that asks for no more than
//! that its text is passed on, so that Running Hand can be used under its own.
//!
//! The forge's workflow checks crates with cargo-deny, which takes minutes to compile and needs a database
//! from the network for its other checks. The check here needs neither; both read one list, in deny.toml.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::command::{cargo, command, quiet};

/// Allowed for npm packages, which only tests use, in addition to the licences in deny.toml: axe-core has the first,
/// packages below webpack the others.
const NPM_ONLY: [&str; 3] = ["MPL-2.0", "CC-BY-4.0", "BlueOak-1.0.0"];

/// Checks the crates of the workspace, for all systems.
pub fn crates(root: &Path) -> Result<()> {
    let text = quiet(cargo(root).args(["metadata", "--format-version", "1", "--locked"]))
        .context("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    let licences = packages.iter().map(|package| (named(package), package["license"].as_str().unwrap_or_default()));
    refuse(licences, &allowed(root)?)
}

/// Checks the npm packages that are installed in a folder.
pub fn packages(root: &Path, folder: &Path) -> Result<()> {
    let text = quiet(command("npm", &root.join(folder)).args(["query", "*"])).context("`npm query` failed")?;
    let packages: Vec<Value> = serde_json::from_str(&text)?;
    let installed = packages.iter().filter(|package| package["private"] != true);
    let licences = installed.map(|package| (named(package), package["license"].as_str().unwrap_or_default()));
    let mut allowed = allowed(root)?;
    allowed.extend(NPM_ONLY.map(str::to_owned));
    refuse(licences, &allowed)
}

/// The licences that deny.toml allows.
fn allowed(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let list = text.lines().find_map(|line| line.strip_prefix("allow = ["));
    // An array of strings on one line is the same in TOML and in JSON.
    let list = list.context("deny.toml has no line `allow = [...]`")?;
    serde_json::from_str(&format!("[{list}")).context("deny.toml: `allow` must be one line of strings")
}

fn named(package: &Value) -> String {
    let of = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", of("name"), of("version"))
}

/// Fails with the names of all packages that cannot be used under the allowed licences.
fn refuse<'a>(licences: impl Iterator<Item = (String, &'a str)>, allowed: &[String]) -> Result<()> {
    let refused: Vec<_> = licences
        .filter(|(_, licence)| !permits(licence, allowed))
        .map(|(package, licence)| format!("{package} ({})", if licence.is_empty() { "no licence" } else { licence }))
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    bail!("licences that deny.toml does not allow: {}", refused.join(", "))
}

fn permits(licence: &str, allowed: &[String]) -> bool {
    let fits = |required: &LicenseReq| {
        required.addition.is_none()
            && required.license.id().is_some_and(|id| allowed.iter().any(|name| name == id.name))
    };
    // Lax: older crates write `MIT/Apache-2.0`.
    Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(fits))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_all() {
        let allowed = allowed(crate::root().unwrap()).unwrap();
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
            assert_eq!(permits(licence, &allowed), expected, "{licence}");
        }
    }
}
