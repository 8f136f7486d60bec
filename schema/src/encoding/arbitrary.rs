//! Generated types and values for property tests.

use proptest::prelude::*;

use crate::number::Number;
use crate::ty::Type;
use crate::value::Value;

/// Any type, dynamic parts included.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Number),
        Just(Type::String),
        Just(Type::Dynamic)
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            prop::collection::btree_map(text(), inner.clone(), 0..4)
                .prop_map(|members| Type::object(members.into_iter().map(|(name, ty)| (normal(&name), ty)))),
            prop::collection::vec(inner, 0..4).prop_map(Type::Tuple),
        ]
    })
}

/// Numbers at every boundary between the encodings.
pub(crate) fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        3 => any::<i64>().prop_map(Number::from),
        1 => any::<u64>().prop_map(Number::from),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, -129, -128, -33, -32, -1, 0, 127, 128, 255, 256, 65_536])
            .prop_map(Number::from),
        1 => prop::sample::select(vec![i64::MAX as u64 + 1, u64::MAX]).prop_map(Number::from),
        2 => any::<f64>().prop_filter_map("finite", |float| Number::try_from(float).ok()),
        1 => any::<i32>().prop_map(|halves| Number::try_from(f64::from(halves) / 8.0).unwrap()),
        2 => "-?[0-9]{1,300}(\\.[0-9]{1,300})?".prop_map(|text| text.parse().unwrap()),
        1 => "-?0\\.0{1,300}[0-9]{1,5}".prop_map(|text| text.parse().unwrap()),
    ]
}

/// Text that is often not in normal form C, empty, or in need of escapes.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z_]{0,6}",
        1 => "[a-z\u{301}\u{308}\u{1100}-\u{1112}\u{1161}-\u{1175}\u{212b}\"\\\\\n\u{0}]{0,6}",
        1 => any::<String>(),
    ]
}

fn normal(text: &str) -> String {
    Value::string(text).as_str().unwrap_or_default().to_owned()
}

/// A value of that type, null and (where asked for) unknown parts included. Text is in normal form C.
pub(crate) fn value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    value_within(ty, unknowns, 2)
}

fn value_within(ty: &Type, unknowns: bool, dynamic_levels: usize) -> BoxedStrategy<Value> {
    let of = |ty: &Type| value_within(ty, unknowns, dynamic_levels);
    let known: BoxedStrategy<Value> = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => number().prop_map(Value::Number).boxed(),
        Type::String => text().prop_map(Value::string).boxed(),
        Type::List(element) => prop::collection::vec(of(element), 0..4).prop_map(Value::List).boxed(),
        Type::Set(element) => prop::collection::vec(of(element), 0..4).prop_map(Value::Set).boxed(),
        Type::Map(element) => prop::collection::btree_map(text().prop_map(|key| normal(&key)), of(element), 0..4)
            .prop_map(Value::Map)
            .boxed(),
        Type::Object(types) => types
            .iter()
            .fold(Just(Value::map::<String>([])).boxed(), |object, (name, ty)| {
                let name = name.clone();
                (object, of(ty))
                    .prop_map(move |(object, value)| {
                        let mut members = object.as_map().cloned().unwrap_or_default();
                        members.insert(name.clone(), value);
                        Value::Map(members)
                    })
                    .boxed()
            }),
        Type::Tuple(types) => types.iter().map(of).collect::<Vec<_>>().prop_map(Value::List).boxed(),
        Type::Dynamic if dynamic_levels == 0 => Just(Value::Null).boxed(),
        Type::Dynamic => any_type()
            .prop_filter("the wire knows no value whose own type is dynamic", |ty| {
                *ty != Type::Dynamic
            })
            .prop_flat_map(move |ty| {
                value_within(&ty, unknowns, dynamic_levels - 1)
                    .prop_map(move |value| Value::Dynamic(Box::new((ty.clone(), value))))
            })
            .boxed(),
    };
    let unknown = if unknowns { Value::Unknown } else { Value::Null };
    prop_oneof![8 => known, 1 => Just(Value::Null), 1 => Just(unknown)].boxed()
}

/// A type and a value of it.
pub(crate) fn typed_value(unknowns: bool) -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(move |ty| value_of(&ty, unknowns).prop_map(move |value| (ty.clone(), value)))
}

/// A list of lists of that many levels, and its type.
pub(crate) fn nested_lists(levels: usize) -> (Type, Value) {
    (0..levels).fold((Type::String, Value::from("x")), |(ty, value), _| {
        (Type::list(ty), Value::List(vec![value]))
    })
}
