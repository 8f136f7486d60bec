use terraform_schema::Schema;

#[derive(Schema)]
#[schema(name = "flink-deployment", version = "1")]
struct Deployment {
    /// Parallelism.
    #[schema(class = Rescale, range(min = 5, max = 1))]
    parallelism: u32,
    /// Replicas.
    #[schema(class = Restrat, range(least = 5), check = "positive")]
    replicas: u32,
    /// Slots.
    #[schema(range(), sensitive = true, assumed = 1.5)]
    slots: Option<u32>,
    /// Image.
    #[schema(deprecated, remote = "", rename = 3)]
    image: String,
    /// Memory.
    #[schema(class, range = 5, assumed)]
    memory: Option<u32>,
    /// Disk.
    #[schema(class = "Restart", range(min = "1"), assumed = 99999999999999999999, check)]
    disk: Option<u32>,
    /// Network.
    #[schema(range(min = 1, min = 2), flatten = true, assumed = -0.5)]
    network: Option<u32>,
}

/// Too many.
#[derive(Schema)]
#[schema(name = "", version = 99999999999999999999)]
struct Versions {
    /// Name.
    name: String,
}

#[derive(Schema)]
enum Mode {
    /// Native.
    Native,
    #[schema(other = "text")]
    Other(String),
}

fn main() {}
