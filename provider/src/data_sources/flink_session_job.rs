//! `flink_session_job`, looked up: the object, and what the operator reports about it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::FlinkSessionJob;
use flink_client::rest::time;
use terraform_plugin::{Context, DataSource};
use terraform_schema::{AttributePath, Block, Computed, Diagnostic, Diagnostics, Schema};

use super::flink_deployment::{Job, decoded, shown};
use super::namespace;
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::names;

/// A `FlinkSessionJob`, whoever made it: a job on a session cluster. Its status is what the operator last reported: it is
/// frozen while the cluster is away. The JobManager itself answers `flink_job`.
#[derive(Clone, Debug, Schema)]
#[schema(name = "flink_session_job", version = 0)]
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

    /// Name of the session cluster, a `FlinkDeployment` in the same namespace.
    pub deployment_name: Computed<String>,

    /// Configuration of this job alone, key by key. The values of keys with secrets are hidden as Flink hides them
    /// (`******`).
    pub flink_configuration: Computed<BTreeMap<String, String>>,

    /// The job that is asked for.
    pub job: Computed<Job>,

    /// Generation that the operator has taken up. It stays behind while an upgrade waits, and where the operator refuses the
    /// specification.
    pub observed_generation: Computed<i64>,

    /// The operator's own summary, such as `STABLE` or `SUSPENDED`; null until the session cluster is ready for the first
    /// time.
    pub lifecycle_state: Computed<String>,

    /// How far the operator is with the specification, such as `DEPLOYED` or `UPGRADING`.
    pub reconciliation_state: Computed<String>,

    /// The last error of the operator, in one sentence; null where there is none. It stays beside a job that has become
    /// healthy until the next change.
    pub error: Computed<String>,

    /// Id of the job, 32 hexadecimal digits; null before the first start.
    pub job_id: Computed<String>,

    /// Name of the job, as its program gives it.
    pub job_name: Computed<String>,

    /// State of the job as Flink names it, such as `RUNNING`.
    pub job_state: Computed<String>,

    /// When the job was started, in RFC 3339.
    pub start_time: Computed<String>,

    /// Parallelism that the job was last deployed with.
    pub effective_parallelism: Computed<i64>,

    /// Path of the savepoint or retained checkpoint that the next start would be from, where the operator knows one.
    pub upgrade_savepoint_path: Computed<String>,
}

fn found(live: &Live<FlinkSessionJob>, namespace: &str) -> Found {
    let status = live.status.clone().unwrap_or_default();
    let job = status.job_status;
    let configuration = live.spec.flink_configuration.as_ref();
    let metadata = live.metadata();
    let text = |text: &str| Computed(Some(text.to_owned()).filter(|text| !text.is_empty()));
    Found {
        name: metadata.name.clone().unwrap_or_default(),
        namespace: Some(namespace.to_owned().into()),
        labels: metadata.labels.clone().unwrap_or_default().into(),
        uid: text(live.uid()),
        generation: live.generation().into(),
        deployment_name: text(&live.spec.deployment_name),
        flink_configuration: shown(configuration).into(),
        job: Computed(Some(Job::from(&*live.spec.job))),
        observed_generation: Computed(status.observed_generation),
        lifecycle_state: Computed(status.lifecycle_state.map(|state| state.to_string())),
        reconciliation_state: Computed(status.reconciliation_status.state.as_ref().map(ToString::to_string)),
        error: Computed(decoded(status.error.as_deref(), configuration)),
        upgrade_savepoint_path: Computed(job.restorable_path().map(str::to_owned)),
        job_id: Computed(job.job_id.filter(|id| !id.is_empty())),
        job_name: Computed(job.job_name),
        job_state: Computed(job.state.map(|state| state.to_string())),
        start_time: Computed(job.start_time.and_then(|start| time(start.parse().ok()?))),
        effective_parallelism: Computed(
            status
                .reconciliation_status
                .reconciled()
                .and_then(|spec| spec.parallelism),
        ),
    }
}

/// The data source `flink_session_job`.
#[derive(Clone, Copy, Debug)]
pub struct FlinkSessionJobSource;

#[async_trait]
impl DataSource for FlinkSessionJobSource {
    type Data = ProviderData;
    type Model = Found;

    async fn read(&self, config: Found, cx: &Context<'_, ProviderData>) -> Result<Found, Diagnostics> {
        let namespace = namespace::chosen(config.namespace.as_ref(), &cx.data.namespace)?;
        let objects: Objects<FlinkSessionJob> = Objects::new(cx.data.cluster(&cx.stop).await?, &namespace);
        let live = objects
            .find_surely(&config.name, None)
            .await
            .map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
        let name = &config.name;
        let missing = || {
            Diagnostic::error("No such session job")
                .detail(format!(
                    "There is no FlinkSessionJob `{namespace}/{name}`. Check its name and namespace; if the same \
                     configuration creates it, let the data source refer to its attributes or wait for it with `depends_on`."
                ))
                .at(AttributePath::of(["name"]))
        };
        Ok(found(&live.ok_or_else(missing)?, &namespace))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(status: serde_json::Value) -> Live<FlinkSessionJob> {
        Live::from_json(json!({
            "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
            "metadata": {"name": "orders", "namespace": "team", "uid": "u-1", "generation": 3},
            "spec": {
                "deploymentName": "shared",
                "flinkConfiguration": {"pipeline.name": "orders", "s3.secret-key": "hunter22"},
                "job": {"jarURI": "https://repo.example.com/orders.jar", "parallelism": 2, "upgradeMode": "savepoint"},
            },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn what_the_operator_reports_is_decoded() {
        let one = found(
            &live(json!({
                "lifecycleState": "UPGRADING", "observedGeneration": 2, "error": "Job Not Found",
                "jobStatus": {"jobId": "a1", "jobName": "Orders", "state": "FINISHED", "startTime": "1795206320978",
                              "upgradeSavepointPath": "s3://savepoints/1"},
                "reconciliationStatus": {"state": "UPGRADING",
                                         "lastReconciledSpec": "{\"spec\":{\"job\":{\"parallelism\":4}}}"},
            })),
            "team",
        );
        let text = |value: &Computed<String>| value.as_ref().cloned().unwrap_or_default();
        assert_eq!(text(&one.deployment_name), "shared");
        assert_eq!(text(&one.error), "Job Not Found");
        assert_eq!(text(&one.upgrade_savepoint_path), "s3://savepoints/1");
        assert_eq!(text(&one.reconciliation_state), "UPGRADING");
        assert_eq!(one.effective_parallelism, Computed(Some(4)));
        assert_eq!(one.job.as_ref().unwrap().parallelism, Some(2));
        assert!(!format!("{one:?}").contains("hunter22"));
    }

    #[test]
    fn without_a_ready_cluster_there_is_no_status() {
        let one = found(&live(serde_json::Value::Null), "team");
        assert_eq!((one.lifecycle_state, one.job_state, one.error), Default::default());
        assert_eq!(one.uid, Computed(Some("u-1".to_owned())));
    }
}
