//! Identity: known after an apply, the same for ever.

use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_schema::Value;
use tonic::Request;

use crate::rig::{Ask, Rig, THING, identity};
use crate::rogue::{Rogue, ThingIdentity, made, thing, with};

fn config() -> Value {
    thing(&[("name", "a".into()), ("size", 3.into())])
}

/// A resource that takes the size for its identity.
fn fickle() -> Rogue {
    Rogue {
        identity: |state| match state.member("size") {
            Value::Number(size) => ThingIdentity::named(&size.to_string()),
            _ => ThingIdentity::named("none"),
        },
        ..Rogue::default()
    }
}

#[tokio::test]
async fn it_is_told_after_a_create_and_after_a_read() {
    let rig = Rig::new(Rogue::default()).await;
    let plan = rig.plan(Ask::create(&config())).await;
    assert!(plan.identity.is_none(), "not known before");
    let saved = rig.change(Ask::create(&config())).await;
    assert_eq!(saved.identity, Some(identity("a")));
    // State of an older provider or Terraform has none.
    assert_eq!(
        rig.read(&saved.state, Vec::new(), None).await.identity,
        Some(identity("a"))
    );
}

#[tokio::test]
async fn an_update_that_changes_it_is_refused_in_the_plan() {
    let prior = made(&config());
    let resized = with(&config(), &[("size", 9.into())]);
    let answer = Rig::new(fickle()).await.plan(Ask::update(&prior, &resized)).await;
    answer.said.refused(&["identity", "require a replacement"]);
    // A replacement may change it.
    let renamed = with(&resized, &[("name", "b".into())]);
    Rig::new(fickle())
        .await
        .plan(Ask::update(&prior, &renamed))
        .await
        .said
        .fine();
}

#[tokio::test]
async fn an_update_that_changes_it_anyway_keeps_the_former_one() {
    let prior = made(&config());
    let later = Rogue {
        update: |planned, _| Ok(with(&made(&planned.model.0), &[("fact", "other".into())])),
        identity: |state| ThingIdentity::named(state.member("fact").as_str().unwrap_or("made")),
        ..Rogue::default()
    };
    let resized = with(&config(), &[("size", 9.into())]);
    let rig = Rig::new(Rogue { ..later }).await;
    let saved = rig.change(Ask::update(&prior, &resized)).await;
    saved.said.fine();
    assert_eq!(saved.identity, Some(identity("made")));
    let strict = Rig::strict(Rogue {
        update: |planned, _| Ok(with(&made(&planned.model.0), &[("fact", "other".into())])),
        identity: |state| ThingIdentity::named(state.member("fact").as_str().unwrap_or("made")),
        ..Rogue::default()
    })
    .await;
    strict
        .change(Ask::update(&prior, &resized))
        .await
        .said
        .refused(&["changed the identity"]);
}

#[tokio::test]
async fn a_read_of_another_object_is_an_error() {
    let rig = Rig::new(Rogue {
        read: |_, _| Ok(Some(made(&thing(&[("name", "b".into())])))),
        ..Rogue::default()
    })
    .await;
    let state = made(&config());
    let answer = rig.read(&state, Vec::new(), Some(identity("a"))).await;
    answer.said.refused(&["name = \"a\"", "name = \"b\""]);
    assert_eq!(answer.state, state, "the state stays");
}

#[tokio::test]
async fn what_one_side_leaves_out_is_no_difference() {
    let rig = Rig::new(Rogue::default()).await;
    let before = with(&identity("a"), &[("realm", Value::Null)]);
    let answer = rig.read(&made(&config()), Vec::new(), Some(before)).await;
    answer.said.fine();
    assert_eq!(answer.identity, Some(identity("a")), "now whole");
}

#[tokio::test]
async fn a_panic_in_it_loses_no_object() {
    let rig = Rig::new(Rogue {
        identity: |_| panic!("who am I"),
        ..Rogue::default()
    })
    .await;
    let saved = rig.change(Ask::create(&config())).await;
    assert!(!saved.state.is_null());
    let rig = Rig::strict(Rogue {
        identity: |_| panic!("who am I"),
        ..Rogue::default()
    })
    .await;
    let saved = rig.change(Ask::create(&config())).await;
    saved.said.refused(&["who am I"]);
    assert!(!saved.state.is_null());
}

#[tokio::test]
async fn a_stored_one_is_read_in_this_version_and_not_in_a_newer_one() {
    let rig = Rig::bare(Rogue::default(), false);
    let ask = |version, json: &str| pb::upgrade_resource_identity::Request {
        type_name: THING.to_owned(),
        version,
        raw_identity: Some(pb::RawState {
            json: json.into(),
            ..Default::default()
        }),
    };
    let answer = |request| async {
        rig.service
            .upgrade_resource_identity(Request::new(request))
            .await
            .expect("an answer")
            .into_inner()
    };
    let same = answer(ask(1, r#"{"name":"a","realm":"here"}"#)).await;
    assert_eq!(
        crate::rig::got_identity(same.upgraded_identity.as_ref()),
        Some(identity("a"))
    );
    // Version 0 had no realm, and a colour.
    let older = answer(ask(0, r#"{"name":"a","colour":"red"}"#)).await;
    assert_eq!(older.diagnostics, []);
    let older = crate::rig::got_identity(older.upgraded_identity.as_ref()).expect("an identity");
    assert_eq!(older, with(&identity("a"), &[("realm", Value::Null)]));
    let newer = answer(ask(2, r#"{"name":"a"}"#)).await;
    crate::rig::Said(newer.diagnostics).refused(&["version 2", "up to 1"]);
}
