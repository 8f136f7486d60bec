//! Each rule about the autoscaler, with what breaks it and what nearly does.

use super::rules::{TAKEN, both, check, settings};

#[test]
fn the_autoscaler() {
    let on = ("job.autoscaler.enabled", "true");
    let with = |pairs: &[(&str, &str)]| settings(&[&[on], pairs].concat());
    let at = |severity: &str, option: &str, summary: &str| {
        format!("{severity} at flink_configuration[\"job.autoscaler.{option}\"]: {summary}")
    };
    let range = |severity: &str, option: &str| at(severity, option, "Number out of range");
    let words = |option: &str| format!("The AutoScalerOption job.autoscaler.{option} is invalid");
    for (option, good, bad) in [
        ("scale-down.max-factor", "0", "-0.1"),
        ("scale-up.max-factor", "Infinity", "-1"),
        ("utilization.target", "1.0", "1.01"),
        ("target.utilization.boundary", "3", "-1"),
        ("utilization.max", "0.7", "1.1"),
        ("utilization.min", "0.7", "-0.1"),
    ] {
        let key = format!("job.autoscaler.{option}");
        let old = format!("kubernetes.operator.job.autoscaler.{option}");
        let said = words(option);
        check(&[
            (option, with(&[(&key, good)]), &[], TAKEN),
            (option, with(&[(&key, bad)]), &[&range("error", option)], both(&said)),
            (
                "by its old name",
                with(&[(&old, bad)]),
                &[&format!("error at flink_configuration[\"{old}\"]: Number out of range")],
                both(&said),
            ),
            ("the new name counts", with(&[(&old, bad), (&key, good)]), &[], TAKEN),
            (
                "off",
                settings(&[("job.autoscaler.enabled", "false"), (&key, bad)]),
                &[],
                TAKEN,
            ),
            (
                "on by default, perhaps",
                settings(&[(&key, bad)]),
                &[&range("warning", option)],
                TAKEN,
            ),
        ]);
    }
    for (option, switch) in [
        ("memory.gc-pressure.threshold", None),
        ("memory.heap-usage.threshold", None),
        (
            "scaling.effectiveness.threshold",
            Some("scaling.effectiveness.detection.enabled"),
        ),
        ("memory.tuning.overhead", Some("memory.tuning.enabled")),
    ] {
        let key = format!("job.autoscaler.{option}");
        let switch = switch.map(|switch| format!("job.autoscaler.{switch}"));
        let mut pairs = vec![(key.as_str(), "2")];
        let said = words(option);
        if let Some(switch) = &switch {
            check(&[("its feature is off", with(&pairs), &[], TAKEN)]);
            pairs.push((switch, "true"));
        }
        check(&[(option, with(&pairs), &[&range("warning", option)], ["", &said])]);
    }
    let coefficient = "observed-scalability.coefficient-min";
    let pair = ("job.autoscaler.observed-scalability.coefficient-min", "0.001");
    let said = words(coefficient);
    let (target, max) = ("job.autoscaler.utilization.target", "job.autoscaler.utilization.max");
    let (of_max, of_min) = (words("utilization.max"), words("utilization.min"));
    check(&[
        (
            "its feature is off",
            with(&[pair]),
            &[&range("warning", coefficient)],
            [&said, ""],
        ),
        (
            "its feature is on",
            with(&[pair, ("job.autoscaler.observed-scalability.enabled", "true")]),
            &[&range("error", coefficient)],
            both(&said),
        ),
        (
            "below the target",
            with(&[(target, "0.8"), (max, "0.75")]),
            &[&range("error", "utilization.max")],
            both(&of_max),
        ),
        (
            "below a target that the defaults may lower",
            with(&[(max, "0.6")]),
            &[&range("warning", "utilization.max")],
            both(&of_max),
        ),
        (
            "above the target",
            with(&[(target, "0.5"), ("job.autoscaler.utilization.min", "0.6")]),
            &[&range("error", "utilization.min")],
            both(&of_min),
        ),
        (
            "the old name of the target",
            with(&[
                ("job.autoscaler.target.utilization", "0.5"),
                ("job.autoscaler.utilization.min", "0.6"),
            ]),
            &[&range("error", "utilization.min")],
            both(&of_min),
        ),
        (
            "no number",
            with(&[(target, "most")]),
            &[&range("error", "utilization.target")],
            both("Invalid value in the autoscaler config job.autoscaler.utilization.target"),
        ),
        ("a number of Java", with(&[(target, " 0.5d ")]), &[], TAKEN),
        (
            "neither on nor off",
            settings(&[("job.autoscaler.enabled", "on")]),
            &[&at("error", "enabled", "Neither true nor false")],
            both("Could not parse value 'on'"),
        ),
        (
            "on by its old name",
            settings(&[("kubernetes.operator.job.autoscaler.enabled", "true"), (target, "2")]),
            &[&range("error", "utilization.target")],
            both("The AutoScalerOption job.autoscaler.utilization.target"),
        ),
        (
            "a window that is too short",
            with(&[("job.autoscaler.metrics.window", "30 s")]),
            &[&at("warning", "metrics.window", "Window too short")],
            ["", "The autoscaler metric window"],
        ),
        (
            "a window that is long enough",
            with(&[("job.autoscaler.metrics.window", "1 min")]),
            &[],
            TAKEN,
        ),
        (
            "a window for another interval",
            with(&[
                ("job.autoscaler.metrics.window", "30 s"),
                ("kubernetes.operator.reconcile.interval", "15 s"),
            ]),
            &[],
            TAKEN,
        ),
    ]);
    let periods = "excluded.periods";
    let key = "job.autoscaler.excluded.periods";
    let wrong = at("error", periods, "Not a period");
    for good in [
        "09:30-18:00",
        "09:30:00-18:00:00:500",
        "* * 9-18 ? * 2-6",
        "0 0 9 1 * ? 2026",
        "09:30-18:00 && * * * ? * 2-6",
        "09:30-10:00;22:00-23:30",
    ] {
        check(&[(good, with(&[(key, good)]), &[], TAKEN)]);
    }
    for bad in [
        "18:00-09:30",
        "9-18",
        "24:00-25:00",
        "0 9 * * 1-5",
        "* * 9-18 * * 2-6",
        "09:30-18:00 && 20:00-21:00",
        "09:30-10:00;never",
        "09:30-10:00 && * * * ? * 2 && * * * ? * 3",
    ] {
        check(&[(
            bad,
            with(&[(key, bad)]),
            &[&wrong],
            both("in the autoscaler config job.autoscaler.excluded.periods"),
        )]);
    }
}
