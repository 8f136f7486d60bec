//! What there is: metadata and schemas.

use std::sync::Arc;

use terraform_schema::Diagnostics;

use super::function;
use crate::convert::{self, schema};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::server::Server;

/// What this server can do. Schemas need not be asked for in each process: nothing waits for that call.
fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}

pub(super) async fn metadata<P: Provider>(
    server: Arc<Server<P>>,
    _: pb::get_metadata::Request,
) -> Result<pb::get_metadata::Response, Diagnostics> {
    Ok(pb::get_metadata::Response {
        server_capabilities: Some(capabilities()),
        resources: server
            .resources()
            .map(|resource| pb::get_metadata::ResourceMetadata {
                type_name: resource.name().to_owned(),
            })
            .collect(),
        data_sources: server
            .data_sources()
            .map(|data_source| pb::get_metadata::DataSourceMetadata {
                type_name: data_source.name().to_owned(),
            })
            .collect(),
        functions: server
            .functions()
            .map(|function| pb::get_metadata::FunctionMetadata {
                name: function.signature().name.to_owned(),
            })
            .collect(),
        list_resources: server
            .list_resources()
            .map(|list_resource| pb::get_metadata::ListResourceMetadata {
                type_name: list_resource.name().to_owned(),
            })
            .collect(),
        actions: server
            .actions()
            .map(|action| pb::get_metadata::ActionMetadata {
                type_name: action.name().to_owned(),
            })
            .collect(),
        ..Default::default()
    })
}

pub(super) async fn provider<P: Provider>(
    server: Arc<Server<P>>,
    _: pb::get_provider_schema::Request,
) -> Result<pb::get_provider_schema::Response, Diagnostics> {
    Ok(pb::get_provider_schema::Response {
        provider: Some(schema::schema(server.provider_schema())),
        resource_schemas: server
            .resources()
            .map(|resource| (resource.name().to_owned(), schema::schema(resource.schema())))
            .collect(),
        data_source_schemas: server
            .data_sources()
            .map(|data_source| (data_source.name().to_owned(), schema::schema(data_source.schema())))
            .collect(),
        list_resource_schemas: server
            .list_resources()
            .map(|list_resource| (list_resource.name().to_owned(), schema::schema(list_resource.schema())))
            .collect(),
        action_schemas: server
            .actions()
            .map(|action| (action.name().to_owned(), schema::action(action.schema())))
            .collect(),
        functions: function::all(&server),
        server_capabilities: Some(capabilities()),
        diagnostics: convert::diagnostics(server.schema_breaches()),
        ..Default::default()
    })
}

pub(super) async fn identities<P: Provider>(
    server: Arc<Server<P>>,
    _: pb::get_resource_identity_schemas::Request,
) -> Result<pb::get_resource_identity_schemas::Response, Diagnostics> {
    Ok(pb::get_resource_identity_schemas::Response {
        identity_schemas: server
            .resources()
            .map(|resource| (resource.name().to_owned(), schema::identity(resource.identity_schema())))
            .collect(),
        diagnostics: Vec::new(),
    })
}
