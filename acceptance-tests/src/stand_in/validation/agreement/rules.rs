//! Each rule about deployments, with what breaks it and what nearly does.

use super::*;

/// What it is about, the change of the application, what a plan says, and the words of both releases; empty where it is taken.
type Row<'a> = (&'a str, Json, &'a [&'a str], [&'a str; 2]);

/// The same words of both releases.
fn both(words: &str) -> [&str; 2] {
    [words, words]
}

fn settings(pairs: &[(&str, &str)]) -> Json {
    let members: BTreeMap<&str, &str> = pairs.iter().copied().collect();
    json!({ "flinkConfiguration": members })
}

fn check(rows: &[Row<'_>]) {
    for (what, change, expected, words) in rows {
        let spec = changed(application(), change);
        let said = of_deployment("orders", &spec);
        let verdicts = verdicts("orders", &spec, None);
        assert_eq!(lines(&said), *expected, "{what}");
        for (verdict, words) in verdicts.iter().zip(words) {
            expect(what, verdict.as_ref(), words);
        }
        agree(what, &said, &verdicts);
    }
}

const TAKEN: [&str; 2] = ["", ""];

#[test]
fn names() {
    let longest = "a".repeat(45);
    let too_long = "a".repeat(46);
    for (name, taken) in [
        ("a", true),
        ("orders-2", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("2nd", false),
        ("orders-", false),
        ("Orders", false),
        ("team.orders", false),
    ] {
        let said = of_deployment(name, &application());
        let verdicts = verdicts(name, &application(), None);
        let expected: &[&str] = if taken {
            &[]
        } else {
            &["error at name: Not the name of a deployment"]
        };
        assert_eq!(lines(&said), expected, "{name}");
        for verdict in &verdicts {
            expect(
                name,
                verdict.as_ref(),
                if taken { "" } else { "The FlinkDeployment name: " },
            );
        }
        agree(name, &said, &verdicts);
    }
}

#[test]
fn versions_and_accounts() {
    check(&[
        ("nothing", json!({}), &[], TAKEN),
        (
            "oldest",
            json!({"flinkVersion": "v1_15"}),
            &["warning at flink_version: Flink version deprecated"],
            TAKEN,
        ),
        (
            "too old",
            json!({"flinkVersion": "v1_14"}),
            &["error at flink_version: Flink version too old"],
            both("Flink version v1_14 is not supported"),
        ),
        (
            "no version",
            json!({"flinkVersion": null}),
            &["error at flink_version: Not a Flink version"],
            both("Flink version null is not supported"),
        ),
        (
            "no account",
            json!({"serviceAccount": null}),
            &["error at service_account: Empty value"],
            both("spec.serviceAccount must be defined"),
        ),
    ]);
}

#[test]
fn keys_of_the_operator() {
    let error =
        |key: &str| format!("error at flink_configuration[\"{key}\"]: Configuration key belongs to the operator");
    for key in [
        "kubernetes.namespace",
        "kubernetes.cluster-id",
        "high-availability.cluster-id",
    ] {
        let words = format!("Forbidden Flink config key: {key}");
        check(&[(key, settings(&[(key, "x")]), &[&error(key)], both(&words))]);
    }
    check(&[(
        "another key of Kubernetes",
        settings(&[("kubernetes.rest-service.exposed.type", "ClusterIP")]),
        &[],
        TAKEN,
    )]);
}

#[test]
fn switches() {
    let rollback = "kubernetes.operator.deployment.rollback.enabled";
    let health = "kubernetes.operator.cluster.health-check.enabled";
    let recovery = "kubernetes.operator.jm-deployment-recovery.enabled";
    let ha = "high-availability.type";
    let at =
        |severity: &str, key: &str, summary: &str| format!("{severity} at flink_configuration[\"{key}\"]: {summary}");
    check(&[
        (
            "rollback, nothing said of high availability",
            settings(&[(rollback, "true")]),
            &[&at("warning", rollback, "High availability needed")],
            both("HA must be enabled for rollback support."),
        ),
        (
            "rollback, high availability off",
            settings(&[(rollback, "TRUE"), (ha, "NONE")]),
            &[&at("error", rollback, "High availability needed")],
            both("HA must be enabled for rollback support."),
        ),
        (
            "rollback",
            settings(&[(rollback, "true"), (ha, "kubernetes")]),
            &[],
            TAKEN,
        ),
        (
            "rollback with the name of Flink 1.16",
            settings(&[(rollback, "true"), ("high-availability", "zookeeper")]),
            &[],
            TAKEN,
        ),
        (
            "rollback, a factory",
            settings(&[(rollback, "true"), (ha, "org.example.Factory")]),
            &[],
            TAKEN,
        ),
        ("no rollback", settings(&[(rollback, "false")]), &[], TAKEN),
        (
            "neither on nor off",
            settings(&[(rollback, "yes")]),
            &[&at("error", rollback, "Neither true nor false")],
            both("Could not parse value 'yes'"),
        ),
        (
            "health check without recovery",
            settings(&[(health, "true"), (recovery, "false")]),
            &[&at("error", health, "Health check without recovery")],
            both("must be enabled for job health check"),
        ),
        ("health check", settings(&[(health, "true")]), &[], TAKEN),
        ("no recovery", settings(&[(recovery, "false")]), &[], TAKEN),
    ]);
}

#[test]
fn ingress_and_logs() {
    let not_a_template = "error at ingress.template: Not an ingress template";
    check(&[
        (
            "no template",
            json!({"ingress": {"className": "nginx"}}),
            &[not_a_template],
            both("Ingress template must be defined"),
        ),
        (
            "a port that is none",
            json!({"ingress": {"template": "flink.example.com:web/{{name}}"}}),
            &[not_a_template],
            both("Unable to process the Ingress template"),
        ),
        (
            "host and path",
            json!({"ingress": {"template": "https://{{NAME}}.example.com:8443/{{namespace}}/x(/|$)(.*)"}}),
            &[],
            TAKEN,
        ),
        (
            "another placeholder in the path",
            json!({"ingress": {"template": "flink.example.com/{{job}}"}}),
            &["warning at ingress.template: Placeholder that stays as it is"],
            TAKEN,
        ),
        (
            "a log file",
            json!({"logConfiguration": {"log4j.properties": "x"}}),
            &[r#"error at log_configuration["log4j.properties"]: Not a logging configuration file"#],
            both("Invalid log config key: log4j.properties"),
        ),
        (
            "the log files",
            json!({"logConfiguration": {"log4j-console.properties": "x", "logback-console.xml": "y"}}),
            &[],
            TAKEN,
        ),
    ]);
}

#[test]
fn directories() {
    let checkpoints = "warning at job.upgrade_mode: Directory for checkpoints not set";
    let savepoints = "warning at job.upgrade_mode: Directory for savepoints not set";
    let job = |job: Json, pairs: &[(&str, &str)]| changed(settings(pairs), &json!({ "job": job }));
    let dirs = [
        ("state.checkpoints.dir", "s3://a"),
        ("execution.checkpointing.savepoint-dir", "s3://b"),
    ];
    let interval = "kubernetes.operator.periodic.savepoint.interval";
    let age = "kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age";
    check(&[
        (
            "last-state without checkpoints",
            job(json!({"upgradeMode": "last-state"}), &[]),
            &[checkpoints],
            both("Checkpoint directory[execution.checkpointing.dir]"),
        ),
        (
            "savepoint without either",
            job(json!({"upgradeMode": "savepoint"}), &[]),
            &[checkpoints, savepoints],
            both("Checkpoint directory[execution.checkpointing.dir]"),
        ),
        (
            "savepoint without savepoints",
            job(
                json!({"upgradeMode": "savepoint"}),
                &[("state.checkpoints.dir", "s3://a")],
            ),
            &[savepoints],
            both("Job could not be upgraded with savepoint while"),
        ),
        ("savepoint", job(json!({"upgradeMode": "savepoint"}), &dirs), &[], TAKEN),
        (
            "last-state without savepoints",
            job(
                json!({"upgradeMode": "last-state"}),
                &[("execution.checkpointing.dir", "s3://a")],
            ),
            &[],
            TAKEN,
        ),
        (
            "blank, over whatever the defaults have",
            job(
                json!({"upgradeMode": "last-state"}),
                &[
                    ("execution.checkpointing.dir", " "),
                    ("state.checkpoints.dir", "s3://a"),
                ],
            ),
            &["error at job.upgrade_mode: Directory for checkpoints not set"],
            both("Checkpoint directory[execution.checkpointing.dir]"),
        ),
        (
            "a manual savepoint",
            job(json!({"savepointTriggerNonce": 1}), &[]),
            &["warning at job.savepoint_trigger_nonce: Directory for savepoints not set"],
            both("Savepoint could not be manually triggered"),
        ),
        (
            "a manual savepoint with a place",
            job(json!({"savepointTriggerNonce": 1}), &dirs),
            &[],
            TAKEN,
        ),
        (
            "periodic savepoints",
            settings(&[(interval, "")]),
            &[&format!(
                "warning at flink_configuration[\"{interval}\"]: Directory for savepoints not set"
            )],
            both("Periodic savepoints cannot be enabled when"),
        ),
        (
            "a limit for the age of checkpoints",
            settings(&[(age, "1 h")]),
            &[&format!(
                "warning at flink_configuration[\"{age}\"]: Directory for savepoints not set"
            )],
            both("In order to use max-checkpoint age functionality"),
        ),
        (
            "of a session cluster nobody asks",
            json!({"job": null, "flinkConfiguration": {interval: "1 h"}}),
            &[],
            TAKEN,
        ),
    ]);
}

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

#[test]
fn the_autoscaler() {
    let on = ("job.autoscaler.enabled", "true");
    let with = |pairs: &[(&str, &str)]| settings(&[&[on], pairs].concat());
    let at = |severity: &str, option: &str, summary: &str| {
        format!("{severity} at flink_configuration[\"job.autoscaler.{option}\"]: {summary}")
    };
    let range = |severity: &str, option: &str| at(severity, option, "Number out of range");
    let words = |option: &str| format!("The AutoScalerOption job.autoscaler.{option} is invalid");
    for (option, good, bad) in [
        ("scale-down.max-factor", "0", "-0.1"),
        ("scale-up.max-factor", "Infinity", "-1"),
        ("utilization.target", "1.0", "1.01"),
        ("target.utilization.boundary", "3", "-1"),
        ("utilization.max", "0.7", "1.1"),
        ("utilization.min", "0.7", "-0.1"),
    ] {
        let key = format!("job.autoscaler.{option}");
        let old = format!("kubernetes.operator.job.autoscaler.{option}");
        let said = words(option);
        check(&[
            (option, with(&[(&key, good)]), &[], TAKEN),
            (option, with(&[(&key, bad)]), &[&range("error", option)], both(&said)),
            (
                "by its old name",
                with(&[(&old, bad)]),
                &[&format!("error at flink_configuration[\"{old}\"]: Number out of range")],
                both(&said),
            ),
            ("the new name counts", with(&[(&old, bad), (&key, good)]), &[], TAKEN),
            (
                "off",
                settings(&[("job.autoscaler.enabled", "false"), (&key, bad)]),
                &[],
                TAKEN,
            ),
            (
                "on by default, perhaps",
                settings(&[(&key, bad)]),
                &[&range("warning", option)],
                TAKEN,
            ),
        ]);
    }
    for (option, switch) in [
        ("memory.gc-pressure.threshold", None),
        ("memory.heap-usage.threshold", None),
        (
            "scaling.effectiveness.threshold",
            Some("scaling.effectiveness.detection.enabled"),
        ),
        ("memory.tuning.overhead", Some("memory.tuning.enabled")),
    ] {
        let key = format!("job.autoscaler.{option}");
        let switch = switch.map(|switch| format!("job.autoscaler.{switch}"));
        let mut pairs = vec![(key.as_str(), "2")];
        let said = words(option);
        if let Some(switch) = &switch {
            check(&[("its feature is off", with(&pairs), &[], TAKEN)]);
            pairs.push((switch, "true"));
        }
        check(&[(option, with(&pairs), &[&range("warning", option)], ["", &said])]);
    }
    let coefficient = "observed-scalability.coefficient-min";
    let pair = ("job.autoscaler.observed-scalability.coefficient-min", "0.001");
    let said = words(coefficient);
    let (target, max) = ("job.autoscaler.utilization.target", "job.autoscaler.utilization.max");
    let (of_max, of_min) = (words("utilization.max"), words("utilization.min"));
    check(&[
        (
            "its feature is off",
            with(&[pair]),
            &[&range("warning", coefficient)],
            [&said, ""],
        ),
        (
            "its feature is on",
            with(&[pair, ("job.autoscaler.observed-scalability.enabled", "true")]),
            &[&range("error", coefficient)],
            both(&said),
        ),
        (
            "below the target",
            with(&[(target, "0.8"), (max, "0.75")]),
            &[&range("error", "utilization.max")],
            both(&of_max),
        ),
        (
            "below a target that the defaults may lower",
            with(&[(max, "0.6")]),
            &[&range("warning", "utilization.max")],
            both(&of_max),
        ),
        (
            "above the target",
            with(&[(target, "0.5"), ("job.autoscaler.utilization.min", "0.6")]),
            &[&range("error", "utilization.min")],
            both(&of_min),
        ),
        (
            "the old name of the target",
            with(&[
                ("job.autoscaler.target.utilization", "0.5"),
                ("job.autoscaler.utilization.min", "0.6"),
            ]),
            &[&range("error", "utilization.min")],
            both(&of_min),
        ),
        (
            "no number",
            with(&[(target, "most")]),
            &[&range("error", "utilization.target")],
            both("Invalid value in the autoscaler config job.autoscaler.utilization.target"),
        ),
        ("a number of Java", with(&[(target, " 0.5d ")]), &[], TAKEN),
        (
            "neither on nor off",
            settings(&[("job.autoscaler.enabled", "on")]),
            &[&at("error", "enabled", "Neither true nor false")],
            both("Could not parse value 'on'"),
        ),
        (
            "on by its old name",
            settings(&[("kubernetes.operator.job.autoscaler.enabled", "true"), (target, "2")]),
            &[&range("error", "utilization.target")],
            both("The AutoScalerOption job.autoscaler.utilization.target"),
        ),
        (
            "a window that is too short",
            with(&[("job.autoscaler.metrics.window", "30 s")]),
            &[&at("warning", "metrics.window", "Window too short")],
            ["", "The autoscaler metric window"],
        ),
        (
            "a window that is long enough",
            with(&[("job.autoscaler.metrics.window", "1 min")]),
            &[],
            TAKEN,
        ),
        (
            "a window for another interval",
            with(&[
                ("job.autoscaler.metrics.window", "30 s"),
                ("kubernetes.operator.reconcile.interval", "15 s"),
            ]),
            &[],
            TAKEN,
        ),
    ]);
    let periods = "excluded.periods";
    let key = "job.autoscaler.excluded.periods";
    let wrong = at("error", periods, "Not a period");
    for good in [
        "09:30-18:00",
        "09:30:00-18:00:00:500",
        "* * 9-18 ? * 2-6",
        "0 0 9 1 * ? 2026",
        "09:30-18:00 && * * * ? * 2-6",
        "09:30-10:00;22:00-23:30",
    ] {
        check(&[(good, with(&[(key, good)]), &[], TAKEN)]);
    }
    for bad in [
        "18:00-09:30",
        "9-18",
        "24:00-25:00",
        "0 9 * * 1-5",
        "* * 9-18 * * 2-6",
        "09:30-18:00 && 20:00-21:00",
        "09:30-10:00;never",
        "09:30-10:00 && * * * ? * 2 && * * * ? * 3",
    ] {
        check(&[(
            bad,
            with(&[(key, bad)]),
            &[&wrong],
            both("in the autoscaler config job.autoscaler.excluded.periods"),
        )]);
    }
}
