//! Which state the job comes back from, and what is lost.

use super::*;

#[test]
fn how_the_state_is_kept_depends_on_mode_and_state() {
    let ha = ("/flink_configuration/high-availability.type", json!("kubernetes"));
    let storage = (
        "/flink_configuration/high-availability.storageDir",
        json!("s3://flink/ha"),
    );
    let mode = |name: &str| ("/job/upgrade_mode", json!(name));
    let is = |name: &str| ("/job_state", json!(name));
    for (base, facts, expected) in [
        (vec![mode("stateless")], is("RUNNING"), "restart from empty state"),
        (vec![mode("last-state")], is("RUNNING"), "restart from last state"),
        (vec![mode("savepoint")], is("RUNNING"), "restart with savepoint"),
        (
            vec![mode("savepoint")],
            is("RESTARTING"),
            "restart with savepoint, as soon as the job runs",
        ),
        (
            vec![mode("last-state")],
            is("RESTARTING"),
            "restart from last state, as soon as the job runs",
        ),
        (
            vec![mode("savepoint"), ha.clone(), storage.clone()],
            is("RESTARTING"),
            "restart from last state",
        ),
        (
            vec![mode("last-state"), ha, storage],
            is("RESTARTING"),
            "restart from last state",
        ),
        (
            vec![mode("savepoint")],
            is("FAILED"),
            "restart from the state that it ended with",
        ),
        (
            vec![mode("last-state")],
            is("FINISHED"),
            "restart from the state that it ended with",
        ),
        (vec![mode("stateless")], is("FAILED"), "restart from empty state"),
    ] {
        let config = changed(with(&base), &[("/image", json!("x"))]);
        let prior = changed(state(&base), std::slice::from_ref(&facts));
        let (change, _) = change_of(&config, &prior, &json!({"was_stable": true}));
        let expected = format!("{expected}; because of image");
        assert_eq!(change.as_str(), Some(expected.as_str()), "{base:?} {facts:?}");
    }
    // Its JobManager never came up.
    let prior = state(&[
        ("/ready", json!(false)),
        ("/job_manager_status", json!("ERROR")),
        is("RECONCILING"),
    ]);
    let (change, _) = change_of(&with(&[("/image", json!("x"))]), &prior, &json!({}));
    assert_eq!(
        change.as_str(),
        Some("restart of a job that never ran, from where it was to start; because of image")
    );
}

#[test]
fn a_suspended_job_resumes_from_what_it_was_suspended_with() {
    let suspended = [("/job/state", json!("suspended"))];
    let running = with(&[]);
    let observed = json!({"suspended_with": "savepoint", "start_path": "s3://flink/savepoints/1", "was_stable": true});
    let (change, said) = change_of(&running, &state(&suspended), &observed);
    assert_eq!(
        change.as_str(),
        Some("resume from the state that it ended with; because of job.state; s3://flink/savepoints/1")
    );
    assert_eq!(said, Vec::<String>::new());

    let stateless = with(&[("/job/upgrade_mode", json!("stateless"))]);
    let (change, said) = change_of(&stateless, &state(&suspended), &observed);
    assert_eq!(
        change.as_str(),
        Some("resume from empty state; because of job.state; what is dropped: s3://flink/savepoints/1")
    );
    assert_eq!(said, ["error: State of the job would be lost"]);

    let (change, said) = change_of(&running, &state(&suspended), &json!({"suspended_with": "stateless"}));
    assert_eq!(change.as_str(), Some("resume from empty state; because of job.state"));
    assert_eq!(said, Vec::<String>::new());

    let other = with(&[("/job/state", json!("suspended")), ("/image", json!("x"))]);
    let (change, _) = change_of(&other, &state(&suspended), &observed);
    assert_eq!(change.as_str(), Some("nothing restarts, the job stays suspended"));

    let never = state(&[
        ("/job/state", json!("suspended")),
        ("/lifecycle_state", json!(null)),
        ("/job_state", json!(null)),
    ]);
    let first = with(&[("/job/initial_savepoint_path", json!("s3://a"))]);
    let (change, said) = change_of(&first, &never, &json!({}));
    assert_eq!(change.as_str(), Some("first start from s3://a; because of job.state"));
    assert_eq!(said, Vec::<String>::new());
}

#[test]
fn the_state_that_is_known_is_named() {
    let checkpoint = json!({"latest": {"path": "s3://flink/checkpoints/0123/chk-12", "time": "2026-11-21T18:00:00.000Z"}, "was_stable": true});
    let known = "last completed checkpoint of 2026-11-21T18:00:00.000Z at s3://flink/checkpoints/0123/chk-12";
    let image = [("/image", json!("x"))];
    let (change, said) = change_of(&with(&image), &state(&[]), &checkpoint);
    assert_eq!(
        change,
        Value::string(format!("restart with savepoint; because of image; {known}"))
    );
    assert_eq!(said, Vec::<String>::new());

    let stateless = ("/job/upgrade_mode", json!("stateless"));
    let config = changed(with(&image), std::slice::from_ref(&stateless));
    let prior = state(std::slice::from_ref(&stateless));
    let (change, said) = change_of(&config, &prior, &checkpoint);
    assert_eq!(
        change,
        Value::string(format!(
            "restart from empty state; because of image; what is dropped: {known}"
        ))
    );
    assert_eq!(said, ["error: State of the job would be lost"]);
    let allowed = changed(config.clone(), &[("/allow_state_loss", json!(true))]);
    assert_eq!(
        change_of(&allowed, &prior, &checkpoint).1,
        ["warning: State of the job would be lost"]
    );
    // Nobody has seen a checkpoint; the job may have some.
    assert_eq!(change_of(&config, &prior, &json!({})).1, Vec::<String>::new());
    let interval = [
        stateless,
        ("/flink_configuration/execution.checkpointing.interval", json!("1min")),
    ];
    let config = changed(with(&interval), &image);
    assert_eq!(
        change_of(&config, &state(&interval), &json!({})).1,
        ["warning: State of the job is dropped"]
    );
}

/// The operator itself says how it has suspended a job: that decides whether another Flink version is refused.
#[test]
fn another_flink_version_while_suspended() {
    let suspended = [
        ("/job/state", json!("suspended")),
        ("/job/upgrade_mode", json!("last-state")),
    ];
    let newer = changed(with(&suspended), &[("/flink_version", json!("v2_1"))]);
    let stateless = changed(newer.clone(), &[("/job/upgrade_mode", json!("stateless"))]);
    let unknown = changed(newer.clone(), &[("/job/upgrade_mode", json!(UNKNOWN))]);
    let summary = "Flink version changes while the job is suspended";
    let last_state = json!({"suspended_with": "last-state"});
    for (config, observed, expected) in [
        (&newer, &last_state, vec![format!("error: {summary}")]),
        (&unknown, &last_state, vec![format!("warning: {summary}")]),
        (&newer, &json!({}), vec![format!("warning: {summary}")]),
        (&newer, &json!({"suspended_with": "savepoint"}), vec![]),
        (&stateless, &last_state, vec![]),
    ] {
        let (_, said) = change_of(config, &state(&suspended), observed);
        let said: Vec<String> = said.into_iter().filter(|said| said.ends_with(summary)).collect();
        assert_eq!(said, expected, "{config} {observed}");
    }
}
