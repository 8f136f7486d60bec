//! Makes recordings ([`crate::recording`]): does the steps of a scenario to a cluster, at their times, and writes down
//! everything that a client could see meanwhile.
//!
//! The cluster is the sandbox, with the operator's stand-in, or any other one with a real operator. Everything happens
//! in a namespace that is made for it, with the service account that the operator's Helm chart makes for jobs.
//! What a cluster cannot do is found out before anything is written ([`requirements`]).
//!
//! What is not here: what is kept of an object ([`crate::recording::reduction`]), and the comparison of two recordings
//! ([`crate::recording::story`]).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::recording::story::Story;
use crate::recording::{Recording, SCENARIO, Scenario};
use crate::sandbox::{self, say};

mod api;
mod journal;
mod names;
mod operator;
mod replacements;
mod requirements;
mod rest;
mod run;
mod stage;
mod watches;

use api::Api;
use operator::Operator;
pub use replacements::{Replacement, Replacements};
use requirements::Offer;
use run::Run;
use stage::Stage;

/// Where a recording is made.
#[derive(Clone, Debug)]
pub enum Cluster {
    /// A running sandbox.
    Sandbox(Box<sandbox::Record>),
    /// The cluster of this kubeconfig's current context. A real operator watches it.
    Other(PathBuf),
}

/// What is recorded, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The scenario's file.
    pub scenario: PathBuf,
    /// The folder that the recording is written into.
    pub folder: PathBuf,
    /// Where.
    pub cluster: Cluster,
    /// The namespace that is made, if not the scenario's own.
    pub namespace: Option<String>,
    /// Labels of that namespace.
    pub labels: Vec<(String, String)>,
    /// Seconds for each second of the scenario. Without it, as fast as the sandbox's stand-in is, and 1 elsewhere.
    pub time_factor: Option<f64>,
    /// Names of the cluster that are not to be in the recording.
    pub replacements: Replacements,
    /// Whether the operator may be configured, scaled and restarted, which everybody else on the cluster feels.
    pub may_change_operator: bool,
    /// Whether the namespace stays.
    pub keep: bool,
}

/// Makes a recording. Ctrl-C ends it early: what was seen until then is written, too.
///
/// # Errors
/// The cluster cannot be reached, or cannot do what the scenario needs; or the folder cannot be written.
pub async fn record(options: Options) -> Result<()> {
    let taken = options.folder.join(SCENARIO);
    ensure!(
        !taken.exists(),
        "{} is a recording already; choose another folder with --into",
        options.folder.display()
    );
    let mut scenario = Scenario::read(&options.scenario)?;
    let (kubeconfig, usual_factor) = match &options.cluster {
        Cluster::Sandbox(record) => (record.options.state.join("kubeconfig"), record.options.time_factor),
        Cluster::Other(kubeconfig) => (kubeconfig.clone(), 1.0),
    };
    let factor = options.time_factor.unwrap_or(usual_factor);
    ensure!(
        factor.is_finite() && factor > 0.0,
        "the time factor must be a number above 0, not {factor}"
    );
    if let Some(namespace) = &options.namespace {
        names::move_to(&mut scenario, namespace);
    }

    let api = Api::new(sandbox::client(&kubeconfig).await?);
    scenario.kubernetes_version = api.version().await?;
    say(format!(
        "records {} in the namespace {} of {} ({})",
        scenario.name,
        scenario.namespace,
        kubeconfig.display(),
        scenario.kubernetes_version
    ));
    let mut operator = match &options.cluster {
        Cluster::Sandbox(record) => Operator::stand_in(&scenario.namespace, &record.options.crds),
        Cluster::Other(_) => Operator::find(&api).await?,
    };
    let offer = Offer::of(&api, &operator, &scenario.namespace, options.may_change_operator).await?;
    requirements::check(&scenario, &offer)?;

    operator.version().clone_into(&mut scenario.operator_version);
    scenario.webhook = operator.has_webhook(&api).await?;
    let wanted = std::mem::take(&mut scenario.operator_config);
    let made = async {
        if options.may_change_operator {
            operator.configure(&api, &wanted).await?;
        }
        scenario.operator_config = operator.configuration(&api).await?;
        tell_differences(&operator, &wanted, &scenario.operator_config);
        let stage = Stage::make(&api, &scenario.namespace, &options.labels).await?;
        let run = Run::new(&api, &mut operator, options.replacements, factor);
        let recorded = run.perform(scenario).await;
        let written = recorded.and_then(|recording| {
            write(&recording, &options.folder)?;
            compare(&recording, &options.scenario);
            Ok(())
        });
        if options.keep {
            say(format!("keeps the namespace {}", stage.namespace()));
        } else {
            stage.remove(&api).await?;
        }
        written
    }
    .await;
    let restored = operator.restore(&api).await.context("put the operator back as it was");
    made.and(restored)
}

/// Says what the operator would have to be told to be as it was when the scenario was made.
fn tell_differences(operator: &Operator, wanted: &BTreeMap<String, String>, found: &BTreeMap<String, String>) {
    let other: Vec<_> = wanted
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(value))
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    // The stand-in has no configuration: it is as the operator was in the committed recordings.
    if other.is_empty() || operator.is_stand_in() {
        return;
    }
    say(format!(
        "the scenario was made with an operator of other timers or rules ({}); --may-change-operator sets them meanwhile",
        other.join(", ")
    ));
}

fn write(recording: &Recording, folder: &Path) -> Result<()> {
    recording.write(folder)?;
    say(format!(
        "{} changes and {} REST answers are in {}",
        recording.changes.len(),
        recording.answers.len(),
        folder.display()
    ));
    Ok(())
}

/// Says what agrees with the recording that the scenario is from, if it is from one.
fn compare(recording: &Recording, scenario: &Path) {
    let Some(Ok(original)) = scenario.parent().map(Recording::read) else {
        return;
    };
    for name in Story::names(&original) {
        let [theirs, ours] = [&original, recording].map(|recording| Story::recorded(recording, &name, f64::MAX));
        say(match theirs.differences(&ours) {
            None => format!("{name}: the same story as in the scenario's own recording"),
            Some(differences) => {
                format!(
                    "{name}: another story than in the scenario's own recording, which is at the left\n{differences}"
                )
            }
        });
    }
}
