//! The spec of a `FlinkDeployment` as the operator's Java classes hold it: with their defaults, in
//! the order of their fields, because `lastReconciledSpec` is this text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `spec`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// Absent for a session cluster.
    pub job: Option<Job>,
    /// Restarts when changed to another number.
    pub restart_nonce: Option<i64>,
    /// Flattened; any JSON in the object.
    #[serde(deserialize_with = "flatten")]
    pub flink_configuration: BTreeMap<String, String>,
    /// Container image.
    pub image: Option<String>,
    /// When Kubernetes fetches it.
    pub image_pull_policy: Option<String>,
    /// Whose rights the pods have.
    pub service_account: Option<String>,
    /// `v1_20`.
    pub flink_version: Option<String>,
    /// Compared as a whole by the stand-in.
    pub ingress: Option<Value>,
    /// Compared as a whole by the stand-in.
    pub pod_template: Option<Value>,
    /// The JobManager.
    pub job_manager: Option<Component>,
    /// The TaskManagers.
    pub task_manager: Option<Component>,
    /// Log configuration files by name.
    pub log_configuration: Option<BTreeMap<String, String>>,
    /// `native` or `standalone`.
    pub mode: Option<String>,
}

/// `spec.job`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Job {
    /// Where the program is.
    #[serde(rename = "jarURI")]
    pub jar_uri: Option<String>,
    /// 0 stands for "not given".
    pub parallelism: i64,
    /// The program's class.
    pub entry_class: Option<String>,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// Desired state.
    pub state: JobState,
    /// A manual savepoint when changed.
    pub savepoint_trigger_nonce: Option<i64>,
    /// Where the first deployment starts from.
    pub initial_savepoint_path: Option<String>,
    /// A manual checkpoint when changed.
    pub checkpoint_trigger_nonce: Option<i64>,
    /// How state is kept.
    pub upgrade_mode: UpgradeMode,
    /// Whether state without an operator is dropped.
    pub allow_non_restored_state: Option<bool>,
    /// Redeploys from `initialSavepointPath` when changed.
    pub savepoint_redeploy_nonce: Option<i64>,
    /// Forgets what the autoscaler knows when changed.
    pub autoscaler_reset_nonce: Option<i64>,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            jar_uri: None,
            parallelism: 0,
            entry_class: None,
            args: Vec::new(),
            state: JobState::Running,
            savepoint_trigger_nonce: None,
            initial_savepoint_path: None,
            checkpoint_trigger_nonce: None,
            upgrade_mode: UpgradeMode::Stateless,
            allow_non_restored_state: None,
            savepoint_redeploy_nonce: None,
            autoscaler_reset_nonce: None,
        }
    }
}

/// `spec.job.state`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// The job should run.
    Running,
    /// The job should be stopped, its state kept.
    Suspended,
}

/// `spec.job.upgradeMode`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpgradeMode {
    /// State is dropped.
    Stateless,
    /// State comes from the last checkpoint.
    LastState,
    /// State comes from a savepoint.
    Savepoint,
}

/// `spec.jobManager` and `spec.taskManager`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Component {
    /// CPU and memory.
    pub resource: Option<Resource>,
    /// Kubernetes requests and limits, since operator 1.16; older ones do not know the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Value>,
    /// How many.
    pub replicas: Option<i64>,
    /// Compared as a whole by the stand-in.
    pub pod_template: Option<Value>,
}

/// `resource` of a component.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    /// Cores.
    pub cpu: Option<f64>,
    /// Total memory of the process.
    pub memory: Option<String>,
    /// Disk.
    pub ephemeral_storage: Option<String>,
}

impl Spec {
    /// Reads the spec of an object. Fails where the operator's own reader would, for example where
    /// `flinkConfiguration` is a text.
    pub fn of(spec: &Value) -> Result<Self, serde_json::Error> {
        let mut read: Self = serde_json::from_value(without_nulls(spec.clone()))?;
        // The Java class gives the JobManager one replica, and the TaskManagers none.
        if let Some(job_manager) = &mut read.job_manager {
            job_manager.replicas.get_or_insert(1);
        }
        Ok(read)
    }

    /// The setting, if it is there.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.flink_configuration.get(key).map(String::as_str)
    }

    /// The first of several names of one setting that is there.
    pub fn any_setting(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.setting(key))
    }

    /// Whether a switch is on.
    pub fn is_on(&self, key: &str) -> bool {
        self.setting(key)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Whether Kubernetes keeps the job's metadata.
    pub fn is_highly_available(&self) -> bool {
        let kind = self.any_setting(&["high-availability.type", "high-availability", "recovery.mode"]);
        kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("none"))
    }

    /// Whether Flink does not talk to Kubernetes itself.
    pub fn is_standalone(&self) -> bool {
        self.mode.as_deref() == Some("standalone")
    }

    /// Where savepoints go.
    pub fn savepoint_directory(&self) -> Option<&str> {
        self.any_setting(&["execution.checkpointing.savepoint-dir", "state.savepoints.dir"])
    }

    /// Where checkpoints go.
    pub fn checkpoint_directory(&self) -> Option<&str> {
        self.any_setting(&["execution.checkpointing.dir", "state.checkpoints.dir"])
    }

    /// Slots of one TaskManager.
    pub fn slots(&self) -> i64 {
        let slots = self
            .setting("taskmanager.numberOfTaskSlots")
            .and_then(|text| text.trim().parse().ok());
        slots.filter(|slots| *slots > 0).unwrap_or(1)
    }

    /// The parallelism the job gets: that of fixed TaskManagers, or its own.
    pub fn parallelism(&self) -> i64 {
        match self.fixed_task_managers() {
            Some(replicas) => replicas * self.slots(),
            None => self.job.as_ref().map_or(1, |job| job.parallelism.max(1)),
        }
    }

    /// `taskManager.replicas`.
    pub fn fixed_task_managers(&self) -> Option<i64> {
        self.task_manager
            .as_ref()
            .and_then(|task_manager| task_manager.replicas)
    }

    /// How many TaskManagers the operator counts on.
    pub fn task_managers(&self) -> i64 {
        let needed = self.parallelism().max(1) as u64;
        let needed = needed.div_ceil(self.slots() as u64);
        self.fixed_task_managers()
            .unwrap_or_else(|| i64::try_from(needed).unwrap_or(1))
    }

    /// The job, changed.
    pub fn with_job(mut self, change: impl FnOnce(&mut Job)) -> Self {
        if let Some(job) = &mut self.job {
            change(job);
        }
        self
    }

    /// Desired state of the job; `None` for a session cluster.
    pub fn job_state(&self) -> Option<JobState> {
        self.job.as_ref().map(|job| job.state)
    }
}

/// `lastReconciledSpec` and `lastStableSpec`: a spec and what the operator notes beside it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Reconciled<S = Spec> {
    /// The spec with defaults, and with the operator's own marks in `job.state` and `job.upgradeMode`.
    pub spec: S,
    /// The note.
    pub resource_metadata: Metadata,
}

/// The note beside a reconciled spec.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Of the custom resource.
    pub api_version: String,
    /// Whether nothing was deployed before.
    pub first_deployment: bool,
}

impl<S: Serialize + serde::de::DeserializeOwned> Reconciled<S> {
    /// A spec that is being deployed.
    pub fn new(spec: S, first_deployment: bool) -> Self {
        let metadata = Metadata {
            api_version: "flink.apache.org/v1beta1".to_owned(),
            first_deployment,
        };
        Self {
            spec,
            resource_metadata: metadata,
        }
    }

    /// Reads the text in the status. `None` where it is not one of ours.
    pub fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text for the status.
    pub fn encode(&self) -> String {
        // Maps have text keys and numbers are finite, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A field that is null counts as absent.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, field)| !field.is_null());
            Value::Object(kept.map(|(name, field)| (name, without_nulls(field))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

/// Nested objects become keys with dots, lists are joined by semicolons, everything becomes text.
pub(super) fn flatten<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let nested = serde_json::Map::deserialize(deserializer)?;
    let mut flat = BTreeMap::new();
    flatten_into(&mut flat, "", &nested);
    Ok(flat)
}

fn flatten_into(flat: &mut BTreeMap<String, String>, prefix: &str, nested: &serde_json::Map<String, Value>) {
    for (name, value) in nested {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Object(inner) => flatten_into(flat, &key, inner),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(text).collect();
                flat.insert(key, items.join(";"));
            }
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                flat.insert(key, text(scalar));
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reconciled_text_is_the_operators() {
        let spec = Spec::of(&json!({
            "image": "flink:1.20",
            "imagePullPolicy": "Never",
            "flinkVersion": "v1_20",
            "serviceAccount": "flink",
            "flinkConfiguration": { "taskmanager.numberOfTaskSlots": "2" },
            "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
            "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
            "job": { "jarURI": "local:///x.jar", "parallelism": 1, "upgradeMode": "stateless" }
        }));
        let spec = spec.unwrap().with_job(|job| job.state = JobState::Suspended);
        // As in the recording app-create.
        let expected = concat!(
            r#"{"spec":{"job":{"jarURI":"local:///x.jar","parallelism":1,"entryClass":null,"args":[],"#,
            r#""state":"suspended","savepointTriggerNonce":null,"initialSavepointPath":null,"#,
            r#""checkpointTriggerNonce":null,"upgradeMode":"stateless","allowNonRestoredState":null,"#,
            r#""savepointRedeployNonce":null,"autoscalerResetNonce":null},"restartNonce":null,"#,
            r#""flinkConfiguration":{"taskmanager.numberOfTaskSlots":"2"},"image":"flink:1.20","#,
            r#""imagePullPolicy":"Never","serviceAccount":"flink","flinkVersion":"v1_20","ingress":null,"#,
            r#""podTemplate":null,"jobManager":{"resource":{"cpu":0.1,"memory":"900m","ephemeralStorage":null},"#,
            r#""replicas":1,"podTemplate":null},"taskManager":{"resource":{"cpu":0.1,"memory":"1100m","#,
            r#""ephemeralStorage":null},"replicas":null,"podTemplate":null},"logConfiguration":null,"mode":null},"#,
            r#""resource_metadata":{"apiVersion":"flink.apache.org/v1beta1","firstDeployment":true}}"#
        );
        let text = Reconciled::new(spec.clone(), true).encode();
        assert_eq!(text, expected);
        assert_eq!(Reconciled::<Spec>::decode(&text).unwrap().spec, spec);
        assert_eq!(Reconciled::<Spec>::decode("KUBERNETES"), None);
    }

    #[test]
    fn configuration_is_flattened() {
        let spec = Spec::of(&json!({ "flinkConfiguration": {
            "state": { "checkpoints": { "dir": "x" } },
            "slots": 2, "on": true, "list": ["a", 1], "a.b": "c"
        } }));
        let flat = spec.unwrap().flink_configuration;
        let expected = [
            ("a.b", "c"),
            ("list", "a;1"),
            ("on", "true"),
            ("slots", "2"),
            ("state.checkpoints.dir", "x"),
        ];
        assert_eq!(
            flat,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
        );
        assert!(Spec::of(&json!({ "flinkConfiguration": "text" })).is_err());
    }

    #[test]
    fn task_managers_follow_parallelism() {
        let cases = [
            (
                json!({ "job": { "parallelism": 3 }, "flinkConfiguration": { "taskmanager.numberOfTaskSlots": 2 } }),
                2,
                3,
            ),
            (
                json!({ "job": { "parallelism": 3 }, "taskManager": { "replicas": 4 }, "flinkConfiguration": { "taskmanager.numberOfTaskSlots": 2 } }),
                4,
                8,
            ),
            (json!({ "job": {} }), 1, 1),
        ];
        for (spec, task_managers, parallelism) in cases {
            let read = Spec::of(&spec).unwrap();
            assert_eq!(
                (read.task_managers(), read.parallelism()),
                (task_managers, parallelism),
                "{spec}"
            );
        }
    }
}
