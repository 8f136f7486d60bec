//! `MoveResourceState`: a `moved` block from a resource of another type.

use terraform_schema::{Diagnostic, Diagnostics, Value};

use super::values::storable;
use super::{PrivateState, Server, State, caught_now};
use crate::context::Private;
use crate::provider::Provider;
use crate::resource::{MOVED, MovedState};

impl<P: Provider> Server<P> {
    /// The state of `type_name` that takes over from another resource. The provider is not configured then, so this
    /// translates and does not look; the read that follows does.
    pub(crate) fn move_state(&self, type_name: &str, source: &MovedState) -> Result<State, Diagnostics> {
        let resource = self.resource(type_name)?;
        let Some(moved) = caught_now("MoveResourceState", || resource.move_from(source))? else {
            return Err(Diagnostic::error("Unsupported move")
                .detail(format!(
                    "A `{type_name}` cannot take over the state of a `{}` of the provider {}. Import the object \
                     instead, and remove the former resource from the state without destroying it (a `removed` \
                     block with `destroy = false`).",
                    source.type_name, source.provider_address
                ))
                .into());
        };
        let value = storable(&resource.schema().block, moved);
        let identity = known(resource.identity(&value)?);
        Ok(State {
            value,
            identity,
            private: PrivateState::stored(Private::from([(MOVED.to_owned(), "true".to_owned())])),
        })
    }
}

/// An identity with a null in it is left out: the read that follows tells the whole of it.
fn known(identity: Value) -> Option<Value> {
    let complete = identity
        .as_map()
        .is_some_and(|members| !members.values().any(Value::is_null));
    complete.then_some(identity)
}
