//! What the API server, or the way to it, can answer instead of what was asked for.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use kube::core::Status;
use kube::core::response::StatusCause;

use super::cluster::Cluster;
use super::connection::{ConnectionError, Peer};
use super::obstacle::Obstacle;
use super::request::Answer;
use crate::operator::resource::{GROUP, VERSION};

/// A request that failed. Fragments in lower case that fit after "failed to"; none holds a secret.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KubernetesError {
    /// No credentials, or nothing to make a connection from: nothing was sent.
    #[error("{0}")]
    Connection(Box<ConnectionError>),
    /// No connection: nothing was sent.
    #[error("the API server at {}{} cannot be reached: {reason}", .peer.server, .peer.origin())]
    Unreachable {
        /// The API server, and who names it.
        peer: Arc<Peer>,
        /// What is in the way.
        obstacle: Obstacle,
        /// Innermost reason, such as `connection refused`.
        reason: String,
    },
    /// The connection broke before the answer was complete.
    #[error("{what}: the connection to {server} broke before the answer arrived: {reason}")]
    Cut {
        /// URL of the API server.
        server: String,
        /// What was asked, such as `patch flinkdeployments team/orders`.
        what: String,
        /// Innermost reason.
        reason: String,
    },
    /// No answer in time.
    #[error("{what}: {server} did not answer within {seconds} s")]
    TimedOut {
        /// URL of the API server.
        server: String,
        /// What was asked.
        what: String,
        /// The time limit of a request.
        seconds: u64,
    },
    /// The caller was told to stop before the request was sent.
    #[error("{what}: stopped on request")]
    Stopped {
        /// What was not asked any more.
        what: String,
    },
    /// 401: the API server does not know who asks.
    #[error("the API server at {}{} does not accept {} (401 Unauthorized)", .peer.server, .peer.origin(), .peer.credentials())]
    Unauthorized {
        /// The API server, and what was shown to it.
        peer: Arc<Peer>,
    },
    /// 403 by the rules of access: who asks is known, but may not do this.
    #[error("not allowed to {verb} {resource} in {}: {message}", scope(.namespace))]
    Forbidden {
        /// `get`, `patch`, `delete`, `list`, `watch`, ...
        verb: String,
        /// Plural name with its group, as in a role: `flinkdeployments.flink.apache.org`.
        resource: String,
        /// Namespace a role must be in; empty where only a cluster role can give the right.
        namespace: String,
        /// What the API server says; it names the user.
        message: String,
    },
    /// The cluster does not know the kind: the operator's definitions are not installed there.
    #[error("the cluster at {server} does not know {resource}: its custom resource definition is not installed")]
    DefinitionMissing {
        /// URL of the API server.
        server: String,
        /// Plural name with its group, which is also the name of the definition.
        resource: String,
    },
    /// The cluster knows the kind, but not in the version that is spoken here.
    #[error("the cluster at {server} serves {resource} in {}, and not in {VERSION}", listed(.versions))]
    VersionNotServed {
        /// URL of the API server.
        server: String,
        /// Plural name with its group, which is also the name of the definition.
        resource: String,
        /// The versions that it is served in.
        versions: Vec<String>,
    },
    /// There is no such namespace.
    #[error("there is no namespace {namespace} in the cluster at {server}")]
    NamespaceMissing {
        /// URL of the API server.
        server: String,
        /// The namespace.
        namespace: String,
    },
    /// There is a namespace of this name, but not the one that was written to.
    #[error(
        "namespace {namespace} in the cluster at {server} is not the one the object was written to: its uid is \
         {found}, not {expected}"
    )]
    NamespaceReplaced {
        /// URL of the API server.
        server: String,
        /// The namespace.
        namespace: String,
        /// The uid of the namespace that was written to.
        expected: String,
        /// The uid of the namespace there is.
        found: String,
    },
    /// The namespace is being deleted: nothing can be created in it.
    #[error("namespace {namespace} is being deleted")]
    NamespaceTerminating {
        /// The namespace.
        namespace: String,
    },
    /// What answers is no API server: another service, a proxy, a login page.
    #[error("{server} does not answer like a Kubernetes API server (status {code})")]
    NotAnApiServer {
        /// URL that was asked.
        server: String,
        /// HTTP status.
        code: u16,
    },
    /// The API server, or an admission webhook, refuses the request as it is.
    #[error("{what}: {message}")]
    Rejected {
        /// What was asked.
        what: String,
        /// HTTP status: 400, 403 (admission), 409, 413, 422, or 500 for a type error of server-side apply.
        code: u16,
        /// What the API server says.
        message: String,
        /// The fields at fault, where it names any.
        causes: Vec<FieldCause>,
    },
    /// The API server failed (5xx).
    #[error("{what}: the API server failed (status {code}): {message}")]
    Server {
        /// What was asked.
        what: String,
        /// HTTP status.
        code: u16,
        /// What the API server says.
        message: String,
    },
    /// An answer that cannot be read.
    #[error("{what}: the answer cannot be read: {reason}")]
    Malformed {
        /// What was asked.
        what: String,
        /// Where in the answer, and what is wrong there.
        reason: String,
    },
}

/// A field the API server finds fault with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCause {
    /// The field in the custom resource: `spec.job.upgradeMode`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// What a request is about, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub verb: &'static str,
    pub resource: &'static str,
    pub namespace: &'a str,
    pub name: &'a str,
}

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.verb, self.resource, self.namespace)?;
        if self.name.is_empty() || self.resource == "namespaces" {
            Ok(())
        } else {
            write!(f, "/{}", self.name)
        }
    }
}

impl About<'_> {
    /// The resource as in a role and as the name of its definition.
    pub(crate) fn qualified_resource(&self) -> String {
        if self.resource.starts_with("flink") {
            format!("{}.{GROUP}", self.resource)
        } else {
            self.resource.to_owned()
        }
    }
}

impl KubernetesError {
    /// Whether a write may or may not have taken place.
    pub fn outcome_unknown(&self) -> bool {
        matches!(
            self,
            Self::Cut { .. } | Self::TimedOut { .. } | Self::Server { .. } | Self::Malformed { .. }
        )
    }

    /// Whether the same request may well succeed later, without anybody doing anything.
    pub fn may_heal(&self) -> bool {
        if let Self::Connection(error) = self {
            return error.may_heal();
        }
        // Too many requests: that was said to several attempts, but a wait has more time than one request.
        self.outcome_unknown() || matches!(self, Self::Unreachable { .. } | Self::Rejected { code: 429, .. })
    }

    /// Whether the cluster, or the operator's definitions in it, may just be coming up: what is asked for there is not served
    /// yet. A missing right is not like that, nor is a certificate that is not trusted.
    pub fn may_come_up(&self) -> bool {
        if let Self::Unreachable { obstacle, .. } = self {
            return obstacle.may_pass();
        }
        matches!(
            self,
            Self::DefinitionMissing { .. }
                | Self::VersionNotServed { .. }
                | Self::Cut { .. }
                | Self::TimedOut { .. }
                | Self::Server { .. }
                | Self::Rejected { code: 429, .. }
        )
    }

    /// Whether a role does not allow the request.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// The error of an answer that is not a success.
    pub(crate) fn of_answer(answer: &Answer, cluster: &Cluster, about: &About<'_>) -> Self {
        match answer.failure() {
            Some(status) => Self::of_status(&status, &cluster.peer(), about),
            None => Self::of_foreign_answer(answer, cluster.peer(), about),
        }
    }

    /// The error of a Kubernetes status, from an answer or from a watch.
    pub(crate) fn of_status(status: &Status, peer: &Arc<Peer>, about: &About<'_>) -> Self {
        let server = peer.server.clone();
        let namespace = about.namespace.to_owned();
        let what = about.to_string();
        let message = status.message.clone();
        let details = status.details.as_ref();
        let causes = details.map(|details| details.causes.as_slice()).unwrap_or_default();
        match status.code {
            401 => Self::Unauthorized { peer: peer.clone() },
            403 if causes.iter().any(|cause| cause.reason == "NamespaceTerminating") => {
                Self::NamespaceTerminating { namespace }
            }
            403 if message.is_empty() || (message.contains(" cannot ") && !message.contains(" denied ")) => {
                // Not always what was asked: a patch that would create wants `create`, too.
                let right = Right::missing(&message).unwrap_or_else(|| Right {
                    verb: about.verb.to_owned(),
                    resource: about.qualified_resource(),
                    in_namespace: true,
                });
                Self::Forbidden {
                    verb: right.verb,
                    resource: right.resource,
                    namespace: if right.in_namespace { namespace } else { String::new() },
                    message,
                }
            }
            404 if details.is_some_and(|details| details.kind == "namespaces" && about.resource != "namespaces") => {
                Self::NamespaceMissing { server, namespace }
            }
            404 if details.is_none_or(|details| details.name.is_empty()) && about.resource.starts_with("flink") => {
                Self::DefinitionMissing {
                    server,
                    resource: about.qualified_resource(),
                }
            }
            500 if is_type_error(&message) => Self::Rejected {
                what,
                code: 500,
                causes: type_errors(&message),
                message,
            },
            code if code >= 500 => Self::Server { what, code, message },
            code => Self::Rejected {
                what,
                code,
                message,
                causes: causes.iter().filter_map(field_cause).collect(),
            },
        }
    }

    /// The error of an answer that is no Kubernetes status.
    fn of_foreign_answer(answer: &Answer, peer: Arc<Peer>, about: &About<'_>) -> Self {
        let server = peer.server.clone();
        let text = String::from_utf8_lossy(&answer.body);
        match answer.status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized { peer },
            // The API server's plain answer for a group it does not have.
            StatusCode::NOT_FOUND if text.trim() == "404 page not found" => Self::DefinitionMissing {
                server,
                resource: about.qualified_resource(),
            },
            // The API server's plain answer where too many requests are under way.
            StatusCode::TOO_MANY_REQUESTS => Self::Rejected {
                what: about.to_string(),
                code: 429,
                message: crate::text::cut_middle(text.trim(), 300),
                causes: Vec::new(),
            },
            status if status.is_server_error() => Self::Server {
                what: about.to_string(),
                code: status.as_u16(),
                message: crate::text::cut_middle(text.trim(), 300),
            },
            status => Self::NotAnApiServer {
                server,
                code: status.as_u16(),
            },
        }
    }
}

fn listed(versions: &[String]) -> String {
    versions.join(", ")
}

fn scope(namespace: &str) -> String {
    match namespace {
        "" => "the whole cluster".to_owned(),
        namespace => format!("namespace {namespace}"),
    }
}

/// A right that is not there.
#[derive(Debug, PartialEq, Eq)]
struct Right {
    verb: String,
    resource: String,
    in_namespace: bool,
}

impl Right {
    /// What `... User "ci" cannot create resource "flinkdeployments" in API group "flink.apache.org" in the
    /// namespace "team"` says is missing.
    fn missing(message: &str) -> Option<Self> {
        let (_, right) = message.split_once(" cannot ")?;
        let (verb, right) = right.split_once(" resource \"")?;
        let (resource, right) = right.split_once("\" in API group \"")?;
        let (group, scope) = right.split_once('"')?;
        let resource = match group {
            "" => resource.to_owned(),
            group => format!("{resource}.{group}"),
        };
        Some(Self {
            verb: verb.to_owned(),
            resource,
            in_namespace: scope.trim_start().starts_with("in the namespace"),
        })
    }
}

/// Server-side apply answers 500 where the patch does not fit the schema.
fn is_type_error(message: &str) -> bool {
    message.starts_with("failed to create typed patch object")
}

/// The fields of `...: .spec.job.parallelism: expected numeric, got string`, one or several lines.
pub(super) fn type_errors(message: &str) -> Vec<FieldCause> {
    message
        .lines()
        .filter_map(|line| {
            let line = line.trim();
            // The first line begins with the object's name in brackets.
            let line = line.rsplit_once("): ").map_or(line, |(_, rest)| rest);
            let (field, message) = line.strip_prefix('.')?.split_once(": ")?;
            Some(FieldCause {
                field: field.to_owned(),
                message: message.to_owned(),
            })
        })
        .collect()
}

fn field_cause(cause: &StatusCause) -> Option<FieldCause> {
    (!cause.field.is_empty()).then(|| FieldCause {
        field: cause.field.trim_start_matches('.').to_owned(),
        message: cause.message.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_that_is_missing() {
        let create = "flinkdeployments.flink.apache.org \"orders\" is forbidden: User \"ci\" cannot create resource \
                      \"flinkdeployments\" in API group \"flink.apache.org\" in the namespace \"team\"";
        let impersonate = "users \"ops\" is forbidden: User \"ci\" cannot impersonate resource \"users\" in API group \"\" \
                           at the cluster scope";
        let right = |verb: &str, resource: &str, in_namespace| {
            Some(Right {
                verb: verb.to_owned(),
                resource: resource.to_owned(),
                in_namespace,
            })
        };
        assert_eq!(
            Right::missing(create),
            right("create", "flinkdeployments.flink.apache.org", true)
        );
        assert_eq!(Right::missing(impersonate), right("impersonate", "users", false));
        assert_eq!(Right::missing("User \"ci\" cannot do that"), None);
    }
}
