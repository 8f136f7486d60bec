use proptest::prelude::*;
use serde_json::{Value as Json, json};
use terraform_schema::plan::{Action, plan};
use terraform_schema::{AttributePath, Model, UpdateClass, Value, reconcile};

use super::super::sample::{application, changed, resource};
use super::*;
use crate::resources::job_resource::write_only;

mod found;

/// What stands in Terraform's state alone.
const LOCAL: [&str; 6] = [
    "allow_state_loss",
    "force_conflicts",
    "wait_failure",
    "on_destroy",
    "drain_on_destroy",
    "deletion_protection",
];

#[test]
fn what_the_object_does_not_hold_is_local() {
    let block = Deployment::block();
    // What only Terraform knows, and yet makes it send something: a nonce.
    let triggers = ["restart_triggers", "redeploy.path", "redeploy.trigger"];
    for (path, remote, attribute) in block.walk() {
        if triggers.contains(&path.to_string().as_str()) {
            assert_eq!(remote, None, "{path}");
            continue;
        }
        let only_in_terraform =
            path.starts_with(&AttributePath::of(["timeouts"])) || LOCAL.contains(&path.to_string().as_str());
        // Their values are in the object, among those in the clear.
        let is_hidden = [write_only::ATTRIBUTE, write_only::VERSION].contains(&path.to_string().as_str());
        if !attribute.is_input() || is_hidden {
            continue;
        }
        assert_eq!(remote.is_none(), only_in_terraform, "{path}: {remote:?}");
        assert_eq!(
            attribute.update_class == Some(UpdateClass::Local),
            only_in_terraform,
            "{path}: {:?}",
            attribute.update_class
        );
        if let Some(remote) = remote {
            // List blocks are found by index.
            let found = block.path_of_remote(&remote).map(|path| path.to_string());
            assert_eq!(found, Some(path.to_string()), "{remote}");
        }
    }
}

#[test]
fn a_model_goes_there_and_back() {
    let mut value = resource(&application());
    if let Value::Map(members) = &mut value {
        members.insert("namespace".to_owned(), "flink".into());
        members.insert("wait_failure".to_owned(), "warn".into());
    }
    let model = Deployment::from_value(&value).unwrap();
    assert_eq!(model.to_value(), value);
    assert_eq!(model.id(), "flink/orders");
    assert_eq!(model.arguments.wait_failure, Some(WaitFailure::Warn));
}

/// One of several spellings of the same.
fn spelled(spellings: &'static [&'static str]) -> impl Strategy<Value = Json> {
    (0..spellings.len()).prop_map(|index| serde_json::from_str(spellings[index]).unwrap())
}

prop_compose! {
    /// The same object, as different users, webhooks and API servers spell it.
    fn spellings()(
        memory in spelled(&[r#""2g""#, r#""2048m""#, r#""2Gi""#, r#""2097152k""#, r#""2 gb""#]),
        cpu in spelled(&["0.5", "0.50", "5e-1"]),
        args in spelled(&["null", "[]"]),
        state in spelled(&["null", r#""running""#]),
        upgrade_mode in spelled(&["null", r#""stateless""#]),
        mode in spelled(&["null", r#""native""#]),
        replicas in spelled(&["null", "1"]),
        allow in spelled(&["null", "false"]),
        request in spelled(&[r#""1""#, r#""1000m""#]),
        configuration in spelled(&[
            r#"{"taskmanager.numberOfTaskSlots": "2", "state.checkpoints.dir": "a"}"#,
            r#"{"taskmanager": {"numberOfTaskSlots": 2}, "state": {"checkpoints": {"dir": "a"}}}"#,
            r#"{"taskmanager.numberOfTaskSlots": 2, "state": {"checkpoints.dir": "a"}}"#,
        ]),
        pod in spelled(&[
            r#"{"spec": {"containers": [{"name": "flink-main-container", "resources": {"limits": {"memory": "1Gi"}}}]}}"#,
            r#"{"kind": "Pod", "spec": {"volumes": [], "containers": [{"resources": {"limits": {"memory": "1024Mi"}}, "name": "flink-main-container"}]}}"#,
        ]),
    ) -> Json {
        let spec = json!({
            "serviceAccount": "flink", "flinkVersion": "v1_20",
            "flinkConfiguration": configuration, "podTemplate": pod, "mode": mode,
            "job": {"jarURI": "local:///a.jar", "parallelism": 1, "args": args, "state": state, "upgradeMode": upgrade_mode, "allowNonRestoredState": allow},
            "jobManager": {"replicas": replicas, "resource": {"cpu": cpu, "memory": memory}},
            "taskManager": {"resources": {"requests": {"cpu": request}}},
        });
        let mut spec = spec;
        flink_client::operator::resource::remove_nulls(&mut spec);
        spec
    }
}

/// A specification as the model of a running deployment.
fn deployed(spec: Json) -> Value {
    let value = resource(&changed(
        json!({}),
        &[
            ("/name", json!("orders")),
            ("/namespace", json!("flink")),
            ("/ready", json!(true)),
            ("/id", json!("flink/orders")),
            ("/uid", json!("1")),
            ("/rest_service", json!("orders-rest")),
            ("/service_account", json!("flink")),
            ("/flink_version", json!("v1_20")),
        ],
    ));
    let mut model = Deployment::from_value(&value).unwrap();
    model.spec = serde_json::from_value(spec).unwrap();
    model.to_value()
}

proptest! {
    /// However the configuration, state and cluster spell the same deployment: a read finds no drift, and a plan nothing
    /// to change.
    #[test]
    fn spelling_is_never_a_change(config in spellings(), state in spellings(), live in spellings()) {
        let block = Deployment::block();
        let (state, live) = (deployed(state), deployed(live));
        let read = reconcile::read(&block, &state, &live, &|_| true);
        let again = plan(&block, &state, &read);
        prop_assert_eq!(again.action(), Action::Nothing);
        let config = plan(&block, &deployed(config), &read);
        prop_assert_eq!(&config.changes, &vec![]);
        prop_assert!(config.requires_replace.is_empty());
    }
}
