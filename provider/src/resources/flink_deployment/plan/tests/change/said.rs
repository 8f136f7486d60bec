//! What is said beside: session clusters, suspensions, what others have done.

use super::*;

#[test]
fn a_session_cluster_takes_its_jobs_with_it() {
    let cluster = [("/job", json!(null))];
    let image = |base: &[(&str, Json)]| changed(with(base), &[("/image", json!("x"))]);
    let jobs = |stateful: bool| json!({"session_jobs": [{"name": "a", "is_stateful": stateful}, {"name": "b", "is_stateful": false}]});
    let said = |base: &[(&str, Json)], observed: &Json| change_of(&image(base), &state(base), observed);
    let (change, warnings) = said(&cluster, &jobs(false));
    assert_eq!(
        change.as_str(),
        Some("cluster recreated together with 2 session jobs on it (a, b); because of image")
    );
    assert_eq!(warnings, ["warning: Session cluster is recreated"]);
    assert_eq!(said(&cluster, &jobs(true)).1, ["error: Session cluster is recreated"]);
    let ha = [
        ("/job", json!(null)),
        ("/flink_configuration/high-availability.type", json!("kubernetes")),
        (
            "/flink_configuration/high-availability.storageDir",
            json!("s3://flink/ha"),
        ),
    ];
    assert_eq!(said(&ha, &jobs(true)).1, ["warning: Session cluster is recreated"]);
    let (change, warnings) = said(&cluster, &json!({"session_jobs": []}));
    assert_eq!(
        change.as_str(),
        Some("cluster recreated, no session job is on it; because of image")
    );
    assert!(warnings.is_empty());
    let (change, warnings) = said(&cluster, &json!({}));
    assert_eq!(
        change.as_str(),
        Some("cluster recreated together with all session jobs on it; because of image")
    );
    assert_eq!(warnings, ["warning: Session cluster is recreated"]);
}

#[test]
fn what_else_is_said() {
    let suspend = with(&[("/job/state", json!("suspended"))]);
    let warned = |config: &Json, prior: &Json, observed: Json| change_of(config, prior, &observed).1;
    let stable = || json!({"was_stable": true});
    assert_eq!(warned(&suspend, &state(&[]), stable()), ["warning: Job is suspended"]);
    let image = with(&[("/image", json!("x"))]);
    let restarting = state(&[("/job_state", json!("RESTARTING"))]);
    assert_eq!(
        warned(&image, &restarting, stable()),
        ["warning: Restart has to wait for the job"]
    );
    let gone = with(&[("/flink_configuration/state.savepoints.dir", json!(null))]);
    assert_eq!(
        warned(&gone, &state(&[]), stable()),
        ["warning: Savepoints have no place any more"]
    );
    let allow = with(&[("/image", json!("x")), ("/job/allow_non_restored_state", json!(true))]);
    assert_eq!(
        warned(&allow, &state(&[]), stable()),
        ["warning: State may be left out"]
    );

    let ha = [
        ("/flink_configuration/high-availability.type", json!("kubernetes")),
        (
            "/flink_configuration/high-availability.storageDir",
            json!("s3://flink/ha"),
        ),
    ];
    assert_eq!(
        warned(&with(&[]), &state(&ha), stable()),
        ["warning: High availability is removed"]
    );
    let last = ("/job/upgrade_mode", json!("last-state"));
    let before = changed(state(&ha), std::slice::from_ref(&last));
    assert_eq!(
        warned(&with(&[last]), &before, stable()),
        ["error: State of the job would be lost"]
    );

    let replicas = |number: i64| {
        [
            ("/mode", json!("standalone")),
            ("/task_manager/replicas", json!(number)),
        ]
    };
    let outside = json!({"was_stable": true, "scaled_by": "kubectl"});
    let (change, said) = change_of(&with(&replicas(2)), &state(&replicas(5)), &outside);
    assert_eq!(
        change.as_str(),
        Some(
            "restart with savepoint; because of task_manager.replicas; task_manager.replicas was set to 5 by kubectl, not by Terraform"
        )
    );
    assert_eq!(said, ["warning: TaskManagers were scaled by somebody else"]);

    let behind = json!({"was_stable": true, "is_behind": true});
    let (change, _) = change_of(&image, &state(&[]), &behind);
    assert_eq!(
        change.as_str(),
        Some(
            "restart with savepoint; because of image; the operator has not taken up the specification before, and does \
             nothing where this one takes it back"
        )
    );

    let auto = [("/flink_configuration/job.autoscaler.enabled", json!("true"))];
    let config = changed(with(&auto), &[("/job/parallelism", json!(8))]);
    let (change, _) = change_of(&config, &state(&auto), &stable());
    assert_eq!(
        change.as_str(),
        Some("restart with savepoint; because of job.parallelism; what the autoscaler has decided for a vertex stays")
    );
}
