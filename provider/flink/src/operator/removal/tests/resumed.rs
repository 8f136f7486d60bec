//! Jobs that are told to run again while their object is being removed.

use super::*;

/// The rest of a destroy that was killed resumes the job while the next one deletes the suspended object.
#[tokio::test(start_paused = true)]
async fn a_suspended_job_that_is_resumed_meanwhile_is_not_deleted() {
    let mut resumed = live("4");
    resumed["metadata"]["generation"] = json!(3);
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, suspended("3", "s3://a/s-1"))),
        ("DELETE", GET, failure(409, "Conflict", "modified", json!({}))),
        ("GET", GET, Reply::Json(200, resumed.clone())),
        ("GET", GET, Reply::Json(200, resumed)),
    ]);
    let error = run(&api, OnDestroy::Savepoint).await.unwrap_err();
    let RemoveError::NotDeleted {
        put_back: PutBack::NotNeeded,
        state: Some(path),
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(path, "s3://a/s-1");
    assert_eq!(
        api.received()[1].body["preconditions"],
        json!({"uid": "uid-1", "resourceVersion": "3"})
    );
}

/// Its suspension was just taken back: told to suspend again before the operator knows, it would stay as it is.
#[tokio::test(start_paused = true)]
async fn a_job_that_is_being_resumed_runs_before_it_is_suspended_again() {
    let mut resuming = suspended("1", "s3://a/s-0");
    resuming["spec"]["job"]["state"] = json!("running");
    resuming["status"]["lifecycleState"] = json!("UPGRADING");
    resuming["status"]["jobStatus"]["state"] = json!("RECONCILING");
    resuming["status"]["reconciliationStatus"]["state"] = json!("UPGRADING");
    let api = Api::new(vec![
        ("GET", GET, Reply::Json(200, resuming.clone())),
        ("GET", GET, Reply::Json(200, resuming)),
        ("GET", WATCH, Reply::Watch(vec![modified(live("2"))], Stay::Open)),
        ("GET", GET, Reply::Json(200, live("2"))),
        ("PATCH", "force=true", Reply::Json(200, suspending("3"))),
        ("GET", GET, Reply::Json(200, suspended("4", "s3://a/s-1"))),
        (
            "DELETE",
            GET,
            Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
        ),
        no_hand_over(),
    ]);
    let removed = run(&api, OnDestroy::Savepoint).await.unwrap();
    let state = Some("s3://a/s-1".into());
    assert_eq!(
        removed,
        Removed::Deleted {
            state,
            handed_over: false
        }
    );
}
