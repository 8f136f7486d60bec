//! What the objects look like.

use serde_json::{Value, json};

use super::{Labels, Part};
use crate::stand_in::rehearsal::merge;
use crate::stand_in::spec::{Component, Spec};
use crate::stand_in::validation;
use crate::stand_in::world::JobView;

/// The key of a job's last checkpoint. Flink counts the checkpoints here; the stand-in keeps the last one only.
pub const CHECKPOINT: &str = "checkpointID-0000000000000000001";
const MAIN_CONTAINER: &str = "flink-main-container";

/// Whose objects they are.
pub struct Identity<'a> {
    /// `metadata.namespace` of the deployment.
    pub namespace: &'a str,
    /// `metadata.name` of the deployment.
    pub name: &'a str,
    /// `metadata.uid` of the deployment.
    pub uid: &'a str,
    /// `metadata.uid` of the JobManager's Deployment.
    pub job_manager_uid: &'a str,
}

/// A Deployment, from the pod templates and the resources of the spec.
pub fn deployment(part: &Part, identity: &Identity<'_>, spec: Spec) -> Value {
    let (word, component, replicas) = if *part == Part::TaskManagers {
        ("taskmanager", &spec.task_manager, spec.task_managers())
    } else {
        let replicas = spec.job_manager.as_ref().and_then(|component| component.replicas);
        ("jobmanager", &spec.job_manager, replicas.unwrap_or(1))
    };
    let mut labels = labels(identity, &spec);
    labels.insert("component".to_owned(), word.to_owned());
    let template = pod_template(&spec, component.as_ref(), word, &labels);
    json!({
        "metadata": metadata(part, identity, &labels),
        "spec": { "replicas": replicas, "selector": { "matchLabels": labels }, "template": template },
    })
}

/// A ConfigMap. The metadata of high availability is about `job`, whose last checkpoint lies at `checkpoint`.
pub fn config_map(
    part: &Part,
    identity: &Identity<'_>,
    spec: Spec,
    job: Option<&JobView>,
    checkpoint: Option<&str>,
) -> Value {
    let mut labels = labels(identity, &spec);
    let mut data = serde_json::Map::new();
    match part {
        Part::FlinkConfig => {
            let lines = spec
                .flink_configuration
                .iter()
                .map(|(key, value)| format!("{key}: {value}\n"));
            let old = spec
                .flink_version
                .as_deref()
                .is_some_and(|version| version.starts_with("v1_"));
            let file = if old { "flink-conf.yaml" } else { "config.yaml" };
            data.insert(file.to_owned(), json!(lines.collect::<String>()));
            data.insert("log4j-console.properties".to_owned(), json!(""));
            for (file, text) in spec.log_configuration.iter().flatten() {
                data.insert(file.clone(), json!(text));
            }
        }
        Part::PodTemplate => {
            let own = Labels::from([("component".to_owned(), "taskmanager".to_owned())]);
            let template = pod_template(&spec, spec.task_manager.as_ref(), "taskmanager", &own);
            data.insert("taskmanager-pod-template.yaml".to_owned(), json!(template.to_string()));
        }
        Part::Autoscaler => {
            labels = Labels::from([
                ("app".to_owned(), identity.name.to_owned()),
                ("component".to_owned(), "autoscaler".to_owned()),
            ]);
        }
        Part::ClusterMetadata | Part::JobMetadata(_) => {
            labels.insert("configmap-type".to_owned(), "high-availability".to_owned());
            if *part == Part::ClusterMetadata {
                let leader = format!("http://{}-rest.{}:8081", identity.name, identity.namespace);
                for role in ["dispatcher", "resourcemanager", "restserver"] {
                    data.insert(format!("org.apache.flink.k8s.leader.{role}"), json!(leader));
                }
                if let Some(job) = job {
                    data.insert(format!("jobGraph-{}", job.id), json!(job.id));
                }
            } else {
                data.insert("counter".to_owned(), json!("1"));
                if let Some(checkpoint) = checkpoint {
                    data.insert(CHECKPOINT.to_owned(), json!(checkpoint));
                }
            }
        }
        Part::JobManager | Part::TaskManagers => {}
    }
    json!({ "metadata": metadata(part, identity, &labels), "data": data })
}

/// Name, labels and owner. What high availability remembers has no owner: it must outlive its cluster.
fn metadata(part: &Part, identity: &Identity<'_>, labels: &Labels) -> Value {
    let owner = |version: &str, kind: &str, uid: &str| {
        json!([{
            "apiVersion": version, "kind": kind, "name": identity.name, "uid": uid,
            "controller": true, "blockOwnerDeletion": true,
        }])
    };
    let mut metadata = json!({
        "name": part.name(identity.name), "namespace": identity.namespace, "labels": labels,
    });
    match part {
        Part::ClusterMetadata | Part::JobMetadata(_) => {}
        Part::FlinkConfig | Part::PodTemplate => {
            metadata["ownerReferences"] = owner("apps/v1", "Deployment", identity.job_manager_uid);
        }
        Part::JobManager | Part::TaskManagers | Part::Autoscaler => {
            metadata["ownerReferences"] = owner("flink.apache.org/v1beta1", "FlinkDeployment", identity.uid);
        }
    }
    metadata
}

fn labels(identity: &Identity<'_>, spec: &Spec) -> Labels {
    let kind = if spec.is_standalone() {
        "flink-standalone-kubernetes"
    } else {
        "flink-native-kubernetes"
    };
    Labels::from([
        ("app".to_owned(), identity.name.to_owned()),
        ("type".to_owned(), kind.to_owned()),
    ])
}

/// The pod of a component: the templates of the user with Flink's container in them.
fn pod_template(spec: &Spec, component: Option<&Component>, word: &str, labels: &Labels) -> Value {
    let mut template = json!({});
    let own = component.and_then(|component| component.pod_template.as_ref());
    for part in [spec.pod_template.as_ref(), own].into_iter().flatten() {
        merge(&mut template, part);
    }
    let fields = json!({
        "metadata": { "labels": labels },
        "spec": { "serviceAccountName": spec.service_account },
    });
    merge(&mut template, &fields);
    if let Some(metadata) = template["metadata"].as_object_mut() {
        metadata.remove("name");
    }
    let container = json!({
        "name": MAIN_CONTAINER,
        "image": spec.image.as_deref().unwrap_or("flink"),
        "imagePullPolicy": spec.image_pull_policy,
        "resources": resources(spec, component, word),
    });
    let containers = &mut template["spec"]["containers"];
    let mut all = containers.as_array().cloned().unwrap_or_default();
    match all.iter_mut().find(|known| known["name"] == MAIN_CONTAINER) {
        Some(known) => merge(known, &container),
        None => all.push(container),
    }
    *containers = json!(all);
    template
}

/// Requests, and limits by the factors of the configuration.
fn resources(spec: &Spec, component: Option<&Component>, word: &str) -> Value {
    if let Some(resources) = component.and_then(|component| component.resources.clone()) {
        return resources;
    }
    let resource = component
        .and_then(|component| component.resource.clone())
        .unwrap_or_default();
    let mebibytes = resource
        .memory
        .as_deref()
        .and_then(validation::bytes)
        .unwrap_or(1 << 30)
        >> 20;
    let factor = |what: &str| {
        let text = spec.setting(&format!("kubernetes.{word}.{what}.limit-factor"));
        text.and_then(|text| text.trim().parse::<f64>().ok()).unwrap_or(1.0)
    };
    let cpu = resource.cpu.unwrap_or(1.0);
    json!({
        "requests": { "cpu": cpu.to_string(), "memory": format!("{mebibytes}Mi") },
        "limits": {
            "cpu": (cpu * factor("cpu")).to_string(),
            "memory": format!("{:.0}Mi", mebibytes as f64 * factor("memory")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Identity<'_> = Identity {
        namespace: "teams",
        name: "orders",
        uid: "one",
        job_manager_uid: "two",
    };

    fn spec() -> Spec {
        Spec::of(&json!({
            "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "flinkConfiguration": { "kubernetes.jobmanager.cpu.limit-factor": "15", "a": 1 },
            "podTemplate": { "spec": { "containers": [{ "name": "flink-main-container", "env": [{ "name": "A" }] }] } },
            "jobManager": { "resource": { "cpu": 0.1, "memory": "900m" } },
            "job": {},
        }))
        .unwrap()
    }

    #[test]
    fn a_deployment_has_the_pod_of_the_spec() {
        let body = deployment(&Part::JobManager, &IDENTITY, spec());
        let container = &body["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["env"], json!([{ "name": "A" }]));
        assert_eq!(
            container["resources"]["requests"],
            json!({ "cpu": "0.1", "memory": "900Mi" })
        );
        assert_eq!(
            container["resources"]["limits"],
            json!({ "cpu": "1.5", "memory": "900Mi" })
        );
        assert_eq!(body["spec"]["template"]["spec"]["serviceAccountName"], "flink");
        let labels = json!({ "app": "orders", "component": "jobmanager", "type": "flink-native-kubernetes" });
        assert_eq!(body["metadata"]["labels"], labels);
        assert_eq!(body["metadata"]["ownerReferences"][0]["uid"], "one");
    }

    #[test]
    fn config_maps_belong_to_whom_the_recordings_say() {
        let owner = |part| config_map(&part, &IDENTITY, spec(), None, None)["metadata"]["ownerReferences"][0].clone();
        assert_eq!(owner(Part::FlinkConfig)["kind"], "Deployment");
        assert_eq!(owner(Part::PodTemplate)["uid"], "two");
        assert_eq!(owner(Part::Autoscaler)["kind"], "FlinkDeployment");
        assert_eq!(owner(Part::ClusterMetadata), Value::Null);
        let job = config_map(
            &Part::JobMetadata("j".repeat(32)),
            &IDENTITY,
            spec(),
            None,
            Some("file:/a/chk-8"),
        );
        assert_eq!(job["data"][CHECKPOINT], "file:/a/chk-8");
        assert_eq!(job["metadata"]["labels"]["configmap-type"], "high-availability");
        let configuration = config_map(&Part::FlinkConfig, &IDENTITY, spec(), None, None);
        let text = configuration["data"]["flink-conf.yaml"].as_str().unwrap();
        assert_eq!(text, "a: 1\nkubernetes.jobmanager.cpu.limit-factor: 15\n");
    }
}
