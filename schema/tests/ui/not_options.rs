use terraform_schema::Schema;

#[derive(Schema)]
#[schema = "flink_deployment"]
struct Deployment {
    /// Name.
    #[schema(requires_replace stable)]
    name: String,
    /// Image.
    #[schema("sensitive")]
    image: String,
    /// Mode.
    #[schema]
    mode: String,
}

fn main() {}
