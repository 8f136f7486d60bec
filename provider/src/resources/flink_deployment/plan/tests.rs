use serde_json::{Value as Json, json};
use terraform_plugin::Private;
use terraform_schema::plan::Action;
use terraform_schema::{Model, UpdateClass};

use super::super::model::Deployment;
use super::super::sample::{UNKNOWN, application, changed, resource, with};
use super::*;
use crate::provider::DefaultNamespace;

mod change;

fn team() -> DefaultNamespace {
    DefaultNamespace::Known("team".to_owned())
}

fn planned_in(config: &Json, prior: Value, default: &DefaultNamespace) -> (Plan, Vec<String>) {
    let block = Deployment::block();
    let mut plan = Plan::inputs(&block, &resource(config), &prior);
    let private = Private::new();
    let given = Given {
        namespace: default,
        private: &private,
    };
    let said = modify(&mut plan, given);
    plan.finish(&block);
    (
        plan,
        said.iter()
            .map(|problem| format!("{}: {}", problem.path, problem.summary))
            .collect(),
    )
}

fn planned(config: &Json, prior: &Json) -> (Plan, Vec<String>) {
    planned_in(config, resource(prior), &team())
}

/// The state of a running application.
fn state(changes: &[(&str, Json)]) -> Json {
    let facts = [
        ("/namespace", json!("team")),
        ("/id", json!("team/orders")),
        ("/uid", json!("6f1c")),
        ("/rest_service", json!("orders-rest")),
        ("/job_id", json!("0123456789abcdef0123456789abcdef")),
        ("/job_state", json!("RUNNING")),
        ("/lifecycle_state", json!("STABLE")),
        ("/job_manager_status", json!("READY")),
        ("/ready", json!(true)),
    ];
    changed(changed(application(), &facts), changes)
}

#[test]
fn a_new_deployment_is_known_as_far_as_possible() {
    let (plan, said) = planned_in(&application(), Value::Null, &team());
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(plan.action(), Action::Create);
    for (name, text) in [
        ("namespace", "team"),
        ("id", "team/orders"),
        ("rest_service", "orders-rest"),
    ] {
        assert_eq!(plan.planned().at(name).text(), Some(text), "{name}");
    }
    for fact in FACTS.into_iter().chain(["uid"]) {
        assert!(plan.planned().at(fact).is_unknown(), "{fact}");
    }
}

#[test]
fn the_namespace_comes_from_the_resource_then_the_provider() {
    let namespace = |config: &Json, default: &DefaultNamespace| {
        let (plan, _) = planned_in(config, Value::Null, default);
        (
            plan.planned().at("namespace").value().clone(),
            plan.planned().at("id").value().clone(),
        )
    };
    assert_eq!(
        namespace(&with(&[("/namespace", json!("own"))]), &team()),
        ("own".into(), "own/orders".into())
    );
    assert_eq!(
        namespace(&application(), &team()),
        ("team".into(), "team/orders".into())
    );
    assert_eq!(
        namespace(&application(), &DefaultNamespace::Unknown),
        (Value::Unknown, Value::Unknown)
    );
    assert_eq!(
        namespace(&with(&[("/namespace", json!(UNKNOWN))]), &team()),
        (Value::Unknown, Value::Unknown)
    );
    assert_eq!(
        namespace(&with(&[("/name", json!(UNKNOWN))]), &team()),
        ("team".into(), Value::Unknown)
    );
}

#[test]
fn a_changed_default_namespace_moves_nothing() {
    let other = DefaultNamespace::Known("other".to_owned());
    let (plan, said) = planned_in(&application(), resource(&state(&[])), &other);
    assert_eq!(said, ["namespace: Deployment stays in its namespace"]);
    assert_eq!(plan.action(), Action::Nothing);

    let (plan, said) = planned_in(&application(), resource(&state(&[])), &DefaultNamespace::Unknown);
    assert!(said.is_empty());
    assert_eq!(plan.action(), Action::Nothing);

    let (plan, _) = planned(&with(&[("/namespace", json!("other"))]), &state(&[]));
    assert_eq!(
        plan.requires_replace
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["namespace"]
    );
}

#[test]
fn the_same_configuration_changes_nothing() {
    let (plan, said) = planned(&application(), &state(&[]));
    assert_eq!((plan.action(), said), (Action::Nothing, Vec::new()));
}

#[test]
fn defaults_spelled_out_by_anybody_change_nothing() {
    let defaults = [
        ("/mode", json!("native")),
        ("/job/state", json!("running")),
        ("/job/args", json!([])),
        ("/job/allow_non_restored_state", json!(false)),
        ("/job_manager/replicas", json!(1)),
    ];
    for config in [application(), with(&defaults)] {
        for prior in [state(&[]), state(&defaults)] {
            let (plan, _) = planned(&config, &prior);
            assert_eq!(plan.changes, Vec::new());
            // A default that the configuration begins to spell out is written down, and does nothing else.
            assert_eq!(plan.planned().at("job_state").text(), Some("RUNNING"));
        }
    }
}

/// What both prior state and configuration have, the change, its class, whether it needs a new object.
type Case<'a> = (&'a [(&'a str, Json)], &'a str, Json, UpdateClass, bool);

#[test]
fn what_each_change_does() {
    use UpdateClass::{Ignored, Local, Redeploy, Restart, Scaled};
    let reactive = [
        ("/mode", json!("standalone")),
        ("/flink_configuration/scheduler-mode", json!("reactive")),
    ];
    let standalone = [("/mode", json!("standalone"))];
    let adaptive = [("/flink_configuration/jobmanager.scheduler", json!("adaptive"))];
    let nothing: [(&str, Json); 0] = [];
    let cases: [Case<'_>; 43] = [
        (&nothing, "/name", json!("other"), Restart, true),
        (&nothing, "/mode", json!("standalone"), Restart, true),
        (&nothing, "/job", json!(null), Restart, true),
        (&nothing, "/labels", json!({"team": "a"}), Ignored, false),
        (&nothing, "/annotations", json!({"note": "a"}), Ignored, false),
        (
            &nothing,
            "/image",
            json!("registry.example.com/orders:2.0.0"),
            Restart,
            false,
        ),
        (&nothing, "/image_pull_policy", json!("Always"), Restart, false),
        (&nothing, "/service_account", json!("other"), Restart, false),
        (&nothing, "/flink_version", json!("v2_1"), Restart, false),
        (&nothing, "/restart_nonce", json!(1), Restart, false),
        (
            &nothing,
            "/log_configuration",
            json!({"logback-console.xml": "x"}),
            Restart,
            false,
        ),
        (
            &nothing,
            "/pod_template",
            json!({"spec": {"nodeSelector": {"pool": "flink"}}}),
            Restart,
            false,
        ),
        (
            &nothing,
            "/ingress",
            json!({"template": "{{name}}.example.com"}),
            Restart,
            false,
        ),
        (&nothing, "/job/jar_uri", json!("local:///b.jar"), Restart, false),
        (&nothing, "/job/entry_class", json!("com.example.Main"), Restart, false),
        (&nothing, "/job/args", json!(["--fast"]), Restart, false),
        (&nothing, "/job/state", json!("suspended"), Restart, false),
        (&nothing, "/job/upgrade_mode", json!("last-state"), Ignored, false),
        (
            &nothing,
            "/job/initial_savepoint_path",
            json!("s3://flink/savepoints/1"),
            Ignored,
            false,
        ),
        (&nothing, "/job/allow_non_restored_state", json!(true), Ignored, false),
        (&nothing, "/job/savepoint_trigger_nonce", json!(1), Ignored, false),
        (&nothing, "/job/checkpoint_trigger_nonce", json!(1), Ignored, false),
        (&nothing, "/job/savepoint_redeploy_nonce", json!(1), Redeploy, false),
        (&nothing, "/job/autoscaler_reset_nonce", json!(1), Ignored, false),
        (&nothing, "/job_manager/resource/memory", json!("3g"), Restart, false),
        (&nothing, "/job_manager/replicas", json!(2), Restart, false),
        (&nothing, "/task_manager/resource/cpu", json!(2), Restart, false),
        (
            &nothing,
            "/flink_configuration/taskmanager.numberOfTaskSlots",
            json!("4"),
            Restart,
            false,
        ),
        (
            &nothing,
            "/flink_configuration/kubernetes.operator.savepoint.history.max.count",
            json!("4"),
            Ignored,
            false,
        ),
        (
            &nothing,
            "/flink_configuration/job.autoscaler.enabled",
            json!("true"),
            Ignored,
            false,
        ),
        (&nothing, "/job/parallelism", json!(4), Restart, false),
        (&standalone, "/job/parallelism", json!(4), Restart, false),
        (&reactive, "/job/parallelism", json!(4), Scaled, false),
        (&nothing, "/task_manager/replicas", json!(4), Restart, false),
        (&reactive, "/task_manager/replicas", json!(4), Scaled, false),
        (
            &nothing,
            "/flink_configuration/pipeline.jobvertex-parallelism-overrides",
            json!("a:1"),
            Restart,
            false,
        ),
        (
            &adaptive,
            "/flink_configuration/pipeline.jobvertex-parallelism-overrides",
            json!("a:1"),
            Scaled,
            false,
        ),
        (&nothing, "/timeouts", json!({"update": "1h"}), Local, false),
        (&nothing, "/wait_failure", json!("warn"), Local, false),
        (&nothing, "/on_destroy", json!("cancel"), Local, false),
        (&nothing, "/drain_on_destroy", json!(true), Local, false),
        (&nothing, "/deletion_protection", json!(true), Local, false),
        (&nothing, "/force_conflicts", json!(true), Local, false),
    ];
    for (base, pointer, value, class, replace) in cases {
        let config = changed(with(base), &[(pointer, value)]);
        let (plan, _) = planned(&config, &state(base));
        assert_eq!((plan.class(), plan.is_replace()), (Some(class), replace), "{pointer}");
        let forgets = plan.planned().at("job_state").is_unknown();
        assert_eq!(forgets, class > Ignored, "{pointer}: facts");
        assert!(!plan.planned().at("id").is_unknown() || replace, "{pointer}: id");
    }
}

#[test]
fn a_nonce_that_the_configuration_does_not_set_stays() {
    for nonce in [
        "/restart_nonce",
        "/job/savepoint_redeploy_nonce",
        "/job/savepoint_trigger_nonce",
        "/job/checkpoint_trigger_nonce",
        "/job/autoscaler_reset_nonce",
    ] {
        let (plan, said) = planned(&application(), &state(&[(nonce, json!(3))]));
        assert_eq!((plan.action(), said), (Action::Nothing, Vec::new()), "{nonce}");
    }
}

#[test]
fn an_override_that_goes_away_restarts() {
    let adaptive = [("/flink_configuration/jobmanager.scheduler", json!("adaptive"))];
    let prior = state(&[
        adaptive[0].clone(),
        (
            "/flink_configuration/pipeline.jobvertex-parallelism-overrides",
            json!("a:1"),
        ),
    ]);
    let (plan, _) = planned(&with(&adaptive), &prior);
    assert_eq!(plan.class(), Some(UpdateClass::Restart));
}

#[test]
fn what_is_not_ready_is_waited_for() {
    for ready in [json!(false), json!(null)] {
        let (plan, said) = planned(&application(), &state(&[("/ready", ready)]));
        assert_eq!(plan.action(), Action::Update);
        assert_eq!((plan.changes.len(), plan.requires_replace.len(), said.len()), (0, 0, 0));
        for fact in FACTS {
            assert!(plan.planned().at(fact).is_unknown(), "{fact}");
        }
        assert_eq!(plan.planned().at("id").text(), Some("team/orders"));
        assert_eq!(plan.planned().at("uid").text(), Some("6f1c"));
    }
}

/// A wait that may end with no more than a warning leaves `ready` open, also where nothing else about the job changes.
#[test]
fn ready_is_open_where_a_failed_wait_is_only_a_warning() {
    let spelled = |wait_failure: Json| {
        with(&[
            ("/wait_failure", wait_failure),
            (
                "/flink_configuration/kubernetes.operator.savepoint.history.max.count",
                json!("5"),
            ),
        ])
    };
    for (wait_failure, open) in [
        (json!("warn"), true),
        (json!(UNKNOWN), true),
        (json!("error"), false),
        (json!(null), false),
    ] {
        let (plan, _) = planned(&spelled(wait_failure.clone()), &state(&[]));
        assert_eq!(plan.action(), Action::Update, "{wait_failure}");
        assert_eq!(plan.planned().at("ready").is_unknown(), open, "{wait_failure}");
        assert!(!plan.planned().at("job_id").is_unknown(), "{wait_failure}");
    }
    // Nothing is written, nothing is waited for.
    let (plan, _) = planned(&with(&[("/wait_failure", json!("warn"))]), &state(&[]));
    assert!(!plan.planned().at("ready").is_unknown());
}

/// After a rollback the plan says which generation runs, where Terraform has seen it become ready.
#[test]
fn a_rollback_names_the_generation_that_runs() {
    let block = Deployment::block();
    let prior = state(&[("/lifecycle_state", json!("ROLLED_BACK")), ("/ready", json!(false))]);
    for (private, words) in [
        (
            vec![("generation", "3"), ("ready_generation", "2")],
            "gone back to generation 2, which runs now. The object still holds generation 3.",
        ),
        (vec![], "gone back to the one before, which runs now"),
    ] {
        let mut plan = Plan::inputs(&block, &resource(&application()), &resource(&prior));
        let private = private
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let given = Given {
            namespace: &team(),
            private: &private,
        };
        let said = modify(&mut plan, given);
        let warning = said
            .iter()
            .find(|warning| warning.summary == "Deployment was rolled back")
            .unwrap();
        assert!(warning.detail.contains(words), "{}", warning.detail);
    }
}

#[test]
fn warnings_where_they_belong() {
    let suspended = with(&[("/job/state", json!("suspended"))]);
    let (_, said) = planned_in(&suspended, Value::Null, &team());
    assert_eq!(said, ["job.state: Job is created suspended"]);
    assert_eq!(planned(&suspended, &state(&[])).1, ["job.state: Job is suspended"]);

    let (plan, said) = planned(
        &application(),
        &state(&[("/lifecycle_state", json!("ROLLED_BACK")), ("/ready", json!(false))]),
    );
    assert_eq!(
        (plan.action(), said),
        (Action::Update, vec![": Deployment was rolled back".to_owned()])
    );

    let redeploy = |path: Json| {
        with(&[
            ("/job/savepoint_redeploy_nonce", json!(2)),
            ("/job/initial_savepoint_path", path),
        ])
    };
    let said = |config: &Json| planned(config, &state(&[])).1;
    assert_eq!(
        said(&redeploy(json!("s3://flink/savepoints/1"))),
        ["job.savepoint_redeploy_nonce: Present state of the job is discarded"]
    );
    assert_eq!(
        said(&redeploy(json!(null))),
        ["job.savepoint_redeploy_nonce: No savepoint to redeploy from"]
    );
    assert!(said(&redeploy(json!(UNKNOWN))).is_empty());

    let last_state = [
        ("/job/state", json!("suspended")),
        ("/job/upgrade_mode", json!("last-state")),
    ];
    let newer = changed(with(&last_state), &[("/flink_version", json!("v2_1"))]);
    assert_eq!(
        planned(&newer, &state(&last_state)).1,
        ["flink_version: Flink version changes while the job is suspended"]
    );
}

#[test]
fn unknown_parts_of_a_configuration_are_planned() {
    let config = with(&[
        ("/image", json!(UNKNOWN)),
        ("/flink_configuration/state.savepoints.dir", json!(UNKNOWN)),
        ("/job/parallelism", json!(UNKNOWN)),
    ]);
    let (plan, _) = planned(&config, &state(&[]));
    assert_eq!(plan.class(), Some(UpdateClass::Restart));
    assert!(plan.planned().at("image").is_unknown());
    let (plan, _) = planned_in(&with(&[("/job", json!(UNKNOWN))]), Value::Null, &team());
    assert!(plan.planned().at("job").is_unknown());
}
