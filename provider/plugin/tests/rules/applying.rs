//! What comes back from an apply, and what is saved when something fails.

use terraform_schema::{Diagnostic, Model as _, Value};

use crate::rig::{Ask, Rig, identity};
use crate::rogue::{Delete, Rogue, Thing, Write, error, made, thing, with};

fn config() -> Value {
    thing(&[("name", "a".into()), ("size", 3.into())])
}

fn resized() -> Value {
    with(&config(), &[("size", 9.into())])
}

fn wholly_known(value: &Value) -> bool {
    value.is_wholly_known()
}

#[tokio::test]
async fn what_was_planned_comes_back_unchanged() {
    let other: fn(Value) -> _ = |written| Ok(with(&written, &[("size", 7.into()), ("note", "other".into())]));
    let config = with(&config(), &[("note", "mine".into())]);

    let saved = Rig::new(Rogue {
        settle: other,
        ..Rogue::default()
    })
    .await
    .change(Ask::create(&config))
    .await;
    saved.said.fine();
    assert_eq!(saved.state, with(&config, &[("fact", "made".into())]));

    let saved = Rig::strict(Rogue {
        settle: other,
        ..Rogue::default()
    })
    .await
    .change(Ask::create(&config))
    .await;
    saved
        .said
        .refused(&["`size`", "`note`", "another meaning than was planned"]);
    assert_eq!(
        saved.state,
        with(&config, &[("fact", "made".into())]),
        "what is saved is the same"
    );
}

#[tokio::test]
async fn nothing_unknown_is_left() {
    let lazy: fn(Value) -> _ = |written| Ok(with(&written, &[("fact", Value::Unknown), ("note", Value::Unknown)]));
    let saved = Rig::new(Rogue {
        settle: lazy,
        ..Rogue::default()
    })
    .await
    .change(Ask::create(&config()))
    .await;
    saved.said.fine();
    assert!(wholly_known(&saved.state), "{:?}", saved.state);
    let saved = Rig::strict(Rogue {
        settle: lazy,
        ..Rogue::default()
    })
    .await
    .change(Ask::create(&config()))
    .await;
    saved.said.refused(&["`fact`", "`note`", "not known"]);
    assert!(wholly_known(&saved.state), "{:?}", saved.state);
}

#[tokio::test]
async fn write_only_values_arrive_and_are_never_saved() {
    let rogue = || Rogue {
        create: |planned, _| {
            assert_eq!(planned.model.0.member("secret").as_str(), Some("s3cr3t"));
            let parts = planned.model.0.member("part").as_elements().expect("parts");
            assert_eq!(parts[0].member("pin").as_str(), Some("1234"));
            assert!(planned.value.member("secret").is_null(), "the plan itself holds none");
            Ok(made(&planned.model.0))
        },
        ..Rogue::default()
    };
    let part = Value::map([("kind", Value::string("x")), ("pin", Value::string("1234"))]);
    let config = with(
        &config(),
        &[("secret", "s3cr3t".into()), ("part", Value::List(vec![part]))],
    );
    let saved = Rig::strict(rogue()).await.change(Ask::create(&config)).await;
    saved.said.fine();
    assert!(saved.state.member("secret").is_null());
    assert!(
        saved.state.member("part").as_elements().expect("parts")[0]
            .member("pin")
            .is_null()
    );

    // Nor where the wait fails, and the written model holds it.
    let failing = Rogue {
        settle: |_| Err(error("Slow")),
        ..rogue()
    };
    let saved = Rig::strict(failing).await.change(Ask::create(&config)).await;
    saved.said.refused(&["Slow"]);
    assert!(!format!("{:?}", saved.state).contains("s3cr3t"), "{:?}", saved.state);
    assert!(!format!("{:?}", saved.state).contains("1234"), "{:?}", saved.state);
}

#[tokio::test]
async fn a_create_that_fails_early_saves_nothing() {
    let rogue = Rogue {
        create: |_, _| Err(error("No room")),
        ..Rogue::default()
    };
    let saved = Rig::new(rogue).await.change(Ask::create(&config())).await;
    saved.said.refused(&["No room"]);
    assert!(saved.state.is_null());
    assert!(saved.identity.is_none());
}

#[tokio::test]
async fn a_create_that_may_have_written_is_saved() {
    let cases: [Rogue; 5] = [
        // The wait fails.
        Rogue {
            settle: |_| Err(error("Slow")),
            ..Rogue::default()
        },
        // The wait panics.
        Rogue {
            settle: |_| panic!("lost"),
            ..Rogue::default()
        },
        // The answer to the write was lost.
        Rogue {
            create: |planned, cx| {
                cx.wrote(&Thing(made(&planned.model.0)));
                Err(error("No answer"))
            },
            ..Rogue::default()
        },
        // And the same by a panic.
        Rogue {
            create: |planned, cx| {
                cx.wrote(&Thing(made(&planned.model.0)));
                panic!("lost")
            },
            ..Rogue::default()
        },
        // An error without a word, which is a bug of its own.
        Rogue {
            settle: |_| Err(Diagnostic::warning("Hm").into()),
            ..Rogue::default()
        },
    ];
    for rogue in cases {
        let saved = Rig::new(rogue).await.change(Ask::create(&config())).await;
        assert!(!saved.said.errors().is_empty());
        assert_eq!(
            saved.state,
            with(&config(), &[("fact", "made".into()), ("note", "noted".into())])
        );
        assert_eq!(saved.identity, Some(identity("a")));
    }
}

#[tokio::test]
async fn after_a_failed_wait_facts_are_those_that_were_written() {
    // The plan said `ready` (here: a fact that the plan knows); the write says otherwise.
    let rogue = Rogue {
        modify_plan: |plan, _| {
            plan.set("fact", "ready".into());
            terraform_schema::Diagnostics::new()
        },
        create: |planned, _| Ok(with(&made(&planned.model.0), &[("fact", "waiting".into())])),
        settle: |_| Err(error("Slow")),
        ..Rogue::default()
    };
    let saved = Rig::strict(rogue).await.change(Ask::create(&config())).await;
    saved.said.refused(&["Slow"]);
    assert_eq!(saved.state.member("fact").as_str(), Some("waiting"));
    assert!(!saved.said.errors().contains("bug"), "{}", saved.said.errors());
}

#[tokio::test]
async fn an_update_that_fails_early_keeps_the_prior_state() {
    let prior = made(&config());
    let cases: [Write; 2] = [|_, _| Err(error("Refused")), |_, _| panic!("lost")];
    for update in cases {
        let rig = Rig::new(Rogue {
            update,
            ..Rogue::default()
        })
        .await;
        let saved = rig
            .change(Ask {
                identity: Some(identity("a")),
                ..Ask::update(&prior, &resized())
            })
            .await;
        assert!(!saved.said.errors().is_empty());
        assert_eq!(saved.state, prior);
        assert_eq!(saved.identity, Some(identity("a")));
    }
}

#[tokio::test]
async fn an_update_that_wrote_is_saved_as_written() {
    let prior = made(&config());
    let rig = Rig::new(Rogue {
        settle: |_| Err(error("Slow")),
        ..Rogue::default()
    })
    .await;
    let saved = rig.change(Ask::update(&prior, &resized())).await;
    saved.said.refused(&["Slow"]);
    assert_eq!(saved.state, with(&prior, &[("size", 9.into())]));

    // Half of it was written, and the resource says so.
    let rogue = Rogue {
        update: |planned, cx| {
            cx.wrote(&Thing(with(&planned.prior, &[("note", "half".into())])));
            Err(error("Half"))
        },
        ..Rogue::default()
    };
    let saved = Rig::new(rogue).await.change(Ask::update(&prior, &resized())).await;
    assert_eq!(saved.state, with(&prior, &[("note", "half".into())]));
}

#[tokio::test]
async fn a_destroy_that_fails_keeps_the_prior_state() {
    let prior = made(&config());
    let cases: [Delete; 2] = [|_, _| Err(error("Stuck")), |_, _| panic!("lost")];
    for delete in cases {
        let rig = Rig::new(Rogue {
            delete,
            ..Rogue::default()
        })
        .await;
        let private = br#"{"provider":{"uid":"7"}}"#.to_vec();
        let ask = Ask {
            private: private.clone(),
            identity: Some(identity("a")),
            ..Ask::destroy(&prior)
        };
        let saved = rig.change(ask).await;
        assert!(!saved.said.errors().is_empty());
        assert_eq!(saved.state, prior);
        assert_eq!(saved.identity, Some(identity("a")));
        assert_eq!(saved.private, private, "without the mark");
    }
    let saved = Rig::new(Rogue::default()).await.change(Ask::destroy(&prior)).await;
    saved.said.fine();
    assert!(saved.state.is_null() && saved.identity.is_none() && saved.private.is_empty());
}

#[tokio::test]
async fn a_delete_learns_what_it_is_part_of() {
    let prior = made(&config());
    let rig = Rig::new(Rogue {
        delete: |mark, _| Err(error(mark.as_str())),
        ..Rogue::default()
    })
    .await;
    for (private, mark) in [
        (r#"{"mark":"create"}"#, "create"),
        (r#"{"mark":"replace"}"#, "replace"),
        (r#"{"mark":"destroy"}"#, "destroy"),
    ] {
        let answer = rig
            .apply(&Ask::destroy(&prior), &Value::Null, private.into(), None)
            .await;
        answer.said.refused(&[mark]);
    }
}

#[tokio::test]
async fn private_state_is_saved_in_every_case_and_never_with_a_mark() {
    fn remember(cx: &terraform_plugin::Context<'_, ()>) {
        assert_eq!(cx.private("old").as_deref(), Some("1"));
        cx.set_private("old", None);
        cx.set_private("new", Some("2".to_owned()));
    }
    let before = br#"{"provider":{"old":"1"}}"#.to_vec();
    let after = br#"{"provider":{"new":"2"}}"#.to_vec();
    let prior = made(&config());
    let good = Rogue {
        update: |planned, cx| {
            remember(cx);
            Ok(made(&planned.model.0))
        },
        ..Rogue::default()
    };
    let bad = Rogue {
        update: |_, cx| {
            remember(cx);
            Err(error("Refused"))
        },
        delete: |_, cx| {
            remember(cx);
            Err(error("Stuck"))
        },
        ..Rogue::default()
    };
    let ask = Ask {
        private: before.clone(),
        ..Ask::update(&prior, &resized())
    };
    assert_eq!(Rig::new(good).await.change(ask.clone()).await.private, after);
    let rig = Rig::new(bad).await;
    assert_eq!(rig.change(ask).await.private, after);
    assert_eq!(
        rig.change(Ask {
            private: before,
            ..Ask::destroy(&prior)
        })
        .await
        .private,
        after
    );
}

#[tokio::test]
async fn an_object_is_saved_even_if_its_state_does_not_fit_the_schema() {
    // A list where the schema says text: no derived model can do that, a handwritten one can.
    let rogue = Rogue {
        create: |planned, _| Ok(with(&made(&planned.model.0), &[("fact", Value::List(Vec::new()))])),
        ..Rogue::default()
    };
    let saved = Rig::new(rogue).await.change(Ask::create(&config())).await;
    saved.said.refused(&["`fact`", "bug in the provider"]);
    assert_eq!(saved.state, config(), "what the plan knew");
}

#[tokio::test]
async fn blocks_that_a_resource_forgot_are_empty_and_not_null() {
    let rogue = Rogue {
        create: |planned, _| Ok(Value::map([("name", planned.model.0.member("name").clone())])),
        settle: |_| Err(error("Slow")),
        ..Rogue::default()
    };
    let saved = Rig::new(rogue).await.change(Ask::create(&config())).await;
    assert_eq!(saved.state.member("part"), &Value::List(Vec::new()));
    assert_eq!(
        Thing::block().empty_value().as_map().map(|members| members.len()),
        saved.state.as_map().map(|m| m.len())
    );
}
