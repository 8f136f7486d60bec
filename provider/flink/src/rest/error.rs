//! What the JobManager, or the way to it, can answer instead of what was asked for.

use http::StatusCode;
use serde_json::Value;

use crate::kubernetes::KubernetesError;
use crate::kubernetes::request::NoAnswer;

/// A question the JobManager did not answer. Fragments in lower case that fit after "failed to"; none holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The service has no JobManager behind it at the moment.
    #[error("the JobManager {job_manager} does not answer: {message}")]
    NoJobManager {
        /// Where it should be.
        job_manager: String,
        /// What the API server says.
        message: String,
    },
    /// There is no such service: the cluster is not deployed, or deleted.
    #[error("there is no service {namespace}/{service}")]
    NoService {
        /// Namespace of the service.
        namespace: String,
        /// Name of the service.
        service: String,
    },
    /// No connection to the URL: nothing was sent.
    #[error("the JobManager {job_manager} cannot be reached: {reason}")]
    Unreachable {
        /// Where it should be.
        job_manager: String,
        /// Innermost reason, such as `connection refused`.
        reason: String,
    },
    /// The connection to the URL broke, or the answer did not come in time.
    #[error("the JobManager {job_manager} did not answer {path}: {reason}")]
    NoAnswer {
        /// Where it should be.
        job_manager: String,
        /// Path of the question.
        path: String,
        /// What became of the request.
        reason: String,
    },
    /// Whoever stands before the JobManager wants other credentials.
    #[error("whoever answers for the JobManager {job_manager} does not accept the credentials (status {code})")]
    Unauthorized {
        /// Where it should be.
        job_manager: String,
        /// HTTP status: 401 or 403.
        code: u16,
    },
    /// What answers is no JobManager: another service, a proxy, a login page.
    #[error("what answers {job_manager} is no JobManager (status {code})")]
    NotAJobManager {
        /// Where it should be.
        job_manager: String,
        /// HTTP status.
        code: u16,
    },
    /// The JobManager answers with an error.
    #[error("the JobManager refuses {path} (status {code}): {message}")]
    Refused {
        /// Path of the question.
        path: String,
        /// HTTP status: 404 for an unknown job, 409 for one that has ended.
        code: u16,
        /// Its error in a sentence, without the Java stack.
        message: String,
    },
    /// The answer does not have the expected shape.
    #[error("the JobManager's answer to {path} cannot be read: {reason}")]
    Malformed {
        /// Path of the question.
        path: String,
        /// Where, and what is wrong there.
        reason: String,
    },
    /// The caller was told to stop.
    #[error("stopped on request")]
    Stopped,
    /// The API server cannot be reached, or does not allow it.
    #[error(transparent)]
    Kubernetes(#[from] KubernetesError),
}

impl RestError {
    /// Whether the JobManager has no such job (or trigger).
    pub fn is_unknown_job(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. }) && !self.is_without_checkpointing()
    }

    /// Whether the job has ended already, so that it cannot be cancelled.
    pub fn is_ended_job(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }

    /// Whether the job does not take checkpoints.
    pub fn is_without_checkpointing(&self) -> bool {
        matches!(self, Self::Refused { code: 404, message, .. }
            if message.starts_with("Checkpointing ") && message.contains("enabled"))
    }

    /// Whether a request that changes something may have been acted on.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Malformed { .. } => true,
            Self::Refused { code, .. } | Self::NotAJobManager { code, .. } => *code >= 500,
            Self::Kubernetes(error) => error.outcome_unknown(),
            Self::NoJobManager { .. }
            | Self::NoService { .. }
            | Self::Unreachable { .. }
            | Self::Unauthorized { .. }
            | Self::Stopped => false,
        }
    }

    /// Why a URL did not answer.
    pub(super) fn of_no_answer(no_answer: NoAnswer, job_manager: String, path: &str) -> Self {
        let broken = |reason| Self::NoAnswer {
            job_manager: job_manager.clone(),
            path: path.to_owned(),
            reason,
        };
        match no_answer {
            NoAnswer::NoLogin(error) => Self::Unreachable {
                job_manager,
                reason: error.to_string(),
            },
            NoAnswer::Undelivered { reason, .. } => Self::Unreachable { job_manager, reason },
            NoAnswer::Cut { reason } => broken(format!("the connection broke: {reason}")),
            NoAnswer::TimedOut => broken("no answer in time".to_owned()),
            no_answer @ NoAnswer::TooLarge => Self::Malformed {
                path: path.to_owned(),
                reason: no_answer.reason(),
            },
            NoAnswer::Stopped => Self::Stopped,
        }
    }

    /// The error of an answer from a URL that Flink did not write.
    pub(super) fn of_foreign_answer(status: StatusCode, job_manager: String) -> Self {
        let code = status.as_u16();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Unauthorized { job_manager, code },
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::NoJobManager {
                job_manager,
                message: format!("status {code}"),
            },
            _ => Self::NotAJobManager { job_manager, code },
        }
    }
}

/// The text of a JobManager's error, `{"errors": ["...", ...]}`.
pub(super) fn refusal(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let errors = body.get("errors")?.as_array()?;
    let texts: Vec<&str> = errors
        .iter()
        .filter_map(Value::as_str)
        .filter(|text| !text.trim().is_empty())
        .collect();
    Some(texts.join("\n"))
}
