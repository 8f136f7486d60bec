//! Secrets that this process holds: kept out of every log line and every diagnostic, whoever wrote them.
//!
//! Most secrets never come near a text. But a server may repeat what it was sent, and what it says goes to the user and
//! into logs.

use std::sync::{PoisonError, RwLock};

use terraform_schema::{Attribute, Block, Value};

use crate::server::values::attributes_where;

/// What stands in the place of a secret.
const HIDDEN: &str = "(hidden)";

/// A shorter value would hide ordinary words.
const SHORTEST: usize = 4;

static SECRETS: Secrets = Secrets::new();

/// Keeps these values out of all logs and diagnostics of this process from here on. Values of fewer than four characters, and
/// `true` and `false`, are no secrets: hiding them would hide ordinary words.
pub fn hide<'v>(values: impl IntoIterator<Item = &'v str>) {
    SECRETS.add(values);
}

/// A text without secrets.
pub(crate) fn without(text: String) -> String {
    SECRETS.without(text)
}

/// Hides what the schema calls sensitive or write-only in a configuration.
pub(crate) fn hide_marked(block: &Block, config: &Value) {
    let marked = |attribute: &Attribute, value: &Value| {
        if attribute.sensitive || attribute.write_only {
            hide_all(value);
        }
        false
    };
    attributes_where(block, config, &marked);
}

fn hide_all(value: &Value) {
    match value {
        Value::String(text) => hide([text.as_str()]),
        Value::List(elements) | Value::Set(elements) => elements.iter().for_each(hide_all),
        Value::Map(members) => members.values().for_each(hide_all),
        Value::Dynamic(typed) => hide_all(&typed.1),
        Value::Null | Value::Unknown | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Longer ones first: a secret may be part of another.
struct Secrets(RwLock<Vec<String>>);

impl Secrets {
    const fn new() -> Self {
        Self(RwLock::new(Vec::new()))
    }

    fn add<'v>(&self, values: impl IntoIterator<Item = &'v str>) {
        // A file's last line break is no part of what a server repeats.
        let values = values.into_iter().map(str::trim);
        for value in values.filter(|value| value.len() >= SHORTEST && !["true", "false"].contains(value)) {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if !known.iter().any(|known| known == value) {
                let place = known.partition_point(|known| known.len() >= value.len());
                known.insert(place, value.to_owned());
            }
        }
    }

    fn without(&self, text: String) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), HIDDEN)
            } else {
                text
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_the_longer_ones_first() {
        let secrets = Secrets::new();
        secrets.add(["hunter22", "no", "true", " hunter22-long\n", "hunter22"]);
        let text = "no: hunter22-long is true, and hunter22 is no other".to_owned();
        assert_eq!(secrets.without(text), "no: (hidden) is true, and (hidden) is no other");
    }
}
