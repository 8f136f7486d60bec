use terraform_schema::Schema;

#[derive(Schema)]
#[schema(version = 0, resource = "flink_deployment")]
struct Deployment {
    /// Name.
    #[schema(require_replace)]
    name: String,
    /// Namespace.
    #[schema(optional, default = "default")]
    namespace: Option<String>,
    /// Image.
    #[schema(force_restart = true, pattern = "^[a-z]+$", stable, sensitive, sensitive)]
    image: String,
}

#[derive(Schema)]
#[schema(open)]
enum UpgradeMode {
    /// State is dropped.
    #[schema(rename = "none")]
    Stateless,
    #[schema(othr)]
    Unknown(String),
}

fn main() {}
