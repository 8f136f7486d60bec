//! The start of a provider process, up to its handshake line.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use tokio::process::Command;

use super::output::Output;
use super::{ConnectError, Credentials, Door, Identity, Plugin};
use crate::handshake::{COOKIE, CORE_VERSION, PROTOCOL_VERSION, SOCKET_DIR};

/// How long go-plugin waits for the handshake line.
const PATIENCE: Duration = Duration::from_secs(60);

/// A provider that is about to be started.
pub struct Launch {
    command: Command,
    security: Security,
}

/// Who the client is to the provider.
enum Security {
    /// Somebody new, as at every start by Terraform.
    Fresh,
    Known(Arc<Identity>),
    Plaintext,
}

/// Why a provider does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The binary cannot be run, or not be read from.
    #[error("start the provider")]
    Process(#[source] io::Error),
    /// The throw-away certificate could not be made.
    #[error("make a client certificate: {0}")]
    Certificate(String),
    /// What it printed is no handshake line of protocol 5, or nothing.
    #[error("the provider printed `{line}` instead of a handshake line; its stderr:\n{stderr}")]
    Line {
        /// The first line of its stdout, empty if there was none.
        line: String,
        /// All of its stderr, as far as it had been printed.
        stderr: String,
    },
    /// It runs and cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Launch {
    /// A start of the binary at `program`, with mutual TLS, in the environment of this process and
    /// with what Terraform adds to it.
    pub fn new(program: impl AsRef<Path>) -> Self {
        let mut command = Command::new(program.as_ref());
        command
            .envs(environment())
            .env_remove("PLUGIN_CLIENT_CERT")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self {
            command,
            security: Security::Fresh,
        }
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Starts it without TLS, as Terraform does with `TF_DISABLE_PLUGIN_TLS`.
    #[must_use]
    pub fn plaintext(mut self) -> Self {
        self.security = Security::Plaintext;
        self
    }

    /// Starts it with `--debug`, as a developer does: no cookie, no TLS, and it outlives its clients.
    #[must_use]
    pub fn debug(mut self) -> Self {
        self.command.env_remove(COOKIE.0).arg("--debug");
        self.plaintext()
    }

    /// Starts it as the holder of `identity`.
    #[must_use]
    pub fn identity(mut self, identity: Arc<Identity>) -> Self {
        self.security = Security::Known(identity);
        self
    }

    /// Starts the process, reads its handshake line and connects.
    ///
    /// # Errors
    /// See [`StartError`]. The process is killed.
    pub async fn start(mut self) -> Result<Plugin, StartError> {
        let identity = match self.security {
            Security::Fresh => Some(Arc::new(Identity::generate()?)),
            Security::Known(identity) => Some(identity),
            Security::Plaintext => None,
        };
        if let Some(identity) = &identity {
            self.command.env("PLUGIN_CLIENT_CERT", identity.pem());
        }
        // Of its own, so that a killed provider leaves nothing behind either.
        let sockets = tempfile::tempdir().map_err(StartError::Process)?;
        let mut set = self.command.as_std().get_envs();
        if !set.any(|(name, _)| name == SOCKET_DIR) {
            self.command.env(SOCKET_DIR, sockets.path());
        }
        let mut child = self.command.spawn().map_err(StartError::Process)?;
        let piped = || StartError::Process(io::Error::other("its output is not piped"));
        let stdout = Output::collect(child.stdout.take().ok_or_else(piped)?);
        let stderr = Output::collect(child.stderr.take().ok_or_else(piped)?);

        let line = tokio::time::timeout(PATIENCE, stdout.line(|_| true)).await;
        let line = line.ok().flatten().unwrap_or_default();
        let Some(door) = door(&line) else {
            // It is ending, or hangs and is killed; both end its stderr.
            let _ = tokio::time::timeout(Duration::from_secs(1), child.wait()).await;
            let _ = child.kill().await;
            let stderr = stderr.rest().await.join("\n");
            return Err(StartError::Line { line, stderr });
        };
        let channel = door
            .connect(identity.map_or(Credentials::Plaintext, Credentials::Holder))
            .await?;
        Ok(Plugin {
            child,
            door,
            channel: Some(channel),
            stdout,
            stderr,
            _sockets: sockets,
        })
    }
}

/// What Terraform adds to the environment of every provider that it starts, without the certificate and the folder for
/// the socket.
pub fn environment() -> [(&'static str, &'static str); 4] {
    [
        COOKIE,
        ("PLUGIN_PROTOCOL_VERSIONS", "6,5"),
        ("PLUGIN_MIN_PORT", "10000"),
        ("PLUGIN_MAX_PORT", "25000"),
    ]
}

/// Reads a handshake line of protocol 5, or what a debugged provider prints instead.
fn door(line: &str) -> Option<Door> {
    if let Some(value) = line.strip_prefix("TF_REATTACH_PROVIDERS='") {
        let providers: BTreeMap<String, Reattach> = serde_json::from_str(value.strip_suffix('\'')?).ok()?;
        let (_, Reattach { address }) = providers.into_iter().next()?;
        let Reachable { network, location } = address;
        return Some(Door {
            unix: network == "unix",
            location,
            certificate: None,
        });
    }
    let fields: Vec<&str> = line.split('|').collect();
    let &[core, protocol, network, location, "grpc", certificate] = fields.as_slice() else {
        return None;
    };
    if core != CORE_VERSION.to_string() || protocol != PROTOCOL_VERSION.to_string() {
        return None;
    }
    let certificate = match certificate {
        "" => None,
        text => Some(CertificateDer::from(BASE64_STANDARD_NO_PAD.decode(text).ok()?)),
    };
    Some(Door {
        unix: network == "unix",
        location: location.to_owned(),
        certificate,
    })
}

/// One provider in `TF_REATTACH_PROVIDERS`, as far as a client needs it.
#[derive(Deserialize)]
struct Reattach {
    #[serde(rename = "Addr")]
    address: Reachable,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reachable {
    network: String,
    #[serde(rename = "String")]
    location: String,
}
