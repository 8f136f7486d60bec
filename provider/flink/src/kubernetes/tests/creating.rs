use super::*;

#[tokio::test]
async fn looks_first_then_applies() {
    let api = Api::new(vec![
        ("GET", "", not_found("orders")),
        ("PATCH", "", Reply::Json(201, written("1"))),
    ]);
    let created = api.objects().create(&manifest()).await.unwrap();
    assert!(!created.adopted);
    let sent = &api.received()[1];
    assert!(
        sent.path
            .contains("fieldManager=terraform-provider-flink&fieldValidation=Strict"),
        "{}",
        sent.path
    );
    assert!(!sent.path.contains("force"), "{}", sent.path);
    assert_eq!(sent.body["spec"], manifest().spec);
    assert_eq!(
        sent.body["metadata"],
        json!({"name": "orders", "namespace": "team", "labels": {"team": "a"}})
    );
}

#[tokio::test]
async fn what_is_there_already_is_an_error_that_names_its_manager() {
    let mut theirs = written("5");
    theirs["metadata"]["managedFields"] = json!([managed("kubectl-client-side-apply", "Update", claims())]);
    let api = Api::new(vec![("GET", "", Reply::Json(200, theirs))]);
    let error = api.objects().create(&manifest()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "FlinkDeployment team/orders exists already, managed by kubectl-client-side-apply"
    );
    assert!(!error.may_exist());
    assert_eq!(api.asked(), ["GET orders"]);
}

#[tokio::test]
async fn our_own_creation_whose_answer_was_lost_is_adopted() {
    let mut object = written("5");
    // What a webhook adds and the operator claims does not count.
    object["spec"]["job"]["args"] = json!([]);
    let operator = json!({"f:metadata": {"f:finalizers": {".": {}}}});
    object["metadata"]["managedFields"]
        .as_array_mut()
        .unwrap()
        .push(managed("flink-kubernetes-operator", "Update", operator));
    let api = Api::new(vec![("GET", "", Reply::Json(200, object))]);
    assert!(api.objects().create(&manifest()).await.unwrap().adopted);
}

#[tokio::test]
async fn what_differs_or_was_touched_is_not_adopted() {
    let mut differs = written("5");
    differs["spec"]["image"] = json!("flink:1.19");
    let mut more = written("5");
    more["spec"]["restartNonce"] = json!(1);
    let mut touched = written("5");
    let edit = managed(
        "kubectl-edit",
        "Update",
        json!({"f:spec": {"f:job": {"f:parallelism": {}}}}),
    );
    touched["metadata"]["managedFields"].as_array_mut().unwrap().push(edit);
    for (object, expected) in [
        (differs, "written by this provider with other values"),
        (more, "written by this provider with other values"),
        (touched, "written by this provider and changed by kubectl-edit"),
    ] {
        let error = Api::new(vec![("GET", "", Reply::Json(200, object))])
            .objects()
            .create(&manifest())
            .await
            .unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[tokio::test]
async fn an_object_that_is_being_deleted_is_no_free_name() {
    let mut object = written("5");
    object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let error = Api::new(vec![("GET", "", Reply::Json(200, object))])
        .objects()
        .create(&manifest())
        .await
        .unwrap_err();
    assert!(matches!(error, CreateError::BeingDeleted { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled_by_looking() {
    for lost in [
        Reply::Cut,
        Reply::Hang,
        failure(500, "InternalError", "etcd is away", json!({})),
    ] {
        let api = Api::new(vec![
            ("GET", "", not_found("orders")),
            ("PATCH", "", lost),
            ("GET", "", Reply::Refused),
            ("GET", "", Reply::Json(200, written("1"))),
        ]);
        let created = api.objects().create(&manifest()).await.unwrap();
        assert_eq!(created.live.resource_version(), "1");
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_never_got_through_is_sent_again() {
    let api = Api::new(vec![
        ("GET", "", not_found("orders")),
        ("PATCH", "", Reply::Cut),
        ("GET", "", not_found("orders")),
        ("PATCH", "", Reply::Json(201, written("1"))),
    ]);
    assert!(!api.objects().create(&manifest()).await.unwrap().adopted);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_stays_unknown_may_have_created_it() {
    let api = Api::new(vec![
        ("GET", "", not_found("orders")),
        ("PATCH", "", Reply::Cut),
        ("GET", "", Reply::Refused),
    ]);
    let error = api.objects().create(&manifest()).await.unwrap_err();
    assert!(error.may_exist(), "{error}");
}

#[tokio::test]
async fn somebody_was_faster() {
    let mut theirs = written("5");
    theirs["spec"]["image"] = json!("flink:1.19");
    let edit = managed("kubectl", "Update", json!({"f:spec": {"f:image": {}}}));
    theirs["metadata"]["managedFields"] = json!([edit]);
    let api = Api::new(vec![
        ("GET", "", not_found("orders")),
        ("PATCH", "", Reply::Json(200, theirs)),
    ]);
    assert!(matches!(
        api.objects().create(&manifest()).await,
        Err(CreateError::Exists { .. })
    ));
}

#[tokio::test]
async fn unknown_fields_name_the_operator_that_has_them() {
    let by_apply = failure(
        500,
        "",
        "failed to create typed patch object (team/orders; flink.apache.org/v1beta1, Kind=FlinkDeployment): errors:\n  \
         .spec.jobManager.resources: field not declared in schema\n  .spec.jarUri: field not declared in schema",
        json!({}),
    );
    let strict = failure(
        400,
        "BadRequest",
        "strict decoding error: unknown field \"spec.jobManager.resources\", unknown field \"spec.jarUri\"",
        json!({}),
    );
    for reply in [by_apply, strict] {
        let api = Api::new(vec![("GET", "", not_found("orders")), ("PATCH", "", reply)]);
        let error = api.objects().create(&manifest()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the installed custom resource definition of FlinkDeployment does not have \
             `spec.jobManager.resources` (operator 1.16 or newer), `spec.jarUri`",
        );
    }
}

#[tokio::test]
async fn rejections_name_the_field() {
    let single = failure(
        500,
        "",
        "failed to create typed patch object (team/orders; flink.apache.org/v1beta1, Kind=FlinkDeployment): \
         .spec.job.parallelism: expected numeric (int or float), got string",
        json!({}),
    );
    let invalid = failure(
        422,
        "Invalid",
        "FlinkDeployment.flink.apache.org \"orders\" is invalid: spec.job.upgradeMode: Unsupported value",
        json!({"name": "orders", "kind": "FlinkDeployment",
               "causes": [{"reason": "FieldValueNotSupported", "message": "Unsupported value", "field": "spec.job.upgradeMode"}]}),
    );
    for (reply, field) in [(single, "spec.job.parallelism"), (invalid, "spec.job.upgradeMode")] {
        let api = Api::new(vec![("GET", "", not_found("orders")), ("PATCH", "", reply)]);
        let error = api.objects().create(&manifest()).await.unwrap_err();
        let CreateError::Write(WriteError::Kubernetes(KubernetesError::Rejected { causes, .. })) = error else {
            panic!("{error}");
        };
        assert_eq!(causes[0].field, field);
    }
}

#[tokio::test]
async fn a_namespace_that_is_not_there_or_goes() {
    let missing = failure(
        404,
        "NotFound",
        "namespaces \"team\" not found",
        json!({"name": "team", "kind": "namespaces"}),
    );
    let going = failure(
        403,
        "Forbidden",
        "unable to create new content in namespace team because it is being terminated",
        json!({"causes": [{"reason": "NamespaceTerminating", "message": "", "field": "metadata.namespace"}]}),
    );
    let denied = failure(
        403,
        "Forbidden",
        "admission webhook \"policy.example.com\" denied the request: no",
        json!({}),
    );
    for (reply, expected) in [
        (
            missing,
            "there is no namespace team in the cluster at https://api.example.com",
        ),
        (going, "namespace team is being deleted"),
        (
            denied,
            "patch flinkdeployments team/orders: admission webhook \"policy.example.com\" denied the request: no",
        ),
    ] {
        let api = Api::new(vec![("GET", "", not_found("orders")), ("PATCH", "", reply)]);
        assert_eq!(
            api.objects().create(&manifest()).await.unwrap_err().to_string(),
            expected
        );
    }
}
