//! The rules by which the operator refuses a spec.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::spec::{Component, Spec, UpgradeMode};

/// Flink versions the operator runs. Others it ignores, with an event.
const MINOR_VERSIONS: [(u32, RangeInclusive<u32>); 2] = [(1, 15..=20), (2, 0..=4)];

/// Settings that belong to the operator.
const FORBIDDEN: &[&str] = &[
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "high-availability.cluster-id",
];

const LOG_FILES: &[&str] = &["log4j-console.properties", "logback-console.xml"];

/// Whether the operator looks after this Flink version at all. If not: the text of the event
/// `UnsupportedFlinkVersion`.
pub fn unsupported_version(spec: &Spec) -> Option<String> {
    let version = spec.flink_version.as_deref();
    let supported = version.and_then(|text| {
        let (major, minor) = text.strip_prefix('v')?.split_once('_')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        MINOR_VERSIONS
            .iter()
            .find(|(known, minors)| *known == major && minors.contains(&minor))
    });
    supported.is_none().then(|| {
        format!(
            "Flink version {} is not supported by this operator version",
            version.unwrap_or("null")
        )
    })
}

/// The first rule that `new` breaks, in the operator's order. `deployed` is what runs, if anything.
pub fn refusal(name: &str, new: &Spec, deployed: Option<&Spec>) -> Option<String> {
    self::name(name)
        .or_else(|| settings(new))
        .or_else(|| ingress(new))
        .or_else(|| logs(new))
        .or_else(|| job(new))
        .or_else(|| job_manager(new))
        .or_else(|| task_manager(new))
        .or_else(|| deployed.and_then(|old| change(old, new)))
        .or_else(|| service_account(new))
}

/// The rule about names of deployments.
pub(super) fn name(name: &str) -> Option<String> {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let valid = name.len() <= 45
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(inner);
    (!valid).then(|| {
        format!(
            "The FlinkDeployment name: {name} is invalid, must consist of lower case alphanumeric characters or '-', \
             start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
             'abc-123'), and the length must be no more than 45 characters."
        )
    })
}

fn settings(spec: &Spec) -> Option<String> {
    if let Some(key) = FORBIDDEN.iter().find(|key| spec.setting(key).is_some()) {
        return Some(format!("Forbidden Flink config key: {key}"));
    }
    if spec.is_on("kubernetes.operator.deployment.rollback.enabled") && !spec.is_highly_available() {
        return Some("HA must be enabled for rollback support.".to_owned());
    }
    let health = spec.is_on("kubernetes.operator.cluster.health-check.enabled");
    let recovery = spec.setting("kubernetes.operator.jm-deployment-recovery.enabled");
    let off = recovery.is_some_and(|value| value.eq_ignore_ascii_case("false"));
    (health && off).then(|| "Deployment recovery must be enabled to use the cluster health check.".to_owned())
}

fn ingress(spec: &Spec) -> Option<String> {
    let ingress = spec.ingress.as_ref()?;
    match ingress.get("template").and_then(Value::as_str) {
        None | Some("") => Some("Ingress template must be defined".to_owned()),
        Some(template) if template.contains(char::is_whitespace) => {
            Some(format!("Unable to process the Ingress template({template})."))
        }
        Some(_) => None,
    }
}

fn logs(spec: &Spec) -> Option<String> {
    let wrong = spec
        .log_configuration
        .iter()
        .flatten()
        .find(|(name, _)| !LOG_FILES.contains(&name.as_str()));
    wrong.map(|(name, _)| {
        format!(
            "Invalid log config key: {name}. Allowed keys are [{}]",
            LOG_FILES.join(", ")
        )
    })
}

/// The rules about the job alone.
pub(super) fn job(spec: &Spec) -> Option<String> {
    let job = spec.job.as_ref()?;
    if spec.fixed_task_managers().is_none() && job.parallelism < 1 {
        return Some("Job parallelism must be larger than 0".to_owned());
    }
    if job.upgrade_mode != UpgradeMode::Stateless && spec.checkpoint_directory().is_none() {
        return Some(
            "Checkpoint directory[execution.checkpointing.dir] must be defined for last-state and savepoint upgrade \
             modes"
                .to_owned(),
        );
    }
    if spec.savepoint_directory().is_some() {
        return None;
    }
    let directory = "config key[execution.checkpointing.savepoint-dir] is not set";
    if job.upgrade_mode == UpgradeMode::Savepoint {
        return Some(format!("Job could not be upgraded with savepoint while {directory}"));
    }
    if job.savepoint_trigger_nonce.is_some() {
        return Some(format!(
            "Savepoint could not be manually triggered for the running job while {directory}"
        ));
    }
    if spec
        .setting("kubernetes.operator.periodic.savepoint.interval")
        .is_some()
    {
        return Some(format!("Periodic savepoints cannot be enabled when {directory}"));
    }
    let age = spec.setting("kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age");
    age.map(|_| format!("A maximum checkpoint age cannot be set while {directory}"))
}

fn job_manager(spec: &Spec) -> Option<String> {
    let component = spec.job_manager.as_ref();
    let replicas = component.and_then(|component| component.replicas).unwrap_or(1);
    if replicas < 1 {
        return Some("JobManager replicas should not be configured less than one.".to_owned());
    }
    if replicas > 1 && !spec.is_highly_available() {
        return Some("High availability should be enabled when starting standby JobManagers.".to_owned());
    }
    memory(spec, component, "JobManager", "jobManager", "jobmanager")
}

fn task_manager(spec: &Spec) -> Option<String> {
    let component = spec.task_manager.as_ref();
    if component
        .and_then(|component| component.replicas)
        .is_some_and(|replicas| replicas < 1)
    {
        return Some("TaskManager replicas should not be configured less than one.".to_owned());
    }
    memory(spec, component, "TaskManager", "taskManager", "taskmanager")
}

fn memory(spec: &Spec, component: Option<&Component>, title: &str, field: &str, prefix: &str) -> Option<String> {
    let resource = component.and_then(|component| component.resource.as_ref());
    let plain = resource.and_then(|resource| resource.memory.clone());
    let kubernetes = component
        .and_then(|component| component.resources.as_ref())
        .and_then(|resources| {
            let memory = ["/requests/memory", "/limits/memory"]
                .iter()
                .find_map(|path| resources.pointer(path))?;
            Some(memory.as_str().map_or_else(|| memory.to_string(), str::to_owned))
        });
    let in_settings = [
        "memory.process.size",
        "memory.flink.size",
        "memory.heap.size",
        "memory.task.heap.size",
    ]
    .iter()
    .any(|key| spec.setting(&format!("{prefix}.{key}")).is_some());
    match kubernetes.or(plain) {
        None if in_settings => None,
        None => Some(format!(
            "{title} resource memory must be defined using `spec.{field}.resource.memory`"
        )),
        Some(memory) => match bytes(&memory) {
            None => Some(format!(
                "{title} resource memory parse error: Could not parse memory size '{memory}'"
            )),
            Some(0) => Some(format!("{title} resource memory must be positive")),
            Some(_) => None,
        },
    }
}

/// A size in bytes, spelled as Flink or as Kubernetes spells it. Units count in powers of 1024, except
/// where only Kubernetes knows them (`1e9`).
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let power = match unit.trim().to_lowercase().as_str() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "ki" | "kibibytes" => 1,
        "m" | "mb" | "mi" | "mebibytes" => 2,
        "g" | "gb" | "gi" | "gibibytes" => 3,
        "t" | "tb" | "ti" | "tebibytes" => 4,
        exponent => {
            return (number * 10_f64.powi(exponent.strip_prefix('e')?.parse().ok()?))
                .floor()
                .to_u64();
        }
    };
    (number * 1024_f64.powi(power)).floor().to_u64()
}

trait ToWhole {
    fn to_u64(self) -> Option<u64>;
}

impl ToWhole for f64 {
    fn to_u64(self) -> Option<u64> {
        // Beyond this there are no exact whole numbers, and no such memories.
        (0.0..9.0e15).contains(&self).then_some(self as u64)
    }
}

fn change(old: &Spec, new: &Spec) -> Option<String> {
    let text = match (&old.job, &new.job) {
        (Some(_), None) => "Cannot switch from job to session cluster",
        (None, Some(_)) => "Cannot switch from session to job cluster",
        _ if old.is_standalone() && !new.is_standalone() => {
            "Cannot switch from standalone kubernetes to native kubernetes cluster"
        }
        _ if !old.is_standalone() && new.is_standalone() => {
            "Cannot switch from native kubernetes to standalone kubernetes cluster"
        }
        (Some(old), Some(new))
            if new.savepoint_redeploy_nonce.is_some()
                && new.savepoint_redeploy_nonce != old.savepoint_redeploy_nonce
                && new
                    .initial_savepoint_path
                    .as_deref()
                    .unwrap_or_default()
                    .trim()
                    .is_empty() =>
        {
            "InitialSavepointPath must not be empty for savepoint redeployment"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn service_account(spec: &Spec) -> Option<String> {
    spec.service_account.is_none().then(|| {
        "spec.serviceAccount must be defined. If you use helm, its value should be the same with the name of \
         jobServiceAccount."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "flinkVersion": "v1_20",
            "serviceAccount": "flink",
            "jobManager": { "resource": { "memory": "1g" } },
            "taskManager": { "resource": { "memory": "1024m" } },
            "job": { "jarURI": "local:///a.jar", "parallelism": 1 }
        })
    }

    fn with(pointer: &str, value: Value) -> Spec {
        let mut spec = good();
        let mut place = &mut spec;
        for part in pointer.split('/') {
            place = place.as_object_mut().unwrap().entry(part).or_insert(json!({}));
        }
        *place = value;
        Spec::of(&spec).unwrap()
    }

    #[test]
    fn a_good_spec_passes() {
        let spec = Spec::of(&good()).unwrap();
        assert_eq!(refusal("orders", &spec, None), None);
        assert_eq!(refusal("orders", &spec, Some(&spec)), None);
        assert_eq!(unsupported_version(&spec), None);
    }

    #[test]
    fn each_rule_refuses() {
        let cases = [
            (
                "flinkConfiguration",
                json!({ "kubernetes.cluster-id": "x" }),
                "Forbidden Flink config key: kubernetes.cluster-id",
            ),
            (
                "flinkConfiguration",
                json!({ "kubernetes.operator.deployment.rollback.enabled": true }),
                "HA must be enabled",
            ),
            (
                "ingress",
                json!({ "className": "nginx" }),
                "Ingress template must be defined",
            ),
            (
                "logConfiguration",
                json!({ "log4j.properties": "x" }),
                "Invalid log config key: log4j.properties",
            ),
            ("job/parallelism", json!(0), "Job parallelism must be larger than 0"),
            (
                "job/upgradeMode",
                json!("savepoint"),
                "Checkpoint directory[execution.checkpointing.dir]",
            ),
            (
                "job/savepointTriggerNonce",
                json!(1),
                "Savepoint could not be manually triggered",
            ),
            ("jobManager", json!({}), "JobManager resource memory must be defined"),
            ("jobManager/replicas", json!(0), "JobManager replicas"),
            ("jobManager/replicas", json!(2), "High availability should be enabled"),
            (
                "taskManager/resource/memory",
                json!("lots"),
                "TaskManager resource memory parse error",
            ),
            ("taskManager/replicas", json!(0), "TaskManager replicas"),
            ("serviceAccount", Value::Null, "spec.serviceAccount must be defined"),
        ];
        for (pointer, value, text) in cases {
            let refused = refusal("orders", &with(pointer, value), None).unwrap_or_default();
            assert!(refused.contains(text), "{pointer}: {refused}");
        }
    }

    #[test]
    fn names_follow_the_operators_pattern() {
        let spec = Spec::of(&good()).unwrap();
        for (name, valid) in [
            ("a", true),
            ("a-1", true),
            ("1a", false),
            ("a-", false),
            ("a.b", false),
            (&"a".repeat(45), true),
            (&"a".repeat(46), false),
        ] {
            assert_eq!(refusal(name, &spec, None).is_none(), valid, "{name}");
        }
    }

    #[test]
    fn what_is_deployed_limits_changes() {
        let old = Spec::of(&good()).unwrap();
        let cases = [
            ("job", Value::Null, "Cannot switch from job to session cluster"),
            (
                "mode",
                json!("standalone"),
                "Cannot switch from native kubernetes to standalone kubernetes cluster",
            ),
            (
                "job/savepointRedeployNonce",
                json!(1),
                "InitialSavepointPath must not be empty",
            ),
        ];
        for (pointer, value, text) in cases {
            let refused = refusal("orders", &with(pointer, value.clone()), Some(&old)).unwrap_or_default();
            assert!(refused.contains(text), "{pointer}: {refused}");
            assert_eq!(refusal("orders", &with(pointer, value), None), None, "{pointer}");
        }
    }

    #[test]
    fn versions_outside_the_operators_are_ignored() {
        for (version, supported) in [
            (json!("v1_15"), true),
            (json!("v2_4"), true),
            (json!("v1_14"), false),
            (json!("v2_5"), false),
            (Value::Null, false),
        ] {
            assert_eq!(
                unsupported_version(&with("flinkVersion", version.clone())).is_none(),
                supported,
                "{version}"
            );
        }
        let text = unsupported_version(&with("flinkVersion", Value::Null)).unwrap();
        assert_eq!(text, "Flink version null is not supported by this operator version");
    }

    #[test]
    fn sizes_are_read_as_flink_and_kubernetes_spell_them() {
        let cases = [
            ("1024m", Some(1 << 30)),
            ("1g", Some(1 << 30)),
            ("1Gi", Some(1 << 30)),
            ("1.5g", Some(3 << 29)),
            ("1024 mb", Some(1 << 30)),
            ("1e9", Some(1_000_000_000)),
            ("0", Some(0)),
            ("g", None),
            ("-1g", None),
            ("1x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }
}
