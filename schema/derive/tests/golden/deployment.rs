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
    /// UID of the object.
    #[schema(stable, remote = "metadata.uid")]
    pub uid: Computed<String>,
}

/// What runs.
#[derive(Schema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentSpec {
    /// Image with Flink and the job.
    pub image: Option<String>,
    /// Who creates the TaskManagers.
    #[schema(requires_replace, class = Restart, assumed = "native")]
    pub mode: Option<DeploymentMode>,
    /// How many tasks run at once.
    #[schema(class = Scaled, assumed = 1, range(min = 1, max = 32768))]
    pub parallelism: Option<u32>,
    /// Least share of a processor.
    #[schema(class = Local, range(min = -0.5), assumed = defaults::share())]
    pub share: Option<Number>,
    /// Arguments of the job.
    #[serde(rename = "args")]
    #[schema(rename = "job_args", assumed = [])]
    pub r#type: Option<Vec<String>>,
    /// Known only here.
    #[serde(skip)]
    #[schema(sensitive, deprecated = "Leave it out.")]
    pub note: Option<String>,
    /// Password of the registry.
    #[schema(class = Ignored, remote = "registry.password")]
    pub password: Option<WriteOnly<String>>,
    /// Certificates of the ingress.
    #[schema(class = Redeploy)]
    pub tls: Vec<Tls>,
}

/// Without serde: nothing here has a path in the custom resource.
#[derive(Schema)]
pub struct Tls {
    /// Host names.
    pub hosts: Option<BTreeSet<String>>,
    /// Name of the secret.
    pub secret_name: String,
}

/// A closed set of texts.
#[derive(Schema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentMode {
    /// Flink asks for TaskManagers.
    Native,
    /// The operator runs a fixed number.
    #[serde(rename = "standalone")]
    StandAlone,
}

/// An open set of texts.
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
