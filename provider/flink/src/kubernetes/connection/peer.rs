//! The other end of a connection, for messages.

/// An API server, and where the parts of the connection to it were found: texts such as "`host`" or
/// "cluster `dev` in `~/.kube/config`". None holds a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// URL of the API server.
    pub server: String,
    /// Who names it.
    pub named_by: String,
    /// What is shown to it, and where that was found: "the token of `token`".
    pub credentials: String,
    /// Whose signature its certificate must have: "`cluster_ca_certificate`".
    pub authority: String,
    /// The proxy on the way, and who names it.
    pub proxy: Option<String>,
}

impl Peer {
    /// A server of which no more is known than its URL.
    pub fn at(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            ..Self::default()
        }
    }

    /// Who names the server, to stand behind its URL.
    pub(crate) fn origin(&self) -> String {
        if self.named_by.is_empty() {
            String::new()
        } else {
            format!(" (named by {})", self.named_by)
        }
    }

    /// What is shown to the server.
    pub(crate) fn credentials(&self) -> &str {
        if self.credentials.is_empty() {
            "the credentials"
        } else {
            &self.credentials
        }
    }
}
