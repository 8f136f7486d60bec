//! The rules of objects against a real API server: the one of a kubeconfig in `FLINK_ACC_KUBECONFIG`,
//! with the operator's definitions installed. Skipped where there is none.
//!
//! No operator is needed: nothing here waits for one. The unit tests script what an API server answers;
//! these show that it does answer so.

#![expect(
    clippy::unwrap_used,
    reason = "the lint's exception for tests does not reach their own functions"
)]

use std::time::Duration;

use flink_client::kubernetes::{
    Connection, CreateError, DeleteError, Deletion, Environment, KubernetesError, Objects, Preconditions, Write,
    WriteError,
};
use flink_client::operator::{FlinkDeployment, JobResource, Manifest};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A namespace of its own, and two ways to its objects: ours and somebody else's.
struct Case {
    objects: Objects<FlinkDeployment>,
    others: Api<DynamicObject>,
    namespaces: Api<Namespace>,
    namespace: String,
}

impl Case {
    async fn start(name: &str) -> Option<Self> {
        let Some(path) = std::env::var_os("FLINK_ACC_KUBECONFIG") else {
            eprintln!("skipped: FLINK_ACC_KUBECONFIG names no kubeconfig");
            return None;
        };
        let connection = Connection {
            config_path: Some(path.to_string_lossy().into_owned()),
            ..Connection::default()
        };
        let environment = Environment::new(|_| None, "/nonexistent");
        let config = connection.config(&environment).unwrap();
        let client = kube::Client::try_from(config).unwrap();
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let namespace = format!("flink-client-{name}-{}", std::process::id());
        // The label asks the stand-in of our sandbox to keep its hands off; nobody else knows it.
        let labels = json!({"sandbox.terraform-provider-flink/operator": "down"});
        let metadata = json!({"name": namespace, "labels": labels});
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        namespaces
            .create(&PostParams::default(), &serde_json::from_value(made).unwrap())
            .await
            .unwrap();
        let kind = ApiResource {
            group: "flink.apache.org".into(),
            version: "v1beta1".into(),
            api_version: "flink.apache.org/v1beta1".into(),
            kind: "FlinkDeployment".into(),
            plural: "flinkdeployments".into(),
        };
        let others = Api::namespaced_with(client, &namespace, &kind);
        let cluster = connection
            .connect(&environment, CancellationToken::new())
            .await
            .unwrap();
        Some(Self {
            objects: Objects::new(cluster, namespace.clone()),
            others,
            namespaces,
            namespace,
        })
    }

    /// A change by somebody else.
    async fn edit(&self, manager: &str, patch: Value) {
        let params = PatchParams {
            field_manager: Some(manager.into()),
            ..PatchParams::default()
        };
        self.others
            .patch("orders", &params, &Patch::Merge(patch))
            .await
            .unwrap();
    }

    async fn spec(&self) -> Value {
        self.others.get("orders").await.unwrap().data["spec"].clone()
    }

    async fn end(self) {
        let _ = self.namespaces.delete(&self.namespace, &DeleteParams::default()).await;
    }
}

fn manifest() -> Manifest {
    Manifest {
        name: "orders".into(),
        labels: [("team".to_owned(), "a".to_owned())].into(),
        annotations: Default::default(),
        spec: json!({
            "image": "flink:1.20", "flinkVersion": "v1_20", "serviceAccount": "flink",
            "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2", "state.savepoints.dir": "s3://a"},
            "jobManager": {"resource": {"memory": "1g", "cpu": 0.5}},
            "job": {"jarURI": "local:///a.jar", "parallelism": 2, "upgradeMode": "savepoint"},
        }),
    }
}

fn write(uid: &str) -> Write<'_> {
    Write {
        uid,
        prior: None,
        force: false,
    }
}

#[tokio::test]
async fn looking_where_nothing_is() {
    let Some(case) = Case::start("none").await else { return };
    assert!(case.objects.find("orders").await.unwrap().is_none());
    let uid = case
        .objects
        .cluster()
        .namespace_uid(&case.namespace)
        .await
        .unwrap()
        .unwrap();
    assert!(case.objects.find_surely("orders", Some(&uid)).await.unwrap().is_none());
    let error = case.objects.find_surely("orders", Some("another")).await.unwrap_err();
    assert!(matches!(error, KubernetesError::NamespaceReplaced { .. }), "{error}");

    let nowhere: Objects<FlinkDeployment> = Objects::new(case.objects.cluster().clone(), "no-such-namespace");
    let error = nowhere.find_surely("orders", None).await.unwrap_err();
    assert!(matches!(error, KubernetesError::NamespaceMissing { .. }), "{error}");
    let error = nowhere.create(&manifest()).await.unwrap_err();
    assert!(
        error.to_string().starts_with("there is no namespace no-such-namespace"),
        "{error}"
    );
    case.end().await;
}

#[tokio::test]
async fn created_once_and_adopted_if_it_is_our_own() {
    let Some(case) = Case::start("create").await else {
        return;
    };
    let created = case.objects.create(&manifest()).await.unwrap();
    assert!(!created.adopted);
    // The same again, as after a lost answer.
    let again = case.objects.create(&manifest()).await.unwrap();
    assert!(again.adopted);
    assert_eq!(again.live.uid(), created.live.uid());
    // Spelled differently, it still is what was planned.
    let mut spelled = manifest();
    spelled.spec["jobManager"]["resource"]["memory"] = json!("1024m");
    assert!(case.objects.create(&spelled).await.unwrap().adopted);
    // Another plan, and a touched object, are errors.
    let mut other = manifest();
    other.spec["image"] = json!("flink:1.19");
    assert!(matches!(
        case.objects.create(&other).await,
        Err(CreateError::Exists { ours: true, .. })
    ));
    case.edit("kubectl-edit", json!({"spec": {"restartNonce": 1}})).await;
    let error = case.objects.create(&manifest()).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("written by this provider and changed by kubectl-edit"),
        "{error}"
    );
    case.end().await;
}

#[tokio::test]
async fn written_in_the_live_spelling_and_removed_when_left_out() {
    let Some(case) = Case::start("write").await else { return };
    let live = case.objects.create(&manifest()).await.unwrap().live;
    let mut next = manifest();
    next.spec["jobManager"]["resource"]["memory"] = json!("1024m");
    let same = case.objects.write(&next, write(live.uid())).await.unwrap();
    assert_eq!(same.generation(), live.generation(), "another spelling is no change");

    next.spec["flinkConfiguration"]
        .as_object_mut()
        .unwrap()
        .remove("state.savepoints.dir");
    next.labels.clear();
    let written = case.objects.write(&next, write(live.uid())).await.unwrap();
    assert_eq!(
        written.json["spec"]["flinkConfiguration"],
        json!({"taskmanager.numberOfTaskSlots": "2"})
    );
    assert_eq!(written.json["metadata"].get("labels"), None);
    assert!(written.owned_by_us(&["spec", "image"]) && !written.owned_by_us(&["spec", "restartNonce"]));
    case.end().await;
}

#[tokio::test]
async fn conflicts() {
    let Some(case) = Case::start("conflict").await else {
        return;
    };
    let live = case.objects.create(&manifest()).await.unwrap().live;
    case.edit(
        "kubectl-edit",
        json!({"spec": {"job": {"parallelism": 4}, "flinkConfiguration": {"state.savepoints.dir": "s3://b"}}}),
    )
    .await;

    let error = case.objects.write(&manifest(), write(live.uid())).await.unwrap_err();
    let WriteError::Conflict { conflicts, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(conflicts.len(), 2);
    assert!(
        conflicts.iter().all(|conflict| conflict.manager == "kubectl-edit"),
        "{error}"
    );
    assert!(
        conflicts
            .iter()
            .any(|conflict| conflict.path == ["spec", "flinkConfiguration", "state.savepoints.dir"]),
        "{error}"
    );

    // The plan has shown one of the two.
    let mut prior = manifest();
    prior.spec["job"]["parallelism"] = json!(4);
    let error = case
        .objects
        .write(
            &manifest(),
            Write {
                prior: Some(&prior),
                ..write(live.uid())
            },
        )
        .await
        .unwrap_err();
    assert!(
        matches!(&error, WriteError::Conflict { conflicts, .. } if conflicts.len() == 1),
        "{error}"
    );

    // Both.
    prior.spec["flinkConfiguration"]["state.savepoints.dir"] = json!("s3://b");
    let written = case
        .objects
        .write(
            &manifest(),
            Write {
                prior: Some(&prior),
                ..write(live.uid())
            },
        )
        .await
        .unwrap();
    assert_eq!(written.json["spec"]["job"]["parallelism"], 2);

    case.edit("kubectl-edit", json!({"spec": {"job": {"parallelism": 8}}}))
        .await;
    case.objects
        .write(
            &manifest(),
            Write {
                force: true,
                ..write(live.uid())
            },
        )
        .await
        .unwrap();
    assert_eq!(case.spec().await["job"]["parallelism"], 2);
    case.end().await;
}

#[tokio::test]
async fn another_object_of_the_same_name_is_left_alone() {
    let Some(case) = Case::start("replaced").await else {
        return;
    };
    let first = case.objects.create(&manifest()).await.unwrap().live;
    let only = Preconditions {
        uid: first.uid(),
        resource_version: None,
    };
    assert_eq!(case.objects.delete("orders", only).await.unwrap(), Deletion::Gone);
    assert_eq!(case.objects.delete("orders", only).await.unwrap(), Deletion::Gone);
    assert!(matches!(
        case.objects.write(&manifest(), write(first.uid())).await,
        Err(WriteError::Gone { .. })
    ));
    assert!(
        case.objects.find("orders").await.unwrap().is_none(),
        "a write never creates"
    );

    let second = case.objects.create(&manifest()).await.unwrap().live;
    assert!(matches!(
        case.objects.write(&manifest(), write(first.uid())).await,
        Err(WriteError::Replaced { .. })
    ));
    assert!(matches!(
        case.objects.delete("orders", only).await,
        Err(DeleteError::Replaced { .. })
    ));
    let stale = Preconditions {
        uid: second.uid(),
        resource_version: Some(second.resource_version()),
    };
    case.edit("kubectl-edit", json!({"metadata": {"annotations": {"a": "b"}}}))
        .await;
    assert!(matches!(
        case.objects.delete("orders", stale).await,
        Err(DeleteError::Changed { .. })
    ));
    case.end().await;
}

#[tokio::test]
async fn deletion_that_waits_for_a_finalizer() {
    let Some(case) = Case::start("finalizer").await else {
        return;
    };
    let live = case.objects.create(&manifest()).await.unwrap().live;
    case.edit(
        "operator",
        json!({"metadata": {"finalizers": ["flinkdeployments.flink.apache.org/finalizer"]}}),
    )
    .await;
    assert!(
        case.objects.create(&manifest()).await.unwrap().adopted,
        "a finalizer is no change by others"
    );
    let only = Preconditions {
        uid: live.uid(),
        resource_version: None,
    };
    assert_eq!(case.objects.delete("orders", only).await.unwrap(), Deletion::Started);
    assert!(matches!(
        case.objects.create(&manifest()).await,
        Err(CreateError::BeingDeleted { .. })
    ));
    assert!(matches!(
        case.objects.write(&manifest(), write(live.uid())).await,
        Err(WriteError::BeingDeleted { .. })
    ));
    case.edit("operator", json!({"metadata": {"finalizers": []}})).await;
    assert!(case.objects.find("orders").await.unwrap().is_none());
    case.end().await;
}

#[tokio::test]
async fn what_is_taken_over_can_be_removed() {
    let Some(case) = Case::start("import").await else {
        return;
    };
    // Somebody has created it with kubectl, and nests the configuration.
    let mut object = manifest().to_object::<FlinkDeployment>(&case.namespace);
    object["spec"]["flinkConfiguration"] =
        json!({"state": {"savepoints.dir": "s3://a"}, "taskmanager.numberOfTaskSlots": 2, "other": "1"});
    let params = PostParams {
        field_manager: Some("kubectl-create".into()),
        ..PostParams::default()
    };
    let made = case
        .others
        .create(&params, &serde_json::from_value(object).unwrap())
        .await
        .unwrap();
    let uid = made.metadata.uid.unwrap();

    let taken = case.objects.take_over(&manifest(), &uid).await.unwrap();
    assert!(taken.owned_by_us(&["spec", "image"]));
    assert!(taken.owned_by_us(&["spec", "flinkConfiguration", "state", "savepoints.dir"]));
    assert!(!taken.owned_by_us(&["spec", "flinkConfiguration", "other"]));
    assert_eq!(taken.other_managers(), ["kubectl-create"]);
    assert_eq!(taken.generation(), 1);

    let written = case.objects.write(&manifest(), write(&uid)).await.unwrap();
    assert_eq!(written.generation(), 1, "nothing has changed: {}", written.json);

    let mut next = manifest();
    next.spec["flinkConfiguration"]
        .as_object_mut()
        .unwrap()
        .remove("state.savepoints.dir");
    let written = case.objects.write(&next, write(&uid)).await.unwrap();
    let configuration = written.spec.flink_configuration.clone().unwrap();
    assert!(!configuration.contains_key("state.savepoints.dir"), "{configuration:?}");
    assert_eq!(configuration.get("other").map(String::as_str), Some("1"));
    case.end().await;
}

#[tokio::test]
async fn amending_two_fields_and_taking_them_back() {
    let Some(case) = Case::start("amend").await else { return };
    let live = case.objects.create(&manifest()).await.unwrap().live;
    let suspended = case
        .objects
        .amend("orders", live.uid(), |object, _| {
            object["spec"]["job"]["state"] = json!("suspended")
        })
        .await
        .unwrap();
    assert!(suspended.wants_suspended());
    assert_eq!(suspended.json["spec"]["image"], "flink:1.20");
    let back = case
        .objects
        .amend("orders", live.uid(), |object, _| {
            object["spec"]["job"].as_object_mut().unwrap().remove("state");
        })
        .await
        .unwrap();
    assert_eq!(back.json["spec"], live.json["spec"]);
    case.end().await;
}

#[tokio::test]
async fn what_the_definition_does_not_take() {
    let Some(case) = Case::start("schema").await else {
        return;
    };
    let mut odd = manifest();
    odd.spec["job"]["jarUri"] = json!("x");
    let error = case.objects.create(&odd).await.unwrap_err();
    let CreateError::Write(WriteError::UnknownFields { fields, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!(fields[0].field, "spec.job.jarUri");

    let mut odd = manifest();
    odd.spec["job"]["parallelism"] = json!("two");
    let error = case.objects.create(&odd).await.unwrap_err();
    let CreateError::Write(WriteError::Kubernetes(KubernetesError::Rejected { causes, .. })) = &error else {
        panic!("{error}")
    };
    assert_eq!(causes[0].field, "spec.job.parallelism");

    let mut odd = manifest();
    odd.spec["job"]["upgradeMode"] = json!("sometimes");
    let error = case.objects.create(&odd).await.unwrap_err();
    let CreateError::Write(WriteError::Kubernetes(KubernetesError::Rejected { causes, .. })) = &error else {
        panic!("{error}")
    };
    assert_eq!(causes[0].field, "spec.job.upgradeMode");
    case.end().await;
}

#[tokio::test]
async fn a_watch_sees_what_happens() {
    use flink_client::wait::{Progress, Wait, until};
    let Some(case) = Case::start("watch").await else { return };
    let live = case.objects.create(&manifest()).await.unwrap().live;
    let wait = Wait::new("orders", Duration::from_secs(30));
    let waiting = until(&case.objects, wait, |live| match live {
        Some(live) if live.spec.restart_nonce == Some(7.into()) => Progress::Ready,
        _ => Progress::waiting("nothing has happened yet"),
    });
    let editing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        case.edit("kubectl-edit", json!({"spec": {"restartNonce": 7}})).await;
    };
    let before = std::time::Instant::now();
    let (waited, ()) = tokio::join!(waiting, editing);
    assert_eq!(waited.unwrap().unwrap().uid(), live.uid());
    // Polling would have taken three seconds.
    assert!(before.elapsed() < Duration::from_millis(2500), "{:?}", before.elapsed());
    case.end().await;
}
