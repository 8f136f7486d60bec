//! What is in the cluster of a lane, and whether it is what a run without faults leaves behind.

use anyhow::{Result, bail, ensure};
use k8s_openapi::api::core::v1::Event;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::lane::{Kind, Lane};
use super::proxy::Proxy;
use crate::stand_in::journal::{Entry, Happened, Origin};

/// The operator's kinds.
const KINDS: [&str; 3] = ["FlinkDeployment", "FlinkSessionJob", "FlinkStateSnapshot"];

/// What is in the cluster of a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The objects that somebody has asked for: kind, name, specification and how far they are.
    pub objects: Vec<Value>,
    /// Their uids, in the same order.
    pub uids: Vec<String>,
    /// The paths in the operator's own snapshots.
    pub snapshots: Vec<String>,
    /// What happened to each object that is or was there, by uid.
    pub journal: Vec<(String, Vec<Happened>)>,
    /// Savepoints that the lane's own JobManager has taken, and of how many the files are gone.
    pub over_rest: (usize, usize),
}

impl World {
    /// Looks at a lane.
    ///
    /// # Errors
    /// The API server does not answer.
    pub async fn of(lane: &Lane, client: &Client, proxy: &Proxy) -> Result<Self> {
        let (mut objects, mut uids, mut snapshots) = (Vec::new(), Vec::new(), Vec::new());
        for kind in KINDS {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("flink.apache.org", "v1beta1", kind));
            let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), &lane.namespace, &resource);
            for object in api.list(&ListParams::default()).await? {
                let path = object.data.pointer("/spec/savepoint/path").and_then(Value::as_str);
                if object.labels().get("snapshot.trigger-type").is_some_and(|by| by == "UPGRADE") {
                    snapshots.extend(path.map(str::to_owned));
                    continue;
                }
                let status = &object.data["status"];
                uids.push(object.uid().unwrap_or_default());
                objects.push(json!({
                    "kind": kind, "name": object.name_any(), "spec": object.data["spec"],
                    "lifecycle": status["lifecycleState"], "job": status["jobStatus"]["state"], "state": status["state"],
                }));
            }
        }
        Ok(Self {
            objects,
            uids,
            snapshots,
            journal: journal(lane, client).await?,
            over_rest: proxy.savepoints(&lane.namespace),
        })
    }

    /// What happened to an object.
    fn of_uid(&self, uid: &str) -> &[Happened] {
        let found = self.journal.iter().find(|(found, _)| found == uid);
        found.map(|(_, happened)| happened.as_slice()).unwrap_or_default()
    }

    /// Compares with what a run without faults leaves behind. `before` is the lane before the step; `announced` says whether
    /// a plan of this step told that objects are replaced.
    ///
    /// # Errors
    /// What differs.
    pub fn compare(&self, clean: &Self, before: Option<&Self>, announced: bool) -> Result<()> {
        if self.objects != clean.objects {
            bail!("there is {}\ninstead of {}", list(&self.objects), list(&clean.objects));
        }
        ensure!(
            self.over_rest == clean.over_rest || announced,
            "the JobManager has taken {} savepoints and deleted {}, instead of {} and {}",
            self.over_rest.0,
            self.over_rest.1,
            clean.over_rest.0,
            clean.over_rest.1
        );
        for (index, (uid, clean_uid)) in self.uids.iter().zip(&clean.uids).enumerate() {
            let is_new = before.is_none_or(|before| !before.uids.contains(uid));
            let name = format!("{} {}", self.objects[index]["kind"], self.objects[index]["name"]);
            let (mine, theirs) = (starts(self.of_uid(uid)), starts(clean.of_uid(clean_uid)));
            if mine.len() != theirs.len() && !(is_new && announced) {
                bail!(
                    "{name} was started {} times instead of {}: from {}",
                    mine.len(),
                    theirs.len(),
                    told(&mine)
                );
            }
            lost_nothing(self.of_uid(uid)).map_err(|error| error.context(name))?;
        }
        Ok(())
    }

    /// What a destroyed lane has left: no object, and of every job that kept state, a savepoint that somebody can find.
    /// `before` is the lane before the step, and `said` what the commands of the destroy have printed.
    ///
    /// # Errors
    /// What is left, or lost.
    pub fn is_empty_after(&self, kind: Kind, before: &Self, said: &str) -> Result<()> {
        ensure!(self.objects.is_empty(), "there still is {}", list(&self.objects));
        let jobs = before.uids.iter().zip(&before.objects);
        let jobs: Vec<&String> = jobs
            .filter(|(_, object)| !object["spec"]["job"].is_null())
            .map(|(uid, _)| uid)
            .collect();
        for (uid, happened) in &self.journal {
            lost_nothing(happened)?;
            let last = happened.iter().rev().find(|entry| **entry != Happened::Triggered);
            match last {
                Some(Happened::Stopped { savepoint }) => ensure!(
                    said.contains(savepoint.as_str()) || self.snapshots.contains(savepoint),
                    "the savepoint {savepoint} was neither told nor is it in the cluster; there is {}",
                    self.snapshots.join(", ")
                ),
                Some(Happened::Started { .. }) if kind.keeps_state() && jobs.contains(&uid) => {
                    bail!("the job of the object {uid} was deleted without a savepoint");
                }
                Some(Happened::Started { .. } | Happened::Triggered) | None => {}
            }
        }
        Ok(())
    }
}

/// Whether each start of a job after a savepoint was from that savepoint.
fn lost_nothing(happened: &[Happened]) -> Result<()> {
    let mut last = None;
    for entry in happened {
        match entry {
            Happened::Stopped { savepoint } => last = Some(savepoint),
            Happened::Started { from } => {
                if let Some(savepoint) = last {
                    let from_it = *from == Origin::Path(savepoint.clone());
                    ensure!(from_it, "the job was started from {from}, and not from its savepoint {savepoint}");
                }
            }
            Happened::Triggered => {}
        }
    }
    Ok(())
}

/// Where the job of an object was started from, each time; what was triggered beside it counts as a start of its own.
fn starts(happened: &[Happened]) -> Vec<&Happened> {
    let counted = |entry: &&Happened| !matches!(entry, Happened::Stopped { .. });
    happened.iter().filter(counted).collect()
}

fn told(starts: &[&Happened]) -> String {
    let origin = |entry: &&Happened| match entry {
        Happened::Started { from } => from.to_string(),
        Happened::Stopped { .. } | Happened::Triggered => "a trigger".to_owned(),
    };
    starts.iter().map(origin).collect::<Vec<_>>().join(", ")
}

fn list(objects: &[Value]) -> String {
    let line = |object: &Value| object.to_string();
    if objects.is_empty() {
        return "nothing".to_owned();
    }
    objects.iter().map(line).collect::<Vec<_>>().join("\n  ")
}

/// What the stand-in tells of the objects of a lane, in its order.
async fn journal(lane: &Lane, client: &Client) -> Result<Vec<(String, Vec<Happened>)>> {
    let events: Api<Event> = Api::namespaced(client.clone(), &lane.namespace);
    let mut entries: Vec<(Entry, String)> = Vec::new();
    for event in events.list(&ListParams::default()).await? {
        let (reason, message) = (event.reason.unwrap_or_default(), event.message.unwrap_or_default());
        if let Some(entry) = Entry::of(&reason, &message) {
            entries.push((entry, event.involved_object.uid.unwrap_or_default()));
        }
    }
    entries.sort();
    let mut journal: Vec<(String, Vec<Happened>)> = Vec::new();
    for (entry, uid) in entries {
        match journal.iter_mut().find(|(found, _)| *found == uid) {
            Some((_, happened)) => happened.push(entry.what),
            None => journal.push((uid, vec![entry.what])),
        }
    }
    Ok(journal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(from: Origin) -> Happened {
        Happened::Started { from }
    }

    fn stopped(savepoint: &str) -> Happened {
        Happened::Stopped {
            savepoint: savepoint.to_owned(),
        }
    }

    fn world(happened: Vec<Happened>, left: &[&str]) -> World {
        World {
            objects: Vec::new(),
            uids: Vec::new(),
            snapshots: left.iter().map(|path| (*path).to_owned()).collect(),
            journal: vec![("uid-1".to_owned(), happened)],
            over_rest: (0, 0),
        }
    }

    #[test]
    fn a_savepoint_that_nobody_can_find_is_lost() {
        let ended = || vec![started(Origin::Nothing), stopped("a"), started(Origin::Path("a".into())), stopped("b")];
        let before = World {
            objects: vec![json!({"spec": {"job": {}}})],
            uids: vec!["uid-1".to_owned()],
            ..world(vec![started(Origin::Nothing)], &[])
        };
        let after = |world: World, said| world.is_empty_after(Kind::Stateful, &before, said).is_ok();
        assert!(after(world(ended(), &["b"]), ""));
        assert!(after(world(ended(), &[]), "kept at b"));
        assert!(!after(world(ended(), &["a"]), "kept at a"));
        let deleted = vec![started(Origin::Nothing), stopped("a"), started(Origin::Path("a".into()))];
        assert!(!after(world(deleted, &["a"]), "a"), "its state since then is lost");
        let forgotten = vec![stopped("a"), started(Origin::Nothing), stopped("b")];
        assert!(!after(world(forgotten, &["b"]), "b"), "it was not started from its savepoint");
    }

    #[test]
    fn a_restart_that_no_plan_told_of_is_found() {
        let of = |starts: usize| World {
            objects: vec![json!({"kind": "FlinkDeployment", "name": "orders"})],
            uids: vec!["uid-1".to_owned()],
            ..world(vec![started(Origin::Nothing); starts], &[])
        };
        let before = of(1);
        assert!(of(1).compare(&of(1), Some(&before), false).is_ok());
        assert!(of(2).compare(&of(1), Some(&before), true).is_err(), "the same object");
        assert!(of(2).compare(&of(1), None, true).is_ok(), "a new one, as announced");
        assert!(of(2).compare(&of(1), None, false).is_err());
    }
}
