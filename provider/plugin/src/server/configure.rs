//! `PrepareProviderConfig`, `Configure`, `Stop`.

use std::sync::{Arc, PoisonError};

use terraform_schema::{Diagnostics, Value, View, validate};

use super::{Server, caught_now};
use crate::context::Warnings;
use crate::provider::Provider;
use crate::secrets::hide_marked;

impl<P: Provider> Server<P> {
    /// Checks a provider block.
    pub(crate) fn validate_provider(&self, config: &Value) -> Diagnostics {
        hide_marked(&self.provider_schema.block, config);
        let mut problems = validate::validate(&self.provider_schema.block, config);
        problems.extend(self.provider.validate(View::of(config)));
        problems
    }

    /// Takes a provider block for all calls that follow, and begins a new run: what an earlier `Stop` ended may start
    /// again. Terraform itself never goes on after `Stop`; a process that is being debugged serves one run after
    /// another.
    pub(crate) fn configure(&self, config: &Value) -> Diagnostics {
        hide_marked(&self.provider_schema.block, config);
        let warnings = Warnings::default();
        let configured = caught_now("Configure", || self.provider.configure(View::of(config), &warnings));
        let mut problems = warnings.take();
        let configured = configured.map_err(|errors| problems.extend(errors)).ok();
        *self.configured.write().unwrap_or_else(PoisonError::into_inner) = configured.map(Arc::new);
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if run.is_cancelled() {
            *run = self.end.child_token();
        }
        problems
    }

    /// Ends every wait of every running call, and of those that come before the next `Configure`.
    pub(crate) fn stop(&self) {
        self.running().cancel();
    }
}
