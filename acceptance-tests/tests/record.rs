//! `sandbox record` against the sandbox itself: the stand-in behind a real API server tells the stories that the real
//! operator told.

use std::path::{Path, PathBuf};
use std::process::Output;

use acceptance_tests::recording::Recording;
use acceptance_tests::recording::story::Story;
use acceptance_tests::sandbox::{Options, Sandbox};
use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use tokio::process::Command;

/// Twice as slow as the stand-in is, so that a busy machine does not do a step before the last one has settled.
const TIME_FACTOR: f64 = 2.0 * Options::TIME_FACTOR;

/// Each scenario, the objects in it that are compared, and until when (in seconds of the scenario).
const SCENARIOS: &[(&str, &[&str], f64)] = &[
    ("app-create", &["app"], f64::MAX),
    (
        "app-rejected-create",
        &["no-version", "no-dirs", "zero", "no-sa", "suspended"],
        f64::MAX,
    ),
    // Then it is about what the API server says to a creation during a deletion, which is a matter of milliseconds.
    ("app-suspended-first", &["app"], 43.7),
    ("operator-down", &["app", "short-lived"], f64::MAX),
    // Then it is about submissions that fail, which come as often as there is time for.
    ("session-job-lifecycle", &["job"], 139.9),
    // Then a change and a deletion come within milliseconds.
    ("session-job-without-cluster", &["job", "unlabelled"], 118.0),
    ("snapshot-undeletable", &["no-target", "exists"], f64::MAX),
];

/// The recordings of the real operator.
fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

/// Runs `sandbox record` with a scenario against a sandbox.
async fn record(sandbox: &Sandbox, scenario: &Path, into: &Path, namespace: &str) -> Result<Output> {
    let state = sandbox.kubeconfig().parent().context("a kubeconfig is in a folder")?;
    let output = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .arg("record")
        .arg(scenario.join("scenario.yaml"))
        .arg("--into")
        .arg(into)
        .arg("--state")
        .arg(state)
        .args(["--namespace", namespace])
        .args(["--time-factor", &TIME_FACTOR.to_string()])
        .args(["--label", "sandbox.terraform-provider-flink/flink=none"])
        .kill_on_drop(true)
        .output();
    output.await.context("run `sandbox record`")
}

async fn sandbox() -> Result<Sandbox> {
    Sandbox::start(Options::acceptance("acceptance")?).await
}

#[tokio::test]
async fn a_recording_of_the_stand_in_tells_the_recorded_story() -> Result<()> {
    let folder = recordings();
    let sandbox = sandbox().await?;
    if !sandbox.is_own() {
        return Ok(());
    }
    let place = tempfile::tempdir()?;
    let all = SCENARIOS.iter().map(|(scenario, names, until)| {
        let (sandbox, original, copy) = (&sandbox, folder.join(scenario), place.path().join(scenario));
        async move {
            let namespace = format!("{scenario}-{}", std::process::id());
            let output = record(sandbox, &original, &copy, &namespace).await?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{scenario}: {said}");
            let differences = compare(&Recording::read(&original)?, &Recording::read(&copy)?, names, *until)?;
            ensure!(differences.is_empty(), "{scenario}:\n{differences}\n{said}");
            // With a whole scenario, the program itself says so.
            let is_told = said.contains(&format!("{}: the same story", names[0]));
            ensure!(is_told || *until < f64::MAX, "{scenario}: {said}");
            let namespaces: Api<Namespace> = Api::all(sandbox.client().await?);
            ensure!(
                namespaces.get_opt(&namespace).await?.is_none(),
                "{scenario}: the namespace is still there"
            );
            Ok(())
        }
    });
    let results = futures::future::join_all(all).await;
    let failures: Vec<_> = results
        .into_iter()
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// What differs between the real operator's recording and ours.
fn compare(original: &Recording, copy: &Recording, names: &[&str], until: f64) -> Result<String> {
    let mut differences = String::new();
    let steps = original.scenario.steps.iter().zip(&copy.scenario.steps);
    for (theirs, ours) in steps.clone().filter(|(theirs, _)| theirs.t <= until) {
        if theirs.result != ours.result.clone().map(|result| in_namespace(result, original, copy)) {
            differences.push_str(&format!(
                "step {}: {:?}, not {:?}\n",
                theirs.t, ours.result, theirs.result
            ));
        }
    }
    // The moment in our recording that is the same as this one.
    let next = steps.clone().find(|(theirs, _)| theirs.t > until);
    let our_until = next.map_or(f64::MAX, |(_, ours)| ours.t - 0.01);
    for name in names {
        let expected = Story::recorded(original, name, until);
        ensure!(!expected.is_empty(), "nothing was recorded of {name}");
        if let Some(difference) = expected.differences(&Story::recorded(copy, name, our_until)) {
            differences.push_str(&format!("{name}, {difference}"));
        }
    }
    Ok(differences)
}

/// Refusals name the namespace.
fn in_namespace(
    mut result: acceptance_tests::recording::StepResult,
    original: &Recording,
    copy: &Recording,
) -> acceptance_tests::recording::StepResult {
    let [theirs, ours] = [original, copy].map(|recording| &recording.scenario.namespace);
    result.message = result.message.map(|message| message.replace(ours.as_str(), theirs));
    result
}

#[tokio::test]
async fn what_the_sandbox_cannot_do_is_refused_beforehand() -> Result<()> {
    let folder = recordings();
    let sandbox = sandbox().await?;
    if !sandbox.is_own() {
        return Ok(());
    }
    let place = tempfile::tempdir()?;
    let namespaces: Api<Namespace> = Api::all(sandbox.client().await?);
    let namespace = format!("refused-{}", std::process::id());
    for (scenario, words) in [
        ("session-native", "an operator to configure"),
        ("app-last-state", "the sandbox has none"),
    ] {
        let output = record(
            &sandbox,
            &folder.join(scenario),
            &place.path().join(scenario),
            &namespace,
        )
        .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && said.contains(words), "{scenario}: {said}");
        ensure!(
            !place.path().join(scenario).exists(),
            "{scenario}: something was written"
        );
        ensure!(
            namespaces.get_opt(&namespace).await?.is_none(),
            "{scenario}: a namespace was made"
        );
    }
    let output = record(
        &sandbox,
        &folder.join("app-create"),
        &folder.join("app-create"),
        &namespace,
    )
    .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && said.contains("is a recording already"),
        "{said}"
    );
    let output = record(
        &sandbox,
        &folder.join("app-create"),
        &place.path().join("new"),
        "default",
    )
    .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && said.contains("choose another with --namespace"),
        "{said}"
    );
    Ok(())
}
