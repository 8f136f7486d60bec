//! States that come from elsewhere: an older version, an import, another resource type; and the configuration that a
//! state came from.

use std::sync::Arc;

use terraform_schema::Diagnostics;

use super::resource::{Sent, Types};
use crate::convert::{self, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::resource::MovedState;
use crate::server::{ImportBy, Server, unreadable};

pub(super) async fn upgrade<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::upgrade_resource_state::Request,
) -> Result<pb::upgrade_resource_state::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let stored = request.raw_state.unwrap_or_default().json;
    let state = server.upgrade(name, request.version, &stored)?;
    Ok(pb::upgrade_resource_state::Response {
        upgraded_state: Some(value::encode(
            &state,
            &types.state,
            &format!("The upgraded state of a `{name}`"),
        )?),
        diagnostics: Vec::new(),
    })
}

pub(super) async fn upgrade_identity<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::upgrade_resource_identity::Request,
) -> Result<pb::upgrade_resource_identity::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let stored = request.raw_identity.unwrap_or_default().json;
    let identity = server.upgrade_identity(name, request.version, &stored)?;
    Ok(pb::upgrade_resource_identity::Response {
        upgraded_identity: Some(value::encode_identity(&identity, &types.identity, name)?),
        diagnostics: Vec::new(),
    })
}

pub(super) async fn import<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::import_resource_state::Request,
) -> Result<pb::import_resource_state::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let by = match value::decode_identity(request.identity.as_ref(), &types.identity, name)? {
        Some(identity) => ImportBy::Identity(identity),
        None => ImportBy::Id(request.id),
    };
    let (state, warnings) = server.import(name, by).await?;
    let sent = Sent::state(&state, &types, name)?;
    Ok(pb::import_resource_state::Response {
        imported_resources: vec![pb::import_resource_state::ImportedResource {
            type_name: name.clone(),
            state: Some(sent.value),
            private: sent.private,
            identity: sent.identity,
        }],
        diagnostics: convert::diagnostics(warnings),
        deferred: None,
    })
}

pub(super) async fn move_state<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::move_resource_state::Request,
) -> Result<pb::move_resource_state::Response, Diagnostics> {
    let name = &request.target_type_name;
    let types = Types::of(&server, name)?;
    let stored = request.source_state.unwrap_or_default().json;
    let source = MovedState {
        state: serde_json::from_slice(&stored)
            .map_err(|error| unreadable(&request.source_type_name, "state", &error.to_string()))?,
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
    };
    let sent = Sent::state(&server.move_state(name, &source)?, &types, name)?;
    Ok(pb::move_resource_state::Response {
        target_state: Some(sent.value),
        target_private: sent.private,
        target_identity: sent.identity,
        diagnostics: Vec::new(),
    })
}

pub(super) async fn generate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::generate_resource_config::Request,
) -> Result<pb::generate_resource_config::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let state = value::decode(
        request.state.as_ref(),
        &types.state,
        &format!("the state of a `{name}`"),
    )?;
    let config = server.generate(name, &state)?;
    Ok(pb::generate_resource_config::Response {
        config: Some(value::encode(
            &config,
            &types.state,
            &format!("The configuration of a `{name}`"),
        )?),
        diagnostics: Vec::new(),
    })
}
