//! How much memory and processor time the provider's processes took.
//!
//! Terraform starts the provider, and more than once for each command. So what it is told to start is a script that
//! hands over to this program ([`shim`]), which starts the real provider, waits for its end and notes what the kernel
//! says of it ([`run`]): the peak, not the last look of somebody who looks now and then.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// What one or more processes took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How many processes.
    pub processes: u32,
    /// The most physical memory that one of them held at any moment, in bytes.
    pub peak: u64,
    /// Processor time of all of them together, in user mode and in the kernel.
    pub processor: Duration,
}

impl Usage {
    /// What these took together.
    pub fn sum(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Self::default(), |sum, one| Self {
            processes: sum.processes + one.processes,
            peak: sum.peak.max(one.peak),
            processor: sum.processor + one.processor,
        })
    }
}

/// Runs `program` in the place of this process, and appends a line about it to `notes`. The exit code is its own.
///
/// # Errors
/// It cannot be started, or the notes cannot be written.
pub fn run(notes: &Path, program: &Path, arguments: &[String]) -> Result<ExitCode> {
    let ended = Command::new(program)
        .args(arguments)
        .spawn()
        .and_then(|mut child| child.wait4())
        .with_context(|| format!("failed to run {}", program.display()))?;
    let usage = Usage {
        processes: 1,
        peak: ended.rusage.maxrss,
        processor: ended.rusage.utime + ended.rusage.stime,
    };
    let mut notes = std::fs::File::options().create(true).append(true).open(notes)?;
    notes.write_all(format!("{}\n", serde_json::to_string(&usage)?).as_bytes())?;
    let status = ended.status;
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

/// Makes `script` start `program` under the program `bench`, which notes what it took in `notes`.
///
/// # Errors
/// The script cannot be written, or this program cannot be found.
pub fn shim(script: &Path, program: &Path, notes: &Path) -> Result<()> {
    let bench = std::env::current_exe().context("failed to find this program")?;
    let text = format!(
        "#!/bin/sh\nexec {} measure {} {} \"$@\"\n",
        quoted(&bench),
        quoted(notes),
        quoted(program)
    );
    std::fs::write(script, text).with_context(|| format!("failed to write {}", script.display()))?;
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// What is in `notes` since the last call, summed up.
///
/// # Errors
/// The notes cannot be read.
pub fn take(notes: &PathBuf) -> Result<Usage> {
    if !notes.exists() {
        return Ok(Usage::default());
    }
    let text = std::fs::read_to_string(notes)?;
    std::fs::remove_file(notes)?;
    let all: Result<Vec<Usage>, _> = text.lines().map(serde_json::from_str).collect();
    Ok(Usage::sum(all?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_are_compared_and_processor_times_added() {
        let one = |peak, milliseconds| Usage {
            processes: 1,
            peak,
            processor: Duration::from_millis(milliseconds),
        };
        let sum = Usage::sum([one(3, 5), one(7, 11), one(2, 13)]);
        assert_eq!(
            sum,
            Usage {
                processes: 3,
                ..one(7, 29)
            }
        );
    }

    #[test]
    fn a_process_is_noted_and_its_exit_code_kept() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes");
        let code = run(&notes, Path::new("sh"), &["-c".to_owned(), "exit 3".to_owned()]).unwrap();
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(3)));
        let usage = take(&notes).unwrap();
        assert!(usage.processes == 1 && usage.peak > 100_000, "{usage:?}");
        assert_eq!(take(&notes).unwrap(), Usage::default(), "they were taken");
    }

    #[test]
    fn paths_survive_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
