use super::*;
use terraform_schema::Value;

fn found(pairs: &[(&str, Value)]) -> Vec<String> {
    let value = Value::map([(ATTRIBUTE, Value::map(pairs.iter().cloned()))]);
    let view = View::of(&value);
    let configuration = Configuration::of(&view);
    let mut problems = configuration.problems();
    problems.extend(configuration.problems_of_a_cluster());
    let mark = |problem: &Diagnostic| if problem.is_error() { "error" } else { "warning" };
    problems
        .iter()
        .map(|problem| format!("{} {}: {}", mark(problem), problem.path, problem.summary))
        .collect()
}

#[test]
fn a_good_configuration_passes() {
    let good = [
        ("taskmanager.numberOfTaskSlots", "2".into()),
        ("state.savepoints.dir", Value::Unknown),
        ("security.delegation.tokens.enabled", "false".into()),
        ("kubernetes.operator.deployment.rollback.enabled", "true".into()),
        ("high-availability.type", "kubernetes".into()),
        ("job.autoscaler.enabled", "true".into()),
        ("job.autoscaler.utilization.target", "0.8".into()),
    ];
    assert_eq!(found(&good), Vec::<String>::new());
}

#[test]
fn what_is_refused_or_warned_of() {
    for (pairs, expected) in [
        (
            vec![("kubernetes.cluster-id", Value::Unknown)],
            r#"error flink_configuration["kubernetes.cluster-id"]: Configuration key belongs to the operator"#,
        ),
        (
            vec![("high-availability.cluster-id", "x".into())],
            r#"error flink_configuration["high-availability.cluster-id"]: Configuration key belongs to the operator"#,
        ),
        (
            vec![("rest.port ", "8081".into())],
            r#"error flink_configuration["rest.port "]: Not a configuration key"#,
        ),
        (
            vec![("rest.port", Value::Null)],
            r#"error flink_configuration["rest.port"]: Configuration value missing"#,
        ),
        (
            vec![("s3.secret-key", Value::Unknown)],
            r#"warning flink_configuration["s3.secret-key"]: Secret in the configuration"#,
        ),
        (
            vec![
                ("kubernetes.operator.cluster.health-check.enabled", "true".into()),
                ("kubernetes.operator.jm-deployment-recovery.enabled", "false".into()),
            ],
            r#"error flink_configuration["kubernetes.operator.cluster.health-check.enabled"]: Health check without recovery"#,
        ),
        (
            vec![("kubernetes.operator.deployment.rollback.enabled", "true".into())],
            r#"warning flink_configuration["kubernetes.operator.deployment.rollback.enabled"]: High availability needed"#,
        ),
        (
            vec![
                ("kubernetes.operator.deployment.rollback.enabled", "true".into()),
                ("high-availability", "NONE".into()),
            ],
            r#"error flink_configuration["kubernetes.operator.deployment.rollback.enabled"]: High availability needed"#,
        ),
        (
            vec![
                ("job.autoscaler.enabled", "true".into()),
                ("job.autoscaler.utilization.target", "1.5".into()),
            ],
            r#"error flink_configuration["job.autoscaler.utilization.target"]: Number out of range"#,
        ),
    ] {
        assert_eq!(found(&pairs), [expected]);
    }
}

#[test]
fn an_unknown_configuration_may_have_everything() {
    let value = Value::map([(ATTRIBUTE, Value::Unknown)]);
    let configuration = Configuration::of(&View::of(&value));
    assert!(configuration.may_have_checkpoint_directory());
    assert_eq!(configuration.high_availability(), HighAvailability::Possible);
    assert!(configuration.problems().is_empty());
}
