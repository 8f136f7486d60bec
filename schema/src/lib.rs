//! What Terraform sees of a provider: types, values and their encodings, paths, diagnostics, schemas and planning.
//!
//! Everything here is pure: no async, no I/O, no messages of the wire. The crate `terraform-plugin` moves these values
//! to and from Terraform; resource authors meet them through [`macro@Schema`] and the models it makes.
//!
//! | module | what it holds |
//! |---|---|
//! | [`mod@ty`] | type constraints and their JSON form |
//! | [`value`], [`number`] | values: null, unknown, known; decimal numbers without loss |
//! | [`msgpack`], [`json`], [`encoding`] | the two encodings, both guided by a type; their errors |
//! | [`path`], [`diagnostic`] | where something is wrong, and what to say about it |
//! | [`schema`], [`validate`], [`markdown`] | attributes and blocks, their checks, their reference page |
//! | [`model`] | the traits that join Rust structs and schemas |
//! | [`mod@plan`], [`reconcile`] | planning from the schema alone; planned, returned and live values made one state |

// The derive names this crate by its absolute path, also when it is used inside the crate's own tests.
extern crate self as terraform_schema;

pub mod diagnostic;
pub mod encoding;
pub mod json;
pub mod markdown;
pub mod model;
pub mod msgpack;
pub mod number;
pub mod path;
pub mod plan;
pub mod reconcile;
pub mod schema;
pub mod ty;
pub mod validate;
pub mod value;
pub mod view;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use model::{AttributeType, Computed, Model, Shape, WriteOnly};
pub use number::Number;
pub use path::{AttributePath, Step};
pub use plan::{Plan, plan};
pub use schema::{Attribute, Block, NestedBlock, Nesting, Schema, UpdateClass};
pub use terraform_schema_derive::Schema;
pub use ty::Type;
pub use value::Value;
pub use view::{Seen, View};

/// What the derive's output calls. Not for people: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use crate::model::private::*;
}
