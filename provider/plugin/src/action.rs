//! What the author of an action writes: something that is done, and leaves nothing in Terraform's state.
//!
//! Terraform 1.14 and newer invoke actions: before or after a resource changes (`lifecycle { action_trigger { } }`), or by hand
//! (`terraform apply -invoke=action.<type>.<name>`). They are planned with the rest, so [`Action::validate`] may meet unknown
//! values; [`Action::invoke`] meets a configuration that is wholly known.

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, View};

use crate::context::Context;

/// A kind of thing that is done.
#[async_trait]
pub trait Action: Send + Sync + 'static {
    /// What [`crate::Provider::configure`] makes; the same for everything of a provider.
    type Data: Send + Sync + 'static;
    /// The configuration, as a struct in which nothing is computed. `Model::NAME` is the type, such as `flink_restart`.
    type Model: Model;

    /// Checks a configuration beyond what each attribute checks for itself. Offline; unknown values must pass. Asked when the
    /// configuration is validated, and again with all that is known when the action is planned.
    fn validate(&self, config: View<'_>) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Does it, and returns when it is done. What happens meanwhile is told to the user with [`Context::progress`]. Where Terraform
    /// asks to stop, `cx.stop` is cancelled: every wait ends at once then.
    ///
    /// # Errors
    /// It was not done, or it is not known whether it was; the message says which.
    async fn invoke(&self, config: Self::Model, cx: &Context<'_, Self::Data>) -> Result<(), Diagnostics>;
}
