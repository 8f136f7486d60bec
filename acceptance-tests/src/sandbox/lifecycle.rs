//! Starting, stopping and looking at a sandbox, from outside of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::process::{Trace, resident_bytes};
use super::progress::{say, spoken};
use super::state::{Program, Record, State};
use super::{Options, kubernetes, options};
use crate::flink::Installation;

/// How long a start may take, with everything built.
const PATIENCE: Duration = Duration::from_secs(300);

/// Builds and fetches what a sandbox with these options needs and the cache does not have, and gives
/// the path of the control plane's binary. Starting does so, too, and then takes minutes.
pub fn build(options: &Options) -> Result<PathBuf> {
    options.check()?;
    let kubernetes = kubernetes::binary(&options::cache()?)?;
    for version in options.flink_versions()? {
        Installation::ensure(version)?;
    }
    Ok(kubernetes)
}

/// Starts the sandbox with these options, or finds it running already. Returns when it is ready.
pub fn up(options: &Options) -> Result<Record> {
    let (record, _) = up_for(options, false)?;
    Ok(record)
}

/// The same for a test, which holds the sandbox as a user while it has the returned file: nobody
/// restarts it with other options meanwhile, and it does not stop for lack of users.
pub fn up_and_use(options: &Options) -> Result<(Record, std::fs::File)> {
    let (record, user) = up_for(options, true)?;
    Ok((record, user.context("the sandbox was started for nobody")?))
}

fn up_for(options: &Options, use_it: bool) -> Result<(Record, Option<std::fs::File>)> {
    // Before the lock: a build takes minutes, and builds have a lock of their own.
    let kubernetes = build(options)?;
    let program = program()?;
    loop {
        let state = State::create(&options.state)?;
        let Some(_lock) = state.lock()? else { continue };
        let options = Options {
            state: state.directory().to_owned(),
            ..options.clone()
        };
        let users = state.users()?;
        if use_it {
            // Held exclusively only by a daemon that stops for lack of users.
            users.lock_shared().context("become a user of the sandbox")?;
        }
        let record = match running(&state)? {
            Some(record) => match difference(&record, &options, &program, &kubernetes) {
                None => record,
                Some(difference) => {
                    claim(&users, difference)?;
                    say(format!("restarts: {difference}"));
                    start(&state, &options, &program, &kubernetes)?
                }
            },
            None => start(&state, &options, &program, &kubernetes)?,
        };
        if use_it {
            users.lock_shared().context("become a user of the sandbox")?;
        }
        return Ok((record, use_it.then_some(users)));
    }
}

/// The sandbox that is running, also one that is just starting.
fn running(state: &State) -> Result<Option<Record>> {
    let deadline = Instant::now() + PATIENCE;
    while state.daemon().is_running() {
        if let Some(record) = state.record() {
            return Ok(Some(record));
        }
        if Instant::now() > deadline {
            bail!(
                "the sandbox is neither ready nor gone; its log is {}",
                state.daemon().log().display()
            );
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}

/// Why the running sandbox is not the one that is asked for.
fn difference(record: &Record, options: &Options, program: &Program, kubernetes: &Path) -> Option<&'static str> {
    if record.kubernetes != kubernetes {
        Some("the running one is of another Kubernetes build")
    } else if record.program != *program {
        Some("the running one is of another build of this program")
    } else if record.options != *options {
        Some("the running one was started with other options")
    } else {
        None
    }
}

/// Makes sure that nobody else uses the sandbox that is about to be restarted.
fn claim(users: &std::fs::File, difference: &str) -> Result<()> {
    // Our own share does not stand in our way: the lock belongs to the open file. The daemon itself
    // looks for users now and then and holds the lock for an instant.
    for _ in 0..10 {
        if users.try_lock().is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("tests are using this sandbox, and it cannot be restarted: {difference}")
}

fn start(state: &State, options: &Options, program: &Program, kubernetes: &Path) -> Result<Record> {
    let begun = Instant::now();
    state.end_processes()?;
    if !options.keep {
        state.empty()?;
    }
    let daemon = state.daemon();
    let mut command = Command::new(program.path());
    command.arg("serve").arg("--kubernetes").arg(kubernetes);
    command.arg("--options").arg(serde_json::to_string(options)?);
    // Its own process group: Ctrl-C in the terminal of whoever started it is not for the daemon.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.current_dir(state.directory()).stdin(Stdio::null());
    let mut child = daemon.start(&mut command)?;
    // Reaped here if it ends while we live; afterwards it is not our child any more.
    thread::spawn(move || child.wait());

    let mut told = begun;
    loop {
        if let Some(record) = state.record() {
            say(format!("ready after {}", spoken(begun.elapsed())));
            return Ok(record);
        }
        if !daemon.is_running() {
            bail!(
                "the sandbox did not start; the end of {}:\n{}",
                daemon.log().display(),
                daemon.last_lines(25)
            );
        }
        if begun.elapsed() > PATIENCE {
            let _ = state.end_processes();
            bail!(
                "the sandbox was not ready after {}; logs are in {}",
                spoken(PATIENCE),
                state.directory().display()
            );
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            let last = daemon.last_lines(1);
            say(format!(
                "waits for the control plane, {}; last: {}",
                spoken(begun.elapsed()),
                last.trim()
            ));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Stops the sandbox in `directory`, with `wipe` also removing everything it kept. Says whether
/// there was one.
pub fn down(directory: &Path, wipe: bool) -> Result<bool> {
    let Some(state) = State::open(directory) else {
        if wipe && directory.exists() {
            bail!(
                "{} is not a sandbox's directory and is not removed",
                directory.display()
            );
        }
        return Ok(false);
    };
    let Some(_lock) = state.lock()? else { return Ok(false) };
    let was_running = state.processes().iter().any(Trace::is_running);
    state.end_processes()?;
    if wipe {
        state.remove()?;
    }
    Ok(was_running || wipe)
}

/// One process of a sandbox, as `sandbox status` shows it.
#[derive(Clone, Debug)]
pub struct ProcessStatus {
    /// Its name.
    pub name: &'static str,
    /// Its process id while it runs.
    pub pid: Option<u32>,
    /// The memory it holds, in bytes, where the system tells.
    pub resident_bytes: Option<u64>,
    /// Its log.
    pub log: PathBuf,
}

/// What is to be known about a sandbox.
#[derive(Clone, Debug)]
pub struct Status {
    /// What it tells about itself once it is ready.
    pub record: Option<Record>,
    /// Its processes.
    pub processes: Vec<ProcessStatus>,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
}

/// Looks at the sandbox in `directory`. Nothing if there is none.
pub fn status(directory: &Path) -> Option<Status> {
    let state = State::open(directory)?;
    let processes = state.processes().into_iter().map(|process| {
        let pid = process.pid();
        ProcessStatus {
            name: process.name(),
            pid,
            resident_bytes: pid.and_then(resident_bytes),
            log: process.log(),
        }
    });
    Some(Status {
        processes: processes.collect(),
        record: state.record(),
        kubeconfig: state.kubeconfig(),
    })
}

/// The `sandbox` program: this one, or the one that Cargo built beside this test.
pub fn program() -> Result<Program> {
    let this = std::env::current_exe().context("find this program")?;
    let beside = this
        .ancestors()
        .skip(1)
        .take(2)
        .map(|directory| directory.join("sandbox"));
    let mut candidates = std::iter::once(this.clone())
        .filter(|path| path.file_name().is_some_and(|name| name == "sandbox"))
        .chain(beside.filter(|path| path.is_file()));
    match candidates.next() {
        Some(path) => Program::at(&path),
        None => bail!(
            "there is no program `sandbox` near {}; build it with `cargo build -p acceptance-tests --bin sandbox`",
            this.display()
        ),
    }
}
