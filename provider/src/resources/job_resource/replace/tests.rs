use serde_json::{Value as Json, json};
use terraform_plugin::Private;
use terraform_schema::Model;

use super::*;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_deployment::sample::{UNKNOWN, application, changed, resource};

fn state(changes: &[(&str, Json)]) -> Json {
    let facts = [
        ("/namespace", json!("team")),
        ("/mode", json!("standalone")),
        ("/uid", json!("6f1c")),
    ];
    changed(changed(application(), &facts), changes)
}

/// Plans a change of an application, and returns what is planned, what is said, and what is kept in private.
fn planned(prior: Option<&Json>, config: &Json, private: &Private) -> (Plan, Vec<String>, Private) {
    let block = Deployment::block();
    let prior = prior.map_or(Value::Null, resource);
    let mut plan_of = Plan::inputs(&block, &resource(config), &prior);
    // As the server marks it: the first plan by what it changes, the second by what the first one was.
    let mark = match (prior.is_null(), private.is_empty()) {
        (false, _) if plan_of.is_replace() => PlanMark::Replace,
        (false, _) => PlanMark::Update,
        (true, true) => PlanMark::Create,
        (true, false) => PlanMark::Replace,
    };
    let cx = PlanContext::new(&(), true, private, mark);
    let said = plan::<Deployment, _>(&mut plan_of, &cx);
    let said = said
        .iter()
        .map(|said| format!("{}: {}", said.path, said.summary))
        .collect();
    (plan_of, said, cx.into_planned())
}

fn successor_in(private: &Private) -> Option<&str> {
    private.get("successor").map(String::as_str)
}

#[test]
fn a_replacement_says_who_follows() {
    let prior = state(&[]);
    type Changes = Vec<(&'static str, Json)>;
    let rows: Vec<(&str, Changes, Option<&str>)> = vec![
        ("in place", vec![("/job/parallelism", json!(7))], None),
        ("another mode", vec![("/mode", json!("native"))], Some("team/orders")),
        ("another name", vec![("/name", json!("clicks"))], Some("team/clicks")),
        (
            "another namespace",
            vec![("/namespace", json!("other"))],
            Some("other/orders"),
        ),
        ("a name that is not known", vec![("/name", json!(UNKNOWN))], Some("?")),
        ("no job any more", vec![("/job", Json::Null)], Some("")),
    ];
    for (what, changes, expected) in rows {
        let (_, _, private) = planned(Some(&prior), &state(&changes), &Private::new());
        assert_eq!(successor_in(&private), expected, "{what}");
        if expected.is_some() {
            // The second plan has no prior state, and says the same.
            let before = Private::from([("uid".to_owned(), "6f1c".to_owned())]);
            let (_, _, private) = planned(None, &state(&changes), &before);
            assert_eq!(successor_in(&private), expected, "{what}, the second plan");
        }
    }
    // A replacement that failed left its word behind; an update is none.
    let before = Private::from([("successor".to_owned(), "team/clicks".to_owned())]);
    let (_, _, private) = planned(Some(&prior), &state(&[("/job/parallelism", json!(7))]), &before);
    assert_eq!(successor_in(&private), None);
}

#[test]
fn another_name_is_warned_of() {
    let said = |changes: &[(&str, Json)]| planned(Some(&state(&[])), &state(changes), &Private::new()).1;
    let warning = "State is handed over only if the former job is stopped first";
    assert_eq!(said(&[("/name", json!("clicks"))]), [format!("name: {warning}")]);
    assert_eq!(
        said(&[("/namespace", json!("other"))]),
        [format!("namespace: {warning}")]
    );
    assert_eq!(said(&[("/mode", json!("native"))]), Vec::<String>::new());
}

#[test]
fn what_is_protected_is_neither_destroyed_nor_replaced() {
    let refused = "Deployment is protected";
    let prior = state(&[("/deletion_protection", json!(true))]);
    let (_, said, _) = planned(Some(&prior), &state(&[("/mode", json!("native"))]), &Private::new());
    assert_eq!(said, [format!(": {refused}")]);

    // `-replace`: the first plan sees no reason to, and hands over what the second one has to know.
    let (_, said, private) = planned(Some(&prior), &prior, &Private::new());
    assert_eq!(said, Vec::<String>::new());
    let (_, said, _) = planned(None, &prior, &private);
    assert_eq!(said, [format!(": {refused}")]);

    // What counts is what was applied.
    let (_, said, private) = planned(Some(&state(&[])), &prior, &private);
    assert_eq!(said, Vec::<String>::new());
    assert!(!private.contains_key("protected"));

    let destroyed = |prior: &Json| plan_destroy::<Deployment>(&View::of(&resource(prior))).has_errors();
    assert!(destroyed(&prior) && !destroyed(&state(&[])));
}

#[test]
fn another_initial_savepoint_ends_what_was_handed_over() {
    let prior = state(&[
        ("/restored_from", json!("s3://a/s-1")),
        ("/job/initial_savepoint_path", json!("s3://a/s-0")),
    ]);
    let restored_from = |path: Json| {
        let config = state(&[("/job/initial_savepoint_path", path)]);
        let (plan, _, _) = planned(Some(&prior), &config, &Private::new());
        plan.planned().at("restored_from").text().map(str::to_owned)
    };
    assert_eq!(restored_from(json!("s3://a/s-0")).as_deref(), Some("s3://a/s-1"));
    assert_eq!(restored_from(json!("s3://a/s-2")), None);
    // Where it is only taken out of the configuration, a job that has not run yet still needs its state.
    assert_eq!(restored_from(Json::Null).as_deref(), Some("s3://a/s-1"));
}

#[test]
fn where_a_job_begins() {
    use Beginning::{Configured, HandedOver, Unclear};
    let left = |configured: Option<&str>| HandOver {
        location: "s3://a/s-1".into(),
        from: "team/orders".into(),
        from_uid: "6f1c".into(),
        configured: configured.map(str::to_owned),
        left_at: Some("2026-01-01T00:00:00Z".parse().unwrap()),
        name: "orders-flinkdeployment-hand-over".into(),
        uid: "h".into(),
    };
    let (soon, late) = ("2026-01-01T00:10:00Z", "2026-01-08T00:00:00Z");
    for (what, configured, former, now, expected) in [
        ("nothing configured", None, None, soon, HandedOver),
        (
            "what it began with long ago",
            Some("s3://a/s-0"),
            Some("s3://a/s-0"),
            soon,
            HandedOver,
        ),
        (
            "the former one had a beginning",
            None,
            Some("s3://a/s-0"),
            soon,
            HandedOver,
        ),
        (
            "another beginning",
            Some("s3://a/s-2"),
            Some("s3://a/s-0"),
            soon,
            Configured,
        ),
        (
            "a beginning for the first time",
            Some("s3://a/s-2"),
            None,
            soon,
            Configured,
        ),
        ("the very state, by hand", Some("s3://a/s-1"), None, late, Configured),
        ("weeks later", None, None, late, Unclear),
        (
            "weeks later, with an old beginning",
            Some("s3://a/s-0"),
            Some("s3://a/s-0"),
            late,
            Unclear,
        ),
    ] {
        assert_eq!(
            beginning(configured, &left(former), now.parse().unwrap()),
            expected,
            "{what}"
        );
    }
}
