//! What every attribute and every block says about itself.

use terraform_schema::{Attribute, Model, NestedBlock, Type};

use super::*;

/// What an attribute of that name is an amount of, so that it must say its unit.
const AMOUNTS: [&str; 9] = [
    "memory", "storage", "size", "bytes", "timeout", "duration", "interval", "delay", "age",
];

/// Whether something is set by users of a resource, of the provider block, or on import.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Resource,
    Other,
}

#[test]
fn every_attribute_says_what_it_is_what_changing_it_does_and_when_two_values_are_the_same() {
    let mut missing = Vec::new();
    for resource in resources() {
        let name = resource.name();
        assert!(!resource.schema().block.description.is_empty(), "{name}");
        block(name, &resource.schema().block, Kind::Resource, &mut missing);
        block(
            &format!("identity of {name}"),
            &resource.identity_schema().block,
            Kind::Other,
            &mut missing,
        );
    }
    for data_source in provider().data_sources() {
        let name = format!("data source {}", data_source.name());
        block(&name, &data_source.schema().block, Kind::Other, &mut missing);
    }
    block("provider", &ProviderConfig::block(), Kind::Other, &mut missing);
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

fn block(at: &str, block: &Block, kind: Kind, missing: &mut Vec<String>) {
    for one in &block.attributes {
        let found = attribute(one, kind);
        missing.extend(found.into_iter().map(|what| format!("{at}.{}: {what}", one.name)));
        if let Some(members) = &one.members {
            self::block(&format!("{at}.{}", one.name), members, Kind::Other, missing);
        }
    }
    for one in &block.blocks {
        let at = format!("{at}.{}", one.name);
        missing.extend(nested(one, kind).into_iter().map(|what| format!("{at}: {what}")));
        self::block(&at, &one.block, kind, missing);
    }
}

fn attribute(attribute: &Attribute, kind: Kind) -> Vec<String> {
    let mut missing = description(&attribute.description);
    let compared = attribute.semantics.words;
    let amount = compared.contains("amount") || compared.contains("quantit") || compared.contains("length of time");
    let named_so = attribute.name.split('_').any(|word| AMOUNTS.contains(&word));
    // Elsewhere than in a resource, just numbers are amounts: `checkpoint_storage` is the name of a class.
    let may_be = kind == Kind::Resource || attribute.ty == Type::Number;
    if may_be && (amount || named_so) && !says_a_unit(&attribute.description) {
        missing.push("an amount, and the doc comment shows no unit, such as `2g` or `15m`".to_owned());
    }
    for choice in &attribute.choices {
        missing.extend(
            description(&choice.description)
                .into_iter()
                .map(|what| format!("`{}`: {what}", choice.value)),
        );
    }
    if !compared.starts_with("compared ") {
        missing.push(format!("when two values are the same is not said by `{compared}`"));
    }
    match (kind, attribute.is_input(), attribute.update_class) {
        (Kind::Resource, true, None) => missing.push("no update class: what does changing it do?".to_owned()),
        (Kind::Resource, false, Some(_)) => {
            missing.push("an update class, and no configuration can change it".to_owned())
        }
        (Kind::Other, _, Some(_)) => {
            missing.push("an update class, which only attributes of resources have".to_owned())
        }
        (Kind::Resource, true, Some(_)) | (Kind::Resource, false, None) | (Kind::Other, _, None) => {}
    }
    missing
}

fn nested(nested: &NestedBlock, kind: Kind) -> Vec<String> {
    let mut missing = description(&nested.block.description);
    if kind == Kind::Resource && nested.update_class.is_none() {
        missing.push("no update class: what does adding or removing it do?".to_owned());
    }
    missing
}

fn description(text: &str) -> Vec<String> {
    match text {
        text if text.len() < 10 => vec![format!("`{text}` explains nothing")],
        // A list or an example may be the end.
        text if !text.ends_with(['.', '`']) => vec!["the doc comment does not end with a full stop".to_owned()],
        _ => Vec::new(),
    }
}

/// Whether a text has an amount with its unit in it: `2048m`, `8Gi`, `30 minutes`.
fn says_a_unit(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    words
        .iter()
        .any(|word| ["bytes", "milliseconds"].contains(&word.to_lowercase().as_str()))
        || words
            .iter()
            .any(|word| word.starts_with(|c: char| c.is_ascii_digit()) && !is_number(word))
        || words
            .windows(2)
            .any(|pair| is_number(pair[0]) && ["bytes", "seconds", "minutes", "hours"].contains(&pair[1]))
}

#[test]
fn units() {
    for text in [
        "for example `2048m` or `2g`.",
        "30 minutes without it.",
        "such as `1h30m`.",
        "{ memory = \"8Gi\" }",
        "Size of the state, in bytes.",
        "Milliseconds between two checkpoints.",
    ] {
        assert!(says_a_unit(text), "{text}");
    }
    for text in ["The memory.", "Needs Flink 1.17 or newer.", "At most 5."] {
        assert!(!says_a_unit(text), "{text}");
    }
}
