//! What Flink is told: the application's own settings, less those that a process on loopback cannot
//! follow, plus those that make it small and keep it here.

use std::collections::BTreeMap;
use std::path::Path;

use super::Volumes;
use super::cluster::Application;

/// Settings of the `FlinkDeployment` that are not passed on: they size containers, name Kubernetes
/// objects, or open ports and directories that the sandbox chooses itself.
const LEFT_OUT: &[&str] = &[
    "blob.server.",
    "env.",
    "high-availability",
    "io.tmp.dirs",
    "job.autoscaler.",
    "jobmanager.bind-host",
    "jobmanager.memory.",
    "jobmanager.rpc.",
    "kubernetes.",
    "metrics.reporter",
    "process.working-dir",
    "queryable-state.",
    "rest.",
    "security.",
    "taskmanager.bind-host",
    "taskmanager.data.",
    "taskmanager.host",
    "taskmanager.memory.",
    "taskmanager.rpc.",
    "web.",
];

/// At most so many TaskManager processes per cluster. Where more are asked for, these get more slots.
pub const MOST_TASK_MANAGERS: u32 = 4;

/// The ports a JobManager listens on, all on 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The REST API.
    pub rest: u16,
    /// Where TaskManagers register.
    pub rpc: u16,
}

/// How many TaskManager processes run, and with how many slots each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workers {
    /// Processes.
    pub count: u32,
    /// Slots of each.
    pub slots: u32,
}

impl Workers {
    /// Enough for the application: as many as it fixes, or as its parallelism needs.
    pub fn of(application: &Application) -> Self {
        let slots = application.configuration.get("taskmanager.numberOfTaskSlots");
        let slots = slots
            .and_then(|text| text.parse().ok())
            .filter(|slots| *slots > 0)
            .unwrap_or(1);
        let asked = application
            .task_managers
            .unwrap_or_else(|| application.parallelism.div_ceil(slots))
            .max(1);
        let count = asked.min(MOST_TASK_MANAGERS);
        Self {
            count,
            slots: if asked > count {
                (asked * slots).div_ceil(count)
            } else {
                slots
            },
        }
    }
}

/// The content of Flink's configuration file, by key.
pub fn configuration(
    application: &Application,
    volumes: &Volumes,
    ports: Ports,
    temporary: &Path,
) -> BTreeMap<String, String> {
    let asked = application.configuration.iter();
    let mut all: BTreeMap<String, String> = asked
        .filter(|(key, _)| !LEFT_OUT.iter().any(|prefix| key.starts_with(prefix)))
        .map(|(key, value)| (key.clone(), volumes.outward(value)))
        .collect();
    // The operator's own defaults, which the application may change.
    let name = ("pipeline.name", application.name.as_str());
    // The jobs of a session cluster have names of their own.
    let name = Some(name).filter(|_| !application.session);
    let retention = (
        "execution.checkpointing.externalized-checkpoint-retention",
        "RETAIN_ON_CANCELLATION",
    );
    for (key, value) in name.into_iter().chain([retention]) {
        all.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
    let workers = Workers::of(application);
    let forced = [
        ("execution.shutdown-on-application-finish", "false".to_owned()),
        ("execution.submit-failed-job-on-application-error", "true".to_owned()),
        ("parallelism.default", application.parallelism.max(1).to_string()),
        ("taskmanager.numberOfTaskSlots", workers.slots.to_string()),
        // Loopback only, with ports of our choice.
        ("jobmanager.rpc.address", "127.0.0.1".to_owned()),
        ("jobmanager.bind-host", "127.0.0.1".to_owned()),
        ("jobmanager.rpc.port", ports.rpc.to_string()),
        ("rest.address", "127.0.0.1".to_owned()),
        ("rest.bind-address", "127.0.0.1".to_owned()),
        ("rest.port", ports.rest.to_string()),
        ("taskmanager.host", "127.0.0.1".to_owned()),
        ("taskmanager.bind-host", "127.0.0.1".to_owned()),
        ("io.tmp.dirs", temporary.display().to_string()),
        // REST answers are remembered for so many milliseconds; the usual three seconds are long for a test.
        ("web.refresh-interval", "500".to_owned()),
        // A TaskManager starts beside its JobManager: it should not wait 10 s after a first try in vain.
        ("cluster.registration.error-delay", "300 ms".to_owned()),
        ("cluster.registration.initial-timeout", "200 ms".to_owned()),
        // As small as an example job runs well with.
        ("jobmanager.memory.heap.size", "160m".to_owned()),
        ("jobmanager.memory.off-heap.size", "64m".to_owned()),
        ("jobmanager.memory.jvm-metaspace.size", "128m".to_owned()),
        ("jobmanager.memory.jvm-overhead.min", "64m".to_owned()),
        ("jobmanager.memory.jvm-overhead.max", "64m".to_owned()),
        ("taskmanager.memory.framework.heap.size", "64m".to_owned()),
        ("taskmanager.memory.framework.off-heap.size", "64m".to_owned()),
        (
            "taskmanager.memory.task.heap.size",
            format!("{}m", 48 + 16 * workers.slots),
        ),
        ("taskmanager.memory.managed.size", "16m".to_owned()),
        ("taskmanager.memory.network.min", format!("{}m", 24 + 8 * workers.slots)),
        ("taskmanager.memory.network.max", format!("{}m", 24 + 8 * workers.slots)),
        ("taskmanager.memory.jvm-metaspace.size", "128m".to_owned()),
        ("taskmanager.memory.jvm-overhead.min", "64m".to_owned()),
        ("taskmanager.memory.jvm-overhead.max", "64m".to_owned()),
    ];
    all.extend(forced.map(|(key, value)| (key.to_owned(), value)));
    all
}

/// The configuration as `config.yaml`. Every value is a JSON string, which is YAML too.
pub fn yaml(configuration: &BTreeMap<String, String>) -> String {
    configuration
        .iter()
        .map(|(key, value)| format!("{key}: {}\n", serde_json::Value::from(value.as_str())))
        .collect()
}

/// Settings of log4j 2: everything from INFO up into the file that `-Dlog.file` names.
pub const LOG4J: &str = "\
rootLogger.level = INFO
rootLogger.appenderRef.file.ref = File
appender.file.name = File
appender.file.type = FILE
appender.file.fileName = ${sys:log.file}
appender.file.append = false
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{ISO8601} %-5p %c{1} - %m%n
";

#[cfg(test)]
mod tests {
    use super::*;

    fn application(configuration: &[(&str, &str)], parallelism: u32, task_managers: Option<u32>) -> Application {
        Application {
            name: "orders".to_owned(),
            job_id: "0".repeat(32),
            configuration: configuration
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            jar_uri: None,
            entry_class: None,
            args: Vec::new(),
            parallelism,
            task_managers,
            restore: None,
            allow_non_restored_state: false,
            session: false,
            over: false,
        }
    }

    #[test]
    fn the_job_keeps_its_settings_and_loses_the_cluster_s() {
        let application = application(
            &[
                ("state.savepoints.dir", "file:///flink-data/savepoints"),
                ("execution.checkpointing.interval", "5 s"),
                ("high-availability.type", "kubernetes"),
                ("kubernetes.jobmanager.cpu.limit-factor", "15"),
                ("jobmanager.memory.process.size", "8g"),
                ("rest.port", "9999"),
                ("pipeline.name", "Orders"),
            ],
            3,
            None,
        );
        let volumes = Volumes::new(Path::new("/v"));
        let all = configuration(&application, &volumes, Ports { rest: 1, rpc: 2 }, Path::new("/t"));
        assert_eq!(all["state.savepoints.dir"], "file:///v/flink-data/savepoints");
        assert_eq!(all["execution.checkpointing.interval"], "5 s");
        assert_eq!(all["pipeline.name"], "Orders");
        assert_eq!(all["rest.port"], "1");
        assert_eq!(all["parallelism.default"], "3");
        for gone in [
            "high-availability.type",
            "kubernetes.jobmanager.cpu.limit-factor",
            "jobmanager.memory.process.size",
        ] {
            assert!(!all.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn workers_follow_parallelism_or_replicas() {
        let cases = [
            (&[][..], 1, None, 1, 1),
            (&[("taskmanager.numberOfTaskSlots", "2")], 3, None, 2, 2),
            (&[("taskmanager.numberOfTaskSlots", "2")], 1, Some(3), 3, 2),
            (&[], 10, None, 4, 3),
            (&[("taskmanager.numberOfTaskSlots", "many")], 2, None, 2, 1),
        ];
        for (configuration, parallelism, replicas, count, slots) in cases {
            let workers = Workers::of(&application(configuration, parallelism, replicas));
            assert_eq!(
                workers,
                Workers { count, slots },
                "{configuration:?} {parallelism} {replicas:?}"
            );
        }
    }

    #[test]
    fn values_are_quoted() {
        let one = BTreeMap::from([("a.b".to_owned(), "x: \"y\" # z".to_owned())]);
        assert_eq!(yaml(&one), "a.b: \"x: \\\"y\\\" # z\"\n");
    }
}
