//! `UpgradeResourceState` and `UpgradeResourceIdentity`: stored JSON, of this or an older version of the schema, becomes a
//! value. Terraform asks for it in every run, also where the version is the same.

use terraform_schema::json::{self, ExtraAttributes};
use terraform_schema::{Diagnostic, Diagnostics, Schema, Value};

use super::{Server, caught_now, storable};
use crate::provider::Provider;

impl<P: Provider> Server<P> {
    /// Reads a stored state.
    pub(crate) fn upgrade(&self, type_name: &str, version: i64, stored: &[u8]) -> Result<Value, Diagnostics> {
        let resource = self.resource(type_name)?;
        let schema = resource.schema();
        present(type_name, "state", stored)?;
        refuse_newer(type_name, "state", version, schema)?;
        if version == schema.version {
            return decode(type_name, "state", schema, stored);
        }
        let stored =
            serde_json::from_slice(stored).map_err(|error| unreadable(type_name, "state", &error.to_string()))?;
        let upgraded = caught_now("UpgradeResourceState", || resource.upgrade(version, stored))?;
        decode(type_name, "state", schema, upgraded.to_string().as_bytes())
    }

    /// Reads a stored identity. One of an older version loses what is no longer part of it; a read makes it whole.
    pub(crate) fn upgrade_identity(&self, type_name: &str, version: i64, stored: &[u8]) -> Result<Value, Diagnostics> {
        let schema = self.resource(type_name)?.identity_schema();
        present(type_name, "identity", stored)?;
        refuse_newer(type_name, "identity", version, schema)?;
        decode(type_name, "identity", schema, stored)
    }
}

fn present(type_name: &str, what: &str, stored: &[u8]) -> Result<(), Diagnostics> {
    if !stored.is_empty() {
        return Ok(());
    }
    Err(Diagnostic::error(format!("No stored {what}"))
        .detail(format!(
            "Terraform handed over no {what} of a `{type_name}` in JSON. It may have been stored by a Terraform before \
             0.12, which this provider never worked with, or the state file is damaged."
        ))
        .into())
}

fn refuse_newer(type_name: &str, what: &str, version: i64, schema: &Schema) -> Result<(), Diagnostics> {
    if version <= schema.version {
        return Ok(());
    }
    Err(Diagnostic::error("State of a newer version of the provider")
        .detail(format!(
            "The {what} of a `{type_name}` was stored in version {version} of its schema; this version of the provider \
             knows versions up to {}. Use the version of the provider that wrote it, or a newer one.",
            schema.version
        ))
        .into())
}

/// Small changes of a schema need no new version: attributes that it has gained are null, those it has lost are dropped.
fn decode(type_name: &str, what: &str, schema: &Schema, stored: &[u8]) -> Result<Value, Diagnostics> {
    let value = json::decode_block(stored, &schema.block, ExtraAttributes::Ignore)
        .map_err(|error| unreadable(type_name, what, &error.to_string()))?;
    Ok(storable(&schema.block, value))
}

/// The error of stored JSON that is not what it should be.
pub(crate) fn unreadable(type_name: &str, what: &str, why: &str) -> Diagnostics {
    Diagnostic::error(format!("Unreadable {what}"))
        .detail(format!(
            "The stored {what} of a `{type_name}` does not have the shape that this version of the provider expects: \
             {why}. If the state file was edited by hand, restore its backup."
        ))
        .into()
}
