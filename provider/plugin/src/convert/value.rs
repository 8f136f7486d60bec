//! Values on the wire: MessagePack or JSON, guided by the schema's type.

use terraform_schema::json::{self, ExtraAttributes};
use terraform_schema::{Diagnostic, Diagnostics, Type, Value, msgpack};

use crate::generated::tfplugin5 as pb;

/// Reads a value that Terraform sent; null where it sent none. `what` names it in messages: `the prior state of a x`.
pub(crate) fn decode(value: Option<&pb::DynamicValue>, ty: &Type, what: &str) -> Result<Value, Diagnostics> {
    let Some(value) = value else { return Ok(Value::Null) };
    let decoded = match (value.msgpack.is_empty(), value.json.is_empty()) {
        (false, _) => msgpack::decode(&value.msgpack, ty),
        (true, false) => json::decode(&value.json, ty, ExtraAttributes::Refuse),
        (true, true) => return Ok(Value::Null),
    };
    decoded.map_err(|error| {
        Diagnostic::error("Terraform sent what does not fit the schema")
            .detail(format!(
                "Failed to read {what}: {error}. Terraform and the provider disagree about the schema; run \
                 `terraform init -upgrade`, and report a bug if that does not help."
            ))
            .into()
    })
}

/// Writes a value of that type.
pub(crate) fn encode(value: &Value, ty: &Type, what: &str) -> Result<pb::DynamicValue, Diagnostics> {
    let msgpack = msgpack::encode(value, ty)
        .map_err(|error| Diagnostic::bug(format!("{what} does not fit its schema: {error}.")).at(error.path.clone()))?;
    Ok(pb::DynamicValue {
        msgpack,
        json: Vec::new(),
    })
}

/// Reads an identity that Terraform sent.
pub(crate) fn decode_identity(
    data: Option<&pb::ResourceIdentityData>,
    ty: &Type,
    type_name: &str,
) -> Result<Option<Value>, Diagnostics> {
    let Some(data) = data.and_then(|data| data.identity_data.as_ref()) else {
        return Ok(None);
    };
    let identity = decode(Some(data), ty, &format!("the identity of a `{type_name}`"))?;
    Ok(if identity.is_null() { None } else { Some(identity) })
}

/// Writes an identity.
pub(crate) fn encode_identity(
    identity: &Value,
    ty: &Type,
    type_name: &str,
) -> Result<pb::ResourceIdentityData, Diagnostics> {
    let data = encode(identity, ty, &format!("The identity of a `{type_name}`"))?;
    Ok(pb::ResourceIdentityData {
        identity_data: Some(data),
    })
}
