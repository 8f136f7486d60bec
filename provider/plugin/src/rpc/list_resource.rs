//! What there is of a resource's kind: validate, list.

use std::sync::Arc;

use terraform_schema::{Diagnostics, Value};
use tokio::sync::mpsc;

use super::resource::Types;
use super::{Answer, Sender, has_errors};
use crate::convert::{self, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::secrets;
use crate::server::Server;

/// Terraform sends null where the block `config` is left out.
fn config<P: Provider>(
    server: &Server<P>,
    name: &str,
    config: Option<&pb::DynamicValue>,
) -> Result<Value, Diagnostics> {
    let block = &server.list_resource(name)?.schema().block;
    let what = format!("the configuration of the list resource `{name}`");
    let config = value::decode(config, &block.implied_type(), &what)?;
    Ok(if config.is_null() { block.empty_value() } else { config })
}

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_list_resource_config::Request,
) -> Result<pb::validate_list_resource_config::Response, Diagnostics> {
    let name = &request.type_name;
    let config = config(&server, name, request.config.as_ref())?;
    Ok(pb::validate_list_resource_config::Response {
        diagnostics: convert::diagnostics(server.validate_list(name, &config)?),
    })
}

pub(super) async fn list<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::list_resource::Request,
    events: Sender<pb::list_resource::Event>,
) -> Result<Option<pb::list_resource::Event>, Diagnostics> {
    let name = &request.type_name;
    let config = config(&server, name, request.config.as_ref())?;
    let types = Types::of(&server, name)?;
    // Terraform always says how many it wants.
    let limit = usize::try_from(request.limit)
        .ok()
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let (found, mut listed) = mpsc::channel(1);
    let listing = server.list(name, &config, limit, found);
    let sending = async {
        while let Some(found) = listed.recv().await {
            let event = pb::list_resource::Event {
                identity: Some(value::encode_identity(&found.identity, &types.identity, name)?),
                display_name: secrets::without(found.display_name),
                resource_object: if request.include_resource_object {
                    let what = format!("A listed `{name}`");
                    Some(value::encode(&found.state, &types.state, &what)?)
                } else {
                    None
                },
                diagnostic: Vec::new(),
            };
            if !events.send(event).await {
                break;
            }
        }
        // Whoever goes on listing is told that nobody takes it.
        listed.close();
        Ok(())
    };
    let (listed, sent) = tokio::join!(listing, sending);
    let warnings = sent.and(listed)?;
    let mut last = None;
    if !warnings.is_empty() {
        Answer::report(&mut last, convert::diagnostics(warnings));
    }
    Ok(last)
}

/// The last event says what went wrong; where nothing did, there is none.
impl Answer for Option<pb::list_resource::Event> {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        self.get_or_insert_default().diagnostic.extend(problems);
    }

    fn failed(&self) -> bool {
        self.as_ref().is_some_and(|event| has_errors(&event.diagnostic))
    }
}
