use terraform_schema::{Computed, Schema, WriteOnly};

#[derive(Schema)]
struct Deployment {
    /// Id.
    #[schema(requires_replace, class = Restart)]
    id: Computed<String>,
    /// Name.
    #[schema(stable, assumed = "orders")]
    name: String,
    /// Token.
    #[schema(requires_replace)]
    token: Option<WriteOnly<String>>,
    /// Image.
    #[schema(range(min = 1))]
    image: Option<String>,
    #[schema(flatten, sensitive, rename = "inner")]
    spec: Spec,
}

#[derive(Schema)]
struct Spec {
    /// Job.
    job: String,
}

fn main() {}
