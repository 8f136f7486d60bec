//! What is in the cluster of a lane, and whether it is what a run without faults leaves behind.

use anyhow::{Result, bail, ensure};
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

use super::lane::{Kind, Lane};
use super::proxy::Proxy;
use crate::objects::objects as objects_of;
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
            for object in objects_of(client, &lane.namespace, kind)
                .list(&ListParams::default())
                .await?
            {
                let path = object.data.pointer("/spec/savepoint/path").and_then(Value::as_str);
                if object
                    .labels()
                    .get("snapshot.trigger-type")
                    .is_some_and(|by| by == "UPGRADE")
                {
                    snapshots.extend(path.map(str::to_owned));
                    continue;
                }
                let status = &object.data["status"];
                uids.push(object.uid().unwrap_or_default());
                objects.push(json!({
                    "kind": kind, "name": object.name_any(), "spec": with_defaults(&object.data["spec"]),
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

    /// Compares with what a run without faults leaves behind. `former` is this lane and that run before the step;
    /// `announced` says whether a plan told, after the fault, that objects are replaced.
    ///
    /// # Errors
    /// What differs.
    pub fn compare(&self, clean: &Self, former: Option<(&Self, &Self)>, announced: bool) -> Result<()> {
        self.has(&clean.objects)?;
        for (index, (uid, clean_uid)) in self.uids.iter().zip(&clean.uids).enumerate() {
            let name = format!("{} {}", self.objects[index]["kind"], self.objects[index]["name"]);
            let before = former.map(|(before, _)| before.starts(uid)).unwrap_or_default();
            let clean_before = former.map(|(_, before)| before.starts(clean_uid)).unwrap_or_default();
            let is_new = before.is_empty();
            let (mine, theirs) = (self.starts(uid), clean.starts(clean_uid));
            let (more, expected) = (mine.len() - before.len(), theirs.len() - clean_before.len());
            if more != expected && !(is_new && announced) {
                bail!(
                    "{name} was started {more} times instead of {expected}, from {}",
                    told(&mine)
                );
            }
            lost_nothing(self.of_uid(uid)).map_err(|error| error.context(name))?;
        }
        Ok(())
    }

    /// Whether the lane's own JobManager keeps as many savepoints more as in a run without faults. `said` is what the commands
    /// have printed: what is left behind must be told.
    ///
    /// # Errors
    /// How many there are.
    pub fn keeps_no_more(&self, clean: &Self, former: Option<(&Self, &Self)>, said: &str) -> Result<()> {
        let kept = |world: &Self| world.over_rest.0 - world.over_rest.1;
        let (before, clean_before) = former.map_or((0, 0), |(before, clean)| (kept(before), kept(clean)));
        let (more, expected) = (kept(self) + clean_before, kept(clean) + before);
        let told = ["Files of the savepoint are kept", "Another savepoint was taken"]
            .iter()
            .any(|summary| said.contains(summary));
        ensure!(
            more == expected || (more > expected && told),
            "the JobManager has taken {} savepoints and deleted {}; without faults {} and {}",
            self.over_rest.0,
            self.over_rest.1,
            clean.over_rest.0,
            clean.over_rest.1
        );
        Ok(())
    }

    /// Whether exactly objects of these names are there.
    ///
    /// # Errors
    /// What is there instead.
    pub fn has_names_of(&self, wanted: &[Value]) -> Result<()> {
        let names = |objects: &[Value]| -> Vec<Value> {
            objects
                .iter()
                .map(|object| json!([object["kind"], object["name"]]))
                .collect()
        };
        let (there, wanted) = (names(&self.objects), names(wanted));
        ensure!(
            there == wanted,
            "there is {} instead of {}",
            list(&there),
            list(&wanted)
        );
        Ok(())
    }

    /// Whether exactly these objects are there.
    ///
    /// # Errors
    /// What is there instead.
    pub fn has(&self, wanted: &[Value]) -> Result<()> {
        ensure!(
            self.objects == wanted,
            "there is {}\ninstead of {}",
            list(&self.objects),
            list(wanted)
        );
        Ok(())
    }

    /// Where the job of an object was started from, each time; what was triggered beside it counts as a start of its own.
    fn starts(&self, uid: &str) -> Vec<&Happened> {
        let counted = |entry: &&Happened| !matches!(entry, Happened::Stopped { .. });
        self.of_uid(uid).iter().filter(counted).collect()
    }

    /// What a destroyed lane has left: no object, and of every job that kept state, a savepoint that somebody can find.
    /// `before` is the lane before the step, and `said` what the commands of the destroy have printed.
    ///
    /// # Errors
    /// What is left, or lost.
    pub fn is_empty_after(&self, kind: Kind, before: &Self, said: &str) -> Result<()> {
        self.has(&[])?;
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
                    "the savepoint {savepoint} was neither told nor is it in the cluster; there is {}; told was: {}",
                    self.snapshots.join(", "),
                    warnings(said)
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

/// What the commands of a step have warned of, in a few words each.
fn warnings(said: &str) -> String {
    let found = said.lines().filter(|line| line.contains("savepoint-"));
    found
        .map(|line| line.chars().take(600).collect::<String>())
        .collect::<Vec<_>>()
        .join("\n")
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
                    ensure!(
                        from_it,
                        "the job was started from {from}, and not from its savepoint {savepoint}"
                    );
                }
            }
            Happened::Triggered => {}
        }
    }
    Ok(())
}

/// A specification in which stands what the operator assumes: whether it was ever written is not asked here.
fn with_defaults(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(Value::Object(job)) = spec.get_mut("job") {
        for (field, assumed) in [("state", "running"), ("upgradeMode", "stateless")] {
            job.entry(field).or_insert_with(|| assumed.into());
        }
    }
    spec
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
        let ended = || {
            vec![
                started(Origin::Nothing),
                stopped("a"),
                started(Origin::Path("a".into())),
                stopped("b"),
            ]
        };
        let before = World {
            objects: vec![json!({"spec": {"job": {}}})],
            uids: vec!["uid-1".to_owned()],
            ..world(vec![started(Origin::Nothing)], &[])
        };
        let after = |world: World, said| world.is_empty_after(Kind::Stateful, &before, said).is_ok();
        assert!(after(world(ended(), &["b"]), ""));
        assert!(after(world(ended(), &[]), "kept at b"));
        assert!(!after(world(ended(), &["a"]), "kept at a"));
        let deleted = vec![
            started(Origin::Nothing),
            stopped("a"),
            started(Origin::Path("a".into())),
        ];
        assert!(!after(world(deleted, &["a"]), "a"), "its state since then is lost");
        let forgotten = vec![stopped("a"), started(Origin::Nothing), stopped("b")];
        assert!(
            !after(world(forgotten, &["b"]), "b"),
            "it was not started from its savepoint"
        );
    }

    #[test]
    fn a_restart_that_no_plan_told_of_is_found() {
        let of = |starts: usize| World {
            objects: vec![json!({"kind": "FlinkDeployment", "name": "orders"})],
            uids: vec!["uid-1".to_owned()],
            ..world(vec![started(Origin::Nothing); starts], &[])
        };
        let (before, none) = (of(1), of(0));
        let compare = |now: usize, former, announced| of(now).compare(&of(1), former, announced).is_ok();
        assert!(compare(1, Some((&before, &before)), false));
        assert!(!compare(2, Some((&before, &before)), true), "the same object");
        assert!(compare(2, Some((&none, &none)), true), "a new one, as announced");
        assert!(!compare(2, None, false));
        assert!(of(3).compare(&of(2), Some((&before, &before)), false).is_err());
        // One that was replaced earlier has been started less often.
        assert!(of(2).compare(&of(3), Some((&before, &of(2))), false).is_ok());
    }
}
