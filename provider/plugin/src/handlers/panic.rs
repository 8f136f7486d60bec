//! Panics: written to the log where they happen, turned into a text where a handler ends.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic::PanicHookInfo;

use tokio::task::JoinError;

use crate::log::Line;

thread_local! {
    /// The last panic of this thread: what it said and where.
    static LAST: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Replaces Rust's panic message, which spans lines, by one line of the log.
///
/// Terraform takes a line that begins with `panic: ` for the crash of a Go program and prints its
/// own crash report; a line of JSON never does.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(record));
}

fn record(info: &PanicHookInfo<'_>) {
    let message = text(info.payload());
    let place = info.location().map_or_else(
        || "unknown place".to_owned(),
        |place| format!("{}:{}:{}", place.file(), place.line(), place.column()),
    );
    // Not through tracing: the panic may have happened inside it.
    let mut line = Line::new("error", "terraform_plugin::panic", &format!("panicked: {message}"));
    line.field("location", place.clone().into());
    if let Some(name) = std::thread::current().name() {
        line.field("thread", name.into());
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        line.field("backtrace", backtrace.to_string().into());
    }
    line.write();
    // A thread that is ending has no such place any more; then the text has no location.
    let _ = LAST.try_with(|last| last.replace(Some((message, place))));
}

/// An RPC handler panicked: a bug in the provider.
///
/// Its text says in which call, what and where, and stands well as the detail of a diagnostic.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "{rpc} panicked: {message}{}. This is a bug in the provider; please report it with these words and the configuration that led to it.",
    .place.as_ref().map(|place| format!(" (at {place})")).unwrap_or_default()
)]
pub struct Panicked {
    rpc: &'static str,
    message: String,
    place: Option<String>,
}

impl Panicked {
    /// What a caught payload says, with the place the hook saw on this thread just before.
    pub(crate) fn caught(rpc: &'static str, payload: &(dyn Any + Send)) -> Self {
        let message = text(payload);
        let place = LAST
            .with_borrow_mut(Option::take)
            .filter(|(said, _)| *said == message)
            .map(|(_, place)| place);
        Self { rpc, message, place }
    }

    /// A task that ended without a payload to look at.
    pub(super) fn unknown(rpc: &'static str, error: &JoinError) -> Self {
        Self {
            rpc,
            message: error.to_string(),
            place: None,
        }
    }
}

/// The text of a panic's payload, if it has one.
fn text(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
