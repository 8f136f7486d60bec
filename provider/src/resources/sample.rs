//! Values for tests, written as JSON.

use serde_json::{Value as Json, json};
use terraform_schema::{Block, Nesting, Type, Value};

/// In place of a value: known after apply.
pub const UNKNOWN: &str = "${unknown}";

/// The object of a block; what is left out is not set. Names that the block does not have are a mistake of the test.
pub fn of_block(block: &Block, json: &Json) -> Value {
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
            (Some(json), nesting) => {
                let one = std::slice::from_ref(json);
                let all = json.as_array().map_or(one, Vec::as_slice);
                let elements = all.iter().map(|json| of_block(&nested.block, json)).collect();
                if nesting == Nesting::Set {
                    Value::Set(elements)
                } else {
                    Value::List(elements)
                }
            }
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
        (Type::List(element), Json::Array(elements)) => {
            Value::List(elements.iter().map(|json| of_type(element, json)).collect())
        }
        (Type::Set(element), Json::Array(elements)) => {
            Value::Set(elements.iter().map(|json| of_type(element, json)).collect())
        }
        (Type::Map(element), Json::Object(members)) => {
            Value::map(members.iter().map(|(key, json)| (key.clone(), of_type(element, json))))
        }
        (ty, json) => panic!("{json} is no {ty}"),
    }
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
