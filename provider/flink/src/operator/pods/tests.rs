use super::*;
use serde_json::json;

/// A pod with one container in this state.
fn pod(status: Value) -> Pod {
    Pod::of(json!({"metadata": {"name": "orders-1"}, "status": status}))
}

fn container(rest: Value) -> Value {
    let mut container = json!({"name": "flink-main-container", "ready": false, "restartCount": 0});
    container
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    json!({"phase": "Running", "containerStatuses": [container]})
}

fn waits(reason: &str) -> Value {
    container(json!({"state": {"waiting": {"reason": reason, "message": "so it is"}}}))
}

#[test]
fn what_is_in_the_way_of_pods() {
    let unschedulable = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                                               "message": "0/1 nodes are available"}]});
    let died = json!({"state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}});
    let runs_again = |count: u64| {
        let mut runs = died.clone();
        runs["restartCount"] = json!(count);
        container(runs)
    };
    let mut recovered = runs_again(5);
    recovered["containerStatuses"][0]["ready"] = json!(true);
    let init = json!({"initContainerStatuses": [{"name": "fetch", "state": {"waiting": {"reason": "ErrImagePull"}}}]});
    for (what, status, expected) in [
        ("being made", waits("ContainerCreating"), None),
        (
            "runs",
            container(json!({"state": {"running": {}}, "ready": true})),
            None,
        ),
        ("nothing known yet", Value::Null, None),
        (
            "of another shape",
            json!({"containerStatuses": 5, "conditions": "no"}),
            None,
        ),
        ("an image", waits("ImagePullBackOff"), Some(("image", 120))),
        (
            "an image that is never pulled",
            waits("ErrImageNeverPull"),
            Some(("image", 120)),
        ),
        ("an image of an init container", init, Some(("image", 120))),
        ("crashes", waits("CrashLoopBackOff"), Some(("crash", 120))),
        (
            "a secret is missing",
            waits("CreateContainerConfigError"),
            Some(("crash", 120)),
        ),
        ("crashed once", runs_again(1), None),
        (
            "crashes, and runs between two crashes",
            runs_again(3),
            Some(("crash", 120)),
        ),
        ("crashed, and is well now", recovered, None),
        ("no node", unschedulable, Some(("unschedulable", 600))),
    ] {
        let found = in_the_way(&[pod(status)]).map(|progress| {
            let Progress::Failing { cause, grace, why } = progress else {
                panic!("{what}: {progress:?}");
            };
            assert!(why.contains("orders-1"), "{what}: {why}");
            (cause, grace.as_secs())
        });
        assert_eq!(
            found,
            expected.map(|(cause, seconds)| (cause.to_owned(), seconds)),
            "{what}"
        );
    }
}

#[test]
fn what_is_being_deleted_is_in_nobody_s_way() {
    let mut old = json!({"metadata": {"name": "orders-0"}, "status": waits("ErrImagePull")});
    assert!(in_the_way(&[Pod::of(old.clone())]).is_some());
    old["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(in_the_way(&[Pod::of(old)]).is_none());
}
