//! `GenerateResourceConfig`: the configuration that a state comes from, for `terraform plan -generate-config-out`.

use terraform_schema::schema::Members;
use terraform_schema::{Attribute, Block, Diagnostics, Value};

use super::Server;
use crate::provider::Provider;

impl<P: Provider> Server<P> {
    /// The configuration of an imported object.
    pub(crate) fn generate(&self, type_name: &str, state: &Value) -> Result<Value, Diagnostics> {
        Ok(configuration(&self.resource(type_name)?.schema().block, state))
    }
}

fn configuration(block: &Block, state: &Value) -> Value {
    let mut members = Members::new();
    for attribute in &block.attributes {
        let value = state.member(&attribute.name);
        members.insert(
            attribute.name.clone(),
            if worth_writing(attribute, value) {
                value.clone()
            } else {
                Value::Null
            },
        );
    }
    for nested in &block.blocks {
        let value = match state.member(&nested.name) {
            Value::List(elements) => {
                Value::List(elements.iter().map(|one| configuration(&nested.block, one)).collect())
            }
            Value::Set(elements) => Value::Set(elements.iter().map(|one| configuration(&nested.block, one)).collect()),
            object @ Value::Map(_) => configuration(&nested.block, object),
            Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Dynamic(_) => {
                nested.absent()
            }
        };
        members.insert(nested.name.clone(), value);
    }
    Value::Map(members)
}

/// Whether a user would write this: not what only the provider sets, what is on its way out, or what spells a default.
fn worth_writing(attribute: &Attribute, value: &Value) -> bool {
    attribute.required
        || (attribute.optional
            && attribute.deprecated.is_none()
            && !attribute.write_only
            && !(attribute.assumed.is_some() && attribute.means_same(&Value::Null, value)))
}
