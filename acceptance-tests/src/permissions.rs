//! The rights that the guide about permissions ships. Acceptance tests run with them and with no others, so the guide
//! cannot promise too little.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A Role of the guide.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Its name in the guide.
    pub name: String,
    /// Its rules, as JSON.
    pub rules: Vec<Value>,
}

/// The Roles of the guide, in its order: the smallest one comes first.
///
/// # Errors
/// The guide is not there, or a piece of YAML in it cannot be read.
pub fn roles() -> Result<Vec<Role>> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/permissions.md");
    let guide = std::fs::read_to_string(guide)?;
    let mut roles = Vec::new();
    for piece in guide.split("```yaml\n").skip(1) {
        let (piece, _) = piece.split_once("```").context("the piece ends")?;
        let object: Value = serde_saphyr::from_str(piece)?;
        if object["kind"] == "Role" {
            roles.push(Role {
                name: serde_json::from_value(object["metadata"]["name"].clone())?,
                rules: serde_json::from_value(object["rules"].clone())?,
            });
        }
    }
    ensure!(roles.len() > 1, "the guide has its roles");
    Ok(roles)
}

/// The rules of the smallest Role.
///
/// # Errors
/// As [`roles`].
pub fn smallest() -> Result<Value> {
    let first = roles()?.into_iter().next().context("the guide has a role")?;
    Ok(first.rules.into())
}

/// The rules of all Roles.
///
/// # Errors
/// As [`roles`].
pub fn all() -> Result<Value> {
    Ok(roles()?.into_iter().flat_map(|role| role.rules).collect())
}
