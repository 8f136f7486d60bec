//! The custom resources of the Flink Kubernetes Operator: types, meaning, progress.

mod attributes;
pub mod causes;
pub mod checks;
pub mod configuration;
pub mod definitions;
pub mod deployment;
pub mod error;
pub mod hand_over;
pub mod ingress;
pub mod job;
pub mod job_resource;
pub mod meaning;
pub mod pod_template;
pub mod pods;
pub mod process;
pub mod progress;
pub mod quantity;
pub mod removal;
pub mod resource;
pub mod session_job;
pub mod settle;
pub mod state_snapshot;
pub mod status;

pub use configuration::FlinkConfiguration;
pub use definitions::{Definition, Fields, definitions, fields};
pub use deployment::{DeploymentMode, FlinkDeployment, FlinkDeploymentSpec, ImagePullPolicy};
pub use error::{JarProblem, OperatorError};
pub use ingress::{IngressSpec, IngressTls};
pub use job::{JobSpec, JobState, UpgradeMode};
pub use job_resource::{JobResource, Reported};
pub use pod_template::PodTemplate;
pub use process::{JobManagerSpec, ProcessResource, ResourceClaim, ResourceRequirements, TaskManagerSpec};
pub use progress::{Baseline, progress};
pub use quantity::{Cpu, Memory, Quantities, Quantity};
pub use removal::{OnDestroy, RemoveError, Removed, remove};
pub use resource::{Manifest, Resource};
pub use session_job::{FlinkSessionJob, FlinkSessionJobSpec, SessionJobSpec};
pub use settle::{NotReady, settle};
pub use state_snapshot::{FlinkStateSnapshot, FlinkStateSnapshotSpec, JobReference, SavepointFormat, SnapshotState};
pub use status::{
    FlinkDeploymentStatus, FlinkSessionJobStatus, JobManagerStatus, JobStatus, LifecycleState, ReconciliationState,
    StatusCondition,
};

#[cfg(test)]
mod contract;
