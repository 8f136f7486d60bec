//! A submission that Kubernetes refuses: the operator tries again and again, and for a moment of each try looks as if
//! nothing were wrong.

use std::time::Duration;

use crate::stand_in::status::{Failure, JobManagerStatus, RECONCILIATION, ReconciliationState};
use crate::stand_in::timing::RETRY;

use super::Turn;

impl Turn<'_> {
    /// Says why nothing was submitted. Returns when to try again.
    pub(super) fn note_refused_submission(&mut self, message: &str) -> Duration {
        let name = &self.situation.object.name;
        let outer = format!("Could not create Kubernetes cluster \"{name}\".");
        let class = "org.apache.flink.client.deployment.ClusterDeploymentException";
        let mut failure = Failure::new(RECONCILIATION, format!("{class}: {outer}"));
        let client = "org.apache.flink.kubernetes.shaded.io.fabric8.kubernetes.client.KubernetesClientException";
        failure.causes = vec![
            (class.to_owned(), outer.clone()),
            (client.to_owned(), message.to_owned()),
        ];
        self.event(true, "Error", format!("{outer} -> {message}"), "Operator");
        self.status.error = Some(failure.encode());
        self.write();
        RETRY
    }

    /// Before the next try. A first version is even forgotten: it starts from nothing.
    pub(super) fn forget_refused_submission(&mut self) {
        let upgrading = self.status.reconciliation_status.state == ReconciliationState::Upgrading;
        let missing = self.status.job_manager_deployment_status == JobManagerStatus::Missing;
        let Some(reconciled) = self.status.reconciled().filter(|_| upgrading && missing) else {
            return;
        };
        if self.status.error.is_some() && reconciled.resource_metadata.first_deployment {
            self.status.reconciliation_status.last_reconciled_spec = None;
            self.write();
        }
    }
}
