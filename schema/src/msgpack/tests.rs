mod properties;

use super::*;
use crate::encoding::DecodeFault;
use crate::encoding::arbitrary::nested_lists;
use crate::json::TypeError;

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn dynamic(ty: Type, value: Value) -> Value {
    Value::Dynamic(Box::new((ty, value)))
}

fn object() -> Type {
    Type::object([("cpu", Type::Number), ("name", Type::String)])
}

/// Bytes by hand from the MessagePack specification, in the choice of encodings that go-cty makes (compared with what
/// go-cty 1.16.2 writes for the same values).
fn vectors() -> Vec<(Type, Value, Vec<u8>)> {
    let text = |marker: &[u8], text: &str| [marker, text.as_bytes()].concat();
    let long = "x".repeat(300);
    vec![
        (Type::String, Value::Null, vec![0xc0]),
        (Type::String, Value::Unknown, vec![0xd4, 0x00, 0x00]),
        (Type::list(Type::String), Value::Unknown, vec![0xd4, 0x00, 0x00]),
        (Type::Bool, true.into(), vec![0xc3]),
        (Type::Bool, false.into(), vec![0xc2]),
        (Type::String, "".into(), vec![0xa0]),
        (Type::String, "flink".into(), text(&[0xa5], "flink")),
        (Type::String, "\u{e9}".into(), vec![0xa2, 0xc3, 0xa9]),
        (Type::String, long[..32].into(), text(&[0xd9, 32], &long[..32])),
        (Type::String, long.as_str().into(), text(&[0xda, 0x01, 0x2c], &long)),
        (Type::Number, 0.into(), vec![0x00]),
        (Type::Number, 127.into(), vec![0x7f]),
        (Type::Number, 128.into(), vec![0xcc, 0x80]),
        (Type::Number, 256.into(), vec![0xcd, 0x01, 0x00]),
        (Type::Number, 65_536.into(), vec![0xce, 0x00, 0x01, 0x00, 0x00]),
        (Type::Number, 4_294_967_296.into(), vec![0xcf, 0, 0, 0, 1, 0, 0, 0, 0]),
        (
            Type::Number,
            i64::MAX.into(),
            vec![0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        (Type::Number, (-1).into(), vec![0xff]),
        (Type::Number, (-32).into(), vec![0xe0]),
        (Type::Number, (-33).into(), vec![0xd0, 0xdf]),
        (Type::Number, (-129).into(), vec![0xd1, 0xff, 0x7f]),
        (Type::Number, i64::MIN.into(), vec![0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        (Type::Number, number("0.5"), vec![0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]),
        (Type::Number, number("-2.25"), vec![0xcb, 0xc0, 0x02, 0, 0, 0, 0, 0, 0]),
        (Type::Number, number("1e20"), text(&[0xb5], "100000000000000000000")),
        (Type::Number, number("0.1"), text(&[0xa3], "0.1")),
        (
            Type::Number,
            number("18446744073709551615"),
            text(&[0xb4], "18446744073709551615"),
        ),
        (Type::list(Type::Number), Value::List(vec![]), vec![0x90]),
        (
            Type::list(Type::Number),
            Value::List(vec![1.into(), Value::Unknown]),
            vec![0x92, 0x01, 0xd4, 0, 0],
        ),
        (
            Type::set(Type::String),
            Value::Set(vec!["a".into(), "b".into()]),
            vec![0x92, 0xa1, b'a', 0xa1, b'b'],
        ),
        (Type::map(Type::Bool), Value::map::<String>([]), vec![0x80]),
        (
            Type::map(Type::Bool),
            Value::map([("a", true.into())]),
            vec![0x81, 0xa1, b'a', 0xc3],
        ),
        (
            object(),
            Value::map([("name", Value::Null), ("cpu", number("0.5"))]),
            [
                text(&[0x82, 0xa3], "cpu"),
                vec![0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0],
                text(&[0xa4], "name"),
                vec![0xc0],
            ]
            .concat(),
        ),
        (
            Type::Tuple(vec![Type::Bool, Type::String]),
            Value::List(vec![true.into(), "a".into()]),
            vec![0x92, 0xc3, 0xa1, b'a'],
        ),
        (Type::Dynamic, Value::Null, vec![0xc0]),
        (Type::Dynamic, Value::Unknown, vec![0xd4, 0x00, 0x00]),
        (
            Type::Dynamic,
            dynamic(Type::String, "a".into()),
            [text(&[0x92, 0xc4, 8], "\"string\""), vec![0xa1, b'a']].concat(),
        ),
        // A null or an unknown value from a typed variable keeps its type.
        (
            Type::Dynamic,
            dynamic(Type::String, Value::Null),
            [text(&[0x92, 0xc4, 8], "\"string\""), vec![0xc0]].concat(),
        ),
        (
            Type::Dynamic,
            dynamic(Type::String, Value::Unknown),
            [text(&[0x92, 0xc4, 8], "\"string\""), vec![0xd4, 0, 0]].concat(),
        ),
        // A null inside an object has the dynamic type.
        (
            Type::Dynamic,
            dynamic(Type::object([("a", Type::Dynamic)]), Value::map([("a", Value::Null)])),
            [
                text(&[0x92, 0xc4, 26], "[\"object\",{\"a\":\"dynamic\"}]"),
                vec![0x81, 0xa1, b'a', 0xc0],
            ]
            .concat(),
        ),
        (
            Type::Dynamic,
            dynamic(
                Type::Tuple(vec![Type::Dynamic, Type::Number]),
                Value::List(vec![Value::Unknown, 1.into()]),
            ),
            [
                text(&[0x92, 0xc4, 30], "[\"tuple\",[\"dynamic\",\"number\"]]"),
                vec![0x92, 0xd4, 0, 0, 0x01],
            ]
            .concat(),
        ),
    ]
}

#[test]
fn written_as_terraform_writes_it_and_read_back() {
    for (ty, value, bytes) in vectors() {
        assert_eq!(encode(&value, &ty).unwrap(), bytes, "{value:?} as {ty}");
        assert_eq!(decode(&bytes, &ty).unwrap(), value, "{bytes:x?} as {ty}");
    }
}

#[test]
fn read_in_every_spelling() {
    let refined = [&[0xc7, 0x09, 0x0c, 0x82, 0x01, 0xc2, 0x02, 0xa4][..], b"a/b/"].concat();
    let cases: Vec<(Type, Vec<u8>, Value)> = vec![
        // Unknown: every form of extension, refinements included.
        (Type::String, vec![0xd4, 0x00, 0x00], Value::Unknown),
        (Type::String, vec![0xd5, 0x0c, 0x00, 0x00], Value::Unknown),
        (Type::String, vec![0xd6, 0x0c, 0, 0, 0, 0], Value::Unknown),
        (Type::String, [&[0xd7, 0x0c][..], &[0; 8]].concat(), Value::Unknown),
        (Type::String, [&[0xd8, 0x0c][..], &[0; 16]].concat(), Value::Unknown),
        (Type::String, vec![0xc7, 0x03, 0x0c, 0x81, 0x01, 0xc2], Value::Unknown),
        (
            Type::String,
            vec![0xc8, 0x00, 0x03, 0x0c, 0x81, 0x01, 0xc2],
            Value::Unknown,
        ),
        (
            Type::String,
            vec![0xc9, 0, 0, 0, 3, 0x0c, 0x81, 0x01, 0xc2],
            Value::Unknown,
        ),
        (
            Type::Tuple(vec![Type::String, Type::Bool]),
            [&[0x92][..], &refined, &[0xc3]].concat(),
            { Value::List(vec![Value::Unknown, true.into()]) },
        ),
        (object(), refined.clone(), Value::Unknown),
        // Numbers: every width, floats and text.
        (
            Type::Number,
            [&[0xcb][..], &1e20_f64.to_be_bytes()].concat(),
            number("1e20"),
        ),
        (Type::Number, vec![0xd0, 0x05], 5.into()),
        (Type::Number, vec![0xd2, 0xff, 0xff, 0xff, 0xff], (-1).into()),
        (
            Type::Number,
            [&[0xcf][..], &[0xff; 8]].concat(),
            number("18446744073709551615"),
        ),
        (Type::Number, vec![0xca, 0x3f, 0x00, 0x00, 0x00], number("0.5")),
        (
            Type::Number,
            [&[0xcb][..], &0.1_f64.to_be_bytes()].concat(),
            number("0.1"),
        ),
        (Type::Number, [&[0xcb][..], &3.0_f64.to_be_bytes()].concat(), 3.into()),
        (
            Type::Number,
            [&[0xcb][..], &(-0.0_f64).to_be_bytes()].concat(),
            0.into(),
        ),
        (
            Type::Number,
            [&[0xcb][..], &2_f64.powi(64).to_be_bytes()].concat(),
            number("18446744073709551616"),
        ),
        (Type::Number, vec![0xa4, b'5', b'e', b'-', b'1'], number("0.5")),
        (
            Type::Number,
            [&[0xd9, 40][..], &[b'7'; 40]].concat(),
            number(&"7".repeat(40)),
        ),
        // Text: normal form C, for keys too.
        (Type::String, vec![0xa3, b'e', 0xcc, 0x81], "\u{e9}".into()),
        (
            Type::map(Type::Bool),
            vec![0x81, 0xa3, b'e', 0xcc, 0x81, 0xc3],
            Value::map([("\u{e9}", true.into())]),
        ),
        (Type::String, vec![0xdb, 0, 0, 0, 1, b'a'], "a".into()),
        (Type::String, vec![0xc4, 1, b'a'], "a".into()),
        // Lengths in their long forms.
        (
            Type::list(Type::Bool),
            vec![0xdc, 0, 1, 0xc3],
            Value::List(vec![true.into()]),
        ),
        (
            Type::list(Type::Bool),
            vec![0xdd, 0, 0, 0, 1, 0xc3],
            Value::List(vec![true.into()]),
        ),
        (
            Type::map(Type::Bool),
            vec![0xde, 0, 1, 0xa1, b'a', 0xc3],
            Value::map([("a", true.into())]),
        ),
        (
            Type::map(Type::Bool),
            vec![0xdf, 0, 0, 0, 1, 0xa1, b'a', 0xc3],
            Value::map([("a", true.into())]),
        ),
        // The type of a dynamic value as text, and one that says no more than "dynamic".
        (
            Type::Dynamic,
            [&[0x92, 0xa6][..], b"\"bool\"", &[0xc3]].concat(),
            dynamic(Type::Bool, true.into()),
        ),
        (
            Type::Dynamic,
            [&[0x92, 0xc4, 9][..], b"\"dynamic\"", &[0xc0]].concat(),
            Value::Null,
        ),
    ];
    for (ty, bytes, value) in cases {
        assert_eq!(decode(&bytes, &ty), Ok(value), "{bytes:x?} as {ty}");
    }
}

#[test]
fn refusals_say_where_and_what() {
    let block = Type::object([("job", Type::list(Type::object([("parallelism", Type::Number)])))]);
    let cases: Vec<(Type, Vec<u8>, &str)> = vec![
        (Type::String, vec![], "failed to decode the value: the data ends early"),
        (
            Type::String,
            vec![0xa5, b'a'],
            "failed to decode the value: the data ends early",
        ),
        (
            Type::String,
            vec![0xc1],
            "failed to decode the value: a string is required here, not an invalid byte",
        ),
        (
            Type::String,
            vec![0x01],
            "failed to decode the value: a string is required here, not a number",
        ),
        (
            Type::String,
            vec![0xa1, 0xff],
            "failed to decode the value: the text here is not valid UTF-8",
        ),
        (
            Type::Bool,
            vec![0xc3, 0xc3],
            "failed to decode the value: there is more data behind the value",
        ),
        (
            Type::Number,
            vec![0xc3],
            "failed to decode the value: a number is required here, not a bool",
        ),
        (
            Type::Number,
            vec![0xa1, b'x'],
            "failed to decode the value: the number here cannot be represented",
        ),
        (
            Type::Number,
            [&[0xcb][..], &f64::INFINITY.to_be_bytes()].concat(),
            "failed to decode the value: the number here cannot be represented",
        ),
        (
            Type::list(Type::Bool),
            vec![0x80],
            "failed to decode the value: a list is required here, not a map",
        ),
        (
            Type::set(Type::Bool),
            vec![0xc2],
            "failed to decode the value: a set is required here, not a bool",
        ),
        (
            Type::map(Type::Bool),
            vec![0x81, 0x01, 0xc3],
            "failed to decode the value: a string is required here, not a number",
        ),
        (
            Type::map(Type::Bool),
            vec![0x81, 0xa1, b'a', 0x01],
            "failed to decode `[\"a\"]`: a bool is required here, not a number",
        ),
        (
            block.clone(),
            [&[0x81, 0xa3][..], b"job", &[0x91, 0x81, 0xab], b"parallelism", &[0xc3]].concat(),
            "failed to decode `job[0].parallelism`: a number is required here, not a bool",
        ),
        (
            block.clone(),
            [&[0x81, 0xa3][..], b"job", &[0x91, 0x80]].concat(),
            "failed to decode `job[0]`: the attribute `parallelism` is missing",
        ),
        (
            block,
            [&[0x81, 0xa3][..], b"job", &[0x91, 0x81, 0xa1, b'x', 0xc0]].concat(),
            "failed to decode `job[0]`: there is an attribute `x`, which the schema does not have",
        ),
        (
            Type::Tuple(vec![Type::Bool, Type::Bool]),
            vec![0x91, 0xc3],
            "failed to decode the value: a tuple of 2 elements is required here, not of 1",
        ),
        (
            Type::Dynamic,
            vec![0x93, 0, 0, 0],
            "failed to decode the value: a value with its type is required here",
        ),
        (
            Type::Dynamic,
            vec![0xa1, b'x'],
            "failed to decode the value: a value with its type is required here, not a string",
        ),
        (
            Type::Dynamic,
            [&[0x92, 0xc4, 7][..], b"\"bytes\"", &[0xc0]].concat(),
            "failed to decode the value: the type given with the value cannot be read: there is no type `bytes`",
        ),
    ];
    for (ty, bytes, message) in cases {
        assert_eq!(
            decode(&bytes, &ty).unwrap_err().to_string(),
            message,
            "{bytes:x?} as {ty}"
        );
    }
}

#[test]
fn a_value_of_another_type_is_not_written() {
    let job = Type::object([("job", object())]);
    for (ty, value, message) in [
        (
            Type::String,
            Value::from(1),
            "failed to encode the value: a string is required here, not a number",
        ),
        (
            Type::Dynamic,
            Value::from("a"),
            "failed to encode the value: a value with its type is required here, not a string",
        ),
        (
            Type::list(Type::Bool),
            Value::Set(vec![]),
            "failed to encode the value: a list is required here, not a set",
        ),
        (
            job.clone(),
            Value::map([("job", Value::map([("cpu", 1.into())]))]),
            "failed to encode `job`: the attribute `name` is missing",
        ),
        (
            job,
            Value::map([(
                "job",
                Value::map([("cpu", 1.into()), ("name", Value::Null), ("zone", Value::Null)]),
            )]),
            "failed to encode `job`: there is an attribute `zone`, which the schema does not have",
        ),
        (
            Type::map(Type::list(Type::Bool)),
            Value::map([("a", Value::List(vec![true.into(), "x".into()]))]),
            "failed to encode `[\"a\"][1]`: a bool is required here, not a string",
        ),
        (
            Type::Tuple(vec![Type::Bool]),
            Value::List(vec![]),
            "failed to encode the value: a tuple of 1 elements is required here, not of 0",
        ),
    ] {
        assert_eq!(encode(&value, &ty).unwrap_err().to_string(), message);
    }
}

#[test]
fn announced_lengths_take_no_memory() {
    for (ty, bytes) in [
        (Type::list(Type::Bool), vec![0xdd, 0xff, 0xff, 0xff, 0xff]),
        (Type::set(Type::Bool), vec![0xdd, 0xff, 0xff, 0xff, 0xff, 0xc3]),
        (Type::map(Type::Bool), vec![0xdf, 0xff, 0xff, 0xff, 0xff]),
        (object(), vec![0xdf, 0xff, 0xff, 0xff, 0xff]),
        (Type::String, vec![0xdb, 0xff, 0xff, 0xff, 0xff]),
        (Type::String, vec![0xc6, 0xff, 0xff, 0xff, 0xff]),
        (Type::String, vec![0xc9, 0xff, 0xff, 0xff, 0xff, 0x00]),
    ] {
        assert_eq!(
            decode(&bytes, &ty).unwrap_err().fault,
            DecodeFault::Truncated,
            "{bytes:x?}"
        );
    }
}

#[test]
fn depth_is_bounded_whoever_brings_it() {
    let (ty, value) = nested_lists(MAX_DEPTH);
    assert_eq!(decode(&encode(&value, &ty).unwrap(), &ty), Ok(value));

    let (ty, value) = nested_lists(MAX_DEPTH + 1);
    assert_eq!(encode(&value, &ty).unwrap_err().fault, EncodeFault::TooDeep);
    assert_eq!(
        decode(&[0x91; MAX_DEPTH + 2], &ty).unwrap_err().fault,
        DecodeFault::TooDeep
    );

    // Values in values, each announced as dynamic.
    let bytes = [&[0x92, 0xc4, 9][..], b"\"dynamic\""].concat().repeat(100_000);
    assert_eq!(decode(&bytes, &Type::Dynamic).unwrap_err().fault, DecodeFault::TooDeep);

    // A type of many levels.
    let ty_json = "[\"list\",".repeat(10_000);
    let ty_json = format!("{ty_json}\"bool\"{}", "]".repeat(10_000));
    let len = u32::try_from(ty_json.len()).unwrap().to_be_bytes();
    let bytes = [&[0x92, 0xc6][..], &len, ty_json.as_bytes(), &[0xc0]].concat();
    assert_eq!(
        decode(&bytes, &Type::Dynamic).unwrap_err().fault,
        DecodeFault::Type(TypeError::TooDeep)
    );
}

#[test]
fn large_values_pass() {
    let text = "x".repeat(1_000_000);
    let value = Value::map([("text", text.as_str().into())]);
    let ty = Type::object([("text", Type::String)]);
    assert_eq!(decode(&encode(&value, &ty).unwrap(), &ty), Ok(value));

    let value = Value::List((0..20_000).map(Value::from).collect());
    let ty = Type::list(Type::Number);
    assert_eq!(decode(&encode(&value, &ty).unwrap(), &ty), Ok(value));
}
