use serde_json::{Value, json};

use super::*;
use crate::testing::{Api, Reply};

const TRIGGER: &str = "0123456789abcdef0123456789abcdef";

fn trigger() -> TriggerId {
    TriggerId::parse(TRIGGER).unwrap()
}

fn job_manager(api: &Api) -> JobManager {
    JobManager::new(api.cluster(), "team", "orders-rest", 8081).with_patience(Duration::ZERO)
}

fn jobs(state: &str, running: i64) -> Reply {
    let job = json!({"jid": "a1", "name": "Orders", "state": state, "tasks": {"total": 2, "running": running, "finished": 0}});
    Reply::Json(200, json!({"jobs": [job]}))
}

fn operation(operation: Value) -> Reply {
    Reply::Json(200, json!({"status": {"id": "COMPLETED"}, "operation": operation}))
}

const MINUTE: Duration = Duration::from_secs(60);

fn savepoint() -> Snapshot {
    Snapshot::Savepoint(SavepointRequest::default())
}

#[tokio::test(start_paused = true)]
async fn a_job_is_waited_for_until_all_of_its_tasks_run() {
    let api = Api::new(vec![
        ("GET", "/jobs/overview", jobs("CREATED", 0)),
        ("GET", "/jobs/overview", jobs("RUNNING", 1)),
        ("GET", "/jobs/overview", Reply::Cut),
        ("GET", "/jobs/overview", jobs("RUNNING", 2)),
    ]);
    job_manager(&api).wait_for_job("a1", MINUTE).await.unwrap();
    assert_eq!(api.received().len(), 4);

    let never = Api::new(vec![("GET", "/jobs/overview", jobs("RUNNING", 1))]);
    let error = job_manager(&never).wait_for_job("a1", MINUTE).await.unwrap_err();
    assert_eq!(error.to_string(), "not within 60 s: 1 of 2 tasks of the job run");
}

#[tokio::test]
async fn a_job_that_will_not_run_is_not_waited_for() {
    for (state, said) in [
        ("FINISHED", "the job `a1` is FINISHED"),
        ("FAILED", "the job `a1` is FAILED"),
    ] {
        let api = Api::new(vec![("GET", "/jobs/overview", jobs(state, 0))]);
        let error = job_manager(&api).wait_for_job("a1", MINUTE).await.unwrap_err();
        assert_eq!(error.to_string(), said);
    }
    let api = Api::new(vec![("GET", "/jobs/overview", jobs("RUNNING", 2))]);
    let error = job_manager(&api).wait_for_job("b2", MINUTE).await.unwrap_err();
    assert!(matches!(error, SnapshotError::NoJob { .. }), "{error}");
}

#[tokio::test]
async fn a_question_whose_answer_is_lost_is_repeated_by_the_same_id() {
    let accepted = Reply::Json(202, json!({"request-id": TRIGGER}));
    let api = Api::new(vec![
        ("POST", "/jobs/a1/savepoints", Reply::Cut),
        ("POST", "/jobs/a1/savepoints", accepted.clone()),
    ]);
    job_manager(&api).ask_for("a1", &savepoint(), &trigger()).await.unwrap();
    let ids: Vec<Value> = api
        .received()
        .into_iter()
        .map(|asked| asked.body["triggerId"].clone())
        .collect();
    assert_eq!(ids, [TRIGGER, TRIGGER]);

    let lost = Api::new(vec![("POST", "", Reply::Cut)]);
    let error = job_manager(&lost)
        .ask_for("a1", &savepoint(), &trigger())
        .await
        .unwrap_err();
    assert!(error.outcome_unknown() && lost.received().len() == 3, "{error}");

    let checkpoint = Api::new(vec![("POST", "/jobs/a1/checkpoints", accepted)]);
    job_manager(&checkpoint)
        .ask_for("a1", &Snapshot::Checkpoint, &trigger())
        .await
        .unwrap();
    assert_eq!(
        checkpoint.received()[0].body,
        json!({"checkpointType": "FULL", "triggerId": TRIGGER})
    );
}

#[tokio::test(start_paused = true)]
async fn where_and_when_it_was_taken() {
    let history = json!({"history": [
        {"id": 8, "external_path": "file:/c/chk-8", "trigger_timestamp": 1, "latest_ack_timestamp": 2},
        {"id": 7, "external_path": "file:/s/savepoint-1", "is_savepoint": true, "trigger_timestamp": 1767225600000_i64,
         "latest_ack_timestamp": 1767225601500_i64},
    ]});
    let taken = |location: &str| Taken {
        location: Some(location.to_owned()),
        triggered_at: Some("2026-01-01T00:00:00.000Z".to_owned()),
        completed_at: Some("2026-01-01T00:00:01.500Z".to_owned()),
    };
    let api = Api::new(vec![
        (
            "GET",
            TRIGGER,
            Reply::Json(200, json!({"status": {"id": "IN_PROGRESS"}})),
        ),
        ("GET", TRIGGER, Reply::Cut),
        ("GET", TRIGGER, operation(json!({"location": "file:/s/savepoint-1"}))),
        ("GET", "/jobs/a1/checkpoints", Reply::Json(200, history)),
    ]);
    let found = job_manager(&api)
        .wait_for_snapshot("a1", &savepoint(), &trigger(), MINUTE)
        .await;
    assert_eq!(found.unwrap(), taken("file:/s/savepoint-1"));

    let detail = json!({"id": 9, "external_path": "file:/c/chk-9", "trigger_timestamp": 1767225600000_i64,
                        "latest_ack_timestamp": 1767225601500_i64});
    let api = Api::new(vec![
        (
            "GET",
            "/jobs/a1/checkpoints/0123",
            operation(json!({"checkpointId": 9})),
        ),
        ("GET", "/jobs/a1/checkpoints/details/9", Reply::Json(200, detail)),
    ]);
    let found = job_manager(&api)
        .wait_for_snapshot("a1", &Snapshot::Checkpoint, &trigger(), MINUTE)
        .await;
    assert_eq!(found.unwrap(), taken("file:/c/chk-9"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_mended_ends_the_wait() {
    let failed = json!({"failure-cause": {"class": "a.B", "stack-trace": "a.B: no space left on device\n"}});
    let forgotten = json!({"errors": ["There is no savepoint operation with triggerId=0123 for job a1."]});
    for (answer, said) in [
        (
            operation(failed),
            "the JobManager could not do it: no space left on device",
        ),
        (
            Reply::Json(404, forgotten),
            "the JobManager behind service team/orders-rest does not know it (any more): ",
        ),
        (
            Reply::Json(200, json!({"status": {"id": "IN_PROGRESS"}})),
            "not within 60 s: the job is taking it",
        ),
    ] {
        let api = Api::new(vec![("GET", "", answer)]);
        let error = job_manager(&api)
            .wait_for_snapshot("a1", &savepoint(), &trigger(), MINUTE)
            .await;
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with(said), "{error}");
    }
}

/// Whether the JobManager answers or hangs.
#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait_at_once() {
    for answer in [Reply::Json(200, json!({"status": {"id": "IN_PROGRESS"}})), Reply::Hang] {
        let api = Api::new(vec![("GET", "", answer)]);
        let job_manager = job_manager(&api);
        let (savepoint, trigger) = (savepoint(), trigger());
        let begun = Instant::now();
        let (outcome, ()) = tokio::join!(
            job_manager.wait_for_snapshot("a1", &savepoint, &trigger, MINUTE),
            async {
                tokio::time::sleep(Duration::from_secs(7)).await;
                api.stop.cancel();
            }
        );
        let error = outcome.unwrap_err();
        assert_eq!(error.to_string(), "stopped on request: the job is taking it");
        assert_eq!(begun.elapsed().as_secs(), 7);
    }
}

#[tokio::test]
async fn a_stop_before_the_first_look_counts_too() {
    let api = Api::new(vec![(
        "GET",
        "",
        Reply::Json(200, json!({"status": {"id": "IN_PROGRESS"}})),
    )]);
    let job_manager = job_manager(&api);
    let (savepoint, trigger) = (savepoint(), trigger());
    let (outcome, ()) = tokio::join!(
        job_manager.wait_for_snapshot("a1", &savepoint, &trigger, MINUTE),
        async {
            api.stop.cancel();
        }
    );
    assert!(matches!(outcome.unwrap_err(), SnapshotError::Stopped { .. }));
}

#[tokio::test(start_paused = true)]
async fn files_are_deleted_for_sure_or_it_is_said() {
    let api = Api::new(vec![
        (
            "POST",
            "/savepoint-disposal",
            Reply::Json(200, json!({"request-id": TRIGGER})),
        ),
        (
            "GET",
            "/savepoint-disposal/0123",
            Reply::Json(200, json!({"status": {"id": "IN_PROGRESS"}})),
        ),
        ("GET", "/savepoint-disposal/0123", operation(json!({}))),
    ]);
    job_manager(&api).dispose("file:/s/savepoint-1", MINUTE).await.unwrap();
    let api = Api::new(vec![
        (
            "POST",
            "/savepoint-disposal",
            Reply::Json(200, json!({"request-id": TRIGGER})),
        ),
        (
            "GET",
            "/savepoint-disposal/0123",
            operation(json!({"failure-cause": {"class": "a.FileNotFoundException", "stack-trace": ""}})),
        ),
    ]);
    let error = job_manager(&api)
        .dispose("file:/s/savepoint-1", MINUTE)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JobManager could not do it: a.FileNotFoundException"
    );
}
