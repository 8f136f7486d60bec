use super::*;

const ONLY: Preconditions<'_> = Preconditions {
    uid: "uid-1",
    resource_version: None,
};

fn precondition_failed() -> Reply {
    failure(
        409,
        "Conflict",
        "Precondition failed: UID in precondition: uid-1",
        json!({}),
    )
}

#[tokio::test]
async fn deletes_the_object_that_is_meant() {
    let api = Api::new(vec![(
        "DELETE",
        "/flinkdeployments/orders",
        Reply::Json(200, written("6")),
    )]);
    assert_eq!(api.objects().delete("orders", ONLY).await.unwrap(), Deletion::Started);
    assert_eq!(api.received()[0].body["preconditions"], json!({"uid": "uid-1"}));

    let api = Api::new(vec![(
        "DELETE",
        "",
        Reply::Json(200, json!({"kind": "Status", "status": "Success"})),
    )]);
    let only = Preconditions {
        resource_version: Some("5"),
        ..ONLY
    };
    assert_eq!(api.objects().delete("orders", only).await.unwrap(), Deletion::Gone);
    assert_eq!(
        api.received()[0].body["preconditions"],
        json!({"uid": "uid-1", "resourceVersion": "5"})
    );
}

#[tokio::test]
async fn what_is_gone_is_gone() {
    let api = Api::new(vec![("DELETE", "", not_found("orders"))]);
    assert_eq!(api.objects().delete("orders", ONLY).await.unwrap(), Deletion::Gone);
    let api = Api::new(vec![(
        "DELETE",
        "",
        failure(
            404,
            "NotFound",
            "the server could not find the requested resource",
            json!({}),
        ),
    )]);
    assert!(matches!(
        api.objects().delete("orders", ONLY).await,
        Err(DeleteError::Kubernetes(KubernetesError::DefinitionMissing { .. })),
    ));
}

#[tokio::test]
async fn another_object_or_version_is_left_alone() {
    let mut other = written("6");
    other["metadata"]["uid"] = json!("uid-2");
    let api = Api::new(vec![
        ("DELETE", "", precondition_failed()),
        ("GET", "", Reply::Json(200, other)),
    ]);
    assert!(matches!(
        api.objects().delete("orders", ONLY).await,
        Err(DeleteError::Replaced { .. })
    ));
    let api = Api::new(vec![
        ("DELETE", "", precondition_failed()),
        ("GET", "", Reply::Json(200, written("6"))),
    ]);
    assert!(matches!(
        api.objects().delete("orders", ONLY).await,
        Err(DeleteError::Changed { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_settled() {
    let api = Api::new(vec![("DELETE", "", Reply::Cut), ("DELETE", "", not_found("orders"))]);
    assert_eq!(api.objects().delete("orders", ONLY).await.unwrap(), Deletion::Gone);
}
