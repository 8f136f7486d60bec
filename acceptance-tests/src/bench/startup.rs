//! From the start of a process to its handshake line.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use terraform_plugin::client::{Identity, environment};

/// Starts before those that count: the binary comes from the disk.
const WARM_UP: usize = 3;

/// A program to start.
#[derive(Clone, Copy, Debug)]
pub enum Start<'a> {
    /// A provider, up to its handshake line.
    Provider(&'a Path),
    /// A program that does nothing, up to its end: what it costs on this machine to start any process.
    Nothing,
}

/// Times `starts` starts of each of these programs, in turn, so that what else the machine does hits all of them.
///
/// # Errors
/// A program cannot be started, or a provider prints no handshake line.
pub fn times(programs: &[Start<'_>], starts: usize) -> Result<Vec<Vec<Duration>>> {
    let identity = Identity::generate()?;
    let sockets = tempfile::tempdir()?;
    let mut times = vec![Vec::new(); programs.len()];
    for round in 0..WARM_UP + starts {
        for (program, times) in programs.iter().zip(&mut times) {
            let time = match program {
                Start::Provider(path) => handshake(path, &identity, sockets.path())?,
                Start::Nothing => nothing()?,
            };
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    Ok(times)
}

fn handshake(program: &Path, identity: &Identity, sockets: &Path) -> Result<Duration> {
    let mut command = Command::new(program);
    command
        .envs(environment())
        .env("PLUGIN_CLIENT_CERT", identity.pem())
        .env("PLUGIN_UNIX_SOCKET_DIR", sockets)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("failed to start {}", program.display()))?;
    let mut line = String::new();
    let stdout = child.stdout.take().context("its output is not piped")?;
    let read = BufReader::new(stdout).read_line(&mut line);
    let time = begun.elapsed();
    child.kill()?;
    child.wait()?;
    read?;
    ensure!(
        line.starts_with("1|"),
        "{} printed `{}` in the place of a handshake line",
        program.display(),
        line.trim()
    );
    Ok(time)
}

fn nothing() -> Result<Duration> {
    let begun = Instant::now();
    let status = Command::new("true")
        .stdin(Stdio::null())
        .status()
        .context("failed to start `true`")?;
    ensure!(status.success(), "`true` failed");
    Ok(begun.elapsed())
}
