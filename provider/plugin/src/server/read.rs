//! `ReadResource`.

use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Value, reconcile};

use super::values::{attributes_where, identity_differs, identity_text, storable};
use super::{Kind, PrivateState, Server, State, caught};
use crate::context::Context;
use crate::provider::Provider;
use crate::resource::{Live, Lookup};

/// What Terraform asks to read.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    /// The state as it is.
    pub(crate) state: Value,
    /// The object's private state.
    pub(crate) private: PrivateState,
    /// Which object it is, where Terraform knows.
    pub(crate) identity: Option<Value>,
}

impl<P: Provider> Server<P> {
    /// The state as it is now: null where the object is gone. While the provider block is not wholly known there is
    /// nobody to ask, and the state stays as it is.
    pub(crate) async fn read(&self, type_name: &str, request: Read) -> Result<(State, Diagnostics), Diagnostics> {
        let resource = self.resource(type_name)?;
        let configured = self.configured(type_name)?;
        let private = request.private.resource;
        if !configured.is_known() || request.state.is_null() {
            tracing::debug!(
                tf_resource_type = type_name,
                "not read: the provider block is not known yet"
            );
            let state = State {
                value: request.state,
                identity: request.identity,
                private: PrivateState::stored(private),
            };
            return Ok((state, Diagnostics::new()));
        }
        let cx = Context::new(configured.data(), self.running(), private);
        let found = caught("ReadResource", resource.read(Lookup::Known(request.state.clone()), &cx)).await;
        let (mut problems, private, _) = cx.take();
        let live = match found {
            Ok(Some(live)) => live,
            Ok(None) => return Ok((State::gone(), problems)),
            Err(errors) => {
                problems.extend(errors);
                return Err(problems);
            }
        };
        let (value, identity) = match self.state_of(resource, &request.state, &live, &mut problems) {
            Ok(state) => state,
            Err(errors) => {
                problems.extend(errors);
                return Err(problems);
            }
        };
        if let Some(before) = &request.identity
            && identity_differs(before, &identity)
        {
            problems.push(Diagnostic::bug(format!(
                "A read found another `{type_name}` ({}) than the one in state ({}).",
                identity_text(&identity),
                identity_text(before)
            )));
            return Err(problems);
        }
        Ok((
            State {
                value,
                identity: Some(identity),
                private: PrivateState::stored(private),
            },
            problems,
        ))
    }

    /// The state and the identity of an object as it was found.
    pub(super) fn state_of(
        &self,
        resource: &Kind<P::Data>,
        prior: &Value,
        live: &Live<Value>,
        problems: &mut Diagnostics,
    ) -> Result<(Value, Value), Diagnostics> {
        let block = &resource.schema().block;
        let owned = |path: &AttributePath| live.owned.covers(path);
        let value = reconcile::read(block, prior, &live.model, &owned);
        for path in attributes_where(block, &value, &|_, value| !value.is_wholly_known()) {
            let bug = Diagnostic::bug(format!(
                "A read of a `{}` left `{path}` unknown. It is taken for not set.",
                resource.name()
            ));
            self.mended(problems, bug.at(path));
        }
        let value = storable(block, value);
        let identity = resource.identity(&value)?;
        Ok((value, identity))
    }
}
