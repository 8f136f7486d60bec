use terraform_schema::Schema;

#[derive(Schema)]
#[serde(rename_all = "camelcase")]
struct Deployment {
    /// How many.
    count: u32,
    /// Who.
    #[schema(rename = "jobName")]
    job: String,
    /// Name.
    name: String,
    /// The same name.
    #[schema(rename = "name")]
    other: String,
    /// Hidden names.
    #[serde(flatten)]
    rest: String,
    /// No text.
    #[serde(rename = 3)]
    image: String,
    /// A name that Rust keeps for itself, and Terraform too.
    r#for_each: String,
}

#[derive(Schema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// Native.
    Native,
    /// The same.
    NATIVE,
}

#[derive(Schema)]
#[serde(rename_all = "Title Case")]
enum State {
    /// Runs.
    Running,
}

fn main() {}
