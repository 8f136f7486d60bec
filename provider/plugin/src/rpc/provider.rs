//! The provider block, and the wish to stop.

use std::sync::Arc;

use terraform_schema::Diagnostics;

use super::{Answer, has_errors};
use crate::convert::{self, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::server::Server;

const BLOCK: &str = "the provider block";

pub(super) async fn prepare<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::prepare_provider_config::Request,
) -> Result<pb::prepare_provider_config::Response, Diagnostics> {
    let ty = server.provider_schema().block.implied_type();
    let config = value::decode(request.config.as_ref(), &ty, BLOCK)?;
    let problems = server.validate_provider(&config);
    // Nothing is filled in: what null means is decided where it is used.
    Ok(pb::prepare_provider_config::Response {
        prepared_config: request.config,
        diagnostics: convert::diagnostics(problems),
    })
}

pub(super) async fn configure<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::configure::Request,
) -> Result<pb::configure::Response, Diagnostics> {
    tracing::info!(terraform_version = request.terraform_version, "configured");
    let ty = server.provider_schema().block.implied_type();
    let config = value::decode(request.config.as_ref(), &ty, BLOCK)?;
    Ok(pb::configure::Response {
        diagnostics: convert::diagnostics(server.configure(&config)),
    })
}

pub(super) async fn stop<P: Provider>(
    server: Arc<Server<P>>,
    _: pb::stop::Request,
) -> Result<pb::stop::Response, Diagnostics> {
    server.stop();
    Ok(pb::stop::Response::default())
}

impl Answer for pb::stop::Response {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        if has_errors(&problems) {
            self.error = problems
                .into_iter()
                .map(|problem| problem.detail)
                .collect::<Vec<_>>()
                .join(" ");
        }
    }

    fn failed(&self) -> bool {
        !self.error.is_empty()
    }
}
