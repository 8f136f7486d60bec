//! The error the operator writes into a status: JSON text, sometimes plain text.

use serde::Deserialize;
use std::fmt;

/// An error of the operator, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorError {
    /// Java class, for example `org.apache.flink.kubernetes.operator.exception.ValidationException`.
    /// Empty for plain text.
    pub class: String,
    /// What the exception says.
    pub message: String,
    /// Why Kubernetes could not start a deployment: `ImagePullBackOff`, `CrashLoopBackOff`, ...
    pub reason: Option<String>,
    /// Messages of the exceptions underneath, outermost first. The operator keeps two at most.
    pub causes: Vec<String>,
}

/// The JSON form, which never appears outside this module.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    #[serde(default, rename = "type")]
    class: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    additional_metadata: Option<Metadata>,
    #[serde(default)]
    throwable_list: Option<Vec<Json>>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    reason: Option<String>,
}

impl OperatorError {
    /// Decodes the text of `status.error`. Text that is not the operator's JSON is the message.
    pub fn decode(text: &str) -> Self {
        let Ok(json) = serde_json::from_str::<Json>(text) else {
            return Self {
                message: text.trim().to_owned(),
                ..Self::default()
            };
        };
        if json.class.is_none() && json.message.is_none() {
            return Self {
                message: text.trim().to_owned(),
                ..Self::default()
            };
        }
        Self {
            class: json.class.unwrap_or_default(),
            message: json.message.unwrap_or_default(),
            reason: json.additional_metadata.and_then(|metadata| metadata.reason),
            causes: json
                .throwable_list
                .unwrap_or_default()
                .into_iter()
                .filter_map(|cause| cause.message)
                .collect(),
        }
    }

    /// Class name without its package: `ValidationException`.
    pub fn simple_class(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }

    /// The operator refuses the specification.
    pub fn is_validation(&self) -> bool {
        self.simple_class() == "ValidationException"
    }

    /// The running job cannot be stopped or restored in the way the upgrade mode says.
    pub fn is_upgrade_failure(&self) -> bool {
        self.simple_class() == "UpgradeFailureException"
    }

    /// Kubernetes cannot start the JobManager.
    pub fn is_deployment_failure(&self) -> bool {
        self.simple_class() == "DeploymentFailedException"
    }

    /// The operator could not carry out a step: it tries again, with growing pauses.
    pub fn is_reconciliation_failure(&self) -> bool {
        self.simple_class() == "ReconciliationException"
    }

    /// Nothing but a person can bring the job back: no state to restore from is known.
    pub fn needs_manual_restore(&self) -> bool {
        [
            "Manual restore required",
            "HA metadata is not available",
            "configmaps have been deleted",
        ]
        .iter()
        .any(|marker| self.message.contains(marker) || self.causes.iter().any(|cause| cause.contains(marker)))
    }

    /// What is wrong with the jar of a session job, where the error is about that.
    pub fn jar_problem(&self) -> Option<JarProblem> {
        let says = |words: &str| self.message.contains(words) || self.causes.iter().any(|cause| cause.contains(words));
        let unreachable = ["java.net.", "javax.net.ssl."];
        if self.is_validation() {
            return match () {
                () if says("jarURI scheme") => Some(JarProblem::Scheme),
                () if says("jarURI host") => Some(JarProblem::Host),
                () => None,
            };
        }
        match () {
            () if says("java.io.FileNotFoundException: ") => Some(JarProblem::Missing),
            () if unreachable.iter().any(|package| self.message.starts_with(package)) => Some(JarProblem::Unreachable),
            () => None,
        }
    }

    /// The innermost message: mostly the one that names what is wrong.
    pub fn root_cause(&self) -> &str {
        self.causes.last().map_or(self.message.as_str(), String::as_str)
    }
}

impl fmt::Display for OperatorError {
    /// The message with its causes, without stack traces and repetition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = first_line(&self.message);
        if let Some(reason) = self.reason.as_deref().filter(|reason| !message.contains(reason)) {
            write!(f, "{reason}: ")?;
        }
        f.write_str(message)?;
        let mut said = message;
        for cause in &self.causes {
            let cause = first_line(cause);
            if !said.contains(cause) {
                write!(f, ": {cause}")?;
                said = cause;
            }
        }
        Ok(())
    }
}

/// The first line that tells something, of a text that may hold a Java stack: what a JobManager has answered comes after
/// the classes of the client that asked it.
fn first_line(text: &str) -> &str {
    let text = text
        .split_once("<Exception on server side:\n")
        .map_or(text, |(_, answer)| answer);
    let line = text.lines().next().unwrap_or_default().trim();
    line.trim_start_matches("java.util.concurrent.CompletionException: ")
}

/// What is wrong with the jar of a session job, which the operator fetches itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JarProblem {
    /// There is no such file.
    Missing,
    /// Its host does not answer, or is not known.
    Unreachable,
    /// The operator's settings do not allow the scheme of its address.
    Scheme,
    /// The operator's settings do not allow its host, or the host cannot be looked up.
    Host,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_the_operator_writes() {
        let error = OperatorError::decode(
            r#"{"type":"org.apache.flink.kubernetes.operator.exception.DeploymentFailedException",
                "message":"[flink-main-container] back-off 20s restarting failed container",
                "additionalMetadata":{"reason":"CrashLoopBackOff"},"throwableList":[]}"#,
        );
        assert!(error.is_deployment_failure());
        assert_eq!(error.reason.as_deref(), Some("CrashLoopBackOff"));
        assert_eq!(
            error.to_string(),
            "CrashLoopBackOff: [flink-main-container] back-off 20s restarting failed container",
        );
    }

    #[test]
    fn names_the_causes_once() {
        let error = OperatorError::decode(
            r#"{"type":"org.apache.flink.util.SerializedThrowable",
                "message":"org.apache.flink.runtime.JobException: Recovery is suppressed",
                "additionalMetadata":{},
                "throwableList":[{"message":"java.io.IOException: disk full\n\tat x.y"},{"message":"disk full"}]}"#,
        );
        assert_eq!(
            error.to_string(),
            "org.apache.flink.runtime.JobException: Recovery is suppressed: java.io.IOException: disk full",
        );
        assert_eq!(error.root_cause(), "disk full");
    }

    #[test]
    fn what_the_jobmanager_has_answered() {
        let error = OperatorError::decode(
            r#"{"type":"a.ReconciliationException","message":"a.FlinkRuntimeException: b.RestClientException: [Internal server error., <Exception on server side:\njava.util.concurrent.CompletionException: c.ProgramInvocationException: The program's entry point class 'a.B' was not found in the jar file.\n\tat x.y"}"#,
        );
        assert_eq!(
            error.to_string(),
            "c.ProgramInvocationException: The program's entry point class 'a.B' was not found in the jar file.",
        );
    }

    #[test]
    fn what_is_wrong_with_a_jar() {
        for (class, message, expected) in [
            (
                "ReconciliationException",
                "java.io.FileNotFoundException: http://jars.example.com/a.jar",
                Some(JarProblem::Missing),
            ),
            (
                "ReconciliationException",
                "java.net.ConnectException: Connection refused",
                Some(JarProblem::Unreachable),
            ),
            (
                "ReconciliationException",
                "java.net.UnknownHostException: jars",
                Some(JarProblem::Unreachable),
            ),
            (
                "ValidationException",
                "jarURI scheme 'http' is not in the allowlist [https]",
                Some(JarProblem::Scheme),
            ),
            (
                "ValidationException",
                "jarURI host '10.95.0.1' resolves to a restricted address",
                Some(JarProblem::Host),
            ),
            ("ValidationException", "Job parallelism must be larger than 0", None),
            ("ReconciliationException", "quota exceeded", None),
        ] {
            let text = serde_json::json!({"type": format!("a.{class}"), "message": message}).to_string();
            assert_eq!(OperatorError::decode(&text).jar_problem(), expected, "{message}");
        }
    }

    #[test]
    fn plain_text_is_the_message() {
        for text in ["Job Not Found", "{not json", "{\"something\": \"else\"}", "[1]"] {
            let error = OperatorError::decode(text);
            assert_eq!((error.class.as_str(), error.message.as_str()), ("", text));
        }
    }

    #[test]
    fn manual_restore() {
        let text = r#"{"type":"a.b.UpgradeFailureException","message":"Job is in terminal state but last checkpoint is unknown. Manual restore required."}"#;
        let error = OperatorError::decode(text);
        assert!(error.is_upgrade_failure() && error.needs_manual_restore());
    }
}
