//! Logging for Terraform: hclog JSON lines on stderr, so that `TF_LOG` works.
//!
//! Terraform reads the lines, filters them by its own level and shows them as its own. The level
//! is applied here too, so that nothing is formatted that Terraform would drop.

mod line;

use std::env;

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) use line::Line;

/// Crates that log what goes over the wire, tokens included. Never below WARN.
const WIRE: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "mio",
    "rustls",
    "tokio_util",
    "tonic",
    "tower",
    "want",
];

/// Sends everything logged in this process to stderr, from the level the user asked for.
///
/// `provider` is the short name, `flink`: the level comes from `TF_LOG_PROVIDER_FLINK`,
/// `TF_LOG_PROVIDER` or `TF_LOG`, the first that is set. A second call does nothing.
pub(crate) fn install(provider: &str) {
    let level = level(provider, |name| env::var(name).ok());
    let mut targets = Targets::new().with_default(level);
    for wire in WIRE {
        targets = targets.with_target(wire, level.min(LevelFilter::WARN));
    }
    // It fails only if a subscriber is there already: the first one stays.
    let _ = tracing_subscriber::registry()
        .with(Hclog.with_filter(targets))
        .try_init();
}

/// The level asked for. Terraform takes what it cannot read, and `JSON`, for TRACE.
fn level(provider: &str, variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let own = format!("TF_LOG_PROVIDER_{}", provider.to_uppercase().replace('-', "_"));
    let asked = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    match asked.map(|value| value.to_uppercase()).as_deref() {
        // Nobody reads: what is worth a line in somebody's debugger, no more.
        None => LevelFilter::INFO,
        Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some(_) => LevelFilter::TRACE,
    }
}

/// Turns every event into one line, with the fields of the spans it happened in.
struct Hclog;

/// What a span carries for the lines inside it.
struct SpanFields(Vec<(&'static str, Value)>);

impl<S> Layer<S> for Hclog
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields.named));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(span) = context.span(id)
            && let Some(SpanFields(known)) = span.extensions_mut().get_mut()
        {
            known.extend(fields.named);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let mut line = Line::new(name(*metadata.level()), metadata.target(), &fields.message);
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(SpanFields(known)) = span.extensions().get() {
                for (name, value) in known {
                    line.field(name, value.clone());
                }
            }
        }
        for (name, value) in fields.named {
            line.field(name, value);
        }
        line.write();
    }
}

/// hclog's name for a level.
fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of one event or span, the message apart.
#[derive(Default)]
struct Fields {
    message: String,
    named: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("message", other) => self.message = other.to_string(),
            (name, value) => self.named.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.put(field, text.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_variable_sets_the_level() {
        let cases: [(&[(&str, &str)], LevelFilter); 8] = [
            (&[], LevelFilter::INFO),
            (&[("TF_LOG", "debug")], LevelFilter::DEBUG),
            (&[("TF_LOG", "JSON")], LevelFilter::TRACE),
            (&[("TF_LOG", "loud")], LevelFilter::TRACE),
            (&[("TF_LOG", "TRACE"), ("TF_LOG_PROVIDER", "warn")], LevelFilter::WARN),
            (
                &[("TF_LOG_PROVIDER", "warn"), ("TF_LOG_PROVIDER_MY_FLINK", "error")],
                LevelFilter::ERROR,
            ),
            (&[("TF_LOG_PROVIDER", ""), ("TF_LOG", "info")], LevelFilter::INFO),
            (&[("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "off")], LevelFilter::OFF),
        ];
        for (set, wanted) in cases {
            let found = level("my-flink", |name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(found, wanted, "{set:?}");
        }
    }
}
