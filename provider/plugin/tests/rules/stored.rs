//! States that were stored: by this version, an older one, a newer one, another resource; and configurations made of them.

use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_schema::Value;
use tonic::Request;

use crate::rig::{Rig, Said, THING, got, got_identity, identity, sent, ty};
use crate::rogue::{Rogue, made, thing, with};

async fn upgraded(version: i64, state: pb::RawState) -> (Value, Said) {
    // Terraform asks before it configures.
    let rig = Rig::bare(Rogue::default(), false);
    let request = pb::upgrade_resource_state::Request {
        type_name: THING.to_owned(),
        version,
        raw_state: Some(state),
    };
    let answer = rig
        .service
        .upgrade_resource_state(Request::new(request))
        .await
        .expect("an answer")
        .into_inner();
    (got(answer.upgraded_state.as_ref(), &ty()), Said(answer.diagnostics))
}

fn json(text: &str) -> pb::RawState {
    pb::RawState {
        json: text.into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn this_version_is_read_as_it_is() {
    let stored = r#"{"name":"a","size":0.1000000000000000055511151231257827,"note":"noted","secret":null,"fact":"made",
                    "part":[{"kind":"x","pin":null}]}"#;
    let (state, said) = upgraded(2, json(stored)).await;
    said.fine();
    assert_eq!(state.member("name").as_str(), Some("a"));
    let Value::Number(size) = state.member("size") else {
        panic!("no number: {state:?}")
    };
    assert_eq!(
        size.to_string(),
        "0.1000000000000000055511151231257827",
        "no digit is lost"
    );
}

#[tokio::test]
async fn attributes_come_and_go_without_a_new_version() {
    let (state, said) = upgraded(2, json(r#"{"name":"a","gone":{"x":[1]},"secret":"leaked"}"#)).await;
    said.fine();
    assert_eq!(state, thing(&[("name", "a".into())]));
}

#[tokio::test]
async fn an_older_version_is_brought_up_by_the_resource() {
    let (state, said) = upgraded(1, json(r#"{"title":"a","size":3}"#)).await;
    said.fine();
    assert_eq!(state, thing(&[("name", "a".into()), ("size", 3.into())]));
    assert!(state.is_wholly_known());
    let (_, said) = upgraded(0, json("{}")).await;
    said.refused(&["Too old"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() {
    let cases = [
        (3, json("{}"), "version 3"),
        (2, json("{"), "valid JSON"),
        (2, json(r#"{"name":["a"]}"#), "`name`"),
        (2, json(r#"[1]"#), "an object"),
        (1, json("nonsense"), "Unreadable state"),
        (
            2,
            pb::RawState {
                json: Vec::new(),
                flatmap: [("name".to_owned(), "a".to_owned())].into(),
            },
            "0.12",
        ),
    ];
    for (version, state, words) in cases {
        let (state, said) = upgraded(version, state).await;
        said.refused(&[words, THING]);
        assert!(state.is_null());
    }
}

async fn moved(type_name: &str, state: &str) -> pb::move_resource_state::Response {
    let rig = Rig::bare(Rogue::default(), false);
    let request = pb::move_resource_state::Request {
        source_provider_address: "registry.terraform.io/example/other".to_owned(),
        source_type_name: type_name.to_owned(),
        source_state: Some(json(state)),
        source_private: b"whatever it keeps".to_vec(),
        target_type_name: THING.to_owned(),
        ..Default::default()
    };
    rig.service
        .move_resource_state(Request::new(request))
        .await
        .expect("an answer")
        .into_inner()
}

#[tokio::test]
async fn a_move_asks_the_target_without_any_configuration() {
    let answer = moved("other_thing", r#"{"title":"a"}"#).await;
    Said(answer.diagnostics.clone()).fine();
    assert_eq!(
        got(answer.target_state.as_ref(), &ty()),
        thing(&[("name", "a".into())]),
        "nothing write-only is left"
    );
    assert_eq!(got_identity(answer.target_identity.as_ref()), Some(identity("a")));
    let private = String::from_utf8_lossy(&answer.target_private);
    assert!(private.contains("moved"), "the read that follows is told: {private}");
    assert!(!private.contains("whatever it keeps"), "{private}");

    Said(moved("other_thing", "{}").await.diagnostics).refused(&["no title"]);
    Said(moved("third_thing", "{}").await.diagnostics).refused(&["third_thing", "example/other", "Import"]);
    Said(moved("other_thing", "").await.diagnostics).refused(&["other_thing"]);
}

#[tokio::test]
async fn a_configuration_is_made_of_what_a_user_would_write() {
    let part = Value::map([("kind", Value::string("x")), ("pin", Value::Null)]);
    let config = with(
        &thing(&[("name", "a".into()), ("size", 3.into())]),
        &[("part", Value::List(vec![part]))],
    );
    let rig = Rig::bare(Rogue::default(), false);
    let request = pb::generate_resource_config::Request {
        type_name: THING.to_owned(),
        state: sent(&made(&config), &ty()),
    };
    let answer = rig
        .service
        .generate_resource_config(Request::new(request))
        .await
        .expect("an answer")
        .into_inner();
    Said(answer.diagnostics).fine();
    assert_eq!(
        got(answer.config.as_ref(), &ty()),
        with(&config, &[("note", "noted".into())]),
        "facts are left out"
    );
}
