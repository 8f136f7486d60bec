//! Checks of both kinds.

use terraform_schema::{Diagnostic, Diagnostics, View};

use crate::resources::configuration::{CHECKPOINTS, Configuration, Directory, SAVEPOINTS};

/// Nulls in maps and lists of text, which nothing can be sent for. (`flink_configuration` says it in its own words.)
pub fn null_elements_in<'a>(
    maps: impl Iterator<Item = View<'a>>,
    lists: impl Iterator<Item = View<'a>>,
) -> Diagnostics {
    let in_maps = maps.flat_map(|map| {
        let members = map.value().as_map().into_iter().flatten();
        members
            .filter(|(_, value)| value.is_null())
            .map(|(key, _)| map.key(key).path())
            .collect::<Vec<_>>()
    });
    let in_lists = lists.flat_map(|list| {
        list.elements()
            .into_iter()
            .filter(View::is_null)
            .map(|element| element.path())
            .collect::<Vec<_>>()
    });
    in_maps
        .chain(in_lists)
        .map(|path| {
            Diagnostic::error("Value missing")
                .detail(format!("`{path}` is null. Leave the element out, or give it a value."))
                .at(path)
        })
        .collect()
}

/// Directories that the ways to keep state need. `configuration` is what the job runs with, `whose` says where it stands.
pub fn directories(job: &View<'_>, configuration: &Configuration<'_>, whose: &str) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let upgrade_mode = job.at("upgrade_mode");
    let mode = upgrade_mode.text().unwrap_or("stateless");
    if mode != "stateless" {
        problems.extend(directory_needed(
            &format!("The upgrade mode `{mode}`"),
            "checkpoints",
            &CHECKPOINTS,
            configuration,
            whose,
            &upgrade_mode,
        ));
    }
    let trigger = job.at("savepoint_trigger_nonce");
    let interval = configuration.key("kubernetes.operator.periodic.savepoint.interval");
    let age = configuration.key("kubernetes.operator.job.upgrade.last-state.max.allowed.checkpoint.age");
    let needs = [
        (mode == "savepoint").then_some(("The upgrade mode `savepoint`", &upgrade_mode)),
        (!trigger.is_null()).then_some(("`savepoint_trigger_nonce`", &trigger)),
        (!interval.is_null()).then_some(("Taking savepoints periodically", &interval)),
        (!age.is_null()).then_some(("Taking a savepoint where the last checkpoint is too old", &age)),
    ];
    for (what, at) in needs.into_iter().flatten() {
        problems.extend(directory_needed(
            what,
            "savepoints",
            &SAVEPOINTS,
            configuration,
            whose,
            at,
        ));
    }
    problems
}

fn directory_needed(
    what: &str,
    kind: &str,
    keys: &[&str; 2],
    configuration: &Configuration<'_>,
    whose: &str,
    at: &View<'_>,
) -> Option<Diagnostic> {
    let [flink_2, flink_1] = keys;
    let (problem, why): (fn(String) -> Diagnostic, _) = match configuration.directory(keys) {
        Directory::Possible => return None,
        Directory::Blank => (Diagnostic::error, format!("`{flink_2}` is blank.")),
        Directory::NotSet => (
            Diagnostic::warning,
            format!(
                "{whose} has neither `{flink_1}` nor `{flink_2}`, so this works only where the operator's default \
                 configuration has one."
            ),
        ),
    };
    Some(
        problem(format!("Directory for {kind} not set"))
            .detail(format!(
                "{what} needs a directory for {kind}, and the operator refuses the job without one. {why}"
            ))
            .at(at.path()),
    )
}

/// Checkpoints on demand came with Flink 1.17.
pub fn has_no_checkpoint_on_demand(job: &View<'_>, version: (u32, u32)) -> bool {
    !job.at("checkpoint_trigger_nonce").is_null() && version < (1, 17)
}

/// The directory for checkpoints by a name that this Flink version does not know yet.
pub fn unknown_directory(configuration: &Configuration<'_>, version: (u32, u32)) -> Option<Diagnostic> {
    let [flink_2, flink_1] = CHECKPOINTS;
    let place = configuration.key(flink_2);
    let unknown = version < (1, 20) && !place.is_null() && configuration.key(flink_1).is_null();
    unknown.then(|| {
        Diagnostic::warning("Key that this Flink version does not know")
            .detail(format!(
                "`{flink_2}` came with Flink 1.20. The operator takes it for the directory for checkpoints, and Flink {}.{} \
                 does not: set `{flink_1}`.",
                version.0, version.1
            ))
            .at(place.path())
    })
}
