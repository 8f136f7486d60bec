//! The sandbox from inside: the one process that holds all the others.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info};

use super::control_plane::ControlPlane;
use super::state::{Program, Record, State};
use super::{Options, Routes};

/// Runs the sandbox until it is told to stop, is not used any more, or one of its processes ends.
pub async fn serve(options: Options, kubernetes: PathBuf) -> Result<()> {
    let mut stop = Stop::listen()?;
    let state = State::create(&options.state)?;
    // For the relative names of sockets, which have to be short.
    std::env::set_current_dir(state.directory()).context("enter the sandbox's directory")?;
    tokio::select! {
        ended = run(&state, options, kubernetes) => ended,
        () = stop.requested() => {
            info!("asked to stop");
            state.withdraw();
            Ok(())
        }
    }
}

async fn run(state: &State, options: Options, kubernetes: PathBuf) -> Result<()> {
    let routes = Routes::default();
    let (mut plane, _client) =
        ControlPlane::start(state.directory(), &kubernetes, &options.crds, routes.clone()).await?;

    let program = std::env::current_exe().context("find this program")?;
    state.announce(&Record {
        program: Program::at(&program)?,
        kubernetes,
        server: plane.server().to_owned(),
        pid: std::process::id(),
        options: options.clone(),
    })?;
    info!("ready at {}", plane.server());
    tokio::select! {
        failure = plane.failure() => {
            error!("{failure}");
            state.withdraw();
            anyhow::bail!("the sandbox cannot go on without one of its processes");
        }
        users = unused(state, options.stop_when_unused) => {
            // Held to the end: who wants to use the sandbox waits until it is gone.
            let _users = users?;
            info!("stops, because nobody uses it any more");
            state.withdraw();
            plane.stop();
        }
    }
    Ok(())
}

/// Waits until nobody has used the sandbox for `patience`. From then on nobody can until the
/// returned file is dropped.
async fn unused(state: &State, patience: Option<Duration>) -> Result<std::fs::File> {
    let Some(patience) = patience else {
        return std::future::pending().await;
    };
    let mut since = Instant::now();
    loop {
        tokio::time::sleep((patience / 10).min(Duration::from_secs(5))).await;
        let users = state.users()?;
        if users.try_lock().is_err() {
            since = Instant::now();
        } else if since.elapsed() >= patience {
            return Ok(users);
        }
    }
}

/// The signals that ask the daemon to stop. A closed terminal is none of them.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
    _hang_up: Signal,
}

impl Stop {
    fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            _hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn requested(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
