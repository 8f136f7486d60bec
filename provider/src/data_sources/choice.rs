//! Which job of a cluster a data source is about.

use flink_client::rest::{JobManager, JobSummary};
use terraform_schema::{AttributePath, Computed, Diagnostic, Diagnostics, Schema};

use crate::diagnose;

/// The arguments that name a job.
#[derive(Clone, Debug, Default, Schema)]
pub struct JobChoice {
    /// Id of the job, 32 hexadecimal digits. Without it, the only job of the cluster (and of the name, where one is
    /// given) that has not ended, else the one that was started last: that is the job of an application cluster.
    pub job_id: Option<Computed<String>>,

    /// Name of the job, as its program gives it.
    pub job_name: Option<Computed<String>>,
}

impl JobChoice {
    /// Looks for the job, and fills in its id and name.
    ///
    /// # Errors
    /// There is no such job, or more than one.
    pub async fn find(&mut self, job_manager: &JobManager) -> Result<JobSummary, Diagnostics> {
        let jobs = job_manager.jobs().await.map_err(|error| diagnose::rest(&error))?;
        let text = |set: &Option<Computed<String>>| set.as_ref().and_then(|set| set.as_ref().cloned());
        let (id, name) = (text(&self.job_id), text(&self.job_name));
        let job = pick(jobs, id.as_deref(), name.as_deref(), &job_manager.to_string())?;
        self.job_id = Some(job.jid.clone().into());
        self.job_name = Some(job.name.clone().into());
        Ok(job)
    }
}

/// The one of `jobs`, which are in the order of their start, that is meant.
fn pick(jobs: Vec<JobSummary>, id: Option<&str>, name: Option<&str>, place: &str) -> Result<JobSummary, Diagnostics> {
    let listed = list(&jobs);
    let fits = |job: &JobSummary| id.is_none_or(|id| job.jid == id) && name.is_none_or(|name| job.name == name);
    let mut fitting: Vec<JobSummary> = jobs.into_iter().filter(fits).collect();
    let mut going_on = fitting.iter().filter(|job| !job.is_terminal());
    let first = going_on.next();
    if first.is_some() && going_on.next().is_some() {
        return Err(Diagnostic::error("More than one job")
            .detail(format!(
                "The cluster {place} has more than one job that is meant: {}. Set `job_id` or `job_name`.",
                list(&fitting)
            ))
            .into());
    }
    let first = first.cloned();
    first.or_else(|| fitting.pop()).ok_or_else(|| {
        let wanted = match (id, name) {
            (None, None) => "no job".to_owned(),
            (Some(id), None) => format!("no job `{id}`"),
            (None, Some(name)) => format!("no job named `{name}`"),
            (Some(id), Some(name)) => format!("no job `{id}` named `{name}`"),
        };
        let attribute = if id.is_some() { "job_id" } else { "job_name" };
        let missing = Diagnostic::error("No such job").detail(format!(
            "The cluster {place} has {wanted}. It knows {}. A JobManager forgets jobs that have ended when it is started \
             anew, and after an hour (`jobstore.expiration-time`).",
            if listed.is_empty() { "none" } else { &listed }
        ));
        let named = id.is_some() || name.is_some();
        Diagnostics::from(if named { missing.at(AttributePath::of([attribute])) } else { missing })
    })
}

/// At most ten jobs, for messages.
fn list(jobs: &[JobSummary]) -> String {
    const MOST: usize = 10;
    let mut listed: Vec<String> = jobs
        .iter()
        .take(MOST)
        .map(|job| format!("`{}` (`{}`, {})", job.jid, job.name, job.state))
        .collect();
    if jobs.len() > MOST {
        listed.push(format!("{} more", jobs.len() - MOST));
    }
    listed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(id: &str, name: &str, state: &str) -> JobSummary {
        JobSummary {
            jid: id.to_owned(),
            name: name.to_owned(),
            state: state.to_owned(),
            ..JobSummary::default()
        }
    }

    #[test]
    fn which_job_is_meant() {
        let jobs = || {
            vec![
                job("a1", "Orders", "FINISHED"),
                job("a2", "Orders", "RUNNING"),
                job("a3", "Bills", "RESTARTING"),
                job("a4", "Once", "FINISHED"),
                job("a5", "Once", "FAILED"),
            ]
        };
        let picked = |id, name| {
            let picked = pick(jobs(), id, name, "behind service team/orders-rest");
            picked
                .map(|job| job.jid)
                .map_err(|said| said.iter().map(|said| said.detail.clone()).collect::<String>())
        };
        assert_eq!(
            picked(Some("a1"), None).as_deref(),
            Ok("a1"),
            "an ended job, too, where it is named"
        );
        assert_eq!(picked(None, Some("Orders")).as_deref(), Ok("a2"));
        assert_eq!(picked(None, Some("Once")).as_deref(), Ok("a5"), "the last one");
        let several = picked(None, None).unwrap_err();
        assert!(
            several.contains("`a2` (`Orders`, RUNNING)") && several.contains("Set `job_id`"),
            "{several}"
        );
        let missing = picked(Some("b1"), None).unwrap_err();
        assert!(
            missing.contains("behind service team/orders-rest has no job `b1`"),
            "{missing}"
        );
        let none = pick(Vec::new(), None, None, "at https://flink.example.com").unwrap_err();
        assert!(
            none.iter().next().unwrap().detail.contains("It knows none."),
            "{none:?}"
        );
    }
}
