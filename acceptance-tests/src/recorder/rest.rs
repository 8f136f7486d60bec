//! What JobManagers are asked, through the API server's service proxy.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::api::Api;
use super::journal::Journal;
use crate::recording::Answer;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a cluster is asked before every step. The first answer says whether the others are worth asking for.
const CLUSTER: &[&str] = &["/overview", "/config", "/jobs/overview"];
/// What it is asked once, when it is there for the first time.
const CLUSTER_ONCE: &[&str] = &["/jobmanager/config", "/jobs", "/taskmanagers", "/jars"];
/// What is asked of each job before every step.
const JOB: &[&str] = &["", "/exceptions", "/checkpoints"];
/// What is asked of each job once.
const JOB_ONCE: &[&str] = &[
    "/status",
    "/config",
    "/checkpoints/config",
    "/execution-result",
    "/resource-requirements",
    "/accumulators",
];
/// What has no good answer.
const MISTAKES: &[(&str, &str)] = &[
    ("/jobs/00000000000000000000000000000001", "unknown job"),
    ("/jobs/nonsense", "malformed job id"),
    ("/no-such-path", "unknown path"),
];

/// Asks the JobManagers of a namespace.
pub struct Rest<'a> {
    api: &'a Api,
    journal: &'a Journal,
    namespace: String,
    /// Clusters that answered, and whether they are gone.
    known: BTreeSet<String>,
    /// Jobs and clusters of which everything has been asked.
    explored: BTreeSet<String>,
}

impl<'a> Rest<'a> {
    /// For the clusters of this namespace.
    pub fn new(api: &'a Api, journal: &'a Journal, namespace: &str) -> Self {
        Self {
            api,
            journal,
            namespace: namespace.to_owned(),
            known: BTreeSet::new(),
            explored: BTreeSet::new(),
        }
    }

    /// Asks every cluster whose JobManager is said to be ready.
    pub async fn ask_all(&mut self) -> Result<()> {
        let ready = self.journal.living().into_iter().filter(|object| {
            object["kind"] == "FlinkDeployment" && object["status"]["jobManagerDeploymentStatus"] == "READY"
        });
        for deployment in ready.collect::<Vec<_>>() {
            if let Some(cluster) = deployment["metadata"]["name"].as_str() {
                self.explore(cluster).await?;
            }
        }
        Ok(())
    }

    /// Asks every cluster that answered before and is gone now.
    pub async fn ask_the_gone(&mut self) -> Result<()> {
        let living = self.journal.living();
        let is_gone = |name: &&String| living.iter().all(|object| object["metadata"]["name"] != name.as_str());
        for cluster in self.known.iter().filter(is_gone).cloned().collect::<Vec<_>>() {
            self.ask(&cluster, "/overview", Some("after delete")).await?;
        }
        Ok(())
    }

    async fn explore(&mut self, cluster: &str) -> Result<()> {
        let (overview, rest) = CLUSTER.split_first().unwrap_or((&"/overview", &[]));
        if self.ask(cluster, overview, None).await?.is_none() {
            return Ok(());
        }
        self.known.insert(cluster.to_owned());
        let mut jobs = Vec::new();
        for path in rest {
            if let Some(body) = self.ask(cluster, path, None).await?
                && let Some(found) = body["jobs"].as_array()
            {
                jobs = found
                    .iter()
                    .filter_map(|job| job["jid"].as_str().map(str::to_owned))
                    .collect();
            }
        }
        let first = self.explored.insert(cluster.to_owned());
        if first {
            self.ask_each(cluster, "", CLUSTER_ONCE).await?;
        }
        for job in jobs {
            let prefix = format!("/jobs/{job}");
            self.ask_each(cluster, &prefix, JOB).await?;
            if self.explored.insert(job) {
                self.ask_each(cluster, &prefix, JOB_ONCE).await?;
            }
        }
        if first {
            for (path, note) in MISTAKES {
                self.ask(cluster, path, Some(note)).await?;
            }
        }
        Ok(())
    }

    async fn ask_each(&self, cluster: &str, prefix: &str, paths: &[&str]) -> Result<()> {
        for path in paths {
            self.ask(cluster, &format!("{prefix}{path}"), None).await?;
        }
        Ok(())
    }

    /// Asks, and writes the answer down. The body of a good one.
    async fn ask(&self, cluster: &str, path: &str, note: Option<&str>) -> Result<Option<Value>> {
        let whole = format!(
            "/api/v1/namespaces/{}/services/{cluster}-rest:8081/proxy{path}",
            self.namespace
        );
        let t = self.journal.now();
        let Ok(reply) = tokio::time::timeout(PATIENCE, self.api.get(&whole)).await else {
            let seconds = PATIENCE.as_secs();
            self.journal
                .note(format!("no answer of {cluster} to GET {path} within {seconds} s"));
            return Ok(None);
        };
        let reply = reply?;
        let good = reply.is_accepted().then(|| reply.body.clone());
        self.journal.answer(Answer {
            t,
            method: "GET".to_owned(),
            path: path.to_owned(),
            cluster: cluster.to_owned(),
            status: reply.status,
            note: note.map(str::to_owned),
            request: None,
            body: reply.body,
        });
        Ok(good)
    }
}
