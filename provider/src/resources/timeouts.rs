//! The block `timeouts { }` that every resource with a wait has.

use std::time::Duration;

use jiff::SignedDuration;
use terraform_schema::schema::Semantics;
use terraform_schema::{Attribute, AttributePath, AttributeType, Diagnostic, Diagnostics, Schema, Shape, Type, Value};

/// How long operations may take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Schema)]
pub struct Timeouts {
    /// How long creating may take until the job runs or the snapshot is complete, such as `15m` or `1h30m`. 15 minutes
    /// without it. For as long, and for 2 minutes without it, a deployment or session job waits for a cluster and for custom
    /// resource definitions that come up in the same apply, before it is written.
    #[schema(class = Local)]
    pub create: Option<Timeout>,

    /// How long an update may take until the job runs again. 30 minutes without it.
    #[schema(class = Local)]
    pub update: Option<Timeout>,

    /// How long destroying may take, the last savepoint included. 20 minutes without it.
    #[schema(class = Local)]
    pub delete: Option<Timeout>,
}

/// A length of time as it was written: `90s`, `15m`, `1h30m`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeout(pub String);

impl AttributeType for Timeout {
    fn shape() -> Shape {
        let same = |a: &Value, b: &Value| match (a.as_str().and_then(parse), b.as_str().and_then(parse)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        };
        let mut attribute = Attribute::new(Type::String, Semantics::meaning(same, "compared as a length of time"));
        attribute.checks.push(duration);
        Shape::Attribute(Box::new(attribute))
    }

    fn decode(value: &Value, path: &AttributePath) -> Result<Self, Diagnostics> {
        String::decode(value, path).map(Self)
    }

    fn encode(&self) -> Value {
        Value::string(&self.0)
    }
}

impl Timeouts {
    /// How long creating may take.
    pub fn create(timeouts: Option<&Self>) -> Duration {
        chosen(timeouts.and_then(|timeouts| timeouts.create.as_ref()), 15)
    }

    /// How long a cluster that is to be written to may take to come up. Shorter than [`create`](Self::create) unless it is set:
    /// mostly it is an address that is wrong, or an operator that nobody has installed.
    pub fn coming_up(timeouts: Option<&Self>) -> Duration {
        chosen(timeouts.and_then(|timeouts| timeouts.create.as_ref()), 2)
    }

    /// How long an update may take.
    pub fn update(timeouts: Option<&Self>) -> Duration {
        chosen(timeouts.and_then(|timeouts| timeouts.update.as_ref()), 30)
    }

    /// How long destroying may take.
    pub fn delete(timeouts: Option<&Self>) -> Duration {
        chosen(timeouts.and_then(|timeouts| timeouts.delete.as_ref()), 20)
    }
}

/// Text that is no duration was refused when it was validated.
fn chosen(timeout: Option<&Timeout>, otherwise_minutes: u64) -> Duration {
    timeout
        .and_then(|timeout| parse(&timeout.0))
        .unwrap_or(Duration::from_secs(otherwise_minutes * 60))
}

fn parse(text: &str) -> Option<Duration> {
    let duration: SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(duration).ok().filter(|duration| !duration.is_zero())
}

/// Checks a duration: `90s`, `15m`, `1h30m`.
fn duration(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if parse(text).is_none() => Diagnostic::error("Not a duration")
            .detail(format!(
                "`{text}` is not a duration. Write a number with a unit, such as `90s`, `15m` or `1h30m`."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("1h30m", 5400),
            ("1h 30m", 5400),
            ("1.5h", 5400),
            (" 5m ", 300),
        ] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "15", "m", "0s", "-5m", "soon"] {
            assert_eq!(parse(text), None, "{text}");
            let problems = duration(&text.into(), &AttributePath::of(["timeouts", "create"]));
            assert!(problems.has_errors(), "{text}");
            assert_eq!(problems.iter().next().unwrap().path.to_string(), "timeouts.create");
        }
    }

    #[test]
    fn defaults_where_nothing_is_set() {
        assert_eq!(Timeouts::create(None), Duration::from_secs(900));
        assert_eq!(Timeouts::coming_up(None), Duration::from_secs(120));
        let long = Timeouts {
            create: Some(Timeout("1h".to_owned())),
            ..Timeouts::default()
        };
        assert_eq!(Timeouts::coming_up(Some(&long)), Duration::from_secs(3600));
        let timeouts = Timeouts {
            update: Some(Timeout("45m".to_owned())),
            ..Timeouts::default()
        };
        assert_eq!(Timeouts::update(Some(&timeouts)), Duration::from_secs(2700));
        assert_eq!(Timeouts::delete(Some(&timeouts)), Duration::from_secs(1200));
    }
}
