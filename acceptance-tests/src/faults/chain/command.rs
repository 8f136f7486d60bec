//! One command of Terraform, during which something goes wrong.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use crate::faults::point::Mode;
use crate::faults::process::Running;
use crate::faults::proxy::Proxy;
use crate::terraform::{Outcome, Workspace};

/// How long a command may take in all. The longest wait of the provider for a single request is 60 s.
const PATIENCE: Duration = Duration::from_secs(240);

/// How long the requests of some lanes are held until those of the others have come, too.
const TOGETHER: Duration = Duration::from_secs(15);

/// How long nobody listens when the API server is restarted.
const AWAY: Duration = Duration::from_secs(3);

/// Runs a command to its end. In `mode`, something is done to a process when the requests of `lanes` lanes are held. Returns
/// the providers, too, that have lost their Terraform.
///
/// # Errors
/// It cannot be started, or takes too long.
pub async fn run(
    workspace: &Workspace,
    arguments: &[&str],
    proxy: &Proxy,
    (mode, lanes): (Mode, usize),
) -> Result<(Outcome, Vec<Pid>)> {
    let mut child = workspace
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("failed to run Terraform")?;
    let running = Running::of(child.id())?;
    let lines = BufReader::new(child.stdout.take().context("its output is ours")?);
    let mut errors = child.stderr.take().context("its errors are ours")?;
    let reading = async {
        let (mut stdout, mut lines) = (String::new(), lines.lines());
        while let Some(line) = lines.next_line().await? {
            if is_planned(&line) {
                proxy.applies();
            }
            stdout.push_str(&line);
            stdout.push('\n');
        }
        Ok::<_, anyhow::Error>(stdout)
    };
    let complaints = async {
        let mut stderr = String::new();
        errors.read_to_string(&mut stderr).await.map(|_| stderr)
    };
    let work = async {
        let (stdout, stderr) = tokio::join!(reading, complaints);
        let status = child.wait().await?;
        Ok::<_, anyhow::Error>(Outcome::of(status.success(), stdout?, stderr?))
    };
    let (happening, working) = (happen(proxy, running, mode, lanes), work);
    let both = async {
        tokio::pin!(happening, working);
        tokio::select! {
            biased;
            outcome = &mut working => outcome.map(|outcome| (outcome, Vec::new())),
            orphans = &mut happening => working.await.map(|outcome| (outcome, orphans)),
        }
    };
    let Ok(ended) = tokio::time::timeout(PATIENCE, both).await else {
        running.kill_providers();
        running.kill_terraform();
        bail!("the command did not end within {} s", PATIENCE.as_secs());
    };
    ended
}

/// Waits for the moment, and does what is to be done. Returns the providers whose Terraform is gone.
async fn happen(proxy: &Proxy, running: Running, mode: Mode, lanes: usize) -> Vec<Pid> {
    if mode == Mode::Request {
        return std::future::pending().await;
    }
    proxy.held(lanes, TOGETHER).await;
    match mode {
        Mode::Request => Vec::new(),
        Mode::KillProvider => {
            running.kill_providers();
            Vec::new()
        }
        Mode::KillTerraform => running.kill_terraform(),
        Mode::Restart => {
            proxy.restart(AWAY).await;
            Vec::new()
        }
    }
}

/// Whether a line says that the plan is made, and that it is applied from here on.
fn is_planned(line: &str) -> bool {
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    line["type"] == "change_summary" && line["changes"]["operation"] == "plan"
}
