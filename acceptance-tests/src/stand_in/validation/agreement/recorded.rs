//! The operator's own words: everything that it refused in the recordings is refused here in the same words, and warned of by
//! a plan; what it took is taken here, and no plan refuses it.

use std::path::Path;

use super::super::super::session_job::{Artifacts, Host, SessionJobSpec, SessionJobStatus};
use super::super::super::snapshot::{SnapshotSpec, SnapshotState};
use super::super::super::spec::Reconciled;
use super::*;
use crate::recording::{ChangeType, Recording};

/// The versions of the objects of a recording, by kind and name.
#[derive(Default)]
struct Seen {
    versions: BTreeMap<(String, String), Vec<Json>>,
    gone: Vec<(String, String)>,
}

impl Seen {
    fn of(&self, kind: &str, name: &str) -> impl Iterator<Item = &Json> {
        let key = (kind.to_owned(), name.to_owned());
        self.versions.get(&key).into_iter().flatten()
    }

    fn last(&self, kind: &str, name: &str) -> Option<&Json> {
        let key = (kind.to_owned(), name.to_owned());
        self.versions.get(&key)?.last().filter(|_| !self.gone.contains(&key))
    }
}

fn text<'a>(object: &'a Json, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// What is said here about an object as it was seen: each of the texts that the operator's settings allow.
fn refusals(object: &Json, seen: &Seen) -> Vec<String> {
    let name = text(object, "/metadata/name");
    let last = text(object, "/status/reconciliationStatus/lastReconciledSpec");
    match text(object, "/kind") {
        "FlinkDeployment" => {
            let spec = Spec::of(&object["spec"]).unwrap();
            let deployed = Reconciled::<Spec>::decode(last).map(|reconciled| reconciled.spec);
            let refused = || refusal(Release::V1_15, name, &spec, deployed.as_ref());
            unsupported_version(&spec).or_else(refused).into_iter().collect()
        }
        "FlinkSessionJob" => {
            let spec = SessionJobSpec::of(&object["spec"]).unwrap();
            let status: Option<SessionJobStatus> = serde_json::from_value(object["status"].clone()).ok();
            let submitted = status
                .and_then(|status| status.reconciled())
                .map(|reconciled| reconciled.spec);
            let Some(cluster) = seen.last("FlinkDeployment", &spec.deployment_name) else {
                return vec!["Flink version null is not supported by this operator version".to_owned()];
            };
            let cluster = Spec::of(&cluster["spec"]).unwrap();
            let both = Artifacts {
                schemes: vec!["https".to_owned(), "http".to_owned()],
                ..Artifacts::strict()
            };
            let misread = Artifacts {
                schemes: vec!["https,http".to_owned()],
                ..Artifacts::strict()
            };
            let settings = [Artifacts::strict(), both, misread, Artifacts::open()];
            let hosts = [Host::Public, Host::Restricted, Host::Unknown];
            let all = settings
                .iter()
                .flat_map(|artifacts| hosts.map(|host| (artifacts, host)));
            all.filter_map(|(artifacts, host)| {
                refusal_of_session_job(
                    Release::V1_15,
                    &spec,
                    submitted.as_ref(),
                    Some(&cluster),
                    artifacts,
                    host,
                )
            })
            .collect()
        }
        "FlinkStateSnapshot" => {
            let spec = SnapshotSpec::of(&object["spec"]).unwrap();
            let reference = spec.job_reference.clone().unwrap_or_default();
            let found = seen.last(&reference.kind, &reference.name).is_some();
            let namespace = text(object, "/metadata/namespace");
            refusal_of_snapshot(namespace, &spec, SnapshotState::TriggerPending, found)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// What a plan says of the configuration of an object that was refused or taken.
fn said_of(object: &Json) -> Option<Diagnostics> {
    match text(object, "/kind") {
        "FlinkDeployment" => Some(of_deployment(text(object, "/metadata/name"), &object["spec"])),
        "FlinkSessionJob" => Some(of_session_job(&object["spec"])),
        _ => None,
    }
}

/// What a configuration alone does not show: it takes the object before, or the cluster.
const NEEDS_MORE: [&str; 5] = [
    "Cannot switch from",
    "The deploymentName can't be changed",
    "Can not submit session job to application cluster",
    "Flink version null is not supported by this operator version",
    "cannot be resolved",
];

#[test]
fn the_operators_own_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut words = std::collections::BTreeSet::new();
    let mut taken = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let recording = Recording::read(&path).unwrap();
        let mut seen = Seen::default();
        for change in &recording.changes {
            let object = &change.object;
            let key = (
                text(object, "/kind").to_owned(),
                text(object, "/metadata/name").to_owned(),
            );
            let what = format!("{} {} {}", path.display(), change.t, key.1);
            match key.0.as_str() {
                "FlinkDeployment" | "FlinkSessionJob" | "FlinkStateSnapshot" => {
                    if change.change == ChangeType::Deleted {
                        seen.gone.push(key);
                        continue;
                    }
                    seen.gone.retain(|gone| *gone != key);
                    if was_taken(object) {
                        taken += 1;
                        let refused = refusals(object, &seen);
                        // Where a jar may come from is the operator's own setting.
                        let kept = refused.iter().filter(|text| !text.starts_with("jarURI"));
                        assert_eq!(kept.count(), 0, "{what}: {refused:?}");
                        if let Some(said) = said_of(object) {
                            assert!(!said.has_errors(), "{what}: {:?}", lines(&said));
                        }
                    }
                    seen.versions.entry(key).or_default().push(object.clone());
                }
                "Event" => {
                    let reason = text(object, "/reason");
                    if !matches!(reason, "ValidationError" | "UnsupportedFlinkVersion") {
                        continue;
                    }
                    let (kind, name) = (
                        text(object, "/involvedObject/kind"),
                        text(object, "/involvedObject/name"),
                    );
                    let message = text(object, "/message");
                    let refused = seen.of(kind, name).filter(|version| {
                        let texts = refusals(version, &seen);
                        texts.iter().any(|text| text == message)
                    });
                    let refused: Vec<&Json> = refused.collect();
                    assert!(
                        !refused.is_empty(),
                        "{what}: nobody here says of {kind} {name}: {message}"
                    );
                    let shows = !NEEDS_MORE.iter().any(|more| message.contains(more));
                    if let (true, Some(said)) = (shows, said_of(refused[0])) {
                        assert!(!said.is_empty(), "{what}: a plan says nothing before: {message}");
                    }
                    words.insert(message.split([':', '\'']).next().unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
    }
    assert!(taken > 100, "{taken} versions of objects were taken");
    assert!(words.len() >= 12, "{words:#?}");
}

/// Whether the operator has brought an object's specification about, or works at it.
fn was_taken(object: &Json) -> bool {
    let status = &object["status"];
    let observed = status["observedGeneration"].as_i64();
    let reconciled = status["reconciliationStatus"]["lastReconciledSpec"].is_string();
    observed.is_some()
        && observed == object["metadata"]["generation"].as_i64()
        && reconciled
        && status["error"].is_null()
        && object["metadata"]["deletionTimestamp"].is_null()
}
