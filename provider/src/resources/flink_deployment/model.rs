//! The resource as one struct: what a user writes, and what the cluster reports back.

use std::collections::BTreeMap;
use std::time::Duration;

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::progress::Baseline;
use flink_client::operator::removal::{OnDestroy, Removal, RemoveError, Removed, remove};
use flink_client::operator::settle::{NotReady, settle};
use flink_client::operator::{
    FlinkConfiguration, FlinkDeployment, FlinkDeploymentSpec, JobResource, JobSpec, Manifest,
};
use flink_client::rest::JobManager;
use terraform_schema::{Computed, Schema};

use super::checks;
pub use crate::resources::job_resource::WaitFailure;
use crate::resources::job_resource::arguments::Arguments;
use crate::resources::job_resource::nonces::{self, Nonces};
use crate::resources::job_resource::observed::{self, Observed};
use crate::resources::job_resource::{JobModel, Metadata, live};
use crate::resources::names;

/// Runs Apache Flink on Kubernetes through the Flink Kubernetes Operator: an application cluster with one job of its own
/// (`job { }`), or a session cluster to which jobs are submitted later.
///
/// Apply ends when the job runs (or is suspended, where that was asked for), and says why where it does not. Destroying
/// it keeps the state of the job safe first: see `on_destroy`.
///
/// The folder `examples` of the project has a whole configuration for each common use case, from one file per job to
/// high availability, autoscaling and pods that do not run as root.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_deployment", version = 0)]
pub struct Deployment {
    /// Name of the `FlinkDeployment` object: at most 45 lower case letters, digits and `-`, beginning with a letter. The
    /// objects of the cluster are named after it, such as the service `<name>-rest`.
    #[schema(requires_replace, class = Restart, check = checks::name, remote = "metadata.name")]
    pub name: String,

    /// Namespace of the object. Without it, the `namespace` of the provider block, else `default`; an existing
    /// deployment stays where it is when that default changes.
    #[schema(requires_replace, class = Restart, check = names::namespace, remote = "metadata.namespace")]
    pub namespace: Option<Computed<String>>,

    /// Labels of the `FlinkDeployment` object. They are not copied to its pods. Labels that others have set are left
    /// alone.
    #[schema(class = Ignored, check = checks::labels, remote = "metadata.labels")]
    pub labels: Option<BTreeMap<String, String>>,

    /// Annotations of the `FlinkDeployment` object. Annotations that others have set are left alone.
    #[schema(class = Ignored, check = names::annotations, remote = "metadata.annotations")]
    pub annotations: Option<BTreeMap<String, String>>,

    /// The specification of the object: its attributes stand beside the others.
    #[schema(flatten, remote = "spec")]
    pub spec: FlinkDeploymentSpec,

    /// What is said of the job beside its object.
    #[schema(flatten)]
    pub arguments: Arguments,

    /// What a plan does, in words, such as `restart with savepoint; because of image; last completed checkpoint of ...`: first
    /// the effect, then the attributes that bring it about, then the state that the job comes back from, as far as it was
    /// known when the object was last read. Null where nothing changes, for a new object, and after every read.
    pub change: Computed<String>,

    /// `namespace/name`, as `terraform import` takes it.
    #[schema(stable)]
    pub id: Computed<String>,

    /// UID of the object: another one after it was created anew.
    #[schema(stable, remote = "metadata.uid")]
    pub uid: Computed<String>,

    /// Name of the Kubernetes service that answers the REST interface and the web UI of the JobManager, on port 8081
    /// unless `rest.port` says otherwise.
    #[schema(stable)]
    pub rest_service: Computed<String>,

    /// Id of the job, 32 hexadecimal digits. Null for a session cluster and before the first start.
    #[schema(remote = "status.jobStatus.jobId")]
    pub job_id: Computed<String>,

    /// State of the job as Flink names it, such as `RUNNING`. Null for a session cluster and before the first start.
    #[schema(remote = "status.jobStatus.state")]
    pub job_state: Computed<String>,

    /// The operator's own summary, such as `STABLE`, `SUSPENDED` or `ROLLED_BACK`.
    #[schema(remote = "status.lifecycleState")]
    pub lifecycle_state: Computed<String>,

    /// State of the JobManager's Kubernetes deployment, such as `READY` or `MISSING`.
    #[schema(remote = "status.jobManagerDeploymentStatus")]
    pub job_manager_status: Computed<String>,

    /// The savepoint or retained checkpoint that the job began with, where it was handed over by the deployment that this one has
    /// replaced. `job.initial_savepoint_path` in the object is this path then, whatever the configuration says, until another
    /// one is configured. Null for all others.
    #[schema(stable)]
    pub restored_from: Computed<String>,

    /// Whether the last change was brought about: the job was seen running (or suspended, where that was asked for).
    /// `false` after a failed or interrupted apply: the next one waits again. It stays `true` when the job fails later;
    /// `job_state` and `lifecycle_state` hold the live state.
    pub ready: Computed<bool>,
}

impl JobModel for Deployment {
    type Kind = FlinkDeployment;

    const WHAT: &'static str = "deployment";

    fn metadata(&self) -> Metadata<'_> {
        Metadata {
            name: &self.name,
            namespace: self.namespace.as_ref(),
            labels: self.labels.as_ref(),
            annotations: self.annotations.as_ref(),
        }
    }

    fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    fn manifest(&self) -> Result<Manifest, serde_json::Error> {
        Manifest::new(&self.name, &self.spec)
    }

    fn flink_configuration(&self) -> Option<&FlinkConfiguration> {
        self.spec.flink_configuration.as_ref()
    }

    fn nonces(&self) -> Nonces {
        Nonces {
            restart: nonces::number(self.spec.restart_nonce.as_ref()),
            redeploy: self
                .spec
                .job
                .as_ref()
                .and_then(|job| nonces::number(job.savepoint_redeploy_nonce.as_ref())),
        }
    }

    fn job(&self) -> Option<&JobSpec> {
        self.spec.job.as_ref()
    }

    fn restored_from(&self) -> Option<&str> {
        self.restored_from.as_ref().map(String::as_str)
    }

    fn restored(self, from: Option<String>) -> Self {
        Self {
            restored_from: Computed(from),
            ..self
        }
    }

    fn beginning_with(mut self, path: Option<String>) -> Self {
        if let Some(job) = &mut self.spec.job {
            job.initial_savepoint_path = Some(Computed(path));
        }
        self
    }

    fn flink_configuration_mut(&mut self) -> &mut Option<FlinkConfiguration> {
        &mut self.spec.flink_configuration
    }

    fn uid(&self) -> Option<&str> {
        self.uid.as_ref().map(String::as_str)
    }

    fn is_ready(&self) -> bool {
        self.ready.0 == Some(true)
    }

    fn taken_over(self, uid: Option<String>) -> Self {
        Self {
            uid: Computed(uid),
            ..self.settled(false)
        }
    }

    fn settled(self, ready: bool) -> Self {
        Self {
            id: Computed::from(self.id()),
            ready: Computed::from(ready),
            ..self
        }
    }

    fn with_facts(self, live: &Live<FlinkDeployment>) -> Self {
        let status = live.status.clone().unwrap_or_default();
        let job = if live.is_session_cluster() {
            None
        } else {
            Some(status.job_status)
        };
        let text = |text: &str| Computed::from(text.to_owned());
        Self {
            id: Computed::from(self.id()),
            uid: text(live.uid()),
            rest_service: Computed::from(live.rest_service()),
            job_id: Computed(job.as_ref().and_then(live::job_id)),
            job_state: Computed(job.and_then(|job| job.state).map(|state| state.to_string())),
            lifecycle_state: Computed(status.lifecycle_state.map(|state| state.to_string())),
            job_manager_status: Computed(status.job_manager_deployment_status.map(|state| state.to_string())),
            ..self
        }
    }

    fn found(live: &Live<FlinkDeployment>, ready: bool) -> Self {
        let metadata = live.metadata();
        let mut spec = live.spec.clone();
        let restored_from = spec
            .job
            .as_mut()
            .and_then(|job| live::as_configured(job, metadata.annotations.as_ref()));
        Self {
            name: metadata.name.clone().unwrap_or_default(),
            namespace: Some(Computed(metadata.namespace.clone())),
            labels: live::texts(metadata.labels.as_ref()),
            annotations: live::texts(metadata.annotations.as_ref()),
            spec,
            arguments: Arguments::default(),
            change: Computed(None),
            id: Computed(None),
            uid: Computed(None),
            rest_service: Computed(None),
            job_id: Computed(None),
            job_state: Computed(None),
            lifecycle_state: Computed(None),
            job_manager_status: Computed(None),
            restored_from: Computed(restored_from),
            ready: Computed::from(ready),
        }
        .with_facts(live)
    }

    async fn wait(
        &self,
        objects: &Objects<FlinkDeployment>,
        uid: &str,
        baseline: &Baseline,
        timeout: Duration,
    ) -> Result<Live<FlinkDeployment>, NotReady<FlinkDeployment>> {
        settle(objects, &self.name, uid, baseline, timeout).await
    }

    async fn observe(objects: &Objects<FlinkDeployment>, live: &Live<FlinkDeployment>) -> Observed {
        let mut found = Observed::in_object(live);
        if live.is_session_cluster() {
            let name = live.metadata().name.as_deref().unwrap_or_default();
            found.session_jobs = observed::session_jobs(objects, name).await;
        } else if observed::keeps_state(live) {
            let cluster = objects.cluster().clone();
            let job_manager = JobManager::new(cluster, objects.namespace(), live.rest_service(), live.rest_port());
            found.latest = observed::latest(live, job_manager).await.or(found.latest);
        }
        found
    }

    async fn on_destroy(_: &Objects<FlinkDeployment>, live: &Live<FlinkDeployment>) -> OnDestroy {
        OnDestroy::default_for(live.job(), live.savepoint_directory().is_some())
    }

    async fn remove(
        objects: &Objects<FlinkDeployment>,
        live: &Live<FlinkDeployment>,
        how: &Removal,
        timeout: Duration,
    ) -> Result<Removed, RemoveError> {
        let name = live.metadata().name.as_deref().unwrap_or_default();
        remove(objects, name, live.uid(), how, timeout).await
    }
}

#[cfg(test)]
mod tests;
