//! `ValidateActionConfig`, `PlanAction` and `InvokeAction`.

use terraform_schema::{Diagnostic, Diagnostics, Value, View, validate};

use super::{Server, caught};
use crate::context::{Context, Private, Progress};
use crate::provider::Provider;
use crate::secrets::hide_marked;

impl<P: Provider> Server<P> {
    /// Checks the configuration of an action: by its schema, then by the action itself. Unknown values pass; the plan asks again
    /// with what is known then.
    pub(crate) fn validate_action(&self, action_type: &str, config: &Value) -> Result<Diagnostics, Diagnostics> {
        let action = self.action(action_type)?;
        hide_marked(&action.schema().block, config);
        let mut problems = validate::validate(&action.schema().block, config);
        problems.extend(action.validate(View::of(config)));
        Ok(problems)
    }

    /// Does what an action is for; returns its warnings.
    pub(crate) async fn invoke_action(
        &self,
        action_type: &str,
        config: &Value,
        progress: Progress,
    ) -> Result<Diagnostics, Diagnostics> {
        let action = self.action(action_type)?;
        let mut problems = self.validate_action(action_type, config)?;
        if problems.has_errors() {
            return Err(problems);
        }
        // A plan has told them.
        problems = Diagnostics::new();
        if !config.is_wholly_known() {
            return Err(Diagnostic::error("The action's configuration is not known yet")
                .detail(format!(
                    "`{action_type}` cannot be invoked: some of its arguments come from resources that do not exist yet. Let \
                     the action be triggered after they are created, or apply them first."
                ))
                .into());
        }
        let configured = self.wholly_configured(action_type, "Invoking the action")?;
        let cx = Context::new(configured.data(), self.running(), Private::new()).telling(progress);
        let outcome = caught("InvokeAction", action.invoke(config, &cx)).await;
        problems.extend(cx.warnings());
        match outcome {
            Ok(()) => Ok(problems),
            Err(errors) => {
                problems.extend(errors);
                Err(problems)
            }
        }
    }
}
