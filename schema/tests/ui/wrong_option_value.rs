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
    #[schema(deprecated, remote = "")]
    image: String,
}

fn main() {}
