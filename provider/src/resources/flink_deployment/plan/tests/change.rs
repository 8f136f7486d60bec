//! The computed attribute `change`, for every row of the operator's table of differences.

use terraform_plugin::Private;

use super::*;
use crate::resources::job_resource::private;

/// Plans a change of an application in that state, after a read that found `observed`.
fn change_of(config: &Json, prior: &Json, observed: &Json) -> (Value, Vec<String>) {
    let block = Deployment::block();
    let private = Private::from([(private::OBSERVED.to_owned(), observed.to_string())]);
    let mut plan = Plan::inputs(&block, &resource(config), &resource(prior));
    let given = Given {
        namespace: &team(),
        private: &private,
    };
    let said = modify(&mut plan, given);
    plan.finish(&block);
    let level = |problem: &Diagnostic| if said_error(problem) { "error" } else { "warning" };
    (
        plan.planned().at("change").value().clone(),
        said.iter()
            .map(|one| format!("{}: {}", level(one), one.summary))
            .collect(),
    )
}

fn said_error(problem: &Diagnostic) -> bool {
    problem.severity == terraform_schema::Severity::Error
}

/// What is said of one change of an application that runs with `base`.
fn text(base: &[(&str, Json)], pointer: &str, value: Json) -> String {
    let config = changed(with(base), &[(pointer, value)]);
    let (change, _) = change_of(&config, &state(base), &json!({"was_stable": true}));
    change.as_str().unwrap_or("null or unknown").to_owned()
}

/// What configuration and state have in common, the change, and what is said of it.
type Row<'a> = (&'a [(&'a str, Json)], &'a str, Json, String);

#[test]
fn every_row_of_the_table_of_differences() {
    let reactive = [
        ("/mode", json!("standalone")),
        ("/flink_configuration/scheduler-mode", json!("reactive")),
    ];
    let standalone = [("/mode", json!("standalone"))];
    let adaptive = [("/flink_configuration/jobmanager.scheduler", json!("adaptive"))];
    let overrides = "/flink_configuration/pipeline.jobvertex-parallelism-overrides";
    let savepoint = "restart with savepoint; because of ";
    let nothing = "nothing restarts";
    let rows: [Row<'_>; 34] = [
        (&[], "/labels", json!({"a": "b"}), nothing.into()),
        (&[], "/annotations", json!({"a": "b"}), nothing.into()),
        (&[], "/image", json!("x"), format!("{savepoint}image")),
        (
            &[],
            "/image_pull_policy",
            json!("Always"),
            format!("{savepoint}image_pull_policy"),
        ),
        (
            &[],
            "/service_account",
            json!("x"),
            format!("{savepoint}service_account"),
        ),
        (
            &[],
            "/flink_version",
            json!("v2_0"),
            format!("{savepoint}flink_version"),
        ),
        (
            &[],
            "/ingress",
            json!({"template": "x.example.com"}),
            format!("{savepoint}ingress"),
        ),
        (
            &[],
            "/pod_template",
            json!({"spec": {"nodeSelector": {"a": "b"}}}),
            format!("{savepoint}pod_template"),
        ),
        (
            &[],
            "/log_configuration",
            json!({"logback-console.xml": "x"}),
            format!("{savepoint}log_configuration"),
        ),
        (
            &[],
            "/job_manager/replicas",
            json!(2),
            format!("{savepoint}job_manager.replicas"),
        ),
        (
            &[],
            "/job_manager/resource/memory",
            json!("3g"),
            format!("{savepoint}job_manager.resource.memory"),
        ),
        (
            &[],
            "/task_manager/resource/cpu",
            json!(3),
            format!("{savepoint}task_manager.resource.cpu"),
        ),
        (&[], "/task_manager", json!(null), format!("{savepoint}task_manager")),
        (
            &[],
            "/task_manager/replicas",
            json!(3),
            format!("{savepoint}task_manager.replicas"),
        ),
        (
            &standalone,
            "/task_manager/replicas",
            json!(3),
            format!("{savepoint}task_manager.replicas"),
        ),
        (
            &reactive,
            "/task_manager/replicas",
            json!(3),
            "scaled in place; because of task_manager.replicas".into(),
        ),
        (&[], "/job/parallelism", json!(3), format!("{savepoint}job.parallelism")),
        (
            &standalone,
            "/job/parallelism",
            json!(3),
            format!("{savepoint}job.parallelism"),
        ),
        (
            &reactive,
            "/job/parallelism",
            json!(3),
            "scaled in place; because of job.parallelism".into(),
        ),
        (
            &[],
            "/job/jar_uri",
            json!("local:///b.jar"),
            format!("{savepoint}job.jar_uri"),
        ),
        (
            &[],
            "/job/entry_class",
            json!("a.B"),
            format!("{savepoint}job.entry_class"),
        ),
        (&[], "/job/args", json!(["-v"]), format!("{savepoint}job.args")),
        (
            &[],
            "/job/state",
            json!("suspended"),
            "suspend with savepoint; because of job.state".into(),
        ),
        (&[], "/job/upgrade_mode", json!("last-state"), nothing.into()),
        (&[], "/job/initial_savepoint_path", json!("s3://a"), nothing.into()),
        (&[], "/job/savepoint_trigger_nonce", json!(1), nothing.into()),
        (&[], "/job/autoscaler_reset_nonce", json!(1), nothing.into()),
        (
            &[],
            "/redeploy",
            json!({"path": "s3://a", "trigger": "1"}),
            "redeploy from s3://a, dropping the current state; because of redeploy".into(),
        ),
        (&[], "/restart_nonce", json!(1), format!("{savepoint}restart_nonce")),
        (
            &[],
            "/restart_triggers",
            json!({"a": "b"}),
            format!("{savepoint}restart_triggers"),
        ),
        (
            &[],
            "/flink_configuration/kubernetes.operator.savepoint.history.max.count",
            json!("5"),
            nothing.into(),
        ),
        (
            &[],
            overrides,
            json!("a:2"),
            format!("{savepoint}pipeline.jobvertex-parallelism-overrides"),
        ),
        (
            &adaptive,
            overrides,
            json!("a:2"),
            "scaled in place; because of pipeline.jobvertex-parallelism-overrides".into(),
        ),
        (
            &[],
            "/flink_configuration/kubernetes.jobmanager.cpu.limit-factor",
            json!("2"),
            format!("{savepoint}kubernetes.jobmanager.cpu.limit-factor"),
        ),
    ];
    for (base, pointer, value, expected) in rows {
        assert_eq!(text(base, pointer, value), expected, "{pointer} {base:?}");
    }
}

#[test]
fn overrides_are_taken_in_place_only_where_flink_can() {
    let overrides = "/flink_configuration/pipeline.jobvertex-parallelism-overrides";
    let adaptive = ("/flink_configuration/jobmanager.scheduler", json!("adaptive"));
    let off = "/flink_configuration/kubernetes.operator.job.upgrade.inplace-scaling.enabled";
    let in_place = |base: &[(&str, Json)]| text(base, overrides, json!("a:2")).starts_with("scaled in place");
    assert!(in_place(std::slice::from_ref(&adaptive)));
    assert!(!in_place(&[adaptive.clone(), ("/flink_version", json!("v1_17"))]));
    assert!(!in_place(&[adaptive.clone(), (off, json!("false"))]));
    let at_restart = [adaptive, ("/job_state", json!("RECONCILING"))];
    let config = changed(with(&at_restart[..1]), &[(overrides, json!("a:2"))]);
    let (change, _) = change_of(&config, &state(&at_restart), &json!({"was_stable": true}));
    assert!(
        change.as_str().is_some_and(|text| text.starts_with("restart")),
        "{change:?}"
    );
}

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

#[test]
fn change_is_null_whenever_nothing_changes() {
    let (plan, _) = planned_in(&application(), Value::Null, &team());
    assert!(plan.planned().at("change").is_null(), "a new deployment");
    let (change, _) = change_of(&application(), &state(&[]), &json!({}));
    assert!(change.is_null());
    // Nobody has read the object since the last apply.
    let stale = state(&[("/change", json!("restart with savepoint"))]);
    let (plan, _) = planned(&application(), &stale);
    assert_eq!(plan.action(), Action::Nothing);
    // Only a replacement: its second plan is that of a new object.
    let (change, _) = change_of(&with(&[("/name", json!("other"))]), &state(&[]), &json!({}));
    assert!(change.is_null());
}

#[test]
fn change_is_unknown_where_what_decides_it_is() {
    for (pointer, value) in [
        ("/image", json!(UNKNOWN)),
        ("/labels", json!({"a": UNKNOWN})),
        ("/flink_configuration/a", json!(UNKNOWN)),
        ("/job/upgrade_mode", json!(UNKNOWN)),
        ("/restart_triggers", json!({"a": UNKNOWN})),
        ("/redeploy", json!({"path": UNKNOWN, "trigger": "1"})),
    ] {
        let (change, said) = change_of(&with(&[(pointer, value)]), &state(&[]), &json!({}));
        assert!(change.is_unknown(), "{pointer}: {change:?}");
        assert_eq!(said, Vec::<String>::new(), "{pointer}");
    }
    let (change, _) = change_of(
        &with(&[("/timeouts", json!({"update": UNKNOWN}))]),
        &state(&[]),
        &json!({}),
    );
    assert_eq!(change.as_str(), Some("nothing restarts, nothing is written"));
    let (change, _) = change_of(&application(), &state(&[("/ready", json!(false))]), &json!({}));
    assert_eq!(change.as_str(), Some("waits for the last change, nothing is written"));
}

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
