//! Settings of the autoscaler, by the operator's rules. They count where it is on; where nothing says whether it is, the
//! operator's default configuration decides.

use terraform_schema::{Diagnostic, Diagnostics, View};

use super::Configuration;
use crate::functions::duration_ms::milliseconds;

/// The two beginnings of its keys; the first counts before the second.
const PREFIXES: [&str; 2] = ["job.autoscaler.", "kubernetes.operator.job.autoscaler."];

/// An option and the numbers that it may hold.
struct Number {
    name: &'static str,
    least: f64,
    greatest: f64,
    looked_at: LookedAt,
}

/// By which releases of the operator a number is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookedAt {
    Always,
    /// From 1.16 on, where that switch is on or there is none.
    Since1_16(Option<&'static str>),
    /// Up to 1.15 always, from 1.16 on where that switch is on.
    Only(&'static str),
}

const fn number(name: &'static str, least: f64, greatest: f64, looked_at: LookedAt) -> Number {
    Number {
        name,
        least,
        greatest,
        looked_at,
    }
}

const TARGET: &str = "utilization.target";

const NUMBERS: [Number; 9] = [
    number("scale-down.max-factor", 0.0, f64::INFINITY, LookedAt::Always),
    number("scale-up.max-factor", 0.0, f64::INFINITY, LookedAt::Always),
    number(TARGET, 0.0, 1.0, LookedAt::Always),
    number("target.utilization.boundary", 0.0, f64::INFINITY, LookedAt::Always),
    number("memory.gc-pressure.threshold", 0.0, 1.0, LookedAt::Since1_16(None)),
    number("memory.heap-usage.threshold", 0.0, 1.0, LookedAt::Since1_16(None)),
    number(
        "observed-scalability.coefficient-min",
        0.01,
        1.0,
        LookedAt::Only("observed-scalability.enabled"),
    ),
    number(
        "scaling.effectiveness.threshold",
        0.0,
        1.0,
        LookedAt::Since1_16(Some("scaling.effectiveness.detection.enabled")),
    ),
    number(
        "memory.tuning.overhead",
        0.0,
        1.0,
        LookedAt::Since1_16(Some("memory.tuning.enabled")),
    ),
];

/// Why a value is only refused by some operators.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unless {
    /// All refuse it.
    Never,
    /// Only where the operator's default configuration turns the autoscaler on.
    DefaultsTurnItOn,
    /// Only one whose default configuration does not set another target.
    DefaultTarget,
    /// Only one that is new enough.
    Release1_16,
    /// Only up to 1.15, where nothing turns the feature on.
    Release1_15,
}

/// Checks all of it.
pub(super) fn problems(configuration: &Configuration<'_>) -> Diagnostics {
    let settings = Settings(configuration);
    let unless = match settings.switch("enabled") {
        Err(problem) => return (*problem).into(),
        Ok(Some(true)) => Unless::Never,
        Ok(None) if settings.place("enabled").is_null() => Unless::DefaultsTurnItOn,
        // Off, or not known yet.
        Ok(Some(false) | None) => return Diagnostics::new(),
    };
    let mut problems = Diagnostics::new();
    for number in &NUMBERS {
        let asked = match number.looked_at {
            LookedAt::Always => Some(Unless::Never),
            LookedAt::Since1_16(None) => Some(Unless::Release1_16),
            LookedAt::Since1_16(Some(switch)) => settings.is_on(switch).then_some(Unless::Release1_16),
            LookedAt::Only(switch) if settings.is_on(switch) => Some(Unless::Never),
            LookedAt::Only(_) => Some(Unless::Release1_15),
        };
        if let Some(asked) = asked {
            problems.extend(settings.range(number.name, number.least, number.greatest, weaker(unless, asked)));
        }
    }
    problems.extend(settings.bounds(unless));
    problems.extend(settings.excluded_periods(unless));
    problems.extend(settings.window());
    problems
}

fn weaker(one: Unless, other: Unless) -> Unless {
    if one == Unless::Never { other } else { one }
}

/// The settings of the autoscaler in a configuration.
struct Settings<'a, 'b>(&'b Configuration<'a>);

impl<'a> Settings<'a, '_> {
    /// The place of an option that counts.
    fn place(&self, option: &str) -> View<'a> {
        let mut keys = PREFIXES.map(|prefix| format!("{prefix}{option}")).to_vec();
        if option == TARGET {
            keys.extend(PREFIXES.map(|prefix| format!("{prefix}target.utilization")));
        }
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        self.0.option(&keys)
    }

    fn switch(&self, option: &str) -> Result<Option<bool>, Box<Diagnostic>> {
        let [new, old] = PREFIXES.map(|prefix| format!("{prefix}{option}"));
        self.0.switch(&[&new, &old])
    }

    fn is_on(&self, option: &str) -> bool {
        matches!(self.switch(option), Ok(Some(true)))
    }

    /// Checks one number.
    fn range(&self, option: &str, least: f64, greatest: f64, unless: Unless) -> Option<Diagnostic> {
        let place = self.place(option);
        let text = place.text()?;
        let fits = double(text).is_some_and(|value| !(value < least || value > greatest));
        let allowed = if greatest.is_finite() {
            format!("a number from {least} to {greatest}")
        } else {
            format!("a number of at least {least}")
        };
        (!fits).then(|| {
            refused(
                text,
                &format!("it must be {allowed}"),
                &place,
                unless,
                "Number out of range",
            )
        })
    }

    /// The utilization goes from one side of its target to the other.
    fn bounds(&self, unless: Unless) -> Diagnostics {
        let place = self.place(TARGET);
        let known = place
            .text()
            .and_then(double)
            .filter(|target| (0.0..=1.0).contains(target));
        let (target, of_target) = match known {
            Some(target) => (target, unless),
            None if place.is_null() => (0.7, weaker(unless, Unless::DefaultTarget)),
            // It is wrong itself, or not known yet.
            None => return Diagnostics::new(),
        };
        let one = |option: &str, least: f64, greatest: f64| {
            self.range(option, 0.0, 1.0, unless)
                .or_else(|| self.range(option, least, greatest, of_target))
        };
        let max = one("utilization.max", target, 1.0);
        let min = one("utilization.min", 0.0, target);
        max.into_iter().chain(min).collect()
    }

    /// Times at which nothing is scaled.
    fn excluded_periods(&self, unless: Unless) -> Option<Diagnostic> {
        let place = self.place("excluded.periods");
        // A list in brackets is YAML.
        let text = place.text().filter(|text| !text.trim_start().starts_with('['))?;
        let wrong = text.split(';').find(|expression| !is_period(expression))?;
        let what = "it must be a time of the day such as `09:30-18:00`, a cron expression of Quartz with six or seven fields, of \
                    which one day is `?`, such as `* * 9-18 ? * 2-6`, or one of each with `&&` between them";
        Some(refused(wrong, what, &place, unless, "Not a period"))
    }

    /// A window with less than two samples in it.
    fn window(&self) -> Option<Diagnostic> {
        let place = self.place("metrics.window");
        let text = place.text()?;
        let interval = self.0.key("kubernetes.operator.reconcile.interval");
        let interval = if interval.is_null() { "60 s" } else { interval.text()? };
        (milliseconds(text)? < milliseconds(interval)?).then(|| {
            let what = format!("it must not be shorter than the operator's reconcile interval, `{interval}`");
            refused(text, &what, &place, Unless::Release1_16, "Window too short")
        })
    }
}

/// What to say of a value.
fn refused(text: &str, what: &str, place: &View<'_>, unless: Unless, summary: &str) -> Diagnostic {
    let (problem, who) = match unless {
        Unless::Never => (Diagnostic::error(summary), "The operator refuses"),
        Unless::DefaultsTurnItOn => (
            Diagnostic::warning(summary),
            "An operator whose default configuration turns the autoscaler on refuses",
        ),
        Unless::DefaultTarget => (
            Diagnostic::warning(summary),
            "`job.autoscaler.utilization.target` is 0.7 unless the operator's default configuration says otherwise, and the \
             operator then refuses",
        ),
        Unless::Release1_16 => (Diagnostic::warning(summary), "From 1.16 on the operator refuses"),
        Unless::Release1_15 => (Diagnostic::warning(summary), "Up to 1.15 the operator refuses"),
    };
    problem.detail(format!("{who} `{text}`: {what}.")).at(place.path())
}

/// A number as Java reads it.
fn double(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.trim_start_matches(['+', '-']) {
        "Infinity" | "NaN" => text.replace("Infinity", "inf").parse().ok(),
        _ => {
            let bare = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
            let is_plain = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
            bare.parse().ok().filter(|_| bare.chars().all(is_plain))
        }
    }
}

/// A time of the day, a cron expression, or one of each.
fn is_period(expression: &str) -> bool {
    let parts: Vec<&str> = expression.split("&&").map(str::trim).collect();
    match parts.as_slice() {
        [one] => is_daily(one) || is_cron(one),
        [one, other] => is_daily(one) && is_cron(other) || is_cron(one) && is_daily(other),
        _ => false,
    }
}

/// `09:00-18:00`, also with seconds and milliseconds; the first before the second.
fn is_daily(text: &str) -> bool {
    text.split_once('-')
        .and_then(|(from, to)| Some(time_of_day(from)? < time_of_day(to)?))
        .unwrap_or(false)
}

fn time_of_day(text: &str) -> Option<[u32; 4]> {
    let mut time = [0; 4];
    let mut count = 0;
    for part in text.split(':') {
        let below = [24, 60, 60, 1000].get(count)?;
        *time.get_mut(count)? = part.parse().ok().filter(|value| value < below)?;
        count += 1;
    }
    (count >= 2).then_some(time)
}

/// As far as it can be seen by counting: what Quartz says of the single fields is not repeated here.
fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let is_open = |index: usize| fields.get(index) == Some(&"?");
    fields.len() >= 6 && is_open(3) != is_open(5)
}
