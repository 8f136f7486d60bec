//! Waiting until an object does what was asked, and finding out why it does not.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use super::causes::{Causes, gather};
use super::deployment::FlinkDeployment;
use super::error::OperatorError;
use super::job_resource::JobResource;
use super::pods;
use super::progress::{Baseline, progress_with_pods};
use crate::kubernetes::{KubernetesError, Live, Objects};
use crate::wait::{Progress, Wait, WaitError, until};

mod session_job;

pub use session_job::settle_session_job;

/// An error of the operator that is away for longer than this is over: while it tries again, it is away for moments.
const TRIES_AGAIN: Duration = Duration::from_secs(60);

/// An object that does not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct NotReady<K> {
    /// How the wait ended.
    pub end: End,
    /// What is wrong, or what was missing last.
    pub reason: String,
    /// The object as it was last seen, where it was seen at all.
    pub live: Option<Box<Live<K>>>,
    /// What the operator, Kubernetes and the JobManager say.
    pub causes: Causes,
}

/// How a wait ended without the object being ready.
#[derive(Clone, Debug)]
pub enum End {
    /// Waiting cannot mend it.
    Failed,
    /// Time was up.
    TimedOut {
        /// The time limit.
        after: Duration,
    },
    /// The caller was told to stop.
    Stopped,
    /// The object could not be looked at.
    Unseen(KubernetesError),
}

/// Waits until a deployment does what was asked: its job runs, or is done, or suspended; its session
/// cluster answers. `baseline` is what was so when it was written.
///
/// # Errors
/// See [`NotReady`]. The causes are gathered unless the caller was told to stop.
pub async fn settle(
    objects: &Objects<FlinkDeployment>,
    name: &str,
    uid: &str,
    baseline: &Baseline,
    timeout: Duration,
) -> Result<Live<FlinkDeployment>, NotReady<FlinkDeployment>> {
    let since = since();
    let pods = pods::Watched::of(objects.cluster(), objects.namespace(), name);
    let wait = look_until(objects, name, uid, timeout, |live| {
        progress_with_pods(&live.object, baseline, &pods.seen())
    });
    match pods.beside(wait).await {
        Ok(live) => Ok(live),
        Err(error) => {
            let port = error.live.as_ref().map_or(8081, |live| live.rest_port());
            Err(explained(objects, error, port, since).await)
        }
    }
}

/// Waits until the operator has taken up a generation of an object, whatever becomes of its job.
///
/// # Errors
/// See [`NotReady`]. The causes are gathered unless the caller was told to stop.
pub async fn taken_up<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    generation: i64,
    timeout: Duration,
) -> Result<Live<K>, NotReady<K>> {
    let since = since();
    let waited = look_until(objects, name, uid, timeout, |live| {
        let reported = live.reported();
        let observed = reported.and_then(|reported| reported.observed_generation);
        if observed >= Some(generation) {
            Progress::Ready
        } else if reported.is_none() {
            Progress::waiting("the operator has not reported anything")
        } else {
            Progress::waiting("the operator has not taken up the change")
        }
    });
    match waited.await {
        Ok(live) => Ok(live),
        Err(error) => Err(explained(objects, error, 8081, since).await),
    }
}

/// From when on events are about a change that was just made.
fn since() -> Option<Timestamp> {
    // Clocks differ a little between here and the cluster.
    Timestamp::now().checked_sub(Duration::from_secs(60)).ok()
}

/// Waits until `judge` calls the object of that uid ready. The error has no causes yet, but for what the operator reported a
/// moment ago.
async fn look_until<K: JobResource>(
    objects: &Objects<K>,
    name: &str,
    uid: &str,
    timeout: Duration,
    mut judge: impl FnMut(&Live<K>) -> Progress,
) -> Result<Live<K>, NotReady<K>> {
    let wait = Wait::new(name, timeout).and_again_every(pods::LOOK_EVERY);
    let mut reported: Option<(String, Instant)> = None;
    let waited = until(objects, wait, |live| match live {
        None => Progress::failed("it was deleted by somebody else"),
        Some(live) if live.uid() != uid => {
            Progress::failed("it was deleted by somebody else, and another object has taken its name")
        }
        Some(live) => {
            if let Some(error) = live.reported().and_then(|status| status.error) {
                reported = Some((error.to_owned(), Instant::now()));
            }
            judge(live)
        }
    })
    .await;
    match waited {
        Ok(Some(live)) => Ok(live),
        Ok(None) => Err(NotReady::from(WaitError::Failed {
            reason: "it was deleted by somebody else".to_owned(),
            live: None,
        })),
        Err(error) => {
            let mut error = NotReady::from(error);
            let lately = reported.filter(|(_, at)| at.elapsed() <= TRIES_AGAIN);
            error.causes.operator = lately.map(|(reported, _)| OperatorError::decode(&reported));
            Err(error)
        }
    }
}

impl<K> From<WaitError<K>> for NotReady<K> {
    /// Without causes.
    fn from(error: WaitError<K>) -> Self {
        let (end, reason, live) = match error {
            WaitError::Failed { reason, live } => (End::Failed, reason, live),
            WaitError::TimedOut { reason, after, live } => (End::TimedOut { after }, reason, live),
            WaitError::Stopped { reason, live } => (End::Stopped, reason, live),
            WaitError::Kubernetes(error) => (End::Unseen(error.clone()), error.to_string(), None),
        };
        Self {
            end,
            reason,
            live,
            causes: Causes::default(),
        }
    }
}

/// The same with its causes, unless the caller was told to stop. `port` is that of JobManager REST.
async fn explained<K: JobResource>(
    objects: &Objects<K>,
    error: NotReady<K>,
    port: u16,
    since: Option<Timestamp>,
) -> NotReady<K> {
    let mut causes = match (&error.end, &error.live) {
        (End::Failed | End::TimedOut { .. }, Some(live)) => gather(objects, live, port, since).await,
        _ => Causes::default(),
    };
    if causes.operator.is_none() && matches!(error.end, End::TimedOut { .. }) {
        causes.operator = error.causes.operator;
        causes.operator_tries_again = causes.operator.is_some();
    }
    NotReady { causes, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Api, Reply, Stay, deployment, failure, running};
    use serde_json::{Value, json};

    fn failed() -> Value {
        let mut status = running();
        status["lifecycleState"] = json!("FAILED");
        status["jobStatus"]["state"] = json!("FAILED");
        status["error"] = json!(r#"{"type":"a.SerializedThrowable","message":"Recovery is suppressed"}"#);
        deployment("2", json!({"job": {"parallelism": 1}}), status)
    }

    #[tokio::test]
    async fn a_failure_brings_its_causes() {
        let exceptions = json!({"exceptionHistory": {"entries": [
            {"exceptionName": "a.B", "stacktrace": "a.B: x\nCaused by: java.io.IOException: disk full", "timestamp": 1}]}});
        let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
        let api = Api::new(vec![
            ("GET", "/flinkdeployments/orders", Reply::Json(200, failed())),
            ("GET", "/pods", forbidden.clone()),
            ("GET", "/events", forbidden),
            ("GET", "/exceptions", Reply::Json(200, exceptions)),
        ])
        .in_any_order();
        let wait = Duration::from_secs(60);
        let error = settle(&api.objects(), "orders", "uid-1", &Baseline::default(), wait)
            .await
            .unwrap_err();
        assert!(matches!(error.end, End::Failed));
        assert_eq!(error.reason, "the job has failed: Recovery is suppressed");
        assert_eq!(
            error.causes.sentences(&crate::secret::Mask::default())[0],
            "the job's last exception: java.io.IOException: disk full",
        );
    }

    /// Time is up in one of the moments in which the operator has just begun to try again.
    #[tokio::test(start_paused = true)]
    async fn an_error_that_comes_and_goes_is_told() {
        let object = |error: Value, version: &str| {
            let mut object = failed();
            object["metadata"]["resourceVersion"] = json!(version);
            object["status"]["lifecycleState"] = json!("DEPLOYED");
            object["status"]["jobStatus"]["state"] = json!("RECONCILING");
            object["status"]["error"] = error;
            object
        };
        let trouble = json!(r#"{"type":"a.B","message":"no such jar"}"#);
        for (away, told) in [(20, true), (100, false)] {
            let mut steps = vec![
                (
                    "GET",
                    "/flinkdeployments/orders",
                    Reply::Json(200, object(trouble.clone(), "2")),
                ),
                ("GET", "watch=true", Reply::Watch(vec![], Stay::Closed)),
            ];
            for _ in 0..100 {
                steps.push((
                    "GET",
                    "/flinkdeployments/orders",
                    Reply::Json(200, object(Value::Null, "3")),
                ));
                steps.push(("GET", "watch=true", Reply::Watch(vec![], Stay::Open)));
                steps.push(("GET", "/pods", Reply::Json(200, json!({"items": []}))));
            }
            let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
            steps.extend(["/events", "/exceptions"].map(|path| ("GET", path, forbidden.clone())));
            let api = Api::new(steps).in_any_order();
            let wait = Duration::from_secs(away);
            let error = settle(&api.objects(), "orders", "uid-1", &Baseline::default(), wait)
                .await
                .unwrap_err();
            assert!(matches!(error.end, End::TimedOut { .. }));
            let sentences = error.causes.sentences(&crate::secret::Mask::default());
            let expected = "the operator reports, and tries again: no such jar".to_owned();
            assert_eq!(sentences.contains(&expected), told, "{sentences:?}");
        }
    }

    /// The operator is silent about it: the job is `CREATED`, for ever.
    #[tokio::test(start_paused = true)]
    async fn a_task_manager_without_a_node_is_a_failure_after_its_grace() {
        let mut waiting = failed();
        waiting["status"]["lifecycleState"] = json!("DEPLOYED");
        waiting["status"]["jobStatus"]["state"] = json!("CREATED");
        waiting["status"]["error"] = Value::Null;
        let pods = json!({"items": [{"metadata": {"name": "orders-taskmanager-1-1"}, "status": {"phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                            "message": "0/1 nodes are available: 1 Insufficient cpu"}]}}]});
        let mut steps = Vec::new();
        for _ in 0..100 {
            steps.push(("GET", "watch=true", Reply::Watch(vec![], Stay::Open)));
            steps.push(("GET", "/flinkdeployments/orders", Reply::Json(200, waiting.clone())));
            steps.push(("GET", "/pods", Reply::Json(200, pods.clone())));
        }
        let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
        steps.extend(["/events", "/exceptions"].map(|path| ("GET", path, forbidden.clone())));
        let api = Api::new(steps).in_any_order();
        let begun = tokio::time::Instant::now();
        let wait = Duration::from_secs(3600);
        let error = settle(&api.objects(), "orders", "uid-1", &Baseline::default(), wait)
            .await
            .unwrap_err();
        assert!(matches!(error.end, End::Failed));
        assert_eq!(
            error.reason,
            "there is no node for a pod: pod orders-taskmanager-1-1: Unschedulable: 0/1 nodes are available: 1 \
             Insufficient cpu",
        );
        // Ten minutes from the first look at the pods on, and that is one interval after the beginning.
        assert!(
            (610..=620).contains(&begun.elapsed().as_secs()),
            "{:?}",
            begun.elapsed()
        );
    }

    /// A role that may not list pods costs the reason, never the wait.
    #[tokio::test(start_paused = true)]
    async fn who_may_not_see_pods_waits_all_the_same() {
        let mut waiting = failed();
        waiting["status"]["lifecycleState"] = json!("DEPLOYED");
        waiting["status"]["jobStatus"]["state"] = json!("CREATED");
        waiting["status"]["error"] = Value::Null;
        let forbidden = failure(403, "Forbidden", "User \"ci\" cannot list resource", json!({}));
        let mut ready = deployment("2", json!({"job": {"parallelism": 1}}), running());
        ready["metadata"]["generation"] = json!(1);
        let ready = json!({"type": "MODIFIED", "object": ready});
        let api = Api::new(vec![
            ("GET", "/flinkdeployments/orders", Reply::Json(200, waiting.clone())),
            ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
            ("GET", "/pods", forbidden),
            ("GET", "/flinkdeployments/orders", Reply::Json(200, waiting)),
            ("GET", "watch=true", Reply::Watch(vec![ready], Stay::Open)),
        ]);
        let wait = Duration::from_secs(900);
        let settled = settle(&api.objects(), "orders", "uid-1", &Baseline::default(), wait).await;
        assert!(settled.is_ok(), "{settled:?}");
        assert_eq!(api.received().len(), 5, "pods were asked for once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_asks_nobody_any_more() {
        let mut starting = failed();
        starting["status"] = Value::Null;
        let api = Api::new(vec![
            ("GET", "/flinkdeployments/orders", Reply::Json(200, starting)),
            ("GET", "watch=true", Reply::Watch(vec![], Stay::Open)),
        ]);
        let objects = api.objects();
        let baseline = Baseline::default();
        let (outcome, ()) = tokio::join!(
            settle(&objects, "orders", "uid-1", &baseline, Duration::from_secs(60)),
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                api.stop.cancel();
            }
        );
        assert!(matches!(outcome.unwrap_err().end, End::Stopped));
        assert_eq!(api.received().len(), 2);
    }

    #[tokio::test]
    async fn another_object_of_the_same_name_is_not_waited_for() {
        let api = Api::new(vec![("GET", "", Reply::Json(200, failed()))]);
        let error = settle(
            &api.objects(),
            "orders",
            "uid-0",
            &Baseline::default(),
            Duration::from_secs(60),
        )
        .await;
        assert!(error.unwrap_err().reason.contains("another object has taken its name"));
    }
}
