//! What happens to session jobs, and the way out of it.

use flink_client::kubernetes::Live;
use flink_client::operator::FlinkSessionJob;
use flink_client::operator::removal::{JobOnCluster, Refusal, RemoveError};
use serde_json::{Value as Json, json};

use super::*;
use crate::resources::flink_session_job::model::SessionJob;

fn failed(status: Json) -> Diagnostics {
    let error = status["error"].as_str().map(OperatorError::decode);
    let live = Live::<FlinkSessionJob>::from_json(json!({
        "metadata": {"name": "orders", "namespace": "team"},
        "spec": {"deploymentName": "session", "job": {"upgradeMode": "savepoint"}},
        "status": status,
    }));
    let error = NotReady {
        end: End::Failed,
        reason: "it does not run".to_owned(),
        live: Some(Box::new(live.unwrap())),
        causes: Causes {
            operator: error,
            ..Causes::default()
        },
    };
    let object = "FlinkSessionJob team/orders";
    not_ready(
        &error,
        object,
        Afterwards::WaitsAgain,
        &Mask::default(),
        &SessionJob::block(),
    )
}

#[test]
fn each_trouble_has_a_way_out() {
    let error = |class: &str, message: &str| json!({"type": format!("a.{class}"), "message": message}).to_string();
    let cases = [
        (
            "Job Not Found".to_owned(),
            "job.upgrade_mode",
            "Apply `upgrade_mode = \"stateless\"`",
        ),
        (
            error(
                "ReconciliationException",
                "java.io.FileNotFoundException: https://repo.example.com/a.jar",
            ),
            "job.jar_uri",
            "there is none at this address",
        ),
        (
            error(
                "ReconciliationException",
                "java.net.UnknownHostException: repo.example.com",
            ),
            "job.jar_uri",
            "must be known and reachable",
        ),
        (
            error(
                "ValidationException",
                "jarURI scheme 'http' is not in the allowlist [https]",
            ),
            "job.jar_uri",
            "allowed-schemes",
        ),
        (
            error(
                "ValidationException",
                "jarURI host '10.95.0.1' resolves to a restricted address",
            ),
            "job.jar_uri",
            "disallow-restricted-hosts",
        ),
        (
            error("ReconciliationException", "quota exceeded"),
            "",
            "Correct the configuration",
        ),
    ];
    for (error, path, part) in cases {
        let status = json!({"error": error, "jobStatus": {"state": "RECONCILING"}});
        let summary = "FlinkSessionJob team/orders did not become ready";
        check(failed(status), path, summary, part);
    }
}

#[test]
fn what_keeps_a_cluster_is_named() {
    let block = Deployment::block();
    let refused = |refusal: Refusal| {
        let (namespace, name) = ("team".to_owned(), "session".to_owned());
        remove(
            &RemoveError::WouldLoseState {
                namespace,
                name,
                refusal,
            },
            &block,
        )
    };
    let jobs = vec![
        JobOnCluster::SessionJob {
            name: "orders".to_owned(),
            ours: false,
            going: false,
        },
        JobOnCluster::Unmanaged {
            name: "by hand".to_owned(),
            id: "a1".to_owned(),
        },
    ];
    for part in [
        "the FlinkSessionJob `orders` (not managed by Terraform)",
        "the job `by hand` (a1",
    ] {
        check(
            refused(Refusal::Jobs(jobs.clone())),
            "",
            "Jobs run on the session cluster",
            part,
        );
    }
    let lost = "Destroying it would lose the state of the job";
    check(refused(Refusal::Lost), "", lost, "on_destroy");
    check(
        refused(Refusal::ClusterAway("its session cluster is missing".to_owned())),
        "",
        lost,
        "Bring its session cluster back",
    );
}
