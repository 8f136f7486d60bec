//! Each rule about deployments, with what breaks it and what nearly does.

use super::*;

/// What it is about, the change of the application, what a plan says, and the words of both releases; empty where it is taken.
pub(super) type Row<'a> = (&'a str, Json, &'a [&'a str], [&'a str; 2]);

/// The same words of both releases.
pub(super) fn both(words: &str) -> [&str; 2] {
    [words, words]
}

pub(super) fn settings(pairs: &[(&str, &str)]) -> Json {
    let members: BTreeMap<&str, &str> = pairs.iter().copied().collect();
    json!({ "flinkConfiguration": members })
}

pub(super) fn check(rows: &[Row<'_>]) {
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

pub(super) const TAKEN: [&str; 2] = ["", ""];

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
