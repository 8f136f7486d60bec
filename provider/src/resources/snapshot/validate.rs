//! Which arguments stand together. Offline; what is not known yet passes.

use terraform_schema::{Diagnostic, Diagnostics, Seen, View};

/// Arguments that mean something only together with a URL.
const WITH_URL: [&str; 6] = [
    "ca_certificate",
    "client_certificate",
    "client_key",
    "insecure",
    "headers",
    "job_id",
];

/// Checks a configuration. `what` is what is taken.
pub fn validate(config: &View<'_>, what: &str) -> Diagnostics {
    let exists = config.at("already_exists").get::<bool>();
    let mut problems = the_job(config, what, &exists);
    problems.extend(the_way(config));
    if exists == Seen::Known(true) {
        problems.extend(existing(config));
    }
    problems
}

fn is_set(view: &View<'_>) -> bool {
    !view.is_null() && !view.is_unknown()
}

/// Exactly one job is named, unless nothing is taken.
fn the_job(config: &View<'_>, what: &str, exists: &Seen<bool>) -> Diagnostics {
    let named = ["deployment_name", "session_job_name", "job_manager_url"].map(|name| config.at(name));
    let set: Vec<&View<'_>> = named.iter().filter(|view| is_set(view)).collect();
    if let [_, second, ..] = set.as_slice() {
        return Diagnostic::error("Two jobs")
            .detail(format!(
                "A {what} is of one job. Set one of `deployment_name`, `session_job_name` and `job_manager_url`."
            ))
            .at(second.path())
            .into();
    }
    let taken = matches!(exists, Seen::Null | Seen::Known(false));
    if taken && named.iter().all(View::is_null) {
        return Diagnostic::error("No job is named")
            .detail(format!(
                "A {what} is of a job. Set `deployment_name` to the name of an application, `session_job_name` to that of a \
                 session job, or `job_manager_url` to the address of a JobManager."
            ))
            .into();
    }
    Diagnostics::new()
}

/// Arguments of one way to the job do not stand beside the other.
fn the_way(config: &View<'_>) -> Diagnostics {
    let url = config.at("job_manager_url");
    let (of_other_way, detail): (&[&str], &str) = if url.is_null() {
        (
            &WITH_URL,
            "is for `job_manager_url`. The job of an object is known to the operator, and its JobManager is reached through \
             Kubernetes.",
        )
    } else if url.is_unknown() {
        return Diagnostics::new();
    } else {
        (
            &["name", "namespace"],
            "is for an object of Kubernetes. A snapshot that is taken at `job_manager_url` has none: remove it.",
        )
    };
    let useless = of_other_way.iter().map(|name| config.at(name)).filter(is_set);
    useless
        .map(|argument| {
            Diagnostic::error("Argument of another way to the job")
                .detail(format!("`{}` {detail}", argument.path()))
                .at(argument.path())
        })
        .collect()
}

/// A savepoint that exists already.
fn existing(config: &View<'_>) -> Diagnostics {
    let mut problems = Diagnostics::new();
    if config.at("path").is_null() {
        problems.push(
            Diagnostic::error("Path missing")
                .detail("`already_exists` is set: set `path` to the path of the savepoint.")
                .at(config.at("already_exists").path()),
        );
    }
    if is_set(&config.at("format_type")) {
        problems.push(
            Diagnostic::error("Format of a savepoint that exists")
                .detail("`already_exists` is set: the savepoint has its format, and nothing is taken. Remove `format_type`.")
                .at(config.at("format_type").path()),
        );
    }
    let nobody = ["deployment_name", "session_job_name", "job_manager_url"]
        .iter()
        .all(|name| config.at(name).is_null());
    let disposes = config.at("dispose_on_destroy");
    if nobody && disposes.get() == Seen::Known(true) {
        problems.push(
            Diagnostic::error("Nobody to delete the files")
                .detail(
                    "`dispose_on_destroy` needs a JobManager that deletes the files of the savepoint: set `deployment_name`, \
                     `session_job_name` or `job_manager_url` to one that is in reach of them.",
                )
                .at(disposes.path()),
        );
    }
    problems
}

#[cfg(test)]
mod tests;
