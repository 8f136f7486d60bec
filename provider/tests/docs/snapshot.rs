//! A schema as JSON: everything that a configuration, a state or a plan can notice.

use serde_json::{Map, Value as Json, json};
use terraform_schema::{Attribute, Block, Schema, Value};

/// The whole schema.
pub fn schema(schema: &Schema) -> Json {
    json!({"version": schema.version, "block": block(&schema.block)})
}

fn block(block: &Block) -> Json {
    let attributes: Map<String, Json> = block
        .attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), of_attribute(attribute)))
        .collect();
    let blocks: Map<String, Json> = block
        .blocks
        .iter()
        .map(|nested| {
            let mut of_nested = Map::new();
            of_nested.insert(
                "nesting".to_owned(),
                format!("{:?}", nested.nesting).to_lowercase().into(),
            );
            flag(&mut of_nested, "required", nested.required);
            flag(&mut of_nested, "requires_replace", nested.requires_replace);
            text(
                &mut of_nested,
                "update_class",
                nested.update_class.map(|class| format!("{class:?}").to_lowercase()),
            );
            text(&mut of_nested, "remote", nested.remote.clone());
            of_nested.insert("block".to_owned(), self::block(&nested.block));
            (nested.name.clone(), Json::Object(of_nested))
        })
        .collect();
    json!({"attributes": attributes, "blocks": blocks})
}

fn of_attribute(attribute: &Attribute) -> Json {
    let mut out = Map::new();
    out.insert("type".to_owned(), attribute.ty.to_string().into());
    for (name, set) in [
        ("required", attribute.required),
        ("optional", attribute.optional),
        ("computed", attribute.computed),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("requires_replace", attribute.requires_replace),
        ("stable", attribute.stable),
        ("open_choices", attribute.open_choices),
    ] {
        flag(&mut out, name, set);
    }
    text(&mut out, "deprecated", attribute.deprecated.clone());
    text(
        &mut out,
        "update_class",
        attribute.update_class.map(|class| format!("{class:?}").to_lowercase()),
    );
    text(&mut out, "compared", Some(attribute.semantics.words.to_owned()));
    text(&mut out, "remote", attribute.remote.clone());
    if let Some(assumed) = attribute.assumed.as_ref().and_then(Value::to_plain_json) {
        out.insert("assumed".to_owned(), assumed);
    }
    if let Some(range) = &attribute.range {
        let bound = |bound: &Option<terraform_schema::Number>| bound.as_ref().map(ToString::to_string);
        out.insert(
            "range".to_owned(),
            json!({"min": bound(&range.min), "max": bound(&range.max), "whole": range.whole}),
        );
    }
    if !attribute.choices.is_empty() {
        out.insert(
            "choices".to_owned(),
            attribute.choices.iter().map(|choice| choice.value.clone()).collect(),
        );
    }
    Json::Object(out)
}

fn flag(out: &mut Map<String, Json>, name: &str, set: bool) {
    if set {
        out.insert(name.to_owned(), true.into());
    }
}

fn text(out: &mut Map<String, Json>, name: &str, text: Option<String>) {
    if let Some(text) = text {
        out.insert(name.to_owned(), text.into());
    }
}
