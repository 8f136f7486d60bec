use serde_json::{Value, json};

use super::*;
use crate::operator::{FlinkDeployment, FlinkSessionJob};
use crate::testing::{Api, Reply, failure, managed};

fn left(change: impl Fn(&mut Value)) -> Value {
    let note = json!({"kind": "FlinkDeployment", "from": "team/orders", "uid": "uid-1", "to": "team/orders"});
    let mut object = json!({
        "metadata": {
            "name": "orders-flinkdeployment-hand-over", "namespace": "team", "uid": "uid-h",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {HAND_OVER: note.to_string()},
            "managedFields": [managed("terraform-provider-flink", "Apply", json!({"f:spec": {"f:savepoint": {}}}))],
        },
        "spec": {"savepoint": {"path": "s3://a/s-1", "alreadyExists": true, "disposeOnDelete": false}},
    });
    change(&mut object);
    object
}

fn noted(object: &mut Value, field: &str, value: &str) {
    let text = object["metadata"]["annotations"][HAND_OVER].as_str().unwrap();
    let mut note: Value = serde_json::from_str(text).unwrap();
    note[field] = json!(value);
    object["metadata"]["annotations"][HAND_OVER] = json!(note.to_string());
}

#[test]
fn only_what_was_left_for_this_very_object_counts() {
    type Change<'a> = &'a dyn Fn(&mut Value);
    let rows: Vec<(&str, Change<'_>, bool)> = vec![
        ("as it was left", &|_| {}, true),
        ("to another name", &|object| noted(object, "to", "team/clicks"), false),
        (
            "to another namespace",
            &|object| noted(object, "to", "other/orders"),
            false,
        ),
        (
            "to a session job",
            &|object| noted(object, "kind", "FlinkSessionJob"),
            false,
        ),
        (
            "a savepoint of somebody's own",
            &|object| object["metadata"]["annotations"] = json!({}),
            false,
        ),
        (
            "written by hand",
            &|object| object["metadata"]["managedFields"] = json!([]),
            false,
        ),
        (
            "a savepoint that was taken",
            &|object| object["spec"]["savepoint"]["alreadyExists"] = json!(false),
            false,
        ),
        (
            "no text that we know",
            &|object| object["metadata"]["annotations"][HAND_OVER] = json!("x"),
            false,
        ),
        (
            "on its way out",
            &|object| object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
            false,
        ),
    ];
    for (what, change, expected) in rows {
        let live = Live::from_json(left(change)).unwrap();
        let read = HandOver::read::<FlinkDeployment>(&live, "team/orders");
        assert_eq!(read.is_some(), expected, "{what}");
        if let Some(read) = read {
            assert_eq!(
                (read.location.as_str(), read.from_uid.as_str()),
                ("s3://a/s-1", "uid-1")
            );
        }
    }
    let live = Live::from_json(left(|_| {})).unwrap();
    assert_eq!(HandOver::read::<FlinkSessionJob>(&live, "team/orders"), None);
    assert_ne!(
        name_for::<FlinkDeployment>("orders"),
        name_for::<FlinkSessionJob>("orders")
    );
}

#[test]
fn after_a_day_it_is_not_certain_that_it_is_meant() {
    let live = Live::from_json(left(|_| {})).unwrap();
    let mut read = HandOver::read::<FlinkDeployment>(&live, "team/orders").unwrap();
    for (now, stale) in [
        ("2026-01-01T00:00:01Z", false),
        ("2026-01-02T00:00:00Z", false),
        ("2026-01-02T00:00:01Z", true),
        ("2026-01-22T00:00:00Z", true),
        // A clock that is behind the cluster's.
        ("2025-12-31T23:00:00Z", false),
    ] {
        assert_eq!(read.is_stale(now.parse().unwrap()), stale, "{now}");
    }
    read.left_at = None;
    assert!(read.is_stale("2026-01-01T00:00:01Z".parse().unwrap()));
}

#[tokio::test]
async fn where_none_can_be_there_is_none() {
    for answer in [
        Reply::Text(404, "404 page not found\n"),
        failure(403, "Forbidden", "User \"ci\" cannot get resource", json!({})),
    ] {
        let api = Api::new(vec![(
            "GET",
            "flinkstatesnapshots/orders-flinkdeployment-hand-over",
            answer,
        )]);
        assert_eq!(find(&api.objects(), "orders").await.unwrap(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_known_that_is_an_error() {
    let api = Api::new(vec![("GET", "flinkstatesnapshots", Reply::Cut)]);
    find(&api.objects(), "orders").await.unwrap_err();
}

#[tokio::test]
async fn whoever_lives_on_was_not_replaced() {
    let live = Live::from_json(left(|object| {
        let note = json!({"kind": "FlinkDeployment", "from": "team/former", "uid": "uid-1", "to": "team/orders"});
        object["metadata"]["annotations"][HAND_OVER] = json!(note.to_string());
    }));
    let read = HandOver::read::<FlinkDeployment>(&live.unwrap(), "team/orders").unwrap();
    let former = |uid: &str, deleted: bool| {
        let mut object = json!({"metadata": {"name": "former", "uid": uid}, "spec": {}});
        if deleted {
            object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        Reply::Json(200, object)
    };
    let details = json!({"name": "former", "group": "flink.apache.org", "kind": "flinkdeployments"});
    for (answer, lives) in [
        (former("uid-1", false), true),
        (former("uid-1", true), false),
        (former("uid-2", false), false),
        (failure(404, "NotFound", "not found", details), false),
    ] {
        let api = Api::new(vec![("GET", "/flinkdeployments/former", answer)]);
        assert_eq!(is_left_by_the_living(&api.objects(), &read).await.unwrap(), lives);
    }
}
