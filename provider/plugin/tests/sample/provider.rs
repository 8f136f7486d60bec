//! The smallest provider that Terraform accepts, and one that misbehaves on demand.
//!
//! `sample_note` stores what the configuration says. Data sources are named for what they do while
//! they are read.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "what a library may do, and must not hurt"
)]

use std::process::ExitCode;
use std::time::Duration;

use futures::stream::{self, BoxStream};
use terraform_plugin::Handlers;
use terraform_plugin::generated::tfplugin5::provider_server::Provider;
use terraform_plugin::generated::tfplugin5::*;
use tonic::{Request, Response, Status};

fn main() -> ExitCode {
    terraform_plugin::run("registry.terraform.io/example/sample", |handlers| Sample { handlers })
}

struct Sample {
    handlers: Handlers,
}

impl Sample {
    /// Does what the data source's name says.
    async fn act(&self, what: String) {
        match what.as_str() {
            "sample_panic" => panic!("no jar\nfor {what}"),
            "sample_print" => {
                println!("a library prints");
                eprintln!("a library complains");
                tracing::warn!(attempt = 1, "two\nlines");
            }
            "sample_wait" => {
                tracing::info!("waiting");
                self.handlers.stop().cancelled().await;
                // Winding down takes a moment and must not be cut off.
                tokio::time::sleep(Duration::from_millis(300)).await;
                tracing::info!("wound down");
            }
            _ => {}
        }
    }
}

/// A schema whose only attribute is a required `text`.
fn text_schema() -> Schema {
    let text = schema::Attribute {
        name: "text".into(),
        r#type: br#""string""#.to_vec(),
        required: true,
        ..schema::Attribute::default()
    };
    let block = schema::Block {
        attributes: vec![text],
        ..schema::Block::default()
    };
    Schema {
        version: 0,
        block: Some(block),
    }
}

fn error(detail: String) -> Diagnostic {
    Diagnostic {
        severity: diagnostic::Severity::Error.into(),
        summary: "The provider panicked".into(),
        detail,
        attribute: None,
    }
}

/// Implements the service: the given calls, and every listed one as unimplemented.
macro_rules! sample {
    ({ $($written:tt)* } $($call:ident: $message:ident,)*) => {
        #[tonic::async_trait]
        impl Provider for Sample {
            type ListResourceStream = BoxStream<'static, Result<list_resource::Event, Status>>;
            type InvokeActionStream = BoxStream<'static, Result<invoke_action::Event, Status>>;

            $($written)*

            $(async fn $call(
                &self,
                _: Request<$message::Request>,
            ) -> Result<Response<$message::Response>, Status> {
                Err(Status::unimplemented(stringify!($call)))
            })*
        }
    };
}

sample! {
    {
        async fn get_schema(
            &self,
            _: Request<get_provider_schema::Request>,
        ) -> Result<Response<get_provider_schema::Response>, Status> {
            let empty = Schema { version: 0, block: Some(schema::Block::default()) };
            Ok(Response::new(get_provider_schema::Response {
                provider: Some(empty),
                resource_schemas: [("sample_note".to_owned(), text_schema())].into(),
                data_source_schemas: [("sample_panic".to_owned(), text_schema())].into(),
                ..get_provider_schema::Response::default()
            }))
        }

        async fn prepare_provider_config(
            &self,
            request: Request<prepare_provider_config::Request>,
        ) -> Result<Response<prepare_provider_config::Response>, Status> {
            let prepared_config = request.into_inner().config;
            Ok(Response::new(prepare_provider_config::Response { prepared_config, diagnostics: vec![] }))
        }

        async fn configure(
            &self,
            request: Request<configure::Request>,
        ) -> Result<Response<configure::Response>, Status> {
            tracing::info!(terraform = request.into_inner().terraform_version, "configured");
            Ok(Response::new(Default::default()))
        }

        async fn validate_resource_type_config(
            &self,
            _: Request<validate_resource_type_config::Request>,
        ) -> Result<Response<validate_resource_type_config::Response>, Status> {
            Ok(Response::new(Default::default()))
        }

        async fn validate_data_source_config(
            &self,
            _: Request<validate_data_source_config::Request>,
        ) -> Result<Response<validate_data_source_config::Response>, Status> {
            Ok(Response::new(Default::default()))
        }

        async fn plan_resource_change(
            &self,
            request: Request<plan_resource_change::Request>,
        ) -> Result<Response<plan_resource_change::Response>, Status> {
            let planned_state = request.into_inner().proposed_new_state;
            Ok(Response::new(plan_resource_change::Response {
                planned_state,
                ..plan_resource_change::Response::default()
            }))
        }

        async fn apply_resource_change(
            &self,
            request: Request<apply_resource_change::Request>,
        ) -> Result<Response<apply_resource_change::Response>, Status> {
            let new_state = request.into_inner().planned_state;
            Ok(Response::new(apply_resource_change::Response {
                new_state,
                ..apply_resource_change::Response::default()
            }))
        }

        async fn upgrade_resource_state(
            &self,
            request: Request<upgrade_resource_state::Request>,
        ) -> Result<Response<upgrade_resource_state::Response>, Status> {
            let json = request.into_inner().raw_state.unwrap_or_default().json;
            Ok(Response::new(upgrade_resource_state::Response {
                upgraded_state: Some(DynamicValue { json, msgpack: vec![] }),
                diagnostics: vec![],
            }))
        }

        async fn read_resource(
            &self,
            request: Request<read_resource::Request>,
        ) -> Result<Response<read_resource::Response>, Status> {
            let new_state = request.into_inner().current_state;
            Ok(Response::new(read_resource::Response { new_state, ..read_resource::Response::default() }))
        }

        async fn read_data_source(
            &self,
            request: Request<read_data_source::Request>,
        ) -> Result<Response<read_data_source::Response>, Status> {
            let read_data_source::Request { type_name, config, .. } = request.into_inner();
            let sample = Sample { handlers: self.handlers.clone() };
            let acted = self
                .handlers
                .guarded("ReadDataSource", async move { sample.act(type_name).await })
                .await;
            let diagnostics = acted.err().map(|panicked| error(panicked.to_string()));
            Ok(Response::new(read_data_source::Response {
                state: config,
                diagnostics: diagnostics.into_iter().collect(),
                deferred: None,
            }))
        }

        async fn stop(&self, _: Request<stop::Request>) -> Result<Response<stop::Response>, Status> {
            Ok(Response::new(Default::default()))
        }

        async fn list_resource(
            &self,
            _: Request<list_resource::Request>,
        ) -> Result<Response<Self::ListResourceStream>, Status> {
            // Never ends, whatever anybody asks: what a bug looks like at the end of the process.
            Ok(Response::new(Box::pin(stream::pending())))
        }

        async fn invoke_action(
            &self,
            _: Request<invoke_action::Request>,
        ) -> Result<Response<Self::InvokeActionStream>, Status> {
            Ok(Response::new(Box::pin(stream::empty())))
        }
    }
    get_metadata: get_metadata,
    get_resource_identity_schemas: get_resource_identity_schemas,
    get_functions: get_functions,
    validate_ephemeral_resource_config: validate_ephemeral_resource_config,
    validate_list_resource_config: validate_list_resource_config,
    validate_action_config: validate_action_config,
    upgrade_resource_identity: upgrade_resource_identity,
    import_resource_state: import_resource_state,
    move_resource_state: move_resource_state,
    generate_resource_config: generate_resource_config,
    open_ephemeral_resource: open_ephemeral_resource,
    renew_ephemeral_resource: renew_ephemeral_resource,
    close_ephemeral_resource: close_ephemeral_resource,
    call_function: call_function,
    plan_action: plan_action,
}
