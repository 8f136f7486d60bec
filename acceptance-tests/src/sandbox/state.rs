//! The directory of one sandbox: who may change it, who uses it, what runs in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Options;
use super::certificates::write_private;
use super::control_plane::{self, PROCESSES};
use super::process::Trace;
use super::progress::say;

/// Says that a directory is a sandbox's, and may be removed as one.
const MARKER: &str = "this-is-a-sandbox";
const RECORD: &str = "running.json";

/// The directory of one sandbox.
#[derive(Clone, Debug)]
pub struct State {
    directory: PathBuf,
}

/// What a running sandbox tells about itself. It is there from when the sandbox is ready until it
/// begins to stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it was started with.
    pub options: Options,
    /// Which build of the `sandbox` program it is.
    pub program: Program,
    /// The control plane's binary.
    pub kubernetes: PathBuf,
    /// Address of the API server.
    pub server: String,
    /// Process id of the daemon.
    pub pid: u32,
}

/// One build of a program: the same file with other contents is another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    path: PathBuf,
    size: u64,
    modified: (i64, i64),
}

impl Program {
    /// The program in this file as it is now.
    pub fn at(path: &Path) -> Result<Self> {
        let path = path
            .canonicalize()
            .with_context(|| format!("find {}", path.display()))?;
        let file = fs::metadata(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(Self {
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            path,
        })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl State {
    /// The sandbox in `directory`, which is made if it is missing. A directory that holds something
    /// else is refused: stopping with `--wipe` will remove it.
    pub fn create(directory: &Path) -> Result<Self> {
        let make = |directory: &Path| DirBuilder::new().recursive(true).mode(0o700).create(directory);
        make(directory).with_context(|| format!("create {}", directory.display()))?;
        let directory = directory
            .canonicalize()
            .with_context(|| format!("find {}", directory.display()))?;
        let marker = directory.join(MARKER);
        if !marker.exists() {
            let mut entries = fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))?;
            // Looked for again: another start may have made the marker since.
            if entries.next().is_some() && !marker.exists() {
                bail!(
                    "{} is neither empty nor a sandbox; choose another directory with --state",
                    directory.display()
                );
            }
            // Two starts at once may both come here. The first file in the directory is the marker, at once under
            // its own name; that it is there is all it says.
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&marker)
            {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(error).with_context(|| format!("write {}", marker.display()));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(Self { directory })
    }

    /// The sandbox in `directory`, if there is one.
    pub fn open(directory: &Path) -> Option<Self> {
        let directory = directory.canonicalize().ok()?;
        directory.join(MARKER).exists().then_some(Self { directory })
    }

    /// The directory's absolute path.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where the administrator's kubeconfig is.
    pub fn kubeconfig(&self) -> PathBuf {
        control_plane::kubeconfig(&self.directory)
    }

    /// The directory of the stand-in operator.
    pub fn stand_in(&self) -> PathBuf {
        self.directory.join("stand-in")
    }

    /// The process that holds the others.
    pub fn daemon(&self) -> Trace {
        Trace::new(&self.directory, "sandbox")
    }

    /// All processes, the daemon first.
    pub fn processes(&self) -> Vec<Trace> {
        let planes = PROCESSES.map(|name| Trace::new(&self.directory, name));
        std::iter::once(self.daemon()).chain(planes).collect()
    }

    /// The right to start and stop this sandbox, until the file is dropped. Waits for others.
    /// Nothing if the sandbox was removed meanwhile.
    pub fn lock(&self) -> Result<Option<File>> {
        let path = self.directory.join("lock");
        let Ok(file) = File::options().create(true).append(true).open(&path) else {
            return Ok(None);
        };
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            say("waits for another process that is starting or stopping this sandbox");
            file.lock().with_context(|| format!("lock {}", path.display()))?;
        }
        let same = |ours: &fs::Metadata, theirs: &fs::Metadata| ours.ino() == theirs.ino();
        let ours = file.metadata().with_context(|| format!("read {}", path.display()))?;
        Ok(fs::metadata(&path)
            .is_ok_and(|theirs| same(&ours, &theirs))
            .then_some(file))
    }

    /// The file that everyone who uses this sandbox holds locked, shared.
    pub fn users(&self) -> Result<File> {
        let path = self.directory.join("users");
        let file = File::options().create(true).append(true).open(&path);
        file.with_context(|| format!("open {}", path.display()))
    }

    /// What the running sandbox tells about itself; nothing while it starts, stops or does not run.
    pub fn record(&self) -> Option<Record> {
        if !self.daemon().is_running() {
            return None;
        }
        serde_json::from_slice(&fs::read(self.directory.join(RECORD)).ok()?).ok()
    }

    /// Announces that the sandbox is ready.
    pub fn announce(&self, record: &Record) -> Result<()> {
        write_private(&self.directory.join(RECORD), &serde_json::to_string_pretty(record)?)
    }

    /// Takes the announcement back.
    pub fn withdraw(&self) {
        let _ = fs::remove_file(self.directory.join(RECORD));
    }

    /// Ends the daemon and whatever a killed daemon left behind.
    pub fn end_processes(&self) -> Result<()> {
        self.daemon().end(Duration::from_secs(30))?;
        self.withdraw();
        for process in self.processes() {
            // They noticed that the daemon is gone and end by themselves; this is for those that hang.
            process.wait_gone(Duration::from_secs(5));
            process.end(Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// Removes the cluster's objects and everything that belongs to them.
    pub fn empty(&self) -> Result<()> {
        remove(&self.directory.join("etcd"))?;
        remove(&self.stand_in())
    }

    /// Removes the whole directory.
    pub fn remove(self) -> Result<()> {
        remove(&self.directory)
    }
}

fn remove(directory: &Path) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match fs::remove_dir_all(directory) {
            // A Flink that was killed with its sandbox may still be writing.
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", directory.display()));
            }
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_with_other_things_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("thesis.tex"), "").unwrap();
        let error = State::create(directory.path()).unwrap_err().to_string();
        assert!(error.contains("neither empty nor a sandbox"), "{error}");
        assert!(State::open(directory.path()).is_none());
    }

    #[test]
    fn a_lock_on_a_removed_sandbox_is_no_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sandbox");
        let state = State::create(&path).unwrap();
        let held = state.lock().unwrap().unwrap();
        let waiting = std::thread::spawn({
            let state = state.clone();
            move || state.lock().unwrap().is_none()
        });
        std::thread::sleep(Duration::from_millis(100));
        state.remove().unwrap();
        drop(held);
        assert!(waiting.join().unwrap());
        assert!(!path.exists());
    }
}
