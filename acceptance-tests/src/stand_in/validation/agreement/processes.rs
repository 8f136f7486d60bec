//! Each rule about the number and size of JobManagers and TaskManagers, with what breaks it and what nearly does.

use super::rules::{TAKEN, both, check, settings};
use super::*;

#[test]
fn parallelism_and_replicas() {
    let too_few = "error at task_manager.replicas: Number out of range";
    let standalone = json!({"job": null, "mode": "standalone"});
    check(&[
        (
            "no parallelism",
            json!({"job": {"parallelism": null}}),
            &["error at job: Parallelism missing"],
            both("Job parallelism must be larger than 0"),
        ),
        (
            "parallelism 0",
            json!({"job": {"parallelism": 0}}),
            &["error at job: Parallelism missing"],
            both("Job parallelism must be larger than 0"),
        ),
        (
            "TaskManagers instead",
            json!({"job": {"parallelism": null}, "taskManager": {"replicas": 2}}),
            &[],
            TAKEN,
        ),
        (
            "no TaskManagers of an application",
            json!({"job": {"parallelism": null}, "taskManager": {"replicas": 0}}),
            &[too_few],
            both("TaskManager replicas must be larger than 0"),
        ),
        (
            "no TaskManagers of a session cluster",
            changed(standalone.clone(), &json!({"taskManager": {"replicas": 0}})),
            &[too_few],
            both("TaskManager replicas should not be configured less than one."),
        ),
        ("a session cluster", standalone, &[], TAKEN),
        (
            "no JobManager",
            json!({"jobManager": {"replicas": 0}}),
            &["error at job_manager.replicas: Number out of range"],
            both("JobManager replicas should not be configured less than one."),
        ),
        (
            "standby JobManagers",
            json!({"jobManager": {"replicas": 2}}),
            &["warning at job_manager.replicas: High availability needed"],
            both("High availability should be enabled when starting standby JobManagers."),
        ),
        (
            "standby JobManagers, high availability off",
            changed(
                settings(&[("high-availability", "none")]),
                &json!({"jobManager": {"replicas": 2}}),
            ),
            &["error at job_manager.replicas: High availability needed"],
            both("High availability should be enabled when starting standby JobManagers."),
        ),
        (
            "standby JobManagers with high availability",
            changed(
                settings(&[("high-availability.type", "kubernetes")]),
                &json!({"jobManager": {"replicas": 2}}),
            ),
            &[],
            TAKEN,
        ),
    ]);
}

#[test]
fn sizes() {
    let memory = |memory: &str| json!({"taskManager": {"resource": {"memory": memory}}});
    let storage = |storage: &str| json!({"jobManager": {"resource": {"ephemeralStorage": storage}}});
    let not_memory = "error at task_manager.resource.memory: Not an amount of memory";
    let no_resource = json!({"taskManager": {"resource": null}});
    let missing = "TaskManager resource memory must be defined using";
    let none_of_tm = "warning at task_manager: Memory of the TaskManagers not set";
    let in_settings = |pairs: &[(&str, &str)]| changed(no_resource.clone(), &settings(pairs));
    let (heap, managed) = (
        ("taskmanager.memory.task.heap.size", "1g"),
        ("taskmanager.memory.managed.size", "1g"),
    );
    check(&[
        ("Flink's spelling", memory("1024 mb"), &[], TAKEN),
        ("that of Kubernetes", memory("2Gi"), &[], TAKEN),
        ("a power of ten", memory("1e9"), &[], TAKEN),
        (
            "nothing that counts",
            memory("lots"),
            &[not_memory],
            both("TaskManager resource memory parse error"),
        ),
        (
            "a fraction",
            memory("1.5Gi"),
            &[not_memory],
            both("TaskManager resource memory parse error"),
        ),
        (
            "less than nothing",
            memory("-1Gi"),
            &["error at task_manager.resource.memory: Quantity out of range"],
            both("TaskManager resource memory parse error"),
        ),
        ("disk space", storage("10Gi"), &[], TAKEN),
        (
            "disk space in Flink's spelling",
            storage("10g"),
            &["error at job_manager.resource.ephemeral_storage: Not a quantity"],
            both("JobManager resource ephemeral storage parse error"),
        ),
        ("no memory", no_resource.clone(), &[none_of_tm], both(missing)),
        (
            "no JobManager at all",
            json!({"jobManager": null}),
            &["warning at : Memory of the JobManager not set"],
            both("JobManager resource memory must be defined using"),
        ),
        (
            "memory in the settings",
            in_settings(&[("taskmanager.memory.flink.size", "1g")]),
            &[],
            TAKEN,
        ),
        ("its parts in the settings", in_settings(&[heap, managed]), &[], TAKEN),
        (
            "one part in the settings",
            in_settings(&[heap]),
            &[none_of_tm],
            both(missing),
        ),
    ]);
}

/// What operators up to 1.15 do not know. The API server refuses it there.
#[test]
fn kubernetes_resources() {
    let of = |resources: Json| json!({"taskManager": {"resource": null, "resources": resources}});
    let missing = "TaskManager resource memory must be defined using";
    let path = "task_manager.resources";
    for (what, resources, expected, words) in [
        (
            "requests",
            json!({"requests": {"memory": "2Gi", "cpu": "500m"}}),
            None,
            "",
        ),
        ("limits", json!({"limits": {"memory": "2g"}}), None, ""),
        (
            "nothing",
            json!({"requests": {"cpu": "1"}}),
            Some("warning at task_manager: Memory of the TaskManagers not set".to_owned()),
            missing,
        ),
        (
            "no cpu",
            json!({"requests": {"memory": "2Gi", "cpu": "0"}}),
            Some(format!("error at {path}.requests[\"cpu\"]: Quantity out of range")),
            "requests cpu must be positive",
        ),
        (
            "no memory",
            json!({"limits": {"memory": "0"}}),
            Some(format!("error at {path}.limits[\"memory\"]: Quantity out of range")),
            "limits memory must be positive",
        ),
        (
            "less than no disk",
            json!({"requests": {"memory": "2Gi", "ephemeral-storage": "-1Gi"}}),
            Some(format!(
                "error at {path}.requests[\"ephemeral-storage\"]: Quantity out of range"
            )),
            "ephemeral-storage must not be negative",
        ),
        (
            "no quantity",
            json!({"requests": {"memory": "2Gi", "cpu": "some"}}),
            Some(format!("error at {path}.requests[\"cpu\"]: Not a quantity")),
            "requests cpu parse error",
        ),
        (
            "more than the limit",
            json!({"requests": {"memory": "4Gi"}, "limits": {"memory": "2Gi"}}),
            Some(format!("error at {path}.requests[\"memory\"]: Request above its limit")),
            "memory request (4Gi) must not exceed its limit (2Gi)",
        ),
        (
            "as much as the limit",
            json!({"requests": {"memory": "2048m", "cpu": "1000m"}, "limits": {"memory": "2Gi", "cpu": "1"}}),
            None,
            "",
        ),
    ] {
        let spec = changed(application(), &of(resources));
        let said = of_deployment("orders", &spec);
        let [old, new] = verdicts("orders", &spec, None);
        assert_eq!(lines(&said), expected.into_iter().collect::<Vec<_>>(), "{what}");
        expect(what, new.as_ref(), words);
        expect(what, old.as_ref(), missing);
        agree(what, &said, &[new]);
    }
}
