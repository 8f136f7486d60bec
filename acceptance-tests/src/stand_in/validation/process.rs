//! The rules about JobManager and TaskManagers, and sizes as the operator reads them.

use serde_json::Value;

use super::super::spec::{Component, Resource, Spec};
use super::Release;

pub(super) fn job_manager(release: Release, spec: &Spec) -> Option<String> {
    let component = spec.job_manager.as_ref();
    let defined = [
        "memory.process.size",
        "memory.flink.size",
        "memory.heap.size",
        "heap.size",
        "heap.mb",
    ]
    .iter()
    .any(|key| spec.setting(&format!("jobmanager.{key}")).is_some());
    let replicas = component.and_then(|component| component.replicas).unwrap_or(1);
    sizes(release, component, defined, "JobManager", "jobManager").or_else(|| {
        if replicas < 1 {
            Some("JobManager replicas should not be configured less than one.".to_owned())
        } else if replicas > 1 && !spec.is_highly_available() {
            Some("High availability should be enabled when starting standby JobManagers.".to_owned())
        } else {
            None
        }
    })
}

pub(super) fn task_manager(release: Release, spec: &Spec) -> Option<String> {
    let component = spec.task_manager.as_ref();
    let is_set = |key: &str| spec.setting(&format!("taskmanager.{key}")).is_some();
    let defined = ["memory.process.size", "memory.flink.size", "heap.size", "heap.mb"]
        .into_iter()
        .any(is_set)
        || is_set("memory.task.heap.size") && is_set("memory.managed.size");
    let replicas = component.and_then(|component| component.replicas);
    sizes(release, component, defined, "TaskManager", "taskManager").or_else(|| {
        let too_few = replicas.is_some_and(|replicas| replicas < 1);
        too_few.then(|| "TaskManager replicas should not be configured less than one.".to_owned())
    })
}

/// The rules about size that both kinds of process have.
fn sizes(
    release: Release,
    component: Option<&Component>,
    in_settings: bool,
    title: &str,
    field: &str,
) -> Option<String> {
    let simple = component.and_then(|component| component.resource.as_ref());
    // An operator that does not know the field does not see it.
    let kubernetes = component
        .and_then(|component| component.resources.as_ref())
        .filter(|_| release >= Release::V1_16);
    let memory = simple.and_then(|resource| resource.memory.as_deref());
    let has_memory = memory.is_some_and(|memory| !memory.trim().is_empty())
        || kubernetes.is_some_and(|resources| {
            ["/requests/memory", "/limits/memory"]
                .iter()
                .any(|path| resources.pointer(path).is_some())
        });
    if !has_memory && !in_settings {
        let or = match release {
            Release::V1_15 => String::new(),
            Release::V1_16 => format!(" or `spec.{field}.resources.requests.memory`"),
        };
        return Some(format!(
            "{title} resource memory must be defined using `spec.{field}.resource.memory`{or}"
        ));
    }
    simple
        .and_then(|resource| parse_errors(resource, title))
        .or_else(|| kubernetes.and_then(|resources| requirements(resources, title)))
}

/// What of `resource` cannot be read, in one text.
fn parse_errors(resource: &Resource, title: &str) -> Option<String> {
    let mut problems = String::new();
    if let Some(memory) = &resource.memory
        && flink_bytes(memory).is_none()
    {
        problems.push_str(&format!(
            "{title} resource memory parse error: Could not parse memory size '{memory}'"
        ));
    }
    if let Some(storage) = &resource.ephemeral_storage
        && quantity(storage).is_none()
    {
        problems.push_str(&format!(
            "{title} resource ephemeral storage parse error: Invalid quantity format passed to parse"
        ));
    }
    (!problems.is_empty()).then_some(problems)
}

/// What is wrong with `resources`, in one text.
fn requirements(resources: &Value, title: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut problems = Vec::new();
    for section in ["requests", "limits"] {
        for (name, amount) in resources[section].as_object().into_iter().flatten() {
            let written = text(amount);
            let size = if name == "memory" {
                flink_bytes(&written)
            } else {
                quantity(&written)
            };
            let what = format!("{title} resource requirements {section} {name}");
            match size {
                None => problems.push(format!("{what} parse error: {written}")),
                Some(size) if matches!(name.as_str(), "memory" | "cpu") && size <= 0.0 => {
                    problems.push(format!("{what} must be positive: {written}"));
                }
                Some(size) if size < 0.0 => problems.push(format!("{what} must not be negative: {written}")),
                Some(_) => {}
            }
        }
    }
    for name in ["cpu", "memory"] {
        let [request, limit] = ["requests", "limits"].map(|section| resources[section].get(name).map(text));
        let (Some(request), Some(limit)) = (request, limit) else {
            continue;
        };
        let size = |written: &str| {
            if name == "memory" {
                flink_bytes(written)
            } else {
                quantity(written)
            }
        };
        if let (Some(requested), Some(limited)) = (size(&request), size(&limit))
            && requested > limited
        {
            problems.push(format!(
                "{title} resource requirements {name} request ({request}) must not exceed its limit ({limit})"
            ));
        }
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

/// A memory size as the operator reads it: Flink's spelling, else that of Kubernetes in capitals, of which Flink then takes
/// digits only. So a fraction is refused, also where it comes to whole bytes.
fn flink_bytes(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let digits = trimmed
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let power = match unit.trim().to_lowercase().as_str() {
        "" | "b" | "bytes" => Some(0),
        "k" | "kb" | "kibibytes" => Some(1),
        "m" | "mb" | "mebibytes" => Some(2),
        "g" | "gb" | "gibibytes" => Some(3),
        "t" | "tb" | "tebibytes" => Some(4),
        _ => None,
    };
    if let (Ok(number), Some(power)) = (number.parse::<f64>(), power) {
        return Some(number * 1024_f64.powi(power));
    }
    let compact: String = trimmed.split_whitespace().collect::<String>().to_uppercase();
    let compact = compact.strip_suffix('B').unwrap_or(&compact);
    let compact = compact
        .strip_suffix('I')
        .map_or_else(|| compact.to_owned(), |start| format!("{start}i"));
    if compact.contains('.') || compact.starts_with('-') {
        return None;
    }
    quantity(&compact)
}

/// A Kubernetes quantity.
fn quantity(text: &str) -> Option<f64> {
    let end = text
        .char_indices()
        .find(|(at, letter)| !(letter.is_ascii_digit() || *letter == '.' || (*at == 0 && matches!(letter, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        exponent if exponent.starts_with(['e', 'E']) && exponent.len() > 1 && !exponent.ends_with('i') => {
            10_f64.powi(exponent[1..].parse().ok()?)
        }
        binary => {
            let power = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
                .iter()
                .position(|known| *known == binary)?;
            1024_f64.powi(i32::try_from(power).ok()? + 1)
        }
    };
    Some(number * factor)
}

/// A size in bytes, spelled as Flink or as Kubernetes spells it. Units count in powers of 1024, except
/// where only Kubernetes knows them (`1e9`).
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let power = match unit.trim().to_lowercase().as_str() {
        "" | "b" | "bytes" => 0,
        "k" | "kb" | "ki" | "kibibytes" => 1,
        "m" | "mb" | "mi" | "mebibytes" => 2,
        "g" | "gb" | "gi" | "gibibytes" => 3,
        "t" | "tb" | "ti" | "tebibytes" => 4,
        exponent => {
            return (number * 10_f64.powi(exponent.strip_prefix('e')?.parse().ok()?))
                .floor()
                .to_u64();
        }
    };
    (number * 1024_f64.powi(power)).floor().to_u64()
}

trait ToWhole {
    fn to_u64(self) -> Option<u64>;
}

impl ToWhole for f64 {
    fn to_u64(self) -> Option<u64> {
        // Beyond this there are no exact whole numbers, and no such memories.
        (0.0..9.0e15).contains(&self).then_some(self as u64)
    }
}
