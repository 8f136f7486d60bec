use serde_json::{Value as Json, json};

use super::super::sample::{resource, with};
use super::*;
use crate::resources::sample::UNKNOWN;

/// A session cluster that every job of the sample likes.
fn cluster(version: (u32, u32), task_managers: Option<i64>, configuration: &[(&str, &str)]) -> SessionCluster {
    let places = [
        ("state.checkpoints.dir", "s3://flink/checkpoints"),
        ("state.savepoints.dir", "s3://flink/savepoints"),
        ("taskmanager.numberOfTaskSlots", "2"),
    ];
    let all = places.iter().chain(configuration);
    SessionCluster {
        is_application: Some(false),
        flink_version: Some(version),
        task_managers,
        configuration: Some(
            all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        ),
    }
}

fn said(changes: &[(&str, Json)], cluster: &SessionCluster, free: Option<i64>) -> Vec<String> {
    let value = resource(&with(changes));
    let problems = problems(&View::of(&value), cluster, free);
    problems
        .iter()
        .map(|problem| {
            assert!(problem.detail.ends_with('.'), "{}", problem.detail);
            let mark = if problem.is_error() { "error" } else { "warning" };
            format!("{mark} at {}: {}", problem.path, problem.summary)
        })
        .collect()
}

const SLOTS: &str = "warning at job.parallelism: Not enough slots on the session cluster";

#[test]
fn an_application_takes_no_session_job() {
    let application = SessionCluster {
        is_application: Some(true),
        ..cluster((1, 20), None, &[])
    };
    assert_eq!(
        said(&[], &application, None),
        ["error at deployment_name: Not a session cluster"]
    );
    let unknown = SessionCluster {
        is_application: None,
        ..application
    };
    assert_eq!(said(&[], &unknown, None), Vec::<String>::new());
}

#[test]
fn parallelism_against_slots() {
    let of = |parallelism: Json| vec![("/job/parallelism", parallelism)];
    let native = cluster((1, 20), None, &[]);
    let two = cluster((1, 20), Some(2), &[]);
    let adaptive = cluster((1, 20), Some(2), &[("jobmanager.scheduler", "Adaptive")]);
    let limited = cluster((1, 20), None, &[("slotmanager.number-of-slots.max", "3")]);
    let mut suspended = of(json!(5));
    suspended.push(("/job/state", json!("suspended")));
    let unseen = SessionCluster {
        configuration: None,
        ..two.clone()
    };
    for (changes, cluster, free, warned) in [
        (of(json!(500)), &native, None, false),
        (of(json!(4)), &two, None, false),
        (of(json!(5)), &two, None, true),
        (of(json!(UNKNOWN)), &two, None, false),
        (of(json!(4)), &two, Some(4), false),
        (of(json!(4)), &two, Some(3), true),
        (of(json!(5)), &adaptive, None, false),
        (of(json!(3)), &limited, None, false),
        (of(json!(4)), &limited, None, true),
        (suspended, &two, None, false),
        (of(json!(5)), &unseen, None, false),
    ] {
        let expected: &[&str] = if warned { &[SLOTS] } else { &[] };
        assert_eq!(
            said(&changes, cluster, free),
            expected,
            "{changes:?} {cluster:?} {free:?}"
        );
    }
    let value = resource(&with(&of(json!(4))));
    let text = |free| {
        let problems = problems(&View::of(&value), &two, free);
        problems
            .iter()
            .map(|problem| problem.detail.clone())
            .collect::<String>()
    };
    assert!(text(Some(1)).contains("has 4, of which 1 are free now: `task_manager.replicas` (2) times"));
}

#[test]
fn flink_version_against_configuration() {
    let old = cluster((1, 16), None, &[]);
    let nonce = [("/job/checkpoint_trigger_nonce", json!(1))];
    let trigger = "warning at job.checkpoint_trigger_nonce: Checkpoint cannot be triggered";
    assert_eq!(said(&nonce, &old, None), [trigger]);
    assert_eq!(said(&nonce, &cluster((1, 17), None, &[]), None), Vec::<String>::new());

    let of_flink = [("/flink_configuration", json!({"pipeline.name": "orders"}))];
    let of_operator = [("/flink_configuration", json!({"job.autoscaler.enabled": "true"}))];
    let not_used = "warning at flink_configuration: Configuration not used";
    assert_eq!(said(&of_flink, &old, None), [not_used]);
    assert_eq!(said(&of_operator, &old, None), Vec::<String>::new());
    assert_eq!(
        said(&of_flink, &cluster((1, 17), None, &[]), None),
        Vec::<String>::new()
    );

    let directory = [(
        "/flink_configuration",
        json!({"execution.checkpointing.dir": "s3://flink/x"}),
    )];
    let bare = |version| SessionCluster {
        configuration: Some(BTreeMap::from([(
            "state.savepoints.dir".to_owned(),
            "s3://a".to_owned(),
        )])),
        ..cluster(version, None, &[])
    };
    let unknown =
        r#"warning at flink_configuration["execution.checkpointing.dir"]: Key that this Flink version does not know"#;
    assert_eq!(said(&directory, &bare((1, 19)), None), [unknown]);
    assert_eq!(said(&directory, &bare((2, 0)), None), Vec::<String>::new());
}

#[test]
fn directories_of_the_job_or_of_its_cluster() {
    let empty = SessionCluster {
        configuration: Some(BTreeMap::new()),
        ..cluster((1, 20), None, &[])
    };
    let needed = [
        "warning at job.upgrade_mode: Directory for checkpoints not set",
        "warning at job.upgrade_mode: Directory for savepoints not set",
    ];
    assert_eq!(said(&[], &empty, None), needed);
    assert_eq!(
        said(&[("/job/upgrade_mode", json!(null))], &empty, None),
        Vec::<String>::new()
    );
    let own = json!({"execution.checkpointing.dir": "s3://a", "execution.checkpointing.savepoint-dir": "s3://b"});
    assert_eq!(
        said(&[("/flink_configuration", own)], &empty, None),
        Vec::<String>::new()
    );
    assert_eq!(
        said(&[("/flink_configuration", json!(UNKNOWN))], &empty, None),
        Vec::<String>::new()
    );
    // What the job sets to nothing hides what the cluster has.
    let blank = json!({"execution.checkpointing.dir": " "});
    assert_eq!(
        said(&[("/flink_configuration", blank)], &cluster((1, 20), None, &[]), None),
        ["error at job.upgrade_mode: Directory for checkpoints not set"]
    );
}
