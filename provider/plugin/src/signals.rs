//! What the operating system tells this process.

use std::io;

use tokio_util::sync::CancellationToken;

/// Who ends the process on Ctrl-C.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Interrupt {
    /// Terraform does: it is in the same process group, gets the same signal, and asks handlers to
    /// stop through the protocol. Ending here would cut them off.
    Ignored,
    /// The signal itself: a developer started this process.
    Ends,
}

/// The signals listened for, from its making on.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Takes over the signals: none of them kills the process any more.
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Takes over the signals: none of them kills the process any more.
    #[cfg(windows)]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
        })
    }

    /// Cancels `stop` when a signal asks for the end. Runs until then.
    pub(crate) async fn obey(mut self, on_interrupt: Interrupt, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.next().await {
                "interrupt" if on_interrupt == Interrupt::Ignored => {
                    tracing::debug!("interrupt ignored: the client says what to stop");
                }
                signal => {
                    tracing::info!(signal, "ending");
                    stop.cancel();
                }
            }
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupt",
            _ = self.terminate.recv() => "terminate",
            _ = self.hangup.recv() => "hangup",
        }
    }

    #[cfg(windows)]
    async fn next(&mut self) -> &'static str {
        self.interrupt.recv().await;
        "interrupt"
    }
}
