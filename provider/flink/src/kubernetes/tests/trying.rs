use super::*;

fn how<'a>(prior: Option<&'a Manifest>) -> Write<'a> {
    Write {
        uid: "uid-1",
        prior,
        force: false,
    }
}

async fn tried(steps: Vec<Step>, prior: Option<&Manifest>) -> (Result<Vec<String>, WriteError>, Api) {
    let api = Api::new(steps);
    (api.objects().dry_run(&manifest(), how(prior)).await, api)
}

#[tokio::test]
async fn a_dry_run_is_one_request_that_keeps_nothing() {
    let (said, api) = tried(vec![("PATCH", "dryRun=All", Reply::Json(200, written("5")))], None).await;
    assert_eq!(said.unwrap(), Vec::<String>::new());
    let [sent] = &api.received()[..] else {
        panic!("{:?}", api.asked())
    };
    assert!(
        sent.path.contains("fieldManager=terraform-provider-flink"),
        "{}",
        sent.path
    );
    assert!(
        sent.path.contains("fieldValidation=Strict") && !sent.path.contains("force"),
        "{}",
        sent.path
    );
    assert_eq!(sent.body["metadata"]["uid"], "uid-1");
}

/// As in a write: what the reviewer of the plan sees being taken back is no conflict.
#[tokio::test]
async fn conflicts_are_judged_as_in_a_write() {
    let mut live = written("5");
    live["spec"]["job"]["parallelism"] = json!(4);
    let conflict = failure(
        409,
        "Conflict",
        "Apply failed with 1 conflict",
        json!({"causes": [{"reason": "FieldManagerConflict", "field": ".spec.job.parallelism",
                           "message": "conflict with \"kubectl-edit\" using flink.apache.org/v1beta1"}]}),
    );
    let steps = || {
        vec![
            ("PATCH", "dryRun=All", conflict.clone()),
            ("GET", "/orders", Reply::Json(200, live.clone())),
            ("PATCH", "dryRun=All&force=true", Reply::Json(200, written("5"))),
        ]
    };
    let mut shown = manifest();
    shown.spec["job"]["parallelism"] = json!(4);
    let (said, api) = tried(steps(), Some(&shown)).await;
    said.unwrap();
    assert_eq!(api.received().len(), 3);
    let (said, api) = tried(steps(), None).await;
    let error = said.unwrap_err();
    assert!(
        matches!(error, WriteError::Conflict { .. }) && error.is_verdict(),
        "{error}"
    );
    assert_eq!(api.received().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_said_of_the_object_is_a_verdict() {
    let denied = "admission webhook \"validation.example.com\" denied the request: the queue cannot grow";
    let type_error = "failed to create typed patch object (team/orders; flink.apache.org/v1beta1, Kind=FlinkDeployment): \
                      .spec.job.parallelism: expected numeric, got string";
    let unknown = "strict decoding error: unknown field \"spec.jobManager.resources\"";
    let cases = [
        (failure(422, "Invalid", "is invalid", json!({})), true),
        (failure(403, "Forbidden", denied, json!({})), true),
        (failure(400, "BadRequest", denied, json!({})), true),
        (failure(400, "BadRequest", unknown, json!({})), true),
        (failure(500, "", type_error, json!({})), true),
        (
            failure(
                400,
                "BadRequest",
                "admission webhook \"x\" does not support dry run",
                json!({}),
            ),
            false,
        ),
        (
            failure(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"x\"",
                json!({}),
            ),
            false,
        ),
        (
            failure(
                403,
                "Forbidden",
                "is forbidden: User \"ci\" cannot patch resource",
                json!({}),
            ),
            false,
        ),
        (failure(401, "Unauthorized", "Unauthorized", json!({})), false),
        (not_found("orders"), false),
        (Reply::Text(404, "404 page not found\n"), false),
        (Reply::Busy(30), false),
        (Reply::Text(503, "starting"), false),
        (Reply::Refused, false),
        (Reply::Cut, false),
        (Reply::Hang, false),
    ];
    for (reply, expected) in cases {
        let what = format!("{reply:?}");
        let (said, api) = tried(vec![("PATCH", "dryRun=All", reply)], None).await;
        let error = said.expect_err(&what);
        assert_eq!(error.is_verdict(), expected, "{what}: {error}");
        assert_eq!(api.received().len(), 1, "{what}: nothing is repeated");
    }
}
