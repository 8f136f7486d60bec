//! What happens to the clusters on stage from outside.

use crate::stand_in::parts::Part;
use crate::stand_in::simulation::Mishap;

use super::{Rehearsal, lifecycle};

impl Rehearsal {
    /// Deletes a namespace with everything in it: the clusters go at once, the objects when their finalizers do.
    pub fn delete_namespace(&mut self) {
        self.terminating = true;
        let names: Vec<_> = self.actors.keys().cloned().collect();
        for name in names {
            self.lose_job_manager(&name);
            self.delete(&name);
        }
        let jobs: Vec<_> = self.jobs.keys().cloned().collect();
        jobs.iter().for_each(|name| self.delete_session_job(name));
        let snapshots: Vec<_> = self.state_snapshots.keys().cloned().collect();
        snapshots.iter().for_each(|name| self.delete_snapshot(name));
    }

    /// Deletes the JobManager's Deployment, and with it the cluster.
    pub fn lose_job_manager(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.simulation.tear_down();
            let lifecycle = lifecycle(actor);
            let gone = actor.parts.tear_down(true);
            self.note(name, &lifecycle, gone);
        }
    }

    /// Runs a job on a session cluster over REST.
    pub fn run_job(&mut self, cluster: &str, id: &str) {
        if let Some(actor) = self.actors.get_mut(cluster) {
            actor.simulation.run_job(id);
        }
    }

    /// Cancels a job of a session cluster over REST.
    pub fn cancel_job(&mut self, cluster: &str, id: &str) {
        if let Some(actor) = self.actors.get_mut(cluster) {
            actor.simulation.cancel_job(id);
        }
    }

    /// A session job exists and names this cluster. It holds the clusters that it named before, too.
    pub fn session_job(&mut self, cluster: &str, job: &str) {
        self.session_jobs
            .entry(cluster.to_owned())
            .or_default()
            .insert(job.to_owned());
    }

    /// A session job is gone.
    pub fn session_job_gone(&mut self, job: &str) {
        for jobs in self.session_jobs.values_mut() {
            jobs.remove(job);
        }
    }

    /// When a cluster is started for the `start`th time, counted from 0, this goes wrong.
    pub fn expect_mishap(&mut self, name: &str, start: usize, mishap: Mishap) {
        self.mishaps.insert((name.to_owned(), start), mishap);
    }

    /// Lets stops with savepoint fail, or not.
    pub fn fail_savepoints(&mut self, fail: bool) {
        self.savepoints_fail = fail;
    }

    /// Lets Kubernetes refuse the objects of clusters with this message, or not.
    pub fn refuse_submissions(&mut self, message: Option<&str>) {
        self.refusal = message.map(str::to_owned);
    }

    /// Removes the ConfigMaps in which high availability keeps a job's last checkpoint.
    pub fn remove_metadata(&mut self, name: &str) {
        if let Some(actor) = self.actors.get_mut(name) {
            actor.parts.found([Part::JobManager, Part::FlinkConfig]);
        }
    }
}
