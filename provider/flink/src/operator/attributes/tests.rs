use serde_json::json;
use terraform_schema::Model;
use terraform_schema::reconcile;

use super::*;
use crate::operator::FlinkDeploymentSpec;

/// A specification as the API server has it, in Terraform's values.
fn live(spec: Json) -> Value {
    serde_json::from_value::<FlinkDeploymentSpec>(spec).unwrap().to_value()
}

fn at(value: &Value, path: &str) -> Value {
    path.split('.')
        .fold(value.clone(), |value, name| value.member(name).clone())
}

fn problems(path: &str, value: &Value) -> Vec<String> {
    let block = FlinkDeploymentSpec::block();
    let path = AttributePath::of(path.split('.'));
    let attribute = block.attribute_at(&path).unwrap();
    let found = attribute.checks.iter().flat_map(|check| check(value, &path));
    found
        .map(|problem| format!("{}: {}", problem.path, problem.summary))
        .collect()
}

#[test]
fn field_names_follow_the_custom_resource() {
    let block = FlinkDeploymentSpec::block();
    for (remote, path) in [
        ("job.upgradeMode", "job.upgrade_mode"),
        ("job.jarURI", "job.jar_uri"),
        (
            "jobManager.resource.ephemeralStorage",
            "job_manager.resource.ephemeral_storage",
        ),
        (
            "flinkConfiguration.state.savepoints.dir",
            r#"flink_configuration["state.savepoints.dir"]"#,
        ),
        ("podTemplate.spec.containers", "pod_template"),
        ("taskManager.podTemplate", "task_manager.pod_template"),
        ("ingress.tls[1].secretName", "ingress.tls[1].secret_name"),
    ] {
        assert_eq!(
            block.path_of_remote(remote).map(|path| path.to_string()).as_deref(),
            Some(path),
            "{remote}"
        );
    }
}

#[test]
fn a_full_specification_goes_there_and_back() {
    let spec = json!({
        "image": "registry.example.com/orders:1",
        "imagePullPolicy": "IfNotPresent",
        "serviceAccount": "flink",
        "flinkVersion": "v1_20",
        "mode": "standalone",
        "flinkConfiguration": {"state.checkpoints.dir": "s3://flink/checkpoints"},
        "logConfiguration": {"log4j-console.properties": "rootLogger.level = INFO"},
        "restartNonce": 3,
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "ports": [{"containerPort": 9249}]}]}},
        "ingress": {"template": "{{name}}.example.com", "tls": [{"hosts": ["a.example.com"], "secretName": "tls"}]},
        "job": {"jarURI": "local:///a.jar", "args": ["--x", "1"], "parallelism": 2, "state": "suspended", "upgradeMode": "last-state"},
        "jobManager": {"replicas": 2, "resource": {"cpu": 0.5, "memory": "2g"}},
        "taskManager": {"resources": {"requests": {"cpu": "500m", "memory": "2048m"}, "limits": {"cpu": "1"}, "claims": [{"name": "gpu"}]}},
    });
    let value = live(spec.clone());
    let back = FlinkDeploymentSpec::from_value(&value).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), spec);
    assert_eq!(
        at(&value, "job_manager.resource.cpu"),
        Value::Number("0.5".parse().unwrap())
    );
    assert_eq!(at(&value, "job.upgrade_mode"), Value::from("last-state"));
    assert_eq!(at(&value, "image_pull_policy"), Value::from("IfNotPresent"));
}

#[test]
fn another_spelling_is_no_drift() {
    let block = FlinkDeploymentSpec::block();
    let prior = live(json!({
        "serviceAccount": "flink", "flinkVersion": "v1_20",
        "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2", "state.checkpoints.dir": "a"},
        "podTemplate": {"spec": {"containers": [{"name": "flink-main-container", "resources": {"limits": {"cpu": "500m"}}}]}},
        "job": {"jarURI": "local:///a.jar", "parallelism": 1},
        "jobManager": {"resource": {"cpu": 1, "memory": "1024m"}},
        "taskManager": {"resources": {"requests": {"cpu": "1", "memory": "2g"}}},
    }));
    let changed = live(json!({
        "serviceAccount": "flink", "flinkVersion": "v1_20", "mode": "native",
        "flinkConfiguration": {"taskmanager": {"numberOfTaskSlots": 2}, "state": {"checkpoints.dir": "a"}},
        "podTemplate": {"kind": "Pod", "spec": {"volumes": [], "containers": [{"resources": {"limits": {"cpu": 0.5}}, "name": "flink-main-container"}]}},
        "job": {"jarURI": "local:///a.jar", "parallelism": 1, "args": [], "state": "running", "upgradeMode": "stateless", "allowNonRestoredState": false},
        "jobManager": {"replicas": 1, "resource": {"cpu": 1.0, "memory": "1Gi"}},
        "taskManager": {"resources": {"requests": {"cpu": "1000m", "memory": "2048m"}}},
    }));
    assert_eq!(reconcile::read(&block, &prior, &changed, &|_| true), prior);
    assert_eq!(reconcile::read(&block, &prior, &changed, &|_| false), prior);
}

#[test]
fn a_template_is_an_object_or_text() {
    let yaml = Value::Dynamic(Box::new((
        Type::String,
        Value::from("spec: {nodeSelector: {pool: flink}}"),
    )));
    let object = Value::dynamic_from_json(&json!({"spec": {"nodeSelector": {"pool": "flink"}, "volumes": null}}));
    let root = AttributePath::root();
    assert_eq!(PodTemplate::decode(&yaml, &root), PodTemplate::decode(&object, &root));
    let Shape::Attribute(attribute) = PodTemplate::shape() else {
        panic!("not an attribute")
    };
    assert!(attribute.means_same(&yaml, &object));
    assert!(problems("pod_template", &yaml).is_empty());
}

#[test]
fn what_is_refused_at_the_attribute() {
    let text = |text: &str| Value::Dynamic(Box::new((Type::String, Value::from(text))));
    let map = |key: &str, amount: &str| Value::map([(key, Value::from(amount))]);
    for (path, value, expected) in [
        (
            "job_manager.resource.memory",
            "12 apples".into(),
            "job_manager.resource.memory: Not an amount of memory",
        ),
        (
            "task_manager.resource.cpu",
            0.into(),
            "task_manager.resource.cpu: Number out of range",
        ),
        (
            "task_manager.resources.requests",
            map("memory", "lots"),
            r#"task_manager.resources.requests["memory"]: Not an amount of memory"#,
        ),
        (
            "task_manager.resources.limits",
            map("cpu", "0"),
            r#"task_manager.resources.limits["cpu"]: Quantity out of range"#,
        ),
        (
            "task_manager.resources.limits",
            map("example.com/gpu", "-1"),
            r#"task_manager.resources.limits["example.com/gpu"]: Quantity out of range"#,
        ),
        ("pod_template", text("- a"), "pod_template: Not a pod template"),
        ("pod_template", text("spec: ["), "pod_template: Not a pod template"),
        (
            "pod_template",
            text("spec: {volumes: [{name: a, persistenceVolumeClaim: {}}]}"),
            "pod_template: Mistake in the pod template",
        ),
        (
            "job_manager.pod_template",
            text("spec: {containers: [{name: main}]}"),
            "job_manager.pod_template: No container for Flink in the pod template",
        ),
        ("service_account", "".into(), "service_account: Empty value"),
        ("flink_version", "1.20".into(), "flink_version: Not a Flink version"),
    ] {
        assert_eq!(problems(path, &value), [expected]);
    }
    for (path, value) in [
        ("job_manager.resource.memory", "2Gi".into()),
        ("task_manager.resources.limits", map("example.com/gpu", "0")),
        ("task_manager.resource.cpu", Value::Number("0.1".parse().unwrap())),
    ] {
        assert_eq!(problems(path, &value), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn configuration_keys_by_what_they_restart() {
    use UpdateClass::{Ignored, Restart, Scaled};
    let of = |pairs: &[(&str, &str)]| Value::map(pairs.iter().map(|(key, value)| (*key, Value::from(*value))));
    for (before, after, class) in [
        (
            of(&[]),
            of(&[("kubernetes.operator.savepoint.history.max.count", "3")]),
            Ignored,
        ),
        (of(&[("job.autoscaler.enabled", "true")]), Value::Null, Ignored),
        (
            of(&[("a", "1"), ("pipeline.jobvertex-parallelism-overrides", "x:1")]),
            of(&[("a", "1")]),
            Scaled,
        ),
        (
            of(&[("job.autoscaler.enabled", "true")]),
            of(&[("taskmanager.numberOfTaskSlots", "2")]),
            Restart,
        ),
        (
            of(&[("kubernetes.jobmanager.cpu.limit-factor", "1")]),
            of(&[("kubernetes.jobmanager.cpu.limit-factor", "2")]),
            Restart,
        ),
        (Value::Null, of(&[]), Ignored),
    ] {
        assert_eq!(configuration_class(&before, &after), class, "{before:?} to {after:?}");
    }
}
