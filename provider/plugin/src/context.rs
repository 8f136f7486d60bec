//! What surrounds a call of a resource: the provider's data, private state, warnings, and Terraform's wish to stop.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use terraform_schema::{Diagnostic, Diagnostics, Model, Value};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::resource::PlanMark;

/// Data that the provider keeps with an object in Terraform's state, unseen by the user: texts by name. Never secrets:
/// the state file holds them in the clear.
pub type Private = BTreeMap<String, String>;

/// Warnings on their way to the user. Errors are returned instead.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<Diagnostics>);

impl Warnings {
    /// Adds a warning.
    pub fn warn(&self, warning: Diagnostic) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// All warnings so far; none are left.
    pub fn take(&self) -> Diagnostics {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the user what an action is doing, while it does it. Clones speak to the same user; the default one to nobody.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<UnboundedSender<String>>);

impl Progress {
    /// Speaks to whoever receives it.
    pub(crate) fn to(user: UnboundedSender<String>) -> Self {
        Self(Some(user))
    }

    /// Tells a sentence.
    pub fn tell(&self, message: impl Into<String>) {
        if let Some(user) = &self.0 {
            // Whoever listened may have gone away.
            let _ = user.send(message.into());
        }
    }
}

/// Around a plan: everything in it is the same when Terraform plans again during apply.
#[derive(Debug)]
pub struct PlanContext<'a, D> {
    /// What the provider block gave.
    pub data: &'a D,
    /// Whether the provider block is wholly known.
    pub configured: bool,
    /// The object's private state.
    pub private: &'a Private,
    /// What kind of plan this is.
    pub mark: PlanMark,
    planned: Mutex<Private>,
}

impl<'a, D> PlanContext<'a, D> {
    /// A context for an object with this private state.
    pub fn new(data: &'a D, configured: bool, private: &'a Private, mark: PlanMark) -> Self {
        Self {
            data,
            configured,
            private,
            mark,
            planned: Mutex::new(private.clone()),
        }
    }

    /// Plans an entry of the private state, or with `None` its removal. The apply of this plan finds it there; so does the
    /// destroy of what the plan replaces. As pure as the rest of a plan. Of a planned destroy nothing is kept.
    pub fn plan_private(&self, name: &str, value: Option<String>) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => planned.insert(name.to_owned(), value),
            None => planned.remove(name),
        };
    }

    /// The private state as it is planned.
    pub fn into_planned(self) -> Private {
        self.planned.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Around a call that reaches out.
#[derive(Debug)]
pub struct Context<'a, D> {
    /// What the provider block gave.
    pub data: &'a D,
    /// Cancelled when Terraform asks to stop (Ctrl-C) or the process ends. Every wait ends at once then.
    pub stop: CancellationToken,
    warnings: Warnings,
    progress: Progress,
    private: Mutex<Private>,
    wrote: Mutex<Option<Value>>,
}

impl<'a, D> Context<'a, D> {
    /// A context with the private state that Terraform handed over.
    pub fn new(data: &'a D, stop: CancellationToken, private: Private) -> Self {
        Self {
            data,
            stop,
            warnings: Warnings::default(),
            progress: Progress::default(),
            private: Mutex::new(private),
            wrote: Mutex::new(None),
        }
    }

    /// Adds a warning for the user.
    pub fn warn(&self, warning: Diagnostic) {
        self.warnings.warn(warning);
    }

    /// The same, with somebody who is told what happens.
    #[must_use]
    pub fn telling(self, progress: Progress) -> Self {
        Self { progress, ..self }
    }

    /// Whether this is the call of an action.
    pub fn is_action(&self) -> bool {
        self.progress.0.is_some()
    }

    /// Tells the user of an action what happens. In other calls nobody listens.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The warnings so far; none are left.
    pub fn warnings(&self) -> Diagnostics {
        self.warnings.take()
    }

    /// An entry of the object's private state. Data sources have none.
    pub fn private(&self, name: &str) -> Option<String> {
        self.private
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Sets an entry of the object's private state, or with `None` removes it. Kept also when the call fails;
    /// of a data source nothing is kept.
    pub fn set_private(&self, name: &str, value: Option<String>) {
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => private.insert(name.to_owned(), value),
            None => private.remove(name),
        };
    }

    /// Says that the object exists, or may exist, as `model`. Whatever goes wrong from here on, this is saved.
    pub fn wrote<M: Model>(&self, model: &M) {
        *self.wrote.lock().unwrap_or_else(PoisonError::into_inner) = Some(model.to_value());
    }

    /// What the call left behind: warnings, private state, and what it said to have written.
    pub(crate) fn take(&self) -> (Diagnostics, Private, Option<Value>) {
        let private = self.private.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let wrote = self.wrote.lock().unwrap_or_else(PoisonError::into_inner).take();
        (self.warnings.take(), private, wrote)
    }
}
