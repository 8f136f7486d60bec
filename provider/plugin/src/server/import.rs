//! `ImportResourceState`.

use terraform_schema::{Diagnostic, Diagnostics, Value, validate};

use super::values::identity_text;
use super::{PrivateState, Server, State, caught, caught_now};
use crate::context::{Context, PlanContext, Private};
use crate::provider::Provider;
use crate::resource::{Lookup, PlanMark};

/// What an import names.
#[derive(Clone, Debug)]
pub(crate) enum ImportBy {
    /// The text of `terraform import`, or of an import block's `id`.
    Id(String),
    /// An import block's `identity`.
    Identity(Value),
}

impl<P: Provider> Server<P> {
    /// Reads an object that Terraform does not know yet, so that its whole state comes back at once.
    pub(crate) async fn import(&self, type_name: &str, by: ImportBy) -> Result<(State, Diagnostics), Diagnostics> {
        let resource = self.resource(type_name)?;
        let configured = self.wholly_configured(type_name, "Importing a")?;
        let (identity, named) = match by {
            ImportBy::Id(id) => {
                let none = Private::new();
                let cx = PlanContext::new(configured.data(), true, &none, PlanMark::Unmarked);
                let identity = caught_now("ImportResourceState", || resource.parse_import_id(&id, &cx))?;
                (identity, format!("`{id}`"))
            }
            ImportBy::Identity(identity) => {
                validate::validate(&resource.identity_schema().block, &identity).or_ok(())?;
                let named = format!("with {}", identity_text(&identity));
                (identity, named)
            }
        };
        let cx = Context::new(configured.data(), self.running(), Private::new());
        let found = caught("ImportResourceState", resource.read(Lookup::Import(identity), &cx)).await;
        let (mut problems, private, _) = cx.take();
        let state = match found {
            Ok(Some(live)) => self.state_of(resource, &Value::Null, &live, &mut problems),
            Ok(None) => Err(Diagnostic::error("Cannot import what does not exist")
                .detail(format!(
                    "There is no `{type_name}` {named}. Check the name and what the provider is connected to, or \
                     leave the import out to create it."
                ))
                .into()),
            Err(errors) => Err(errors),
        };
        match state {
            Ok((value, identity)) => {
                let private = PrivateState::stored(private);
                Ok((
                    State {
                        value,
                        identity: Some(identity),
                        private,
                    },
                    problems,
                ))
            }
            Err(errors) => {
                problems.extend(errors);
                Err(problems)
            }
        }
    }
}
