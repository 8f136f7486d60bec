//! Processes whose end can be told for certain, also after the process that started them was killed.
//!
//! Each process writes to a log file that its starter locked. The lock belongs to the open file that
//! the process inherited, so it is held exactly as long as the process lives: no process id has to be
//! trusted to find out, and the kernel frees the lock however the process ended. The id beside it is
//! only used to end a process, and only together with the time that process started.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

const POLL: Duration = Duration::from_millis(20);

/// Of a log line that is shown in a message, so many characters. Some hold whole stack traces.
const WIDEST: usize = 300;

/// The files of one process: `NAME.log` and `NAME.pid` in a directory of the sandbox.
#[derive(Clone, Debug)]
pub struct Trace {
    name: &'static str,
    directory: PathBuf,
}

impl Trace {
    /// The files of the process `name` in `directory`.
    pub fn new(directory: &Path, name: &'static str) -> Self {
        Self {
            name,
            directory: directory.to_owned(),
        }
    }

    /// What the process is called in messages, for example `kube-apiserver`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file that holds everything the process printed since it was last started.
    pub fn log(&self) -> PathBuf {
        self.directory.join(self.name).with_extension("log")
    }

    fn pid_file(&self) -> PathBuf {
        self.directory.join(self.name).with_extension("pid")
    }

    /// Starts `command` with its output in the log. Fails if this process is running already.
    pub fn start(&self, command: &mut Command) -> Result<Child> {
        let path = self.log();
        let log = File::options().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("open {}", path.display()))?;
        // Somebody who only looks holds the lock for an instant, too.
        let deadline = Instant::now() + Duration::from_millis(500);
        loop {
            match log.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => bail!("{} is running already", self.name),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("lock {}", path.display()));
                }
            }
        }
        log.set_len(0).with_context(|| format!("empty {}", path.display()))?;
        let _ = fs::remove_file(self.pid_file());
        let output = log.try_clone().context("share the log file")?;
        let child = command.stdout(output).stderr(log).spawn();
        // The command keeps the log open, and with it the lock, until its output is set anew.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = child.with_context(|| format!("start {} ({})", self.name, command.get_program().display()))?;
        let identity = format!("{} {}\n", child.id(), start_time(child.id()).unwrap_or_default());
        fs::write(self.pid_file(), identity).with_context(|| format!("write {}", self.pid_file().display()))?;
        Ok(child)
    }

    /// Whether the process lives, whoever started it.
    pub fn is_running(&self) -> bool {
        File::open(self.log()).is_ok_and(|log| matches!(log.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The process id, while the process lives.
    pub fn pid(&self) -> Option<u32> {
        if !self.is_running() {
            return None;
        }
        let text = fs::read_to_string(self.pid_file()).ok()?;
        let (pid, started) = text.trim_end().split_once(' ')?;
        let pid = pid.parse().ok()?;
        (start_time(pid).unwrap_or_default() == started).then_some(pid)
    }

    /// Waits until the process is gone, at most `patience`. Says whether it is.
    pub fn wait_gone(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }

    /// Ends the process: asks with SIGTERM, and after `grace` does not ask any more.
    pub fn end(&self, grace: Duration) -> Result<()> {
        for (signal, patience) in [(Signal::TERM, grace), (Signal::KILL, Duration::from_secs(10))] {
            if !self.is_running() {
                break;
            }
            self.signal(signal)?;
            if self.wait_gone(patience) {
                break;
            }
        }
        if self.is_running() {
            bail!("{} does not end; its log is {}", self.name, self.log().display());
        }
        let _ = fs::remove_file(self.pid_file());
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        // No id is known for an instant after the start. The process may also end in between.
        let known = Instant::now() + Duration::from_secs(1);
        let pid = loop {
            match self.pid() {
                Some(pid) => break pid,
                None if !self.is_running() => return Ok(()),
                None if Instant::now() >= known => bail!(
                    "{} is running, but its process id is not known; end the process that has {} open",
                    self.name,
                    self.log().display()
                ),
                None => thread::sleep(POLL),
            }
        };
        let pid = i32::try_from(pid)
            .ok()
            .and_then(Pid::from_raw)
            .context("process id out of range")?;
        match kill_process(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("end {}", self.name)),
        }
    }

    /// The last lines of the log, indented, to be shown when the process failed.
    pub fn last_lines(&self, count: usize) -> String {
        let text = tail(&self.log(), 64 * 1024).unwrap_or_default();
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut shown = String::new();
        for line in &lines[lines.len().saturating_sub(count)..] {
            shown.push_str("    ");
            shown.extend(line.chars().take(WIDEST));
            shown.push('\n');
        }
        shown
    }
}

/// Memory that a process holds in RAM, in bytes. `None` where the system does not tell.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// When a process started, in clock ticks since boot: with the id it names one process for good.
/// `None` where the system has no `/proc`.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold spaces and parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(19).map(str::to_owned)
}

fn tail(path: &Path, bytes: i64) -> io::Result<String> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() > bytes.unsigned_abs() {
        file.seek(SeekFrom::End(-bytes))?;
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sleep");
        command.arg("60");
        command
    }

    #[test]
    fn a_process_is_found_and_ended_by_whoever_looks() {
        let directory = tempfile::tempdir().unwrap();
        let trace = Trace::new(directory.path(), "sleeper");
        assert!(!trace.is_running());
        let mut child = trace.start(&mut sleeper()).unwrap();
        let reaper = thread::spawn(move || child.wait());

        let seen_later = Trace::new(directory.path(), "sleeper");
        assert!(seen_later.is_running());
        assert!(seen_later.pid().is_some());
        assert!(seen_later.start(&mut sleeper()).is_err(), "a second one must not start");
        seen_later.end(Duration::from_secs(5)).unwrap();
        assert!(!seen_later.is_running());
        assert_eq!(seen_later.pid(), None);
        reaper.join().unwrap().unwrap();
    }

    #[test]
    fn one_that_ignores_the_request_is_killed() {
        let directory = tempfile::tempdir().unwrap();
        let trace = Trace::new(directory.path(), "stubborn");
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]);
        let mut child = trace.start(&mut command).unwrap();
        while !trace.last_lines(1).contains("deaf") {
            thread::sleep(POLL);
        }
        let reaper = thread::spawn(move || child.wait());
        trace.end(Duration::from_millis(200)).unwrap();
        reaper.join().unwrap().unwrap();
    }

    #[test]
    fn a_recorded_id_of_another_process_is_not_trusted() {
        let directory = tempfile::tempdir().unwrap();
        let trace = Trace::new(directory.path(), "sleeper");
        let mut child = trace.start(&mut sleeper()).unwrap();
        // As if the id had been given to a process that started later.
        fs::write(trace.pid_file(), format!("{} 1\n", std::process::id())).unwrap();
        assert_eq!(trace.pid(), None);
        assert!(trace.end(Duration::from_secs(1)).is_err());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(trace.wait_gone(Duration::from_secs(5)));
    }

    #[test]
    fn the_log_holds_the_last_run_only() {
        let directory = tempfile::tempdir().unwrap();
        let trace = Trace::new(directory.path(), "echo");
        for word in ["first", "second"] {
            trace.start(Command::new("echo").arg(word)).unwrap().wait().unwrap();
            assert!(trace.wait_gone(Duration::from_secs(5)));
        }
        assert_eq!(trace.last_lines(5), "    second\n");
    }
}
