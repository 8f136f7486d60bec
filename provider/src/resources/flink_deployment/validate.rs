//! What the operator would refuse, said before anything is sent. Offline: only the configuration is known, so a rule that
//! the operator's own default configuration can satisfy gives a warning.

mod process;

use flink_client::operator::checks::parse_flink_version;
use terraform_schema::{Diagnostic, Diagnostics, View};

use crate::resources::configuration::Configuration;
use crate::resources::job_resource::nonces;
use crate::resources::job_resource::validate::null_elements_in;
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
    problems.extend(process::problems(config, &configuration));
    if config.at("job").is_null() {
        problems.extend(session_cluster(config));
    } else if !config.at("job").value().is_unknown() {
        problems.extend(parallelism(config));
        problems.extend(directories(config, &configuration));
        problems.extend(checkpoint_trigger(config));
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

/// Directories that the ways to keep state need.
fn directories(config: &View<'_>, configuration: &Configuration<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let upgrade_mode = config.at("job.upgrade_mode");
    let mode = upgrade_mode.text().unwrap_or("stateless");
    if mode != "stateless" && !configuration.may_have_checkpoint_directory() {
        problems.push(directory_needed(
            &format!("The upgrade mode `{mode}`"),
            "checkpoints",
            "state.checkpoints.dir",
            "execution.checkpointing.dir",
            &upgrade_mode,
        ));
    }
    if configuration.may_have_savepoint_directory() {
        return problems;
    }
    let trigger = config.at("job.savepoint_trigger_nonce");
    let interval = configuration.key("kubernetes.operator.periodic.savepoint.interval");
    let age = configuration.key("kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age");
    let needs = [
        (mode == "savepoint").then_some(("The upgrade mode `savepoint`", &upgrade_mode)),
        (!trigger.is_null()).then_some(("`savepoint_trigger_nonce`", &trigger)),
        (!interval.is_null()).then_some(("Taking savepoints periodically", &interval)),
        (!age.is_null()).then_some(("Taking a savepoint where the last checkpoint is too old", &age)),
    ];
    problems.extend(needs.into_iter().flatten().map(|(what, at)| {
        directory_needed(
            what,
            "savepoints",
            "state.savepoints.dir",
            "execution.checkpointing.savepoint-dir",
            at,
        )
    }));
    problems
}

fn directory_needed(what: &str, kind: &str, flink_1: &str, flink_2: &str, at: &View<'_>) -> Diagnostic {
    Diagnostic::warning(format!("Directory for {kind} not set"))
        .detail(format!(
            "{what} needs a directory for {kind}, and the operator refuses the deployment without one. \
             `flink_configuration` has neither `{flink_1}` nor `{flink_2}`, so this works only where the operator's default \
             configuration has one."
        ))
        .at(at.path())
}

/// Checkpoints on demand came with Flink 1.17.
fn checkpoint_trigger(config: &View<'_>) -> Diagnostics {
    let trigger = config.at("job.checkpoint_trigger_nonce");
    let version = config.at("flink_version").text().and_then(parse_flink_version);
    if !trigger.is_null() && version.is_some_and(|version| version < (1, 17)) {
        return Diagnostic::error("Checkpoint cannot be triggered")
            .detail("Taking a checkpoint on demand needs Flink 1.17 or newer. Use `savepoint_trigger_nonce` instead.")
            .at(trigger.path())
            .into();
    }
    Diagnostics::new()
}

#[cfg(test)]
mod tests;
