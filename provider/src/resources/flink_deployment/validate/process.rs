//! Size and number of JobManager and TaskManagers.

use flink_client::operator::{Memory, Quantity};
use terraform_schema::{Diagnostic, Diagnostics, View};

use crate::resources::configuration::Configuration;

/// The maps of quantities.
pub const QUANTITIES: [&str; 4] = [
    "job_manager.resources.requests",
    "job_manager.resources.limits",
    "task_manager.resources.requests",
    "task_manager.resources.limits",
];

/// The two kinds of processes: block, name, configuration keys that define its memory (one of these, or all of these).
const PROCESSES: [(&str, &str, &[&str], &[&str]); 2] = [
    (
        "job_manager",
        "JobManager",
        &[
            "jobmanager.memory.process.size",
            "jobmanager.memory.flink.size",
            "jobmanager.memory.heap.size",
            "jobmanager.heap.size",
        ],
        &["jobmanager.heap.mb"],
    ),
    (
        "task_manager",
        "TaskManagers",
        &[
            "taskmanager.memory.process.size",
            "taskmanager.memory.flink.size",
            "taskmanager.heap.size",
            "taskmanager.heap.mb",
        ],
        &["taskmanager.memory.task.heap.size", "taskmanager.memory.managed.size"],
    ),
];

/// Checks both.
pub fn problems(config: &View<'_>, configuration: &Configuration<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (block, name, one_of, all_of) in PROCESSES {
        let process = config.at(block);
        let configured = configuration.may_have(one_of) || all_of.iter().all(|key| configuration.may_have(&[key]));
        if !configured && !may_have_memory(&process) {
            problems.push(
                Diagnostic::warning(format!("Memory of the {name} not set"))
                    .detail(format!(
                        "The operator refuses a deployment that does not say how much memory the {name} get. Set \
                         `{block}.resource.memory`; without it this works only where the operator's default configuration \
                         has `{}`.",
                        one_of.first().copied().unwrap_or_default()
                    ))
                    .at(if process.is_null() { config.path() } else { process.path() }),
            );
        }
        problems.extend(requests_within_limits(&process));
        problems.extend(two_sizes(&process));
    }
    let replicas = config.at("job_manager.replicas");
    if replicas.get::<i64>().known().is_some_and(|replicas| replicas > 1) {
        problems.extend(
            configuration
                .high_availability()
                .needed_by("More than one JobManager", &replicas),
        );
    }
    problems
}

/// Whether the block sets memory, as far as can be seen.
fn may_have_memory(process: &View<'_>) -> bool {
    let somewhere = ["resource.memory", "resources.requests", "resources.limits"].map(|names| process.at(names));
    let [memory, requests, limits] = &somewhere;
    somewhere.iter().any(|place| place.value().is_unknown())
        || !memory.is_null()
        || !requests.key("memory").is_null()
        || !limits.key("memory").is_null()
}

/// A request above its limit is refused.
fn requests_within_limits(process: &View<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for name in ["cpu", "memory"] {
        let request = process.at("resources.requests").key(name);
        let limit = process.at("resources.limits").key(name);
        let (Some(requested), Some(limited)) = (request.text(), limit.text()) else {
            continue;
        };
        let amount = |text: &str| match name {
            "memory" => Memory(text.to_owned()).bytes().ok(),
            _ => Quantity(text.to_owned()).amount().ok(),
        };
        if let (Some(request_amount), Some(limit_amount)) = (amount(requested), amount(limited))
            && request_amount > limit_amount
        {
            problems.push(
                Diagnostic::error("Request above its limit")
                    .detail(format!(
                        "The request for {name}, `{requested}`, is more than its limit, `{limited}`."
                    ))
                    .at(request.path()),
            );
        }
    }
    problems
}

/// Of the two ways to give a size, the operator looks at one.
fn two_sizes(process: &View<'_>) -> Option<Diagnostic> {
    let (simple, kubernetes) = (process.at("resource"), process.at("resources"));
    let is_there = |block: &View<'_>| !block.is_null() && !block.value().is_unknown();
    if !is_there(&simple) || !is_there(&kubernetes) {
        return None;
    }
    let path = simple.path();
    Some(
        Diagnostic::warning("Two sizes for one process")
            .detail(format!(
                "Both `resource` and `resources` are set. Operator 1.16 or newer looks at `resources` only; older ones do \
                 not know it. Remove `{path}`, or `{}`.",
                kubernetes.path()
            ))
            .at(path),
    )
}
