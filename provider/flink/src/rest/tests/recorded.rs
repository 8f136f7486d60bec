//! What real JobManagers answered.

use std::path::Path;

use super::*;

#[tokio::test]
async fn what_flink_1_20_answered() {
    let overview = recorded("/overview", include_str!("../testdata/overview.json"))
        .overview()
        .await;
    let overview = overview.unwrap();
    assert_eq!(
        (overview.taskmanagers, overview.slots_total, overview.slots_available),
        (1, 2, 1)
    );
    assert_eq!((overview.flink_version.as_str(), overview.jobs_running), ("1.20.5", 1));

    let jobs = recorded("/jobs/overview", include_str!("../testdata/jobs_overview.json"))
        .jobs()
        .await;
    let jobs = jobs.unwrap();
    assert_eq!(
        (jobs[0].tasks["running"], jobs[0].end_time, jobs[0].is_terminal()),
        (2, -1, false)
    );
    assert_eq!(time(jobs[0].start_time).as_deref(), Some("2026-11-20T20:27:29.960Z"));
    assert_eq!(time(jobs[0].end_time), None);

    let job = recorded("/jobs/a1", include_str!("../testdata/job.json"))
        .job("a1")
        .await
        .unwrap();
    assert_eq!(
        (job.state.as_str(), job.job_type.as_deref()),
        ("RUNNING", Some("STREAMING"))
    );
    assert_eq!((job.parallelism(), job.max_parallelism, job.vertices.len()), (1, -1, 2));
    assert_eq!(
        (job.vertices[0].max_parallelism, job.vertices[0].status.as_str()),
        (128, "RUNNING")
    );

    let found = recorded("/taskmanagers", include_str!("../testdata/taskmanagers.json"))
        .task_managers()
        .await;
    let found = found.unwrap();
    assert_eq!(
        (found[0].id.as_str(), found[0].slots_number, found[0].free_slots),
        ("app-taskmanager-1-1", 2, 1)
    );

    let none = recorded("/config", include_str!("../testdata/no_checkpoint_config.json"))
        .checkpoint_configuration("a1")
        .await;
    assert_eq!(
        none.unwrap().unwrap().interval(),
        None,
        "Flink's largest number is no interval"
    );
    let some = recorded("/config", include_str!("../testdata/checkpoint_config.json"))
        .checkpoint_configuration("a1")
        .await;
    let some = some.unwrap().unwrap();
    assert_eq!(
        (some.interval(), some.mode.as_str(), some.timeout),
        (Some(5000), "exactly_once", 600_000)
    );
    assert!(some.externalization.enabled && !some.externalization.delete_on_cancellation);

    let restored = recorded("/checkpoints", include_str!("../testdata/checkpoints.json"))
        .checkpoints("a1")
        .await
        .unwrap();
    let from = restored.restored().unwrap();
    assert!(from.is_savepoint && from.restore_timestamp.is_some() && from.status.is_empty());
    assert_eq!(restored.completed().unwrap().state_size, Some(14356));
    let failed = recorded("/checkpoints", include_str!("../testdata/checkpoints_failed.json"))
        .checkpoints("a1")
        .await;
    let failed = failed.unwrap();
    assert!(
        failed
            .failed()
            .unwrap()
            .failure_message
            .as_deref()
            .unwrap()
            .contains("IO-problem")
    );
    assert_eq!(
        failed.savepoint().unwrap().savepoint_format.as_deref(),
        Some("CANONICAL")
    );
    assert!(failed.counts.failed > 0 && failed.history.len() == 3);

    let exceptions = recorded("/exceptions", include_str!("../testdata/exceptions.json"))
        .exceptions("a1")
        .await
        .unwrap();
    let newest = exceptions.newest().unwrap();
    assert_eq!(newest.message(), "The TaskExecutor is shutting down.");
    assert_eq!(newest.task_manager_id.as_deref(), Some("app-taskmanager-1-1"));
}

/// Every body that was recorded of a real JobManager has the shape that is expected of it.
#[test]
fn every_recorded_answer_is_read() {
    fn read<T: serde::de::DeserializeOwned>(body: &Value, path: &str) {
        let text = body.to_string();
        let mut json = serde_json::Deserializer::from_str(&text);
        let read: Result<T, _> = serde_path_to_error::deserialize(&mut json);
        if let Err(error) = read {
            panic!("{path}: `{}`: {}", error.path(), error.inner());
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../acceptance-tests/recordings");
    let mut count = 0;
    for scenario in std::fs::read_dir(folder).unwrap() {
        let Ok(lines) = std::fs::read_to_string(scenario.unwrap().path().join("rest.jsonl")) else {
            continue;
        };
        for line in lines.lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let (path, body) = (exchange["path"].as_str().unwrap(), &exchange["body"]);
            if exchange["method"] != "GET" || exchange["status"] != 200 {
                continue;
            }
            let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            match parts.as_slice() {
                ["overview"] => read::<Overview>(body, path),
                ["config"] => read::<WebConfiguration>(body, path),
                ["jobs", "overview"] => read::<Vec<JobSummary>>(&body["jobs"], path),
                ["taskmanagers"] => read::<Vec<TaskManager>>(&body["taskmanagers"], path),
                ["jobs", _] => read::<Job>(body, path),
                ["jobs", _, "exceptions"] => read::<Exceptions>(body, path),
                ["jobs", _, "checkpoints"] => read::<Checkpoints>(body, path),
                ["jobs", _, "checkpoints", "config"] => read::<CheckpointConfiguration>(body, path),
                _ => continue,
            }
            count += 1;
        }
    }
    assert!(count > 100, "{count} answers");
}
