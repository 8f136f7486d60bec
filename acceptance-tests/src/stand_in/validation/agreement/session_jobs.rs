//! Each rule about session jobs. What depends on the cluster, a plan says when it knows that one
//! (`protocol_provider` and the tests of `flink_session_job::target`).

use super::super::super::session_job::{Artifacts, Host, SessionJobSpec};
use super::*;

/// A session job that everybody takes.
pub(super) fn job() -> Json {
    json!({
        "deploymentName": "session",
        "job": {"jarURI": "https://repo.example.com/a.jar", "parallelism": 1},
    })
}

/// What the two releases say to a session job, on a cluster or without one.
pub(super) fn verdicts(new: &Json, submitted: Option<&Json>, cluster: Option<&Json>) -> [Option<String>; 2] {
    let spec = SessionJobSpec::of(new).unwrap();
    let submitted = submitted.map(|submitted| SessionJobSpec::of(submitted).unwrap());
    let cluster = cluster.map(|cluster| Spec::of(cluster).unwrap());
    let uri = spec
        .job
        .as_ref()
        .and_then(|job| job.jar_uri.as_deref())
        .unwrap_or_default();
    // Nobody looks names up here: a private address is one, all else is public.
    let address = host_of(uri).and_then(|host| host.parse().ok());
    let kind = address.map_or(Host::Public, |address| host(&[address]));
    [Release::V1_15, Release::V1_16].map(|release| {
        refusal_of_session_job(
            release,
            &spec,
            submitted.as_ref(),
            cluster.as_ref(),
            &Artifacts::strict(),
            kind,
        )
    })
}

#[test]
fn without_its_cluster() {
    let jar = |uri: &str| json!({"job": {"jarURI": uri}});
    let at = "job.jar_uri";
    let not_an_address = format!("error at {at}: Not the address of a jar");
    let may_refuse = format!("warning at {at}: Jar that the operator may refuse");
    let rows: Vec<(&str, Json, Vec<&str>, &str)> = vec![
        ("nothing", json!({}), vec![], ""),
        (
            "a name that no deployment has",
            json!({"deploymentName": "Session"}),
            vec!["error at deployment_name: Not the name of a deployment"],
            "The FlinkDeployment name: Session",
        ),
        (
            "no scheme",
            jar("orders.jar"),
            vec![&not_an_address],
            "jarURI must include a scheme",
        ),
        (
            "not an address",
            jar("https://a.example.com/a b.jar"),
            vec![&not_an_address],
            "jarURI is not a valid URI",
        ),
        (
            "no host",
            jar("https:///a.jar"),
            vec![&not_an_address],
            "jarURI must include a host",
        ),
        (
            "another scheme",
            jar("s3://jars/a.jar"),
            vec![&may_refuse],
            "jarURI scheme 's3' is not in the allowlist",
        ),
        (
            "a private host",
            jar("https://10.1.2.3/a.jar"),
            vec![&may_refuse],
            "resolves to a restricted address",
        ),
        ("a public address", jar("https://192.0.2.1:8443/a.jar?x=1"), vec![], ""),
        (
            "no jar, but a class",
            json!({"job": {"jarURI": null, "entryClass": "a.B"}}),
            vec![],
            "",
        ),
        (
            // The operator does not refuse it, and looks elsewhere.
            "a key that belongs to clusters",
            json!({"flinkConfiguration": {"kubernetes.cluster-id": "x"}}),
            vec![r#"warning at flink_configuration["kubernetes.cluster-id"]: Configuration key of a cluster"#],
            "",
        ),
        (
            "switches of clusters",
            json!({"flinkConfiguration": {"kubernetes.operator.deployment.rollback.enabled": "true"}}),
            vec![],
            "",
        ),
    ];
    for (what, change, expected, words) in rows {
        let spec = changed(job(), &change);
        let said = of_session_job(&spec);
        let verdicts = verdicts(&spec, None, None);
        assert_eq!(lines(&said), expected, "{what}");
        for verdict in &verdicts {
            expect(what, verdict.as_ref(), words);
        }
        agree(what, &said, &verdicts);
    }
}

#[test]
fn on_its_cluster() {
    let session = changed(application(), &json!({"job": null}));
    let with = |pairs: Json| changed(session.clone(), &json!({ "flinkConfiguration": pairs }));
    let autoscaler = json!({"job.autoscaler.enabled": "true", "job.autoscaler.utilization.target": "3"});
    // The operator keeps 0 for "not given".
    let parallelism = "error at job: Parallelism missing";
    let rows: Vec<(&str, Json, Json, Vec<&str>, &str)> = vec![
        ("nothing", json!({}), session.clone(), vec![], ""),
        (
            "no parallelism",
            json!({"job": {"parallelism": 0}}),
            session.clone(),
            vec![parallelism],
            "Job parallelism must be larger than 0",
        ),
        (
            "TaskManagers do not stand for it",
            json!({"job": {"parallelism": 0}}),
            changed(session.clone(), &json!({"taskManager": {"replicas": 2}})),
            vec![parallelism],
            "Job parallelism must be larger than 0",
        ),
        (
            "the autoscaler of the job",
            json!({ "flinkConfiguration": autoscaler }),
            session.clone(),
            vec![r#"error at flink_configuration["job.autoscaler.utilization.target"]: Number out of range"#],
            "The AutoScalerOption job.autoscaler.utilization.target",
        ),
        (
            "directories of the cluster",
            json!({"job": {"upgradeMode": "savepoint"}}),
            with(json!({"state.checkpoints.dir": "s3://a", "state.savepoints.dir": "s3://b"})),
            vec![],
            "",
        ),
    ];
    for (what, change, cluster, expected, words) in rows {
        let spec = changed(job(), &change);
        let said = of_session_job(&spec);
        let verdicts = verdicts(&spec, None, Some(&cluster));
        assert_eq!(lines(&said), expected, "{what}");
        for verdict in &verdicts {
            expect(what, verdict.as_ref(), words);
        }
        agree(what, &said, &verdicts);
    }
    // What only the cluster can tell.
    let savepoint = changed(job(), &json!({"job": {"upgradeMode": "savepoint"}}));
    for (spec, cluster, words) in [
        (
            job(),
            application(),
            "Can not submit session job to application cluster",
        ),
        (savepoint, session, "Checkpoint directory[execution.checkpointing.dir]"),
    ] {
        for verdict in &verdicts(&spec, None, Some(&cluster)) {
            expect(words, verdict.as_ref(), words);
        }
    }
}
