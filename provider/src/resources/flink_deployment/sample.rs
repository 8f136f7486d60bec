//! Values for the tests of this resource, written as JSON.

use serde_json::{Value as Json, json};
use terraform_schema::{Block, Model, Nesting, Type, Value};

use super::model::Deployment;

/// In place of a value: known after apply.
pub const UNKNOWN: &str = "${unknown}";

/// A configuration or state; what is left out is not set.
pub fn resource(json: &Json) -> Value {
    of_block(&Deployment::block(), json)
}

/// A small application that every rule likes.
pub fn application() -> Json {
    json!({
        "name": "orders",
        "service_account": "flink",
        "flink_version": "v1_20",
        "image": "registry.example.com/orders:1.0.0",
        "flink_configuration": {
            "taskmanager.numberOfTaskSlots": "2",
            "state.checkpoints.dir": "s3://flink/checkpoints",
            "state.savepoints.dir": "s3://flink/savepoints",
        },
        "job": {"jar_uri": "local:///opt/flink/usrlib/orders.jar", "parallelism": 2, "upgrade_mode": "savepoint"},
        "job_manager": {"resource": {"cpu": 1, "memory": "2g"}},
        "task_manager": {"resource": {"cpu": 1, "memory": "4g"}},
    })
}

/// The application with changes laid over it, by JSON pointer; null removes.
pub fn with(changes: &[(&str, Json)]) -> Json {
    changed(application(), changes)
}

/// A JSON value with changes laid over it, by JSON pointer; null removes.
pub fn changed(mut json: Json, changes: &[(&str, Json)]) -> Json {
    for (pointer, value) in changes {
        let names: Vec<String> = pointer[1..].split('/').map(str::to_owned).collect();
        let (last, outer) = names.split_last().unwrap();
        let mut place = &mut json;
        for name in outer {
            place = place
                .as_object_mut()
                .unwrap()
                .entry(name.clone())
                .or_insert_with(|| json!({}));
        }
        let members = place.as_object_mut().unwrap();
        if value.is_null() {
            members.remove(last);
        } else {
            members.insert(last.clone(), value.clone());
        }
    }
    json
}

fn of_block(block: &Block, json: &Json) -> Value {
    for name in json.as_object().unwrap().keys() {
        assert!(
            block.attribute(name).is_some() || block.nested(name).is_some(),
            "no attribute or block `{name}`"
        );
    }
    let attributes = block.attributes.iter().map(|attribute| {
        (
            attribute.name.clone(),
            json.get(&attribute.name)
                .map_or(Value::Null, |json| of_type(&attribute.ty, json)),
        )
    });
    let blocks = block.blocks.iter().map(|nested| {
        let value = match (json.get(&nested.name), nested.nesting) {
            (None | Some(Json::Null), _) => nested.absent(),
            (Some(Json::String(text)), _) if text == UNKNOWN => Value::Unknown,
            (Some(json), Nesting::Single) => of_block(&nested.block, json),
            (Some(json), Nesting::List | Nesting::Set) => Value::List(
                json.as_array()
                    .unwrap()
                    .iter()
                    .map(|json| of_block(&nested.block, json))
                    .collect(),
            ),
        };
        (nested.name.clone(), value)
    });
    Value::Map(attributes.chain(blocks).collect())
}

fn of_type(ty: &Type, json: &Json) -> Value {
    match (ty, json) {
        (_, Json::Null) => Value::Null,
        (_, Json::String(text)) if text == UNKNOWN => Value::Unknown,
        (Type::Dynamic, json) => Value::dynamic_from_json(json),
        (_, Json::Bool(value)) => Value::Bool(*value),
        (_, Json::Number(number)) => Value::Number(number.to_string().parse().unwrap()),
        (_, Json::String(text)) => Value::string(text),
        (Type::List(element) | Type::Set(element), Json::Array(elements)) => {
            Value::List(elements.iter().map(|json| of_type(element, json)).collect())
        }
        (Type::Map(element), Json::Object(members)) => {
            Value::map(members.iter().map(|(key, json)| (key.clone(), of_type(element, json))))
        }
        (ty, json) => panic!("{json} is no {ty}"),
    }
}
