use super::*;
use crate::testing::{Api, Reply};

const TRIGGER: &str = "0123456789abcdef0123456789abcdef";

fn trigger() -> TriggerId {
    TriggerId::parse(TRIGGER).unwrap()
}

fn job_manager(api: &Api) -> JobManager {
    JobManager::new(api.cluster(), "team", "orders-rest", 8081)
}

#[test]
fn trigger_ids_are_32_hexadecimal_digits() {
    assert_eq!(
        TriggerId::new([0, 1, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16]).as_str(),
        "0001feff000000000000000000000010"
    );
    assert_eq!(TriggerId::parse(&TRIGGER.to_uppercase()), Some(trigger()));
    for text in ["", "0123", "g123456789abcdef0123456789abcdef"] {
        assert_eq!(TriggerId::parse(text), None, "{text}");
    }
}

#[tokio::test]
async fn what_is_sent() {
    let accepted = || Reply::Json(202, json!({"request-id": TRIGGER}));
    let api = Api::new(vec![
        ("POST", "/proxy/jobs/a1/savepoints", accepted()),
        ("POST", "/proxy/jobs/a1/savepoints", accepted()),
        ("POST", "/proxy/jobs/a1/stop", accepted()),
        ("PATCH", "/proxy/jobs/a1?mode=cancel", Reply::Json(202, json!({}))),
        (
            "POST",
            "/proxy/savepoint-disposal",
            Reply::Json(200, json!({"request-id": TRIGGER})),
        ),
    ]);
    let asked = job_manager(&api);
    let to = SavepointRequest {
        target_directory: Some("s3://example-bucket/savepoints".to_owned()),
        format: SavepointFormat::Native,
    };
    asked
        .trigger_savepoint("a1", &trigger(), &SavepointRequest::default())
        .await
        .unwrap();
    asked.trigger_savepoint("a1", &trigger(), &to).await.unwrap();
    asked.stop_with_savepoint("a1", &trigger(), &to, true).await.unwrap();
    asked.cancel("a1").await.unwrap();
    assert_eq!(
        asked.dispose_savepoint("file:/savepoints/s-1").await.unwrap(),
        trigger()
    );
    let bodies: Vec<Value> = api.received().into_iter().map(|received| received.body).collect();
    let kebab = |extra: Value| {
        let mut body = json!({"cancel-job": false, "formatType": "CANONICAL", "triggerId": TRIGGER});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    assert_eq!(
        bodies,
        [
            kebab(json!({})),
            kebab(json!({"formatType": "NATIVE", "target-directory": "s3://example-bucket/savepoints"})),
            json!({"drain": true, "formatType": "NATIVE", "targetDirectory": "s3://example-bucket/savepoints",
                   "triggerId": TRIGGER}),
            Value::Null,
            json!({"savepoint-path": "file:/savepoints/s-1"}),
        ]
    );
}

#[tokio::test]
async fn what_became_of_it() {
    let failed = include_str!("../testdata/savepoint_failed.json");
    let cases = [
        (
            json!({"status": {"id": "IN_PROGRESS"}, "operation": null}),
            Operation::InProgress,
        ),
        (
            json!({"status": {"id": "COMPLETED"}, "operation": {"location": "file:/flink-data/savepoints/savepoint-c65de9"}}),
            Operation::Completed {
                location: Some("file:/flink-data/savepoints/savepoint-c65de9".to_owned()),
                checkpoint: None,
            },
        ),
        (
            json!({"status": {"id": "COMPLETED"}, "operation": {"checkpointId": 7, "failureCause": null}}),
            Operation::Completed {
                location: None,
                checkpoint: Some(7),
            },
        ),
        (
            json!({"status": {"id": "COMPLETED"}, "operation": {"checkpointId": null, "failureCause": {
                "class": "a.CheckpointException", "stack-trace": "a.CheckpointException: Not all required tasks run\n"}}}),
            Operation::Failed {
                cause: "Not all required tasks run".to_owned(),
            },
        ),
        (
            serde_json::from_str(failed).unwrap(),
            Operation::Failed {
                cause: "An Exception occurred while triggering the checkpoint. IO-problem detected: Failed to create \
                        savepoint directory at file:/proc/nowhere"
                    .to_owned(),
            },
        ),
    ];
    for (body, outcome) in cases {
        let api = Api::new(vec![("GET", TRIGGER, Reply::Json(200, body.clone()))]);
        assert_eq!(job_manager(&api).savepoint("a1", &trigger()).await.unwrap(), outcome);
        let api = Api::new(vec![("GET", TRIGGER, Reply::Json(200, body))]);
        assert_eq!(job_manager(&api).disposal(&trigger()).await.unwrap(), outcome);
        assert_eq!(
            job_manager(&api).checkpoint_operation("a1", &trigger()).await.unwrap(),
            outcome
        );
    }
    let forgotten = serde_json::from_str(include_str!("../testdata/savepoint_unknown.json")).unwrap();
    let api = Api::new(vec![("GET", "", Reply::Json(404, forgotten))]);
    let error = job_manager(&api).savepoint("a1", &trigger()).await.unwrap_err();
    assert!(
        error.is_unknown_job() && error.to_string().contains("There is no savepoint operation"),
        "{error}"
    );
}

#[tokio::test]
async fn a_trigger_whose_answer_is_lost_may_have_been_taken() {
    let api = Api::new(vec![("POST", "", Reply::Cut)]);
    let request = SavepointRequest::default();
    let error = job_manager(&api)
        .trigger_savepoint("a1", &trigger(), &request)
        .await
        .unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(api.received().len(), 1, "only its caller may send it again");
}
