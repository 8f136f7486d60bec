use serde_json::{Value as Json, json};
use terraform_schema::Model;
use terraform_schema::plan::Action;

use super::*;
use crate::resources::flink_savepoint::Savepoint;
use crate::resources::sample::{UNKNOWN, of_block};

fn planned(config: &Json, prior: &Value, imported: bool) -> Plan {
    let block = Savepoint::block();
    let mut plan = Plan::inputs(&block, &of_block(&block, config), prior);
    modify::<Savepoint>(&mut plan, &DefaultNamespace::Known("team".to_owned()), imported);
    plan.finish(&block);
    plan
}

fn new(config: &Json) -> Plan {
    planned(config, &Value::Null, false)
}

fn text(plan: &Plan, name: &str) -> String {
    let value = plan.planned().at(name);
    value.text().map_or_else(
        || if value.is_unknown() { "unknown" } else { "null" }.to_owned(),
        str::to_owned,
    )
}

#[test]
fn a_new_one_has_its_name_from_the_job_and_from_what_is_asked_for() {
    let plan = new(&json!({"deployment_name": "orders", "triggers": {"release": "1"}}));
    let name = text(&plan, "name");
    assert!(name.starts_with("orders-savepoint-") && name.len() == 27, "{name}");
    assert_eq!(text(&plan, "id"), format!("team/{name}"));
    assert_eq!(text(&plan, "job_id"), "unknown");
    let again = new(&json!({"deployment_name": "orders", "triggers": {"release": "1"}}));
    assert_eq!(text(&again, "name"), name, "planned again, it is the same");
    for other in [
        json!({"deployment_name": "orders", "triggers": {"release": "2"}}),
        json!({"deployment_name": "orders", "triggers": {"release": "1"}, "path": "s3://b"}),
        json!({"session_job_name": "bills", "triggers": {"release": "1"}}),
    ] {
        assert_ne!(text(&new(&other), "name"), name, "{other}");
    }
}

#[test]
fn what_is_not_known_yet_stays_open() {
    for config in [
        json!({"deployment_name": UNKNOWN}),
        json!({"deployment_name": "orders", "triggers": {"image": UNKNOWN}}),
        json!({"deployment_name": "orders", "path": UNKNOWN}),
    ] {
        let plan = new(&config);
        assert_eq!(
            (text(&plan, "name"), text(&plan, "id")),
            ("unknown".into(), "unknown".into()),
            "{config}"
        );
    }
    let set = new(&json!({"deployment_name": UNKNOWN, "name": "mine", "namespace": "data"}));
    assert_eq!(text(&set, "id"), "data/mine");
}

#[test]
fn at_a_url_there_is_no_object() {
    let plan = new(&json!({"job_manager_url": "https://flink.example.com"}));
    let planned = ["name", "namespace", "id", "job_id"].map(|name| text(&plan, name));
    assert_eq!(planned, ["null", "null", "unknown", "unknown"]);
    let plan = new(&json!({"job_manager_url": UNKNOWN}));
    assert_eq!(text(&plan, "name"), "unknown");
}

fn prior(state: &str) -> Value {
    of_block(
        &Savepoint::block(),
        &json!({"name": "orders-savepoint-1", "namespace": "team", "deployment_name": "orders", "id": "team/orders-savepoint-1",
                "triggers": {"release": "1"}, "job_id": "a1", "state": state, "location": "s3://b/savepoint-1"}),
    )
}

#[test]
fn a_change_of_triggers_takes_a_new_one() {
    let config = |release: &str| json!({"deployment_name": "orders", "triggers": {"release": release}});
    let plan = planned(&config("1"), &prior("COMPLETED"), false);
    assert_eq!((plan.action(), plan.is_replace()), (Action::Nothing, false));
    let plan = planned(&config("2"), &prior("COMPLETED"), false);
    assert_eq!(plan.requires_replace, [AttributePath::of(["triggers"])]);
    let plan = planned(&config("2"), &prior("COMPLETED"), true);
    assert!(!plan.is_replace(), "an import does not know them");
    assert_eq!(text(&plan, "location"), "s3://b/savepoint-1");
}

#[test]
fn what_the_job_or_the_snapshot_is_needs_a_new_one_and_the_rest_does_not() {
    let base = json!({"deployment_name": "orders", "triggers": {"release": "1"}});
    let with = |name: &str, value: Json| {
        let mut config = base.clone();
        config[name] = value;
        planned(&config, &prior("COMPLETED"), false)
    };
    for (name, value) in [
        ("path", json!("s3://c")),
        ("format_type", json!("NATIVE")),
        ("name", json!("other")),
    ] {
        assert!(with(name, value).is_replace(), "{name}");
    }
    for (name, value) in [
        ("dispose_on_destroy", json!(true)),
        ("backoff_limit", json!(5)),
        ("timeouts", json!({"create": "1h"})),
    ] {
        let plan = with(name, value);
        assert!(!plan.is_replace() && plan.action() == Action::Update, "{name}");
        assert_eq!(text(&plan, "location"), "s3://b/savepoint-1", "{name}");
    }
    for (name, same) in [
        ("format_type", json!("CANONICAL")),
        ("dispose_on_destroy", json!(false)),
        ("backoff_limit", json!(2)),
    ] {
        assert!(with(name, same).changes.is_empty(), "{name}");
    }
}

#[test]
fn one_that_is_not_complete_is_waited_for_again() {
    let config = json!({"deployment_name": "orders", "triggers": {"release": "1"}});
    for state in ["IN_PROGRESS", "FAILED"] {
        let plan = planned(&config, &prior(state), false);
        assert_eq!(plan.action(), Action::Update, "{state}");
        assert_eq!(
            (text(&plan, "location"), text(&plan, "job_id")),
            ("unknown".into(), "a1".into())
        );
    }
}

#[test]
fn it_stays_where_it_is_when_the_provider_s_namespace_changes() {
    let block = Savepoint::block();
    let config = of_block(
        &block,
        &json!({"deployment_name": "orders", "triggers": {"release": "1"}}),
    );
    let mut plan = Plan::inputs(&block, &config, &prior("COMPLETED"));
    let warnings = modify::<Savepoint>(&mut plan, &DefaultNamespace::Known("other".to_owned()), false);
    assert_eq!(warnings.iter().count(), 1);
    assert_eq!(plan.action(), Action::Nothing);
}
