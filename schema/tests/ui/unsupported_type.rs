use std::collections::HashMap;

use terraform_schema::Schema;

#[derive(Schema)]
struct Deployment {
    /// Labels.
    labels: HashMap<String, String>,
    /// Weight.
    weight: Option<f64>,
}

#[derive(Schema)]
struct Spec {
    #[schema(flatten)]
    deployment: Option<Deployment>,
}

fn main() {}
