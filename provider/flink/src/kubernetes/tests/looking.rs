use super::*;

async fn find(reply: Reply) -> Result<Option<Live<crate::operator::FlinkDeployment>>, KubernetesError> {
    Api::new(vec![(
        "GET",
        "/apis/flink.apache.org/v1beta1/namespaces/team/flinkdeployments/orders",
        reply,
    )])
    .objects()
    .find("orders")
    .await
}

#[tokio::test]
async fn an_object_and_none() {
    let live = find(Reply::Json(200, deployment("7", json!({"image": "a"}), running())))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (live.uid(), live.resource_version(), live.generation()),
        ("uid-1", "7", 1)
    );
    assert_eq!(live.spec.image.as_deref(), Some("a"));
    assert!(find(not_found("orders")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_404_that_does_not_name_the_object_is_an_error() {
    let missing = failure(
        404,
        "NotFound",
        "the server could not find the requested resource",
        json!({}),
    );
    for reply in [missing, Reply::Text(404, "404 page not found\n")] {
        let error = find(reply).await.unwrap_err();
        assert!(matches!(error, KubernetesError::DefinitionMissing { .. }), "{error}");
        assert!(
            error.to_string().contains("flinkdeployments.flink.apache.org"),
            "{error}"
        );
    }
    let error = find(not_found("another")).await.unwrap_err();
    assert!(matches!(error, KubernetesError::Rejected { code: 404, .. }), "{error}");
    let error = find(Reply::Text(404, "<html>Not Found</html>")).await.unwrap_err();
    assert!(
        matches!(error, KubernetesError::NotAnApiServer { code: 404, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn refusals_say_what_is_missing() {
    let message = "flinkdeployments.flink.apache.org \"orders\" is forbidden: User \"ci\" cannot get resource";
    let error = find(failure(403, "Forbidden", message, json!({}))).await.unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(
        error.to_string(),
        format!("not allowed to get flinkdeployments.flink.apache.org in namespace team: {message}"),
    );
    let error = find(failure(401, "Unauthorized", "Unauthorized", json!({})))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not accept the credentials"), "{error}");
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_named() {
    let error = find(Reply::Json(
        200,
        deployment("1", json!({"job": {"parallelism": "two"}}), Value::Null),
    ))
    .await
    .unwrap_err();
    assert!(error.to_string().contains("`spec.job.parallelism`"), "{error}");
}

#[tokio::test]
async fn gone_only_in_the_namespace_that_was_written_to() {
    let namespace = |uid: &str| Reply::Json(200, json!({"metadata": {"name": "team", "uid": uid}}));
    let missing = failure(
        404,
        "NotFound",
        "namespaces \"team\" not found",
        json!({"name": "team", "kind": "namespaces"}),
    );
    let forbidden = failure(
        403,
        "Forbidden",
        "User \"ci\" cannot get resource \"namespaces\"",
        json!({}),
    );
    let look = |namespace: Reply| async {
        let api = Api::new(vec![
            ("GET", "/orders", not_found("orders")),
            ("GET", "/api/v1/namespaces/team", namespace),
        ]);
        api.objects().find_surely("orders", Some("ns-1")).await
    };
    assert!(look(namespace("ns-1")).await.unwrap().is_none());
    assert!(look(forbidden).await.unwrap().is_none());
    assert!(matches!(
        look(namespace("ns-2")).await,
        Err(KubernetesError::NamespaceReplaced { .. })
    ));
    assert!(matches!(
        look(missing).await,
        Err(KubernetesError::NamespaceMissing { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_busy_api_server_is_asked_again_when_it_says() {
    let found = Reply::Json(200, deployment("7", json!({}), Value::Null));
    let api = Api::new(vec![
        ("GET", "", Reply::Busy(20)),
        ("GET", "", Reply::Refused),
        ("GET", "", found),
    ]);
    let before = tokio::time::Instant::now();
    assert!(api.objects().find("orders").await.unwrap().is_some());
    assert!(before.elapsed().as_secs() >= 20, "{:?}", before.elapsed());
    assert_eq!(api.received().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_given_up_and_named() {
    let api = Api::new(vec![("GET", "", Reply::Refused)]);
    let error = api.objects().find("orders").await.unwrap_err();
    assert!(matches!(error, KubernetesError::Unreachable { .. }));
    assert_eq!(
        error.to_string(),
        "the API server at https://api.example.com cannot be reached: connection refused"
    );
    assert_eq!(api.received().len(), Limits::default().attempts);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_hangs_is_given_up() {
    let error = Api::new(vec![("GET", "", Reply::Hang)])
        .objects()
        .find("orders")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "get flinkdeployments team/orders: https://api.example.com did not answer within 30 s",
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_pauses_between_attempts() {
    let api = Api::new(vec![("GET", "", Reply::Busy(30))]);
    let objects = api.objects();
    let before = tokio::time::Instant::now();
    let (outcome, ()) = tokio::join!(objects.find("orders"), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        api.stop.cancel();
    });
    assert!(matches!(outcome, Err(KubernetesError::Stopped { .. })));
    assert_eq!(before.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_list_is_whole_and_in_order() {
    let page = |names: &[&str], next: &str| {
        let items = names.iter().map(|name| {
            let mut object = deployment("7", json!({"image": "a"}), running());
            object["metadata"]["name"] = json!(name);
            object
        });
        Reply::Json(
            200,
            json!({"metadata": {"continue": next}, "items": items.collect::<Vec<_>>()}),
        )
    };
    let api = Api::new(vec![
        (
            "GET",
            "labelSelector=team%3Ddata%2Ctier%3Dbatch",
            page(&["b", "c"], "next/page"),
        ),
        ("GET", "continue=next%2Fpage", page(&["a"], "")),
    ]);
    let labels = [("tier", "batch"), ("team", "data")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let found = api.objects().list(&labels.into()).await.unwrap();
    let names: Vec<_> = found
        .iter()
        .filter_map(|live| live.metadata().name.as_deref())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    let api = Api::new(vec![("GET", "flinkdeployments?limit=250", page(&[], ""))]);
    assert!(
        api.objects()
            .list(&std::collections::BTreeMap::new())
            .await
            .unwrap()
            .is_empty()
    );
}

/// A server that says "continue" for ever.
#[tokio::test]
async fn a_list_without_end_is_an_error() {
    let mut object = deployment("7", json!({"image": "a"}), running());
    object["metadata"]["name"] = json!("orders");
    let page = |items: Vec<Value>| Reply::Json(200, json!({"metadata": {"continue": "next"}, "items": items}));
    for (items, words) in [(vec![object; 250], "10000 objects"), (Vec::new(), "1000 pages")] {
        let api = Api::new(vec![("GET", "", page(items))]);
        let error = api
            .objects()
            .list(&std::collections::BTreeMap::new())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_page_is_no_larger_than_what_is_wanted() {
    let page = |next: &str| Reply::Json(200, json!({"metadata": {"continue": next}, "items": []}));
    let api = Api::new(vec![
        ("GET", "limit=3&labelSelector=tier%20in%20%28a%2Cb%29", page("n")),
        (
            "GET",
            "limit=250&labelSelector=tier%20in%20%28a%2Cb%29&continue=n",
            page(""),
        ),
    ]);
    let objects = api.objects();
    let mut listing = objects.listing("tier in (a,b)");
    assert!(listing.page(3).await.unwrap().is_some());
    assert!(listing.page(9999).await.unwrap().is_some());
    assert!(listing.page(3).await.unwrap().is_none(), "the last one was the last");
    assert_eq!(api.received().len(), 2);
}
