//! From the start of the process to its end.

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Server;

use crate::connections::{Connections, incoming};
use crate::generated::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::generated::plugin::grpc_controller_server::GrpcControllerServer;
use crate::generated::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::generated::tfplugin5::provider_server::{Provider, ProviderServer};
use crate::go_plugin::{GoPlugin, HEALTH_SERVICE};
use crate::handlers::{Handlers, log_panics};
use crate::handshake::{self, Answer, Declined, Invitation};
use crate::listener::{Address, ListenError, Listener, Place};
use crate::log::{self, Line};
use crate::reattach;
use crate::signals::{Interrupt, Signals};
use crate::tls::{Tls, TlsError};

/// Largest message either side sends: what HashiCorp's Go SDK allows.
pub const LARGEST_MESSAGE: usize = 256 << 20;

/// How long the client may take from our handshake line to its first connection. go-plugin gives
/// up after a minute.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);

/// How long no connection may be open before the client counts as dead.
const CLIENT_LOST: Duration = Duration::from_secs(3);

/// How long running handlers may take to wind down.
const HANDLERS_END: Duration = Duration::from_secs(10);

/// How long connections may take to close once no handler runs. Terraform kills after 2 s.
const CONNECTIONS_END: Duration = Duration::from_millis(1500);

/// Why the process ends before it served anybody.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Declined(#[from] Declined),
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("print the handshake line")]
    Handshake(#[source] std::io::Error),
}

/// Serves `provider` to the Terraform that started this process, until it is told to end or
/// Terraform is gone.
///
/// `address` is the provider's source address, `registry.terraform.io/<namespace>/<type>`.
/// `handlers` runs the provider's handlers: its token is cancelled before the process ends, and
/// the end waits for the handlers, 10 s at most.
///
/// With the argument `--debug` a developer started it: it prints what to set so that Terraform
/// attaches, and Ctrl-C ends it.
///
/// It takes over logging, panic messages, signals and stdout of the whole process, so it is called
/// once. The exit code is 1 if nobody could be served; the reason is on stderr.
pub async fn serve<P: Provider>(address: &str, provider: P, handlers: Handlers) -> ExitCode {
    let kind = address.rsplit('/').next().unwrap_or(address);
    log::install(kind);
    log_panics();
    let start = if env::args()
        .skip(1)
        .any(|argument| argument == "--debug" || argument == "-debug")
    {
        Start::debugged(address).await
    } else {
        Start::invited().await
    };
    match start {
        Ok(start) => {
            start.run(provider, handlers).await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            refuse(kind, &error);
            ExitCode::FAILURE
        }
    }
}

/// A process that listens and has said so.
struct Start {
    listener: Listener,
    tls: Option<TlsAcceptor>,
    signals: Signals,
    /// Whether the process ends with its client, as under Terraform.
    ends_with_client: bool,
}

impl Start {
    /// Started by Terraform: the invitation is in the environment, the answer goes to stdout.
    async fn invited() -> Result<Self, StartError> {
        let Invitation {
            client_certificate,
            place,
        } = Invitation::read(|name| env::var_os(name))?;
        let tls = client_certificate.map(Tls::for_client).transpose()?;
        let (tls, certificate): (_, Option<CertificateDer<'static>>) = match tls {
            Some(Tls { acceptor, certificate }) => (Some(acceptor), Some(certificate)),
            None => (None, None),
        };
        let answer = |address: &Address| {
            Answer {
                address,
                certificate: certificate.as_ref(),
            }
            .to_string()
        };
        Self::listening(&place, answer, tls, true).await
    }

    /// Started by a developer: no cookie, no TLS, and Terraform comes and goes.
    async fn debugged(source: &str) -> Result<Self, StartError> {
        eprint("Attach Terraform to this provider by setting the variable below. Ctrl-C ends it.");
        let place = Place {
            socket_dir: None,
            ports: 0..=0,
        };
        let answer = |address: &Address| reattach::assignment(source, address);
        Self::listening(&place, answer, None, false).await
    }

    /// Listens at `place` and prints the line `answer` makes of the address.
    async fn listening(
        place: &Place,
        answer: impl Fn(&Address) -> String,
        tls: Option<TlsAcceptor>,
        ends_with_client: bool,
    ) -> Result<Self, StartError> {
        // Before anybody learns of us: the socket must not outlive an early signal.
        let signals = Signals::listen().map_err(StartError::Signals)?;
        let (listener, address) = Listener::bind(place).await?;
        handshake::say(&answer(&address)).map_err(StartError::Handshake)?;
        Ok(Self {
            listener,
            tls,
            signals,
            ends_with_client,
        })
    }

    /// Serves until the end, then waits for handlers and connections within their bounds.
    async fn run<P: Provider>(self, provider: P, handlers: Handlers) {
        let Self {
            listener,
            tls,
            signals,
            ends_with_client,
        } = self;
        let stop = handlers.stop().clone();
        let connections = Connections::default();

        let on_interrupt = if ends_with_client {
            Interrupt::Ignored
        } else {
            Interrupt::Ends
        };
        tokio::spawn(signals.obey(on_interrupt, stop.clone()));
        if ends_with_client {
            let (connections, stop) = (connections.clone(), stop.clone());
            tokio::spawn(async move {
                connections.lost(FIRST_CONNECTION, CLIENT_LOST).await;
                tracing::warn!("the client is gone, ending");
                stop.cancel();
            });
        }

        let (health, health_service) = tonic_health::server::health_reporter();
        health
            .set_service_status(HEALTH_SERVICE, tonic_health::ServingStatus::Serving)
            .await;
        let go_plugin = GoPlugin::new(stop.clone());
        let provider = ProviderServer::new(provider)
            .max_decoding_message_size(LARGEST_MESSAGE)
            .max_encoding_message_size(LARGEST_MESSAGE);
        let served = Server::builder()
            .add_service(health_service)
            .add_service(GrpcControllerServer::new(go_plugin.clone()))
            .add_service(GrpcStdioServer::new(go_plugin.clone()))
            .add_service(GrpcBrokerServer::new(go_plugin))
            .add_service(provider)
            .serve_with_incoming_shutdown(incoming(listener, tls, connections), stop.clone().cancelled_owned());

        let ended = async {
            if let Err(error) = served.await {
                tracing::error!(error = &error as &dyn Error, "the server ended");
            }
            stop.cancel();
            // Connections are closed, but a handler whose caller is gone may still be writing.
            handlers.idle(HANDLERS_END).await;
        };
        let too_late = async {
            stop.cancelled().await;
            if !handlers.idle(HANDLERS_END).await {
                tracing::error!("handlers still run; what they do is left unfinished");
            }
            tokio::time::sleep(CONNECTIONS_END).await;
            tracing::warn!("connections are still open, ending all the same");
        };
        tokio::select! {
            () = ended => {}
            () = too_late => {}
        }
    }
}

/// Says why nobody is served: to a human on stderr and, where Terraform waits for the handshake
/// line, in its place on stdout, because Terraform shows that line to the user.
fn refuse(kind: &str, error: &StartError) {
    let mut text = format!("terraform-provider-{kind}: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    if matches!(error, StartError::Declined(Declined::NotAPlugin)) {
        eprint(&text);
        return;
    }
    let line = Line::new("error", module_path!(), &text);
    line.write();
    if !matches!(error, StartError::Handshake(_)) {
        let _ = handshake::say(&text.replace(['|', '\n'], " "));
    }
}

/// A line for a human. Unlike `eprintln!` it does not panic when nobody reads.
fn eprint(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
