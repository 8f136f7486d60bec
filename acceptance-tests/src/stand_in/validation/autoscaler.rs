//! The rules about the autoscaler's settings, which count where it is on.

use super::super::spec::Spec;
use super::{Release, switch};

/// Options, least and greatest number; releases before that do not look; and the switch without which nobody looks, from
/// 1.16 on.
const NUMBERS: [(&str, f64, f64, Release, Option<&str>); 8] = [
    ("scale-down.max-factor", 0.0, f64::INFINITY, Release::V1_15, None),
    ("scale-up.max-factor", 0.0, f64::INFINITY, Release::V1_15, None),
    ("target.utilization.boundary", 0.0, f64::INFINITY, Release::V1_15, None),
    ("memory.gc-pressure.threshold", 0.0, 1.0, Release::V1_16, None),
    ("memory.heap-usage.threshold", 0.0, 1.0, Release::V1_16, None),
    (
        "observed-scalability.coefficient-min",
        0.01,
        1.0,
        Release::V1_15,
        Some("observed-scalability.enabled"),
    ),
    (
        "scaling.effectiveness.threshold",
        0.0,
        1.0,
        Release::V1_16,
        Some("scaling.effectiveness.detection.enabled"),
    ),
    (
        "memory.tuning.overhead",
        0.0,
        1.0,
        Release::V1_16,
        Some("memory.tuning.enabled"),
    ),
];

/// The first rule that is broken.
pub(super) fn refusal(release: Release, spec: &Spec) -> Option<String> {
    match on(spec, "enabled") {
        Err(message) => return Some(message),
        Ok(false) => return None,
        Ok(true) => {}
    }
    let target = match number(spec, "utilization.target") {
        Err(message) => return Some(message),
        Ok(target) => target.unwrap_or(0.7),
    };
    let utilization = [
        ("utilization.target", 0.0, 1.0),
        ("utilization.max", target, 1.0),
        ("utilization.min", 0.0, target),
    ];
    let numbers = NUMBERS.iter().filter(|(_, _, _, since, switch)| {
        // 1.15 looks whether the feature is on or not.
        let asked = release == Release::V1_15 || switch.is_none_or(|switch| on(spec, switch) == Ok(true));
        release >= *since && asked
    });
    utilization
        .into_iter()
        .chain(numbers.map(|(option, least, greatest, _, _)| (*option, *least, *greatest)))
        .find_map(|(option, least, greatest)| match number(spec, option) {
            Err(message) => Some(message),
            Ok(Some(value)) if value < least || value > greatest => Some(format!(
                "The AutoScalerOption job.autoscaler.{option} is invalid, it should be a value within the range \
                 [{least:?}, {}]",
                if greatest.is_finite() {
                    format!("{greatest:?}")
                } else {
                    "+Infinity".to_owned()
                }
            )),
            Ok(_) => None,
        })
        .or_else(|| excluded_periods(spec))
        .or_else(|| (release >= Release::V1_16).then(|| window(spec)).flatten())
}

/// The names of an option, the first that is there counts.
fn keys(option: &str) -> Vec<String> {
    let mut keys = vec![
        format!("job.autoscaler.{option}"),
        format!("kubernetes.operator.job.autoscaler.{option}"),
    ];
    if option == "utilization.target" {
        keys.push("kubernetes.operator.job.autoscaler.target.utilization".to_owned());
        keys.push("job.autoscaler.target.utilization".to_owned());
    }
    keys
}

fn on(spec: &Spec, option: &str) -> Result<bool, String> {
    let keys = keys(option);
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    Ok(switch(spec, &keys)? == Some(true))
}

fn setting<'a>(spec: &'a Spec, option: &str) -> Option<&'a str> {
    keys(option).iter().find_map(|key| spec.setting(key))
}

/// A number as Java's `Double.parseDouble` reads it.
fn number(spec: &Spec, option: &str) -> Result<Option<f64>, String> {
    let Some(text) = setting(spec, option) else {
        return Ok(None);
    };
    let text = text.trim();
    let number = match text {
        "Infinity" | "+Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text => {
            let bare = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
            let plain = bare
                .chars()
                .all(|letter| letter.is_ascii_digit() || ['+', '-', '.', 'e', 'E'].contains(&letter));
            bare.parse().ok().filter(|_| plain)
        }
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(format!(
            "Invalid value in the autoscaler config job.autoscaler.{option}"
        )),
    }
}

/// Times of the day, cron expressions of Quartz, or one of each with `&&` between them.
fn excluded_periods(spec: &Spec) -> Option<String> {
    let key = "job.autoscaler.excluded.periods";
    let listed = setting(spec, "excluded.periods")?;
    for expression in listed.split(';') {
        let parts: Vec<&str> = expression.split("&&").collect();
        if parts.len() > 2 {
            return Some(format!("Invalid value {expression} in the autoscaler config {key}"));
        }
        let kinds: Vec<(bool, bool)> = parts
            .iter()
            .map(|part| (is_daily(part.trim()), is_cron(part.trim())))
            .collect();
        if kinds.iter().any(|(daily, cron)| !daily && !cron) {
            return Some(format!(
                "Invalid value {expression} in the autoscaler config {key}, the value is neither a valid daily \
                 expression nor a valid cron expression"
            ));
        }
        if parts.len() == 2 && !(kinds.iter().any(|kind| kind.0) && kinds.iter().any(|kind| kind.1)) {
            return Some(format!(
                "Invalid value {expression} in the autoscaler config {key}, the value can not be configured as \
                 dailyExpression && dailyExpression or cronExpression && cronExpression"
            ));
        }
    }
    None
}

/// `09:00-18:00`, with seconds and milliseconds where they are wanted.
fn is_daily(text: &str) -> bool {
    let time = |text: &str| {
        let parts: Option<Vec<u32>> = text.split(':').map(|part| part.parse().ok()).collect();
        let parts = parts.filter(|parts| (2..=4).contains(&parts.len()))?;
        let below = [24, 60, 60, 1000];
        let fits = parts.iter().zip(below).all(|(part, below)| *part < below);
        fits.then(|| {
            let mut all = [0; 4];
            all[..parts.len()].copy_from_slice(&parts);
            all
        })
    };
    let Some((from, to)) = text.split_once('-') else {
        return false;
    };
    matches!((time(from), time(to)), (Some(from), Some(to)) if from < to)
}

/// Seconds, minutes, hours, day of the month, month, day of the week, and the year where it is wanted. Of the two days, one
/// is `?`. More is not looked at here.
fn is_cron(text: &str) -> bool {
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() >= 6 && (fields[3] == "?") != (fields[5] == "?")
}

/// With less than two samples in its window, the autoscaler would never do anything.
fn window(spec: &Spec) -> Option<String> {
    let seconds = |text: &str| {
        let end = text.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, unit) = text.split_at(end);
        let factor = match unit.trim() {
            "s" => 1.0,
            "ms" => 0.001,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Some(number.parse::<f64>().ok()? * factor)
    };
    let interval = spec
        .setting("kubernetes.operator.reconcile.interval")
        .and_then(seconds)
        .unwrap_or(60.0);
    let written = setting(spec, "metrics.window")?;
    (seconds(written)? < interval).then(|| {
        format!(
            "The autoscaler metric window (job.autoscaler.metrics.window={written}) must not be smaller than the operator \
             reconcile interval (kubernetes.operator.reconcile.interval={interval} s), otherwise fewer than two metric \
             samples are retained and autoscaling is never applied."
        )
    })
}
