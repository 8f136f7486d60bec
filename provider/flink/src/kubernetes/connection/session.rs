//! The client of the moment.
//!
//! It is made by the first request, and made anew, from files and plugins as they are then, when its
//! credentials have expired, when the token file has another token, when the file of authorities has others, or when the API server no longer
//! accepts what it accepted before.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tracing::debug;
use x509_cert::der::Decode;

use super::settings::is_token;
use super::settings::{Setting, certificates_of};
use super::{Connection, ConnectionError, Environment, Peer, Target, exec};
use crate::kubernetes::client;

/// Credentials are renewed this long before they end: a request is on its way for some time.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_secs(10);

/// After credentials could not be had, the same error stands for this long: one plugin that asks
/// nobody's password is run once, not once for every resource.
const PAUSE: Duration = Duration::from_secs(30);

/// How the requests of one cluster are sent.
pub(crate) struct Session {
    /// Where logins come from; without it, there is one for good.
    source: Option<(Connection, Environment)>,
    state: Mutex<State>,
    peer: RwLock<Arc<Peer>>,
}

struct State {
    target: Target,
    login: Option<Arc<Login>>,
    failed: Option<(Instant, ConnectionError)>,
    begun: bool,
}

/// A client and its credentials.
pub(crate) struct Login {
    pub client: kube::Client,
    /// When it has to be made anew.
    until: Option<Timestamp>,
    /// The file that the token is from, and the token.
    token_file: Option<(PathBuf, SecretString)>,
    /// The file that the trusted authorities are from, and they.
    authority_file: Option<(PathBuf, Vec<Vec<u8>>)>,
    /// Whether the API server has accepted it.
    accepted: AtomicBool,
}

impl Session {
    /// A session with one client for good.
    pub(crate) fn given(client: kube::Client, peer: Peer) -> Self {
        let login = Login {
            client,
            until: None,
            token_file: None,
            authority_file: None,
            accepted: AtomicBool::new(false),
        };
        let target = Target {
            config: kube::Config::new(http::Uri::default()),
            peer: peer.clone(),
        };
        Self::new(None, target, Some(Arc::new(login)))
    }

    /// A session that logs in when it has to.
    pub(super) fn with(connection: Connection, environment: Environment, target: Target) -> Self {
        Self::new(Some((connection, environment)), target, None)
    }

    fn new(source: Option<(Connection, Environment)>, target: Target, login: Option<Arc<Login>>) -> Self {
        Self {
            source,
            peer: RwLock::new(Arc::new(target.peer.clone())),
            state: Mutex::new(State {
                target,
                login,
                failed: None,
                begun: false,
            }),
        }
    }

    /// The other end, and who says so.
    pub(crate) fn peer(&self) -> Arc<Peer> {
        self.peer.read().map(|peer| peer.clone()).unwrap_or_default()
    }

    /// The login of the moment.
    ///
    /// # Errors
    /// There are no credentials to be had.
    pub(crate) async fn login(&self) -> Result<Arc<Login>, ConnectionError> {
        let mut state = self.state.lock().await;
        if let Some(login) = state.login.as_ref().filter(|login| login.is_good()) {
            return Ok(login.clone());
        }
        if let Some((at, error)) = &state.failed
            && at.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        // What could be read before and cannot now is used as it was: tools write such files anew, or remove them.
        if state.begun
            && let Some((connection, environment)) = &self.source
            && let Ok(target) = connection.target(environment)
        {
            state.target = target;
        }
        state.begun = true;
        match log_in(&state.target).await {
            Ok((login, peer)) => {
                debug!(server = peer.server, "connects with {}", peer.credentials());
                if let Ok(mut known) = self.peer.write() {
                    *known = Arc::new(peer);
                }
                let login = Arc::new(login);
                (state.login, state.failed) = (Some(login.clone()), None);
                Ok(login)
            }
            Err(error) => {
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Gives up a login that the API server refuses. Whether another one may fare better: where it
    /// was accepted before, so that it has expired or was revoked since.
    pub(crate) async fn refused(&self, login: &Arc<Login>) -> bool {
        if self.source.is_none() || !login.accepted.load(Ordering::Relaxed) {
            return false;
        }
        let mut state = self.state.lock().await;
        // Another request may have been quicker.
        if state.login.as_ref().is_some_and(|current| Arc::ptr_eq(current, login)) {
            debug!("credentials that were accepted before are refused: getting others");
            state.login = None;
        }
        true
    }
}

impl Login {
    /// Remembers that the API server knows who asks.
    pub(crate) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    fn is_good(&self) -> bool {
        let expired = self
            .until
            .is_some_and(|until| Timestamp::now() + BEFORE_THE_END >= until);
        // A file that was removed after the start is no reason to stop: some tools do that.
        let changed = self.token_file.as_ref().is_some_and(|(path, token)| {
            std::fs::read_to_string(path)
                .is_ok_and(|text| is_token(text.trim()) && text.trim() != token.expose_secret())
        });
        // Authorities are renewed, too.
        let others = self.authority_file.as_ref().is_some_and(|(path, known)| {
            std::fs::read_to_string(path).is_ok_and(|text| {
                certificates_of(&text, Setting::kubeconfig("ca.crt")).is_ok_and(|found| found != *known)
            })
        });
        !expired && !changed && !others
    }
}

/// Gets credentials and makes a client with them.
async fn log_in(target: &Target) -> Result<(Login, Peer), ConnectionError> {
    let (mut config, mut peer) = (target.config.clone(), target.peer.clone());
    let (plugin, file) = (config.auth_info.exec.take(), config.auth_info.token_file.take());
    let (mut until, mut token_file) = (None, None);
    let auth = &mut config.auth_info;
    // The order in which they are taken.
    let named = auth.token.is_some() || auth.auth_provider.is_some() || auth.username.is_some();
    match (file, plugin) {
        (Some(path), _) if !named => {
            let token = read_token(&path, &peer)?;
            auth.token = Some(token.clone());
            token_file = Some((PathBuf::from(path), token));
        }
        (None, Some(plugin)) if !named => {
            let credentials = exec::run(&plugin, exec::PATIENCE).await;
            let credentials = credentials.map_err(|problem| ConnectionError::Exec {
                credentials: peer.credentials.clone(),
                problem,
            })?;
            until = credentials.expires;
            auth.token = credentials.token;
            if let Some((certificate, key)) = credentials.certificate {
                auth.client_certificate_data = Some(STANDARD.encode(certificate));
                auth.client_key_data = Some(SecretString::from(STANDARD.encode(key.expose_secret())));
            }
        }
        _ => {}
    }
    let end = match &auth.token {
        Some(token) => end_of_token(token.expose_secret()),
        None => end_of_certificate(&config.auth_info),
    };
    if let Some(end) = end {
        peer.credentials = format!("{} (valid until {end})", peer.credentials());
    }
    let client = client::connect(&config).map_err(|error| ConnectionError::Client {
        server: peer.server.clone(),
        credentials: peer.credentials().to_owned(),
        reason: error.to_string(),
    })?;
    let login = Login {
        client,
        until,
        token_file,
        authority_file: config.root_cert_file.zip(config.root_cert),
        accepted: AtomicBool::new(false),
    };
    Ok((login, peer))
}

fn read_token(path: &str, peer: &Peer) -> Result<SecretString, ConnectionError> {
    let wrong = |reason: String| ConnectionError::TokenFile {
        credentials: peer.credentials.clone(),
        reason,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    if is_token(token) {
        Ok(SecretString::from(token))
    } else {
        Err(wrong("what it holds is not a token".to_owned()))
    }
}

/// When a token ends, if it is one that says so.
fn end_of_token(token: &str) -> Option<Timestamp> {
    let claims = token.split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Timestamp::from_second(claims.get("exp")?.as_i64()?).ok()
}

/// When a client certificate ends.
fn end_of_certificate(user: &kube::config::AuthInfo) -> Option<Timestamp> {
    let pem = match (&user.client_certificate_data, &user.client_certificate) {
        (Some(data), _) => STANDARD.decode(data).ok()?,
        (None, Some(path)) => std::fs::read(path).ok()?,
        (None, None) => return None,
    };
    let certificate = CertificateDer::from_pem_slice(&pem).ok()?;
    let certificate = x509_cert::Certificate::from_der(&certificate).ok()?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    Timestamp::from_second(i64::try_from(end.as_secs()).ok()?).ok()
}
