use serde_json::json;
use terraform_schema::{Model, validate as schema_validate};

use super::super::model::Deployment;
use super::super::sample::{UNKNOWN, application, changed, resource, with};
use super::*;

/// Everything that is said about a configuration, as Terraform would get it.
fn said(config: &serde_json::Value) -> Vec<String> {
    let value = resource(config);
    let mut problems = schema_validate::validate(&Deployment::block(), &value);
    problems.extend(validate(&View::of(&value)));
    problems
        .iter()
        .map(|problem| {
            assert!(
                problem.detail.ends_with(['.', '?']),
                "a full sentence: {}",
                problem.detail
            );
            assert!(!problem.summary.ends_with('.'), "no full stop: {}", problem.summary);
            let severity = if problem.is_error() { "error" } else { "warning" };
            format!("{severity} at {}: {}", problem.path, problem.summary)
        })
        .collect()
}

#[test]
fn good_configurations_pass() {
    let session = changed(
        application(),
        &[
            ("/job", json!(null)),
            ("/mode", json!("standalone")),
            ("/task_manager/replicas", json!(2)),
        ],
    );
    for good in [
        application(),
        session,
        with(&[(
            "/pod_template",
            json!({"spec": {"containers": [{"name": "flink-main-container", "env": [{"name": "A", "value": "b"}]}]}}),
        )]),
        with(&[("/job/parallelism", json!(null)), ("/task_manager/replicas", json!(3))]),
        with(&[
            ("/flink_configuration", json!(UNKNOWN)),
            ("/job/upgrade_mode", json!("last-state")),
            ("/job_manager/replicas", json!(2)),
        ]),
        with(&[("/job", json!(UNKNOWN))]),
        with(&[
            ("/job_manager", json!(UNKNOWN)),
            ("/task_manager/resource/memory", json!(UNKNOWN)),
        ]),
        with(&[("/flink_configuration/state.savepoints.dir", json!(UNKNOWN))]),
        with(&[
            ("/job_manager/resource", json!(null)),
            ("/flink_configuration/jobmanager.memory.process.size", json!("2g")),
        ]),
        with(&[
            ("/task_manager/resource", json!(null)),
            ("/task_manager/resources/requests", json!({"cpu": "1", "memory": "2g"})),
        ]),
        with(&[("/log_configuration", json!({"log4j-console.properties": UNKNOWN}))]),
        with(&[(
            "/ingress",
            json!({"template": "{{name}}.example.com", "tls": [{"hosts": ["a.example.com"], "secret_name": "tls"}]}),
        )]),
        with(&[
            ("/timeouts", json!({"create": "20m", "update": "1h30m"})),
            ("/wait_failure", json!("warn")),
            ("/on_destroy", json!("abandon")),
            ("/drain_on_destroy", json!(true)),
            ("/force_conflicts", json!(true)),
        ]),
    ] {
        assert_eq!(said(&good), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn mistakes_are_named_at_their_attribute() {
    let cases = [
        ("/name", json!("Orders"), "error at name: Not the name of a deployment"),
        (
            "/name",
            json!("a".repeat(46)),
            "error at name: Not the name of a deployment",
        ),
        (
            "/namespace",
            json!("Team_A"),
            "error at namespace: Not the name of a namespace",
        ),
        (
            "/labels",
            json!({"team": "data science"}),
            r#"error at labels["team"]: Not the value of a label"#,
        ),
        (
            "/labels",
            json!({"flink.apache.org/canary": "true"}),
            r#"error at labels["flink.apache.org/canary"]: Label of a health probe"#,
        ),
        (
            "/labels",
            json!({"a/b/c": "x"}),
            r#"error at labels["a/b/c"]: Not the key of a label"#,
        ),
        (
            "/annotations",
            json!({"a b": "x"}),
            r#"error at annotations["a b"]: Not the key of an annotation"#,
        ),
        (
            "/annotations",
            json!({"note": null}),
            r#"error at annotations["note"]: Value missing"#,
        ),
        ("/service_account", json!(" "), "error at service_account: Empty value"),
        (
            "/flink_version",
            json!("1.20"),
            "error at flink_version: Not a Flink version",
        ),
        (
            "/flink_version",
            json!("v1_13"),
            "error at flink_version: Flink version too old",
        ),
        (
            "/flink_version",
            json!("v1_16"),
            "warning at flink_version: Flink version deprecated",
        ),
        (
            "/image_pull_policy",
            json!("always"),
            "error at image_pull_policy: Value not allowed",
        ),
        ("/mode", json!("session"), "error at mode: Value not allowed"),
        (
            "/job/parallelism",
            json!(-1),
            "error at job.parallelism: Number out of range",
        ),
        (
            "/job/parallelism",
            json!(0),
            "error at job.parallelism: Number out of range",
        ),
        (
            "/job/parallelism",
            json!(1.5),
            "error at job.parallelism: Number out of range",
        ),
        ("/job/parallelism", json!(null), "error at job: Parallelism missing"),
        (
            "/task_manager/replicas",
            json!(2),
            "warning at job.parallelism: Parallelism not used",
        ),
        (
            "/job/upgrade_mode",
            json!("laststate"),
            "error at job.upgrade_mode: Value not allowed",
        ),
        ("/job/state", json!("stopped"), "error at job.state: Value not allowed"),
        ("/job/args", json!(["a", null]), "error at job.args[1]: Value missing"),
        (
            "/job_manager/resource/memory",
            json!("2 apples"),
            "error at job_manager.resource.memory: Not an amount of memory",
        ),
        (
            "/task_manager/resource/cpu",
            json!(-0.5),
            "error at task_manager.resource.cpu: Number out of range",
        ),
        (
            "/job_manager/replicas",
            json!(2),
            "warning at job_manager.replicas: High availability needed",
        ),
        (
            "/job_manager/resource/memory",
            json!(null),
            "warning at job_manager: Memory of the JobManager not set",
        ),
        (
            "/task_manager",
            json!(null),
            "warning at : Memory of the TaskManagers not set",
        ),
        (
            "/flink_configuration/kubernetes.cluster-id",
            json!("x"),
            r#"error at flink_configuration["kubernetes.cluster-id"]: Configuration key belongs to the operator"#,
        ),
        (
            "/flink_configuration/kubernetes.namespace",
            json!(UNKNOWN),
            r#"error at flink_configuration["kubernetes.namespace"]: Configuration key belongs to the operator"#,
        ),
        (
            "/flink_configuration/s3.secret-key",
            json!("x"),
            r#"warning at flink_configuration["s3.secret-key"]: Secret in the configuration"#,
        ),
        (
            "/flink_configuration/state.savepoints.dir",
            json!(null),
            "warning at job.upgrade_mode: Directory for savepoints not set",
        ),
        (
            "/flink_configuration/state.checkpoints.dir",
            json!(null),
            "warning at job.upgrade_mode: Directory for checkpoints not set",
        ),
        (
            "/log_configuration",
            json!({"log4j.properties": "x"}),
            r#"error at log_configuration["log4j.properties"]: Not a logging configuration file"#,
        ),
        (
            "/ingress",
            json!({"template": "{{job}}.example.com"}),
            "error at ingress.template: Not an ingress template",
        ),
        (
            "/pod_template",
            json!({"spec": {"volumes": [{"name": "a", "persistenceVolumeClaim": {"claimName": "a"}}]}}),
            "error at pod_template: Mistake in the pod template",
        ),
        (
            "/task_manager/pod_template",
            json!("spec: {containers: [{name: flink}]}"),
            "warning at task_manager.pod_template: No container for Flink in the pod template",
        ),
        (
            "/task_manager/resources",
            json!({"requests": {"memory": "4g"}}),
            "warning at task_manager.resource: Two sizes for one process",
        ),
        (
            "/timeouts",
            json!({"create": "15"}),
            "error at timeouts.create: Not a duration",
        ),
        (
            "/wait_failure",
            json!("ignore"),
            "error at wait_failure: Value not allowed",
        ),
    ];
    for (pointer, value, expected) in cases {
        assert_eq!(said(&with(&[(pointer, value)])), [expected], "{pointer}");
    }
}

#[test]
fn rules_about_several_attributes() {
    let session = [("/job", json!(null)), ("/task_manager/replicas", json!(2))];
    assert_eq!(
        said(&with(&session)),
        ["warning at task_manager.replicas: Number of TaskManagers not used"]
    );

    // Nothing of a session cluster can be saved, but it can be left alone.
    for (how, drain, expected) in [
        ("abandon", false, vec![]),
        (
            "cancel",
            false,
            vec!["warning at on_destroy: Nothing to save on destroy"],
        ),
        (
            "savepoint",
            true,
            vec![
                "warning at on_destroy: Nothing to save on destroy",
                "warning at drain_on_destroy: Nothing to save on destroy",
            ],
        ),
    ] {
        let session = [
            ("/job", json!(null)),
            ("/on_destroy", json!(how)),
            ("/drain_on_destroy", json!(drain)),
        ];
        assert_eq!(said(&with(&session)), expected);
    }

    let newer_key = [
        ("/flink_version", json!("v1_19")),
        ("/flink_configuration/state.checkpoints.dir", json!(null)),
        (
            "/flink_configuration/execution.checkpointing.dir",
            json!("s3://flink/checkpoints"),
        ),
    ];
    assert_eq!(
        said(&with(&newer_key)),
        [r#"warning at flink_configuration["execution.checkpointing.dir"]: Key that this Flink version does not know"#]
    );

    let none = [("/job/parallelism", json!(null)), ("/task_manager/replicas", json!(0))];
    assert_eq!(
        said(&with(&none)),
        ["error at task_manager.replicas: Number out of range"]
    );

    let resources = json!({"requests": {"cpu": "2", "memory": "3g"}, "limits": {"cpu": "1500m", "memory": "2Gi"}});
    let above = [
        ("/task_manager/resource", json!(null)),
        ("/task_manager/resources", resources),
    ];
    assert_eq!(
        said(&with(&above)),
        [
            r#"error at task_manager.resources.requests["cpu"]: Request above its limit"#,
            r#"error at task_manager.resources.requests["memory"]: Request above its limit"#,
        ]
    );

    let off = [
        ("/job_manager/replicas", json!(2)),
        ("/flink_configuration/high-availability.type", json!("NONE")),
    ];
    assert_eq!(
        said(&with(&off)),
        ["error at job_manager.replicas: High availability needed"]
    );

    let old = [
        ("/flink_version", json!("v1_16")),
        ("/job/checkpoint_trigger_nonce", json!(1)),
    ];
    assert!(
        said(&with(&old)).contains(&"error at job.checkpoint_trigger_nonce: Checkpoint cannot be triggered".to_owned())
    );

    let stateless = [
        ("/job/upgrade_mode", json!(null)),
        ("/flink_configuration/state.savepoints.dir", json!(null)),
        ("/job/savepoint_trigger_nonce", json!(1)),
        (
            "/flink_configuration/kubernetes.operator.periodic.savepoint.interval",
            json!("1h"),
        ),
    ];
    assert_eq!(
        said(&with(&stateless)),
        [
            "warning at job.savepoint_trigger_nonce: Directory for savepoints not set",
            r#"warning at flink_configuration["kubernetes.operator.periodic.savepoint.interval"]: Directory for savepoints not set"#,
        ]
    );
}

#[test]
fn no_value_of_a_secret_is_ever_repeated() {
    let secret = "hunter2-s3cr3t";
    for (pointer, value) in [
        ("/flink_configuration/s3.secret-key", json!(secret)),
        ("/flink_configuration/security.ssl.rest.key-password ", json!(secret)),
    ] {
        let value = resource(&with(&[(pointer, value)]));
        let problems = validate(&View::of(&value));
        assert!(!problems.is_empty());
        for problem in &problems {
            assert!(
                !problem.detail.contains(secret) && !problem.summary.contains(secret),
                "{}",
                problem.detail
            );
        }
    }
}
