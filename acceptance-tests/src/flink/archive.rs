//! Archives of loaded classes (class data sharing), which halve the time that Flink's processes need to start.
//!
//! They are made once per installation and Java: a small cluster runs the example job and is asked to
//! end, and Java writes down on its way out what it had loaded. Without them everything works, slower.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use super::cluster::java_program;
use super::{Application, Cluster, ClusterState, Installation, Volumes};
use crate::sandbox::{say, spoken};

/// How long the example job may take to start and to be stopped.
const PATIENCE: Duration = Duration::from_secs(180);

/// Where processes get their classes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Classes {
    /// From jars.
    Jars,
    /// From archives in this directory.
    Archives(PathBuf),
    /// From jars, to write archives into this directory at the end.
    Record(PathBuf),
}

impl Classes {
    /// The option for Java that says so, for the process `name`: `jobmanager` or `taskmanager-1`.
    pub fn option(&self, name: &str) -> Option<String> {
        let role = name.split('-').next().unwrap_or(name);
        let file = |directory: &Path| directory.join(role).with_extension("jsa").display().to_string();
        match self {
            Self::Jars => None,
            Self::Archives(directory) => Some(format!("-XX:SharedArchiveFile={}", file(directory))),
            Self::Record(directory) => Some(format!("-XX:ArchiveClassesAtExit={}", file(directory))),
        }
    }
}

impl Installation {
    /// Uses the archives for the present Java, if they are there. Says whether they are, or whether
    /// they could not be made.
    pub(super) fn use_archives(&mut self) -> Result<bool> {
        let directory = self.archives()?;
        if directory.join("jobmanager.jsa").exists() && directory.join("taskmanager.jsa").exists() {
            self.classes = Classes::Archives(directory);
            return Ok(true);
        }
        Ok(directory.exists())
    }

    /// Makes the archives. A failure is said, and not tried again.
    pub(super) fn make_archives(&mut self) {
        say(format!(
            "prepares Flink {} for a quick start (once; about half a minute)",
            self.version().name()
        ));
        let begun = Instant::now();
        match self.record() {
            Ok(directory) => {
                self.classes = Classes::Archives(directory);
                say(format!(
                    "prepared Flink {} in {}",
                    self.version().name(),
                    spoken(begun.elapsed())
                ));
            }
            Err(error) => say(format!("goes on without: {error:#}")),
        }
    }

    /// Other Javas cannot read what this one wrote.
    fn archives(&self) -> Result<PathBuf> {
        let said = Command::new(java_program())
            .arg("-version")
            .output()
            .context("run Java 17; is it installed?")?;
        let digest = Sha256::digest(&said.stderr);
        let java: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(self.home().join("archives").join(java))
    }

    fn record(&self) -> Result<PathBuf> {
        let directory = self.archives()?;
        fs::create_dir_all(&directory).with_context(|| format!("create {}", directory.display()))?;
        let partial = directory.join("partial");
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir(&partial).with_context(|| format!("create {}", partial.display()))?;
        let mut recorder = self.clone();
        recorder.classes = Classes::Record(partial.clone());
        // A thread of its own, because the caller may be a task of another runtime.
        let done = thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?;
            runtime.block_on(async { tokio::time::timeout(PATIENCE, run_example(recorder)).await })?
        });
        let done = done
            .join()
            .map_err(|_| anyhow::anyhow!("the preparation was broken off"))?;
        if done.is_ok() {
            for role in ["jobmanager.jsa", "taskmanager.jsa"] {
                fs::rename(partial.join(role), directory.join(role))
                    .with_context(|| format!("Java wrote no {role}"))?;
            }
        }
        let _ = fs::remove_dir_all(&partial);
        done.map(|()| directory)
    }
}

/// What a deployment goes through: start, checkpoint, stop with savepoint.
async fn run_example(installation: Installation) -> Result<()> {
    let Classes::Record(partial) = installation.classes.clone() else {
        return Ok(());
    };
    let application = Application {
        name: "preparation".to_owned(),
        job_id: "0123456789abcdef".repeat(2),
        configuration: [
            ("execution.checkpointing.interval", "1 s"),
            ("state.checkpoints.dir", "file:///checkpoints"),
            ("state.savepoints.dir", "file:///savepoints"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into(),
        jar_uri: Some("local:///opt/flink/examples/streaming/TopSpeedWindowing.jar".to_owned()),
        entry_class: None,
        args: Vec::new(),
        parallelism: 1,
        task_managers: None,
        restore: None,
        allow_non_restored_state: false,
        session: false,
        over: false,
    };
    let volumes = Volumes::new(&partial.join("volumes"));
    let id = application.job_id.clone();
    let mut cluster = Cluster::start(installation, volumes, &partial.join("cluster"), application).await?;
    loop {
        let state = cluster.state().await?;
        ensure!(
            !matches!(state, ClusterState::CrashLoop { .. }),
            "Flink does not start:\n{}",
            cluster.last_words()
        );
        let jobs = cluster.rest().jobs().await.unwrap_or_default();
        if jobs
            .iter()
            .any(|job| job.tasks.total > 0 && job.tasks.running == job.tasks.total)
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    while cluster.rest().last_checkpoint(&id).await.ok().flatten().is_none() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    cluster
        .rest()
        .stop(&id, "file:///savepoints", false, "CANONICAL")
        .await?;
    ensure!(
        cluster.finish(Duration::from_secs(60)).await,
        "Flink does not end when it is asked to"
    );
    cluster.end().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_archive() {
        let archives = Classes::Archives("/a".into());
        assert_eq!(
            archives.option("jobmanager").as_deref(),
            Some("-XX:SharedArchiveFile=/a/jobmanager.jsa")
        );
        assert_eq!(
            archives.option("taskmanager-2").as_deref(),
            Some("-XX:SharedArchiveFile=/a/taskmanager.jsa")
        );
        let record = Classes::Record("/a".into());
        assert_eq!(
            record.option("taskmanager-1").as_deref(),
            Some("-XX:ArchiveClassesAtExit=/a/taskmanager.jsa")
        );
        assert_eq!(Classes::Jars.option("jobmanager"), None);
    }
}
