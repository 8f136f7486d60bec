//! What Kubernetes and Flink say when something goes wrong.

use std::time::Duration;

use crate::stand_in::status::{Failure, JOB_FAILED};
use crate::stand_in::timing::CRASH_LOOP;
use crate::stand_in::world::JobManager;

pub(super) fn image_pull(image: &str, age: Duration) -> JobManager {
    let cause =
        format!("failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": not found");
    // Kubernetes goes back and forth between the two; the first lasts a moment only.
    let (reason, message) = if age < CRASH_LOOP {
        ("ErrImagePull", format!("[flink-main-container] {cause}"))
    } else {
        (
            "ImagePullBackOff",
            format!("[flink-main-container] Back-off pulling image \"{image}\": ErrImagePull: {cause}"),
        )
    };
    JobManager::Failing {
        reason: reason.to_owned(),
        message,
    }
}

pub(super) fn mount_error(name: &str) -> JobManager {
    let cause = format!("configmap \"flink-config-{name}\" not found");
    JobManager::Failing {
        reason: "FailedMount".to_owned(),
        message: format!("MountVolume.SetUp failed for volume \"flink-config-volume\" : {cause}"),
    }
}

pub(super) fn no_slots() -> Failure {
    let mut failure = Failure::new(
        JOB_FAILED,
        "org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy",
    );
    let cause = "java.util.concurrent.CompletionException: \
                 org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Slot request bulk is not \
                 fulfillable! Could not allocate the required slot within slot request timeout";
    failure.causes = vec![(JOB_FAILED.to_owned(), cause.to_owned())];
    failure
}

pub(super) fn lost_task_manager() -> Failure {
    Failure::new(
        JOB_FAILED,
        "org.apache.flink.util.FlinkExpectedException: The TaskExecutor is shutting down.",
    )
}

pub(super) fn used_up(attempts: u32) -> Failure {
    let mut failure = Failure::new(
        JOB_FAILED,
        format!(
            "org.apache.flink.runtime.JobException: Recovery is suppressed by \
             FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts={attempts})"
        ),
    );
    failure.causes = vec![(JOB_FAILED.to_owned(), lost_task_manager().message)];
    failure
}
