//! What the author of a list resource writes: it finds the objects that a resource could manage, whoever made them.
//!
//! Terraform 1.14 and newer ask for them (`terraform query`, blocks `list` in `.tfquery.hcl` files) and may write a configuration and import
//! blocks for what was found.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use terraform_schema::{Diagnostics, Model, Value, View};
use tokio::sync::mpsc;

use crate::context::Context;

/// The objects that a resource could manage.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// What [`crate::Provider::configure`] makes; the same for everything of a provider.
    type Data: Send + Sync + 'static;
    /// The configuration, as a struct in which nothing is computed. `Model::NAME` is the type of the resource.
    type Config: Model;
    /// The model of the resource.
    type Model: Model;

    /// Checks a configuration beyond what each attribute checks for itself. Offline; unknown values must pass.
    fn validate(&self, config: View<'_>) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Finds the objects and pushes them, until there are no more or `found` breaks. Never writes. It is broken off where Terraform
    /// asks to stop.
    ///
    /// # Errors
    /// They cannot be listed. What was pushed before stays.
    async fn list(
        &self,
        config: Self::Config,
        found: Found<Self::Model>,
        cx: &Context<'_, Self::Data>,
    ) -> Result<(), Diagnostics>;
}

/// An object that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<M> {
    /// What a person tells it from the others by.
    pub display_name: String,
    /// Everything that is there, as after an import.
    pub model: M,
}

/// Takes what is found, as many as are wanted.
#[derive(Debug)]
pub struct Found<M> {
    taken: mpsc::Sender<Listed<Value>>,
    left: AtomicUsize,
    model: PhantomData<fn(M)>,
}

impl<M> Found<M> {
    /// A taker of at most `limit` objects, and what it takes.
    pub(crate) fn new(limit: usize) -> (Self, mpsc::Receiver<Listed<Value>>) {
        let (taken, received) = mpsc::channel(16);
        let found = Self {
            taken,
            left: AtomicUsize::new(limit),
            model: PhantomData,
        };
        (found, received)
    }

    /// The same for models instead of values.
    pub(crate) fn typed<N>(self) -> Found<N> {
        Found {
            taken: self.taken,
            left: self.left,
            model: PhantomData,
        }
    }

    /// How many more are wanted: no need to ask a server for more at once.
    pub fn wanted(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

impl<M: Model> Found<M> {
    /// Takes one. It breaks where no more are wanted.
    pub async fn push(&self, found: Listed<M>) -> ControlFlow<()> {
        let left = self.wanted();
        if left == 0 {
            return ControlFlow::Break(());
        }
        self.left.store(left - 1, Ordering::Relaxed);
        let listed = Listed {
            display_name: found.display_name,
            model: found.model.to_value(),
        };
        // Whoever asked may have gone away.
        if self.taken.send(listed).await.is_err() || left == 1 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
