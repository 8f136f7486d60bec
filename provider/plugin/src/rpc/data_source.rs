//! What is looked up: validate, read.

use std::sync::Arc;

use terraform_schema::Diagnostics;

use crate::convert::{self, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::server::Server;

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_data_source_config::Request,
) -> Result<pb::validate_data_source_config::Response, Diagnostics> {
    let name = &request.type_name;
    let ty = server.data_source(name)?.schema().block.implied_type();
    let what = format!("the configuration of the data source `{name}`");
    let config = value::decode(request.config.as_ref(), &ty, &what)?;
    Ok(pb::validate_data_source_config::Response {
        diagnostics: convert::diagnostics(server.validate_data_source(name, &config)?),
    })
}

pub(super) async fn read<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::read_data_source::Request,
) -> Result<pb::read_data_source::Response, Diagnostics> {
    let name = &request.type_name;
    let ty = server.data_source(name)?.schema().block.implied_type();
    let what = format!("the configuration of the data source `{name}`");
    let config = value::decode(request.config.as_ref(), &ty, &what)?;
    let (found, warnings) = server.read_data_source(name, &config).await?;
    Ok(pb::read_data_source::Response {
        state: Some(value::encode(&found, &ty, &format!("What was found for a `{name}`"))?),
        diagnostics: convert::diagnostics(warnings),
        deferred: None,
    })
}
