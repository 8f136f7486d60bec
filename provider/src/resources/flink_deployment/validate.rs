//! What the operator would refuse, said before anything is sent. Offline: only the configuration is known, so a rule that
//! the operator's own default configuration can satisfy gives a warning.

mod process;

use flink_client::operator::checks::parse_flink_version;
use terraform_schema::{Diagnostic, Diagnostics, Seen, View};

use crate::resources::configuration::Configuration;
use crate::resources::job_resource::nonces;
use crate::resources::job_resource::validate::{
    directories, has_no_checkpoint_on_demand, null_elements_in, unknown_directory,
};
use crate::resources::job_resource::write_only;

/// File names that the operator allows in `log_configuration`.
const LOG_FILES: [&str; 2] = ["log4j-console.properties", "logback-console.xml"];

/// Checks a configuration.
pub fn validate(config: &View<'_>) -> Diagnostics {
    let configuration = Configuration::of(config);
    let mut problems = configuration.problems();
    problems.extend(write_only::problems(config));
    problems.extend(log_files(config));
    problems.extend(null_elements(config));
    problems.extend(nonces::problems(config));
    problems.extend(configuration.problems_of_a_cluster());
    problems.extend(process::problems(config, &configuration));
    problems.extend(flink_version(config, &configuration));
    if config.at("job").is_null() {
        problems.extend(session_cluster(config));
    } else if !config.at("job").value().is_unknown() {
        problems.extend(parallelism(config));
        problems.extend(directories(&config.at("job"), &configuration, "`flink_configuration`"));
    }
    problems
}

/// Names of the logging configuration files.
fn log_files(config: &View<'_>) -> Diagnostics {
    let files = config.at("log_configuration");
    let names = files.value().as_map().into_iter().flatten().map(|(name, _)| name);
    names
        .filter(|name| !LOG_FILES.contains(&name.as_str()))
        .map(|name| {
            Diagnostic::error("Not a logging configuration file")
                .detail(format!(
                    "The operator refuses `{name}`: there are `{}` and `{}`.",
                    LOG_FILES[0], LOG_FILES[1]
                ))
                .at(files.key(name).path())
        })
        .collect()
}

/// Nulls in maps and lists of text, which nothing can be sent for. (`flink_configuration` says it in its own words.)
fn null_elements(config: &View<'_>) -> Diagnostics {
    let maps = [
        "labels",
        "annotations",
        "restart_triggers",
        "log_configuration",
        "ingress.annotations",
        "ingress.labels",
    ]
    .into_iter()
    .chain(process::QUANTITIES)
    .map(|names| config.at(names));
    let tls = config
        .at("ingress.tls")
        .elements()
        .into_iter()
        .map(|tls| tls.at("hosts"));
    let lists = tls.chain([config.at("job.args")]);
    null_elements_in(maps, lists)
}

/// What a session cluster does not look at.
fn session_cluster(config: &View<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let on_destroy = config.at("on_destroy");
    let drain = config.at("drain_on_destroy");
    let set = [
        (on_destroy.text().is_some_and(|how| how != "abandon"), on_destroy),
        (drain.get() == Seen::Known(true), drain),
    ];
    for (_, argument) in set.iter().filter(|(is_set, _)| *is_set) {
        problems.push(
            Diagnostic::warning("Nothing to save on destroy")
                .detail(format!(
                    "A session cluster has no job of its own, and is only deleted when no session job is left on it. Put `{}` \
                     into its `flink_session_job`.",
                    argument.path()
                ))
                .at(argument.path()),
        );
    }
    let replicas = config.at("task_manager.replicas");
    let mode = config.at("mode");
    if !replicas.is_null() && (mode.is_null() || mode.text() == Some("native")) {
        problems.push(
            Diagnostic::warning("Number of TaskManagers not used")
                .detail(
                    "A session cluster in `native` mode starts TaskManagers as its jobs need them and does not look at \
                     `task_manager.replicas`. Use `mode = \"standalone\"` for a fixed number.",
                )
                .at(replicas.path()),
        );
    }
    problems
}

/// How parallel the job is: by its own number, or by that of the TaskManagers.
fn parallelism(config: &View<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let (parallelism, replicas) = (config.at("job.parallelism"), config.at("task_manager.replicas"));
    if parallelism.is_null() && replicas.is_null() {
        problems.push(
            Diagnostic::error("Parallelism missing")
                .detail(
                    "The operator needs to know how parallel the job is: set `parallelism` here, or `replicas` in the \
                     `task_manager` block (then it is that number times `taskmanager.numberOfTaskSlots`).",
                )
                .at(config.at("job").path()),
        );
    }
    if !parallelism.is_null() && !parallelism.is_unknown() && !replicas.is_null() && !replicas.is_unknown() {
        problems.push(
            Diagnostic::warning("Parallelism not used")
                .detail(
                    "`task_manager.replicas` is set, so the job runs at that number times `taskmanager.numberOfTaskSlots`, \
                     and `job.parallelism` is not looked at. Remove one of the two.",
                )
                .at(parallelism.path()),
        );
    }
    problems
}

/// What the Flink version has not.
fn flink_version(config: &View<'_>, configuration: &Configuration<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let Some(version) = config.at("flink_version").text().and_then(parse_flink_version) else {
        return problems;
    };
    if has_no_checkpoint_on_demand(&config.at("job"), version) {
        problems.push(
            Diagnostic::error("Checkpoint cannot be triggered")
                .detail(
                    "Taking a checkpoint on demand needs Flink 1.17 or newer. Use `savepoint_trigger_nonce` instead.",
                )
                .at(config.at("job.checkpoint_trigger_nonce").path()),
        );
    }
    problems.extend(unknown_directory(configuration, version));
    problems
}

#[cfg(test)]
mod tests;
