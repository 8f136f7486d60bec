//! What Terraform sends: values in MessagePack, and states in JSON.

use std::sync::LazyLock;

use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_schema::json::{self, ExtraAttributes};
use terraform_schema::{Block, Model, Type, Value, msgpack, reconcile, validate};

/// A block with every kind of attribute: nested blocks, maps, lists, numbers, and one of any type.
pub static BLOCK: LazyLock<Block> = LazyLock::new(Deployment::block);

/// The type of its values.
pub static TYPE: LazyLock<Type> = LazyLock::new(|| BLOCK.implied_type());

/// A value that can be read can be written, and means the same when it is read again.
pub fn msgpack(input: &[u8]) {
    for ty in [&*TYPE, &Type::Dynamic] {
        let Ok(value) = msgpack::decode(input, ty) else {
            continue;
        };
        let written = msgpack::encode(&value, ty).expect("what was read can be written");
        let again = msgpack::decode(&written, ty).expect("what was written can be read");
        assert_eq!(again, value);
        if ty == &*TYPE {
            used(&value);
        }
    }
}

/// The same for a state as Terraform stores it.
pub fn json_state(input: &[u8]) {
    for extra in [ExtraAttributes::Refuse, ExtraAttributes::Ignore] {
        let Ok(value) = json::decode_block(input, &BLOCK, extra) else {
            continue;
        };
        let written = json::encode(&value, &TYPE).expect("what was read can be written");
        let again = json::decode(&written, &TYPE, ExtraAttributes::Refuse).expect("what was written can be read");
        assert_eq!(again, value);
        used(&value);
    }
}

/// What is done with a value of the block.
fn used(value: &Value) {
    if value.is_null() || value.is_unknown() {
        return;
    }
    validate::validate(&BLOCK, value);
    let plan = terraform_schema::plan::plan(&BLOCK, value, &Value::Null);
    let state = reconcile::applied(&BLOCK, &plan.planned, value).state;
    terraform_schema::plan::plan(&BLOCK, value, &state);
    if let Ok(model) = Deployment::from_value(value) {
        model.to_value();
    }
}
