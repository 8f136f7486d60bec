//! The processes that are killed: Terraform, and the provider that it has started.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::{Instant, sleep};

/// How long a provider may live on after the Terraform that started it: 3 s until it is sure, 10 s for what is under way, and
/// some for a busy machine.
const ORPHAN: Duration = Duration::from_secs(20);

/// A Terraform that is at work.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    terraform: Pid,
}

impl Running {
    /// The process of this id.
    ///
    /// # Errors
    /// It is none.
    pub fn of(id: Option<u32>) -> Result<Self> {
        let id = id.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Self {
            terraform: id.context("Terraform runs")?,
        })
    }

    /// Kills it, as a machine that is switched off does. Returns its providers, which lose their client.
    pub fn kill_terraform(self) -> Vec<Pid> {
        let providers = self.providers();
        let _ = kill_process(self.terraform, Signal::KILL);
        providers
    }

    /// Kills its providers.
    pub fn kill_providers(self) {
        for provider in self.providers() {
            let _ = kill_process(provider, Signal::KILL);
        }
    }

    /// The processes that it has started.
    fn providers(self) -> Vec<Pid> {
        let Ok(processes) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
        ids.filter(|id| parent(*id) == Some(self.terraform.as_raw_nonzero().get()))
            .filter_map(Pid::from_raw)
            .collect()
    }
}

/// The parent of a process, from its line in `/proc`: `123 (name) S 12 ...`.
fn parent(id: i32) -> Option<i32> {
    let line = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?;
    let (_, after) = line.rsplit_once(") ")?;
    after.split(' ').nth(1)?.parse().ok()
}

/// Waits until providers whose Terraform was killed are gone.
///
/// # Errors
/// One lives on.
pub async fn gone(providers: &[Pid]) -> Result<()> {
    let deadline = Instant::now() + ORPHAN;
    while providers.iter().any(|provider| test_kill_process(*provider).is_ok()) {
        if Instant::now() > deadline {
            bail!("the provider lives on after its Terraform was killed");
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
