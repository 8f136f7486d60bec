//! Calls about kinds of things that this crate does not offer yet. Terraform makes none of them, because the schema lists
//! none; whoever does gets an answer in words.

use std::sync::Arc;

use terraform_schema::Diagnostics;

use super::{Answer, has_errors};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::server::{Server, absent};

macro_rules! absent {
    ($($handler:ident $message:ident::$answer:ident($name:ident) $what:literal;)*) => {$(
        pub(super) async fn $handler<P: Provider>(
            _: Arc<Server<P>>,
            request: pb::$message::Request,
        ) -> Result<pb::$message::$answer, Diagnostics> {
            Err(absent($what, &request.$name).into())
        }
    )*};
}

absent! {
    validate_ephemeral validate_ephemeral_resource_config::Response(type_name) "ephemeral resource";
    open_ephemeral open_ephemeral_resource::Response(type_name) "ephemeral resource";
    renew_ephemeral renew_ephemeral_resource::Response(type_name) "ephemeral resource";
    close_ephemeral close_ephemeral_resource::Response(type_name) "ephemeral resource";
    validate_list validate_list_resource_config::Response(type_name) "list resource";
    validate_action validate_action_config::Response(action_type) "action";
    plan_action plan_action::Response(action_type) "action";
    list list_resource::Event(type_name) "list resource";
    invoke invoke_action::Event(action_type) "action";
}

impl Answer for pb::list_resource::Event {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        self.diagnostic.extend(problems);
    }

    fn failed(&self) -> bool {
        has_errors(&self.diagnostic)
    }
}

impl Answer for pb::invoke_action::Event {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        let completed = pb::invoke_action::event::Completed { diagnostics: problems };
        self.r#type = Some(pb::invoke_action::event::Type::Completed(completed));
    }

    fn failed(&self) -> bool {
        match &self.r#type {
            Some(pb::invoke_action::event::Type::Completed(completed)) => has_errors(&completed.diagnostics),
            Some(pb::invoke_action::event::Type::Progress(_)) | None => false,
        }
    }
}
