//! What a plan may say.

use terraform_plugin::PlanMark;
use terraform_schema::{Diagnostic, Diagnostics, Value};

use crate::rig::{Ask, Rig, mark};
use crate::rogue::{ModifyPlan, Rogue, error, made, thing, with};

fn config() -> Value {
    thing(&[("name", "a".into()), ("size", 3.into())])
}

#[tokio::test]
async fn a_configured_value_is_planned_as_it_is_or_as_it_was() {
    let rig = Rig::new(Rogue {
        modify_plan: |plan, _| {
            plan.set("size", 4.into());
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    for ask in [Ask::create(&config()), Ask::update(&made(&config()), &config())] {
        let answer = rig.plan(ask).await;
        answer.said.refused(&[
            "`size`",
            "neither the configured nor the prior one",
            "bug in the provider",
        ]);
        assert_eq!(
            answer.raw.diagnostics[0]
                .attribute
                .as_ref()
                .map(crate::rig::path_text)
                .as_deref(),
            Some("size")
        );
        assert!(answer.planned.is_null(), "no plan goes out with an error");
    }
    // The prior value is allowed: so a resource says that both mean the same.
    let rig = Rig::new(Rogue {
        modify_plan: |plan, _| {
            let prior = plan.prior().at("size").value().clone();
            plan.set("size", prior);
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    let prior = made(&thing(&[("name", "a".into()), ("size", 2.into())]));
    let answer = rig.plan(Ask::update(&prior, &config())).await;
    answer.said.fine();
    assert_eq!(answer.planned.member("size"), &Value::from(2));
}

#[tokio::test]
async fn only_what_is_computed_and_unset_may_be_unknown() {
    let rig = Rig::new(Rogue {
        modify_plan: |plan, _| {
            let name = if plan.config().at("size").is_null() {
                "size"
            } else {
                "note"
            };
            plan.set(name, Value::Unknown);
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    let unset = thing(&[("name", "a".into())]);
    rig.plan(Ask::create(&unset))
        .await
        .said
        .refused(&["`size`", "only a computed attribute"]);
    let set = with(&config(), &[("note", "mine".into())]);
    rig.plan(Ask::create(&set))
        .await
        .said
        .refused(&["`note`", "neither the configured nor the prior one"]);
    // Unset and computed: fine.
    rig.plan(Ask::create(&config())).await.said.fine();
}

#[tokio::test]
async fn what_is_not_set_and_not_computed_stays_null() {
    let rig = Rig::new(Rogue {
        modify_plan: |plan, _| {
            plan.set("size", 1.into());
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    let answer = rig.plan(Ask::create(&thing(&[("name", "a".into())]))).await;
    answer.said.refused(&["`size`", "not set and not computed"]);
}

#[tokio::test]
async fn write_only_values_are_null_in_a_plan() {
    let rig = Rig::new(Rogue {
        modify_plan: |plan, _| {
            let secret = plan.config().at("secret").value().clone();
            plan.set("secret", secret);
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    let config = with(&config(), &[("secret", "s3cr3t".into())]);
    let answer = rig.plan(Ask::create(&config)).await;
    answer.said.refused(&["`secret`", "write-only"]);
    assert!(!answer.said.errors().contains("s3cr3t"), "no message holds a secret");

    let rig = Rig::new(Rogue::default()).await;
    let answer = rig.plan(Ask::create(&config)).await;
    answer.said.fine();
    assert!(answer.planned.member("secret").is_null());
}

#[tokio::test]
async fn blocks_are_planned_as_they_are_configured() {
    let part = |kind: &str| Value::map([("kind", Value::string(kind)), ("pin", Value::Null)]);
    let config = with(&config(), &[("part", Value::List(vec![part("x")]))]);
    let cases: [(ModifyPlan, &str); 4] = [
        (
            |plan, _| {
                plan.set("part", Value::List(Vec::new()));
                Diagnostics::new()
            },
            "another number of blocks",
        ),
        (
            |plan, _| {
                plan.set("part", Value::Null);
                Diagnostics::new()
            },
            "empty rather than null",
        ),
        (
            |plan, _| {
                plan.set("part", Value::Unknown);
                Diagnostics::new()
            },
            "never unknown",
        ),
        (
            |plan, _| {
                let other = Value::map([("kind", Value::string("y")), ("pin", Value::Null)]);
                plan.set("part", Value::List(vec![other]));
                Diagnostics::new()
            },
            "`part[0].kind`",
        ),
    ];
    for (modify_plan, words) in cases {
        let rig = Rig::new(Rogue {
            modify_plan,
            ..Rogue::default()
        })
        .await;
        rig.plan(Ask::create(&config)).await.said.refused(&["part", words]);
    }
}

#[tokio::test]
async fn a_destroy_plan_is_null_and_can_be_refused() {
    let prior = made(&config());
    let answer = Rig::new(Rogue::default()).await.plan(Ask::destroy(&prior)).await;
    answer.said.fine();
    assert!(answer.planned.is_null());
    assert_eq!(mark(&answer.private), "destroy");

    let rig = Rig::new(Rogue {
        plan_destroy: |_| error("Protected"),
        ..Rogue::default()
    })
    .await;
    rig.plan(Ask::destroy(&prior)).await.said.refused(&["Protected"]);

    let rig = Rig::new(Rogue {
        plan_destroy: |_| Diagnostic::warning("Careful").into(),
        ..Rogue::default()
    })
    .await;
    let answer = rig.plan(Ask::destroy(&prior)).await;
    answer.said.fine();
    assert!(answer.said.warnings().contains("Careful"));
}

/// Terraform does not say what a plan is for. What it does send, in each case, is from its own source
/// (`NodeAbstractResourceInstance.plan` and `planDestroy`).
#[tokio::test]
async fn every_plan_carries_the_mark_of_its_kind() {
    let rig = Rig::new(Rogue::default()).await;
    let stored = br#"{"provider":{"uid":"7"}}"#.to_vec();
    let prior = made(&config());
    let renamed = with(&config(), &[("name", "b".into())]);
    let resized = with(&config(), &[("size", 9.into())]);

    let create = rig.plan(Ask::create(&config())).await;
    assert_eq!(mark(&create.private), "create");
    assert!(create.replaces.is_empty());

    let update = rig
        .plan(Ask {
            private: stored.clone(),
            ..Ask::update(&prior, &resized)
        })
        .await;
    assert_eq!(mark(&update.private), "update");

    // A replacement: the first plan sees the change, the second has no prior state and gets the first one's private state.
    let first = rig
        .plan(Ask {
            private: stored.clone(),
            ..Ask::update(&prior, &renamed)
        })
        .await;
    assert_eq!(first.replaces, ["name"]);
    assert_eq!(mark(&first.private), "replace");
    let second = rig
        .plan(Ask {
            private: first.private,
            ..Ask::create(&renamed)
        })
        .await;
    assert_eq!(mark(&second.private), "replace");
    assert!(second.replaces.is_empty());
    assert!(
        String::from_utf8_lossy(&second.private).contains(r#""uid":"7""#),
        "the destroy leg needs it"
    );

    // `-replace`: the first plan changes nothing, and there is a second one all the same.
    let first = rig
        .plan(Ask {
            private: stored,
            ..Ask::update(&prior, &config())
        })
        .await;
    assert_eq!(first.planned, prior);
    let second = rig
        .plan(Ask {
            private: first.private,
            ..Ask::create(&config())
        })
        .await;
    assert_eq!(mark(&second.private), "replace");

    // Tainted: no prior state, no private state, one plan.
    let tainted = rig.plan(Ask::create(&config())).await;
    assert_eq!(mark(&tainted.private), "create");
}

#[tokio::test]
async fn a_resource_sees_the_mark_and_its_private_state() {
    let rig = Rig::new(Rogue {
        modify_plan: |_, cx| {
            assert!(cx.configured);
            let uid = cx.private.get("uid").cloned().unwrap_or_default();
            Diagnostic::warning(format!("{} {uid}", cx.mark.as_str())).into()
        },
        ..Rogue::default()
    })
    .await;
    let renamed = with(&config(), &[("name", "b".into())]);
    let private = br#"{"provider":{"uid":"7"}}"#.to_vec();
    let answer = rig
        .plan(Ask {
            private,
            ..Ask::update(&made(&config()), &renamed)
        })
        .await;
    assert!(
        answer.said.warnings().contains("replace 7"),
        "{}",
        answer.said.warnings()
    );
    assert_eq!(PlanMark::parse(Some("replace")), PlanMark::Replace);
}

#[tokio::test]
async fn what_a_resource_plans_to_keep_is_in_the_plan() {
    let rig = Rig::new(Rogue {
        modify_plan: |_, cx| {
            cx.plan_private("successor", Some("b".to_owned()));
            cx.plan_private("uid", None);
            Diagnostics::new()
        },
        ..Rogue::default()
    })
    .await;
    let renamed = with(&config(), &[("name", "b".into())]);
    let private = br#"{"provider":{"uid":"7","kept":"1"}}"#.to_vec();
    let answer = rig
        .plan(Ask {
            private,
            ..Ask::update(&made(&config()), &renamed)
        })
        .await;
    let planned = String::from_utf8_lossy(&answer.private).into_owned();
    assert!(
        planned.contains(r#""successor":"b""#) && planned.contains(r#""kept":"1""#) && !planned.contains("uid"),
        "{planned}"
    );
    assert_eq!(mark(&answer.private), "replace");
}

#[tokio::test]
async fn the_same_question_has_the_same_answer() {
    let rig = Rig::new(Rogue::default()).await;
    let ask = Ask::update(&made(&config()), &with(&config(), &[("size", Value::Unknown)]));
    let (first, second) = (rig.plan(ask.clone()).await, rig.plan(ask).await);
    assert_eq!(first.raw, second.raw);
    assert!(first.planned.member("fact").is_unknown());
    assert!(!first.raw.legacy_type_system && first.raw.deferred.is_none());
}

#[tokio::test]
async fn a_panic_in_a_plan_is_an_error() {
    let rig = Rig::new(Rogue {
        modify_plan: |_, _| panic!("no idea"),
        ..Rogue::default()
    })
    .await;
    rig.plan(Ask::create(&config()))
        .await
        .said
        .refused(&["no idea", "bug in the provider"]);
}

#[tokio::test]
async fn write_only_arguments_need_a_terraform_that_can() {
    let rig = Rig::new(Rogue::default()).await;
    let part = Value::map([("kind", Value::string("x")), ("pin", Value::string("1234"))]);
    let config = with(&config(), &[("secret", "s".into()), ("part", Value::List(vec![part]))]);
    rig.validate(&config, true).await.fine();
    rig.validate(&config, false)
        .await
        .refused(&["`secret`", "`part[0].pin`", "1.11"]);
    rig.validate(&crate::planning::config(), false).await.fine();
}

#[tokio::test]
async fn unknown_values_pass_validation_and_known_ones_are_checked() {
    let rig = Rig::new(Rogue {
        validate: |config| match config.at("size").get::<i64>() {
            terraform_schema::Seen::Known(size) if size < 0 => {
                Diagnostic::error("Negative size").at(config.at("size").path()).into()
            }
            _ => Diagnostics::new(),
        },
        ..Rogue::default()
    })
    .await;
    rig.validate(&with(&config(), &[("size", Value::Unknown)]), true)
        .await
        .fine();
    let said = rig.validate(&with(&config(), &[("size", (-1).into())]), true).await;
    said.refused(&["Negative size"]);
    assert_eq!(
        said.0[0].attribute.as_ref().map(crate::rig::path_text).as_deref(),
        Some("size")
    );
}

/// What lives is looked at for plans that do something, warns, and refuses; it is not asked about what stays as it is.
#[tokio::test]
async fn a_look_at_what_lives_warns_and_refuses() {
    let warns = Rig::new(Rogue {
        check_plan: |_, cx| {
            cx.warn(Diagnostic::warning("Seen on the way"));
            Diagnostic::warning("Seen").into()
        },
        ..Rogue::default()
    })
    .await;
    let summaries = |answer: &crate::rig::PlanAnswer| {
        let of = answer.raw.diagnostics.iter();
        of.map(|said| said.summary.clone()).collect::<Vec<_>>()
    };
    let prior = made(&config());
    let bigger = with(&config(), &[("size", 4.into())]);
    for ask in [Ask::create(&config()), Ask::update(&prior, &bigger)] {
        let answer = warns.plan(ask).await;
        assert_eq!(summaries(&answer), ["Seen on the way", "Seen"]);
        assert!(!answer.planned.is_null());
    }
    let unchanged = warns.plan(Ask::update(&prior, &config())).await;
    assert!(summaries(&unchanged).is_empty(), "nothing changes");

    let refuses = Rig::new(Rogue {
        check_plan: |_, _| error("Cannot work"),
        ..Rogue::default()
    })
    .await;
    let answer = refuses.plan(Ask::create(&config())).await;
    answer.said.refused(&["Cannot work"]);
    assert!(answer.planned.is_null());

    let panics = Rig::new(Rogue {
        check_plan: |_, _| panic!("over its own feet"),
        ..Rogue::default()
    })
    .await;
    panics
        .plan(Ask::create(&config()))
        .await
        .said
        .refused(&["Bug in the provider"]);
}
