//! Configure, Stop, and that every call has an answer.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use terraform_plugin::generated::tfplugin5 as pb;
use terraform_plugin::generated::tfplugin5::provider_server::Provider as _;
use terraform_schema::{Model as _, Value};
use tokio::time::timeout;
use tonic::Request;

use crate::rig::{Ask, Rig, Said, THING, sent};
use crate::rogue::{Rogue, RogueConfig, error, made, thing};

/// Nothing here takes that long on a machine that is only busy.
const PATIENCE: Duration = Duration::from_secs(30);

fn config() -> Value {
    thing(&[("name", "a".into())])
}

#[tokio::test]
async fn stop_ends_a_wait_and_what_was_written_is_saved() {
    let rogue = Rogue {
        waits: true,
        settle: |_| Err(error("Interrupted")),
        ..Rogue::default()
    };
    let rig = Arc::new(Rig::new(rogue).await);
    let running = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.change(Ask::create(&config())).await }
    });
    // The call must be waiting before it is stopped, or it would not begin.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!running.is_finished());
    rig.stop().await;
    let saved = timeout(PATIENCE, running).await.expect("it ends").expect("no panic");
    saved.said.refused(&["Interrupted"]);
    assert_eq!(saved.state, made(&config()));

    // What comes after is not begun, until a new run configures the provider.
    let late = rig.change(Ask::create(&config())).await;
    late.said.refused(&["Stopped before it began", "Nothing was changed"]);
    assert!(late.state.is_null());
    let kept = rig.change(Ask::destroy(&made(&config()))).await;
    kept.said.refused(&["Stopped before it began"]);
    assert_eq!(kept.state, made(&config()));
    rig.configure(Value::Null).await.fine();
    let running = tokio::spawn({
        let rig = Arc::clone(&rig);
        async move { rig.change(Ask::create(&config())).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!running.is_finished(), "it waits again");
    rig.stop().await;
    timeout(PATIENCE, running).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn a_provider_that_was_not_configured_says_so() {
    let rig = Rig::bare(Rogue::default(), false);
    let words = &["not configured"];
    rig.plan(Ask::create(&config())).await.said.refused(words);
    rig.read(&made(&config()), Vec::new(), None).await.said.refused(words);
    rig.import("a", None).await.said.refused(words);
    let applied = rig
        .apply(&Ask::destroy(&made(&config())), &Value::Null, Vec::new(), None)
        .await;
    applied.said.refused(words);
    assert_eq!(applied.state, made(&config()));
    // Validation needs no configuration.
    rig.validate(&config(), true).await.fine();
}

#[tokio::test]
async fn a_refused_provider_block_configures_nothing() {
    let rig = Rig::new(Rogue::default()).await;
    rig.configure("wrong".into()).await.refused(&["Wrong token"]);
    rig.plan(Ask::create(&config())).await.said.refused(&["not configured"]);
    rig.configure("panic".into())
        .await
        .refused(&["a token of panic", "bug in the provider"]);
    rig.configure("right".into()).await.fine();
    rig.plan(Ask::create(&config())).await.said.fine();
}

#[tokio::test]
async fn the_provider_block_is_checked_and_returned_as_it_is() {
    let rig = Rig::bare(Rogue::default(), false);
    let block = sent(
        &Value::map([("token", Value::string("odd"))]),
        &RogueConfig::block().implied_type(),
    );
    let request = pb::prepare_provider_config::Request { config: block.clone() };
    let answer = rig
        .service
        .prepare_provider_config(Request::new(request))
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(answer.prepared_config, block);
    assert!(Said(answer.diagnostics).warnings().contains("Odd token"));
}

#[tokio::test]
async fn a_type_that_is_not_there_is_named() {
    let rig = Rig::new(Rogue::default()).await;
    let request = pb::plan_resource_change::Request {
        type_name: "rogue_other".to_owned(),
        ..Default::default()
    };
    let answer = rig
        .service
        .plan_resource_change(Request::new(request))
        .await
        .expect("an answer")
        .into_inner();
    Said(answer.diagnostics).refused(&["no resource `rogue_other`"]);
}

#[tokio::test]
async fn bytes_that_do_not_fit_are_refused_in_words() {
    let rig = Rig::new(Rogue::default()).await;
    let request = pb::validate_resource_type_config::Request {
        type_name: THING.to_owned(),
        config: Some(pb::DynamicValue {
            msgpack: vec![0x93, 1, 2, 3],
            json: Vec::new(),
        }),
        client_capabilities: None,
    };
    let answer = rig
        .service
        .validate_resource_type_config(Request::new(request))
        .await
        .expect("an answer");
    Said(answer.into_inner().diagnostics).refused(&["the configuration of a `rogue_thing`", "an object"]);
}

#[tokio::test]
async fn the_schema_says_what_there_is_and_what_the_server_can_do() {
    let rig = Rig::bare(Rogue::default(), false);
    let schema = rig
        .service
        .get_schema(Request::new(pb::get_provider_schema::Request {}))
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(schema.diagnostics, []);
    assert_eq!(schema.resource_schemas.keys().collect::<Vec<_>>(), [THING]);
    assert_eq!(schema.resource_schemas[THING].version, 2);
    let capabilities = schema.server_capabilities.expect("capabilities");
    assert!(capabilities.plan_destroy && capabilities.move_resource_state && capabilities.generate_resource_config);
    let metadata = rig
        .service
        .get_metadata(Request::new(pb::get_metadata::Request {}))
        .await
        .expect("an answer")
        .into_inner();
    assert_eq!(metadata.server_capabilities, Some(capabilities));
    assert_eq!(metadata.resources[0].type_name, THING);
    let identities = rig
        .service
        .get_resource_identity_schemas(Request::new(pb::get_resource_identity_schemas::Request {}))
        .await
        .expect("an answer")
        .into_inner();
    let attributes: Vec<_> = identities.identity_schemas[THING]
        .identity_attributes
        .iter()
        .map(|a| (a.name.as_str(), a.required_for_import))
        .collect();
    assert_eq!(attributes, [("name", true), ("realm", false)]);
    let functions = rig
        .service
        .get_functions(Request::new(pb::get_functions::Request {}))
        .await
        .expect("an answer")
        .into_inner();
    assert!(functions.functions.is_empty() && functions.diagnostics.is_empty());
}

/// What the provider does not have is refused in words, never as an unknown call.
#[tokio::test]
async fn every_call_has_an_answer() {
    let rig = Rig::new(Rogue::default()).await;
    let service = &rig.service;
    macro_rules! refused {
        ($call:ident, $message:ident, $name:ident, $words:literal) => {{
            let request = pb::$message::Request {
                $name: "rogue_x".to_owned(),
                ..Default::default()
            };
            let answer = service
                .$call(Request::new(request))
                .await
                .expect("an answer")
                .into_inner();
            Said(answer.diagnostics).refused(&[$words, "`rogue_x`"]);
        }};
    }
    refused!(
        validate_data_source_config,
        validate_data_source_config,
        type_name,
        "data source"
    );
    refused!(read_data_source, read_data_source, type_name, "data source");
    refused!(
        validate_ephemeral_resource_config,
        validate_ephemeral_resource_config,
        type_name,
        "ephemeral resource"
    );
    refused!(
        open_ephemeral_resource,
        open_ephemeral_resource,
        type_name,
        "ephemeral resource"
    );
    refused!(
        renew_ephemeral_resource,
        renew_ephemeral_resource,
        type_name,
        "ephemeral resource"
    );
    refused!(
        close_ephemeral_resource,
        close_ephemeral_resource,
        type_name,
        "ephemeral resource"
    );
    refused!(
        validate_list_resource_config,
        validate_list_resource_config,
        type_name,
        "list resource"
    );
    refused!(validate_action_config, validate_action_config, action_type, "action");
    refused!(plan_action, plan_action, action_type, "action");
    refused!(
        generate_resource_config,
        generate_resource_config,
        type_name,
        "resource"
    );

    let request = pb::call_function::Request {
        name: "rogue_x".to_owned(),
        arguments: Vec::new(),
    };
    let answer = service
        .call_function(Request::new(request))
        .await
        .expect("an answer")
        .into_inner();
    assert!(answer.error.expect("an error").text.contains("no function `rogue_x`"));

    let request = pb::list_resource::Request {
        type_name: "rogue_x".to_owned(),
        ..Default::default()
    };
    let events: Vec<_> = service
        .list_resource(Request::new(request))
        .await
        .expect("an answer")
        .into_inner()
        .collect()
        .await;
    let event = events.into_iter().next().expect("an event").expect("no status");
    Said(event.diagnostic).refused(&["no list resource `rogue_x`"]);

    let request = pb::invoke_action::Request {
        action_type: "rogue_x".to_owned(),
        ..Default::default()
    };
    let events: Vec<_> = service
        .invoke_action(Request::new(request))
        .await
        .expect("an answer")
        .into_inner()
        .collect()
        .await;
    match events.into_iter().next().expect("an event").expect("no status").r#type {
        Some(pb::invoke_action::event::Type::Completed(completed)) => {
            Said(completed.diagnostics).refused(&["no action `rogue_x`"]);
        }
        other => panic!("not completed: {other:?}"),
    }
}
