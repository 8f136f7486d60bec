//! Starting the processes of a cluster, when there is a place for them.

use std::path::PathBuf;

use anyhow::Result;
use tracing::info;

use super::Driver;
use crate::flink::Installation;
use crate::stand_in::real::{How, RealCluster};
use crate::stand_in::switches::Switches;
use crate::stand_in::world::Deploy;

/// A cluster that starts when there is a place for it.
pub struct Waiting {
    start: Start,
    /// Whether it was said why.
    pub told: bool,
}

/// How processes are started.
#[derive(Clone)]
struct Start {
    installation: Installation,
    deploy: Deploy,
    uid: String,
    how: How,
}

impl Driver {
    /// The Flink whose processes are started: none for what could not start.
    pub(super) fn real_flink(
        &self,
        deploy: &Deploy,
        switches: &Switches,
        account_exists: bool,
    ) -> Option<Installation> {
        let jar = deploy.spec.job.as_ref().and_then(|job| job.jar_uri.as_deref());
        let here = jar.is_none_or(|uri| uri.starts_with("local://") || uri.starts_with("file://"));
        let can_start = account_exists && here && self.simulation.can_start(deploy);
        if !can_start || switches.status_only() {
            return None;
        }
        let wanted = deploy.spec.flink_version.as_deref().unwrap_or_default();
        let mut known = self.options.flink.iter();
        let found = known.find(|installation| installation.version().is(wanted));
        if found.is_none() && !self.options.flink.is_empty() {
            let (namespace, name) = (&self.namespace, &self.name);
            info!("{namespace}/{name}: only statuses are written, the sandbox was started without Flink {wanted}");
        }
        found.cloned()
    }

    /// Starts processes as soon as there is a place for them.
    pub(super) async fn start_in_turn(
        &mut self,
        installation: Installation,
        deploy: Deploy,
        uid: &str,
        how: How,
    ) -> Result<()> {
        let start = Start {
            installation,
            deploy,
            uid: uid.to_owned(),
            how,
        };
        self.waiting = Some(Waiting { start, told: false });
        let started = self.start_waiting().await;
        if started.is_err() {
            // Whoever asked for it will ask again.
            self.waiting = None;
        }
        started
    }

    pub(super) async fn start_waiting(&mut self) -> Result<()> {
        if let Some(waiting) = &self.waiting
            && self.place.take()
        {
            let Start {
                installation,
                deploy,
                uid,
                how,
            } = waiting.start.clone();
            self.start(installation, deploy, &uid, how).await?;
            self.waiting = None;
        }
        Ok(())
    }

    pub(super) async fn start(
        &mut self,
        installation: Installation,
        deploy: Deploy,
        uid: &str,
        how: How,
    ) -> Result<()> {
        let directory: PathBuf = self
            .options
            .state_dir
            .join("flink")
            .join(&self.namespace)
            .join(&self.name);
        let mut real = RealCluster::new(
            self.desk.client().clone(),
            self.options.routes.clone(),
            &self.namespace,
            &self.name,
            uid,
            installation,
            &self.options.state_dir.join("volumes"),
            directory,
        );
        // For what only the spec tells: sizes.
        self.simulation.resume(deploy.clone(), 0);
        real.deploy(deploy, how).await?;
        self.real = Some(real);
        Ok(())
    }
}
