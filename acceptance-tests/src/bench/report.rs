//! What a run prints.

use std::thread::available_parallelism;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::floor::Floor;
use super::goals::Goal;
use super::objects::Measured;
use super::statistics::Sample;
use super::table::{Table, kilobytes, megabytes, milliseconds, ratio, seconds};
use crate::terraform::Workspace;

/// What it was measured on, without saying where.
pub async fn machine() -> String {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let version = match Workspace::overriding(&[]) {
        Ok(workspace) => workspace.run(&["version"]).await.ok(),
        Err(_) => None,
    };
    let version = version.and_then(|outcome| outcome.stdout.lines().next().map(str::to_owned));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {cores} cores, load {} at the start\n",
        version.as_deref().unwrap_or("Terraform"),
        load.split(' ').next().unwrap_or_default()
    )
}

/// The contestants with a provider.
fn providers(contestants: &[Contestant]) -> impl Iterator<Item = &Contestant> {
    contestants.iter().filter(|contestant| contestant.provider.is_some())
}

/// From start to handshake line. The first sample is that of a program that does nothing.
pub fn start_up(contestants: &[Contestant], samples: &[Sample]) -> Table {
    let mut table = Table::new("Start-up to handshake", &["", "median", "95 %", "of any process"]);
    let names = std::iter::once("any process (true)").chain(providers(contestants).map(|one| one.name.as_str()));
    for (name, sample) in names.zip(samples) {
        table.row([
            name.to_owned(),
            milliseconds(sample.median()),
            milliseconds(sample.quantile(95)),
            ratio(sample.ratio(&samples[0])),
        ]);
    }
    table
}

/// Sizes of binaries.
///
/// # Errors
/// A binary is not there.
pub fn sizes(contestants: &[Contestant]) -> Result<Table> {
    let mut table = Table::new("Binary", &["", "size"]);
    for contestant in providers(contestants) {
        let Some(provider) = &contestant.provider else { continue };
        let size = std::fs::metadata(&provider.program)
            .with_context(|| format!("failed to look at {}", provider.program.display()))?
            .len();
        table.row([contestant.name.clone(), megabytes(size)]);
    }
    Ok(table)
}

/// Everything about one number of objects: times, then what the provider took, then what it asked.
pub fn objects(objects: usize, contestants: &[Contestant], measured: &[Measured], floor: &Floor) -> [Table; 4] {
    let rows = || contestants.iter().zip(measured);
    let nothing = rows().find(|(contestant, _)| contestant.name == "do-nothing");
    let plans = |title: &str, of: fn(&Measured) -> &Sample| {
        let mut table = Table::new(title, &["", "median", "shortest", "longest", "of do-nothing"]);
        for (contestant, measured) in rows() {
            let sample = of(measured);
            let floor = nothing.map(|(_, nothing)| sample.ratio(of(nothing)));
            table.row([
                contestant.name.clone(),
                seconds(sample.median()),
                seconds(sample.shortest()),
                seconds(sample.longest()),
                floor.map(ratio).unwrap_or_default(),
            ]);
        }
        table
    };
    let mut unchanged = plans(&format!("Plan of {objects} unchanged"), |measured| {
        &measured.plan_unchanged
    });
    unchanged.row(["reading them, without Terraform".to_owned(), seconds(floor.read)]);
    [
        plans(&format!("Plan of {objects} new"), |measured| &measured.plan_new),
        unchanged,
        changes(objects, contestants, measured, floor),
        provider(objects, contestants, measured),
    ]
}

fn changes(objects: usize, contestants: &[Contestant], measured: &[Measured], floor: &Floor) -> Table {
    let mut table = Table::new(
        &format!("Apply and destroy of {objects}"),
        &["", "apply", "of the cluster's", "destroy", "of the cluster's"],
    );
    for (contestant, measured) in contestants.iter().zip(measured) {
        let of = |time: std::time::Duration, floor: std::time::Duration| {
            if contestant.in_cluster {
                ratio(time.as_secs_f64() / floor.as_secs_f64())
            } else {
                String::new()
            }
        };
        table.row([
            contestant.name.clone(),
            seconds(measured.apply),
            of(measured.apply, floor.create),
            seconds(measured.destroy),
            of(measured.destroy, floor.delete),
        ]);
    }
    table.row([
        "the cluster, without Terraform".to_owned(),
        seconds(floor.create),
        String::new(),
        seconds(floor.delete),
    ]);
    table
}

fn provider(objects: usize, contestants: &[Contestant], measured: &[Measured]) -> Table {
    let mut table = Table::new(
        &format!("The provider with {objects}"),
        &[
            "",
            "peak, plan",
            "peak, apply",
            "CPU, plan",
            "CPU, apply",
            "requests/object",
            "sent/object",
            "received/object",
        ],
    );
    let each = |total: u64| kilobytes(total / objects as u64);
    for (contestant, measured) in contestants.iter().zip(measured) {
        if contestant.provider.is_none() {
            continue;
        }
        let traffic = &measured.traffic;
        table.row([
            contestant.name.clone(),
            megabytes(measured.plan_usage.peak),
            megabytes(measured.apply_usage.peak),
            seconds(measured.plan_usage.processor),
            seconds(measured.apply_usage.processor),
            format!("{:.2}", traffic.total() as f64 / objects as f64),
            each(traffic.sent),
            each(traffic.received),
        ]);
        for (kind, count) in &traffic.requests {
            table.row([format!("  {kind}: {count}")]);
        }
    }
    table
}

/// How the goals stand.
pub fn goals(goals: &[Goal]) -> String {
    let mut text = "Goals\n".to_owned();
    for goal in goals {
        let stands = match (goal.met, goal.depends_on_machine) {
            (true, _) => "met   ",
            (false, true) => "missed",
            (false, false) => "FAILED",
        };
        text.push_str(&format!("  {stands}  {}; at most {}\n", goal.found, goal.limit));
    }
    text
}
