use serde_json::{Value as Json, json};
use terraform_schema::Model;

use super::*;
use crate::resources::flink_checkpoint::Checkpoint;
use crate::resources::flink_savepoint::Savepoint;
use crate::resources::sample::{UNKNOWN, of_block};

fn said(config: Json) -> Vec<String> {
    let config = of_block(&Savepoint::block(), &config);
    let problems = validate(&View::of(&config), "savepoint");
    problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.summary))
        .collect()
}

#[test]
fn which_arguments_stand_together() {
    let url = "https://flink.example.com";
    for good in [
        json!({"deployment_name": "orders"}),
        json!({"session_job_name": "orders", "path": "s3://b", "format_type": "NATIVE", "dispose_on_destroy": true}),
        json!({"job_manager_url": url, "job_id": "a1", "headers": {"a": "b"}}),
        json!({"job_manager_url": url}),
        json!({"already_exists": true, "path": "s3://b/savepoint-1"}),
        json!({"already_exists": true, "path": "s3://b/savepoint-1", "deployment_name": "orders", "dispose_on_destroy": true}),
        json!({"deployment_name": UNKNOWN, "session_job_name": "orders"}),
        json!({"deployment_name": UNKNOWN}),
        json!({"already_exists": UNKNOWN}),
        json!({"job_manager_url": UNKNOWN, "job_id": "a1", "name": "x"}),
    ] {
        assert_eq!(said(good.clone()), Vec::<String>::new(), "{good}");
    }
    for (bad, expected) in [
        (json!({}), ": No job is named"),
        (json!({"already_exists": false}), ": No job is named"),
        (
            json!({"deployment_name": "a", "session_job_name": "b"}),
            "session_job_name: Two jobs",
        ),
        (
            json!({"deployment_name": "a", "job_manager_url": url}),
            "job_manager_url: Two jobs",
        ),
        (
            json!({"deployment_name": "a", "job_id": "a1"}),
            "job_id: Argument of another way to the job",
        ),
        (
            json!({"deployment_name": "a", "insecure": true}),
            "insecure: Argument of another way to the job",
        ),
        (
            json!({"job_manager_url": url, "name": "a"}),
            "name: Argument of another way to the job",
        ),
        (
            json!({"job_manager_url": url, "namespace": "a"}),
            "namespace: Argument of another way to the job",
        ),
        (json!({"already_exists": true}), "already_exists: Path missing"),
        (
            json!({"already_exists": true, "path": "s3://b", "format_type": "NATIVE"}),
            "format_type: Format of a savepoint that exists",
        ),
        (
            json!({"already_exists": true, "path": "s3://b", "dispose_on_destroy": true}),
            "dispose_on_destroy: Nobody to delete the files",
        ),
    ] {
        assert_eq!(said(bad.clone()), [expected], "{bad}");
    }
}

#[test]
fn a_checkpoint_is_of_a_job_too() {
    let config = of_block(&Checkpoint::block(), &json!({}));
    assert!(validate(&View::of(&config), "checkpoint").has_errors());
    let config = of_block(&Checkpoint::block(), &json!({"deployment_name": "orders"}));
    assert!(validate(&View::of(&config), "checkpoint").is_empty());
}
