//! go-plugin's start: what the client says in our environment, and the one line we answer with.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::listener::{Address, Place};

/// Set by Terraform for the programs it starts as plugins. No secret: it only tells a plugin that
/// no human started it.
pub(crate) const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);

/// Names the folder for the socket.
pub(crate) const SOCKET_DIR: &str = "PLUGIN_UNIX_SOCKET_DIR";

/// Version of go-plugin's own start-up rules.
pub(crate) const CORE_VERSION: u32 = 1;

/// The Terraform plugin protocol spoken here.
pub(crate) const PROTOCOL_VERSION: u32 = 5;

/// What the client asked for.
#[derive(Debug, PartialEq)]
pub(crate) struct Invitation {
    /// The certificate to expect. Absent: the user switched TLS off.
    pub client_certificate: Option<CertificateDer<'static>>,
    /// Where to listen.
    pub place: Place,
}

/// Why this start leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Declined {
    #[error(
        "this is a plugin: Terraform and OpenTofu start it themselves. Write a `required_providers` entry for it and run `terraform init`; to debug it, start it with --debug"
    )]
    NotAPlugin,
    #[error(
        "this provider speaks version 5 of the Terraform plugin protocol, the program that started it only {offered}; use a Terraform or OpenTofu that speaks version 5, or a newer provider"
    )]
    Protocol { offered: String },
    #[error("read the certificate in PLUGIN_CLIENT_CERT")]
    Certificate(#[source] pem::Error),
    #[error("read {variable}: `{value}` is no port between 0 and 65535")]
    Port { variable: &'static str, value: String },
}

impl Invitation {
    /// Reads the environment, given as a function from name to value.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Declined> {
        let text = |name: &str| {
            variable(name)
                .map(|value| value.to_string_lossy().into_owned())
                .filter(|value| !value.is_empty())
        };
        let (cookie, expected) = COOKIE;
        if text(cookie).as_deref() != Some(expected) {
            return Err(Declined::NotAPlugin);
        }
        // Clients older than the variable speak the oldest version we have.
        if let Some(offered) = text("PLUGIN_PROTOCOL_VERSIONS") {
            let mut versions = offered.split(',').map(|version| version.trim().parse());
            if !versions.any(|version| version == Ok(PROTOCOL_VERSION)) {
                return Err(Declined::Protocol { offered });
            }
        }
        let client_certificate = text("PLUGIN_CLIENT_CERT")
            .map(|pem| CertificateDer::from_pem_slice(pem.as_bytes()))
            .transpose()
            .map_err(Declined::Certificate)?;
        let port = |variable: &'static str| match text(variable) {
            None => Ok(0),
            Some(value) => value.parse().map_err(|_| Declined::Port { variable, value }),
        };
        let lowest = port("PLUGIN_MIN_PORT")?;
        let place = Place {
            socket_dir: variable(SOCKET_DIR).filter(|value| !value.is_empty()).map(Into::into),
            ports: lowest..=port("PLUGIN_MAX_PORT")?.max(lowest),
        };
        Ok(Self {
            client_certificate,
            place,
        })
    }
}

/// The answer: where to connect and which certificate to expect.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Where we listen.
    pub address: &'a Address,
    /// Our certificate, with TLS.
    pub certificate: Option<&'a CertificateDer<'static>>,
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, certificate } = self;
        write!(f, "{CORE_VERSION}|{PROTOCOL_VERSION}|{address}|grpc|")?;
        match certificate {
            Some(der) => f.write_str(&BASE64_STANDARD_NO_PAD.encode(der)),
            None => Ok(()),
        }
    }
}

/// Prints the only line that ever goes to stdout, then lets stdout flow into stderr.
///
/// Whatever a library prints afterwards becomes a log line of Terraform's instead of breaking its
/// reader.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    #[cfg(unix)]
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an environment that has the cookie and `set`.
    fn read(set: &[(&str, &str)]) -> Result<Invitation, Declined> {
        Invitation::read(|name| {
            [COOKIE]
                .iter()
                .chain(set)
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        })
    }

    #[test]
    fn without_the_cookie_a_human_started_it() {
        for cookie in [None, Some(""), Some("chocolate")] {
            let declined = Invitation::read(|name| (name == COOKIE.0).then(|| cookie.map(OsString::from)).flatten());
            assert!(matches!(declined, Err(Declined::NotAPlugin)), "{cookie:?}");
        }
    }

    #[test]
    fn protocol_5_must_be_offered() {
        for offered in ["5", "5,6", "6,5", "4, 5", ""] {
            assert!(read(&[("PLUGIN_PROTOCOL_VERSIONS", offered)]).is_ok(), "{offered}");
        }
        for offered in ["6", "4,6", "55", "x"] {
            let error = read(&[("PLUGIN_PROTOCOL_VERSIONS", offered)]).expect_err(offered);
            assert!(error.to_string().contains(&format!("only {offered};")), "{error}");
        }
    }

    #[test]
    fn ports_and_folder_are_read() {
        let plain = read(&[]).expect("fine");
        assert_eq!(
            plain.place,
            Place {
                socket_dir: None,
                ports: 0..=0
            }
        );
        assert_eq!(plain.client_certificate, None);

        let full = read(&[
            (SOCKET_DIR, "/run/plugins"),
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
        ]);
        let place = Place {
            socket_dir: Some("/run/plugins".into()),
            ports: 10000..=25000,
        };
        assert_eq!(full.expect("fine").place, place);

        let error = read(&[("PLUGIN_MAX_PORT", "70000")]).expect_err("no port");
        assert_eq!(
            error.to_string(),
            "read PLUGIN_MAX_PORT: `70000` is no port between 0 and 65535"
        );
    }

    #[test]
    fn a_broken_certificate_is_refused() {
        let error = read(&[("PLUGIN_CLIENT_CERT", "no certificate")]).expect_err("no PEM");
        assert!(matches!(error, Declined::Certificate(_)), "{error}");
    }

    #[test]
    fn the_answer_is_one_line_of_six_fields() {
        let address = Address {
            network: "unix",
            location: "/tmp/plugin1/s".into(),
        };
        let plain = Answer {
            address: &address,
            certificate: None,
        };
        assert_eq!(plain.to_string(), "1|5|unix|/tmp/plugin1/s|grpc|");
        let certificate = CertificateDer::from(vec![0, 1, 2, 3]);
        let tls = Answer {
            certificate: Some(&certificate),
            ..plain
        };
        assert_eq!(tls.to_string(), "1|5|unix|/tmp/plugin1/s|grpc|AAECAw");
    }
}
