//! Java processes that end with the process that started them.
//!
//! A small shell stands between: it starts Java and reads a pipe whose other end the starter holds.
//! A line in the pipe asks Java to end. When the other end closes, because the starter dropped it or
//! was killed, the shell kills Java.

use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

/// Runs its arguments as a child; kills the child when standard input closes; ends as the child ends.
/// The pipe moves to descriptor 3 because a shell gives background commands an empty standard input.
const WATCH: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
child=$!
( while read -r _ <&3; do kill -TERM "$child"; done; kill -KILL "$child" ) 2>/dev/null &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill -KILL "$watcher" 2>/dev/null
exit "$code"
"#;

/// A running Java process. Dropping it kills the process.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    /// The process lives only as long as this end of the pipe.
    life: Option<ChildStdin>,
}

impl Process {
    /// Starts `program` with its output in `log`, which is overwritten.
    pub fn start(
        program: &Path,
        arguments: &[String],
        environment: &[(String, String)],
        directory: &Path,
        log: &Path,
    ) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("create {}", log.display()))?;
        let mut shell = Command::new("sh")
            .args(["-c", WATCH, "sh"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("share the log file")?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let life = shell.stdin.take();
        Ok(Self { shell, life })
    }

    /// How the process ended, or `None` while it runs.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().ok().flatten()
    }

    /// Asks the process to end by itself, and waits until it has, at most `patience`. Says whether it did.
    pub async fn finish(&mut self, patience: Duration) -> bool {
        if let Some(life) = &mut self.life
            && life.write_all(b"\n").await.is_ok()
            && life.flush().await.is_ok()
        {
            return tokio::time::timeout(patience, self.shell.wait()).await.is_ok();
        }
        false
    }

    /// Kills the process and waits until it is gone.
    pub async fn end(mut self) {
        drop(self.life.take());
        // An error means that it is gone already.
        let _ = self.shell.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str, directory: &Path) -> Process {
        let arguments = ["-c".to_owned(), script.to_owned()];
        Process::start(Path::new("sh"), &arguments, &[], directory, &directory.join("log")).unwrap()
    }

    /// Whether the process whose id the script wrote into `pid` lives.
    async fn lives(directory: &Path) -> bool {
        let file = directory.join("pid");
        let pid = loop {
            match std::fs::read_to_string(&file) {
                Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        // `kill -0` asks only; a zombie, which waits for its parent, counts as gone.
        let script = format!("kill -0 {pid} && ! grep -q '^State:.Z' /proc/{pid}/status");
        Command::new("sh")
            .args(["-c", &script])
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap()
            .success()
    }

    async fn gone(directory: &Path) -> bool {
        for _ in 0..200 {
            if !lives(directory).await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    const SLEEPER: &str = "echo $$ > pid; exec sleep 60";

    #[tokio::test]
    async fn ending_and_dropping_kill_it() {
        for drop_it in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let mut process = start(SLEEPER, directory.path());
            assert!(lives(directory.path()).await);
            assert!(process.exit().is_none());
            if drop_it {
                drop(process);
            } else {
                process.end().await;
            }
            assert!(gone(directory.path()).await, "dropped: {drop_it}");
        }
    }

    #[tokio::test]
    async fn it_ends_when_the_starter_is_killed() {
        let directory = tempfile::tempdir().unwrap();
        // The starter holds the other end of the pipe, as standard output.
        let mut starter = Command::new("sleep").arg("60").stdout(Stdio::piped()).spawn().unwrap();
        let pipe: Stdio = starter.stdout.take().unwrap().try_into().unwrap();
        let mut watched = Command::new("sh")
            .args(["-c", WATCH, "sh", "sh", "-c", SLEEPER])
            .current_dir(directory.path())
            .stdin(pipe)
            .spawn()
            .unwrap();
        assert!(lives(directory.path()).await);
        starter.kill().await.unwrap();
        assert!(gone(directory.path()).await);
        assert_eq!(watched.wait().await.unwrap().code(), Some(128 + 9));
    }

    #[tokio::test]
    async fn asked_to_end_it_may_tidy_up() {
        let directory = tempfile::tempdir().unwrap();
        let script = "trap 'echo tidy; exit 0' TERM; echo $$ > pid; while :; do sleep 0.05; done";
        let mut process = start(script, directory.path());
        assert!(lives(directory.path()).await);
        assert!(process.finish(Duration::from_secs(10)).await);
        assert_eq!(std::fs::read_to_string(directory.path().join("log")).unwrap(), "tidy\n");
    }

    #[tokio::test]
    async fn its_own_end_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let mut process = start("echo over; exit 7", directory.path());
        let status = loop {
            match process.exit() {
                Some(status) => break status,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        assert_eq!(status.code(), Some(7));
        assert_eq!(std::fs::read_to_string(directory.path().join("log")).unwrap(), "over\n");
    }
}
