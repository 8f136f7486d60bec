use terraform_schema::{AttributePath, Schema, Value};

fn positive(_value: &Value, _path: &AttributePath) -> bool {
    true
}

#[derive(Schema)]
struct Deployment {
    /// Parallelism.
    #[schema(check = positive)]
    parallelism: u32,
    /// Replicas.
    #[schema(assumed = String::from("one"))]
    replicas: Option<String>,
}

fn main() {}
