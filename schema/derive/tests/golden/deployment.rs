/// Runs a Flink application through the
/// Flink Kubernetes Operator.
#[derive(Schema)]
#[schema(name = "flink_deployment", version = 1)]
pub struct Deployment {
    /// Name of the `FlinkDeployment` object.
    #[schema(requires_replace, remote = "metadata.name", check = checks::object_name, check = checks::short)]
    pub name: String,
    #[schema(flatten, remote = "spec")]
    pub spec: DeploymentSpec,
    /// State of the job.
    #[schema(remote = "status.jobStatus.state")]
    pub job_state: Computed<JobState>,
}

/// What runs.
#[derive(Schema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// Image with Flink and the job.
    pub image: Option<String>,
    /// How many tasks run at once.
    #[schema(class = Scaled, assumed = 1, range(min = 1))]
    pub parallelism: Option<u32>,
    /// Arguments of the job.
    #[serde(rename = "args")]
    #[schema(rename = "job_args", assumed = [])]
    pub r#type: Option<Vec<String>>,
    /// Known only here.
    #[serde(skip)]
    #[schema(sensitive, deprecated = "Leave it out.")]
    pub note: Option<String>,
}

#[derive(Schema)]
#[serde(rename_all = "UPPERCASE")]
pub enum JobState {
    /// It runs.
    Running,
    /// It does not.
    Suspended,
    #[schema(other)]
    Unknown(String),
}
