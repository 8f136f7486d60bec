//! Calls about kinds of things that this crate does not offer. Terraform makes none of them, because the schema lists
//! none; whoever does gets an answer in words.

use std::sync::Arc;

use terraform_schema::Diagnostics;

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
}
