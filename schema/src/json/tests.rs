use proptest::prelude::*;

use super::*;
use crate::encoding::EncodeFault;
use crate::encoding::arbitrary::{any_type, nested_lists, text, typed_value};
use crate::schema::{Attribute, NestedBlock, Nesting, Semantics};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn dynamic(ty: Type, value: Value) -> Value {
    Value::Dynamic(Box::new((ty, value)))
}

fn object() -> Type {
    Type::object([("cpu", Type::Number), ("name", Type::String)])
}

#[test]
fn types_in_the_form_of_the_protocol() {
    for (ty, json) in [
        (Type::String, r#""string""#),
        (Type::Dynamic, r#""dynamic""#),
        (Type::list(Type::Number), r#"["list","number"]"#),
        (Type::set(Type::map(Type::Bool)), r#"["set",["map","bool"]]"#),
        (Type::object::<&str>([]), r#"["object",{}]"#),
        (object(), r#"["object",{"cpu":"number","name":"string"}]"#),
        (
            Type::Tuple(vec![Type::String, Type::list(Type::Bool)]),
            r#"["tuple",["string",["list","bool"]]]"#,
        ),
        (Type::Tuple(vec![]), r#"["tuple",[]]"#),
    ] {
        assert_eq!(type_to_json(&ty), json);
        assert_eq!(type_from_json(json), Ok(ty));
    }
    // Optional attributes are a matter of conversions; a value has them all.
    let optional = r#" [ "object", {"name": "string", "cpu": "number"}, ["cpu"] ] "#;
    assert_eq!(type_from_json(optional), Ok(object()));
}

#[test]
fn what_is_no_type_is_refused() {
    for (json, message) in [
        (
            "",
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            "{}",
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            "null",
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            r#"["list"]"#,
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            r#"["list","bool","bool"]"#,
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            r#"["object",["bool"]]"#,
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (
            r#"["object",{},"cpu"]"#,
            "it is neither the name of a type nor a list of a kind and its parts",
        ),
        (r#""text""#, "there is no type `text`"),
        (r#"["stack","bool"]"#, "there is no type `stack`"),
        (r#"["list",["set","text"]]"#, "there is no type `text`"),
    ] {
        assert_eq!(type_from_json(json).unwrap_err().to_string(), message, "{json}");
    }
    let deep = format!("{}\"bool\"{}", "[\"list\",".repeat(10_000), "]".repeat(10_000));
    assert_eq!(type_from_json(deep), Err(TypeError::TooDeep));
}

#[test]
fn values_as_state_stores_them() {
    let long = format!("{}.{}", "9".repeat(300), "3".repeat(300));
    for (ty, value, json) in [
        (Type::String, Value::Null, "null"),
        (Type::Bool, true.into(), "true"),
        (Type::Number, (-5).into(), "-5"),
        (Type::Number, number("0.1"), "0.1"),
        (Type::Number, number("18446744073709551615"), "18446744073709551615"),
        (Type::Number, number(&long), long.as_str()),
        (Type::String, "a \"b\"\n\u{e9}".into(), "\"a \\\"b\\\"\\n\u{e9}\""),
        (
            Type::list(Type::Number),
            Value::List(vec![1.into(), Value::Null]),
            "[1,null]",
        ),
        (
            Type::set(Type::String),
            Value::Set(vec!["a".into(), "b".into()]),
            r#"["a","b"]"#,
        ),
        (Type::set(Type::String), Value::Set(vec![]), "[]"),
        (
            Type::map(Type::Bool),
            Value::map([("a", true.into()), ("b", false.into())]),
            r#"{"a":true,"b":false}"#,
        ),
        (
            object(),
            Value::map([("name", Value::Null), ("cpu", number("0.5"))]),
            r#"{"cpu":0.5,"name":null}"#,
        ),
        (
            Type::Tuple(vec![Type::Bool, Type::String]),
            Value::List(vec![true.into(), "a".into()]),
            r#"[true,"a"]"#,
        ),
        (Type::Dynamic, Value::Null, "null"),
        (
            Type::Dynamic,
            dynamic(Type::String, Value::Null),
            r#"{"value":null,"type":"string"}"#,
        ),
        (
            Type::Dynamic,
            dynamic(Type::object([("a", Type::Dynamic)]), Value::map([("a", Value::Null)])),
            r#"{"value":{"a":null},"type":["object",{"a":"dynamic"}]}"#,
        ),
    ] {
        assert_eq!(encode(&value, &ty).unwrap(), json);
        assert_eq!(decode(json, &ty, ExtraAttributes::Refuse), Ok(value), "{json}");
    }
}

#[test]
fn state_of_other_versions_is_read() {
    let job = Type::object([("job", Type::list(object()))]);
    for (ty, json, value) in [
        // Attributes that came later are null.
        (
            object(),
            r#"{"name":"a"}"#,
            Value::map([("cpu", Value::Null), ("name", "a".into())]),
        ),
        (
            object(),
            "{}",
            Value::map([("cpu", Value::Null), ("name", Value::Null)]),
        ),
        (job.clone(), "{}", Value::map([("job", Value::Null)])),
        // Attributes that have gone are dropped, at any depth.
        (
            job,
            r#"{"zone":{"a":1},"job":[{"cpu":1,"name":"a","zone":1e999999}]}"#,
            Value::map([(
                "job",
                Value::List(vec![Value::map([("cpu", 1.into()), ("name", "a".into())])]),
            )]),
        ),
        // Types that have changed.
        (Type::String, "12", "12".into()),
        (Type::String, "true", "true".into()),
        (Type::Number, "\"12\"", 12.into()),
        (Type::Bool, "\"true\"", true.into()),
        (Type::Bool, "\"0\"", false.into()),
        // Any spelling of numbers and text, type first or last.
        (Type::Number, "5E-1", number("0.5")),
        (Type::Number, " -0 ", 0.into()),
        (Type::String, r#""e\u0301""#, "\u{e9}".into()),
        (
            Type::map(Type::Bool),
            r#"{"e\u0301":true}"#,
            Value::map([("\u{e9}", true.into())]),
        ),
        (
            Type::Dynamic,
            r#"{"type":"bool","value":true}"#,
            dynamic(Type::Bool, true.into()),
        ),
        (
            Type::Dynamic,
            r#"{"value":true,"type":"bool"}"#,
            dynamic(Type::Bool, true.into()),
        ),
    ] {
        assert_eq!(decode(json, &ty, ExtraAttributes::Ignore), Ok(value), "{json}");
    }
}

#[test]
fn refusals_say_where_and_what_and_quote_nothing() {
    let job = Type::object([("job", Type::list(object()))]);
    for (ty, json, message) in [
        (
            Type::String,
            "",
            "failed to decode the value: this is not valid JSON (line 1, column 0)",
        ),
        (
            Type::String,
            "\"secret",
            "failed to decode the value: this is not valid JSON (line 1, column 7)",
        ),
        (
            Type::String,
            "\"a\" 1",
            "failed to decode the value: this is not valid JSON (line 1, column 5)",
        ),
        (
            Type::String,
            "[]",
            "failed to decode the value: a string is required here, not an array",
        ),
        (
            Type::Number,
            "\"secret\"",
            "failed to decode the value: a number is required here, not a string",
        ),
        (
            Type::Number,
            "1e99999",
            "failed to decode the value: the number here cannot be represented",
        ),
        (
            Type::Bool,
            "\"secret\"",
            "failed to decode the value: a bool is required here, not a string",
        ),
        (
            Type::Bool,
            "1",
            "failed to decode the value: a bool is required here, not a number",
        ),
        (
            job.clone(),
            r#"{"job":[{"cpu":[]}]}"#,
            "failed to decode `job[0].cpu`: a number is required here, not an array",
        ),
        (
            job,
            r#"{"job":[{"zone":1}]}"#,
            "failed to decode `job[0]`: there is an attribute `zone`, which the schema does not have",
        ),
        (
            Type::map(Type::Bool),
            r#"{"a":[]}"#,
            "failed to decode `[\"a\"]`: a bool is required here, not an array",
        ),
        (
            Type::Tuple(vec![]),
            "[1]",
            "failed to decode the value: a tuple of 0 elements is required here, not of 1",
        ),
        (
            Type::Dynamic,
            "\"a\"",
            "failed to decode the value: a value with its type is required here, not a string",
        ),
        (
            Type::Dynamic,
            r#"{"value":1}"#,
            "failed to decode the value: a value with its type is required here",
        ),
        (
            Type::Dynamic,
            r#"{"value":1,"type":"number","more":1}"#,
            "failed to decode the value: a value with its type is required here",
        ),
    ] {
        assert_eq!(
            decode(json, &ty, ExtraAttributes::Refuse).unwrap_err().to_string(),
            message,
            "{json}"
        );
    }
}

#[test]
fn unknown_values_are_not_stored() {
    let value = Value::map([("cpu", Value::Unknown), ("name", Value::Null)]);
    assert_eq!(
        encode(&value, &object()).unwrap_err().to_string(),
        "failed to encode `cpu`: the value is still unknown, and stored state holds known values only"
    );
    let missing = Value::map([("cpu", Value::Null)]);
    assert_eq!(
        encode(&missing, &object()).unwrap_err().to_string(),
        "failed to encode the value: the attribute `name` is missing"
    );
}

#[test]
fn depth_is_bounded_whoever_brings_it() {
    let (ty, value) = nested_lists(MAX_DEPTH);
    assert_eq!(
        decode(encode(&value, &ty).unwrap(), &ty, ExtraAttributes::Refuse),
        Ok(value)
    );

    let (ty, value) = nested_lists(MAX_DEPTH + 1);
    assert_eq!(encode(&value, &ty).unwrap_err().fault, EncodeFault::TooDeep);
    let json = format!("{}{}", "[".repeat(MAX_DEPTH + 2), "]".repeat(MAX_DEPTH + 2));
    assert_eq!(
        decode(json, &ty, ExtraAttributes::Refuse).unwrap_err().fault,
        DecodeFault::TooDeep
    );

    let levels = 2_000;
    let json = format!(
        "{}null{}",
        r#"{"type":"dynamic","value":"#.repeat(levels),
        "}".repeat(levels)
    );
    assert_eq!(
        decode(json, &Type::Dynamic, ExtraAttributes::Refuse).unwrap_err().fault,
        DecodeFault::TooDeep
    );
}

#[test]
fn a_block_that_is_not_there_is_empty_where_there_may_be_several() {
    let nested = |name: &str, nesting, block: Block| NestedBlock {
        name: name.to_owned(),
        nesting,
        required: false,
        requires_replace: false,
        update_class: None,
        remote: None,
        block,
    };
    let named = |name: &str| Attribute {
        name: name.to_owned(),
        ..Attribute::new(Type::String, Semantics::EXACT)
    };
    let inner = Block {
        attributes: vec![named("key")],
        blocks: vec![nested("tls", Nesting::List, Block::default())],
        ..Block::default()
    };
    let block = Block {
        attributes: vec![named("name")],
        blocks: vec![
            nested("one", Nesting::Single, inner.clone()),
            nested("several", Nesting::List, inner.clone()),
            nested("any", Nesting::Set, inner),
        ],
        ..Block::default()
    };
    let read = |json: &str| decode_block(json, &block, ExtraAttributes::Ignore).unwrap();
    let none = block.empty_value();
    for json in [
        "{}",
        r#"{"several": null, "any": null}"#,
        r#"{"several": [], "gone": 1}"#,
    ] {
        assert_eq!(read(json), none, "{json}");
    }
    let inside = Value::map([("key", "k".into()), ("tls", Value::List(vec![]))]);
    let value = read(r#"{"one": {"key": "k"}, "several": [{"key": "k"}], "any": [{"key": "k", "tls": null}]}"#);
    assert_eq!(value.member("one"), &inside);
    assert_eq!(value.member("several"), &Value::List(vec![inside.clone()]));
    assert_eq!(value.member("any"), &Value::Set(vec![inside]));
    assert_eq!(read("null"), Value::Null);
}

proptest! {
    #[test]
    fn there_and_back((ty, value) in typed_value(false)) {
        let json = encode(&value, &ty).unwrap();
        prop_assert!(serde_json::from_str::<&RawValue>(&json).is_ok(), "valid JSON: {}", json);
        prop_assert_eq!(decode(&json, &ty, ExtraAttributes::Refuse).unwrap(), value);
    }

    #[test]
    fn types_there_and_back(ty in any_type()) {
        prop_assert_eq!(type_from_json(type_to_json(&ty)), Ok(ty));
    }

    #[test]
    fn text_is_normalised(text in text()) {
        let json = encode(&Value::String(text.clone()), &Type::String).unwrap();
        prop_assert_eq!(decode(json, &Type::String, ExtraAttributes::Refuse).unwrap(), Value::string(text));
    }

    #[test]
    fn random_text_is_read_or_refused(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = type_from_json(&bytes);
        let _ = decode(&bytes, &ty, ExtraAttributes::Ignore);
    }

    #[test]
    fn text_that_is_nearly_json_is_read_or_refused(ty in any_type(), json in "[\\[\\]{}\":,a-z0-9.eE+\\-nul ]{0,48}") {
        let _ = type_from_json(&json);
        let _ = decode(&json, &ty, ExtraAttributes::Ignore);
    }

    #[test]
    fn damaged_json_is_read_or_refused(
        (ty, value) in typed_value(false),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut json = encode(&value, &ty).unwrap().into_bytes();
        let at = at.index(json.len());
        json[at] = byte;
        if let Ok(value) = decode(&json, &ty, ExtraAttributes::Ignore) {
            encode(&value, &ty).unwrap();
        }
    }
}
