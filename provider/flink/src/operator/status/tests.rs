use super::*;
use serde_json::json;

#[test]
fn a_status_of_another_operator_is_still_read() {
    let status: FlinkDeploymentStatus = serde_json::from_value(json!({
        "observedGeneration": "three",
        "lifecycleState": "HIBERNATING",
        "jobManagerDeploymentStatus": 7,
        "jobStatus": {"state": "RUNNING", "jobId": "abc", "startTime": 12, "new": {}},
        "reconciliationStatus": "odd",
        "error": {"type": "x"},
        "clusterInfo": null,
        "somethingNew": [1, 2],
    }))
    .unwrap();
    assert_eq!(status.observed_generation, None);
    assert_eq!(
        status.lifecycle_state,
        Some(LifecycleState::Unknown("HIBERNATING".into()))
    );
    assert_eq!(status.job_manager_deployment_status, None);
    assert_eq!(status.job_status.state, Some(JobStatus::Running));
    assert_eq!(status.job_status.start_time, None);
    assert_eq!(status.reconciliation_status, ReconciliationStatus::default());
    assert_eq!(status.error, None);
}

#[test]
fn unknown_words_keep_their_text() {
    let state: JobStatus = serde_json::from_value(json!("DREAMING")).unwrap();
    assert_eq!(state.to_string(), "DREAMING");
    assert_eq!(serde_json::to_value(&state).unwrap(), json!("DREAMING"));
}

#[test]
fn last_reconciled_spec_of_every_form() {
    let cases = [
        (
            r#"{"spec":{"job":{"state":"suspended"}},"resource_metadata":{}}"#,
            Some("suspended"),
        ),
        (
            r#"{"apiVersion":"flink.apache.org/v1beta1","job":{"state":"RUNNING"}}"#,
            Some("running"),
        ),
        (r#"{"spec":{"image":"flink"}}"#, None),
        ("not json", None),
    ];
    for (text, job_state) in cases {
        assert_eq!(ReconciledSpec::decode(text).job_state.as_deref(), job_state, "{text}");
    }
}

#[test]
fn the_stand_in_for_last_state_is_no_path() {
    let with = |path: &str| JobStatusReport {
        upgrade_savepoint_path: Some(path.into()),
        ..JobStatusReport::default()
    };
    assert_eq!(with(LAST_STATE).restorable_path(), None);
    assert_eq!(with("").restorable_path(), None);
    assert_eq!(with("file:/x").restorable_path(), Some("file:/x"));
}

#[test]
fn the_parallelism_that_a_job_was_deployed_with() {
    let cases = [
        (r#"{"spec": {"job": {"parallelism": 4}}}"#, Some(4)),
        (r#"{"job": {"parallelism": 2}}"#, Some(2)),
        (
            r#"{"spec": {"job": {"parallelism": 2}, "flinkConfiguration": {"pipeline.jobvertex-parallelism-overrides": "a1:3,b2:7"}}}"#,
            Some(7),
        ),
        (
            r#"{"spec": {"job": {"parallelism": 2}, "flinkConfiguration": {"pipeline.jobvertex-parallelism-overrides": ""}}}"#,
            Some(2),
        ),
        (r#"{"spec": {"job": null}}"#, None),
        ("no JSON", None),
    ];
    for (text, parallelism) in cases {
        assert_eq!(ReconciledSpec::decode(text).parallelism, parallelism, "{text}");
    }
}
