//! What Terraform sees of a box.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use terraform_schema::schema::{Attribute, Semantics};
use terraform_schema::{AttributePath, AttributeType, Computed, Diagnostics, Schema, Shape, Type, Value, WriteOnly};

/// A box on a shelf.
#[derive(Clone, Debug, Default, Schema)]
#[schema(name = "shelf_box", version = 1)]
pub(crate) struct ShelfBox {
    /// Name of the box.
    #[schema(requires_replace, remote = "name")]
    pub(crate) name: String,
    /// Litres that it holds.
    #[schema(range(min = 1, max = 1000), remote = "size")]
    pub(crate) size: Option<i64>,
    /// What is written on it. The shelf writes something where you do not.
    #[schema(remote = "label")]
    pub(crate) label: Option<Computed<String>>,
    /// Its colour.
    #[schema(assumed = "grey", remote = "colour")]
    pub(crate) colour: Option<String>,
    /// Notes on it.
    #[schema(remote = "tags")]
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// What is in it: anything.
    #[schema(remote = "content")]
    pub(crate) content: Option<Anything>,
    /// The word that opens it; never stored.
    pub(crate) seal: Option<WriteOnly<String>>,
    /// Raise it to change the seal.
    #[schema(remote = "seal_version")]
    pub(crate) seal_version: Option<i64>,
    /// Its lid.
    #[schema(remote = "lid")]
    pub(crate) lid: Option<Lid>,
    /// The parts that it is divided into.
    #[schema(remote = "slot")]
    pub(crate) slot: Vec<Slot>,
    /// The name again.
    #[schema(stable)]
    pub(crate) id: Computed<String>,
    /// How long the seal is, to show that it arrived.
    pub(crate) seal_length: Computed<i64>,
    /// How often it was written.
    pub(crate) revision: Computed<i64>,
    /// Whether the last write settled.
    pub(crate) ready: Computed<bool>,
}

/// The lid of a box.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Schema, Serialize)]
pub(crate) struct Lid {
    /// What it is made of.
    pub(crate) material: String,
    /// Whether it is hinged.
    pub(crate) hinged: Option<bool>,
}

/// A part of a box.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Schema, Serialize)]
pub(crate) struct Slot {
    /// What lies in it.
    pub(crate) holds: String,
}

/// A box that somebody put on the shelf.
#[derive(Clone, Debug, Schema)]
#[schema(name = "shelf_box")]
pub(crate) struct FoundBox {
    /// Name of the box.
    pub(crate) name: String,
    /// Litres that it holds.
    pub(crate) size: Computed<i64>,
    /// What is written on it.
    pub(crate) label: Computed<String>,
    /// Notes on it.
    pub(crate) tags: Computed<BTreeMap<String, String>>,
    /// The parts that it is divided into.
    pub(crate) slots: Computed<Vec<Slot>>,
}

/// Which box.
#[derive(Clone, Debug, Schema)]
pub(crate) struct BoxIdentity {
    /// Name of the box.
    pub(crate) name: String,
}

impl ShelfBox {
    /// A box of which only the name is known.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// A value of any type, compared as the JSON that the shelf keeps.
#[derive(Clone, Debug)]
pub(crate) struct Anything(pub(crate) Value);

impl AttributeType for Anything {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| a.to_plain_json() == b.to_plain_json();
        Shape::Attribute(Box::new(Attribute::new(
            Type::Dynamic,
            Semantics::meaning(same, "compared as JSON"),
        )))
    }

    fn decode(value: &Value, _: &AttributePath) -> Result<Self, Diagnostics> {
        Ok(Self(value.clone()))
    }

    fn encode(&self) -> Value {
        self.0.clone()
    }
}
