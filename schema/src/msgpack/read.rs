//! Reading, by recursive descent over the bytes.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the 39 markers, each place knows a few and refuses the rest"
)]

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};
use unicode_normalization::UnicodeNormalization;

use super::index_step;
use crate::encoding::{DecodeError, DecodeFault, MAX_DEPTH, shown};
use crate::json::type_from_json;
use crate::number::Number;
use crate::path::Step;
use crate::ty::Type;
use crate::value::Value;

type Result<T> = std::result::Result<T, DecodeError>;

pub(super) fn whole(bytes: &[u8], ty: &Type) -> Result<Value> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(ty, 0)?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError::here(DecodeFault::TrailingData))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Value> {
        if depth > MAX_DEPTH {
            return Err(DecodeError::here(DecodeFault::TooDeep));
        }
        let marker = read_marker(&mut self.rest).map_err(truncated)?;
        if let Some(len) = self.extension_len(marker)? {
            // One byte says which extension it is; whichever, it stands for an unknown value.
            self.take(len.saturating_add(1))?;
            return Ok(Value::Unknown);
        }
        if marker == Marker::Null {
            return Ok(Value::Null);
        }
        match ty {
            Type::Dynamic => self.dynamic(marker, depth),
            Type::Bool => match marker {
                Marker::True => Ok(Value::Bool(true)),
                Marker::False => Ok(Value::Bool(false)),
                _ => Err(DecodeError::wrong_kind(ty, kind(marker))),
            },
            Type::Number => self.number(marker).map(Value::Number),
            Type::String => match self.text(marker)? {
                Some(text) => Ok(Value::string(text)),
                None => Err(DecodeError::wrong_kind(ty, kind(marker))),
            },
            Type::List(element) => self.list(marker, ty, element, depth),
            Type::Set(element) => self.set(marker, ty, element, depth),
            Type::Map(element) => self.map(marker, ty, element, depth),
            Type::Object(types) => self.object(marker, ty, types, depth),
            Type::Tuple(types) => self.tuple(marker, ty, types, depth),
        }
    }

    fn list(&mut self, marker: Marker, ty: &Type, element: &Type, depth: usize) -> Result<Value> {
        let len = self.array_len(marker, ty)?;
        let mut elements = Vec::new();
        for index in 0..len {
            elements.push(
                self.value(element, depth + 1)
                    .map_err(|error| error.inside(index_step(index)))?,
            );
        }
        Ok(Value::List(elements))
    }

    fn set(&mut self, marker: Marker, ty: &Type, element: &Type, depth: usize) -> Result<Value> {
        let len = self.array_len(marker, ty)?;
        let mut elements = Vec::new();
        for _ in 0..len {
            elements.push(self.value(element, depth + 1)?);
        }
        Ok(Value::Set(elements))
    }

    fn tuple(&mut self, marker: Marker, ty: &Type, types: &[Type], depth: usize) -> Result<Value> {
        let found = self.array_len(marker, ty)?;
        if found != types.len() {
            return Err(DecodeError::here(DecodeFault::TupleLength {
                expected: types.len(),
                found,
            }));
        }
        let mut elements = Vec::new();
        for (index, ty) in types.iter().enumerate() {
            elements.push(
                self.value(ty, depth + 1)
                    .map_err(|error| error.inside(index_step(index)))?,
            );
        }
        Ok(Value::List(elements))
    }

    fn map(&mut self, marker: Marker, ty: &Type, element: &Type, depth: usize) -> Result<Value> {
        let len = self.map_len(marker, ty)?;
        let mut members = BTreeMap::new();
        for _ in 0..len {
            let key = self.key()?;
            let value = self
                .value(element, depth + 1)
                .map_err(|error| error.inside(Step::Key(shown(&key))))?;
            members.insert(key, value);
        }
        Ok(Value::Map(members))
    }

    fn object(&mut self, marker: Marker, ty: &Type, types: &BTreeMap<String, Type>, depth: usize) -> Result<Value> {
        let len = self.map_len(marker, ty)?;
        let mut members = BTreeMap::new();
        for _ in 0..len {
            let name = self.key()?;
            let Some(ty) = types.get(&name) else {
                return Err(DecodeError::here(DecodeFault::ExtraAttribute(shown(&name))));
            };
            let value = self
                .value(ty, depth + 1)
                .map_err(|error| error.inside(Step::Name(shown(&name))))?;
            members.insert(name, value);
        }
        match types.keys().find(|name| !members.contains_key(*name)) {
            Some(missing) => Err(DecodeError::here(DecodeFault::MissingAttribute(shown(missing)))),
            None => Ok(Value::Map(members)),
        }
    }

    fn dynamic(&mut self, marker: Marker, depth: usize) -> Result<Value> {
        if self.array_len(marker, &Type::Dynamic)? != 2 {
            return Err(DecodeError::here(DecodeFault::NotTyped));
        }
        let marker = read_marker(&mut self.rest).map_err(truncated)?;
        let json = self
            .bytes(marker)?
            .ok_or_else(|| DecodeError::here(DecodeFault::NotTyped))?;
        let ty = type_from_json(json).map_err(|error| DecodeError::here(DecodeFault::Type(error)))?;
        let value = self.value(&ty, depth + 1)?;
        Ok(if ty == Type::Dynamic {
            value
        } else {
            Value::Dynamic(Box::new((ty, value)))
        })
    }

    fn number(&mut self, marker: Marker) -> Result<Number> {
        let rest = &mut self.rest;
        Ok(match marker {
            Marker::FixPos(small) => i64::from(small).into(),
            Marker::FixNeg(small) => i64::from(small).into(),
            Marker::U8 => u64::from(rest.read_data_u8().map_err(truncated)?).into(),
            Marker::U16 => u64::from(rest.read_data_u16().map_err(truncated)?).into(),
            Marker::U32 => u64::from(rest.read_data_u32().map_err(truncated)?).into(),
            Marker::U64 => rest.read_data_u64().map_err(truncated)?.into(),
            Marker::I8 => i64::from(rest.read_data_i8().map_err(truncated)?).into(),
            Marker::I16 => i64::from(rest.read_data_i16().map_err(truncated)?).into(),
            Marker::I32 => i64::from(rest.read_data_i32().map_err(truncated)?).into(),
            Marker::I64 => rest.read_data_i64().map_err(truncated)?.into(),
            Marker::F32 => float(rest.read_data_f32().map_err(truncated)?.into())?,
            Marker::F64 => float(rest.read_data_f64().map_err(truncated)?)?,
            _ => match self.text(marker)? {
                Some(text) => text.parse().map_err(|_| DecodeError::here(DecodeFault::NotANumber))?,
                None => return Err(DecodeError::wrong_kind(&Type::Number, kind(marker))),
            },
        })
    }

    /// A key of a map, in normal form C.
    fn key(&mut self) -> Result<String> {
        let marker = read_marker(&mut self.rest).map_err(truncated)?;
        match self.text(marker)? {
            Some(text) => Ok(text.nfc().collect()),
            None => Err(DecodeError::wrong_kind(&Type::String, kind(marker))),
        }
    }

    fn text(&mut self, marker: Marker) -> Result<Option<&'a str>> {
        let Some(bytes) = self.bytes(marker)? else {
            return Ok(None);
        };
        std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|_| DecodeError::here(DecodeFault::NotText))
    }

    /// The content of a text or of binary data; `None` where the marker announces something else.
    fn bytes(&mut self, marker: Marker) -> Result<Option<&'a [u8]>> {
        let rest = &mut self.rest;
        let len = match marker {
            Marker::FixStr(len) => len.into(),
            Marker::Str8 | Marker::Bin8 => rest.read_data_u8().map_err(truncated)?.into(),
            Marker::Str16 | Marker::Bin16 => rest.read_data_u16().map_err(truncated)?.into(),
            Marker::Str32 | Marker::Bin32 => rest.read_data_u32().map_err(truncated)?,
            _ => return Ok(None),
        };
        self.take(len).map(Some)
    }

    fn array_len(&mut self, marker: Marker, ty: &Type) -> Result<usize> {
        let len = match marker {
            Marker::FixArray(len) => len.into(),
            Marker::Array16 => self.rest.read_data_u16().map_err(truncated)?.into(),
            Marker::Array32 => self.rest.read_data_u32().map_err(truncated)?,
            _ => return Err(DecodeError::wrong_kind(ty, kind(marker))),
        };
        self.fitting(len, 1)
    }

    fn map_len(&mut self, marker: Marker, ty: &Type) -> Result<usize> {
        let len = match marker {
            Marker::FixMap(len) => len.into(),
            Marker::Map16 => self.rest.read_data_u16().map_err(truncated)?.into(),
            Marker::Map32 => self.rest.read_data_u32().map_err(truncated)?,
            _ => return Err(DecodeError::wrong_kind(ty, kind(marker))),
        };
        self.fitting(len, 2)
    }

    /// An announced length that the rest of the bytes can hold, each element taking at least `least` bytes.
    fn fitting(&self, len: u32, least: usize) -> Result<usize> {
        usize::try_from(len)
            .ok()
            .filter(|len| len.checked_mul(least).is_some_and(|bytes| bytes <= self.rest.len()))
            .ok_or_else(|| DecodeError::here(DecodeFault::Truncated))
    }

    fn extension_len(&mut self, marker: Marker) -> Result<Option<u32>> {
        let rest = &mut self.rest;
        Ok(Some(match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => rest.read_data_u8().map_err(truncated)?.into(),
            Marker::Ext16 => rest.read_data_u16().map_err(truncated)?.into(),
            Marker::Ext32 => rest.read_data_u32().map_err(truncated)?,
            _ => return Ok(None),
        }))
    }

    fn take(&mut self, len: u32) -> Result<&'a [u8]> {
        let split = usize::try_from(len)
            .ok()
            .and_then(|len| self.rest.split_at_checked(len));
        let (taken, rest) = split.ok_or_else(|| DecodeError::here(DecodeFault::Truncated))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// A float with a fraction is read by its shortest decimal text, which is how Terraform compares it; a whole one by
/// all its digits.
fn float(float: f64) -> Result<Number> {
    let number = if float.fract() == 0.0 {
        format!("{float:.0}").parse()
    } else {
        Number::try_from(float)
    };
    number.map_err(|_| DecodeError::here(DecodeFault::NotANumber))
}

/// Reading from memory fails only at its end.
fn truncated<E>(_: E) -> DecodeError {
    DecodeError::here(DecodeFault::Truncated)
}

fn kind(marker: Marker) -> &'static str {
    match marker {
        Marker::Null => "null",
        Marker::True | Marker::False => "a bool",
        Marker::FixPos(_)
        | Marker::FixNeg(_)
        | Marker::U8
        | Marker::U16
        | Marker::U32
        | Marker::U64
        | Marker::I8
        | Marker::I16
        | Marker::I32
        | Marker::I64
        | Marker::F32
        | Marker::F64 => "a number",
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => "a string",
        Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => "binary data",
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => "a list",
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => "a map",
        Marker::FixExt1
        | Marker::FixExt2
        | Marker::FixExt4
        | Marker::FixExt8
        | Marker::FixExt16
        | Marker::Ext8
        | Marker::Ext16
        | Marker::Ext32 => "an unknown value",
        Marker::Reserved => "an invalid byte",
    }
}
