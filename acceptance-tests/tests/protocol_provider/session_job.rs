//! `flink_session_job`: what it asks about its cluster, and what it says when that is away.

use std::sync::atomic::{AtomicUsize, Ordering};

use terraform_provider_flink::resources::flink_session_job::model::SessionJob;

use super::*;

const SESSION_JOB: &str = "flink_session_job";
const JOB: &str = "/apis/flink.apache.org/v1beta1/namespaces/data/flinksessionjobs/orders";
const CLUSTER: &str = "/apis/flink.apache.org/v1beta1/namespaces/data/flinkdeployments/session";
const JOBS: &str = "/apis/flink.apache.org/v1beta1/namespaces/data/flinksessionjobs";

fn job() -> Json {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkSessionJob",
        "metadata": {"name": "orders", "namespace": "data", "uid": "u-1", "generation": 1, "resourceVersion": "7",
                     "labels": {"target.session": "session"}},
        "spec": {"deploymentName": "session", "job": {"jarURI": "https://repo.example.com/a.jar", "parallelism": 2}},
        "status": {
            "lifecycleState": "STABLE", "observedGeneration": 1, "jobStatus": {"jobId": "e5b1", "state": "RUNNING"},
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":{\"state\":\"running\"}}}"},
        },
    })
}

fn cluster(job_manager: &str) -> Json {
    json!({
        "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
        "metadata": {"name": "session", "namespace": "data", "uid": "u-2", "generation": 1, "resourceVersion": "8",
                     "finalizers": ["flinkdeployments.flink.apache.org/finalizer"]},
        "spec": {"flinkVersion": "v1_20", "serviceAccount": "flink"},
        "status": {
            "lifecycleState": "STABLE", "jobManagerDeploymentStatus": job_manager, "observedGeneration": 1,
            "reconciliationStatus": {"state": "DEPLOYED", "lastReconciledSpec": "{\"spec\":{\"job\":null}}"},
        },
    })
}

fn namespace() -> (u16, Json) {
    (
        200,
        json!({"kind": "Namespace", "metadata": {"name": "data", "uid": "n-1"}}),
    )
}

/// A status from before the cluster went away is shown, and called old.
#[tokio::test]
async fn a_refresh_looks_at_the_cluster_and_says_when_it_is_away() -> Result<()> {
    let away = std::sync::Arc::new(AtomicUsize::new(0));
    let now = away.clone();
    let server = Scripted::start(move |_, path| match (path, now.load(Ordering::Relaxed)) {
        (JOB, _) => (200, job()),
        (CLUSTER, 0) => (200, cluster("READY")),
        (CLUSTER, 1) => (200, cluster("DEPLOYING")),
        (CLUSTER, _) => not_found("flink.apache.org", "flinkdeployments", "session"),
        ("/api/v1/namespaces/data", _) => namespace(),
        _ => (404, Json::Null),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let imported = import(&plugin, SESSION_JOB, "data/orders", None).await?;
    ensure!(imported.diagnostics.is_empty(), "{:?}", imported.diagnostics);
    let imported = imported.imported_resources.first().context("one resource")?;
    let block = SessionJob::block();
    let state = unpacked(&block, imported.state.as_ref())?;
    assert_eq!(state.member("ready"), &true.into());
    assert_eq!(
        state.member("labels"),
        &Value::Null,
        "the label of the cluster is the provider's own"
    );

    let before = server.requests().len();
    let refreshed = read(&plugin, imported).await?;
    assert_eq!(unpacked(&block, refreshed.new_state.as_ref())?, state);
    ensure!(refreshed.diagnostics.is_empty(), "{:?}", refreshed.diagnostics);
    assert_eq!(
        server.requests()[before..],
        [format!("GET {JOB}"), format!("GET {CLUSTER}")]
    );

    for (step, words) in [
        (
            1,
            "its session cluster `session` is not ready: the JobManager is being started",
        ),
        (2, "there is no FlinkDeployment `session`"),
    ] {
        away.store(step, Ordering::Relaxed);
        let refreshed = read(&plugin, imported).await?;
        assert_eq!(
            unpacked(&block, refreshed.new_state.as_ref())?,
            state,
            "nothing is forgotten"
        );
        let [warning] = refreshed.diagnostics.as_slice() else {
            anyhow::bail!("{:?}", refreshed.diagnostics)
        };
        assert_eq!(warning.summary, "State of a session job is not known");
        ensure!(warning.detail.contains(words), "{}", warning.detail);
        ensure!(warning.detail.contains("was last seen `RUNNING`"), "{}", warning.detail);
    }
    Ok(())
}

/// A destroy of the cluster names the job that holds it, and deletes nothing.
#[tokio::test]
async fn a_cluster_with_a_job_is_not_deleted() -> Result<()> {
    let server = Scripted::start(|method, path| match (method, path) {
        ("GET", CLUSTER) => (200, cluster("READY")),
        ("GET", JOBS) => (200, json!({"kind": "FlinkSessionJobList", "items": [job()]})),
        ("GET", "/api/v1/namespaces/data") => namespace(),
        _ => (404, Json::Null),
    })
    .await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let imported = import(&plugin, TYPE, "data/session", None).await?;
    let imported = imported.imported_resources.first().context("one resource")?;
    let block = Deployment::block();
    let request = pb::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: imported.state.clone(),
        planned_state: packed(&block, &Value::Null)?,
        config: packed(&block, &Value::Null)?,
        planned_private: imported.private.clone(),
        ..Default::default()
    };
    let answer = plugin.provider().apply_resource_change(request).await?.into_inner();
    let [error] = answer.diagnostics.as_slice() else {
        anyhow::bail!("{:?}", answer.diagnostics)
    };
    assert_eq!(error.summary, "Jobs run on the session cluster");
    let named = "the FlinkSessionJob `orders` (not managed by Terraform)";
    ensure!(error.detail.contains(named), "{}", error.detail);
    assert_eq!(
        unpacked(&block, answer.new_state.as_ref())?,
        unpacked(&block, imported.state.as_ref())?,
        "it stays in state"
    );
    ensure!(!server.requests().iter().any(|request| request.starts_with("DELETE")));
    Ok(())
}

/// The nested block in which only these are set.
fn nested(block: &Block, name: &str, members: &[(&str, Value)]) -> Value {
    let nested = block.blocks.iter().find(|nested| nested.name == name);
    nested.map_or(Value::Null, |nested| object(&nested.block, members))
}

async fn planned(plugin: &Plugin, type_name: &str, block: &Block, config: &Value) -> Result<Vec<pb::Diagnostic>> {
    let plan = plan_creation(plugin, type_name, block, config).await?;
    let refused = plan
        .diagnostics
        .iter()
        .any(|said| said.severity == pb::diagnostic::Severity::Error as i32);
    if !refused {
        let planned = unpacked(block, plan.planned_state.as_ref())?;
        assert_eq!(planned.member("id"), &"data/orders".into());
    }
    Ok(plan.diagnostics)
}

/// A new job with this parallelism.
fn new_job(parallelism: i64) -> Value {
    let block = SessionJob::block();
    let job = [
        ("jar_uri", "https://repo.example.com/a.jar".into()),
        ("parallelism", parallelism.into()),
    ];
    object(
        &block,
        &[
            ("name", "orders".into()),
            ("deployment_name", "session".into()),
            ("job", nested(&block, "job", &job)),
        ],
    )
}

/// A plan looks at the cluster that lives. It warns, and refuses an application; where it cannot look, it says nothing.
#[tokio::test]
async fn a_plan_looks_at_the_cluster_and_does_without() -> Result<()> {
    const OVERVIEW: &str = "/api/v1/namespaces/data/services/session-rest:8081/proxy/overview";
    let standalone = || {
        let mut cluster = cluster("READY");
        cluster["spec"]["mode"] = json!("standalone");
        cluster["spec"]["taskManager"] = json!({"replicas": 2});
        cluster["spec"]["flinkConfiguration"] = json!({"taskmanager": {"numberOfTaskSlots": 2}});
        cluster
    };
    let mut application = cluster("READY");
    application["spec"]["job"] = json!({"jarURI": "local:///a.jar", "parallelism": 1});
    let forbidden = json!({"kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403});
    let overview = |free: i64| {
        let answer = json!({"taskmanagers": 2, "slots-total": 4, "slots-available": free, "flink-version": "1.20.5"});
        (200, answer)
    };
    let slots = "Not enough slots on the session cluster";
    for (what, answer, of_overview, parallelism, expected, asked) in [
        (
            "a session cluster",
            (200, cluster("READY")),
            overview(0),
            3,
            vec![],
            vec![CLUSTER],
        ),
        (
            "enough slots",
            (200, standalone()),
            overview(4),
            4,
            vec![],
            vec![CLUSTER, OVERVIEW],
        ),
        (
            "too few",
            (200, standalone()),
            overview(4),
            5,
            vec![slots],
            vec![CLUSTER, OVERVIEW],
        ),
        (
            "too few that are free",
            (200, standalone()),
            overview(2),
            3,
            vec![slots],
            vec![CLUSTER, OVERVIEW],
        ),
        (
            "no right to the JobManager",
            (200, standalone()),
            (403, forbidden.clone()),
            4,
            vec![],
            vec![CLUSTER, OVERVIEW],
        ),
        (
            "an application",
            (200, application),
            overview(4),
            1,
            vec!["Not a session cluster"],
            vec![CLUSTER],
        ),
        (
            "no right to the cluster",
            (403, forbidden),
            overview(4),
            5,
            vec![],
            vec![CLUSTER],
        ),
        (
            "no cluster",
            not_found("flink.apache.org", "flinkdeployments", "session"),
            overview(4),
            5,
            vec![],
            vec![CLUSTER],
        ),
    ] {
        let server = Scripted::start(move |_, path| match path {
            CLUSTER => answer.clone(),
            OVERVIEW => of_overview.clone(),
            _ => (404, Json::Null),
        })
        .await?;
        let plugin = provider(server.url().as_str().into()).await?;
        let said = planned(&plugin, SESSION_JOB, &SessionJob::block(), &new_job(parallelism)).await?;
        let summaries: Vec<&str> = said.iter().map(|said| said.summary.as_str()).collect();
        assert_eq!(summaries, expected, "{what}");
        let asked: Vec<String> = asked.iter().map(|path| format!("GET {path}")).collect();
        assert_eq!(server.requests(), asked, "{what}");
    }
    // Nobody is there.
    let plugin = provider("http://127.0.0.1:1".into()).await?;
    let said = planned(&plugin, SESSION_JOB, &SessionJob::block(), &new_job(5)).await?;
    ensure!(said.is_empty(), "{said:?}");
    Ok(())
}

/// What the same run plans for the cluster counts, and nobody is asked.
#[tokio::test]
async fn a_cluster_that_is_planned_counts_before_the_one_that_lives() -> Result<()> {
    let server = Scripted::start(|_, _| (200, cluster("READY"))).await?;
    let plugin = provider(server.url().as_str().into()).await?;
    let block = Deployment::block();
    let cluster = |job: Value| {
        object(
            &block,
            &[
                ("name", "session".into()),
                ("namespace", "data".into()),
                ("flink_version", "v1_16".into()),
                ("service_account", "flink".into()),
                ("mode", "standalone".into()),
                ("job", job),
            ],
        )
    };
    let application = nested(&block, "job", &[("parallelism", 1.into())]);
    for (job, expected) in [
        (application, vec!["Not a session cluster"]),
        (Value::Null, vec!["Not enough slots on the session cluster"]),
    ] {
        let config = cluster(job);
        plan_creation(&plugin, TYPE, &block, &config).await?;
        let said = planned(&plugin, SESSION_JOB, &SessionJob::block(), &new_job(2)).await?;
        let summaries: Vec<&str> = said.iter().map(|said| said.summary.as_str()).collect();
        assert_eq!(summaries, expected);
    }
    assert_eq!(server.requests(), Vec::<String>::new());
    Ok(())
}
