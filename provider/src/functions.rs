//! What can be worked out in a configuration, one file each: `provider::flink::<name>(...)`.

pub mod duration_ms;
pub mod from_manifest;
pub mod memory_bytes;

use terraform_plugin::{Function, FunctionError};
use terraform_schema::Value;

/// All of them, one line each.
pub fn all() -> Vec<Box<dyn Function>> {
    vec![
        Box::new(duration_ms::DurationMs),
        Box::new(from_manifest::FromManifest),
        Box::new(memory_bytes::MemoryBytes),
    ]
}

/// The only argument of a function that takes a text.
fn text(arguments: &[Value]) -> Result<&str, FunctionError> {
    arguments
        .first()
        .and_then(Value::as_str)
        .ok_or_else(|| FunctionError::of_argument(0, "A text is needed here."))
}

#[cfg(test)]
mod tests;
