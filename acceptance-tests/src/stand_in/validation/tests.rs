use serde_json::json;

use super::*;

const RELEASE: Release = Release::V1_15;

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
    assert_eq!(refusal(RELEASE, "orders", &spec, None), None);
    assert_eq!(refusal(RELEASE, "orders", &spec, Some(&spec)), None);
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
        let refused = refusal(RELEASE, "orders", &with(pointer, value), None).unwrap_or_default();
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
        assert_eq!(refusal(RELEASE, name, &spec, None).is_none(), valid, "{name}");
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
        let refused = refusal(RELEASE, "orders", &with(pointer, value.clone()), Some(&old)).unwrap_or_default();
        assert!(refused.contains(text), "{pointer}: {refused}");
        assert_eq!(
            refusal(RELEASE, "orders", &with(pointer, value), None),
            None,
            "{pointer}"
        );
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
