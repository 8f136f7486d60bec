//! `replay [FOLDER]`: prints what the provider's wait says at every moment of recordings of an operator.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use acceptance_tests::recording::Recording;
use acceptance_tests::verdicts::{Line, Outcome, replay};
use anyhow::{Context as _, Result, ensure};
use clap::Parser;

/// Prints the verdict of the provider's wait over time, one line for each change of it: the step of the scenario, the
/// second, the object, the verdict and the reason.
#[derive(Parser)]
#[command(name = "replay")]
struct Cli {
    /// A recording, or a folder of recordings [default: $FLINK_RECORDINGS, else those of the project].
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough.
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn run(cli: Cli) -> Result<()> {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let named = || std::env::var_os("FLINK_RECORDINGS").map(PathBuf::from);
    let folder = cli
        .folder
        .or_else(named)
        .filter(|folder| !folder.as_os_str().is_empty());
    let folders = recordings(&folder.unwrap_or_else(ours))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let (mut ready, mut failed, mut open) = (0, 0, 0);
    for folder in &folders {
        let recording = Recording::read(folder)?;
        let verdicts = replay(&recording).with_context(|| format!("replay {}", folder.display()))?;
        writeln!(out, "{}", folder.file_name().unwrap_or_default().display())?;
        let width = verdicts
            .lines
            .iter()
            .map(|line| line.object.len())
            .max()
            .unwrap_or_default();
        writeln!(
            out,
            "{:>4}  {:>8}  {:width$}  {:8}  reason",
            "step", "second", "object", "verdict"
        )?;
        for line in &verdicts.lines {
            write_line(&mut out, line, width)?;
        }
        writeln!(out)?;
        for wait in &verdicts.waits {
            match wait.outcome {
                Outcome::Ready(_) => ready += 1,
                Outcome::Failed(..) => failed += 1,
                Outcome::Open(_) => open += 1,
            }
        }
    }
    writeln!(
        out,
        "{} recordings, {} changes waited for: {ready} became ready, {failed} failed, {open} were still open at the next \
         change or at the end",
        folders.len(),
        ready + failed + open,
    )?;
    out.flush()?;
    Ok(())
}

fn write_line(out: &mut impl Write, line: &Line, width: usize) -> io::Result<()> {
    let step = line.step.map_or_else(|| "-".to_owned(), |step| step.to_string());
    let reason = line.reason.replace('\n', " ");
    let text = format!(
        "{step:>4}  {:>8.2}  {:width$}  {:8}  {reason}",
        line.second, line.object, line.verdict
    );
    writeln!(out, "{}", text.trim_end())
}

/// The recordings in a folder, by name; the folder itself where it is one.
fn recordings(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_recording = |folder: &Path| folder.join("events.jsonl").is_file();
    if is_recording(folder) {
        return Ok(vec![folder.to_owned()]);
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if is_recording(&path) {
            found.push(path);
        }
    }
    found.sort();
    ensure!(
        !found.is_empty(),
        "there is no recording in {}: a recording is a folder with the files scenario.yaml and events.jsonl",
        folder.display()
    );
    Ok(found)
}
