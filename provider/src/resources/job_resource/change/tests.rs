//! What a plan says of every change in the recordings, against what the operator did then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flink_client::kubernetes::Live;
use serde_json::Value as Json;
use terraform_plugin::Private;
use terraform_schema::Block;

use super::*;
use crate::resources::job_resource::observed::Observed;
use crate::resources::job_resource::{JobModel, is_done, mapping, private};
use crate::resources::{flink_deployment, flink_session_job};

/// A change of a specification, and all that happened until the next one.
struct Case {
    at: String,
    before: Json,
    after: Json,
    /// The object in all its versions from then on.
    versions: Vec<Json>,
    /// Reason and message of the events about it.
    events: Vec<(String, String)>,
}

fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../acceptance-tests/recordings")
}

fn lines(scenario: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(scenario.join("events.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn cases() -> Vec<Case> {
    let mut scenarios: Vec<PathBuf> = std::fs::read_dir(recordings())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    scenarios.sort();
    let mut cases = Vec::new();
    for scenario in scenarios {
        let mut open: BTreeMap<(String, String), Case> = BTreeMap::new();
        let mut last: BTreeMap<(String, String), Json> = BTreeMap::new();
        for line in lines(&scenario) {
            let object = &line["object"];
            let text = |pointer: &str| {
                object
                    .pointer(pointer)
                    .and_then(Json::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let kind = text("/kind");
            if kind == "Event" {
                let about = ["/involvedObject", "/regarding"]
                    .map(|field| (text(&format!("{field}/kind")), text(&format!("{field}/name"))));
                for about in about {
                    if let Some(case) = open.get_mut(&about) {
                        case.events.push((text("/reason"), text("/message") + &text("/note")));
                    }
                }
            }
            if !["FlinkDeployment", "FlinkSessionJob"].contains(&kind.as_str()) {
                continue;
            }
            let key = (kind, text("/metadata/name"));
            if line["type"] == "DELETED" || object.pointer("/metadata/deletionTimestamp").is_some() {
                last.remove(&key);
                cases.extend(open.remove(&key));
                continue;
            }
            let before = last.insert(key.clone(), object.clone());
            match before {
                Some(before) if before["spec"] != object["spec"] => {
                    let at = format!("{} {} at {}", scenario.file_name().unwrap().display(), key.1, line["t"]);
                    let case = Case {
                        at,
                        before,
                        after: object.clone(),
                        versions: Vec::new(),
                        events: Vec::new(),
                    };
                    cases.extend(open.insert(key, case));
                }
                _ => {
                    if let Some(case) = open.get_mut(&key) {
                        case.versions.push(object.clone());
                    }
                }
            }
        }
        cases.extend(open.into_values());
    }
    cases
}

/// The planned `change` of a case.
fn planned(case: &Case) -> Option<String> {
    if case.before["kind"] == "FlinkDeployment" {
        planned_of::<flink_deployment::model::Deployment>(case, flink_deployment::plan::modify)
    } else {
        planned_of::<flink_session_job::model::SessionJob>(case, flink_session_job::plan::modify)
    }
}

fn planned_of<M: JobModel>(case: &Case, modify: mapping::Modify) -> Option<String> {
    let block = M::block();
    let [before, after]: [Live<M::Kind>; 2] =
        [&case.before, &case.after].map(|object| Live::from_json(object.clone()).unwrap());
    let is_ready = is_done(&before, &flink_client::operator::Baseline::default());
    let state = M::found(&before, is_ready).to_value();
    let config = configuration(&block, M::found(&after, true).to_value());
    let observed = serde_json::to_string(&Observed::in_object(&before)).unwrap();
    let mut plan = Plan::inputs(&block, &config, &state);
    mapping::modified(
        &mut plan,
        &Private::from([(private::OBSERVED.to_owned(), observed)]),
        modify,
    );
    plan.planned().at("change").text().map(str::to_owned)
}

/// What a user would have written.
fn configuration(block: &Block, found: Value) -> Value {
    let Value::Map(mut members) = found else { return found };
    for attribute in block.attributes.iter().filter(|attribute| !attribute.is_input()) {
        members.insert(attribute.name.clone(), Value::Null);
    }
    Value::Map(members)
}

fn generation(object: &Json) -> Option<i64> {
    object.pointer("/metadata/generation").and_then(Json::as_i64)
}

fn observed_generation(object: &Json) -> Option<i64> {
    object.pointer("/status/observedGeneration").and_then(Json::as_i64)
}

/// What the operator did: the class that it told, how the job was stopped then, and whether it went through an upgrade.
fn done(case: &Case) -> Option<(String, String, bool)> {
    let told = case.events.iter().find(|(reason, _)| reason == "SpecChanged")?;
    let class = told.1.split_whitespace().next().unwrap_or_default().to_owned();
    let upgraded = case
        .versions
        .iter()
        .any(|object| object.pointer("/status/reconciliationStatus/state") == Some(&Json::from("UPGRADING")));
    // A suspension by cancellation is never taken up (FLINK-40164): its last version tells.
    let taken_up = case
        .versions
        .iter()
        .find(|object| observed_generation(object) >= generation(&case.after))
        .or(case.versions.last())?;
    let reconciled = taken_up
        .pointer("/status/reconciliationStatus/lastReconciledSpec")?
        .as_str()?;
    let reconciled: Json = serde_json::from_str(reconciled).ok()?;
    let mode = reconciled.pointer("/spec/job/upgradeMode").and_then(Json::as_str);
    Some((class, mode.unwrap_or_default().to_owned(), upgraded))
}

#[test]
fn what_the_plan_says_is_what_the_operator_did() {
    let (mut compared, mut wrong) = (0, Vec::new());
    for case in cases() {
        let text = planned(&case).unwrap_or_default();
        let refused = |error: &Json| {
            error
                .as_str()
                .is_some_and(|error| error.contains("ValidationException"))
        };
        let is_refused = case.versions.iter().any(|object| refused(&object["status"]["error"]))
            || case
                .events
                .iter()
                .any(|(reason, _)| reason == "UnsupportedFlinkVersion" || reason == "ValidationError");
        let behind = |object: &Json| generation(object) > observed_generation(object);
        let is_away = case.versions.iter().all(behind) && done(&case).is_none();
        if text.is_empty() || is_refused || is_away || behind(&case.before) {
            // A replacement, what the operator did not take, or did not see, or what takes such a thing back.
            continue;
        }
        let is_right = match done(&case) {
            None => {
                // An event may be missing where nothing was deployed before.
                let was_deployed = case
                    .before
                    .pointer("/status/reconciliationStatus/lastReconciledSpec")
                    .is_some();
                !was_deployed || text.starts_with("nothing restarts") || text.starts_with("waits")
            }
            Some((class, mode, upgrading)) => fits(&text, &class, &mode, upgrading),
        };
        compared += 1;
        if !is_right {
            wrong.push(format!("{}: `{text}`, and the operator did {:?}", case.at, done(&case)));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(compared >= 25, "only {compared} changes were compared");
}

/// Whether a text says what the operator did.
fn fits(text: &str, class: &str, mode: &str, upgrading: bool) -> bool {
    let headline = text.split(';').next().unwrap_or_default();
    let is = |words: &str| headline.contains(words);
    let by_class = match class {
        "SAVEPOINT_REDEPLOY" => return is("redeploy from "),
        "SCALE" if is("scaled in place") => return !upgrading,
        "SCALE" | "UPGRADE" => ["restart", "suspend", "resume", "first start", "cluster recreated"]
            .iter()
            .any(|words| headline.starts_with(words)),
        _ => false,
    };
    let by_mode = match mode {
        // A session cluster has no mode.
        "" => is("cluster recreated"),
        "stateless" => is("empty state") || is("dropping") || is("never ran"),
        "savepoint" => is("savepoint") || is("last state") || is("ended with") || is("never ran"),
        "last-state" => is("last state") || is("ended with") || is("never ran"),
        _ => false,
    };
    by_class && by_mode
}
