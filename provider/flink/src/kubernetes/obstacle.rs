//! What keeps a connection to the API server from coming about.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "errors of other crates, of which a few have words of their own here"
)]

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody listens there.
    Refused,
    /// The host's name means nothing here.
    UnknownHost,
    /// Nothing comes back, or no way leads there.
    Silence,
    /// The server's certificate is signed by somebody who is not trusted.
    UnknownAuthority,
    /// The server's certificate is for another name.
    OtherName,
    /// The server's certificate has expired, or is not valid yet.
    Expired,
    /// The server's certificate has another fault.
    Certificate,
    /// What listens there does not speak TLS.
    NoTls,
    /// The proxy cannot be reached.
    ProxyUnreachable,
    /// The proxy wants a user and a password.
    ProxyLogin,
    /// The proxy does not lead there.
    ProxyRefused,
    /// Something else.
    Other,
}

impl Obstacle {
    /// Whether it may be gone a moment later: a server that restarts, a name server that is busy.
    pub(crate) fn may_pass(self) -> bool {
        match self {
            Self::Refused | Self::UnknownHost | Self::ProxyUnreachable | Self::ProxyRefused | Self::Other => true,
            // Silence has taken its time already.
            Self::Silence
            | Self::UnknownAuthority
            | Self::OtherName
            | Self::Expired
            | Self::Certificate
            | Self::NoTls
            | Self::ProxyLogin => false,
        }
    }

    /// What was in the way of a request, if it was not delivered, and the innermost reason.
    pub(super) fn of(error: &kube::Error) -> (Option<Self>, String) {
        let unsent = matches!(
            error,
            kube::Error::Auth(_) | kube::Error::BuildRequest(_) | kube::Error::HttpError(_)
        );
        let mut found = unsent.then_some(Self::Other);
        let mut proxy = false;
        let mut reason = error.to_string();
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(link) = next {
            let text = link.to_string();
            if let Some(error) = link.downcast_ref::<hyper_util::client::legacy::Error>()
                && error.is_connect()
            {
                found = found.or(Some(Self::Other));
            }
            // Those of the connectors have no public type.
            if let Some(obstacle) = of_proxy(&text) {
                found = Some(obstacle);
                proxy = true;
            }
            if !proxy && let Some(obstacle) = of_link(link, &text, found.is_some()) {
                found = Some(obstacle);
            }
            reason = text;
            next = inner(link);
        }
        (found, reason)
    }
}

/// What is inside of an error. An I/O error passes over what it holds and names that one's source.
fn inner<'e>(link: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match link.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(held) => Some(held),
        None => link.source(),
    }
}

/// What one error of the chain says. `connecting`: an outer one says that no connection came about.
fn of_link(link: &(dyn Error + 'static), text: &str, connecting: bool) -> Option<Obstacle> {
    if let Some(error) = link.downcast_ref::<rustls::Error>() {
        return of_tls(error).filter(|_| connecting);
    }
    if let Some(error) = link.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::ConnectionRefused => Some(Obstacle::Refused),
            io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
                if connecting =>
            {
                Some(Obstacle::Silence)
            }
            _ => None,
        };
    }
    (connecting && text == "dns error").then_some(Obstacle::UnknownHost)
}

fn of_tls(error: &rustls::Error) -> Option<Obstacle> {
    Some(match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Obstacle::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Obstacle::OtherName,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Obstacle::Expired,
            _ => Obstacle::Certificate,
        },
        rustls::Error::InvalidMessage(_) => Obstacle::NoTls,
        _ => return None,
    })
}

fn of_proxy(text: &str) -> Option<Obstacle> {
    let problem = text
        .strip_prefix("tunnel error: ")
        .or_else(|| text.strip_prefix("SOCKS error: "))?;
    Some(match problem {
        "failed to create underlying connection" => Obstacle::ProxyUnreachable,
        "proxy authorization required"
        | "server does not support user/pass authentication"
        | "server implements authentication incorrectly"
        | "credentials not accepted" => Obstacle::ProxyLogin,
        _ => Obstacle::ProxyRefused,
    })
}
