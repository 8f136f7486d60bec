//! `ValidateListResourceConfig` and `ListResource`.

use terraform_schema::{Diagnostic, Diagnostics, Value, View, validate};
use tokio::sync::mpsc;

use super::{Server, caught};
use crate::context::{Context, Private};
use crate::list_resource::{Found, Listed};
use crate::provider::Provider;
use crate::resource::{Live, Owned};
use crate::secrets::hide_marked;

/// An object that was found, as it goes to Terraform.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Which object it is.
    pub(crate) identity: Value,
    /// What a person calls it.
    pub(crate) display_name: String,
    /// Its state, as after an import.
    pub(crate) state: Value,
}

impl<P: Provider> Server<P> {
    /// Checks the configuration of a list resource: by its schema, then by the list resource itself. Unknown values pass.
    pub(crate) fn validate_list(&self, type_name: &str, config: &Value) -> Result<Diagnostics, Diagnostics> {
        let list_resource = self.list_resource(type_name)?;
        hide_marked(&list_resource.schema().block, config);
        let mut problems = validate::validate(&list_resource.schema().block, config);
        problems.extend(list_resource.validate(View::of(config)));
        Ok(problems)
    }

    /// Lists at most `limit` objects, as long as somebody takes them. Returns the warnings.
    pub(crate) async fn list(
        &self,
        type_name: &str,
        config: &Value,
        limit: usize,
        events: mpsc::Sender<Event>,
    ) -> Result<Diagnostics, Diagnostics> {
        let list_resource = self.list_resource(type_name)?;
        let resource = self.resource(type_name)?;
        hide_marked(&list_resource.schema().block, config);
        let configured = self.wholly_configured(type_name, "Listing each")?;
        let stop = self.running();
        let cx = Context::new(configured.data(), stop.clone(), Private::new());
        let (found, mut received) = Found::new(limit);
        let mut mended = Diagnostics::new();
        let listing = caught("ListResource", list_resource.list(config, found, &cx));
        let sending = async {
            while let Some(Listed { display_name, model }) = received.recv().await {
                let live = Live {
                    model,
                    owned: Owned::All,
                };
                let (state, identity) = self.state_of(resource, &Value::Null, &live, &mut mended)?;
                let event = Event {
                    identity,
                    display_name,
                    state,
                };
                if events.send(event).await.is_err() {
                    break;
                }
            }
            // Whoever goes on finding is told that nobody takes it.
            received.close();
            Ok(())
        };
        let both = async {
            let (listed, sent) = tokio::join!(listing, sending);
            sent.and(listed)
        };
        // Nothing is written, so listing can be broken off half-way.
        let outcome = tokio::select! {
            biased;
            () = stop.cancelled() => Err(stopped(type_name).into()),
            outcome = both => outcome,
        };
        let mut problems = cx.warnings();
        problems.extend(mended);
        match outcome {
            Err(errors) => problems.extend(errors),
            Ok(()) if !problems.has_errors() => return Ok(problems),
            Ok(()) => {}
        }
        Err(problems)
    }
}

fn stopped(type_name: &str) -> Diagnostic {
    Diagnostic::error("Stopped on request").detail(format!(
        "Listing each `{type_name}` was broken off. Nothing was changed; run Terraform again."
    ))
}
