use serde_json::{Value as Json, json};
use terraform_schema::Model;
use terraform_schema::plan::Action;

use super::*;
use crate::resources::flink_deployment::model::Deployment;
use crate::resources::flink_session_job::model::SessionJob;
use crate::resources::sample::{UNKNOWN, changed, of_block};

const PATH: &str = "s3://flink/savepoints/savepoint-1";

/// A plan of nonces alone.
struct Case {
    prior: Json,
    config: Json,
    private: Private,
}

impl Case {
    /// A deployment whose state is `prior` and whose configuration is `config`, both laid over the same application.
    fn new(prior: &[(&str, Json)], config: &[(&str, Json)]) -> Self {
        let application = json!({
            "name": "orders", "service_account": "flink", "flink_version": "v1_20",
            "job": {"jar_uri": "local:///a.jar", "parallelism": 2},
        });
        Self {
            prior: changed(
                changed(application.clone(), &[("/lifecycle_state", json!("STABLE"))]),
                prior,
            ),
            config: changed(application, config),
            private: Private::new(),
        }
    }

    fn with_private(mut self, name: &str, value: &Json) -> Self {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.private.insert(name.to_owned(), text);
        self
    }

    fn plan(&self) -> (Plan, Vec<String>) {
        let block = Deployment::block();
        let (config, prior) = (of_block(&block, &self.config), of_block(&block, &self.prior));
        let mut plan = Plan::inputs(&block, &config, &prior);
        let said = update(&mut plan, &self.private);
        let said = said.iter().map(|said| format!("{}: {}", said.path, said.summary));
        (plan, said.collect())
    }

    /// The planned `restart_nonce`, and the class of the plan.
    fn restart(&self) -> (Seen<i64>, Option<UpdateClass>) {
        let (plan, said) = self.plan();
        assert_eq!(said, Vec::<String>::new());
        (plan.planned().at(RESTART_NONCE).get(), plan.class())
    }

    /// The planned `savepoint_redeploy_nonce` and `initial_savepoint_path`, the class of the plan and what was said.
    fn redeploy(&self) -> (Seen<i64>, Seen<String>, Option<UpdateClass>, Vec<String>) {
        let (plan, said) = self.plan();
        let planned = plan.planned();
        (
            planned.at(REDEPLOY_NONCE).get(),
            planned.at(INITIAL_PATH).get(),
            plan.class(),
            said,
        )
    }
}

fn triggers(text: &str) -> (&'static str, Json) {
    ("/restart_triggers", json!({"config": text}))
}

fn nonce(number: i64) -> (&'static str, Json) {
    ("/restart_nonce", json!(number))
}

#[test]
fn a_changed_trigger_is_the_next_number() {
    use Seen::{Known, Null, Unknown};
    use UpdateClass::{Local, Restart};
    let unknown = ("/restart_triggers", json!({"config": UNKNOWN}));
    let empty = ("/restart_triggers", json!({}));
    for (what, prior, config, expected) in [
        ("the first", vec![], vec![triggers("a")], (Known(1), Some(Restart))),
        (
            "no change",
            vec![triggers("a"), nonce(4)],
            vec![triggers("a")],
            (Known(4), None),
        ),
        (
            "another text",
            vec![triggers("a"), nonce(4)],
            vec![triggers("b")],
            (Known(5), Some(Restart)),
        ),
        (
            "back again",
            vec![triggers("b"), nonce(5)],
            vec![triggers("a")],
            (Known(6), Some(Restart)),
        ),
        (
            "one key less",
            vec![triggers("a"), nonce(1)],
            vec![empty],
            (Known(2), Some(Restart)),
        ),
        (
            "taken away",
            vec![triggers("a"), nonce(4)],
            vec![],
            (Known(4), Some(Local)),
        ),
        (
            "taken away before any",
            vec![triggers("a")],
            vec![],
            (Null, Some(Local)),
        ),
        (
            "not known yet",
            vec![triggers("a"), nonce(4)],
            vec![unknown],
            (Unknown, Some(Restart)),
        ),
        (
            "after one by hand",
            vec![nonce(7)],
            vec![triggers("a")],
            (Known(8), Some(Restart)),
        ),
        (
            "after one of kubectl",
            vec![triggers("a"), nonce(-3)],
            vec![triggers("b")],
            (Known(-2), Some(Restart)),
        ),
        (
            "after the greatest",
            vec![triggers("a"), nonce(i64::MAX)],
            vec![triggers("b")],
            (Known(1), Some(Restart)),
        ),
    ] {
        assert_eq!(Case::new(&prior, &config).restart(), expected, "{what}");
    }
}

#[test]
fn a_number_that_the_operator_acted_on_is_not_used_again() {
    let case = Case::new(&[triggers("a")], &[triggers("b")]).with_private(private::NONCES, &json!({"restart": 6}));
    assert_eq!(case.restart(), (Seen::Known(7), Some(UpdateClass::Restart)));
}

#[test]
fn what_an_imported_object_is_first_given_is_only_written_down() {
    let imported = |prior: &[(&str, Json)], config: &[(&str, Json)]| {
        Case::new(prior, config).with_private(private::IMPORTED, &json!("true"))
    };
    let kept = imported(&[nonce(3)], &[triggers("a")]);
    assert_eq!(kept.restart(), (Seen::Known(3), Some(UpdateClass::Local)));
    let later = imported(&[nonce(3), triggers("a")], &[triggers("b")]);
    assert_eq!(later.restart(), (Seen::Known(4), Some(UpdateClass::Restart)));
    let block = ("/redeploy", json!({"path": PATH, "trigger": "1"}));
    let redeployed = imported(&[], &[block]);
    let said = vec!["redeploy.trigger: Nothing is redeployed".to_owned()];
    assert_eq!(
        redeployed.redeploy(),
        (Seen::Null, Seen::Null, Some(UpdateClass::Local), said)
    );
}

#[test]
fn what_a_lost_answer_may_have_fired_is_not_fired_again() {
    let unanswered = json!({"unanswered": {"restart": [5, {"config": "b"}], "redeploy": [2, "two"]}});
    let restart = |number: i64, text: &str| {
        Case::new(&[triggers("a"), nonce(number)], &[triggers(text)])
            .with_private(private::NONCES, &unanswered)
            .restart()
    };
    use UpdateClass::{Local, Restart};
    // It arrived; it did not; it arrived, and something else is asked for now.
    assert_eq!(restart(5, "b"), (Seen::Known(5), Some(Local)));
    assert_eq!(restart(4, "b"), (Seen::Known(5), Some(Restart)));
    assert_eq!(restart(5, "c"), (Seen::Known(6), Some(Restart)));

    let redeploy = |number: i64| {
        let block = |trigger: &str| ("/redeploy", json!({"path": PATH, "trigger": trigger}));
        let redeployed = ("/job/savepoint_redeploy_nonce", json!(number));
        let path = ("/job/initial_savepoint_path", json!(PATH));
        let case = Case::new(&[block("one"), redeployed, path], &[block("two")]);
        let (nonce, _, class, _) = case.with_private(private::NONCES, &unanswered).redeploy();
        (nonce, class)
    };
    assert_eq!(redeploy(2), (Seen::Known(2), Some(Local)));
    assert_eq!(redeploy(1), (Seen::Known(2), Some(UpdateClass::Redeploy)));
}

#[test]
fn a_redeployment_is_a_path_and_the_next_number() {
    use Seen::{Known, Null, Unknown};
    use UpdateClass::{Local, Redeploy};
    let block = |path: &str, trigger: &str| ("/redeploy", json!({"path": path, "trigger": trigger}));
    let before = |trigger: &str| {
        vec![
            block("s3://old", trigger),
            ("/job/savepoint_redeploy_nonce", json!(3)),
            ("/job/initial_savepoint_path", json!("s3://old")),
        ]
    };
    let known = |text: &str| Known(text.to_owned());
    let discarded = vec!["redeploy.trigger: Present state of the job is discarded".to_owned()];
    let nothing = vec!["redeploy.path: Nothing is redeployed".to_owned()];
    for (what, prior, config, expected) in [
        (
            "the first",
            vec![],
            vec![block(PATH, "1")],
            (Known(1), known(PATH), Some(Redeploy), discarded.clone()),
        ),
        (
            "another trigger",
            before("1"),
            vec![block(PATH, "2")],
            (Known(4), known(PATH), Some(Redeploy), discarded.clone()),
        ),
        (
            "the same path",
            before("1"),
            vec![block("s3://old", "2")],
            (Known(4), known("s3://old"), Some(Redeploy), discarded),
        ),
        (
            "another path",
            before("1"),
            vec![block(PATH, "1")],
            (Known(3), known("s3://old"), Some(Local), nothing),
        ),
        (
            "no change",
            before("1"),
            vec![block("s3://old", "1")],
            (Known(3), known("s3://old"), None, vec![]),
        ),
        (
            "taken away",
            before("1"),
            vec![],
            (Known(3), known("s3://old"), Some(Local), vec![]),
        ),
        (
            "trigger not known yet",
            before("1"),
            vec![block(PATH, UNKNOWN)],
            (Unknown, Unknown, Some(Redeploy), vec![]),
        ),
        (
            "path not known yet",
            before("1"),
            vec![block(UNKNOWN, "2")],
            (Known(4), Unknown, Some(Redeploy), vec![]),
        ),
        ("nothing ever", vec![], vec![], (Null, Null, None, vec![])),
    ] {
        assert_eq!(Case::new(&prior, &config).redeploy(), expected, "{what}");
    }
}

#[test]
fn a_new_object_has_no_nonce_and_starts_from_the_path() {
    let block = SessionJob::block();
    let config = json!({
        "name": "orders", "deployment_name": "session", "job": {"jar_uri": "https://example.com/a.jar", "parallelism": 1},
        "restart_triggers": {"a": "b"}, "redeploy": {"path": PATH, "trigger": "1"},
    });
    let mut plan = Plan::inputs(&block, &of_block(&block, &config), &Value::Null);
    create(&mut plan);
    for name in KEPT.into_iter().filter(|name| *name != INITIAL_PATH) {
        assert!(plan.planned().at(name).is_null(), "{name}");
    }
    assert_eq!(plan.planned().at(INITIAL_PATH).text(), Some(PATH));
    assert_eq!(plan.action(), Action::Create);
}

#[test]
fn an_initial_path_that_comes_too_late_says_what_to_do() {
    let path = ("/job/initial_savepoint_path", json!(PATH));
    let said = |prior: &[(&str, Json)], config: &[(&str, Json)]| Case::new(prior, config).redeploy().3;
    let late = ["job.initial_savepoint_path: Initial savepoint is not used any more"];
    assert_eq!(said(&[], std::slice::from_ref(&path)), late);
    assert_eq!(
        said(
            &[("/job/initial_savepoint_path", json!("s3://old"))],
            std::slice::from_ref(&path)
        ),
        late
    );
    // It stays in the object, and a job that was never deployed has still to look at it.
    assert!(said(std::slice::from_ref(&path), &[]).is_empty());
    assert!(said(&[("/lifecycle_state", json!(null))], std::slice::from_ref(&path)).is_empty());
    // With a nonce that is counted by hand it is what counts.
    let by_hand = [path, ("/job/savepoint_redeploy_nonce", json!(1))];
    assert_eq!(
        said(&[], &by_hand),
        ["job.savepoint_redeploy_nonce: Present state of the job is discarded"]
    );
    assert_eq!(
        said(&by_hand[..1], &[("/job/savepoint_redeploy_nonce", json!(1))]),
        ["job.savepoint_redeploy_nonce: No savepoint to redeploy from"]
    );
}

#[test]
fn nothing_is_counted_twice() {
    let block = Deployment::block();
    let said = |changes: &[(&str, Json)]| {
        let case = Case::new(&[], changes);
        let config = of_block(&block, &case.config);
        let said = problems(&View::of(&config));
        said.iter()
            .map(|said| format!("{}: {}", said.path, said.summary))
            .collect::<Vec<_>>()
    };
    let redeploy = ("/redeploy", json!({"path": PATH, "trigger": "1"}));
    assert_eq!(said(&[nonce(1), triggers("a")]), ["restart_nonce: Nonce counted twice"]);
    assert_eq!(
        said(&[redeploy.clone(), ("/job/savepoint_redeploy_nonce", json!(1))]),
        ["job.savepoint_redeploy_nonce: Nonce counted twice"]
    );
    assert_eq!(
        said(&[redeploy.clone(), ("/job/initial_savepoint_path", json!(PATH))]),
        ["job.initial_savepoint_path: Two paths to start from"]
    );
    assert_eq!(
        said(&[redeploy.clone(), ("/job", json!(null))]),
        ["redeploy: Nothing to redeploy"]
    );
    assert!(said(&[redeploy, triggers("a")]).is_empty());
    assert!(said(&[("/restart_nonce", json!(UNKNOWN)), triggers("a")]).is_empty());
}
