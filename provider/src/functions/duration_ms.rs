//! `duration_ms`: a length of time in Flink's spelling as a number.

use terraform_plugin::{Function, FunctionError, Parameter, Signature};
use terraform_schema::{Number, Type, Value};

use super::text;

/// The function `duration_ms`.
#[derive(Clone, Copy, Debug)]
pub struct DurationMs;

/// Units as Flink reads them (`TimeUtils`), with their nanoseconds.
const UNITS: [(&[&str], u128); 7] = [
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["min", "m", "minute", "minutes"], 60_000_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["", "ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["µs", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

impl Function for DurationMs {
    fn signature(&self) -> Signature {
        Signature {
            name: "duration_ms",
            summary: "A length of time in milliseconds",
            description: "The number of milliseconds in a length of time as `flink_configuration` takes it: a whole number with a unit, \
                          such as `10 s`, `500ms`, `1 min`, `2 hours` or `7d`. As for Flink, a number alone is milliseconds.",
            parameters: vec![Parameter {
                name: "text",
                description: "The length of time, such as `10 s` or `5min`.",
                ty: Type::String,
            }],
            returns: Type::Number,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = text(arguments)?;
        milliseconds(text).map(Value::Number).ok_or_else(|| {
            FunctionError::of_argument(
                0,
                format!(
                    "`{text}` is no length of time in Flink's spelling. Write a whole number with a unit, such as `10 s`, \
                     `500ms`, `1 min`, `2 hours` or `7d`."
                ),
            )
        })
    }
}

/// Reads a length of time as Flink does.
pub(crate) fn milliseconds(text: &str) -> Option<Number> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    // Flink's own bound.
    let number: i64 = number.parse().ok()?;
    let unit = unit.trim().to_lowercase();
    let (_, factor) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    let nanoseconds = u128::try_from(number).ok()?.checked_mul(*factor)?;
    format!("{}.{:06}", nanoseconds / 1_000_000, nanoseconds % 1_000_000)
        .parse()
        .ok()
}
