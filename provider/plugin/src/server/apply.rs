//! `ApplyResourceChange`: what is written, and what is saved whatever goes wrong.

use terraform_schema::{Diagnostic, Diagnostics, Value, reconcile};
use tokio_util::sync::CancellationToken;

use super::plan::known_identity;
use super::values::{identity_differs, storable};
use super::{Change, Kind, PrivateState, Server, State, caught, caught_now};
use crate::context::Context;
use crate::provider::Provider;
use crate::secrets::hide_marked;

/// What Terraform asks to apply.
#[derive(Clone, Debug)]
pub(crate) struct Apply {
    /// The configuration; null for a destroy.
    pub(crate) config: Value,
    /// The state before; null for a create.
    pub(crate) prior: Value,
    /// The planned state; null for a destroy.
    pub(crate) planned: Value,
    /// What the plan planned, mark included.
    pub(crate) private: PrivateState,
    /// The planned identity.
    pub(crate) identity: Option<Value>,
}

impl<P: Provider> Server<P> {
    /// Carries out a plan. What comes back is what Terraform shall save, also where there are errors: never less than
    /// what exists, as far as anybody knows.
    pub(crate) async fn apply(&self, type_name: &str, request: Apply) -> (State, Diagnostics) {
        let before = State {
            value: request.prior.clone(),
            identity: request.identity.clone(),
            private: PrivateState::stored(request.private.resource.clone()),
        };
        let (resource, configured, stop) = match self.ready(type_name) {
            Ok(ready) => ready,
            Err(problems) => return (before, problems),
        };
        hide_marked(&resource.schema().block, &request.config);
        let before = State {
            identity: if request.prior.is_null() {
                None
            } else {
                known_identity(resource, request.identity.clone(), &request.prior)
            },
            ..before
        };
        let cx = Context::new(configured.data(), stop, request.private.resource.clone());
        if request.planned.is_null() {
            let deleted = caught(
                "ApplyResourceChange",
                resource.delete(&request.prior, request.private.mark, &cx),
            )
            .await;
            return self.deleted(resource, before, deleted, &cx);
        }
        let change = Change {
            planned: &request.planned,
            config: &request.config,
            prior: &request.prior,
        };
        let applied = caught("ApplyResourceChange", resource.apply(change, &cx)).await;
        let (mut problems, private, wrote) = cx.take();
        let private = PrivateState::stored(private);
        let value = match (applied, wrote) {
            (Ok(returned), _) => self.joined(resource, &request.planned, &returned, &mut problems),
            (Err(errors), Some(wrote)) => {
                problems.extend(errors);
                as_written(resource, &request.planned, &wrote)
            }
            (Err(errors), None) => {
                problems.extend(errors);
                // Of a create nothing exists. Of an update the prior state still holds.
                return (State { private, ..before }, problems);
            }
        };
        let identity = self.identity_after(resource, &request, &value, &mut problems);
        (
            State {
                value,
                identity,
                private,
            },
            problems,
        )
    }

    #[expect(clippy::type_complexity, reason = "three things that are needed together, once")]
    fn ready(
        &self,
        type_name: &str,
    ) -> Result<
        (
            &Kind<P::Data>,
            std::sync::Arc<crate::Configured<P::Data>>,
            CancellationToken,
        ),
        Diagnostics,
    > {
        let resource = self.resource(type_name)?;
        let configured = self.wholly_configured(type_name, "Changing")?;
        let stop = self.running();
        if stop.is_cancelled() {
            return Err(Diagnostic::error("Stopped before it began")
                .detail(format!(
                    "Terraform was asked to stop before this `{type_name}` was touched. Nothing was changed."
                ))
                .into());
        }
        Ok((resource, configured, stop))
    }

    /// What goes into state after a destroy.
    fn deleted(
        &self,
        resource: &Kind<P::Data>,
        before: State,
        deleted: Result<(), Diagnostics>,
        cx: &Context<'_, P::Data>,
    ) -> (State, Diagnostics) {
        let (mut problems, private, wrote) = cx.take();
        match deleted {
            Ok(()) => (State::gone(), problems),
            Err(errors) => {
                problems.extend(errors);
                let value = match wrote {
                    Some(wrote) => as_written(resource, &before.value, &wrote),
                    None => before.value,
                };
                (
                    State {
                        value,
                        private: PrivateState::stored(private),
                        ..before
                    },
                    problems,
                )
            }
        }
    }

    /// The state after an apply that succeeded: what the plan knew, and for the rest what the resource returned.
    fn joined(&self, resource: &Kind<P::Data>, planned: &Value, returned: &Value, problems: &mut Diagnostics) -> Value {
        let block = &resource.schema().block;
        let applied = reconcile::applied(block, planned, returned);
        for path in applied.mismatches {
            let bug = Diagnostic::bug(format!(
                "After an apply `{path}` of a `{}` came back from the resource with another meaning than was planned, \
                 or not known. The planned value was kept.",
                resource.name()
            ));
            self.mended(problems, bug.at(path));
        }
        storable(block, applied.state)
    }

    /// The identity of what there is now. It never changes in an update.
    fn identity_after(
        &self,
        resource: &Kind<P::Data>,
        request: &Apply,
        state: &Value,
        problems: &mut Diagnostics,
    ) -> Option<Value> {
        let found = match caught_now("identity", || resource.identity(state)) {
            Ok(identity) => identity,
            Err(errors) => {
                // The state is saved all the same; the next read tells Terraform the identity.
                for error in errors {
                    self.mended(problems, error);
                }
                return request.identity.clone();
            }
        };
        if request.prior.is_null() {
            return Some(found);
        }
        let before = known_identity(resource, request.identity.clone(), &request.prior);
        match before {
            Some(before) if identity_differs(&before, &found) => {
                let bug = Diagnostic::bug(format!(
                    "An update changed the identity of a `{}`. The former identity was kept.",
                    resource.name()
                ));
                self.mended(problems, bug);
                Some(before)
            }
            _ => Some(found),
        }
    }
}

/// The state after a failure: what was written, its facts included, in the spelling of the plan where that means the
/// same. Terraform does not compare it with the plan where there are errors.
fn as_written<D: 'static>(resource: &Kind<D>, planned: &Value, wrote: &Value) -> Value {
    let block = &resource.schema().block;
    storable(block, reconcile::read(block, planned, wrote, &|_| true))
}
