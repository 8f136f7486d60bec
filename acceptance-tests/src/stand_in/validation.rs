//! The rules by which the operator refuses a spec, in its order and with its words. Pure: what is refused depends on the spec,
//! on what was deployed before, and for a session job on its cluster.

mod autoscaler;
mod process;
mod session_job;
mod snapshot;

use std::ops::RangeInclusive;

use serde_json::Value;

use super::spec::{JobState, Spec, UpgradeMode};

pub use process::bytes;
pub use session_job::{host, host_of, refusal_of_session_job};
pub use snapshot::refusal_of_snapshot;

/// Releases of the operator that do not have the same rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// 1.15, which was recorded.
    V1_15,
    /// The next one: it has `resources`, and looks closer at the autoscaler.
    V1_16,
}

/// Flink versions the operator runs. Others it ignores, with an event.
const MINOR_VERSIONS: [(u32, RangeInclusive<u32>); 2] = [(1, 15..=20), (2, 0..=4)];

/// Settings that belong to the operator.
const FORBIDDEN: &[&str] = &[
    "kubernetes.namespace",
    "kubernetes.cluster-id",
    "high-availability.cluster-id",
];

const LOG_FILES: &[&str] = &["log4j-console.properties", "logback-console.xml"];

/// Whether the operator looks after this Flink version at all. If not: the text of the event
/// `UnsupportedFlinkVersion`.
pub fn unsupported_version(spec: &Spec) -> Option<String> {
    let version = spec.flink_version.as_deref();
    let supported = version.and_then(|text| {
        let (major, minor) = text.strip_prefix('v')?.split_once('_')?;
        let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
        MINOR_VERSIONS
            .iter()
            .find(|(known, minors)| *known == major && minors.contains(&minor))
    });
    supported.is_none().then(|| {
        format!(
            "Flink version {} is not supported by this operator version",
            version.unwrap_or("null")
        )
    })
}

/// The first rule that `new` breaks, in the operator's order. `deployed` is what it reconciled last, if anything.
pub fn refusal(release: Release, name: &str, new: &Spec, deployed: Option<&Spec>) -> Option<String> {
    deployment_name(name)
        .or_else(|| deployed.and_then(|old| version_while_suspended(old, new)))
        .or_else(|| settings(new))
        .or_else(|| ingress(new))
        .or_else(|| logs(new))
        .or_else(|| job(new))
        .or_else(|| process::job_manager(release, new))
        .or_else(|| process::task_manager(release, new))
        .or_else(|| deployed.and_then(|old| change(old, new)))
        .or_else(|| service_account(new))
        .or_else(|| autoscaler::refusal(release, new))
}

/// The rule about names of deployments.
fn deployment_name(name: &str) -> Option<String> {
    let inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let valid = name.len() <= 45
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(inner);
    (!valid).then(|| {
        format!(
            "The FlinkDeployment name: {name} is invalid, must consist of lower case alphanumeric characters or '-', \
             start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
             'abc-123'), and the length must be no more than 45 characters."
        )
    })
}

/// State that only the high-availability data of one Flink version holds is not for another one.
fn version_while_suspended(old: &Spec, new: &Spec) -> Option<String> {
    let (before, after) = (old.job.as_ref()?, new.job.as_ref()?);
    let tied = before.state == JobState::Suspended && before.upgrade_mode == UpgradeMode::LastState;
    let refused = tied && after.upgrade_mode != UpgradeMode::Stateless && old.flink_version != new.flink_version;
    refused.then(|| {
        "Changing flinkVersion after last-state suspend is not allowed. Restore your cluster with the current \
         flinkVersion and perform the version upgrade afterwards."
            .to_owned()
    })
}

fn settings(spec: &Spec) -> Option<String> {
    if let Some(key) = FORBIDDEN.iter().find(|key| spec.setting(key).is_some()) {
        return Some(format!("Forbidden Flink config key: {key}"));
    }
    let rollback = match switch(spec, &["kubernetes.operator.deployment.rollback.enabled"]) {
        Ok(rollback) => rollback == Some(true),
        Err(message) => return Some(message),
    };
    if rollback && !spec.is_highly_available() {
        return Some("HA must be enabled for rollback support.".to_owned());
    }
    let health_check = "kubernetes.operator.cluster.health-check.enabled";
    let recovery = "kubernetes.operator.jm-deployment-recovery.enabled";
    match switch(spec, &[health_check]) {
        Err(message) => Some(message),
        Ok(None | Some(false)) => None,
        Ok(Some(true)) => match switch(spec, &[recovery]) {
            Err(message) => Some(message),
            Ok(None | Some(true)) => None,
            Ok(Some(false)) => Some(format!(
                "Deployment recovery ({recovery}) must be enabled for job health check ({health_check}) support."
            )),
        },
    }
}

/// A switch as Flink reads it. What is neither `true` nor `false` fails whoever asks.
fn switch(spec: &Spec, keys: &[&str]) -> Result<Option<bool>, String> {
    let Some((key, text)) = keys.iter().find_map(|key| Some((key, spec.setting(key)?))) else {
        return Ok(None);
    };
    match text.to_lowercase().as_str() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(format!("Could not parse value '{text}' for key '{key}'.")),
    }
}

/// Java's `URL` looks closely at nothing but the port.
fn ingress(spec: &Spec) -> Option<String> {
    let ingress = spec.ingress.as_ref()?;
    let Some(template) = ingress.get("template").and_then(Value::as_str) else {
        return Some("Ingress template must be defined".to_owned());
    };
    let lower = template.to_lowercase();
    let rest = if lower.starts_with("http://") || lower.starts_with("https://") {
        template.split_once("://").map_or(template, |(_, rest)| rest)
    } else {
        template
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = match host.split_once(']') {
        Some((_, port)) => port.strip_prefix(':'),
        None => host.split_once(':').map(|(_, port)| port),
    };
    let bad = port.is_some_and(|port| !port.is_empty() && !port.parse::<i32>().is_ok_and(|port| port >= -1));
    bad.then(|| {
        format!(
            "Unable to process the Ingress template({template}). Error: For input string: \"{}\"",
            port.unwrap_or_default()
        )
    })
}

fn logs(spec: &Spec) -> Option<String> {
    let wrong = spec
        .log_configuration
        .iter()
        .flatten()
        .find(|(name, _)| !LOG_FILES.contains(&name.as_str()));
    wrong.map(|(name, _)| {
        format!(
            "Invalid log config key: {name}. Allowed keys are [{}]",
            LOG_FILES.join(", ")
        )
    })
}

/// The rules about the job alone.
fn job(spec: &Spec) -> Option<String> {
    let job = spec.job.as_ref()?;
    let is_set = |directory: Option<&str>| directory.is_some_and(|directory| !directory.trim().is_empty());
    if job.upgrade_mode != UpgradeMode::Stateless && !is_set(spec.checkpoint_directory()) {
        return Some(
            "Checkpoint directory[execution.checkpointing.dir] must be defined for last-state and savepoint upgrade \
             modes"
                .to_owned(),
        );
    }
    if !is_set(spec.savepoint_directory()) {
        let key = "config key[execution.checkpointing.savepoint-dir]";
        let interval = spec.setting("kubernetes.operator.periodic.savepoint.interval");
        let age = spec.setting("kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age");
        if job.upgrade_mode == UpgradeMode::Savepoint {
            return Some(format!(
                "Job could not be upgraded with savepoint while {key} is not set"
            ));
        } else if job.savepoint_trigger_nonce.is_some() {
            return Some(format!(
                "Savepoint could not be manually triggered for the running job while {key} is not set"
            ));
        } else if interval.is_some() {
            return Some(format!("Periodic savepoints cannot be enabled when {key} is not set"));
        } else if age.is_some() {
            return Some(format!(
                "In order to use max-checkpoint age functionality {key} must be set to allow triggering savepoint \
                 upgrades."
            ));
        }
    }
    match spec.fixed_task_managers() {
        Some(replicas) if replicas < 1 => Some("TaskManager replicas must be larger than 0".to_owned()),
        None if job.parallelism < 1 => Some("Job parallelism must be larger than 0".to_owned()),
        Some(_) | None => None,
    }
}

fn change(old: &Spec, new: &Spec) -> Option<String> {
    let text = match (&old.job, &new.job) {
        (Some(_), None) => "Cannot switch from job to session cluster",
        (None, Some(_)) => "Cannot switch from session to job cluster",
        _ if old.is_standalone() && !new.is_standalone() => {
            "Cannot switch from standalone kubernetes to native kubernetes cluster"
        }
        _ if !old.is_standalone() && new.is_standalone() => {
            "Cannot switch from native kubernetes to standalone kubernetes cluster"
        }
        (Some(old), Some(new))
            if new.savepoint_redeploy_nonce.is_some()
                && new.savepoint_redeploy_nonce != old.savepoint_redeploy_nonce
                && new
                    .initial_savepoint_path
                    .as_deref()
                    .unwrap_or_default()
                    .trim()
                    .is_empty() =>
        {
            "InitialSavepointPath must not be empty for savepoint redeployment"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn service_account(spec: &Spec) -> Option<String> {
    spec.service_account.is_none().then(|| {
        "spec.serviceAccount must be defined. If you use helm, its value should be the same with the name of \
         jobServiceAccount."
            .to_owned()
    })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod agreement;
