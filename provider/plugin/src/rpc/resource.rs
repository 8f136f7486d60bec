//! The life of a resource: validate, read, plan, apply.

use std::sync::Arc;

use terraform_schema::{Diagnostics, Type, Value};

use crate::convert::{self, private, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::server::{Apply, PlanRequest, Read, Server, State, storable};

/// The types that the messages about one resource are decoded by.
pub(super) struct Types {
    pub(super) state: Type,
    pub(super) identity: Type,
}

impl Types {
    pub(super) fn of<P: Provider>(server: &Server<P>, type_name: &str) -> Result<Self, Diagnostics> {
        let resource = server.resource(type_name)?;
        Ok(Self {
            state: resource.schema().block.implied_type(),
            identity: resource.identity_schema().block.implied_type(),
        })
    }
}

/// A state on its way out.
pub(super) struct Sent {
    pub(super) value: pb::DynamicValue,
    pub(super) identity: Option<pb::ResourceIdentityData>,
    pub(super) private: Vec<u8>,
}

impl Sent {
    pub(super) fn state(state: &State, types: &Types, type_name: &str) -> Result<Self, Diagnostics> {
        let identity = state.identity.as_ref();
        Ok(Self {
            value: value::encode(&state.value, &types.state, &format!("The state of a `{type_name}`"))?,
            identity: identity
                .map(|id| value::encode_identity(id, &types.identity, type_name))
                .transpose()?,
            private: private::encode(&state.private),
        })
    }
}

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_resource_type_config::Request,
) -> Result<pb::validate_resource_type_config::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let config = value::decode(
        request.config.as_ref(),
        &types.state,
        &format!("the configuration of a `{name}`"),
    )?;
    let write_only = request
        .client_capabilities
        .is_some_and(|client| client.write_only_attributes_allowed);
    let problems = server.validate(name, &config, write_only)?;
    Ok(pb::validate_resource_type_config::Response {
        diagnostics: convert::diagnostics(problems),
    })
}

pub(super) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::read_resource::Request,
) -> Result<pb::read_resource::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let asked = Read {
        state: value::decode(
            request.current_state.as_ref(),
            &types.state,
            &format!("the state of a `{name}`"),
        )?,
        private: private::decode(&request.private),
        identity: value::decode_identity(request.current_identity.as_ref(), &types.identity, name)?,
    };
    let found = match server.read(name, asked).await {
        Ok((state, warnings)) => Sent::state(&state, &types, name).map(|sent| (sent, warnings)),
        Err(problems) => Err(problems),
    };
    Ok(match found {
        Ok((sent, warnings)) => pb::read_resource::Response {
            new_state: Some(sent.value),
            private: sent.private,
            new_identity: sent.identity,
            diagnostics: convert::diagnostics(warnings),
            deferred: None,
        },
        // What cannot be read is still there, as far as anybody knows.
        Err(problems) => pb::read_resource::Response {
            new_state: request.current_state,
            private: request.private,
            new_identity: request.current_identity,
            diagnostics: convert::diagnostics(problems),
            deferred: None,
        },
    })
}

pub(super) async fn plan<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::plan_resource_change::Request,
) -> Result<pb::plan_resource_change::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let asked = PlanRequest {
        config: value::decode(
            request.config.as_ref(),
            &types.state,
            &format!("the configuration of a `{name}`"),
        )?,
        prior: value::decode(
            request.prior_state.as_ref(),
            &types.state,
            &format!("the prior state of a `{name}`"),
        )?,
        private: private::decode(&request.prior_private),
        identity: value::decode_identity(request.prior_identity.as_ref(), &types.identity, name)?,
    };
    let outcome = server.plan(name, asked).await?;
    let identity = outcome.identity.as_ref();
    Ok(pb::plan_resource_change::Response {
        planned_state: Some(value::encode(
            &outcome.planned,
            &types.state,
            &format!("The plan of a `{name}`"),
        )?),
        requires_replace: outcome.requires_replace.iter().map(convert::path).collect(),
        planned_private: private::encode(&outcome.private),
        planned_identity: identity
            .map(|id| value::encode_identity(id, &types.identity, name))
            .transpose()?,
        diagnostics: convert::diagnostics(outcome.warnings),
        legacy_type_system: false,
        deferred: None,
    })
}

pub(super) async fn apply<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::apply_resource_change::Request,
) -> Result<pb::apply_resource_change::Response, Diagnostics> {
    let name = &request.type_name;
    let types = Types::of(&server, name)?;
    let asked = Apply {
        config: value::decode(
            request.config.as_ref(),
            &types.state,
            &format!("the configuration of a `{name}`"),
        )?,
        prior: value::decode(
            request.prior_state.as_ref(),
            &types.state,
            &format!("the prior state of a `{name}`"),
        )?,
        planned: value::decode(
            request.planned_state.as_ref(),
            &types.state,
            &format!("the plan of a `{name}`"),
        )?,
        private: private::decode(&request.planned_private),
        identity: value::decode_identity(request.planned_identity.as_ref(), &types.identity, name)?,
    };
    let planned = asked.planned.clone();
    let (state, mut problems) = server.apply(name, asked).await;
    let sent = match Sent::state(&state, &types, name) {
        Ok(sent) => sent,
        Err(unfit) => {
            problems.extend(unfit);
            rescued(&server, name, &state, &planned, &types)?
        }
    };
    Ok(pb::apply_resource_change::Response {
        new_state: Some(sent.value),
        private: sent.private,
        new_identity: sent.identity,
        diagnostics: convert::diagnostics(problems),
        legacy_type_system: false,
    })
}

/// What is saved where the state of an object that exists cannot be sent: what the plan knew of it.
fn rescued<P: Provider>(
    server: &Server<P>,
    type_name: &str,
    state: &State,
    planned: &Value,
    types: &Types,
) -> Result<Sent, Diagnostics> {
    let known = storable(&server.resource(type_name)?.schema().block, planned.clone());
    Sent::state(
        &State {
            value: known,
            identity: None,
            private: state.private.clone(),
        },
        types,
        type_name,
    )
}
