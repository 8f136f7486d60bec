use super::*;

fn conflict(field: &str, manager: &str) -> Reply {
    failure(
        409,
        "Conflict",
        "Apply failed with 1 conflict",
        json!({"causes": [{"reason": "FieldManagerConflict", "field": field,
                           "message": format!("conflict with \"{manager}\" using flink.apache.org/v1beta1")}]}),
    )
}

/// "The object is not in the version you named."
fn outdated() -> Reply {
    failure(
        409,
        "Conflict",
        "the object has been modified",
        json!({"name": "orders", "kind": "flinkdeployments"}),
    )
}

fn plain<'a>() -> Write<'a> {
    Write {
        uid: "uid-1",
        prior: None,
        force: false,
    }
}

/// The object with a parallelism that somebody else has set.
fn scaled(version: &str, parallelism: i64) -> Value {
    let mut object = written(version);
    object["spec"]["job"]["parallelism"] = json!(parallelism);
    object
}

#[tokio::test]
async fn writes_the_spelling_that_is_live_to_the_object_that_is_meant() {
    let mut live = written("5");
    live["spec"]["jobManager"]["resource"]["memory"] = json!("1024m");
    live["spec"]["image"] = json!("flink:1.19");
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, live)),
        ("PATCH", "", Reply::Json(200, written("6"))),
    ]);
    let written = api.objects().write(&manifest(), plain()).await.unwrap();
    assert_eq!(written.resource_version(), "6");
    let sent = &api.received()[1].body;
    assert_eq!(sent["spec"]["jobManager"]["resource"]["memory"], "1024m");
    assert_eq!(sent["spec"]["image"], "flink:1.20");
    assert_eq!(sent["metadata"]["uid"], "uid-1");
    assert_eq!(sent["metadata"].get("resourceVersion"), None);
}

#[tokio::test]
async fn a_conflict_that_the_plan_has_shown_is_overwritten_under_a_lock() {
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, scaled("5", 4))),
        ("PATCH", "", conflict(".spec.job.parallelism", "kubectl-edit")),
        ("PATCH", "force=true", Reply::Json(200, written("6"))),
    ]);
    let mut prior = manifest();
    prior.spec["job"]["parallelism"] = json!(4);
    api.objects()
        .write(
            &manifest(),
            Write {
                prior: Some(&prior),
                ..plain()
            },
        )
        .await
        .unwrap();
    assert_eq!(api.received()[2].body["metadata"]["resourceVersion"], "5");
}

#[tokio::test]
async fn any_other_conflict_names_field_and_manager() {
    for prior in [None, Some(manifest())] {
        let api = Api::new(vec![
            ("GET", "", Reply::Json(200, scaled("5", 4))),
            ("PATCH", "", conflict(".spec.job.parallelism", "kubectl-edit")),
        ]);
        let error = api
            .objects()
            .write(
                &manifest(),
                Write {
                    prior: prior.as_ref(),
                    ..plain()
                },
            )
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "FlinkDeployment team/orders: `spec.job.parallelism` is managed by `kubectl-edit`",
        );
        assert_eq!(api.received().len(), 2);
    }
}

#[tokio::test]
async fn force_takes_over_whatever_the_value() {
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, scaled("5", 4))),
        ("PATCH", "", conflict(".spec.job.parallelism", "kubectl-edit")),
        ("PATCH", "force=true", Reply::Json(200, written("6"))),
    ]);
    api.objects()
        .write(&manifest(), Write { force: true, ..plain() })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_value_that_changes_again_before_it_is_overwritten_is_looked_at_again() {
    let mut prior = manifest();
    prior.spec["job"]["parallelism"] = json!(4);
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, scaled("5", 4))),
        ("PATCH", "", conflict(".spec.job.parallelism", "kubectl-edit")),
        ("PATCH", "force=true", outdated()),
        ("GET", "", Reply::Json(200, scaled("6", 8))),
        ("PATCH", "", conflict(".spec.job.parallelism", "kubectl-edit")),
    ]);
    let error = api
        .objects()
        .write(
            &manifest(),
            Write {
                prior: Some(&prior),
                ..plain()
            },
        )
        .await
        .unwrap_err();
    assert!(matches!(error, WriteError::Conflict { .. }), "{error}");
}

#[tokio::test]
async fn an_object_that_is_not_the_one_is_left_alone() {
    let write = |reply: Reply| async {
        Api::new(vec![("GET", "", reply)])
            .objects()
            .write(&manifest(), plain())
            .await
            .unwrap_err()
    };
    assert!(matches!(write(not_found("orders")).await, WriteError::Gone { .. }));
    let mut other = written("5");
    other["metadata"]["uid"] = json!("uid-2");
    assert!(matches!(
        write(Reply::Json(200, other)).await,
        WriteError::Replaced { .. }
    ));
    let mut going = written("5");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(matches!(
        write(Reply::Json(200, going)).await,
        WriteError::BeingDeleted { .. }
    ));
}

#[tokio::test]
async fn endless_changes_are_given_up() {
    let mut steps = Vec::new();
    for _ in 0..5 {
        steps.push(("GET", "", Reply::Json(200, written("5"))));
        steps.push(("PATCH", "", outdated()));
    }
    let error = Api::new(steps).objects().write(&manifest(), plain()).await.unwrap_err();
    assert!(matches!(error, WriteError::Contended { attempts: 5, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_writing_again() {
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, scaled("5", 4))),
        ("PATCH", "", Reply::Cut),
        ("GET", "", Reply::Json(200, written("6"))),
        ("PATCH", "", Reply::Json(200, written("6"))),
    ]);
    assert_eq!(
        api.objects()
            .write(&manifest(), plain())
            .await
            .unwrap()
            .resource_version(),
        "6"
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_seen_in_the_end_is_a_write() {
    let attempts = |last: Value| {
        let mut steps = Vec::new();
        for _ in 0..5 {
            steps.push(("GET", "", Reply::Json(200, scaled("5", 4))));
            steps.push(("PATCH", "", Reply::Cut));
        }
        steps.push(("GET", "", Reply::Json(200, last)));
        Api::new(steps)
    };
    assert_eq!(
        attempts(written("6"))
            .objects()
            .write(&manifest(), plain())
            .await
            .unwrap()
            .resource_version(),
        "6"
    );
    let error = attempts(scaled("5", 4))
        .objects()
        .write(&manifest(), plain())
        .await
        .unwrap_err();
    assert!(matches!(error, WriteError::Unsettled { .. }), "{error}");
    // A field that we own and do not want any more is still there: the write has not taken place.
    let mut stale = written("5");
    stale["spec"]["restartNonce"] = json!(1);
    stale["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:restartNonce"] = json!({});
    let error = attempts(stale).objects().write(&manifest(), plain()).await.unwrap_err();
    assert!(matches!(error, WriteError::Unsettled { .. }), "{error}");
}

#[tokio::test]
async fn taking_over_moves_claims_under_a_lock() {
    let mut theirs = written("5");
    let fields = json!({"f:spec": {"f:image": {}, "f:job": {"f:parallelism": {}}, "f:restartNonce": {}}});
    theirs["metadata"]["managedFields"] = json!([managed("kubectl-client-side-apply", "Update", fields)]);
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, theirs.clone())),
        ("PATCH", "", outdated()),
        ("GET", "", Reply::Json(200, theirs)),
        ("PATCH", "", Reply::Json(200, written("6"))),
    ]);
    api.objects().take_over(&manifest(), "uid-1").await.unwrap();
    let patch = &api.received()[3].body;
    assert_eq!(
        patch[1],
        json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "5"})
    );
    let entries = patch[0]["value"].as_array().unwrap();
    assert_eq!(entries[0]["manager"], FIELD_MANAGER);
    assert_eq!(entries[0]["operation"], "Apply");
    assert_eq!(
        entries[0]["fieldsV1"],
        json!({"f:spec": {"f:image": {}, "f:job": {"f:parallelism": {}}}})
    );
    assert_eq!(entries[1]["fieldsV1"], json!({"f:spec": {"f:restartNonce": {}}}));
}

#[tokio::test]
async fn nothing_to_take_over_writes_nothing() {
    let api = Api::new(vec![("GET", "", Reply::Json(200, written("5")))]);
    api.objects().take_over(&manifest(), "uid-1").await.unwrap();
    assert_eq!(api.asked(), ["GET orders"]);
}

#[tokio::test]
async fn amending_keeps_the_rest_as_it_is() {
    let mut live = scaled("5", 4);
    live["spec"]["restartNonce"] = json!(9);
    let api = Api::new(vec![
        ("GET", "", Reply::Json(200, live)),
        ("PATCH", "force=true", Reply::Json(200, written("6"))),
    ]);
    api.objects()
        .amend("orders", "uid-1", |object, _| {
            object["spec"]["job"]["state"] = json!("suspended")
        })
        .await
        .unwrap();
    let sent = &api.received()[1].body;
    assert_eq!(
        sent["spec"],
        json!({"image": "flink:1.20", "jobManager": {"resource": {"memory": "1g"}}, "job": {"parallelism": 4, "state": "suspended"}}),
    );
    assert_eq!(sent["metadata"]["resourceVersion"], "5");
    assert_eq!(sent["metadata"]["labels"], json!({"team": "a"}));
}
