use super::*;

const PATIENCE: Duration = Duration::from_secs(120);

/// The group with the versions in which it has FlinkDeployment.
fn served_in(versions: &[&str]) -> Vec<Step> {
    let group: Vec<Value> = versions.iter().map(|version| json!({"version": version})).collect();
    let group = (
        "GET",
        "/apis/flink.apache.org",
        Reply::Json(200, json!({"versions": group})),
    );
    let kind = json!({"resources": [{"name": "flinkdeployments", "kind": "FlinkDeployment"}]});
    let kinds = versions
        .iter()
        .map(|_| ("GET", "/apis/flink.apache.org/v", Reply::Json(200, kind.clone())));
    std::iter::once(group).chain(kinds).collect()
}

fn nothing_served() -> Reply {
    Reply::Text(404, "404 page not found\n")
}

#[tokio::test(start_paused = true)]
async fn what_comes_up_is_waited_for() {
    let answers = [
        Reply::Refused,
        Reply::Text(503, "starting"),
        Reply::Busy(1),
        nothing_served(),
        nothing_served(), // of the group
        not_found("orders"),
    ];
    let steps = answers.into_iter().map(|answer| ("GET", "", answer)).collect();
    let api = Api::new(steps);
    let found = api.objects().find_once_served("orders", PATIENCE).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(api.received().len(), 6, "{:?}", api.asked());
}

#[tokio::test(start_paused = true)]
async fn what_never_comes_up_is_told_apart() {
    for (steps, expected) in [
        (
            vec![("GET", "", nothing_served())],
            "its custom resource definition is not installed",
        ),
        (vec![("GET", "", Reply::Refused)], "cannot be reached"),
        (
            vec![("GET", "/orders", nothing_served())]
                .into_iter()
                .chain(served_in(&["v1alpha1"]))
                .collect(),
            "serves flinkdeployments.flink.apache.org in v1alpha1, and not in v1beta1",
        ),
    ] {
        let api = Api::new(steps);
        let begun = tokio::time::Instant::now();
        // The last answer of the script is repeated, so that one look has to do for the last case.
        let patience = if expected.contains("v1alpha1") {
            Duration::ZERO
        } else {
            PATIENCE
        };
        let error = api.objects().find_once_served("orders", patience).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(begun.elapsed() <= patience, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_waiting_does_not_mend_is_said_at_once() {
    let forbidden = "flinkdeployments.flink.apache.org \"orders\" is forbidden: User \"ci\" cannot get resource";
    for reply in [
        failure(403, "Forbidden", forbidden, json!({})),
        failure(401, "Unauthorized", "Unauthorized", json!({})),
        Reply::Text(404, "<html>Not Found</html>"),
    ] {
        let api = Api::new(vec![("GET", "", reply)]);
        api.objects().find_once_served("orders", PATIENCE).await.unwrap_err();
        assert_eq!(api.received().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_wait() {
    let api = Api::new(vec![("GET", "", nothing_served())]);
    let objects = api.objects();
    let (error, ()) = tokio::join!(objects.find_once_served("orders", PATIENCE), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        api.stop.cancel();
    });
    error.unwrap_err();
    assert!(api.received().len() <= 4, "{:?}", api.asked());
}
