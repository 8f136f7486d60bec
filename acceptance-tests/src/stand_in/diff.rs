//! What a change of the spec does: the operator's classes of differences.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::session_job::SessionJobSpec;
use super::spec::{Component, Job, Spec};

/// How far a change reaches; the greatest one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nothing restarts.
    Ignore,
    /// Only the number of TaskManagers changes, where that is possible.
    Scale,
    /// The job or the cluster is restarted.
    Upgrade,
    /// The job is restarted from a given savepoint, its own state is dropped.
    SavepointRedeploy,
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ignore => "IGNORE",
            Self::Scale => "SCALE",
            Self::Upgrade => "UPGRADE",
            Self::SavepointRedeploy => "SAVEPOINT_REDEPLOY",
        })
    }
}

/// All differences between two specs, in the operator's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    /// The Java class that was compared.
    of: &'static str,
    changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq)]
struct Change {
    path: String,
    from: String,
    to: String,
    class: Class,
}

impl Diff {
    /// What changed from `old` to `new`.
    pub fn between(old: &Spec, new: &Spec) -> Self {
        use Class::{Ignore, Scale, Upgrade};
        let mut diff = Self {
            of: "FlinkDeploymentSpec",
            changes: Vec::new(),
        };
        let standalone = new.is_standalone();
        let scale = if standalone { Scale } else { Upgrade };
        diff.compare("image", &old.image, &new.image, Upgrade);
        diff.compare(
            "imagePullPolicy",
            &old.image_pull_policy,
            &new.image_pull_policy,
            Upgrade,
        );
        diff.compare("serviceAccount", &old.service_account, &new.service_account, Upgrade);
        diff.compare("flinkVersion", &old.flink_version, &new.flink_version, Upgrade);
        diff.compare("ingress", &old.ingress, &new.ingress, Upgrade);
        diff.compare("podTemplate", &old.pod_template, &new.pod_template, Upgrade);
        diff.compare("jobManager", &old.job_manager, &new.job_manager, Upgrade);
        diff.task_manager(old.task_manager.as_ref(), new.task_manager.as_ref(), scale);
        let [old_logs, new_logs] = [old, new].map(|spec| spec.log_configuration.clone().unwrap_or_default());
        diff.maps("logConfiguration", &old_logs, &new_logs, |_| Upgrade);
        diff.compare("mode", &old.mode, &new.mode, Upgrade);
        match (&old.job, &new.job) {
            (Some(old), Some(new)) => diff.job(old, new, scale),
            (old, new) => diff.compare("job", old, new, Upgrade),
        }
        // A nonce that is taken away restarts nothing.
        let restart = if new.restart_nonce.is_some() { Upgrade } else { Ignore };
        diff.compare("restartNonce", &old.restart_nonce, &new.restart_nonce, restart);
        diff.maps(
            "flinkConfiguration",
            &old.flink_configuration,
            &new.flink_configuration,
            |key| class_of_setting(key, standalone),
        );
        diff
    }

    /// What changed from `old` to `new` in a session job: it has the fields that say what runs, and none of a cluster's.
    pub fn of_session_job(old: &SessionJobSpec, new: &SessionJobSpec) -> Self {
        Self {
            of: "FlinkSessionJobSpec",
            ..Self::between(&old.as_deployment(), &new.as_deployment())
        }
    }

    /// The greatest class, or `None` where nothing changed.
    pub fn class(&self) -> Option<Class> {
        self.changes.iter().map(|change| change.class).max()
    }

    /// The message of the event `SpecChanged`.
    pub fn message(&self) -> String {
        let changes = self
            .changes
            .iter()
            .map(|change| format!("{} : {} -> {}", change.path, change.from, change.to));
        let changes: Vec<_> = changes.collect();
        let class = self.class().unwrap_or(Class::Ignore);
        format!(
            "{class} change(s) detected (Diff: {}[{}]), starting reconciliation.",
            self.of,
            changes.join(", ")
        )
    }

    fn task_manager(&mut self, old: Option<&Component>, new: Option<&Component>, scale: Class) {
        use Class::Upgrade;
        let (Some(old), Some(new)) = (old, new) else {
            return self.compare("taskManager", &old.cloned(), &new.cloned(), Upgrade);
        };
        match (&old.resource, &new.resource) {
            (Some(old), Some(new)) => {
                self.compare("taskManager.resource.cpu", &old.cpu, &new.cpu, Upgrade);
                self.compare("taskManager.resource.memory", &old.memory, &new.memory, Upgrade);
                let [old, new] = [old, new].map(|resource| resource.ephemeral_storage.clone());
                self.compare("taskManager.resource.ephemeralStorage", &old, &new, Upgrade);
            }
            (old, new) => self.compare("taskManager.resource", old, new, Upgrade),
        }
        self.compare("taskManager.resources", &old.resources, &new.resources, Upgrade);
        self.compare("taskManager.replicas", &old.replicas, &new.replicas, scale);
        self.compare("taskManager.podTemplate", &old.pod_template, &new.pod_template, Upgrade);
    }

    fn job(&mut self, old: &Job, new: &Job, scale: Class) {
        use Class::{Ignore, SavepointRedeploy, Upgrade};
        self.compare("job.jarURI", &old.jar_uri, &new.jar_uri, Upgrade);
        self.compare("job.parallelism", &old.parallelism, &new.parallelism, scale);
        self.compare("job.entryClass", &old.entry_class, &new.entry_class, Upgrade);
        for index in 0..old.args.len().max(new.args.len()) {
            let [old, new] = [old, new].map(|job| job.args.get(index).cloned());
            self.compare(&format!("job.args.{index}"), &old, &new, Upgrade);
        }
        self.compare("job.state", &old.state, &new.state, Upgrade);
        self.compare(
            "job.savepointTriggerNonce",
            &old.savepoint_trigger_nonce,
            &new.savepoint_trigger_nonce,
            Ignore,
        );
        self.compare(
            "job.initialSavepointPath",
            &old.initial_savepoint_path,
            &new.initial_savepoint_path,
            Ignore,
        );
        let [old_nonce, new_nonce] = [old, new].map(|job| job.checkpoint_trigger_nonce);
        self.compare("job.checkpointTriggerNonce", &old_nonce, &new_nonce, Ignore);
        self.compare("job.upgradeMode", &old.upgrade_mode, &new.upgrade_mode, Ignore);
        let [old_allowed, new_allowed] = [old, new].map(|job| job.allow_non_restored_state);
        self.compare("job.allowNonRestoredState", &old_allowed, &new_allowed, Ignore);
        let [old_nonce, new_nonce] = [old, new].map(|job| job.savepoint_redeploy_nonce);
        let redeploy = if new_nonce.is_some() { SavepointRedeploy } else { Ignore };
        self.compare("job.savepointRedeployNonce", &old_nonce, &new_nonce, redeploy);
        self.compare(
            "job.autoscalerResetNonce",
            &old.autoscaler_reset_nonce,
            &new.autoscaler_reset_nonce,
            Ignore,
        );
    }

    fn maps(
        &mut self,
        path: &str,
        old: &std::collections::BTreeMap<String, String>,
        new: &std::collections::BTreeMap<String, String>,
        class: impl Fn(&str) -> Class,
    ) {
        let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for key in keys {
            self.compare(
                &format!("{path}.{key}"),
                &old.get(key).cloned(),
                &new.get(key).cloned(),
                class(key),
            );
        }
    }

    fn compare<T: PartialEq + serde::Serialize>(&mut self, path: &str, old: &T, new: &T, class: Class) {
        if old == new {
            return;
        }
        let [from, to] = [old, new].map(|value| java(path, &serde_json::to_value(value).unwrap_or_default()));
        self.changes.push(Change {
            path: path.to_owned(),
            from,
            to,
            class,
        });
    }
}

fn class_of_setting(key: &str, standalone: bool) -> Class {
    let ignored = ["job.autoscaler", "parallelism.default", "kubernetes.operator"];
    if ignored.iter().any(|prefix| key.starts_with(prefix)) {
        Class::Ignore
    } else if key.starts_with("pipeline.jobvertex-parallelism-overrides") && !standalone {
        Class::Scale
    } else {
        Class::Upgrade
    }
}

/// A value as Java's `toString` of the operator's classes shows it.
fn java(path: &str, value: &Value) -> String {
    let class = match path {
        "jobManager" => Some("JobManagerSpec"),
        "taskManager" => Some("TaskManagerSpec"),
        _ if path.ends_with("resource") => Some("Resource"),
        _ => None,
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) if class.is_some() => {
            let fields = fields
                .iter()
                .map(|(name, field)| format!("{name}={}", java(name, field)));
            format!(
                "{}({})",
                class.unwrap_or_default(),
                fields.collect::<Vec<_>>().join(", ")
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(change: Value) -> Spec {
        let mut spec = json!({
            "image": "flink:1.20",
            "serviceAccount": "flink",
            "flinkVersion": "v1_20",
            "flinkConfiguration": { "taskmanager.numberOfTaskSlots": "2" },
            "jobManager": { "resource": { "memory": "900m", "cpu": 0.1 } },
            "taskManager": { "resource": { "memory": "1100m", "cpu": 0.1 } },
            "job": { "jarURI": "local:///a.jar", "parallelism": 1, "upgradeMode": "stateless" }
        });
        merge(&mut spec, &change);
        Spec::of(&spec).unwrap()
    }

    fn merge(target: &mut Value, change: &Value) {
        match (target, change) {
            (Value::Object(target), Value::Object(change)) => {
                for (key, value) in change {
                    merge(target.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
            (target, change) => *target = change.clone(),
        }
    }

    #[test]
    fn messages_are_those_of_the_recordings() {
        let cases = [
            (
                json!({ "taskManager": { "resource": { "memory": "1200m" } },
                    "flinkConfiguration": { "kubernetes.operator.savepoint.history.max.count": "5" } }),
                "UPGRADE change(s) detected (Diff: FlinkDeploymentSpec[taskManager.resource.memory : 1100m -> 1200m, \
                 flinkConfiguration.kubernetes.operator.savepoint.history.max.count : null -> 5]), starting reconciliation.",
            ),
            (
                json!({ "job": { "parallelism": 2, "upgradeMode": "savepoint" } }),
                "UPGRADE change(s) detected (Diff: FlinkDeploymentSpec[job.parallelism : 1 -> 2, \
                 job.upgradeMode : stateless -> savepoint]), starting reconciliation.",
            ),
            (
                json!({ "restartNonce": 1 }),
                "UPGRADE change(s) detected (Diff: FlinkDeploymentSpec[restartNonce : null -> 1]), starting reconciliation.",
            ),
            (
                json!({ "taskManager": { "resource": { "cpu": 64 } } }),
                "UPGRADE change(s) detected (Diff: FlinkDeploymentSpec[taskManager.resource.cpu : 0.1 -> 64.0]), \
                 starting reconciliation.",
            ),
            (
                json!({ "job": { "args": ["--interval", "10s"], "state": "suspended" } }),
                "UPGRADE change(s) detected (Diff: FlinkDeploymentSpec[job.args.0 : null -> --interval, \
                 job.args.1 : null -> 10s, job.state : running -> suspended]), starting reconciliation.",
            ),
        ];
        for (change, message) in cases {
            assert_eq!(Diff::between(&spec(json!({})), &spec(change)).message(), message);
        }
    }

    #[test]
    fn every_field_has_the_class_of_the_operator() {
        use Class::{Ignore, SavepointRedeploy, Scale, Upgrade};
        let standalone = json!({ "mode": "standalone" });
        let cases = [
            (json!({}), json!({}), None),
            (json!({}), json!({ "image": "x" }), Some(Upgrade)),
            (json!({}), json!({ "ingress": { "template": "x" } }), Some(Upgrade)),
            (json!({}), json!({ "jobManager": { "replicas": 1 } }), None),
            (json!({}), json!({ "jobManager": { "replicas": 2 } }), Some(Upgrade)),
            (json!({}), json!({ "taskManager": { "replicas": 2 } }), Some(Upgrade)),
            (
                standalone.clone(),
                json!({ "taskManager": { "replicas": 2 } }),
                Some(Scale),
            ),
            (standalone.clone(), json!({ "job": { "parallelism": 2 } }), Some(Scale)),
            (json!({}), json!({ "job": { "parallelism": 2 } }), Some(Upgrade)),
            (
                json!({}),
                json!({ "job": { "upgradeMode": "savepoint" } }),
                Some(Ignore),
            ),
            (
                json!({}),
                json!({ "job": { "savepointTriggerNonce": 1 } }),
                Some(Ignore),
            ),
            (
                json!({}),
                json!({ "job": { "savepointRedeployNonce": 1 } }),
                Some(SavepointRedeploy),
            ),
            (
                json!({ "job": { "savepointRedeployNonce": 1 } }),
                json!({ "job": { "savepointRedeployNonce": null } }),
                Some(Ignore),
            ),
            (
                json!({ "restartNonce": 1 }),
                json!({ "restartNonce": null }),
                Some(Ignore),
            ),
            (
                json!({}),
                json!({ "flinkConfiguration": { "kubernetes.operator.x": 1 } }),
                Some(Ignore),
            ),
            (
                json!({}),
                json!({ "flinkConfiguration": { "kubernetes.x": 1 } }),
                Some(Upgrade),
            ),
            (
                json!({}),
                json!({ "flinkConfiguration": { "pipeline.jobvertex-parallelism-overrides": "a:1" } }),
                Some(Scale),
            ),
            (
                json!({}),
                json!({ "flinkConfiguration": { "taskmanager": { "numberOfTaskSlots": 2 } } }),
                None,
            ),
            (
                json!({}),
                json!({ "logConfiguration": { "log4j-console.properties": "x" } }),
                Some(Upgrade),
            ),
        ];
        for (start, change, class) in cases {
            let old = spec(start.clone());
            let mut both = start;
            merge(&mut both, &change);
            if both["flinkConfiguration"]["taskmanager"].is_object() {
                both["flinkConfiguration"]["taskmanager.numberOfTaskSlots"] = Value::Null;
            }
            assert_eq!(Diff::between(&old, &spec(both)).class(), class, "{change}");
        }
    }
}
