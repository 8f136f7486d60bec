//! One request to the API server: its time limit, and when it is sent again.
//!
//! A request is sent again by itself only where the API server surely has not acted on it: it was
//! never delivered, or turned away with 429 or 503; or where it only looks. Whether a write whose answer was lost took place
//! is for its caller to find out.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER, WARNING};
use http::{Method, Request, StatusCode};
use kube::client::Body;
use kube::core::Status;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use tracing::debug;

use super::body::{self, Unread};
use super::cluster::Cluster;
use super::connection::{ConnectionError, Login};
pub(crate) use super::error::About;
use super::error::KubernetesError;
use super::obstacle::Obstacle;

/// How often it is looked, where an answer is lost or the API server fails.
const LOOKS: usize = 3;

/// What may not stand unescaped in a path segment or query value.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path, or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    query: String,
    body: Option<(&'static str, Vec<u8>)>,
}

impl Ask {
    pub(crate) fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: String::new(),
            body: None,
        }
    }

    pub(crate) fn query(mut self, pairs: &[(&str, &str)]) -> Self {
        for (name, value) in pairs {
            let separator = if self.query.is_empty() { '?' } else { '&' };
            self.query.push_str(&format!("{separator}{name}={}", segment(value)));
        }
        self
    }

    pub(crate) fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Some((content_type, body));
        self
    }

    pub(super) fn request(&self) -> Result<Request<Vec<u8>>, http::Error> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{}{}", self.path, self.query));
        if let Some((content_type, _)) = &self.body {
            request = request.header(CONTENT_TYPE, *content_type);
        }
        request.body(self.body.as_ref().map(|(_, body)| body.clone()).unwrap_or_default())
    }
}

/// When a request that was answered is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Where the API server is too busy to take it up: 429 and 503.
    Busy,
    /// Never: the answer comes from something behind the API server.
    Unanswered,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
    pub(super) retry_after: Option<Duration>,
    /// What the API server, or an admission webhook, warns of.
    pub(super) warnings: Vec<String>,
}

impl Answer {
    /// The Kubernetes status object of a failure, if it is one.
    pub(crate) fn failure(&self) -> Option<Status> {
        if self.status.is_success() {
            return None;
        }
        let status: Status = serde_json::from_slice(&self.body).ok()?;
        // Any JSON object would read as a status, because all its fields are optional.
        (status.status.is_some() || !status.message.is_empty()).then(|| {
            let code = self.status.as_u16();
            status.with_code(code)
        })
    }

    /// Whether a failure names the object of this resource and name, and so is about the object and
    /// not about a missing kind, a missing namespace, or a server that is no API server at all.
    pub(crate) fn names(&self, resource: &str, name: &str) -> bool {
        self.failure()
            .and_then(|status| status.details)
            .is_some_and(|details| details.kind == resource && details.name == name)
    }

    /// The object in a successful answer.
    pub(crate) fn json<T: DeserializeOwned>(&self, cluster: &Cluster, about: &About<'_>) -> Result<T, KubernetesError> {
        if !self.status.is_success() {
            return Err(KubernetesError::of_answer(self, cluster, about));
        }
        serde_json::from_slice(&self.body).map_err(|error| KubernetesError::Malformed {
            what: about.to_string(),
            reason: error.to_string(),
        })
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// No credentials: the request was not sent.
    NoLogin(ConnectionError),
    /// No connection: the request was not delivered.
    Undelivered { obstacle: Obstacle, reason: String },
    /// The connection broke: the request may have been acted on.
    Cut { reason: String },
    /// No answer in time: the request may have been acted on.
    TimedOut,
    /// The answer is larger than anything that is asked for.
    TooLarge,
    /// The caller was told to stop.
    Stopped,
}

impl NoAnswer {
    pub(crate) fn reason(self) -> String {
        match self {
            Self::NoLogin(error) => error.to_string(),
            Self::Undelivered { reason, .. } | Self::Cut { reason } => reason,
            Self::TimedOut => "no answer in time".to_owned(),
            Self::TooLarge => body::too_large(),
            Self::Stopped => "stopped on request".to_owned(),
        }
    }

    pub(crate) fn into_error(self, cluster: &Cluster, about: &About<'_>) -> KubernetesError {
        let server = cluster.server().to_owned();
        let what = about.to_string();
        match self {
            Self::NoLogin(error) => KubernetesError::Connection(Box::new(error)),
            Self::Undelivered { obstacle, reason } => KubernetesError::Unreachable {
                peer: cluster.peer(),
                obstacle,
                reason,
            },
            Self::Cut { reason } => KubernetesError::Cut { server, what, reason },
            Self::TimedOut => KubernetesError::TimedOut {
                server,
                what,
                seconds: cluster.limits.request.as_secs(),
            },
            Self::TooLarge => KubernetesError::Malformed {
                what,
                reason: body::too_large(),
            },
            Self::Stopped => KubernetesError::Stopped { what },
        }
    }
}

impl Cluster {
    /// Sends a request, again where that is safe, and returns its answer.
    pub(crate) async fn send(&self, ask: Ask, retry: Retry) -> Result<Answer, NoAnswer> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(self.limits.pause)
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(self.limits.attempts.saturating_sub(1))
            .with_jitter()
            .build();
        let (mut renewed, mut looks) = (false, 1);
        loop {
            let login = self.login().await?;
            let outcome = self.send_once(&login, &ask).await;
            if let Ok(answer) = &outcome {
                if answer.status != StatusCode::UNAUTHORIZED {
                    login.accepted();
                } else if !renewed && answer.failure().is_some() && self.session.refused(&login).await {
                    // The API server has not acted on it.
                    renewed = true;
                    continue;
                }
            }
            let asked_for = match &outcome {
                Err(NoAnswer::Undelivered { obstacle, .. }) if obstacle.may_pass() => None,
                // Looking changes nothing: whoever looks is not to fail because one connection has ended, or one server.
                Err(NoAnswer::Cut { .. }) if ask.method == Method::GET && looks < LOOKS => {
                    looks += 1;
                    None
                }
                Ok(answer) if retry == Retry::Busy && is_busy(answer.status) => answer.retry_after,
                Ok(answer)
                    if retry == Retry::Busy && ask.method == Method::GET && has_failed(answer) && looks < LOOKS =>
                {
                    looks += 1;
                    None
                }
                _ => return outcome,
            };
            let Some(pause) = pauses.next() else { return outcome };
            let pause = asked_for.unwrap_or(pause).min(Duration::from_secs(30));
            debug!(path = ask.path, pause = ?pause, "the API server did not take up the request; sending it again");
            tokio::select! {
                () = self.stop.cancelled() => return Err(NoAnswer::Stopped),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The login of the moment.
    pub(crate) async fn login(&self) -> Result<Arc<Login>, NoAnswer> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(NoAnswer::Stopped),
            login = self.session.login() => login.map_err(NoAnswer::NoLogin),
        }
    }

    /// Sends a request once. A request that is under way is not abandoned when the caller is told to
    /// stop: it has its own time limit, and a write cut off half-way is worse than a late stop.
    async fn send_once(&self, login: &Login, ask: &Ask) -> Result<Answer, NoAnswer> {
        let request = ask
            .request()
            .map_err(|error| NoAnswer::Undelivered {
                obstacle: Obstacle::Other,
                reason: error.to_string(),
            })?
            .map(Body::from);
        let exchange = async {
            let response = login.client.send(request).await.map_err(|error| no_answer(&error))?;
            let status = response.status();
            debug!(method = %ask.method, path = ask.path, status = status.as_u16(), "answered");
            let retry_after = response
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            let warnings = warnings(response.headers());
            Ok(Answer {
                status,
                body: body::whole(response.into_body()).await.map_err(unread)?,
                retry_after,
                warnings,
            })
        };
        tokio::time::timeout(self.limits.request, exchange)
            .await
            .unwrap_or(Err(NoAnswer::TimedOut))
    }
}

/// The head of the answer has arrived: the request was delivered.
pub(super) fn unread(unread: Unread) -> NoAnswer {
    match unread {
        Unread::Broken(error) => NoAnswer::Cut {
            reason: no_answer(&error).reason(),
        },
        Unread::TooLarge => NoAnswer::TooLarge,
    }
}

/// Whether the API server, or what is before it, has failed at this request.
fn has_failed(answer: &Answer) -> bool {
    [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::GATEWAY_TIMEOUT,
    ]
    .contains(&answer.status)
}

fn is_busy(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE
}

/// The texts of `Warning: 299 - "..."`, each once.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let mut texts = Vec::new();
    for header in headers.get_all(WARNING) {
        let Ok(header) = std::str::from_utf8(header.as_bytes()) else {
            continue;
        };
        let Some((_, quoted)) = header.split_once('"') else {
            continue;
        };
        let mut text = String::new();
        let mut letters = quoted.chars();
        while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
            text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
        }
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Tells a request that was never delivered from one whose answer was lost.
pub(super) fn no_answer(error: &kube::Error) -> NoAnswer {
    let (obstacle, reason) = Obstacle::of(error);
    match obstacle {
        Some(obstacle) => NoAnswer::Undelivered { obstacle, reason },
        None => NoAnswer::Cut { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_as_the_api_server_writes_them() {
        let mut headers = HeaderMap::new();
        for header in [
            r#"299 - "spec.job.args: better not""#,
            r#"299 - "spec.job.args: better not""#,
            r#"299 - "say \"latest\", and C:\\x" "Sat, 21 Nov 2026 18:00:00 GMT""#,
            "299 - nothing quoted",
        ] {
            headers.append(WARNING, header.parse().unwrap());
        }
        assert_eq!(
            warnings(&headers),
            ["spec.job.args: better not", r#"say "latest", and C:\x"#]
        );
    }
}
