//! The other side of the wire, for tests: starts a provider the way Terraform does.
//!
//! It offers protocol 5, makes a throw-away P-521 certificate, reads the handshake line, pins the
//! provider's certificate and speaks gRPC over the socket. Behind the feature `client`, so that no
//! provider contains it.

mod identity;
mod launch;
mod output;

use std::io;
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::process::Child;
use tonic::transport::{Channel, Endpoint, Uri};

use crate::generated::plugin::Empty;
use crate::generated::plugin::grpc_controller_client::GrpcControllerClient;
use crate::generated::tfplugin5::provider_client::ProviderClient;
use crate::listener::Stream;
use crate::serve::LARGEST_MESSAGE;

pub use identity::Identity;
pub use launch::{Launch, StartError, environment};

use output::Output;

/// A provider that runs, with a connection to it. Dropping it kills the process.
pub struct Plugin {
    child: Child,
    door: Door,
    channel: Option<Channel>,
    stdout: Output,
    stderr: Output,
    /// Dropped last: the folder the provider makes its socket in.
    _sockets: TempDir,
}

/// Where a provider listens and whom it must be.
#[derive(Clone, Debug)]
struct Door {
    unix: bool,
    location: String,
    /// The certificate the provider announced. Absent: plaintext.
    certificate: Option<CertificateDer<'static>>,
}

impl Plugin {
    /// Starts the provider binary at `program` with mutual TLS, as Terraform does by default.
    ///
    /// # Errors
    /// The process did not start, printed no handshake line or refused the connection.
    pub async fn start(program: impl AsRef<std::path::Path>) -> Result<Self, StartError> {
        Launch::new(program).start().await
    }

    /// The provider's service, ready for messages of any allowed size.
    ///
    /// # Panics
    /// After [`disconnect`](Self::disconnect).
    pub fn provider(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.channel())
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE)
    }

    /// The connection itself, for other services.
    ///
    /// # Panics
    /// After [`disconnect`](Self::disconnect).
    #[expect(clippy::expect_used, reason = "for tests, where a panic is the right failure")]
    pub fn channel(&self) -> Channel {
        self.channel.clone().expect("the plugin is connected")
    }

    /// Opens a further connection with other credentials. The provider may refuse it now or at the
    /// first call.
    ///
    /// # Errors
    /// There is no connection; the text has every cause.
    pub async fn connect(&self, credentials: Credentials) -> Result<Channel, ConnectError> {
        self.door.connect(credentials).await
    }

    /// Closes the connection once no client uses it any more, as if Terraform had been killed.
    pub fn disconnect(&mut self) {
        self.channel = None;
    }

    /// Asks the provider to end, as Terraform does when it is done, and waits until it has.
    ///
    /// # Errors
    /// The process cannot be waited for.
    pub async fn shutdown(mut self) -> io::Result<ExitStatus> {
        if let Some(channel) = self.channel.take() {
            // The answer may be lost with the process; its end is what counts.
            let _ = GrpcControllerClient::new(channel).shutdown(Empty {}).await;
        }
        self.child.wait().await
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Errors
    /// The process cannot be waited for.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Process id. Absent once the process has been waited for.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Path of the socket, or host and port.
    pub fn location(&self) -> &str {
        &self.door.location
    }

    /// What the process printed on stdout after the handshake line. It must be nothing.
    pub fn stdout(&self) -> Vec<String> {
        self.stdout.lines().split_off(1)
    }

    /// The lines of its stderr so far: hclog JSON, and whatever else was printed.
    pub fn stderr(&self) -> Vec<String> {
        self.stderr.lines()
    }

    /// Waits for a line of stderr that `wanted` accepts and returns it. The caller sets the bound.
    pub async fn stderr_line(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        self.stderr.line(wanted).await
    }
}

/// What a client shows to a provider.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Nothing, and no TLS either.
    Plaintext,
    /// TLS without a certificate.
    Anonymous,
    /// TLS with a certificate.
    Holder(Arc<Identity>),
}

/// Why there is no connection to a provider.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The socket cannot be reached or the TLS handshake failed.
    #[error("connect to the provider at {location}: {reason}")]
    Refused {
        /// Path of the socket, or host and port.
        location: String,
        /// Every cause, from the outermost to the innermost.
        reason: String,
    },
    /// TLS was asked for, and the provider announced no certificate.
    #[error("the provider at {location} has no TLS")]
    NoTls {
        /// Path of the socket, or host and port.
        location: String,
    },
}

impl Door {
    /// Connects at once, and again whenever the connection breaks.
    async fn connect(&self, credentials: Credentials) -> Result<Channel, ConnectError> {
        let tls = match (&credentials, &self.certificate) {
            (Credentials::Plaintext, _) => None,
            (Credentials::Anonymous | Credentials::Holder(_), Some(server)) => {
                Some(identity::connector(&credentials, server).map_err(|e| self.refused(&e))?)
            }
            (Credentials::Anonymous | Credentials::Holder(_), None) => {
                return Err(ConnectError::NoTls {
                    location: self.location.clone(),
                });
            }
        };
        let door = self.clone();
        let connector = tower::service_fn(move |_: Uri| {
            let (door, tls) = (door.clone(), tls.clone());
            async move {
                let stream: Pin<Box<dyn Stream>> = Box::into_pin(door.dial().await?);
                let stream: Pin<Box<dyn Stream>> = match tls {
                    None => stream,
                    Some(tls) => Box::pin(tls.connect(identity::server_name()?, stream).await?),
                };
                Ok::<_, io::Error>(TokioIo::new(stream))
            }
        });
        Endpoint::from_static("http://localhost")
            .connect_with_connector(connector)
            .await
            .map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &dyn std::error::Error) -> ConnectError {
        ConnectError::Refused {
            location: self.location.clone(),
            reason: causes(error),
        }
    }

    async fn dial(&self) -> io::Result<Box<dyn Stream>> {
        #[cfg(unix)]
        if self.unix {
            return Ok(Box::new(UnixStream::connect(&self.location).await?));
        }
        Ok(Box::new(TcpStream::connect(&self.location).await?))
    }
}

/// An error with all its causes in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}
