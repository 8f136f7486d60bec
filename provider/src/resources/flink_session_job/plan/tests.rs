use serde_json::{Value as Json, json};
use terraform_plugin::Private;
use terraform_schema::plan::Action;
use terraform_schema::{Model, Value};

use super::super::sample::{job, resource, with};
use super::*;
use crate::provider::DefaultNamespace;
use crate::resources::sample::changed;

fn planned(config: &Json, prior: Value) -> (Plan, Vec<String>) {
    let block = SessionJob::block();
    let mut plan = Plan::inputs(&block, &resource(config), &prior);
    let given = Given {
        namespace: &DefaultNamespace::Known("team".to_owned()),
        private: &Private::new(),
    };
    let said = modify(&mut plan, given);
    plan.finish(&block);
    (plan, said.iter().map(|problem| problem.summary.clone()).collect())
}

/// The state of a running job.
fn state(changes: &[(&str, Json)]) -> Value {
    let facts = [
        ("/namespace", json!("team")),
        ("/id", json!("team/orders")),
        ("/uid", json!("6f1c")),
        ("/job_id", json!("0123456789abcdef0123456789abcdef")),
        ("/job_state", json!("RUNNING")),
        ("/lifecycle_state", json!("STABLE")),
        ("/ready", json!(true)),
    ];
    resource(&changed(changed(job(), &facts), changes))
}

#[test]
fn a_new_job_is_known_as_far_as_possible() {
    let (plan, said) = planned(&job(), Value::Null);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(plan.action(), Action::Create);
    assert_eq!(plan.planned().at("id").text(), Some("team/orders"));
    for fact in FACTS.into_iter().chain(["uid"]) {
        assert!(plan.planned().at(fact).is_unknown(), "{fact}");
    }
    let (_, said) = planned(&with(&[("/job/state", json!("suspended"))]), Value::Null);
    assert_eq!(said, ["Job is created suspended"]);
}

#[test]
fn what_a_change_does() {
    let overrides = "/flink_configuration/pipeline.jobvertex-parallelism-overrides";
    for (path, value, replaced, class) in [
        ("/job/parallelism", json!(4), false, UpdateClass::Restart),
        ("/job/state", json!("suspended"), false, UpdateClass::Restart),
        ("/job/upgrade_mode", json!("stateless"), false, UpdateClass::Ignored),
        ("/job/savepoint_trigger_nonce", json!(1), false, UpdateClass::Ignored),
        (overrides, json!("a:2"), false, UpdateClass::Restart),
        ("/deployment_name", json!("other"), true, UpdateClass::Restart),
        ("/name", json!("payments"), true, UpdateClass::Restart),
    ] {
        let (plan, _) = planned(&with(&[(path, value)]), state(&[]));
        assert_eq!(!plan.requires_replace.is_empty(), replaced, "{path}");
        assert_eq!(plan.changes[0].class, Some(class), "{path}");
    }
    let (plan, _) = planned(&job(), state(&[("/restart_nonce", json!(1))]));
    assert_eq!(plan.action(), Action::Nothing, "a nonce stays");
}

#[test]
fn what_was_not_brought_about_is_waited_for() {
    let (plan, _) = planned(&job(), state(&[("/ready", json!(false))]));
    assert_eq!(plan.action(), Action::Update);
    assert!(plan.changes.is_empty());
    assert!(plan.planned().at("job_state").is_unknown());
    let (plan, _) = planned(&job(), state(&[]));
    assert_eq!(plan.action(), Action::Nothing);
}

#[test]
fn a_lost_job_has_a_way_out() {
    let lost = [("/job_state", json!("RECONCILING"))];
    assert_eq!(planned(&job(), state(&lost)).1, ["Job may be lost"]);
    let out = with(&[("/job/upgrade_mode", json!("stateless"))]);
    let (plan, said) = planned(&out, state(&lost));
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(plan.changes[0].class, Some(UpdateClass::Restart), "it starts the job");
    assert!(plan.planned().at("job_id").is_unknown());
}

#[test]
fn a_redeployment_needs_a_place_to_start_from() {
    let nonce = ("/job/savepoint_redeploy_nonce", json!(1));
    let (_, said) = planned(&with(std::slice::from_ref(&nonce)), state(&[]));
    assert_eq!(said, ["No savepoint to redeploy from"]);
    let path = ("/job/initial_savepoint_path", json!("s3://a/savepoint-1"));
    let (_, said) = planned(&with(&[nonce, path]), state(&[]));
    assert_eq!(said, ["Present state of the job is discarded"]);
    let suspended = ("/job/state", json!("suspended"));
    let block = ("/redeploy", json!({"path": "s3://a/savepoint-1", "trigger": "1"}));
    let (plan, said) = planned(&with(&[suspended.clone(), block]), state(&[suspended]));
    assert_eq!(
        said,
        [
            "Present state of the job is discarded",
            "Suspended job may not be redeployed"
        ]
    );
    assert_eq!(
        plan.planned().at("change").text(),
        Some("redeploy from s3://a/savepoint-1, dropping the current state; because of redeploy")
    );
}
