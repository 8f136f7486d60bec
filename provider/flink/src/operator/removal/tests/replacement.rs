//! Removals that leave the state of the job for a successor, and what becomes of it where they fail.

use super::*;
use crate::operator::hand_over::Successor;
use crate::operator::progress::Baseline;

fn to_orders(configured: Option<&str>) -> Removal {
    Removal {
        successor: Successor::Object {
            namespace: "team".into(),
            name: "orders".into(),
            configured: configured.map(str::to_owned),
        },
        ..Removal::by(OnDestroy::Savepoint)
    }
}

async fn replace(api: &Api, how: &Removal) -> Result<Removed, RemoveError> {
    remove(&api.objects(), "orders", "uid-1", how, Duration::from_secs(600)).await
}

/// The hand-over as the API server returns it, left by the object of that uid.
fn hand_over(from: &str, path: &str) -> Value {
    let note =
        format!("{{\"kind\":\"FlinkDeployment\",\"from\":\"team/orders\",\"uid\":\"{from}\",\"to\":\"team/orders\"}}");
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkStateSnapshot",
        "metadata": {
            "name": "orders-flinkdeployment-hand-over", "namespace": "team", "uid": "uid-h", "resourceVersion": "20",
            "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"terraform-provider-flink/hand-over": note},
            "labels": {"terraform-provider-flink/hand-over-kind": "FlinkDeployment", "terraform-provider-flink/hand-over-uid": from},
            "managedFields": [managed("terraform-provider-flink", "Apply", json!({
                "f:metadata": {
                    "f:annotations": {"f:terraform-provider-flink/hand-over": {}},
                    "f:labels": {"f:terraform-provider-flink/hand-over-kind": {}, "f:terraform-provider-flink/hand-over-uid": {}},
                },
                "f:spec": {"f:savepoint": {}},
            }))],
        },
        "spec": {"savepoint": {"path": path, "alreadyExists": true, "disposeOnDelete": false}},
        "status": {"state": "COMPLETED", "path": path},
    })
}

/// Looks for a hand-over, suspends, and sees the savepoint.
fn until_suspended() -> Vec<crate::testing::Step> {
    vec![
        ("GET", GET, Reply::Json(200, live("1"))),
        no_hand_over(),
        ("GET", GET, Reply::Json(200, live("1"))),
        ("PATCH", "force=true", Reply::Json(200, suspending("2"))),
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
    ]
}

fn left() -> Vec<crate::testing::Step> {
    vec![
        no_hand_over(),
        ("PATCH", HAND_OVER, Reply::Json(201, hand_over("uid-1", "s3://a/s-1"))),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_state_is_left_before_the_object_goes() {
    let mut steps = until_suspended();
    steps.extend(left());
    steps.push(("DELETE", GET, Reply::Json(200, deleting("5"))));
    steps.push(("GET", GET, not_found("orders")));
    let api = Api::new(steps);
    let removed = replace(&api, &to_orders(Some("s3://a/s-0"))).await.unwrap();
    let expected = Removed::Deleted {
        state: Some("s3://a/s-1".into()),
        handed_over: true,
    };
    assert_eq!(removed, expected);
    let sent = api.received()[6].body.clone();
    assert_eq!(
        sent["spec"],
        json!({"savepoint": {"alreadyExists": true, "disposeOnDelete": false, "path": "s3://a/s-1"}}),
        "no job, so that nothing keeps it from being deleted"
    );
    let labels = json!({"terraform-provider-flink/hand-over-kind": "FlinkDeployment", "terraform-provider-flink/hand-over-uid": "uid-1"});
    assert_eq!(sent["metadata"]["labels"], labels);
    let note: Value = serde_json::from_str(
        sent["metadata"]["annotations"]["terraform-provider-flink/hand-over"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        note,
        json!({"kind": "FlinkDeployment", "from": "team/orders", "uid": "uid-1", "to": "team/orders", "configured": "s3://a/s-0"})
    );
}

/// A replacement that is repeated finds what it left, and puts the newer state in its place.
#[tokio::test(start_paused = true)]
async fn an_older_hand_over_makes_room() {
    let older = || Reply::Json(200, hand_over("uid-0", "s3://a/s-0"));
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("GET", HAND_OVER, older()),
        ("GET", HAND_OVER, older()),
        ("GET", HAND_OVER, older()),
        (
            "DELETE",
            HAND_OVER,
            Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
        ),
        no_hand_over(),
        ("PATCH", HAND_OVER, Reply::Json(201, hand_over("uid-1", "s3://a/s-1"))),
        (
            "DELETE",
            GET,
            Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
        ),
    ]);
    let removed = replace(&api, &to_orders(None)).await.unwrap();
    assert!(
        matches!(removed, Removed::Deleted { handed_over: true, .. }),
        "{removed:?}"
    );
    assert_eq!(api.received()[4].body["preconditions"]["uid"], "uid-h");
    // The job was not stopped by us: it must still be suspended when it goes.
    let only = json!({"uid": "uid-1", "resourceVersion": "3"});
    assert_eq!(api.received()[7].body["preconditions"], only);
}

#[tokio::test(start_paused = true)]
async fn without_a_way_to_hand_over_nothing_is_stopped() {
    let forbidden = failure(403, "Forbidden", "User \"ci\" cannot get resource", json!({}));
    let unknown = Reply::Text(404, "404 page not found\n");
    for (answer, words) in [(forbidden, "not allowed to get"), (unknown, "does not know")] {
        let api = Api::new(vec![
            ("GET", GET, Reply::Json(200, live("1"))),
            ("GET", HAND_OVER, answer),
        ]);
        let error = replace(&api, &to_orders(None)).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(error.ends_with("the job was left as it was"), "{error}");
        assert_eq!(api.asked(), ["GET orders", "GET orders-flinkdeployment-hand-over"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_successor_that_nobody_knew_gets_nothing_silently() {
    let api = Api::new(vec![("GET", GET, Reply::Json(200, live("1")))]);
    let how = Removal {
        successor: Successor::Unknown,
        ..Removal::by(OnDestroy::Savepoint)
    };
    let error = replace(&api, &how).await.unwrap_err().to_string();
    assert!(error.contains("was not known when that was planned"), "{error}");
    assert_eq!(api.asked(), ["GET orders"]);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_that_is_refused_sets_the_job_running_again() {
    let mut steps = until_suspended();
    steps.extend([
        no_hand_over(),
        (
            "PATCH",
            HAND_OVER,
            failure(403, "Forbidden", "User \"ci\" cannot patch resource", json!({})),
        ),
        // There may be one all the same.
        no_hand_over(),
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("PATCH", "force=true", Reply::Json(200, live("4"))),
    ]);
    let api = Api::new(steps);
    let error = replace(&api, &to_orders(None)).await.unwrap_err();
    assert!(
        matches!(
            &error,
            RemoveError::NotHandedOver {
                put_back: PutBack::Done,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        !api.asked().iter().any(|line| line.starts_with("DELETE")),
        "{:?}",
        api.asked()
    );
    assert_eq!(
        api.received().last().unwrap().body["spec"]["job"]["upgradeMode"],
        "savepoint"
    );
    assert_eq!(api.received().last().unwrap().body["spec"]["job"].get("state"), None);
}

/// Who stops the job and cannot delete its object lets it run again, and takes back what was left for the successor.
#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_refused_is_undone() {
    let refused = || failure(403, "Forbidden", "User \"ci\" cannot delete resource", json!({}));
    let mut steps = until_suspended();
    steps.extend(left());
    steps.extend([
        ("DELETE", GET, refused()),
        ("GET", HAND_OVER, Reply::Json(200, hand_over("uid-1", "s3://a/s-1"))),
        (
            "DELETE",
            HAND_OVER,
            Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
        ),
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("PATCH", "force=true", Reply::Json(200, live("4"))),
    ]);
    let api = Api::new(steps);
    let error = replace(&api, &to_orders(None)).await.unwrap_err();
    assert!(
        matches!(
            &error,
            RemoveError::NotDeleted {
                put_back: PutBack::Done,
                ..
            }
        ),
        "{error}"
    );

    // So does a destroy for good.
    let mut steps = until_suspended();
    steps.remove(1);
    steps.extend([
        ("DELETE", GET, refused()),
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("PATCH", "force=true", Reply::Json(200, live("4"))),
    ]);
    let api = Api::new(steps);
    let error = run(&api, OnDestroy::Savepoint).await.unwrap_err();
    assert!(
        matches!(
            &error,
            RemoveError::NotDeleted {
                put_back: PutBack::Done,
                state: Some(path),
                ..
            } if path == "s3://a/s-1"
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_destroy_for_good_takes_back_what_a_replacement_that_was_given_up_has_left() {
    let gone = || Reply::Json(200, json!({"kind": "Status", "status": "Success"}));
    for (from, cleared) in [("uid-1", true), ("uid-0", false)] {
        let mut steps = vec![
            ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
            ("DELETE", GET, gone()),
            ("GET", HAND_OVER, Reply::Json(200, hand_over(from, "s3://a/s-1"))),
        ];
        if cleared {
            steps.push(("DELETE", HAND_OVER, gone()));
        }
        let expected = steps.len();
        let api = Api::new(steps);
        run(&api, OnDestroy::Savepoint).await.unwrap();
        assert_eq!(api.received().len(), expected, "{from}");
    }
}

/// `drain` is a switch of the operator that goes with the suspension, and is taken back with it.
#[tokio::test(start_paused = true)]
async fn only_a_destroy_for_good_drains() {
    const DRAIN: &str = "kubernetes.operator.job.drain-on-savepoint-deletion";
    let mut draining = suspending("3");
    draining["spec"]["flinkConfiguration"][DRAIN] = json!("true");
    draining["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:flinkConfiguration"][format!("f:{DRAIN}")] =
        json!({});
    let mut without_path = suspended("3", LAST_STATE);
    without_path["spec"] = draining["spec"].clone();
    let mut steps = until_suspended();
    steps.remove(1);
    steps[3] = ("GET", GET, Reply::Json(200, without_path));
    steps.extend([
        ("GET", GET, Reply::Json(200, draining)),
        ("PATCH", "force=true", Reply::Json(200, live("4"))),
    ]);
    let api = Api::new(steps);
    let how = Removal {
        drain: true,
        ..Removal::by(OnDestroy::Savepoint)
    };
    replace(&api, &how).await.unwrap_err();
    let received = api.received();
    assert_eq!(
        received[2].body["spec"]["flinkConfiguration"],
        json!({"state.savepoints.dir": "s3://a", DRAIN: "true"})
    );
    assert_eq!(
        received[5].body["spec"]["flinkConfiguration"],
        json!({"state.savepoints.dir": "s3://a"})
    );

    let mut steps = until_suspended();
    steps.extend(left());
    steps.push((
        "DELETE",
        GET,
        Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
    ));
    let api = Api::new(steps);
    let how = Removal {
        drain: true,
        ..to_orders(None)
    };
    replace(&api, &how).await.unwrap();
    let sent = api.received()[3].body["spec"]["flinkConfiguration"].clone();
    assert_eq!(
        sent,
        json!({"state.savepoints.dir": "s3://a"}),
        "who has a successor is not drained"
    );
}

#[test]
fn what_is_handed_over_is_never_a_place_holder() {
    let after = Live::<FlinkDeployment>::from_json(suspended("3", LAST_STATE)).unwrap();
    assert!(matches!(saved(&after, &Baseline::default(), None), Progress::Failed(_)));
    assert_eq!(
        first_step(&after.object, OnDestroy::Savepoint),
        Step::Refuse(Refusal::SuspendedWithoutPath)
    );
}
