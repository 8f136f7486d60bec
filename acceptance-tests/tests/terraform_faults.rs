//! A sample of the points of `make faults`, and what happens when several people, or clusters, are at work at once.

use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, STATEFUL, with};
use acceptance_tests::faults::proxy::Proxy;
use acceptance_tests::faults::run::{Run, Work};
use acceptance_tests::faults::{Kind, Point};
use acceptance_tests::scripted::{Scripted, not_found};
use acceptance_tests::terraform::{Outcome, Workspace};
use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

const ORDERS: &str = "flink_deployment.orders";
const HOLD: &str = "sandbox.terraform-provider-flink/hold";

/// How many points are tried here.
const POINTS: usize = 40;

/// Enough for all of them in one chain: not every kind has a point in every turn, and not every point is reached.
const LANES: usize = 13;

/// What they are drawn by, unless `FAULTS_SEED` says otherwise.
const SEED: u64 = 1;

/// How long a lasting fault lasts: longer than a question is repeated, shorter than `make faults` has it.
const LASTING: Duration = Duration::from_secs(10);

/// Points at which something did not hold once.
const BROKEN_ONCE: [&str; 3] = [
    // What is private of a tainted savepoint without an object is lost: it was forgotten, and the next plan took another one.
    "at-url/create/apply/5/409/before/lasting",
    // And one without the operator's snapshots could neither be read nor destroyed any more.
    "over-proxy/create/apply/10/reset/before/lasting",
    // A failed savepoint stood in the way of the next attempt for ever, where that has the same name.
    "savepoint-first/resume/apply/6/deleted/before/once",
];

/// A case whose provider reaches its cluster through a proxy.
async fn proxied(case: &Case) -> Result<Proxy> {
    let proxy = Proxy::start(case.client().await?, LASTING).await?;
    let kubeconfig = case.workspace.path().join("kubeconfig");
    proxy.write_kubeconfig(&kubeconfig)?;
    let path = case.kubeconfig().display().to_string();
    let block = case.provider_block().replace(&path, &kubeconfig.display().to_string());
    case.workspace.write("provider.tf", &block)?;
    Ok(proxy)
}

/// The number of times that the operator has started a job of the case.
async fn generation(case: &Case) -> Result<i64> {
    let live = case.deployment("orders").await?.context("it is there")?;
    live["metadata"]["generation"].as_i64().context("it has a generation")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_of_points_holds() -> Result<()> {
    let case = Case::new("faults", Jobs::StatusOnly, "").await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator keeps no journal");
        return Ok(());
    }
    let seed = std::env::var("FAULTS_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(SEED);
    let run = Run {
        sandbox: case.sandbox(),
        chains: 1,
        lasting: LASTING,
    };
    let work = Work::Sample {
        points: POINTS,
        seed,
        lanes: LANES,
    };
    let report = run.go(Kind::ALL, false, work).await?;
    println!("{report}\nseed {seed}");
    ensure!(report.count() >= POINTS && report.holds(), "{report}\nseed {seed}");

    let points: Vec<Point> = BROKEN_ONCE.iter().map(|point| point.parse()).collect::<Result<_>>()?;
    let report = run
        .go(
            &[Kind::OverProxy, Kind::AtUrl, Kind::SavepointFirst],
            false,
            Work::These(points),
        )
        .await?;
    ensure!(report.count() == BROKEN_ONCE.len() && report.holds(), "{report}");
    Ok(())
}

/// Nobody can keep two people from it. But there is one object, it is started for what is asked and no more, and both are
/// told what there is.
#[tokio::test(flavor = "multi_thread")]
async fn two_applies_at_once_make_one_object() -> Result<()> {
    let case = Case::new("faults-two", Jobs::StatusOnly, STATEFUL).await?;
    let other = Workspace::new(STATEFUL).await?;
    other.write("provider.tf", &case.provider_block())?;

    let both = tokio::join!(case.workspace.apply(&[]), other.apply(&[]));
    for outcome in [both.0?, both.1?] {
        // The one that came late finds exactly what it would have made.
        let outcome = outcome.expect_success()?;
        let warned: Vec<&str> = outcome.warnings().map(|warning| warning.summary.as_str()).collect();
        ensure!(
            warned.is_empty() || warned == ["Deployment was there already"],
            "{warned:?}"
        );
    }
    assert_eq!(generation(&case).await?, 1);
    let uids = [case.workspace.state(ORDERS).await?, other.state(ORDERS).await?]
        .map(|state| state.map(|state| state["uid"].clone()));
    assert_eq!(uids[0], uids[1]);

    let (two, three) = (
        with(STATEFUL, &[("parallelism  = 1", "parallelism  = 2")]),
        with(STATEFUL, &[("parallelism  = 1", "parallelism  = 3")]),
    );
    case.configure(&two)?;
    other.write("main.tf", &three)?;
    let both = tokio::join!(case.workspace.apply(&[]), other.apply(&[]));
    let live = case.deployment("orders").await?.context("it is there")?;
    let parallelism = live["spec"]["job"]["parallelism"].clone();
    ensure!(parallelism == 2 || parallelism == 3, "{parallelism}");
    ensure!(generation(&case).await? <= 3, "one upgrade for each of them");
    ensure!(both.0?.success || both.1?.success, "one of them gets through");
    // Whoever was overwritten is told so by the next plan, and whoever was not has nothing to do.
    for (workspace, wanted) in [(&case.workspace, 2), (&other, 3)] {
        let change = workspace.planned(ORDERS).await?;
        let nothing = change.actions == ["no-op"];
        let still_waits = change.before["ready"] == json!(false);
        ensure!(
            nothing == (parallelism == wanted) || still_waits,
            "{:?} for {wanted}",
            change.actions
        );
    }

    let both = tokio::join!(case.workspace.destroy(), other.destroy());
    let mut told = false;
    for (outcome, workspace) in [(both.0?, &case.workspace), (both.1?, &other)] {
        told |= outcome.stdout.contains("/savepoints/savepoint-");
        if !outcome.success {
            workspace.destroy().await?.expect_success()?;
        }
        assert!(workspace.state(ORDERS).await?.is_none());
    }
    assert!(told, "where the state is kept");
    assert!(case.deployment("orders").await?.is_none());
    Ok(())
}

/// A definition that is not there, and a cluster that is another one, are no reason to forget anything.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_cannot_be_looked_for_is_not_forgotten() -> Result<()> {
    let case = Case::new("faults-elsewhere", Jobs::StatusOnly, APPLICATION).await?;
    let proxy = proxied(&case).await?;
    case.apply(APPLICATION).await?;
    let before = case.workspace.state(ORDERS).await?.context("in state")?;

    proxy.without(case.namespace(), Some("flinkdeployments"));
    for outcome in [case.workspace.plan(&[]).await?, case.workspace.destroy().await?] {
        assert_eq!(
            outcome.expect_one_error()?.summary,
            "Flink Kubernetes Operator is not installed"
        );
    }
    assert_eq!(
        case.workspace.state(ORDERS).await?,
        Some(before.clone()),
        "without the definition"
    );
    proxy.without(case.namespace(), None);

    // Another cluster: the namespace is another one, or is not there.
    let namespace = case.namespace().to_owned();
    for missing in [false, true] {
        let name = namespace.clone();
        let elsewhere = Scripted::start(move |_, path| {
            let has_namespace = path.ends_with(&format!("/namespaces/{name}")) && !missing;
            match path.split_once("/namespaces/") {
                _ if has_namespace => (200, json!({"metadata": {"name": name, "uid": "another"}})),
                Some((_, rest)) if !rest.contains('/') => not_found("", "namespaces", &name),
                _ => not_found("flink.apache.org", "flinkdeployments", "orders"),
            }
        })
        .await?;
        let path = case.workspace.path().join("kubeconfig");
        let kubeconfig = std::fs::read_to_string(&path)?;
        std::fs::write(&path, kubeconfig.replace(&proxy.url(), &elsewhere.url()))?;
        for outcome in [case.workspace.plan(&[]).await?, case.workspace.destroy().await?] {
            let error = outcome.expect_one_error()?;
            ensure!(error.detail.contains(&namespace), "{}: {}", error.summary, error.detail);
        }
        assert_eq!(
            case.workspace.state(ORDERS).await?,
            Some(before.clone()),
            "on another cluster"
        );
        std::fs::write(&path, kubeconfig)?;
    }
    case.workspace.expect_no_changes().await?;
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_being_deleted_keeps_what_is_in_state() -> Result<()> {
    let case = Case::new("faults-terminating", Jobs::StatusOnly, APPLICATION).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    // The role goes with the namespace, before the objects do.
    case.be_administrator()?;
    case.apply(APPLICATION).await?;
    let namespaces: Api<Namespace> = Api::all(case.client().await?);
    let held = |value: Value| Patch::Merge(json!({"metadata": {"labels": {HOLD: value}}}));
    let params = PatchParams::default();
    namespaces
        .patch(case.namespace(), &params, &held(json!("deleting")))
        .await?;
    namespaces.delete(case.namespace(), &DeleteParams::default()).await?;
    while case
        .deployment("orders")
        .await?
        .is_some_and(|live| live["metadata"]["deletionTimestamp"].is_null())
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let refuses = |outcome: Outcome| {
        let error = outcome.expect_one_error()?;
        let is_named = error.detail.contains("being deleted");
        ensure!(is_named, "{}: {}", error.summary, error.detail);
        Ok(())
    };
    case.configure(&with(APPLICATION, &[("parallelism = 1", "parallelism = 2")]))?;
    refuses(case.workspace.apply(&[]).await?)?;
    assert!(case.workspace.state(ORDERS).await?.is_some());
    let newcomer = APPLICATION.replace("\"orders\"", "\"newcomer\"");
    case.configure(&format!("{}{newcomer}", APPLICATION))?;
    refuses(case.workspace.apply(&["-target=flink_deployment.newcomer"]).await?)?;
    assert!(case.workspace.state("flink_deployment.newcomer").await?.is_none());

    namespaces.patch(case.namespace(), &params, &held(Value::Null)).await?;
    case.configure(APPLICATION)?;
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_outlasts_a_restart_of_the_api_server() -> Result<()> {
    let case = Case::new("faults-restart", Jobs::StatusOnly, APPLICATION).await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real operator does not hold still");
        return Ok(());
    }
    let proxy = proxied(&case).await?;
    let annotation = format!("  annotations = {{ \"{HOLD}\" = \"deploying\" }}\n\n  job {{");
    let held = with(APPLICATION, &[("  job {", &annotation)]);
    case.configure(&held)?;
    let restart = async {
        while case
            .deployment("orders")
            .await?
            .is_none_or(|live| live["status"].is_null())
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        proxy.restart(Duration::from_secs(5)).await;
        case.edit("orders", json!({"metadata": {"annotations": {HOLD: Value::Null}}}))
            .await
    };
    let (outcome, restarted) = tokio::join!(case.workspace.apply(&[]), restart);
    restarted?;
    outcome?.expect_success()?;
    let state = case.workspace.state(ORDERS).await?.context("in state")?;
    assert_eq!((&state["ready"], &state["tainted"]), (&json!(true), &json!(false)));
    Ok(())
}
