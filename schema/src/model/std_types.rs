//! [`AttributeType`] for the types of the standard library and for the wrappers that speak about Terraform.

use std::collections::{BTreeMap, BTreeSet};

use super::{AttributeType, Computed, Shape, WriteOnly, wrong_kind};
use crate::diagnostic::Diagnostics;
use crate::number::Number;
use crate::path::AttributePath;
use crate::schema::{Attribute, Nesting, Semantics};
use crate::ty::Type;
use crate::validate::Range;
use crate::value::Value;

fn attribute(ty: Type) -> Shape {
    Shape::Attribute(Box::new(Attribute::new(ty, Semantics::EXACT)))
}

impl AttributeType for String {
    fn shape() -> Shape {
        attribute(Type::String)
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong_kind("A string", value, path))
    }

    fn encode(&self) -> Value {
        Value::string(self)
    }
}

impl AttributeType for bool {
    fn shape() -> Shape {
        attribute(Type::Bool)
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if let Value::Bool(value) = value {
            Ok(*value)
        } else {
            Err(wrong_kind("A bool", value, path))
        }
    }

    fn encode(&self) -> Value {
        Value::Bool(*self)
    }
}

impl AttributeType for Number {
    fn shape() -> Shape {
        attribute(Type::Number)
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if let Value::Number(number) = value {
            Ok(number.clone())
        } else {
            Err(wrong_kind("A number", value, path))
        }
    }

    fn encode(&self) -> Value {
        Value::Number(self.clone())
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl AttributeType for $integer {
            fn shape() -> Shape {
                let mut attribute = Attribute::new(Type::Number, Semantics::EXACT);
                attribute.range = Some(Range::integers(i128::from(<$integer>::MIN), i128::from(<$integer>::MAX)));
                Shape::Attribute(Box::new(attribute))
            }

            fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
                match value {
                    Value::Number(number) => number.as_i64().and_then(|number| Self::try_from(number).ok()),
                    _ => None,
                }
                .ok_or_else(|| wrong_kind("A whole number in range", value, path))
            }

            fn encode(&self) -> Value {
                Value::Number(Number::from(i64::from(*self)))
            }
        }
    )*};
}

integers!(i32, i64, u16, u32);

impl<T: AttributeType> AttributeType for Option<T> {
    fn shape() -> Shape {
        let mut shape = T::shape();
        match &mut shape {
            Shape::Attribute(attribute) => {
                attribute.required = false;
                attribute.optional = true;
            }
            Shape::Block(nested) => nested.required = false,
        }
        shape
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if value.is_null() {
            Ok(None)
        } else {
            T::decode(value, path).map(Some)
        }
    }

    fn encode(&self) -> Value {
        match self {
            Some(value) => value.encode(),
            None => Value::Null,
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A struct in `Computed` is an object attribute: protocol 5 has no computed blocks.
impl<T: AttributeType> AttributeType for Computed<T> {
    fn shape() -> Shape {
        let mut attribute = as_attribute(T::shape());
        attribute.required = false;
        attribute.optional = false;
        attribute.computed = true;
        Shape::Attribute(attribute)
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if value.is_null() || !value.is_wholly_known() {
            Ok(Self(None))
        } else {
            T::decode(value, path).map(|value| Self(Some(value)))
        }
    }

    fn encode(&self) -> Value {
        self.0.as_ref().map_or(Value::Null, T::encode)
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}

/// A struct in `WriteOnly` is an object attribute, too: a block cannot be write-only.
impl<T: AttributeType> AttributeType for WriteOnly<T> {
    fn shape() -> Shape {
        let mut attribute = as_attribute(T::shape());
        attribute.required = false;
        attribute.optional = true;
        attribute.write_only = true;
        attribute.sensitive = true;
        Shape::Attribute(attribute)
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        if value.is_null() {
            Ok(Self(None))
        } else {
            T::decode(value, path).map(|value| Self(Some(value)))
        }
    }

    /// Always null: that is the point.
    fn encode(&self) -> Value {
        Value::Null
    }

    fn absent() -> Option<Self> {
        Some(Self(None))
    }
}

impl<T: AttributeType> AttributeType for Vec<T> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Attribute(element) => collection(*element, Type::list),
            Shape::Block(mut nested) => {
                nested.nesting = Nesting::List;
                nested.required = false;
                Shape::Block(nested)
            }
        }
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        let elements = value.as_elements().ok_or_else(|| wrong_kind("A list", value, path))?;
        all(elements
            .iter()
            .enumerate()
            .map(|(index, element)| T::decode(element, &path.index(index))))
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(T::encode).collect())
    }
}

impl<T: AttributeType + Ord> AttributeType for BTreeSet<T> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Attribute(element) => collection(*element, Type::set),
            Shape::Block(mut nested) => {
                nested.nesting = Nesting::Set;
                nested.required = false;
                Shape::Block(nested)
            }
        }
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        let elements = value.as_elements().ok_or_else(|| wrong_kind("A set", value, path))?;
        all(elements
            .iter()
            .enumerate()
            .map(|(index, element)| T::decode(element, &path.index(index))))
    }

    fn encode(&self) -> Value {
        Value::Set(self.iter().map(T::encode).collect())
    }
}

impl<T: AttributeType> AttributeType for BTreeMap<String, T> {
    fn shape() -> Shape {
        match T::shape() {
            Shape::Attribute(element) => collection(*element, Type::map),
            Shape::Block(nested) => attribute(Type::map(nested.block.implied_type())),
        }
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        let members = value.as_map().ok_or_else(|| wrong_kind("A map", value, path))?;
        all(members
            .iter()
            .map(|(key, member)| Ok((key.clone(), T::decode(member, &path.key(key))?))))
    }

    fn encode(&self) -> Value {
        Value::Map(
            self.iter()
                .map(|(key, member)| (key.clone(), member.encode()))
                .collect(),
        )
    }
}

/// A shape as an attribute: an object where it is a block.
fn as_attribute(shape: Shape) -> Box<Attribute> {
    match shape {
        Shape::Attribute(attribute) => attribute,
        Shape::Block(nested) => Box::new(Attribute {
            members: Some(Box::new(nested.block.clone())),
            ..Attribute::new(nested.implied_type(), Semantics::EXACT)
        }),
    }
}

/// All elements, or the problems of all of them.
fn all<T, C: FromIterator<T>>(elements: impl Iterator<Item = Result<T, Diagnostics>>) -> Result<C, Diagnostics> {
    let mut problems = Diagnostics::new();
    let decoded = elements
        .filter_map(|element| element.map_err(|found| problems.extend(found)).ok())
        .collect();
    problems.or_ok(decoded)
}

/// A collection attribute whose elements are checked like `element`.
fn collection(element: Attribute, ty: fn(Type) -> Type) -> Shape {
    let mut collection = Attribute::new(ty(element.ty), Semantics::EXACT);
    collection.sensitive = element.sensitive;
    collection.choices = element.choices;
    collection.open_choices = element.open_choices;
    collection.range = element.range;
    Shape::Attribute(Box::new(collection))
}
