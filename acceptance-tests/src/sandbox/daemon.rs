//! The sandbox from inside: the one process that holds all the others.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::control_plane::ControlPlane;
use super::state::{Program, Record, State};
use super::{Options, Routes, session};
use crate::flink::Installation;
use crate::stand_in::{self, Places};

/// How long the stand-in may take to end its processes.
const GRACE: Duration = Duration::from_secs(15);
/// Flink clusters at once: each takes 700 to 800 MB, and much of a processor while it starts.
const MOST_CLUSTERS: usize = 2;

/// Runs the sandbox until it is told to stop, is not used any more, or one of its parts ends.
pub async fn serve(options: Options, kubernetes: PathBuf) -> Result<()> {
    let mut stop = Stop::listen()?;
    let state = State::create(&options.state)?;
    // For the relative names of sockets, which have to be short.
    std::env::set_current_dir(state.directory()).context("enter the sandbox's directory")?;
    let routes = Routes::default();
    let (mut plane, client) = tokio::select! {
        started = ControlPlane::start(state.directory(), &kubernetes, &options.crds, routes.clone()) => started?,
        () = stop.requested() => return Ok(()),
    };

    // Where people try the examples.
    session::make_job_account(client.clone(), "default").await?;
    let cancellation = CancellationToken::new();
    let stand_in = stand_in_options(&state, &options, routes)?;
    let mut stand_in = tokio::spawn(stand_in::run(client, stand_in, cancellation.clone()));
    let program = std::env::current_exe().context("find this program")?;
    state.announce(&Record {
        program: Program::at(&program)?,
        kubernetes,
        server: plane.server().to_owned(),
        pid: std::process::id(),
        options: options.clone(),
    })?;
    info!("ready at {}", plane.server());

    // Who wants to use the sandbox waits until it is gone, where it stops for lack of users.
    let mut _users = None;
    let end = tokio::select! {
        failure = plane.failure() => Err(anyhow!(failure)),
        ended = &mut stand_in => match ended {
            Ok(Ok(())) => Err(anyhow!("the stand-in operator stopped by itself")),
            Ok(Err(error)) => Err(error.context("the stand-in operator failed")),
            Err(error) => Err(anyhow!("the stand-in operator failed: {error}")),
        },
        users = unused(&state, options.stop_when_unused) => {
            info!("stops, because nobody uses it any more");
            users.map(|users| _users = Some(users))
        }
        () = stop.requested() => {
            info!("asked to stop");
            Ok(())
        }
    };
    state.withdraw();
    cancellation.cancel();
    if !stand_in.is_finished() && tokio::time::timeout(GRACE, &mut stand_in).await.is_err() {
        warn!("the stand-in operator did not end within {} s", GRACE.as_secs());
        stand_in.abort();
    }
    plane.stop();
    end
}

fn stand_in_options(state: &State, options: &Options, routes: Routes) -> Result<stand_in::Options> {
    let state_dir = state.stand_in();
    std::fs::create_dir_all(&state_dir).with_context(|| format!("create {}", state_dir.display()))?;
    let versions = options.flink_versions()?.into_iter();
    let flink = versions.map(Installation::ensure).collect::<Result<_>>()?;
    Ok(stand_in::Options {
        routes,
        flink,
        places: Places::new(MOST_CLUSTERS),
        time_factor: options.time_factor,
        state_dir,
    })
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
