//! The computed attribute `change`.

mod differences;
mod said;
mod state;

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
