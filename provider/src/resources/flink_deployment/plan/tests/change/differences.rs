//! Every row of the operator's table of differences.

use super::*;

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
