//! A handle on one cluster: cheap to clone, connected on first use.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::act::ACTION_MANAGER;
use super::connection::{Peer, Session};
use super::error::{About, KubernetesError};
use super::objects::FIELD_MANAGER;
use super::request::{Ask, Retry};

/// One cluster, the token that ends all waiting for it, and in whose name it is written to.
#[derive(Clone)]
pub struct Cluster {
    pub(super) session: Arc<Session>,
    server: Arc<str>,
    pub(super) stop: CancellationToken,
    pub(super) limits: Limits,
    /// The name under which writes are recorded in `managedFields`.
    pub(super) manager: &'static str,
    told: Option<Told>,
}

/// Who is told what is waited for.
type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// How patient single requests are. Waiting for a job is another matter: see [`wait`](crate::wait).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one request may take.
    pub request: Duration,
    /// How often a request that the API server has not taken up is sent in all.
    pub attempts: usize,
    /// The pause before the second attempt. It doubles each time.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            attempts: 6,
            pause: Duration::from_millis(500),
        }
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// A handle that sends its requests through `client`. `server` is the name of the API server in
    /// messages.
    pub fn new(client: kube::Client, server: impl Into<String>, stop: CancellationToken) -> Self {
        Self::of(Session::given(client, Peer::at(server)), stop)
    }

    /// A handle that sends its requests in a session.
    pub(super) fn of(session: Session, stop: CancellationToken) -> Self {
        Self {
            server: session.peer().server.as_str().into(),
            session: Arc::new(session),
            stop,
            limits: Limits::default(),
            manager: FIELD_MANAGER,
            told: None,
        }
    }

    /// The same cluster with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same cluster, whose waiting is ended by another token.
    #[must_use]
    pub fn stopped_by(mut self, stop: CancellationToken) -> Self {
        self.stop = stop;
        self
    }

    /// The same cluster for an action: what it writes is recorded under [`ACTION_MANAGER`], and `told` hears what it waits for.
    #[must_use]
    pub fn acting(mut self, told: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.manager = ACTION_MANAGER;
        self.told = Some(Arc::new(told));
        self
    }

    /// Tells what is waited for, where somebody wants to hear it.
    pub(crate) fn tell(&self, what: &str) {
        if let Some(told) = &self.told {
            told(what);
        }
    }

    /// URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The API server, and who names the parts of the connection to it.
    pub fn peer(&self) -> Arc<Peer> {
        self.session.peer()
    }

    /// The token that ends all waiting for this cluster.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The uid of a namespace, or `None` where there is no such namespace.
    ///
    /// # Errors
    /// Where the namespace cannot be read; a role may well not allow it.
    pub async fn namespace_uid(&self, namespace: &str) -> Result<Option<String>, KubernetesError> {
        let object = self.namespace(namespace).await?;
        let uid = object.as_ref().and_then(|object| object.pointer("/metadata/uid"));
        Ok(uid.and_then(Value::as_str).map(str::to_owned))
    }

    /// Whether a namespace is being deleted.
    ///
    /// # Errors
    /// Where the namespace cannot be read; a role may well not allow it.
    pub async fn namespace_is_going(&self, namespace: &str) -> Result<bool, KubernetesError> {
        let object = self.namespace(namespace).await?;
        Ok(object.is_some_and(|object| object.pointer("/metadata/deletionTimestamp").is_some()))
    }

    async fn namespace(&self, namespace: &str) -> Result<Option<Value>, KubernetesError> {
        let about = About {
            verb: "get",
            resource: "namespaces",
            namespace,
            name: namespace,
        };
        let ask = Ask::new(
            Method::GET,
            format!("/api/v1/namespaces/{}", super::request::segment(namespace)),
        );
        let answer = self
            .send(ask, Retry::Busy)
            .await
            .map_err(|error| error.into_error(self, &about))?;
        if answer.status == StatusCode::NOT_FOUND && answer.names("namespaces", namespace) {
            return Ok(None);
        }
        answer.json(self, &about).map(Some)
    }

    /// The objects of a core kind (`events`, `pods`) in a namespace that match a query.
    pub(crate) async fn list(
        &self,
        resource: &'static str,
        namespace: &str,
        query: &[(&str, &str)],
    ) -> Result<Vec<Value>, KubernetesError> {
        let about = About {
            verb: "list",
            resource,
            namespace,
            name: "",
        };
        let path = format!("/api/v1/namespaces/{}/{resource}", super::request::segment(namespace));
        let ask = Ask::new(Method::GET, path).query(query);
        let answer = self
            .send(ask, Retry::Busy)
            .await
            .map_err(|error| error.into_error(self, &about))?;
        let mut list: Value = answer.json(self, &about)?;
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }
}
