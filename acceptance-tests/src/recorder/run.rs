//! The steps of a scenario, done at their times.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use super::api::{self, Api};
use super::journal::{Journal, facts};
use super::names;
use super::operator::Operator;
use super::replacements::Replacements;
use super::rest::Rest;
use super::watches::Watches;
use crate::recording::{Action, Recording, Scenario, Step, StepResult};

/// How long before a step JobManagers are asked, in seconds of the scenario.
const QUESTIONS_BEFORE: f64 = 1.0;
/// When nothing more is expected: this long after the last change, in seconds of the scenario.
const QUIET: f64 = 10.0;
/// When nothing more is waited for, although something is still being deleted.
const END: f64 = 90.0;

/// One run of a scenario.
pub struct Run<'a> {
    api: &'a Api,
    operator: &'a mut Operator,
    replacements: Replacements,
    /// Seconds for each second of the scenario.
    factor: f64,
}

impl<'a> Run<'a> {
    /// A run against this cluster, with so many seconds for each second of the scenario.
    pub fn new(api: &'a Api, operator: &'a mut Operator, replacements: Replacements, factor: f64) -> Self {
        Self {
            api,
            operator,
            replacements,
            factor,
        }
    }

    /// Does all steps and watches what comes of them. Ends early on Ctrl-C.
    pub async fn perform(mut self, mut scenario: Scenario) -> Result<Recording> {
        let mut watches = Watches::begin(self.api, &scenario.namespace).await?;
        let journal = Journal::begin(self.replacements.clone());
        let mut steps = std::mem::take(&mut scenario.steps);
        let done = tokio::select! {
            done = self.play(&mut steps, &journal, &scenario.namespace) => done.map(|()| true),
            broken = listen(&mut watches, &journal) => broken.map(|()| true),
            interrupted = tokio::signal::ctrl_c() => interrupted.context("listen for Ctrl-C").map(|()| false),
        };
        if !done? {
            journal.note("interrupted: the steps that are missing were not done".to_owned());
            steps.retain(|step| step.result.is_some());
        }
        let (changes, answers, notes) = journal.end();
        scenario.steps = steps;
        scenario.notes = notes;
        let version = answers.iter().find_map(|answer| answer.body["flink-version"].as_str());
        scenario.flink_version = version.map(str::to_owned);
        Ok(Recording {
            scenario,
            changes,
            answers,
        })
    }

    async fn play(&mut self, steps: &mut [Step], journal: &Journal, namespace: &str) -> Result<()> {
        let mut rest = Rest::new(self.api, journal, namespace);
        let count = steps.len();
        for (index, step) in steps.iter_mut().enumerate() {
            let note = step
                .note
                .as_deref()
                .map(|note| format!(" ({note})"))
                .unwrap_or_default();
            let what = format!("{} {} {}{note}", step.action.name(), step.kind, step.name);
            let expected = step.result.take();
            if self
                .until(journal, step.t - QUESTIONS_BEFORE, || {
                    format!("waits for step {} of {count}: {what}", index + 1)
                })
                .await
            {
                rest.ask_all().await?;
            }
            self.until(journal, step.t, String::new).await;
            step.t = journal.now();
            journal.say(format!("step {} of {count}: {what}", index + 1));
            let result = self
                .act(step, journal, namespace)
                .await
                .with_context(|| format!("{what}, step {} of the scenario", index + 1))?;
            let words = result
                .message
                .as_deref()
                .map(|words| format!(", {words}"))
                .unwrap_or_default();
            journal.say(format!("  the API server answers {}{words}", result.http));
            if let Some(expected) = expected.filter(|expected| expected.http != result.http) {
                journal.note(format!(
                    "{what}: the answer is {}, in the scenario it was {}",
                    result.http, expected.http
                ));
            }
            step.result = Some(result);
        }
        self.until_quiet(journal).await;
        rest.ask_all().await?;
        rest.ask_the_gone().await?;
        for object in journal.living() {
            let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
            let kind = object["kind"].as_str().unwrap_or_default();
            journal.note(format!("at the end, {kind} {}: {}", text("name"), facts(&object)));
        }
        Ok(())
    }

    /// Waits for a second of the scenario. Whether it was still to come.
    async fn until(&self, journal: &Journal, second: f64, why: impl FnOnce() -> String) -> bool {
        let moment = journal.begun() + Duration::from_secs_f64((second * self.factor).max(0.0));
        let left = moment.saturating_duration_since(Instant::now());
        if left >= Duration::from_secs(1) {
            let why = why();
            if !why.is_empty() {
                journal.say(format!("{why}, {} s", left.as_secs()));
            }
        }
        tokio::time::sleep(left).await;
        !left.is_zero()
    }

    /// Waits until nothing happens any more, counted from now.
    async fn until_quiet(&self, journal: &Journal) {
        journal.say("waits until nothing changes any more");
        let begun = Instant::now();
        let [quiet, end] = [QUIET, END].map(|seconds| Duration::from_secs_f64(seconds * self.factor));
        let is_deleting = |object: &Value| !object["metadata"]["deletionTimestamp"].is_null();
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let still = journal.quiet().min(begun.elapsed()) >= quiet;
            if begun.elapsed() >= end || (still && !journal.living().iter().any(is_deleting)) {
                return;
            }
        }
    }

    async fn act(&mut self, step: &mut Step, journal: &Journal, namespace: &str) -> Result<StepResult> {
        let manifest = step
            .manifest
            .as_ref()
            .map(|manifest| self.replacements.to_real(manifest));
        if let Some((_, name)) = step.name.split_once('/') {
            let name = name.to_owned();
            let reply = self
                .operator
                .act(self.api, step.action, &step.kind, &name, manifest.as_ref())
                .await?;
            return Ok(reply.result());
        }
        if step.kind == "Pod" && step.action == Action::Delete {
            let pods = self.api.list(&api::collection("Pod", namespace)?).await?;
            match names::pod_meant(&step.name, &pods) {
                Some(pod) => pod.to_owned().clone_into(&mut step.name),
                None => journal.note(format!("there is no pod like {}", step.name)),
            }
        }
        let place = (namespace, step.name.as_str());
        let reply = self.api.act(step.action, &step.kind, place, manifest.as_ref()).await?;
        Ok(reply.result())
    }
}

/// Writes down what the watches tell. Ends only when they cannot go on.
async fn listen(watches: &mut Watches, journal: &Journal) -> Result<()> {
    loop {
        let (change, object) = watches.next().await?;
        journal.hear(change, &object);
    }
}
