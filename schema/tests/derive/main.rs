//! What `#[derive(Schema)]` makes of structs and enums, as their users meet it.

mod mistakes;
mod options;
mod shapes;
mod words;

use serde::{Deserialize, Serialize};
use terraform_schema::{Attribute, Computed, Diagnostics, Model, NestedBlock, Number, Schema};

/// How state is carried over.
#[derive(Clone, Copy, Debug, PartialEq, Schema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UpgradeMode {
    /// State is dropped.
    Stateless,
    /// The last checkpoint is
    /// taken up.
    LastState,
    /// A savepoint is taken first.
    #[serde(rename = "save-point")]
    Savepoint,
}

#[derive(Clone, Debug, PartialEq, Schema)]
struct Resources {
    /// CPUs.
    #[schema(range(min = 0.5, max = 64))]
    cpu: Option<Number>,
    /// Memory.
    memory: Computed<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Schema)]
struct Label {
    /// Key.
    key: String,
}

fn attribute<M: Model>(name: &str) -> Attribute {
    M::block().attribute(name).expect(name).clone()
}

fn nested<M: Model>(name: &str) -> NestedBlock {
    M::block().nested(name).expect(name).clone()
}

/// Each problem as `path: detail`, in the order of the fields.
fn told(problems: &Diagnostics) -> Vec<String> {
    problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.detail))
        .collect()
}
