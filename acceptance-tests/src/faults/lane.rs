//! The configurations that faults are tried on, and the steps that each of them goes through.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result};
use serde_json::{Value, json};

use crate::configurations::{APPLICATION, SESSION, STATEFUL, with};

/// A configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An application cluster that is upgraded by savepoints.
    Stateful,
    /// An application cluster that keeps nothing.
    Stateless,
    /// An application cluster with high availability that is upgraded by its last state.
    LastState,
    /// A session cluster and a job on it that is upgraded by savepoints.
    SessionJob,
    /// A savepoint of a running job, taken by the operator.
    Savepoint,
    /// The same, and a new one is taken before the old one is destroyed.
    SavepointFirst,
    /// A checkpoint of a running job, taken by the operator.
    Checkpoint,
    /// A savepoint that the JobManager takes, reached through the API server, because the operator has no snapshots.
    OverProxy,
    /// A savepoint that a JobManager at a URL takes.
    AtUrl,
    /// An application cluster that exists already.
    Import,
}

/// What is being done to a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It is created, or imported.
    Create,
    /// It is changed: jobs are upgraded, snapshots taken again.
    Update,
    /// The job is suspended; of a savepoint, it is said that its files go with it.
    Suspend,
    /// The job goes on; snapshots are taken again.
    Resume,
    /// It is destroyed.
    Destroy,
}

impl Kind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Stateful,
        Self::Stateless,
        Self::LastState,
        Self::SessionJob,
        Self::Savepoint,
        Self::SavepointFirst,
        Self::Checkpoint,
        Self::OverProxy,
        Self::AtUrl,
        Self::Import,
    ];

    /// Those that a real Flink is tried with.
    pub const REAL: &[Self] = &[Self::Stateful, Self::Savepoint];

    fn name(self) -> &'static str {
        match self {
            Self::Stateful => "stateful",
            Self::Stateless => "stateless",
            Self::LastState => "last-state",
            Self::SessionJob => "session-job",
            Self::Savepoint => "savepoint",
            Self::SavepointFirst => "savepoint-first",
            Self::Checkpoint => "checkpoint",
            Self::OverProxy => "over-proxy",
            Self::AtUrl => "at-url",
            Self::Import => "import",
        }
    }

    /// Whether its job would lose something if it were started from nothing.
    pub fn keeps_state(self) -> bool {
        !matches!(self, Self::Stateless | Self::AtUrl | Self::Import)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|kind| kind.name() == text);
        found.copied().with_context(|| format!("there is no kind `{text}`"))
    }
}

impl Step {
    /// All of them, in their order.
    pub const ALL: &[Self] = &[Self::Create, Self::Update, Self::Suspend, Self::Resume, Self::Destroy];

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Destroy => "destroy",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Step {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|step| step.name() == text);
        found.copied().with_context(|| format!("there is no step `{text}`"))
    }
}

/// One configuration in a namespace of its own.
#[derive(Clone, Debug)]
pub struct Lane {
    /// What it is.
    pub kind: Kind,
    /// The name of its resources in the configuration: `lane3`.
    pub label: String,
    /// Its namespace.
    pub namespace: String,
    /// Where the proxy is.
    pub proxy: String,
}

impl Lane {
    /// Whether an address is one of this lane's resources.
    pub fn has(&self, address: &str) -> bool {
        address.split_once('.').is_some_and(|(_, label)| label == self.label)
    }

    /// Its configuration in a step.
    pub fn configuration(&self, step: Step) -> String {
        let job = match self.kind {
            Kind::Stateful => self.job(STATEFUL, step),
            Kind::Stateless => self.job(APPLICATION, step),
            Kind::LastState => {
                let highly_available = with(
                    STATEFUL,
                    &[
                        (
                            "  flink_configuration = {",
                            "  flink_configuration = {\n    \"high-availability.type\" = \"kubernetes\"\n    \
                             \"high-availability.storageDir\" = \"file:///flink-data/ha\"",
                        ),
                        ("\"savepoint\"", "\"last-state\""),
                    ],
                );
                self.job(&highly_available, step)
            }
            Kind::SessionJob => self.session() + &self.job(SESSION_JOB, step),
            Kind::Savepoint => STATEFUL.to_owned() + &snapshot("savepoint", step, ""),
            Kind::SavepointFirst => {
                let first = "\n  lifecycle {\n    create_before_destroy = true\n  }\n";
                STATEFUL.to_owned() + &snapshot("savepoint", step, first)
            }
            Kind::Checkpoint => STATEFUL.to_owned() + &snapshot("checkpoint", step, ""),
            Kind::OverProxy => STATEFUL.to_owned() + &snapshot("savepoint", step, ""),
            Kind::AtUrl => {
                let url = format!("job_manager_url = \"{}/jobmanager/{}\"", self.proxy, self.namespace);
                with(
                    &snapshot("savepoint", step, ""),
                    &[
                        ("deployment_name = flink_deployment.orders.name", &url),
                        ("  namespace         = \"NAMESPACE\"\n", ""),
                    ],
                )
            }
            Kind::Import => {
                let import = "\nimport {\n  to = flink_deployment.orders\n  id = \"NAMESPACE/orders\"\n}\n";
                let import = if step == Step::Create { import } else { "" };
                self.job(APPLICATION, step) + import
            }
        };
        let labelled = job
            .replace("\"orders\" {", &format!("\"{}\" {{", self.label))
            .replace("\"session\" {", &format!("\"{}\" {{", self.label))
            .replace("flink_deployment.orders", &format!("flink_deployment.{}", self.label))
            .replace("flink_deployment.session", &format!("flink_deployment.{}", self.label));
        let placed = ["orders", "session"].iter().fold(labelled, |text, name| {
            text.replace(
                &format!("  name              = \"{name}\"\n"),
                &format!("  name              = \"{name}\"\n  namespace         = \"NAMESPACE\"\n"),
            )
        });
        placed.replace("NAMESPACE", &self.namespace)
    }

    /// A job in a step.
    fn job(&self, configuration: &str, step: Step) -> String {
        let (parallelism, state) = match step {
            Step::Create => (1, "running"),
            Step::Update | Step::Resume | Step::Destroy => (2, "running"),
            Step::Suspend => (2, "suspended"),
        };
        let configuration = with(
            configuration,
            &[("  job {", &format!("  job {{\n    state = \"{state}\""))],
        );
        ["parallelism = 1", "parallelism  = 1"]
            .iter()
            .fold(configuration, |text, line| {
                text.replace(line, &format!("parallelism = {parallelism}"))
            })
    }

    fn session(&self) -> String {
        let directories = "service_account   = \"flink\"\n\n  flink_configuration = {\n    \
                           \"taskmanager.numberOfTaskSlots\" = \"4\"\n    \
                           \"execution.checkpointing.interval\" = \"2s\"\n    \
                           \"state.checkpoints.dir\" = \"file:///flink-data/checkpoints\"\n    \
                           \"state.savepoints.dir\" = \"file:///flink-data/savepoints\"\n  }";
        with(SESSION, &[("service_account   = \"flink\"", directories)])
    }

    /// What exists before the lane's first step: the object to import, as `kubectl apply` makes it.
    pub fn found(&self) -> Option<Value> {
        let resource = json!({"resource": {"cpu": 0.1, "memory": "1024m"}});
        (self.kind == Kind::Import).then(|| {
            json!({
                "apiVersion": "flink.apache.org/v1beta1", "kind": "FlinkDeployment",
                "metadata": {"name": "orders", "namespace": self.namespace},
                "spec": {
                    "image": "flink:1.20", "imagePullPolicy": "IfNotPresent", "flinkVersion": "v1_20",
                    "serviceAccount": "flink",
                    "flinkConfiguration": {"taskmanager.numberOfTaskSlots": "2"},
                    "jobManager": resource, "taskManager": resource,
                    "job": {
                        "jarURI": "local:///opt/flink/examples/streaming/TopSpeedWindowing.jar",
                        "parallelism": 1, "upgradeMode": "stateless",
                    },
                },
            })
        })
    }
}

/// A job on the session cluster.
const SESSION_JOB: &str = r#"
resource "flink_session_job" "orders" {
  name              = "orders"
  deployment_name   = flink_deployment.session.name

  job {
    jar_uri      = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism  = 1
    upgrade_mode = "savepoint"
  }
}
"#;

/// A snapshot of the job `orders` in a step.
fn snapshot(what: &str, step: Step, more: &str) -> String {
    let release = match step {
        Step::Create => 1,
        Step::Update | Step::Suspend => 2,
        Step::Resume | Step::Destroy => 3,
    };
    let disposes = what == "savepoint" && matches!(step, Step::Suspend | Step::Resume | Step::Destroy);
    let dispose = if disposes { "  dispose_on_destroy = true\n" } else { "" };
    format!(
        "\nresource \"flink_{what}\" \"orders\" {{\n  namespace         = \"NAMESPACE\"\n  deployment_name = \
         flink_deployment.orders.name\n{dispose}\n  triggers = {{\n    release = \"{release}\"\n  }}\n{more}}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lane_has_its_own_names_in_every_step() {
        for kind in Kind::ALL {
            let lane = Lane {
                kind: *kind,
                label: "lane3".to_owned(),
                namespace: "faults-1".to_owned(),
                proxy: "http://127.0.0.1:1".to_owned(),
            };
            let mut texts = Vec::new();
            for step in Step::ALL {
                let text = lane.configuration(*step);
                assert!(!text.contains("NAMESPACE") && !text.contains("\"orders\" {"), "{text}");
                let resources = text.matches("resource \"flink_").count();
                assert_eq!(text.matches("\"lane3\" {").count(), resources, "{text}");
                texts.push(text);
            }
            assert_ne!(texts[0], texts[1], "{kind}");
            assert!(texts[1] != texts[2] || texts[1] != texts[3], "{kind}");
            assert!(lane.has("flink_savepoint.lane3") && !lane.has("flink_savepoint.lane31"));
        }
    }
}
