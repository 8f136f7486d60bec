//! The resource as one struct: what a user writes, and what the cluster reports back.

use std::collections::BTreeMap;
use std::time::Duration;

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::progress::Baseline;
use flink_client::operator::removal::{OnDestroy, Removal, RemoveError, Removed, remove_session_job};
use flink_client::operator::session_job::TARGET_SESSION;
use flink_client::operator::settle::{NotReady, settle_session_job};
use flink_client::operator::{
    FlinkConfiguration, FlinkSessionJob, FlinkSessionJobSpec, JobResource, JobSpec, Manifest,
};
use terraform_schema::{Computed, Schema};

use super::cluster;
use crate::resources::job_resource::arguments::Arguments;
use crate::resources::job_resource::nonces::{self, Nonces};
use crate::resources::job_resource::observed::{self, Observed};
use crate::resources::job_resource::{JobModel, Metadata, is_done, live};
use crate::resources::names;

/// Runs one Apache Flink job on a session cluster through the Flink Kubernetes Operator. The cluster is a
/// `flink_deployment` without a `job` of its own; several jobs share its JobManager and TaskManagers.
///
/// Apply ends when the job runs on a cluster that is ready (or has finished, or is suspended, where that was asked for),
/// and says why where it does not. Destroying it keeps the state of the job safe first: see `on_destroy`.
///
/// What changes the cluster (its image, its Flink version, most of its configuration) starts all of its processes anew.
/// Without high availability its jobs are lost then: the operator starts those with `upgrade_mode = "stateless"` again, and
/// leaves the others. Suspend such jobs first (`state = "suspended"`), and resume them afterwards.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_session_job", version = 0)]
pub struct SessionJob {
    /// Name of the `FlinkSessionJob` object: lower case letters, digits, `-` and `.`.
    #[schema(requires_replace, class = Restart, check = names::object, remote = "metadata.name")]
    pub name: String,

    /// Namespace of the object, and of its session cluster. Without it, the `namespace` of the provider block, else
    /// `default`; an existing job stays where it is when that default changes.
    #[schema(requires_replace, class = Restart, check = names::namespace, remote = "metadata.namespace")]
    pub namespace: Option<Computed<String>>,

    /// Labels of the `FlinkSessionJob` object. Labels that others have set are left alone. The label `target.session` is
    /// set by the provider.
    #[schema(class = Ignored, check = names::labels, remote = "metadata.labels")]
    pub labels: Option<BTreeMap<String, String>>,

    /// Annotations of the `FlinkSessionJob` object. Annotations that others have set are left alone.
    #[schema(class = Ignored, check = names::annotations, remote = "metadata.annotations")]
    pub annotations: Option<BTreeMap<String, String>>,

    /// The specification of the object: its attributes stand beside the others.
    #[schema(flatten, remote = "spec")]
    pub spec: FlinkSessionJobSpec,

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

    /// Id of the job, 32 hexadecimal digits. Null before the first start, and while the job is suspended with a savepoint.
    #[schema(remote = "status.jobStatus.jobId")]
    pub job_id: Computed<String>,

    /// State of the job as Flink names it, such as `RUNNING`. Null before the first start. The operator looks at it only
    /// while the session cluster is ready; a warning says where it may be out of date.
    #[schema(remote = "status.jobStatus.state")]
    pub job_state: Computed<String>,

    /// The operator's own summary, such as `STABLE` or `SUSPENDED`. A job that was suspended without a savepoint stays
    /// `UPGRADING` up to operator 1.15 (FLINK-40164).
    #[schema(remote = "status.lifecycleState")]
    pub lifecycle_state: Computed<String>,

    /// The savepoint or retained checkpoint that the job began with, where it was handed over by the session job that this one has
    /// replaced. `job.initial_savepoint_path` in the object is this path then, whatever the configuration says, until another
    /// one is configured. Null for all others.
    #[schema(stable)]
    pub restored_from: Computed<String>,

    /// Whether the last change was brought about: the job was seen running (or suspended, where that was asked for).
    /// `false` after a failed or interrupted apply: the next one waits again. It stays `true` when the job fails later;
    /// `job_state` and `lifecycle_state` hold the live state.
    pub ready: Computed<bool>,
}

impl JobModel for SessionJob {
    type Kind = FlinkSessionJob;

    const WHAT: &'static str = "session job";

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

    fn flink_configuration_mut(&mut self) -> &mut Option<FlinkConfiguration> {
        &mut self.spec.flink_configuration
    }

    /// With the label that the operator's webhook would add, rewriting the whole object as it does so.
    fn labels_sent(&self) -> BTreeMap<String, String> {
        let mut labels = self.labels.clone().unwrap_or_default();
        labels.insert(TARGET_SESSION.to_owned(), self.spec.deployment_name.clone());
        labels
    }

    fn nonces(&self) -> Nonces {
        Nonces {
            restart: nonces::number(self.spec.restart_nonce.as_ref()),
            redeploy: nonces::number(self.spec.job.savepoint_redeploy_nonce.as_ref()),
        }
    }

    fn job(&self) -> Option<&JobSpec> {
        Some(&self.spec.job)
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
        self.spec.job.0.initial_savepoint_path = Some(Computed(path));
        self
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

    fn with_facts(self, live: &Live<FlinkSessionJob>) -> Self {
        let status = live.status.clone().unwrap_or_default();
        Self {
            id: Computed::from(self.id()),
            uid: Computed::from(live.uid().to_owned()),
            job_id: Computed(live::job_id(&status.job_status)),
            job_state: Computed(status.job_status.state.map(|state| state.to_string())),
            lifecycle_state: Computed(status.lifecycle_state.map(|state| state.to_string())),
            ..self
        }
    }

    fn found(live: &Live<FlinkSessionJob>, ready: bool) -> Self {
        let metadata = live.metadata();
        let mut spec = live.spec.clone();
        let restored_from = live::as_configured(&mut spec.job.0, metadata.annotations.as_ref());
        let mut labels = live::texts(metadata.labels.as_ref());
        if let Some(labels) = &mut labels {
            labels.remove(TARGET_SESSION);
        }
        Self {
            name: metadata.name.clone().unwrap_or_default(),
            namespace: Some(Computed(metadata.namespace.clone())),
            labels,
            annotations: live::texts(metadata.annotations.as_ref()),
            spec,
            arguments: Arguments::default(),
            change: Computed(None),
            id: Computed(None),
            uid: Computed(None),
            job_id: Computed(None),
            job_state: Computed(None),
            lifecycle_state: Computed(None),
            restored_from: Computed(restored_from),
            ready: Computed::from(ready),
        }
        .with_facts(live)
    }

    async fn is_brought_about(
        objects: &Objects<FlinkSessionJob>,
        live: &Live<FlinkSessionJob>,
        baseline: &Baseline,
    ) -> bool {
        is_done(live, baseline) && (live.wants_suspended() || cluster::is_ready(objects, live).await)
    }

    async fn wait(
        &self,
        objects: &Objects<FlinkSessionJob>,
        uid: &str,
        baseline: &Baseline,
        timeout: Duration,
    ) -> Result<Live<FlinkSessionJob>, NotReady<FlinkSessionJob>> {
        let cluster = &self.spec.deployment_name;
        settle_session_job(objects, &self.name, uid, cluster, baseline, timeout).await
    }

    async fn observe(objects: &Objects<FlinkSessionJob>, live: &Live<FlinkSessionJob>) -> Observed {
        let mut found = Observed::in_object(live);
        if observed::keeps_state(live)
            && let Some(job_manager) = cluster::job_manager(objects, live).await
        {
            found.latest = observed::latest(live, job_manager).await.or(found.latest);
        }
        found
    }

    async fn on_destroy(objects: &Objects<FlinkSessionJob>, live: &Live<FlinkSessionJob>) -> OnDestroy {
        let has_directory = cluster::has_savepoint_directory(objects, live).await;
        OnDestroy::default_for(live.job(), has_directory)
    }

    async fn remove(
        objects: &Objects<FlinkSessionJob>,
        live: &Live<FlinkSessionJob>,
        how: &Removal,
        timeout: Duration,
    ) -> Result<Removed, RemoveError> {
        let name = live.metadata().name.as_deref().unwrap_or_default();
        remove_session_job(objects, name, live.uid(), how, timeout).await
    }
}

#[cfg(test)]
mod tests;
