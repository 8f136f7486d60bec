//! What actions write, and what a resource's write leaves to them.

use super::*;

fn claims_of_action() -> Value {
    json!({"f:spec": {"f:restartNonce": {}}})
}

/// The object with a counter that an action has set.
fn counted(version: &str, nonce: i64) -> Value {
    let mut object = written(version);
    object["spec"]["restartNonce"] = json!(nonce);
    let managers = object["metadata"]["managedFields"].as_array_mut().unwrap();
    managers.push(managed(ACTION_MANAGER, "Apply", claims_of_action()));
    object
}

#[tokio::test]
async fn an_action_writes_its_counter_and_nothing_else_under_its_own_name() {
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, written("5"))),
        (
            "PATCH",
            "fieldManager=terraform-provider-flink-action",
            Reply::Json(200, counted("6", 4)),
        ),
    ]);
    let objects: Objects<crate::operator::FlinkDeployment> = Objects::new(api.cluster().acting(|_| {}), "team");
    let seen = Live::from_json(written("5")).unwrap();
    let written = objects.count_up(&seen, Counter::Restart, Some(3)).await.unwrap();
    assert_eq!(written.resource_version(), "6");
    let sent = &api.received()[1];
    assert!(sent.path.contains("force=true"), "{}", sent.path);
    assert_eq!(sent.body["spec"], json!({"restartNonce": 4}));
    assert_eq!(sent.body["metadata"]["resourceVersion"], "5");
}

/// The answer is lost and the counter is there: it is not counted up again.
#[tokio::test(start_paused = true)]
async fn a_counter_is_counted_up_once() {
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, counted("5", 1))),
        ("PATCH", "", Reply::Cut),
        ("GET", "", Reply::Json(200, counted("6", 2))),
        ("PATCH", "", Reply::Json(200, counted("6", 2))),
    ]);
    let objects: Objects<crate::operator::FlinkDeployment> = Objects::new(api.cluster().acting(|_| {}), "team");
    let seen = Live::from_json(counted("5", 1)).unwrap();
    objects.count_up(&seen, Counter::Restart, None).await.unwrap();
    let sent = api.received();
    assert_eq!(sent[1].body["spec"]["restartNonce"], 2);
    assert_eq!(sent[3].body["spec"]["restartNonce"], 2);
}

/// An action has restarted the job since the plan: a write that restarts nothing does not take that back.
#[tokio::test]
async fn a_write_leaves_a_counter_alone_that_it_does_not_count_up() {
    let manifest = |nonce: i64| {
        let mut manifest = manifest();
        manifest.spec["restartNonce"] = json!(nonce);
        manifest
    };
    for (planned, sent) in [(1, 3), (2, 2)] {
        let api = Api::new(vec![
            ("GET", "", Reply::Json(200, counted("5", 3))),
            ("PATCH", "", Reply::Json(200, counted("6", sent))),
        ]);
        let prior = manifest(1);
        let how = Write {
            uid: "uid-1",
            prior: Some(&prior),
            force: false,
        };
        api.objects().write(&manifest(planned), how).await.unwrap();
        assert_eq!(api.received()[1].body["spec"]["restartNonce"], sent);
    }
}

/// What an action has counted is no reason to refuse the next change of the resource.
#[tokio::test]
async fn a_counter_of_an_action_is_taken_over() {
    let conflict = failure(
        409,
        "Conflict",
        "Apply failed with 1 conflict",
        json!({"causes": [{"reason": "FieldManagerConflict", "field": ".spec.restartNonce",
                           "message": format!("conflict with \"{ACTION_MANAGER}\" using flink.apache.org/v1beta1")}]}),
    );
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, counted("5", 3))),
        ("PATCH", "", conflict),
        ("PATCH", "force=true", Reply::Json(200, counted("6", 4))),
    ]);
    let mut planned = manifest();
    planned.spec["restartNonce"] = json!(4);
    let prior = manifest();
    let how = Write {
        uid: "uid-1",
        prior: Some(&prior),
        force: false,
    };
    api.objects().write(&planned, how).await.unwrap();
    assert_eq!(api.received()[2].body["spec"]["restartNonce"], 4);
}
