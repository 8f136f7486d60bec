//! `flink_deployment`, looked up: the object, and what the operator reports about it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::status::ReconciledSpec;
use flink_client::operator::{
    FlinkConfiguration, FlinkDeployment, FlinkDeploymentStatus, JobSpec, OperatorError, StatusCondition,
};
use flink_client::rest::time;
use flink_client::secret::{Mask, is_sensitive};
use terraform_plugin::{Context, DataSource};
use terraform_schema::{AttributeType, Block, Computed, Diagnostics, Schema};

use super::access::no_deployment;
use super::namespace;
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::names;

/// A `FlinkDeployment`, whoever made it: an application cluster with its job, or a session cluster. Its status is what the
/// operator last reported; the JobManager itself answers `flink_cluster` and `flink_job`.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_deployment", version = 0)]
pub struct Found {
    /// Name of the object.
    pub name: String,

    /// Namespace of the object. Without it, the `namespace` of the provider block, else `default`.
    #[schema(check = names::namespace)]
    pub namespace: Option<Computed<String>>,

    /// Labels of the object.
    pub labels: Computed<BTreeMap<String, String>>,

    /// UID of the object.
    pub uid: Computed<String>,

    /// Generation of the specification: each change raises it.
    pub generation: Computed<i64>,

    /// Container image.
    pub image: Computed<String>,

    /// Flink version of the image, such as `v1_20`.
    pub flink_version: Computed<String>,

    /// `native` or `standalone`.
    pub mode: Computed<String>,

    /// Service account that the pods run as.
    pub service_account: Computed<String>,

    /// Flink and operator configuration, key by key. The values of keys with secrets are hidden as Flink hides them
    /// (`******`).
    pub flink_configuration: Computed<BTreeMap<String, String>>,

    /// The job that is asked for; null for a session cluster.
    pub job: Computed<Job>,

    /// Name of the Kubernetes service of JobManager REST.
    pub rest_service: Computed<String>,

    /// Generation that the operator has taken up. It stays behind while an upgrade waits, and where the operator refuses the
    /// specification.
    pub observed_generation: Computed<i64>,

    /// The operator's own summary, such as `STABLE`, `SUSPENDED` or `ROLLED_BACK`.
    pub lifecycle_state: Computed<String>,

    /// State of the JobManager's Kubernetes deployment, such as `READY` or `MISSING`.
    pub job_manager_status: Computed<String>,

    /// How far the operator is with the specification, such as `DEPLOYED` or `UPGRADING`.
    pub reconciliation_state: Computed<String>,

    /// What holds, in the form of Kubernetes: from operator 1.15 on one condition `Running`, else none.
    pub conditions: Computed<Vec<Condition>>,

    /// The last error of the operator, in one sentence; null where there is none.
    pub error: Computed<String>,

    /// Id of the job, 32 hexadecimal digits; null for a session cluster and before the first start.
    pub job_id: Computed<String>,

    /// Name of the job, as its program gives it.
    pub job_name: Computed<String>,

    /// State of the job as Flink names it, such as `RUNNING`.
    pub job_state: Computed<String>,

    /// When the job was started, in RFC 3339.
    pub start_time: Computed<String>,

    /// Parallelism that the job was last deployed with: what is asked for, unless the autoscaler decided otherwise, and
    /// then that of its widest vertex.
    pub effective_parallelism: Computed<i64>,

    /// Path of the savepoint or retained checkpoint that the next start would be from, where the operator knows one.
    pub upgrade_savepoint_path: Computed<String>,

    /// Facts about the running cluster, such as `flink-version`, `total-cpu` and `total-memory`.
    pub cluster_info: Computed<BTreeMap<String, String>>,
}

/// The job that a deployment asks for.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Job {
    /// Location of the jar.
    pub jar_uri: Option<String>,
    /// Class with the main method.
    pub entry_class: Option<String>,
    /// Parallelism that is asked for.
    pub parallelism: Option<i64>,
    /// `running` or `suspended`.
    pub state: Option<String>,
    /// How state is carried over when the specification changes.
    pub upgrade_mode: Option<String>,
    /// Savepoint of the first start.
    pub initial_savepoint_path: Option<String>,
}

/// A condition, in the form of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, Schema)]
pub struct Condition {
    /// What it is about: `Running`.
    pub r#type: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
    /// Since when, in RFC 3339.
    pub last_transition_time: Option<String>,
}

impl From<StatusCondition> for Condition {
    fn from(found: StatusCondition) -> Self {
        Self {
            r#type: found.kind,
            status: found.status,
            reason: found.reason,
            message: found.message,
            last_transition_time: found.last_transition_time,
        }
    }
}

/// What stands for the value of a secret, as Flink writes it.
const HIDDEN: &str = "******";

/// The job of a status, which for a session cluster means nothing.
fn job_status(
    live: &Live<FlinkDeployment>,
    status: &FlinkDeploymentStatus,
) -> flink_client::operator::status::JobStatusReport {
    if live.is_session_cluster() {
        Default::default()
    } else {
        status.job_status.clone()
    }
}

/// What is known about the object; also what an entry of `flink_deployments` is made of.
pub(super) fn found(live: &Live<FlinkDeployment>, namespace: &str) -> Found {
    let status = live.status.clone().unwrap_or_default();
    let job = job_status(live, &status);
    let metadata = live.metadata();
    let configuration = live.spec.flink_configuration.as_ref();
    let reconciled: Option<ReconciledSpec> = status.reconciliation_status.reconciled();
    let info = status.cluster_info.iter().filter_map(|(key, value)| {
        // What else is there is the operator's own book-keeping.
        let text = value
            .as_str()
            .map(str::to_owned)
            .or_else(|| value.as_f64().map(|_| value.to_string()))?;
        (!text.starts_with(['{', '['])).then(|| (key.clone(), text))
    });
    let text = |text: &str| Computed(Some(text.to_owned()).filter(|text| !text.is_empty()));
    Found {
        name: metadata.name.clone().unwrap_or_default(),
        namespace: Some(namespace.to_owned().into()),
        labels: metadata.labels.clone().unwrap_or_default().into(),
        uid: text(live.uid()),
        generation: live.generation().into(),
        image: Computed(live.spec.image.clone()),
        flink_version: text(&live.spec.flink_version),
        mode: text(&spelled(&live.spec.mode.unwrap_or_default())),
        service_account: text(&live.spec.service_account),
        flink_configuration: shown(configuration).into(),
        job: Computed(live.spec.job.as_ref().map(Job::from)),
        rest_service: text(&live.rest_service()),
        observed_generation: Computed(status.observed_generation),
        lifecycle_state: Computed(status.lifecycle_state.map(|state| state.to_string())),
        job_manager_status: Computed(status.job_manager_deployment_status.map(|state| state.to_string())),
        reconciliation_state: Computed(status.reconciliation_status.state.map(|state| state.to_string())),
        conditions: Computed(Some(status.conditions.into_iter().map(Condition::from).collect())),
        error: Computed(decoded(status.error.as_deref(), configuration)),
        upgrade_savepoint_path: Computed(job.restorable_path().map(str::to_owned)),
        job_id: Computed(job.job_id.filter(|id| !id.is_empty())),
        job_name: Computed(job.job_name),
        job_state: Computed(job.state.map(|state| state.to_string())),
        start_time: Computed(job.start_time.and_then(|start| time(start.parse().ok()?))),
        effective_parallelism: Computed(reconciled.and_then(|spec| spec.parallelism)),
        cluster_info: Computed(Some(info.collect())),
    }
}

/// A configuration without its secrets.
pub(super) fn shown(configuration: Option<&FlinkConfiguration>) -> BTreeMap<String, String> {
    let entries = configuration.into_iter().flat_map(|configuration| configuration.iter());
    entries
        .map(|(key, value)| {
            let value = if is_sensitive(key) { HIDDEN } else { value };
            (key.clone(), value.to_owned())
        })
        .collect()
}

/// The operator's error in one sentence, without the secrets of the configuration. Nothing where there is none.
pub(super) fn decoded(error: Option<&str>, configuration: Option<&FlinkConfiguration>) -> Option<String> {
    let error = error.filter(|error| !error.trim().is_empty())?;
    let mask = configuration.map_or_else(Mask::default, |all| Mask::of(all));
    Some(mask.apply(&OperatorError::decode(error).to_string()))
}

impl From<&JobSpec> for Job {
    fn from(spec: &JobSpec) -> Self {
        Self {
            jar_uri: spec.jar_uri.clone(),
            entry_class: spec.entry_class.clone(),
            parallelism: spec.parallelism.filter(|parallelism| *parallelism > 0),
            state: spec.state.map(|state| spelled(&state)),
            upgrade_mode: spec.upgrade_mode.map(|mode| spelled(&mode)),
            initial_savepoint_path: spec.initial_savepoint_path.clone().and_then(|path| path.0),
        }
    }
}

/// A choice as the custom resource spells it.
fn spelled(choice: &impl AttributeType) -> String {
    choice.encode().as_str().unwrap_or_default().to_owned()
}

/// The data source `flink_deployment`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkDeploymentSource;

#[async_trait]
impl DataSource for FlinkDeploymentSource {
    type Data = ProviderData;
    type Model = Found;

    async fn read(&self, config: Found, cx: &Context<'_, ProviderData>) -> Result<Found, Diagnostics> {
        let namespace = namespace::chosen(config.namespace.as_ref(), &cx.data.namespace)?;
        let objects: Objects<FlinkDeployment> = Objects::new(cx.data.cluster(&cx.stop).await?, &namespace);
        let live = objects
            .find_surely(&config.name, None)
            .await
            .map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
        live.map(|live| found(&live, &namespace))
            .ok_or_else(|| no_deployment(&namespace, &config.name, "name").into())
    }
}

#[cfg(test)]
mod tests;
