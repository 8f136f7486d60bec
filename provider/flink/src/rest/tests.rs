use super::*;
use crate::testing::{Api, Reply, failure};
use serde_json::{Value, json};

const UNKNOWN_JOB: &str = include_str!("testdata/unknown_job.json");
const ENDED_JOB: &str = include_str!("testdata/ended_job.json");
const JAR_WITHOUT_CLASS: &str = include_str!("testdata/jar_without_class.json");

mod recorded;

fn fixture_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A JobManager that answers a question with a recorded body.
fn recorded(path: &'static str, body: &str) -> JobManager {
    job_manager(&Api::new(vec![("GET", path, Reply::Json(200, fixture_of(body)))]))
}

fn job_manager(api: &Api) -> JobManager {
    JobManager::new(api.cluster(), "team", "orders-rest", 8081)
}

#[tokio::test]
async fn asks_through_the_service_proxy() {
    let answer = json!({"taskmanagers": 2, "slots-total": 4, "slots-available": 1, "jobs-running": 1, "flink-version": "1.20.5", "new": []});
    let api = Api::new(vec![(
        "GET",
        "/api/v1/namespaces/team/services/orders-rest:8081/proxy/overview",
        Reply::Json(200, answer),
    )]);
    let overview = job_manager(&api).overview().await.unwrap();
    assert_eq!(
        (overview.taskmanagers, overview.slots_total, overview.slots_available),
        (2, 4, 1)
    );
    assert_eq!(overview.flink_version, "1.20.5");
}

#[tokio::test]
async fn jobs_vertices_and_checkpoints() {
    let job = json!({"jid": "a1", "name": "Orders", "state": "RUNNING", "start-time": 5,
                     "vertices": [{"id": "v", "name": "Source", "parallelism": 2, "status": "RUNNING", "tasks": {}}]});
    let api = Api::new(vec![("GET", "/proxy/jobs/a1", Reply::Json(200, job))]);
    let job = job_manager(&api).job("a1").await.unwrap();
    assert_eq!((job.name.as_str(), job.vertices[0].parallelism), ("Orders", 2));

    let checkpoints = json!({"counts": {}, "latest": {"completed": null, "savepoint": null,
        "restored": {"id": 7, "is_savepoint": true, "external_path": "file:/savepoints/s-1", "restore_timestamp": 1}}});
    let api = Api::new(vec![(
        "GET",
        "/proxy/jobs/a1/checkpoints",
        Reply::Json(200, checkpoints),
    )]);
    let checkpoints = job_manager(&api).checkpoints("a1").await.unwrap();
    assert_eq!(
        checkpoints.restored().unwrap().external_path.as_deref(),
        Some("file:/savepoints/s-1")
    );
    assert_eq!(checkpoints.completed(), None);

    let jobs = json!({"jobs": [{"jid": "a1", "name": "Orders", "state": "RUNNING", "start-time": 1, "end-time": -1, "tasks": {}}]});
    let api = Api::new(vec![("GET", "/proxy/jobs/overview", Reply::Json(200, jobs))]);
    assert_eq!(job_manager(&api).jobs().await.unwrap()[0].state, "RUNNING");
}

/// Answers of real JobManagers, without the parts that nobody reads, by the path of the question.
const RECORDED: [(&str, &str); 2] = [
    ("1.20.5", include_str!("tests/flink-1.20.json")),
    ("2.1.3", include_str!("tests/flink-2.1.json")),
];

#[tokio::test]
async fn every_flink_is_understood() {
    for (version, answers) in RECORDED {
        let answers: BTreeMap<String, Value> = serde_json::from_str(answers).unwrap();
        let api = |path: &str, status| {
            let answer = answers[path].clone();
            Api::new(vec![(
                "GET",
                "/services/orders-rest:8081/proxy/",
                Reply::Json(status, answer),
            )])
        };

        let overview = job_manager(&api("overview", 200)).overview().await.unwrap();
        assert_eq!(overview.flink_version, version);
        assert_eq!(
            (
                overview.taskmanagers,
                overview.slots_total,
                overview.slots_available,
                overview.jobs_running
            ),
            (1, 2, 1, 1),
            "{version}"
        );
        let jobs = job_manager(&api("jobs/overview", 200)).jobs().await.unwrap();
        assert_eq!(
            (jobs.len(), jobs[0].state.as_str(), jobs[0].end_time),
            (1, "RUNNING", -1),
            "{version}"
        );
        let job = job_manager(&api("jobs/1", 200)).job("1").await.unwrap();
        assert_eq!(
            (&job.jid, &job.name, job.start_time),
            (&jobs[0].jid, &jobs[0].name, jobs[0].start_time)
        );
        let steps: Vec<_> = job
            .vertices
            .iter()
            .map(|step| (step.parallelism, step.status.as_str()))
            .collect();
        assert_eq!(steps, [(1, "RUNNING"), (1, "RUNNING")], "{version}");

        let exceptions = job_manager(&api("jobs/1/exceptions", 200))
            .exceptions("1")
            .await
            .unwrap();
        let newest = exceptions.newest().unwrap();
        assert_eq!(newest.exception_name, "java.io.IOException", "{version}");
        assert_eq!(
            newest.root_cause(),
            "java.io.IOException: Failed to create the parent directory: /proc/results/2026-11-21--12",
            "{version}"
        );
        assert!(
            newest
                .task_name
                .unwrap()
                .starts_with("GlobalWindows -> file-sink: Writer"),
            "{version}"
        );
        let none = job_manager(&api("jobs/2/exceptions", 200))
            .exceptions("2")
            .await
            .unwrap();
        assert_eq!(none.newest(), None, "{version}");

        let checkpoints = job_manager(&api("jobs/1/checkpoints", 200))
            .checkpoints("1")
            .await
            .unwrap();
        let completed = checkpoints.completed().unwrap();
        let path = completed.external_path.as_deref().unwrap();
        assert_eq!(
            path,
            format!("file:/flink-data/checkpoints/{}/chk-{}", job.jid, completed.id),
            "{version}"
        );
        assert!(
            completed.state_size.unwrap() > 0 && !completed.is_savepoint,
            "{version}"
        );
        assert_eq!(
            (checkpoints.savepoint(), checkpoints.restored()),
            (None, None),
            "{version}"
        );

        let settings = job_manager(&api("jobmanager/config", 200))
            .configuration()
            .await
            .unwrap();
        assert_eq!(
            settings["state.savepoints.dir"], "file:///flink-data/savepoints",
            "{version}"
        );
        let error = job_manager(&api("jobs/3", 404)).job("3").await.unwrap_err();
        assert!(error.is_unknown_job(), "{version}");
        let unknown = "the JobManager refuses jobs/3 (status 404): Job 00000000000000000000000000000000 not found";
        assert_eq!(error.to_string(), unknown, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_for_the_election_of_a_leader() {
    let electing = Reply::Json(
        503,
        json!({"errors": ["Service temporarily unavailable due to an ongoing leader election. Please refresh."]}),
    );
    let api = Api::new(vec![
        ("GET", "", electing.clone()),
        ("GET", "", electing.clone()),
        ("GET", "", Reply::Json(200, json!({"taskmanagers": 1}))),
    ]);
    assert_eq!(job_manager(&api).overview().await.unwrap().taskmanagers, 1);
    let api = Api::new(vec![("GET", "", electing)]);
    let begun = tokio::time::Instant::now();
    let error = job_manager(&api).overview().await.unwrap_err();
    assert!(error.to_string().contains("ongoing leader election"), "{error}");
    assert!(
        api.received().len() > 3 && begun.elapsed() <= PATIENCE,
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn waits_for_a_job_that_is_being_prepared() {
    let initializing = Reply::Json(
        500,
        json!({"errors": ["Internal server error.", "<Exception on server side:\norg.apache.flink.runtime.dispatcher.\
            UnavailableDispatcherOperationException: Unable to get JobMasterGateway for initializing job. The requested \
            operation is not available while the JobManager is initializing.\n\tat x.Y.z(Y.java:1)\n"]}),
    );
    let api = Api::new(vec![
        ("GET", "", initializing.clone()),
        ("GET", "", initializing.clone()),
        ("GET", "", Reply::Json(200, json!({"jid": "a1"}))),
    ]);
    assert_eq!(job_manager(&api).job("a1").await.unwrap().jid, "a1");
    let api = Api::new(vec![("GET", "", initializing)]);
    let impatient = job_manager(&api).with_patience(Duration::ZERO);
    let error = impatient.job("a1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JobManager refuses jobs/a1 (status 500): Unable to get JobMasterGateway for initializing job. The requested \
         operation is not available while the JobManager is initializing."
    );
    assert_eq!(api.received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_waiting() {
    let electing = Reply::Json(503, json!({"errors": ["an ongoing leader election"]}));
    let api = Api::new(vec![("GET", "", electing)]);
    let asked = job_manager(&api);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        api.stop.cancel();
    };
    let (answer, ()) = tokio::join!(asked.overview(), stop);
    assert!(answer.unwrap_err().to_string().contains("stopped on request"));
    assert_eq!(api.received().len(), 1);
}

#[tokio::test]
async fn errors_become_sentences() {
    let stack =
        "org.apache.flink.runtime.rest.NotFoundException: Job a1 not found\n\tat org.apache.flink.X.y(X.java:1)\n";
    let api = Api::new(vec![("GET", "", Reply::Json(404, json!({"errors": [stack]})))]);
    let error = job_manager(&api).job("a1").await.unwrap_err();
    assert!(error.is_unknown_job());
    assert_eq!(
        error.to_string(),
        "the JobManager refuses jobs/a1 (status 404): Job a1 not found"
    );

    for (fixture, code, said) in [
        (UNKNOWN_JOB, 404, "Job 00000000000000000000000000000001 not found"),
        (
            ENDED_JOB,
            409,
            "Job cancellation failed because the job has already reached another terminal state (FAILED).",
        ),
        (
            JAR_WITHOUT_CLASS,
            500,
            "The program's entry point class 'com.example.Missing' was not found in the jar file.",
        ),
        (
            r#"{"errors": ["Unable to load requested file /jars."]}"#,
            404,
            "Unable to load requested file /jars.",
        ),
    ] {
        let api = Api::new(vec![("GET", "", Reply::Json(code, fixture_of(fixture)))]);
        let error = job_manager(&api).overview().await.unwrap_err();
        let text = error.to_string();
        assert_eq!(text, format!("the JobManager refuses overview (status {code}): {said}"));
        assert_eq!(
            (error.is_unknown_job(), error.is_ended_job()),
            (code == 404, code == 409)
        );
    }
}

#[tokio::test]
async fn a_job_without_checkpointing_has_no_checkpoints() {
    for said in [
        "Checkpointing is not enabled for this job (a1).",
        "Checkpointing has not been enabled.",
    ] {
        let stack = format!("org.apache.flink.runtime.rest.handler.RestHandlerException: {said}\n\tat x.y\n");
        let api = Api::new(vec![("GET", "", Reply::Json(404, json!({"errors": [stack]})))]);
        assert_eq!(job_manager(&api).checkpoint_configuration("a1").await.unwrap(), None);
        assert_eq!(
            job_manager(&api).checkpoints("a1").await.unwrap(),
            Checkpoints::default()
        );
    }
    let api = Api::new(vec![("GET", "", Reply::Json(404, fixture_of(UNKNOWN_JOB)))]);
    assert!(job_manager(&api).checkpoints("a1").await.unwrap_err().is_unknown_job());
}

#[tokio::test]
async fn who_does_not_answer_is_told_apart() {
    let down = failure(
        503,
        "ServiceUnavailable",
        "no endpoints available for service \"orders-rest:8081\"",
        json!({}),
    );
    let api = Api::new(vec![("GET", "", down)]);
    assert!(matches!(
        job_manager(&api).overview().await,
        Err(RestError::NoJobManager { .. })
    ));
    assert_eq!(api.received().len(), 1);

    let gone = failure(
        404,
        "NotFound",
        "services \"orders-rest\" not found",
        json!({"name": "orders-rest", "kind": "services"}),
    );
    assert!(matches!(
        job_manager(&Api::new(vec![("GET", "", gone)])).overview().await,
        Err(RestError::NoService { .. })
    ));

    let forbidden = failure(
        403,
        "Forbidden",
        "User \"ci\" cannot get resource \"services/proxy\"",
        json!({}),
    );
    let error = job_manager(&Api::new(vec![("GET", "", forbidden)]))
        .overview()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("not allowed to get services/proxy in namespace team"),
        "{error}"
    );
}

#[test]
fn the_newest_exception_and_its_root() {
    let history: Exceptions = serde_json::from_value(json!({
        "root-exception": "ignored",
        "exceptionHistory": {"entries": [
            {"exceptionName": "a.B", "stacktrace": "a.B: old", "timestamp": 1, "taskName": null},
            {"exceptionName": "org.apache.flink.runtime.JobException",
             "stacktrace": "org.apache.flink.runtime.JobException: Recovery is suppressed\n\tat x.Y.z(Y.java:1)\nCaused by: java.lang.RuntimeException: outer\n\tat a.b\nCaused by: java.io.IOException: disk full\n\t... 3 more\n",
             "timestamp": 2, "taskName": "Source (1/2)"},
        ], "truncated": false},
    })).unwrap();
    let newest = history.newest().unwrap();
    assert_eq!(newest.root_cause(), "java.io.IOException: disk full");
    assert_eq!(newest.task_name.as_deref(), Some("Source (1/2)"));

    let old: Exceptions = serde_json::from_value(json!({"root-exception": "a.B: only this\n\tat c"})).unwrap();
    let newest = old.newest().unwrap();
    assert_eq!(
        (newest.exception_name.as_str(), newest.root_cause()),
        ("a.B", "a.B: only this")
    );
    assert_eq!(Exceptions::default().newest(), None);
}
