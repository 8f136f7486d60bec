use super::*;
use crate::schema::{Choice, NestedBlock, Semantics};
use crate::ty::Type;

fn optional(name: &str, ty: Type) -> Attribute {
    Attribute {
        name: name.into(),
        required: false,
        optional: true,
        ..Attribute::new(ty, Semantics::EXACT)
    }
}

fn choices(values: &[&str]) -> Vec<Choice> {
    values
        .iter()
        .map(|value| Choice {
            value: (*value).into(),
            description: String::new(),
        })
        .collect()
}

fn nested(name: &str, nesting: Nesting, required: bool, block: Block) -> NestedBlock {
    NestedBlock {
        name: name.into(),
        nesting,
        required,
        requires_replace: false,
        update_class: None,
        remote: None,
        block,
    }
}

fn short(value: &Value, path: &AttributePath) -> Diagnostics {
    let long = value.as_str().is_some_and(|text| text.len() > 3);
    let problem = Diagnostic::error("Too long")
        .detail("At most three letters.")
        .at(path.clone());
    if long { problem.into() } else { Diagnostics::new() }
}

fn block() -> Block {
    let range = Some(Range::integers(1, 10));
    let inner = Block {
        attributes: vec![
            Attribute {
                range: range.clone(),
                ..optional("parallelism", Type::Number)
            },
            Attribute {
                deprecated: Some("Use `mode`.".into()),
                ..optional("old", Type::String)
            },
        ],
        ..Block::default()
    };
    Block {
        attributes: vec![
            Attribute {
                choices: choices(&["stateless", "last-state", "savepoint"]),
                ..optional("mode", Type::String)
            },
            Attribute {
                choices: choices(&["a", "b"]),
                ..optional("letters", Type::list(Type::String))
            },
            Attribute {
                choices: choices(&["a", "b"]),
                ..optional("letter_set", Type::set(Type::String))
            },
            Attribute {
                range: range.clone(),
                ..optional("numbers", Type::map(Type::Number))
            },
            Attribute {
                checks: vec![short],
                ..optional("code", Type::String)
            },
            Attribute {
                sensitive: true,
                choices: choices(&["x", "y"]),
                ..optional("secret", Type::String)
            },
            Attribute {
                sensitive: true,
                range,
                ..optional("pin", Type::Number)
            },
        ],
        blocks: vec![
            nested("job", Nesting::Single, true, inner.clone()),
            nested("rules", Nesting::List, false, inner.clone()),
            nested("hosts", Nesting::Set, false, inner),
        ],
        ..Block::default()
    }
}

/// A configuration with an empty job and these members.
fn config(members: Vec<(&str, Value)>) -> Value {
    Value::map([("job", job(vec![]))].into_iter().chain(members))
}

fn job(members: Vec<(&str, Value)>) -> Value {
    Value::map(members)
}

fn said(config: &Value) -> Vec<String> {
    let line = |problem: &Diagnostic| format!("{}: {}: {}", problem.path, problem.summary, problem.detail);
    validate(&block(), config).iter().map(line).collect()
}

#[test]
fn what_is_allowed_or_unknown_passes() {
    for members in [
        vec![],
        vec![
            ("mode", "savepoint".into()),
            ("code", "abc".into()),
            ("secret", "x".into()),
            ("pin", 3.into()),
        ],
        vec![
            ("mode", Value::Unknown),
            ("code", Value::Unknown),
            ("letters", Value::Unknown),
        ],
        vec![("letters", Value::List(vec!["a".into(), Value::Unknown, Value::Null]))],
        vec![("numbers", Value::map([("a", 1.into()), ("b", 10.into())]))],
        vec![("rules", Value::Unknown), ("hosts", Value::Set(vec![]))],
        // What is inside an unknown block is not "set".
        vec![("rules", Value::List(vec![Value::Unknown])), ("job", Value::Unknown)],
    ] {
        let config = config(members);
        assert_eq!(said(&config), Vec::<String>::new(), "{config:?}");
    }
}

#[test]
fn problems_name_the_place_the_rule_and_the_remedy() {
    let number = |text: &str| Value::Number(text.parse().unwrap());
    for (members, expected) in [
        (
            vec![("mode", "savepiont".into())],
            vec![
                "mode: Value not allowed: `savepiont` is none of the values allowed here: `last-state`, `savepoint`, \
                 `stateless`. Did you mean `savepoint`?",
            ],
        ),
        (
            vec![("mode", "zzz".into())],
            vec![
                "mode: Value not allowed: `zzz` is none of the values allowed here: `last-state`, `savepoint`, \
                 `stateless`.",
            ],
        ),
        (
            vec![("letters", Value::List(vec!["a".into(), "c".into()]))],
            vec!["letters[1]: Value not allowed: `c` is none of the values allowed here: `a`, `b`."],
        ),
        (
            vec![("letter_set", Value::Set(vec!["c".into()]))],
            vec!["letter_set: Value not allowed: `c` is none of the values allowed here: `a`, `b`."],
        ),
        (
            vec![(
                "numbers",
                Value::map([("a", 0.into()), ("b", number("10.5")), ("c", 11.into())]),
            )],
            vec![
                "numbers[\"a\"]: Number out of range: 0 is less than 1, the least value allowed.",
                "numbers[\"b\"]: Number out of range: 10.5 is not a whole number.",
                "numbers[\"c\"]: Number out of range: 11 is more than 10, the greatest value allowed.",
            ],
        ),
        (
            vec![("code", "abcd".into())],
            vec!["code: Too long: At most three letters."],
        ),
        (
            vec![("secret", "hunter2".into()), ("pin", 4711.into())],
            vec![
                "secret: Value not allowed: The value must be one of `x`, `y`. It is not shown here because it is \
                 sensitive.",
                "pin: Value not allowed: The value must be a number in the range that the documentation gives. It is \
                 not shown here because it is sensitive.",
            ],
        ),
        (
            vec![("job", Value::Null)],
            vec![": Missing block: A `job` block is required here."],
        ),
        (
            vec![("job", job(vec![("parallelism", 0.into()), ("old", Value::Unknown)]))],
            vec![
                "job.parallelism: Number out of range: 0 is less than 1, the least value allowed.",
                "job.old: Deprecated attribute: Use `mode`.",
            ],
        ),
        (
            vec![
                (
                    "rules",
                    Value::List(vec![job(vec![]), job(vec![("parallelism", 11.into())])]),
                ),
                (
                    "hosts",
                    Value::Set(vec![job(vec![]), job(vec![("parallelism", 11.into())])]),
                ),
            ],
            vec![
                "rules[1].parallelism: Number out of range: 11 is more than 10, the greatest value allowed.",
                // An index would point at another block: sets have no order.
                "hosts.parallelism: Number out of range: 11 is more than 10, the greatest value allowed.",
            ],
        ),
    ] {
        assert_eq!(said(&config(members)), expected);
    }
}

#[test]
fn deprecations_warn_and_the_rest_are_errors() {
    let deprecated = config(vec![("job", job(vec![("old", "x".into())]))]);
    let problems = validate(&block(), &deprecated);
    assert!(!problems.is_empty() && !problems.has_errors());
    assert!(validate(&block(), &config(vec![("mode", "x".into())])).has_errors());
}

#[test]
fn ranges() {
    let range = |min: Option<&str>, max: Option<&str>, whole| {
        let number = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        Range {
            min: number(min),
            max: number(max),
            whole,
        }
    };
    for (range, number, allowed) in [
        (range(None, None, false), "-1.5", true),
        (range(None, None, true), "1.5", false),
        (range(None, None, true), "1.0", true),
        (range(None, None, true), "123456789012345678901234567890", true),
        (range(Some("0.1"), None, false), "0.1", true),
        (range(Some("0.1"), None, false), "0.09999999999999999999", false),
        (range(None, Some("5"), false), "5.00000000000000000001", false),
        (
            Range::integers(i64::MIN.into(), i64::MAX.into()),
            "9223372036854775807",
            true,
        ),
        (
            Range::integers(i64::MIN.into(), i64::MAX.into()),
            "9223372036854775808",
            false,
        ),
    ] {
        assert_eq!(
            range.problem(&number.parse().unwrap()).is_none(),
            allowed,
            "{number} in {range:?}"
        );
    }

    let (one, other) = (range(Some("1"), None, false), range(Some("0"), Some("5"), true));
    let both = Some(range(Some("1"), Some("5"), true));
    assert_eq!(Range::narrowed(Some(one.clone()), Some(other.clone())), both);
    assert_eq!(Range::narrowed(Some(other), Some(one.clone())), both);
    assert_eq!(
        Range::narrowed(Some(range(None, Some("9"), false)), Some(range(None, Some("5"), false))),
        { Some(range(None, Some("5"), false)) }
    );
    assert_eq!(Range::narrowed(None, Some(one.clone())), Some(one));
    assert_eq!(Range::narrowed(None, None), None);
}

#[test]
fn the_nearest_is_offered_only_where_it_is_a_slip() {
    let modes = ["stateless", "last-state", "savepoint"];
    for (text, near) in [
        ("savepoints", Some("savepoint")),
        ("SAVEPOINT", Some("savepoint")),
        ("last_state", Some("last-state")),
        ("statless", Some("stateless")),
        ("checkpoint", None),
        ("", None),
    ] {
        assert_eq!(nearest(text, modes), near, "{text}");
    }
    assert_eq!(nearest("a", []), None);
}
