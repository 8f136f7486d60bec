use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use terraform_schema::{Computed, Schema, WriteOnly};

#[derive(Schema)]
struct Deployment {
    /// Labels.
    labels: HashMap<String, String>,
    /// Weight.
    weight: Option<f64>,
    /// Size.
    size: Computed<u64>,
    /// Image.
    image: &'static str,
    /// Ends.
    ends: (i64, i64),
    /// Ports.
    ports: Vec<[u16; 2]>,
    /// Shared.
    shared: Arc<String>,
    /// Names by number.
    names: BTreeMap<u32, String>,
    /// Arguments.
    args: Vec<Option<String>>,
    /// Id.
    id: Computed<Option<String>>,
    /// Replicas.
    replicas: Option<Option<i64>>,
    /// Tokens.
    tokens: Option<Vec<WriteOnly<String>>>,
    #[schema(flatten)]
    spec: Option<Spec>,
}

#[derive(Schema)]
struct Spec {
    /// Job.
    job: String,
}

fn main() {}
