//! Read and import.

use terraform_plugin::Lookup;
use terraform_schema::Value;

use crate::rig::{Ask, Rig, identity, mark};
use crate::rogue::{Find, Rogue, error, made, thing, with};

fn state() -> Value {
    made(&thing(&[("name", "a".into()), ("size", 3.into())]))
}

#[tokio::test]
async fn a_read_is_wholly_known() {
    let vague: Find = |_, _| {
        Ok(Some(with(
            &state(),
            &[("fact", Value::Unknown), ("size", Value::Unknown)],
        )))
    };
    let answer = Rig::new(Rogue {
        read: vague,
        ..Rogue::default()
    })
    .await
    .read(&state(), Vec::new(), None)
    .await;
    answer.said.fine();
    assert!(answer.state.is_wholly_known(), "{:?}", answer.state);
    let answer = Rig::strict(Rogue {
        read: vague,
        ..Rogue::default()
    })
    .await
    .read(&state(), Vec::new(), None)
    .await;
    answer.said.refused(&["`fact`", "unknown"]);
}

#[tokio::test]
async fn drift_is_seen_and_write_only_stays_null() {
    let rig = Rig::strict(Rogue {
        read: |_, _| Ok(Some(with(&state(), &[("size", 8.into()), ("secret", "leaked".into())]))),
        ..Rogue::default()
    })
    .await;
    let answer = rig.read(&state(), Vec::new(), None).await;
    answer.said.fine();
    assert_eq!(answer.state, with(&state(), &[("size", 8.into())]));
}

#[tokio::test]
async fn gone_is_null() {
    let answer = Rig::new(Rogue {
        read: |_, _| Ok(None),
        ..Rogue::default()
    })
    .await
    .read(&state(), b"{\"provider\":{\"a\":\"b\"}}".to_vec(), Some(identity("a")))
    .await;
    answer.said.fine();
    assert!(answer.state.is_null() && answer.identity.is_none() && answer.private.is_empty());
}

#[tokio::test]
async fn what_cannot_be_read_is_not_gone() {
    let cases: [Find; 2] = [|_, _| Err(error("No cluster")), |_, _| panic!("lost")];
    for read in cases {
        let rig = Rig::new(Rogue {
            read,
            ..Rogue::default()
        })
        .await;
        let answer = rig
            .read(&state(), b"{\"provider\":{\"a\":\"b\"}}".to_vec(), Some(identity("a")))
            .await;
        assert!(!answer.said.errors().is_empty());
        assert_eq!(answer.state, state());
        assert_eq!(answer.identity, Some(identity("a")));
    }
}

#[tokio::test]
async fn private_state_makes_the_round_trip() {
    let rig = Rig::new(Rogue {
        read: |lookup, cx| {
            assert_eq!(cx.private("uid").as_deref(), Some("7"));
            cx.set_private("seen", Some("yes".to_owned()));
            match lookup {
                Lookup::Known(known) => Ok(Some(known.0)),
                Lookup::Import(_) => Err(error("not asked for")),
            }
        },
        ..Rogue::default()
    })
    .await;
    // Even if a mark were stored, it would not stay.
    let before = br#"{"provider":{"uid":"7"},"mark":"update"}"#.to_vec();
    let answer = rig.read(&state(), before, None).await;
    answer.said.fine();
    assert_eq!(answer.private, br#"{"provider":{"seen":"yes","uid":"7"}}"#);
    assert_eq!(mark(&answer.private), "");
}

#[tokio::test]
async fn while_the_provider_is_unknown_the_prior_state_stays() {
    let rig = Rig::unknown(Rogue {
        read: |lookup, _| match lookup {
            Lookup::Known(_) => Err(error("must not be asked")),
            Lookup::Import(_) => Ok(Some(state())),
        },
        ..Rogue::default()
    })
    .await;
    let private = br#"{"provider":{"uid":"7"}}"#.to_vec();
    let answer = rig.read(&state(), private.clone(), Some(identity("a"))).await;
    answer.said.fine();
    assert_eq!(
        (answer.state, answer.private, answer.identity),
        (state(), private, Some(identity("a")))
    );

    // New objects can be planned; nothing can be changed or imported.
    let config = thing(&[("name", "b".into())]);
    let plan = rig.plan(Ask::create(&config)).await;
    plan.said.fine();
    let applied = rig
        .apply(&Ask::create(&config), &plan.planned, plan.private, None)
        .await;
    applied.said.refused(&["not known yet"]);
    assert!(applied.state.is_null());
    let destroyed = rig
        .apply(&Ask::destroy(&state()), &Value::Null, Vec::new(), Some(identity("a")))
        .await;
    destroyed.said.refused(&["not known yet"]);
    assert_eq!(destroyed.state, state());
    rig.import("b", None).await.said.refused(&["not known yet"]);

    // Then everything becomes known, in the same process.
    rig.configure("secret".into()).await.fine();
    rig.import("b", None).await.said.fine();
}

#[tokio::test]
async fn an_import_brings_the_whole_object_by_id_or_identity() {
    let rig = Rig::strict(Rogue {
        read: |lookup, cx| match lookup {
            Lookup::Import(identity) => {
                cx.set_private("uid", Some("7".to_owned()));
                Ok(Some(with(&state(), &[("name", identity.name.as_str().into())])))
            }
            Lookup::Known(_) => Err(error("not asked for")),
        },
        ..Rogue::default()
    })
    .await;
    let partial = with(&identity("a"), &[("realm", Value::Null)]);
    for answer in [rig.import("a", None).await, rig.import("", Some(partial)).await] {
        answer.said.fine();
        assert_eq!(answer.state, state());
        assert_eq!(answer.identity, Some(identity("a")), "the whole identity comes back");
        assert_eq!(answer.private, br#"{"provider":{"uid":"7"}}"#);
    }
}

#[tokio::test]
async fn an_import_of_nothing_says_what_was_looked_for() {
    let rig = Rig::new(Rogue {
        read: |_, _| Ok(None),
        ..Rogue::default()
    })
    .await;
    rig.import("orders", None)
        .await
        .said
        .refused(&["no `rogue_thing` `orders`"]);
    rig.import("", Some(identity("orders")))
        .await
        .said
        .refused(&["name = \"orders\"", "realm = \"here\""]);
    rig.import("", None).await.said.refused(&["Give a name"]);
    let nameless = with(&identity("a"), &[("name", Value::Null)]);
    rig.import("", Some(nameless))
        .await
        .said
        .refused(&["identity", "`name`"]);
}
