//! The RPC handlers that run in this process: guarded against panics, and told when to stop.

mod panic;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub use panic::Panicked;
pub(crate) use panic::log_panics;

/// Runs RPC handlers. Clones are the same set.
#[derive(Clone, Debug, Default)]
pub struct Handlers {
    running: TaskTracker,
    stop: CancellationToken,
}

impl Handlers {
    /// An empty set, not stopping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process is about to end: every wait in a handler must end with it.
    ///
    /// Terraform's own `Stop` call is not this: it ends one run, the process may serve another.
    /// Derive a [`child_token`](CancellationToken::child_token) for it.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs one handler in a task of its own and returns what it returned.
    ///
    /// A caller that goes away does not break the handler off between two writes: it runs on until
    /// it ends or sees [`stop`](Self::stop). `rpc` is the name of the call, `ApplyResourceChange`,
    /// and stands in every log line of the handler.
    ///
    /// # Errors
    /// The handler panicked. The error's text is fit for a diagnostic.
    pub async fn guarded<T>(
        &self,
        rpc: &'static str,
        handler: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Panicked>
    where
        T: Send + 'static,
    {
        // Unwind safe: whatever the handler held is dropped with it or guarded by its own lock.
        let caught = AssertUnwindSafe(handler)
            .catch_unwind()
            .map(move |outcome| outcome.map_err(|payload| Panicked::caught(rpc, payload.as_ref())));
        let task = self
            .running
            .spawn(caught.instrument(tracing::info_span!("rpc", tf_rpc = rpc)));
        match task.await {
            Ok(outcome) => outcome,
            // Nobody aborts these tasks, so this is a panic while the payload was dropped.
            Err(error) => Err(Panicked::unknown(rpc, &error)),
        }
    }

    /// Waits until no handler runs, at most `longest`. Returns false if one still does.
    pub(crate) async fn idle(&self, longest: Duration) -> bool {
        self.running.close();
        tokio::time::timeout(longest, self.running.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_handler_returns_its_value() {
        let handlers = Handlers::new();
        let value = handlers.guarded("ReadResource", async { 42 }).await;
        assert_eq!(value.expect("no panic"), 42);
    }

    #[tokio::test]
    async fn a_panic_becomes_a_text_that_names_call_message_and_place() {
        log_panics();
        let handlers = Handlers::new();
        let panicked = handlers
            .guarded("PlanResourceChange", async {
                assert!(std::hint::black_box(false), "no jar for {}", "orders");
            })
            .await
            .expect_err("panic");
        let text = panicked.to_string();
        assert!(text.starts_with("PlanResourceChange panicked"), "{text}");
        assert!(text.contains("no jar for orders"), "{text}");
        assert!(text.contains("handlers.rs:"), "{text}");
    }

    #[tokio::test]
    async fn a_payload_that_is_no_text_is_a_panic_all_the_same() {
        let handlers = Handlers::new();
        let panicked = handlers
            .guarded("Configure", async { std::panic::panic_any(7_u8) })
            .await
            .expect_err("panic");
        assert!(panicked.to_string().starts_with("Configure panicked"));
    }

    #[tokio::test]
    async fn a_handler_outlives_its_caller() {
        let handlers = Handlers::new();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let (done, finished) = tokio::sync::oneshot::channel();
        let call = handlers.guarded("ApplyResourceChange", async move {
            released.await.expect("sender lives");
            done.send("written").expect("receiver lives");
        });
        // The call is dropped while the handler waits, as when a connection breaks.
        let gone = tokio::time::timeout(Duration::from_millis(20), call).await;
        assert!(gone.is_err());
        assert!(!handlers.idle(Duration::from_millis(1)).await, "it still runs");
        release.send(()).expect("handler lives");
        assert_eq!(finished.await.expect("handler ended well"), "written");
        assert!(handlers.idle(Duration::from_secs(5)).await);
    }
}
