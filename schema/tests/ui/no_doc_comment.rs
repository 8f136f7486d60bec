use terraform_schema::Schema;

#[derive(Schema)]
#[schema(name = "flink_deployment")]
struct Deployment {
    name: String,
    #[schema(requires_replace)]
    namespace: String,
}

#[derive(Schema)]
enum UpgradeMode {
    /// State is dropped.
    Stateless,
    LastState,
}

fn main() {}
