//! What a plan and a creation need of the cluster: a table of answers of the API server, and what becomes of the plan.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const NOT_SERVED: (u16, Json) = (404, Json::Null);

fn status(code: u16, reason: &str, message: &str, details: Json) -> (u16, Json) {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
                        "reason": reason, "message": message, "details": details});
    (code, status)
}

/// The API server's answer about a kind that it does not have.
fn no_such_kind() -> (u16, Json) {
    status(
        404,
        "NotFound",
        "the server could not find the requested resource",
        json!({}),
    )
}

fn forbidden(verb: &str) -> (u16, Json) {
    let message = format!(
        "flinkdeployments.flink.apache.org \"orders\" is forbidden: User \"ci\" cannot {verb} resource \"flinkdeployments\" \
         in API group \"flink.apache.org\" in the namespace \"data\""
    );
    status(
        403,
        "Forbidden",
        &message,
        json!({"name": "orders", "kind": "flinkdeployments"}),
    )
}

/// A configuration of the object in [`live`], with another parallelism and whatever else.
fn configured(parallelism: i64, more: &[(&str, Value)]) -> Result<Value> {
    let block = Deployment::block();
    let job = object(
        &block.nested("job").context("a block")?.block,
        &[
            ("jar_uri", "local:///opt/flink/usrlib/orders.jar".into()),
            ("parallelism", parallelism.into()),
        ],
    );
    let mut members = vec![
        ("name", "orders".into()),
        ("image", "flink:1.20".into()),
        ("flink_version", "v1_20".into()),
        ("service_account", "flink".into()),
        ("job", job),
    ];
    members.extend_from_slice(more);
    Ok(object(&block, &members))
}

async fn plan(plugin: &Plugin, prior: &Value, config: &Value) -> Result<pb::plan_resource_change::Response> {
    let block = Deployment::block();
    let request = pb::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: packed(&block, prior)?,
        proposed_new_state: packed(&block, config)?,
        config: packed(&block, config)?,
        ..Default::default()
    };
    Ok(plugin.provider().plan_resource_change(request).await?.into_inner())
}

/// The text of the only diagnostic, with the attribute that it points at.
fn only(diagnostics: &[pb::Diagnostic]) -> Result<String> {
    let [said] = diagnostics else {
        anyhow::bail!("{diagnostics:?}")
    };
    let steps = said.attribute.iter().flat_map(|path| &path.steps);
    let names: Vec<String> = steps
        .filter_map(|step| match &step.selector {
            Some(pb::attribute_path::step::Selector::AttributeName(name)) => Some(name.clone()),
            _ => None,
        })
        .collect();
    Ok(format!("{}: {} [{}]", said.summary, said.detail, names.join(".")))
}

/// What is said of the object refuses the plan; what only says that nobody could be asked does not.
#[tokio::test]
async fn a_change_is_tried_and_only_what_is_said_of_it_refuses_the_plan() -> Result<()> {
    let denied = "admission webhook \"queue.example.com\" denied the request: team `data` cannot have more than 2";
    let invalid = json!({"name": "orders", "kind": "FlinkDeployment", "causes": [
        {"reason": "FieldValueInvalid", "field": "spec.job.parallelism", "message": "Invalid value: 3: must be even"},
    ]});
    let no_namespace = json!({"name": "data", "kind": "namespaces"});
    for (what, answer, said) in [
        ("accepted", (200, live()), ""),
        ("admission", status(403, "Forbidden", denied, json!({})), "more than 2"),
        (
            "the definition",
            status(422, "Invalid", "is invalid", invalid),
            "must be even",
        ),
        ("no right", forbidden("patch"), ""),
        ("no definition", no_such_kind(), ""),
        (
            "no namespace",
            status(404, "NotFound", "namespaces \"data\" not found", no_namespace),
            "",
        ),
        ("a proxy", (404, json!("<html>")), ""),
        (
            "a webhook that is away",
            status(
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"x\"",
                json!({}),
            ),
            "",
        ),
        (
            "a webhook with side effects",
            status(
                400,
                "BadRequest",
                "admission webhook \"x\" does not support dry run",
                json!({}),
            ),
            "",
        ),
        ("too many", (429, Json::Null), ""),
    ] {
        let server = Scripted::start(move |method, path| match (method, path) {
            ("GET", ORDERS) => (200, live()),
            ("PATCH", ORDERS) => answer.clone(),
            _ => NOT_SERVED,
        })
        .await?;
        let plugin = provider(server.url().as_str().into()).await?;
        let imported = import(&plugin, TYPE, "data/orders", None).await?;
        let imported = imported.imported_resources.first().context("one resource")?;
        let block = Deployment::block();
        let state = unpacked(&block, imported.state.as_ref())?;
        let before = server.requests().len();
        let planned = plan(&plugin, &state, &configured(3, &[])?).await?;
        let texts: Vec<String> = planned.diagnostics.iter().map(|said| said.detail.clone()).collect();
        if said.is_empty() {
            ensure!(texts.iter().all(|text| !text.contains("dry run")), "{what}: {texts:?}");
            let planned = unpacked(&block, planned.planned_state.as_ref())?;
            assert_eq!(planned.member("job").member("parallelism"), &3.into(), "{what}");
        } else {
            let refusal = planned.diagnostics.last().context("it is refused")?;
            ensure!(
                refusal.detail.contains(said) && refusal.detail.contains("dry run"),
                "{what}: {texts:?}"
            );
            let refused = only(std::slice::from_ref(refusal))?;
            assert_eq!(
                refused.ends_with("[job.parallelism]"),
                what == "the definition",
                "{refused}"
            );
        }
        assert_eq!(server.requests()[before..], [format!("PATCH {ORDERS}")], "{what}: once");

        // What is written elsewhere than in the object is not tried, nor is what holds values that no plan sends.
        let before = server.requests().len();
        let timeouts = object(
            &block.nested("timeouts").context("a block")?.block,
            &[("update", "45m".into())],
        );
        let secret = Value::map([("s3.secret-key", Value::string("canary-9d2e"))]);
        let hidden = [
            ("flink_configuration_wo", secret),
            ("flink_configuration_wo_version", 1.into()),
        ];
        for config in [configured(2, &[("timeouts", timeouts)])?, configured(3, &hidden)?] {
            plan(&plugin, &state, &config).await?;
            assert_eq!(server.requests()[before..], [] as [String; 0], "{what}: {config:?}");
        }
        plugin.shutdown().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_plan_does_without_a_cluster_that_went_away() -> Result<()> {
    let server = Scripted::start(|_, path| match path {
        ORDERS => (200, live()),
        _ => NOT_SERVED,
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let imported = import(&plugin, TYPE, "data/orders", None).await?;
    let imported = imported.imported_resources.first().context("one resource")?;
    let state = unpacked(&Deployment::block(), imported.state.as_ref())?;
    drop(server);
    let planned = plan(&plugin, &state, &configured(3, &[])?).await?;
    ensure!(planned.planned_state.is_some(), "{:?}", planned.diagnostics);
    ensure!(planned.diagnostics.iter().all(|said| !said.detail.contains("reached")));
    Ok(())
}

async fn create(plugin: &Plugin, timeout: &str) -> Result<pb::apply_resource_change::Response> {
    let block = Deployment::block();
    let timeouts = object(
        &block.nested("timeouts").context("a block")?.block,
        &[("create", timeout.into())],
    );
    let config = configured(2, &[("timeouts", timeouts)])?;
    let planned = plan(plugin, &Value::Null, &config).await?;
    ensure!(planned.diagnostics.is_empty(), "{:?}", planned.diagnostics);
    let request = pb::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: packed(&block, &Value::Null)?,
        planned_state: planned.planned_state,
        config: packed(&block, &config)?,
        planned_private: planned.planned_private,
        ..Default::default()
    };
    Ok(plugin.provider().apply_resource_change(request).await?.into_inner())
}

/// The definition is installed while the object waits to be created.
#[tokio::test]
async fn a_definition_that_appears_is_waited_for() -> Result<()> {
    let looks = Arc::new(AtomicUsize::new(0));
    let looked = looks.clone();
    let server = Scripted::start(move |method, path| match (method, path) {
        ("GET", ORDERS) => match looked.fetch_add(1, Ordering::SeqCst) {
            0 => no_such_kind(),
            1 => not_found("flink.apache.org", "flinkdeployments", "orders"),
            _ => (200, live()),
        },
        ("PATCH", ORDERS) => (201, live()),
        _ => no_such_kind(),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let created = create(&plugin, "1m").await?;
    ensure!(created.diagnostics.is_empty(), "{:?}", created.diagnostics);
    let state = unpacked(&Deployment::block(), created.new_state.as_ref())?;
    assert_eq!(state.member("ready"), &true.into());
    let reason = "waiting to create it: the cluster at";
    ensure!(
        plugin
            .stderr()
            .iter()
            .any(|line| line.contains(reason) && line.contains("not installed"))
    );
    Ok(())
}

/// What never comes up is an error that tells a missing definition from another version and from a missing right, and
/// leaves nothing behind.
#[tokio::test]
async fn what_does_not_come_up_says_what_to_do() -> Result<()> {
    let in_version = |version: &'static str| {
        move |path: &str| match path {
            "/apis/flink.apache.org" => (200, json!({"versions": [{"version": version}]})),
            path if path.ends_with(version) => (
                200,
                json!({"resources": [{"name": "flinkdeployments", "kind": "FlinkDeployment"}]}),
            ),
            _ => no_such_kind(),
        }
    };
    type Answers = Box<dyn Fn(&str) -> (u16, Json) + Send + Sync>;
    let rows: [(&str, Answers, &[&str]); 4] = [
        (
            "no definition",
            Box::new(|_: &str| no_such_kind()),
            &[
                "Flink Kubernetes Operator is not installed",
                "Helm chart",
                "depends_on",
                "timeouts.create",
            ],
        ),
        (
            "another version",
            Box::new(in_version("v1alpha1")),
            &["not served", "v1alpha1", "timeouts.create"],
        ),
        (
            "an API server that fails",
            Box::new(|_: &str| status(500, "InternalError", "etcd is away", json!({}))),
            &["API server failed", "etcd is away", "timeouts.create"],
        ),
        (
            "no right",
            Box::new(|_: &str| forbidden("get")),
            &["Not allowed", "verbs [\"get\"]"],
        ),
    ];
    for (what, answers, words) in rows {
        let server = Scripted::start(move |_, path| answers(path)).await?;
        let plugin = provider(server.url().as_str().into()).await?;
        // Too short for a second look.
        let created = create(&plugin, "1s").await?;
        let said = only(&created.diagnostics)?;
        for word in words {
            ensure!(said.contains(word), "{what}: no `{word}` in: {said}");
        }
        assert_eq!(said.contains("waited"), words.contains(&"timeouts.create"), "{said}");
        assert!(
            unpacked(&Deployment::block(), created.new_state.as_ref())?.is_null(),
            "{what}"
        );
        let writes: Vec<String> = server
            .requests()
            .into_iter()
            .filter(|request| !request.starts_with("GET"))
            .collect();
        assert_eq!(writes, [] as [String; 0], "{what}");
    }
    Ok(())
}
