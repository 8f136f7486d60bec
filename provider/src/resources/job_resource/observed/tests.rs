use flink_client::operator::FlinkDeployment;
use serde_json::json;

use super::*;

fn live(change: Value) -> Live<FlinkDeployment> {
    let mut object = json!({
        "metadata": {"name": "orders"},
        "spec": {"job": {"jarURI": "local:///a.jar", "upgradeMode": "savepoint"}},
        "status": {
            "jobManagerDeploymentStatus": "READY",
            "jobStatus": {"jobId": "0123", "state": "RUNNING", "upgradeSavepointPath": "s3://flink/savepoints/1"},
            "reconciliationStatus": {
                "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\",\"upgradeMode\":\"savepoint\"}}}",
                "lastStableSpec": "{}",
            },
        },
    });
    json_patch(&mut object, change);
    Live::from_json(object).unwrap()
}

fn json_patch(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                json_patch(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, change) => *target = change,
    }
}

#[test]
fn a_running_job_starts_from_what_it_has_now() {
    let found = Observed::in_object(&live(json!({})));
    let expected = Observed {
        was_stable: true,
        ..Observed::default()
    };
    assert_eq!(found, expected);
    assert!(keeps_state(&live(json!({}))));
    assert!(!keeps_state(&live(
        json!({"spec": {"job": {"upgradeMode": "stateless"}}})
    )));
    assert!(!keeps_state(&live(
        json!({"status": {"jobStatus": {"state": "FAILED"}}})
    )));
    assert!(!keeps_state(&live(
        json!({"status": {"jobManagerDeploymentStatus": "DEPLOYING"}})
    )));
}

#[test]
fn an_operator_that_is_behind_compares_with_the_specification_before() {
    let behind = |generation: i64| {
        let change = json!({"metadata": {"generation": generation}, "status": {"observedGeneration": 3}});
        Observed::in_object(&live(change)).is_behind
    };
    assert!(behind(4));
    assert!(!behind(3));
}

#[test]
fn a_suspended_job_starts_from_what_it_was_suspended_with() {
    let suspended = json!({"status": {
        "jobStatus": {"state": "FINISHED"},
        "reconciliationStatus": {
            "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"suspended\",\"upgradeMode\":\"savepoint\"}}}",
        },
    }});
    let found = Observed::in_object(&live(suspended));
    assert_eq!(found.suspended_with.as_deref(), Some("savepoint"));
    assert_eq!(found.start_path.as_deref(), Some("s3://flink/savepoints/1"));
}

#[test]
fn the_newer_of_what_the_status_has() {
    let info = |savepoint: i64, checkpoint: i64| {
        json!({"status": {"jobStatus": {
            "savepointInfo": {"lastSavepoint": {"timeStamp": savepoint, "location": "file:/a/savepoint-1"}},
            "checkpointInfo": {"lastCheckpoint": {"timeStamp": checkpoint}},
        }}})
    };
    let latest = |change: Value| Observed::in_object(&live(change)).latest.unwrap();
    let savepoint = latest(info(1_770_000_002_000, 1_770_000_001_000));
    assert_eq!(savepoint.path.as_deref(), Some("file:/a/savepoint-1"));
    assert_eq!(savepoint.time.as_deref(), Some("2026-02-02T02:40:02.000Z"));
    assert!(savepoint.is_savepoint);
    let checkpoint = latest(info(1_770_000_001_000, 1_770_000_002_000));
    assert_eq!((checkpoint.path, checkpoint.is_savepoint), (None, false));
}

#[test]
fn who_has_scaled() {
    let entry = |manager: &str, operation: &str| {
        json!({
            "spec": {"taskManager": {"replicas": 5}},
            "metadata": {"managedFields": [{
                "manager": manager, "operation": operation, "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:taskManager": {"f:replicas": {}}}},
            }]},
        })
    };
    let scaled_by = |change: Value| Observed::in_object(&live(change)).scaled_by;
    assert_eq!(scaled_by(entry("kubectl", "Update")).as_deref(), Some("kubectl"));
    assert_eq!(scaled_by(entry(flink_client::kubernetes::FIELD_MANAGER, "Apply")), None);
    assert_eq!(scaled_by(json!({})), None);
}

#[test]
fn the_last_of_all_that_a_jobmanager_knows() {
    let answer = json!({"latest": {
        "completed": {"id": 12, "trigger_timestamp": 1_770_000_002_000_i64, "external_path": "s3://c/chk-12"},
        "savepoint": {"id": 11, "is_savepoint": true, "trigger_timestamp": 1_770_000_001_000_i64,
                      "external_path": "s3://s/savepoint-11"},
        "restored": {"id": 3, "restore_timestamp": 1_770_000_000_000_i64, "external_path": "s3://c/chk-3"},
    }});
    let found = newest(&serde_json::from_value(answer).unwrap()).unwrap();
    assert_eq!(found.path.as_deref(), Some("s3://c/chk-12"));
    assert!(!found.is_savepoint);
    let in_memory = json!({"latest": {"completed": {
        "id": 1, "trigger_timestamp": 1_770_000_002_000_i64, "external_path": "<checkpoint-not-externally-addressable>",
    }}});
    let found = newest(&serde_json::from_value(in_memory).unwrap()).unwrap();
    assert_eq!((found.path, found.time.is_some()), (None, true));
    assert_eq!(newest(&Checkpoints::default()), None);
}

#[test]
fn it_is_kept_and_read_again() {
    let observed = Observed {
        latest: Some(Snapshot {
            path: Some("s3://a".to_owned()),
            time: None,
            is_savepoint: true,
        }),
        session_jobs: Some(vec![JobOnCluster {
            name: "a".to_owned(),
            is_stateful: true,
        }]),
        ..Observed::default()
    };
    let text = serde_json::to_string(&observed).unwrap();
    assert_eq!(
        Observed::of(&Private::from([(private::OBSERVED.to_owned(), text)])),
        observed
    );
    assert_eq!(Observed::of(&Private::new()), Observed::default());
}
