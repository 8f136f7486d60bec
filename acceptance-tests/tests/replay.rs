//! The stand-in against the recordings of the real operator: the steps of each scenario are done to
//! objects in virtual time, and what a client sees is compared with what was recorded.
//!
//! Compared are, for every `FlinkDeployment`, `FlinkSessionJob` and `FlinkStateSnapshot` of a recording from its first
//! version to its end:
//! - its story: states, errors and events in order (`recording::story` says what differs between two runs of the real
//!   operator and is no part of it), of a snapshot also its labels;
//! - of a deployment, the Deployments and ConfigMaps of its cluster: when each is made and removed, told by the lifecycle state;
//! - whether the API server takes a second object of the same name.
//!
//! What went wrong by chance while a recording was made (a volume that could not be mounted at once, a REST API that
//! was slow) is told to the rehearsal, which must then show the same. [`LEFT_OUT`] lists what cannot agree.

#![expect(clippy::unwrap_used, reason = "recordings that cannot be read fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use acceptance_tests::recording::story::{Story, side_by_side};
use acceptance_tests::recording::{Action, Answer, Change, ChangeType, Recording, Step};
use acceptance_tests::stand_in::parts::{self, Part};
use acceptance_tests::stand_in::rehearsal::{Rehearsal, Sight, snapshot_line};
use acceptance_tests::stand_in::session_job::Artifacts;
use acceptance_tests::stand_in::simulation::Mishap;
use serde_json::{Value, json};

/// One test for each recording, so that a failure names it.
macro_rules! replays {
    ($($test:ident: $scenario:literal,)*) => {
        const REPLAYED: &[&str] = &[$($scenario),*];
        $(
            #[test]
            fn $test() {
                replay($scenario);
            }
        )*
    };
}

replays! {
    app_bad_entry_class: "app-bad-entry-class",
    app_create: "app-create",
    app_image_pull_failure: "app-image-pull-failure",
    app_job_fails_at_runtime: "app-job-fails-at-runtime",
    app_last_state: "app-last-state",
    app_no_service_account: "app-no-service-account",
    app_rejected_create: "app-rejected-create",
    app_rejected_update: "app-rejected-update",
    app_savepoint_upgrade: "app-savepoint-upgrade",
    app_suspended_first: "app-suspended-first",
    app_unschedulable: "app-unschedulable",
    autoscaler_enabled: "autoscaler-enabled",
    batch_finished: "batch-finished",
    delete_savepoint_blocked: "delete-savepoint-blocked",
    delete_session_cluster_unmanaged_job: "delete-session-cluster-unmanaged-job",
    namespace_deleted: "namespace-deleted",
    operator_down: "operator-down",
    rollback: "rollback",
    session_job_lifecycle: "session-job-lifecycle",
    session_job_moved: "session-job-moved",
    session_job_without_cluster: "session-job-without-cluster",
    session_native: "session-native",
    snapshot: "snapshot",
    snapshot_legacy: "snapshot-legacy",
    snapshot_undeletable: "snapshot-undeletable",
    standalone_app: "standalone-app",
    standalone_session: "standalone-session",
}

/// What was recorded of an object between two seconds and is not compared, because the stand-in cannot agree, and why.
/// Everything else is compared. `recordings/README.md` shows this list to readers.
const LEFT_OUT: &[(&str, &str, f64, f64, &str)] = &[
    (
        "namespace-deleted",
        "app",
        58.90,
        58.95,
        "the operator worked on an old copy of the object, and tried to deploy it again while it was being deleted",
    ),
    (
        "session-job-moved",
        "app",
        300.52,
        300.54,
        "deleted in the moment in which it became ready: the operator told the change of the job twice",
    ),
];

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

#[test]
fn every_recording_is_replayed() {
    let mut folders: Vec<_> = fs::read_dir(recordings())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    assert_eq!(folders, REPLAYED);
}

#[test]
fn readers_are_told_of_every_recording_and_of_what_cannot_agree() {
    let readme = fs::read_to_string(recordings().join("README.md")).unwrap();
    for scenario in REPLAYED {
        assert!(
            readme.contains(&format!("| `{scenario}` |")),
            "{scenario} is not in the list"
        );
    }
    for (scenario, object, _, _, why) in LEFT_OUT {
        let row = format!("| `{scenario}` | `{object}` |");
        let told = readme.lines().any(|line| line.starts_with(&row) && line.contains(why));
        assert!(told, "{row} {why}");
    }
}

/// Plays a scenario and compares what it came to.
fn replay(scenario: &str) {
    let recording = Recording::read(&recordings().join(scenario)).unwrap();
    let mut rehearsal = play(&recording);
    let compared = compared(&recording, &rehearsal);
    // What is still there at the end of a recording is not followed any further, what was just going is.
    let (ended, open): (Vec<_>, _) = compared.into_iter().partition(|pair| {
        let last = about(&recording, pair.kind, &pair.recorded).last();
        last.is_some_and(|change| change.change == ChangeType::Deleted)
    });
    let mut differences = String::new();
    for pair in open {
        differences.push_str(&compare(&recording, &pair, &rehearsal));
    }
    rehearsal.pass(10.0);
    for pair in ended {
        differences.push_str(&compare(&recording, &pair, &rehearsal));
    }
    assert!(differences.is_empty(), "\n{differences}");
}

/// An object that was recorded, and the one that was rehearsed for it.
struct Pair {
    kind: &'static str,
    recorded: String,
    rehearsed: String,
}

const DEPLOYMENT: &str = "FlinkDeployment";
const SESSION_JOB: &str = "FlinkSessionJob";
const SNAPSHOT: &str = "FlinkStateSnapshot";

/// Everything that is compared. The operator's own snapshots have the time in their names: they are told apart by their
/// order.
fn compared(recording: &Recording, rehearsal: &Rehearsal) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for kind in [DEPLOYMENT, SESSION_JOB, SNAPSHOT] {
        let steps = &recording.scenario.steps;
        let made_by_us = |name: &String| steps.iter().any(|step| step.kind == kind && step.name == *name);
        let (ours, operators): (Vec<_>, Vec<_>) = names(recording, kind).into_iter().partition(made_by_us);
        pairs.extend(ours.into_iter().map(|name| Pair {
            kind,
            recorded: name.clone(),
            rehearsed: name,
        }));
        if kind != SNAPSHOT {
            assert!(operators.is_empty(), "{operators:?}");
            continue;
        }
        let made = rehearsal.snapshots();
        assert_eq!(
            operators.len(),
            made.len(),
            "snapshots of the operator: {operators:?}, {made:?}"
        );
        pairs.extend(operators.into_iter().zip(made).map(|(recorded, made)| Pair {
            kind,
            recorded,
            rehearsed: made.name.clone(),
        }));
    }
    pairs
}

/// The differences between what was recorded of an object and what was rehearsed, for people.
fn compare(recording: &Recording, pair: &Pair, rehearsal: &Rehearsal) -> String {
    let (scenario, name) = (&recording.scenario.name, &pair.recorded);
    let recorded = story(recording, pair.kind, name);
    assert!(!recorded.is_empty(), "{scenario}: nothing was recorded of {name}");
    let rehearsed = match pair.kind {
        DEPLOYMENT => Story::new(&rehearsal.sights(name), rehearsal.events(name)),
        SESSION_JOB => {
            let key = format!("{SESSION_JOB}/{name}");
            Story::new(&rehearsal.sights(&key), rehearsal.events(&key))
        }
        _ => Story::of_lines(
            rehearsal.snapshot_sights(&pair.rehearsed),
            at_home(rehearsal.events(&format!("{SNAPSHOT}/{}", pair.rehearsed)), "rehearsal"),
        ),
    };
    let mut differences = String::new();
    if let Some(rows) = recorded.differences(&rehearsed) {
        differences.push_str(&format!("{scenario}/{name}, {rows}\n"));
    }
    if pair.kind != DEPLOYMENT {
        return differences;
    }
    let (recorded, rehearsed) = (objects(recording, name), lives(&rehearsal.changes(name)));
    if recorded != rehearsed {
        let rows = side_by_side(&recorded, &rehearsed);
        differences.push_str(&format!("{scenario}/{name}, objects\n{rows}\n"));
    }
    differences
}

/// Events whose messages do not name the namespace.
fn at_home(events: Vec<(String, String)>, namespace: &str) -> Vec<(String, String)> {
    let namespace = format!("{namespace}/");
    events
        .into_iter()
        .map(|(reason, message)| (reason, message.replace(&namespace, "")))
        .collect()
}

/// The names of the objects of a kind in a recording, in the order in which they were made.
fn names(recording: &Recording, kind: &str) -> Vec<String> {
    let of_kind = recording.changes.iter().filter(|change| change.object["kind"] == kind);
    let mut names = Vec::new();
    for change in of_kind {
        let name = name(&change.object);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The changes of one object.
fn about<'a>(recording: &'a Recording, kind: &'a str, name: &'a str) -> impl Iterator<Item = &'a Change> {
    let changes = recording.changes.iter();
    changes.filter(move |change| change.object["kind"] == kind && change.object["metadata"]["name"] == name)
}

/// What was recorded of one object and is compared.
fn story(recording: &Recording, kind: &str, name: &str) -> Story {
    let is_compared = |change: &&Change| {
        !LEFT_OUT.iter().any(|(scenario, object, from, to, _)| {
            *scenario == recording.scenario.name && *object == name && (*from..=*to).contains(&change.t)
        })
    };
    let changes: Vec<_> = about(recording, kind, name).filter(is_compared).collect();
    let events = recording
        .changes
        .iter()
        .filter(is_compared)
        .map(|change| &change.object);
    let events = events.filter(|object| {
        let target = &object["involvedObject"];
        object["kind"] == "Event" && target["kind"] == kind && target["name"] == name
    });
    let events: Vec<_> = events
        .map(|event| (text(&event["reason"]), text(&event["message"])))
        .collect();
    if kind == SNAPSHOT {
        let lines = changes.iter().map(|change| match change.change {
            ChangeType::Deleted => "gone".to_owned(),
            ChangeType::Added | ChangeType::Modified => snapshot_line(&change.object),
        });
        return Story::of_lines(lines.collect(), at_home(events, &recording.scenario.namespace));
    }
    let sights: Vec<_> = changes
        .iter()
        .map(|change| match change.change {
            ChangeType::Deleted => Sight::gone(),
            ChangeType::Added | ChangeType::Modified => Sight::of(&change.object),
        })
        .collect();
    Story::new(&sights, events)
}

/// The recorded lives of the objects of one deployment's cluster.
fn objects(recording: &Recording, deployment: &str) -> Vec<String> {
    let mut changes = Vec::new();
    let mut state = String::new();
    for change in &recording.changes {
        let object = &change.object;
        if object["kind"] == DEPLOYMENT && name(object) == deployment {
            state = text(&object["status"]["lifecycleState"]);
        }
        let part = match object["kind"].as_str() {
            Some("ConfigMap") => Part::of_config_map(&name(object), deployment),
            Some("Deployment") => [Part::JobManager, Part::TaskManagers]
                .into_iter()
                .find(|part| part.name(deployment) == name(object)),
            _ => None,
        };
        let change = match (part, change.change) {
            (Some(part), ChangeType::Added) => parts::Change::Made(part),
            (Some(part), ChangeType::Deleted) => parts::Change::Removed(part),
            _ => continue,
        };
        changes.push((state.clone(), change));
    }
    lives(&changes)
}

/// When each object of a cluster was made and removed, told by the deployment's lifecycle state. Without its job's id.
fn lives(changes: &[(String, parts::Change)]) -> Vec<String> {
    let mut lives = BTreeMap::<String, String>::new();
    for (state, change) in changes {
        let (parts::Change::Made(part) | parts::Change::Removed(part)) = change;
        let part = if matches!(part, Part::JobMetadata(_)) {
            Part::JobMetadata("job".to_owned())
        } else {
            part.clone()
        };
        let kind = if part.is_deployment() {
            "Deployment"
        } else {
            "ConfigMap"
        };
        let what = if matches!(change, parts::Change::Made(_)) {
            "made"
        } else {
            "removed"
        };
        let life = lives.entry(format!("{kind} {}", part.name("it"))).or_default();
        life.push_str(&format!(" {what} {state}"));
    }
    lives.into_iter().map(|(part, life)| format!("{part}:{life}")).collect()
}

/// What happened from outside.
enum Happening<'a> {
    Step(&'a Step),
    Request(&'a Answer),
}

/// Does the steps of a scenario, and lets time pass in between.
fn play(recording: &Recording) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    for name in names(recording, DEPLOYMENT) {
        for (start, mishap) in mishaps(recording, &name) {
            rehearsal.expect_mishap(&name, start, mishap);
        }
    }
    rehearsal.configure_operator(Artifacts::of(&recording.scenario.operator_config));
    let steps = recording.scenario.steps.iter();
    let answers = recording.answers.iter();
    let mut happened: Vec<_> = steps
        .map(|step| (step.t, Happening::Step(step)))
        .chain(answers.map(|answer| (answer.t, Happening::Request(answer))))
        .collect();
    happened.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    for (time, happening) in happened {
        rehearsal.pass((time - rehearsal.seconds()).max(0.0));
        match happening {
            Happening::Step(step) => perform(&mut rehearsal, step),
            Happening::Request(answer) => request(&mut rehearsal, answer),
        }
    }
    rehearsal.pass((recording.end() - rehearsal.seconds()).max(0.0));
    rehearsal
}

fn perform(rehearsal: &mut Rehearsal, step: &Step) {
    let name = step.name.as_str();
    let result = step.result.as_ref().unwrap();
    let spec = step.manifest.as_ref().and_then(|manifest| manifest.get("spec"));
    let spec = spec.cloned().unwrap_or_else(|| json!({}));
    match (step.kind.as_str(), step.action) {
        (DEPLOYMENT, Action::Create | Action::Apply) if matches!(result.http, 201 | 409) => {
            assert_eq!(rehearsal.create(name, spec), result.http == 201, "{name} at {}", step.t);
        }
        _ if !result.is_accepted() => {}
        (DEPLOYMENT, Action::Apply | Action::Patch) => rehearsal.patch(name, &spec),
        (DEPLOYMENT, Action::Delete) => rehearsal.delete(name),
        (SESSION_JOB, Action::Create | Action::Apply) if result.http == 201 => {
            assert!(rehearsal.create_session_job(name, spec), "{name} at {}", step.t);
        }
        (SESSION_JOB, Action::Apply | Action::Patch) => rehearsal.patch_session_job(name, &spec),
        (SESSION_JOB, Action::Delete) => rehearsal.delete_session_job(name),
        (SNAPSHOT, Action::Create | Action::Apply) if result.http == 201 => rehearsal.create_snapshot(name, spec),
        (SNAPSHOT, Action::Patch) if spec == json!({}) => rehearsal.release_snapshot(name),
        (SNAPSHOT, Action::Apply | Action::Patch) => rehearsal.patch_snapshot(name, &spec),
        (SNAPSHOT, Action::Delete) => rehearsal.delete_snapshot(name),
        ("ConfigMap", Action::Patch) if name.ends_with("/flink-operator-config") => {
            let configuration = step.manifest.clone().unwrap_or_default();
            let configuration: BTreeMap<_, _> = serde_json::from_value(configuration).unwrap();
            rehearsal.configure_operator(Artifacts::of(&configuration));
        }
        ("Namespace", Action::Delete) => rehearsal.delete_namespace(),
        ("Pod", Action::Delete) if name.contains("-taskmanager-") => {
            rehearsal.kill_task_manager(name.split("-taskmanager-").next().unwrap_or_default());
        }
        ("Pod", Action::Delete) if !name.contains('/') => {
            rehearsal.kill_job_manager(name.split('-').next().unwrap_or_default());
        }
        ("Deployment", Action::Patch) if name.ends_with("/flink-kubernetes-operator") => {
            rehearsal.operator_down(spec["replicas"] == 0);
        }
        _ => {}
    }
}

/// Jobs that were run and cancelled over REST.
fn request(rehearsal: &mut Rehearsal, answer: &Answer) {
    let job = answer
        .path
        .trim_start_matches("/jobs/")
        .split('?')
        .next()
        .unwrap_or_default();
    match answer.method.as_str() {
        _ if answer.status >= 300 => {}
        "POST" if answer.path.ends_with("/run") => {
            rehearsal.run_job(&answer.cluster, answer.body["jobid"].as_str().unwrap());
        }
        "PATCH" => rehearsal.cancel_job(&answer.cluster, job),
        _ => {}
    }
}

/// What went wrong by chance, by the number of the start.
fn mishaps(recording: &Recording, deployment: &str) -> BTreeMap<usize, Mishap> {
    let mut mishaps = BTreeMap::<usize, Mishap>::new();
    let (mut starts, mut missing) = (0_usize, true);
    for change in about(recording, DEPLOYMENT, deployment) {
        let status = &change.object["status"];
        let job_manager = &status["jobManagerDeploymentStatus"];
        if missing && job_manager == "DEPLOYING" {
            starts += 1;
        }
        missing = job_manager == "MISSING" || status.is_null();
        let Some(start) = starts.checked_sub(1) else { continue };
        let error = status["error"].as_str().unwrap_or_default();
        if error.contains("FailedMount") {
            mishaps.entry(start).or_default().mount = true;
        }
        let is_session = change.object["spec"]["job"].is_null();
        if is_session && job_manager == "READY" && status["lifecycleState"] == "DEPLOYED" {
            mishaps.entry(start).or_default().slow = true;
        }
    }
    mishaps
}

fn name(object: &Value) -> String {
    text(&object["metadata"]["name"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
