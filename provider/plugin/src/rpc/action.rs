//! What is done and not managed: validate, plan, invoke.

use std::sync::Arc;

use terraform_schema::{Diagnostics, Value};
use tokio::sync::mpsc;

use super::{Answer, Sender, has_errors};
use crate::context::Progress;
use crate::convert::{self, value};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::secrets;
use crate::server::Server;
use pb::invoke_action::event::{Completed, Progress as Message, Type};

fn config<P: Provider>(
    server: &Server<P>,
    name: &str,
    config: Option<&pb::DynamicValue>,
) -> Result<Value, Diagnostics> {
    let block = &server.action(name)?.schema().block;
    let what = format!("the configuration of the action `{name}`");
    let config = value::decode(config, &block.implied_type(), &what)?;
    Ok(if config.is_null() { block.empty_value() } else { config })
}

pub(super) async fn validate<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::validate_action_config::Request,
) -> Result<pb::validate_action_config::Response, Diagnostics> {
    let name = &request.action_type;
    let config = config(&server, name, request.config.as_ref())?;
    Ok(pb::validate_action_config::Response {
        diagnostics: convert::diagnostics(server.validate_action(name, &config)?),
    })
}

pub(super) async fn plan<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::plan_action::Request,
) -> Result<pb::plan_action::Response, Diagnostics> {
    let name = &request.action_type;
    let config = config(&server, name, request.config.as_ref())?;
    Ok(pb::plan_action::Response {
        diagnostics: convert::diagnostics(server.validate_action(name, &config)?),
        deferred: None,
    })
}

pub(super) async fn invoke<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::invoke_action::Request,
    events: Sender<pb::invoke_action::Event>,
) -> Result<pb::invoke_action::Event, Diagnostics> {
    let name = &request.action_type;
    let config = config(&server, name, request.config.as_ref())?;
    let (progress, mut told) = mpsc::unbounded_channel();
    let invoking = server.invoke_action(name, &config, Progress::to(progress));
    let telling = async {
        while let Some(message) = told.recv().await {
            let progress = Message {
                message: secrets::without(message),
            };
            // Nobody may listen any more; what was begun is brought to its end all the same.
            let _ = events.send(progress_event(progress)).await;
        }
    };
    let (outcome, ()) = tokio::join!(invoking, telling);
    let mut last = pb::invoke_action::Event::default();
    last.report(convert::diagnostics(outcome?));
    Ok(last)
}

fn progress_event(progress: Message) -> pb::invoke_action::Event {
    pb::invoke_action::Event {
        r#type: Some(Type::Progress(progress)),
    }
}

impl Answer for pb::invoke_action::Event {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        self.r#type = Some(Type::Completed(Completed { diagnostics: problems }));
    }

    fn failed(&self) -> bool {
        match &self.r#type {
            Some(Type::Completed(completed)) => has_errors(&completed.diagnostics),
            Some(Type::Progress(_)) | None => false,
        }
    }
}
