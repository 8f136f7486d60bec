//! What the operator would refuse, said before anything is sent. Offline: what depends on the session cluster only the
//! operator can say.

use flink_client::operator::session_job::TARGET_SESSION;
use terraform_schema::{Diagnostic, Diagnostics, View};

use crate::resources::configuration::Configuration;
use crate::resources::job_resource::nonces;
use crate::resources::job_resource::validate::null_elements_in;
use crate::resources::job_resource::write_only;

/// Checks a configuration.
pub fn validate(config: &View<'_>) -> Diagnostics {
    let configuration = Configuration::of(config);
    let mut problems = configuration.problems();
    problems.extend(configuration.problems_of_a_session_job());
    let maps = ["labels", "annotations", "restart_triggers"].map(|name| config.at(name));
    problems.extend(null_elements_in(maps.into_iter(), [config.at("job.args")].into_iter()));
    problems.extend(nonces::problems(config));
    problems.extend(write_only::problems(config));
    problems.extend(target_session(config));
    if !config.at("job").value().is_unknown() {
        problems.extend(parallelism(config));
        problems.extend(nothing_to_run(config));
    }
    problems
}

/// The label that is ours.
fn target_session(config: &View<'_>) -> Option<Diagnostic> {
    let label = config.at("labels").key(TARGET_SESSION);
    (!label.is_null()).then(|| {
        Diagnostic::error("Label is set by the provider")
            .detail(format!(
                "`{TARGET_SESSION}` always holds `deployment_name`: the operator finds the jobs of a cluster by it. Remove the \
                 label."
            ))
            .at(label.path())
    })
}

/// How parallel the job is.
fn parallelism(config: &View<'_>) -> Option<Diagnostic> {
    let parallelism = config.at("job.parallelism");
    parallelism.is_null().then(|| {
        Diagnostic::error("Parallelism missing")
            .detail(
                "The operator refuses a session job without a parallelism of at least 1. Set `parallelism` in the `job` \
                 block.",
            )
            .at(config.at("job").path())
    })
}

/// Without a jar there must be a class to find on the cluster.
fn nothing_to_run(config: &View<'_>) -> Option<Diagnostic> {
    let missing = config.at("job.jar_uri").is_null() && config.at("job.entry_class").is_null();
    missing.then(|| {
        Diagnostic::error("Nothing to run")
            .detail(
                "Set `jar_uri` to the address of the job's jar, or `entry_class` to a class on the classpath of the session \
                 cluster.",
            )
            .at(config.at("job").path())
    })
}

#[cfg(test)]
mod tests;
