//! The Kubernetes API server: connecting to it, asking it, and the objects it keeps.

mod act;
mod arrival;
mod body;
pub(crate) mod client;
mod cluster;
pub mod conflict;
pub mod connection;
mod create;
mod delete;
mod dry_run;
mod error;
pub mod events;
pub mod field_path;
mod list;
pub mod objects;
mod obstacle;
pub mod ownership;
pub(crate) mod request;
pub mod spelling;
mod take_over;
pub mod watch;
mod write;

pub use act::{ACTION_MANAGER, Counter};
pub use cluster::{Cluster, Limits};
pub use connection::{API_VERSIONS, Connection, ConnectionError, Environment, Exec, ExecProblem, Peer};
pub use create::{CreateError, Created};
pub use delete::{DeleteError, Deletion, Preconditions};
pub use error::{FieldCause, KubernetesError};
pub use list::Listing;
pub use objects::{FIELD_MANAGER, Live, Objects};
pub use obstacle::Obstacle;
pub use write::{UnknownField, Write, WriteError};

#[cfg(test)]
mod tests;
