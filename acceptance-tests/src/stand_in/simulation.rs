//! A Flink cluster without Flink: the states a cluster goes through after it is started, as a
//! function of time. It is what the status-only mode and the replay of the recordings run on.
//!
//! What goes wrong is decided by the spec alone:
//! - an image whose name or tag contains `does-not-exist` cannot be pulled (with `imagePullPolicy:
//!   Never` nothing is reported, as by the real operator);
//! - a service account that is not there makes the pods forbidden, one that may not make pods makes the JobManager
//!   crash-loop;
//! - an entry class or a jar whose name contains `missing` or `does-not-exist`, in any case, makes the
//!   JobManager crash-loop;
//! - a TaskManager with more than 16 CPUs fits nowhere: the job fails for want of slots, or with
//!   checkpointing waits and restarts for ever;
//! - `execution.runtime-mode: BATCH` makes a job that finishes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::spec::Spec;
use super::status::Failure;
use super::timing::{CRASH_LOOP, IMAGE_PULL, MOUNT, MUTE, NO_SLOTS, RESTART, SLOTS, START};
use super::validation;
use super::world::{ClusterView, Deploy, JobManager, JobView};

pub use savepoints::{savepoint_path, take};

use failures::{image_pull, lost_task_manager, mount_error, no_slots, used_up};
use savepoints::one_slash;

mod failures;
mod savepoints;
pub mod session_jobs;

/// The cluster of one object.
#[derive(Clone, Debug)]
pub struct Simulation {
    namespace: String,
    name: String,
    speed: f64,
    running: Option<Running>,
    /// Jobs of a session cluster that were run over REST.
    unmanaged_jobs: Vec<String>,
}

/// The service account of a cluster's pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// It is not there.
    Missing,
    /// It may not make the pods of TaskManagers.
    Powerless,
    /// It may do what Flink needs.
    Usable,
}

/// What goes wrong by chance when a cluster starts, and mends itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mishap {
    /// Kubernetes cannot mount a volume at once.
    pub mount: bool,
    /// The REST API answers some time after the pod is ready.
    pub slow: bool,
}

/// A cluster that was started.
#[derive(Clone, Debug)]
struct Running {
    deploy: Deploy,
    account: Account,
    mishap: Mishap,
    /// When the pods were created, in milliseconds since the epoch.
    since: i64,
    /// The job's end, if it was asked to end.
    ended: Option<(String, i64)>,
    /// When the last TaskManager was lost.
    lost: Option<i64>,
    restarts: u32,
}

impl Simulation {
    /// No cluster yet.
    pub fn new(namespace: &str, name: &str, speed: f64) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            speed,
            running: None,
            unmanaged_jobs: Vec::new(),
        }
    }

    /// A cluster that was running before this program was: nothing is seen of its start.
    pub fn resume(&mut self, deploy: Deploy, started: i64) {
        self.running = Some(Running {
            deploy,
            account: Account::Usable,
            mishap: Mishap::default(),
            since: started,
            ended: None,
            lost: None,
            restarts: 0,
        });
    }

    /// Starts a cluster.
    pub fn deploy(&mut self, deploy: Deploy, account: Account, mishap: Mishap, now: i64) {
        self.running = Some(Running {
            deploy,
            account,
            mishap,
            since: now,
            ended: None,
            lost: None,
            restarts: 0,
        });
    }

    /// Takes it down.
    pub fn tear_down(&mut self) {
        self.running = None;
        self.unmanaged_jobs.clear();
    }

    /// Runs a job on a session cluster, over REST.
    pub fn run_job(&mut self, id: &str) {
        self.unmanaged_jobs.push(id.to_owned());
    }

    /// Cancels a job of a session cluster.
    pub fn cancel_job(&mut self, id: &str) {
        self.unmanaged_jobs.retain(|known| known != id);
    }

    /// Ends the job with a savepoint; `entropy` makes the savepoint's name unique. Fails where there is no job.
    pub fn stop(&mut self, directory: &str, entropy: &str, now: i64) -> Result<String, String> {
        let path = self.savepoint(directory, entropy)?;
        self.end("FINISHED", now);
        Ok(path)
    }

    /// Takes a savepoint of the running job. Fails where there is no job.
    pub fn savepoint(&self, directory: &str, entropy: &str) -> Result<String, String> {
        let running = self.running.as_ref().ok_or("The cluster is gone.")?;
        let id = running.deploy.job_id.as_deref().unwrap_or_default();
        savepoint_path(id, directory, entropy)
    }

    /// Ends the job without a savepoint.
    pub fn cancel(&mut self, now: i64) {
        self.end("CANCELED", now);
    }

    /// Brings the job into a state in which it stays.
    pub fn end(&mut self, state: &str, now: i64) {
        if let Some(running) = &mut self.running {
            running.ended = Some((state.to_owned(), now));
        }
    }

    /// Whether a cluster of this kind comes up, as far as the spec tells.
    pub fn can_start(&self, deploy: &Deploy) -> bool {
        let image = deploy.spec.image.as_deref().unwrap_or_default();
        !image.contains("does-not-exist") && is_schedulable(&deploy.spec)
    }

    /// Changes the number of TaskManagers.
    pub fn scale(&mut self, task_managers: i64) {
        if let Some(component) = self
            .running
            .as_mut()
            .and_then(|running| running.deploy.spec.task_manager.as_mut())
        {
            component.replicas = Some(task_managers);
        }
    }

    /// Kills the JobManager's pod; Kubernetes starts another.
    pub fn kill_job_manager(&mut self, now: i64) {
        if let Some(running) = &mut self.running {
            running.since = now;
        }
    }

    /// Kills a TaskManager's pod.
    pub fn kill_task_manager(&mut self, now: i64) {
        if let Some(running) = &mut self.running {
            running.lost = Some(now);
            running.restarts += 1;
        }
    }

    /// What an operator finds now.
    pub fn view(&self, now: i64) -> ClusterView {
        let Some(running) = &self.running else {
            return ClusterView::default();
        };
        let job_manager = self.job_manager(running, now);
        if job_manager != JobManager::Up {
            return ClusterView {
                job_manager,
                ..ClusterView::default()
            };
        }
        ClusterView {
            job_manager,
            job: self.job(running, now),
            checkpoint: checkpoint(running),
            info: info(&running.deploy.spec),
            unmanaged_jobs: self.unmanaged_jobs.clone(),
        }
    }

    fn job_manager(&self, running: &Running, now: i64) -> JobManager {
        let spec = &running.deploy.spec;
        let age = self.elapsed(running.since, now);
        let account = spec.service_account.as_deref().unwrap_or_default();
        if running.account == Account::Missing {
            let (namespace, name) = (&self.namespace, &self.name);
            return JobManager::Failing {
                reason: "FailedCreate".to_owned(),
                message: format!(
                    "pods \"{name}-\" is forbidden: error looking up service account {namespace}/{account}: \
                     serviceaccount \"{account}\" not found"
                ),
            };
        }
        if let Some(image) = spec.image.as_deref().filter(|image| image.contains("does-not-exist")) {
            let never = spec.image_pull_policy.as_deref() == Some("Never");
            return if never || age < IMAGE_PULL {
                JobManager::Starting
            } else {
                image_pull(image, age)
            };
        }
        if spec.job.as_ref().is_some_and(|job| {
            [&job.entry_class, &job.jar_uri]
                .into_iter()
                .flatten()
                .any(|name| is_missing(name))
        }) {
            return self.crash_loop(age);
        }
        if running.account == Account::Powerless && !spec.is_standalone() {
            return self.without_rights(age);
        }
        match running.mishap {
            Mishap { mount: true, .. } if age < MOUNT => mount_error(&self.name),
            _ if age < START => JobManager::Starting,
            Mishap { slow: true, .. } if age < START + MUTE => JobManager::Mute,
            _ => JobManager::Up,
        }
    }

    /// The container lives until Flink asks Kubernetes for TaskManagers. The first restarts come without a rest that
    /// anybody sees.
    fn without_rights(&self, age: Duration) -> JobManager {
        let seconds = Duration::from_secs;
        let (starts, lives) = (seconds(4), seconds(2));
        let silent = [seconds(0)..seconds(28), seconds(28)..seconds(64)];
        let (mut begun, mut rest) = (seconds(64), seconds(20));
        if let Some(round) = silent.into_iter().find(|round| round.contains(&age)) {
            let alive = round.start + starts..round.start + starts + lives;
            return if alive.contains(&age) {
                JobManager::Mute
            } else {
                JobManager::Starting
            };
        }
        loop {
            if age < begun + rest {
                return self.back_off(rest);
            }
            let alive = begun + rest + starts..begun + rest + starts + lives;
            if age < alive.end {
                return if age < alive.start {
                    JobManager::Starting
                } else {
                    JobManager::Mute
                };
            }
            (begun, rest) = (alive.end, (rest * 2).min(seconds(300)));
        }
    }

    /// The container ends as soon as it starts: each rest is twice as long as the one before.
    fn crash_loop(&self, age: Duration) -> JobManager {
        let runs = Duration::from_secs(4);
        let (mut end, mut rest) = (CRASH_LOOP, Duration::from_secs(20));
        while age >= end + rest {
            end += rest + runs;
            rest = (rest * 2).min(Duration::from_secs(300));
        }
        if age < end {
            return JobManager::Starting;
        }
        self.back_off(rest)
    }

    fn back_off(&self, rest: Duration) -> JobManager {
        JobManager::Failing {
            reason: "CrashLoopBackOff".to_owned(),
            message: format!(
                "[flink-main-container] back-off {}s restarting failed container=flink-main-container pod={}_{}",
                rest.as_secs(),
                self.name,
                self.namespace
            ),
        }
    }

    fn job(&self, running: &Running, now: i64) -> Option<JobView> {
        let id = running.deploy.job_id.clone()?;
        let spec = &running.deploy.spec;
        let started = running.since + self.scaled(START);
        let view = |state: &str, update_time, failure| JobView {
            id: id.clone(),
            name: "CarTopSpeedWindowingExample".to_owned(),
            state: state.to_owned(),
            start_time: started,
            update_time,
            failure,
        };
        if let Some((state, since)) = &running.ended {
            return Some(view(state, *since, None));
        }
        if let Some(lost) = running.lost.filter(|lost| *lost >= running.since) {
            let attempts = spec
                .setting("restart-strategy.fixed-delay.attempts")
                .and_then(|text| text.parse().ok());
            if attempts.is_some_and(|attempts: u32| running.restarts > attempts) {
                return Some(view("FAILED", lost, Some(used_up(attempts.unwrap_or_default()))));
            }
            if self.elapsed(lost, now) < RESTART {
                return Some(view("RESTARTING", lost, Some(lost_task_manager())));
            }
            return Some(view("RUNNING", lost + self.scaled(RESTART), None));
        }
        let age = self.elapsed(running.since, now);
        if !is_schedulable(spec) {
            return Some(self.without_slots(running, age, view));
        }
        if age < SLOTS {
            return Some(view("CREATED", started, None));
        }
        let state = if is_bounded(spec) { "FINISHED" } else { "RUNNING" };
        Some(view(state, running.since + self.scaled(SLOTS), None))
    }

    /// The states of a job that never gets a slot.
    fn without_slots(
        &self,
        running: &Running,
        age: Duration,
        view: impl Fn(&str, i64, Option<Failure>) -> JobView,
    ) -> JobView {
        let waited = Duration::from_secs(25);
        let Some(late) = age.checked_sub(NO_SLOTS) else {
            return view("CREATED", running.since + self.scaled(START), None);
        };
        let given_up = running.since + self.scaled(NO_SLOTS);
        if running
            .deploy
            .spec
            .setting("execution.checkpointing.interval")
            .is_none()
        {
            return view("FAILED", given_up, Some(no_slots()));
        }
        let round = waited + Duration::from_secs(5);
        let rounds = u32::try_from(late.as_secs() / round.as_secs()).unwrap_or(u32::MAX);
        let changed = given_up + self.scaled(round * rounds);
        let resting = late.saturating_sub(round * rounds) < round.saturating_sub(waited);
        view(
            if resting { "RESTARTING" } else { "CREATED" },
            changed,
            resting.then(no_slots),
        )
    }

    /// Time between two moments, as the recordings would have it.
    fn elapsed(&self, from: i64, to: i64) -> Duration {
        let milliseconds = u64::try_from(to - from).unwrap_or_default();
        Duration::from_millis(milliseconds).mul_f64(self.speed)
    }

    /// A time of the recordings in milliseconds of ours.
    fn scaled(&self, duration: Duration) -> i64 {
        i64::try_from(duration.div_f64(self.speed).as_millis()).unwrap_or_default()
    }
}

/// Whether the job comes to an end by itself.
fn is_bounded(spec: &Spec) -> bool {
    let is_batch = |mode: &str| mode.eq_ignore_ascii_case("batch");
    let setting = spec.setting("execution.runtime-mode").is_some_and(is_batch);
    let args = spec.job.as_ref().map(|job| job.args.as_slice()).unwrap_or_default();
    let argument = |pair: &[String]| pair[0] == "--execution-mode" && is_batch(&pair[1]);
    setting || args.windows(2).any(argument)
}

fn is_missing(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("missing") || name.contains("does-not-exist")
}

/// The largest node of the imaginary cluster.
const CPUS_OF_A_NODE: f64 = 16.0;

fn is_schedulable(spec: &Spec) -> bool {
    let resource = spec
        .task_manager
        .as_ref()
        .and_then(|task_manager| task_manager.resource.as_ref());
    resource
        .and_then(|resource| resource.cpu)
        .is_none_or(|cpus| cpus <= CPUS_OF_A_NODE)
}

fn checkpoint(running: &Running) -> Option<String> {
    let spec = &running.deploy.spec;
    spec.setting("execution.checkpointing.interval")?;
    let id = running.deploy.job_id.as_deref()?;
    Some(format!("{}/{id}/chk-8", one_slash(spec.checkpoint_directory()?)))
}

fn info(spec: &Spec) -> BTreeMap<String, String> {
    let component = |component: &Option<super::spec::Component>, count: f64, factor: &str| {
        let resource = component
            .as_ref()
            .and_then(|component| component.resource.clone())
            .unwrap_or_default();
        let factor: f64 = spec.setting(factor).and_then(|text| text.parse().ok()).unwrap_or(1.0);
        let memory = resource
            .memory
            .as_deref()
            .and_then(validation::bytes)
            .unwrap_or_default();
        (count * resource.cpu.unwrap_or(1.0) * factor, count * memory as f64)
    };
    let replicas = spec
        .job_manager
        .as_ref()
        .and_then(|job_manager| job_manager.replicas)
        .unwrap_or(1);
    let jobs = component(
        &spec.job_manager,
        replicas as f64,
        "kubernetes.jobmanager.cpu.limit-factor",
    );
    let tasks = component(
        &spec.task_manager,
        spec.task_managers() as f64,
        "kubernetes.taskmanager.cpu.limit-factor",
    );
    let version = spec
        .flink_version
        .as_deref()
        .unwrap_or_default()
        .trim_start_matches('v')
        .replace('_', ".");
    BTreeMap::from([
        ("flink-version".to_owned(), format!("{version}.0")),
        (
            "flink-revision".to_owned(),
            "0000000 @ 1970-01-01T00:00:00+00:00".to_owned(),
        ),
        (
            "total-cpu".to_owned(),
            format!("{:?}", ((jobs.0 + tasks.0) * 1000.0).round() / 1000.0),
        ),
        ("total-memory".to_owned(), format!("{:.0}", jobs.1 + tasks.1)),
    ])
}

#[cfg(test)]
mod tests;
