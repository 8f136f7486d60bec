//! One application or session cluster: a JobManager, its TaskManagers, and the gateway to its REST API.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::process::Command;

use super::configuration::{LOG4J, Ports, Workers, configuration, yaml};
use super::gateway::Gateway;
use super::process::Process;
use super::{Installation, Rest, Volumes};

const JOB_MANAGER: &str = "org.apache.flink.container.entrypoint.StandaloneApplicationClusterEntryPoint";
/// A JobManager without a job.
const JOB_MANAGER_ALONE: &str = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint";
const TASK_MANAGER: &str = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner";

/// Packages of the JDK that Flink opens on Java 17.
const OPENED: &[&str] = &[
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "java.lang.reflect",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
    "sun.nio.ch",
];

/// Internals of the JDK that Flink uses on Java 17.
const EXPORTED: &[&str] = &[
    "java.base/sun.net.util",
    "java.rmi/sun.rmi.registry",
    "java.security.jgss/sun.security.krb5",
    "jdk.compiler/com.sun.tools.javac.api",
];

/// One quiet garbage collector thread and the quick compiler: what counts here is memory and a fast start.
const SMALL: &[&str] = &[
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Xss512k",
];

/// How long a process that ended by itself rests before it is started again, doubled each time, as
/// Kubernetes does with containers.
const FIRST_BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);

/// What to run, in the words of a `FlinkDeployment`. Locations are those inside the containers.
#[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Application {
    /// Name of the deployment, which Flink shows for a job without a name.
    pub name: String,
    /// The id the job will have: 32 hexadecimal digits. Nothing for a session cluster.
    pub job_id: String,
    /// Flink's settings, flattened.
    pub configuration: BTreeMap<String, String>,
    /// Where the program is. Without it, the class is looked for on Flink's own class path.
    pub jar_uri: Option<String>,
    /// The program's class. Without it, the manifest of the jar names it.
    pub entry_class: Option<String>,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// How many subtasks an operator has by default.
    pub parallelism: u32,
    /// A fixed number of TaskManagers; without it, as many as the parallelism needs.
    pub task_managers: Option<u32>,
    /// The savepoint or checkpoint to start from.
    pub restore: Option<String>,
    /// Whether state in it that belongs to no operator is dropped.
    pub allow_non_restored_state: bool,
    /// Whether it is a session cluster: it has no job of its own, and runs those that are sent to it.
    pub session: bool,
    /// Whether the job is over: a JobManager is left without job and TaskManagers, as after a suspension.
    pub over: bool,
}

impl Application {
    /// Whether the JobManager starts without a job.
    fn is_without_job(&self) -> bool {
        self.over || self.session
    }
}

/// How a cluster is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterState {
    /// The JobManager is being started.
    Starting,
    /// The JobManager answers.
    Answering,
    /// The JobManager ended by itself, more than once.
    CrashLoop {
        /// How long it rests now, in seconds.
        back_off: u64,
    },
}

/// A running cluster. Dropping it kills its processes.
#[derive(Debug)]
pub struct Cluster {
    installation: Installation,
    volumes: Volumes,
    directory: PathBuf,
    application: Application,
    gateway: Gateway,
    rest: Rest,
    job_manager: Option<Process>,
    task_managers: Vec<Process>,
    /// Whether TaskManagers should run.
    working: bool,
    restarts: u32,
    rests_until: Option<Instant>,
}

impl Cluster {
    /// Starts the processes; they are not ready yet when this returns, see [`Cluster::state`].
    ///
    /// `directory` is the cluster's own, and is emptied. Fails where Java cannot be run.
    pub async fn start(
        installation: Installation,
        volumes: Volumes,
        directory: &Path,
        application: Application,
    ) -> Result<Self> {
        let _ = fs::remove_dir_all(directory);
        for part in ["conf", "home/usrlib", "log", "tmp"] {
            let part = directory.join(part);
            fs::create_dir_all(&part).with_context(|| format!("create {}", part.display()))?;
        }
        let gateway = Gateway::start(volumes.clone()).await?;
        let mut cluster = Self {
            installation,
            volumes,
            directory: directory.to_owned(),
            rest: Rest::new(gateway.port()),
            gateway,
            job_manager: None,
            task_managers: Vec::new(),
            working: !application.over,
            application,
            restarts: 0,
            rests_until: None,
        };
        cluster.lay_out_jar()?;
        cluster.launch().await?;
        Ok(cluster)
    }

    /// The port on 127.0.0.1 where the REST API is reached, with paths as inside the containers.
    pub fn port(&self) -> u16 {
        self.gateway.port()
    }

    /// The REST API.
    pub fn rest(&self) -> Rest {
        self.rest
    }

    /// Whether TaskManagers run, or would if they could: until [`Cluster::release`].
    pub fn is_at_work(&self) -> bool {
        self.working
    }

    /// How many TaskManagers were started.
    pub fn task_managers(&self) -> usize {
        self.task_managers.len()
    }

    /// What the cluster was started with.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Looks at the cluster, and starts again what ended by itself. To be called every second or so.
    pub async fn state(&mut self) -> Result<ClusterState> {
        if let Some(process) = &mut self.job_manager
            && process.exit().is_some()
        {
            let back_off = (FIRST_BACK_OFF * 2_u32.saturating_pow(self.restarts)).min(LONGEST_BACK_OFF);
            self.restarts += 1;
            self.rests_until = Some(Instant::now() + back_off);
            self.job_manager = None;
            self.task_managers.clear();
        }
        if self.job_manager.is_none() && self.rests_until.is_none_or(|until| until <= Instant::now()) {
            self.launch().await?;
        }
        if self.job_manager.is_some() {
            self.keep_task_managers()?;
            let answers = self.rest.config().await.is_ok();
            return Ok(if answers {
                ClusterState::Answering
            } else {
                ClusterState::Starting
            });
        }
        // Once is bad luck: the first restart of a container is not reported either.
        if self.restarts < 2 {
            return Ok(ClusterState::Starting);
        }
        let left = self
            .rests_until
            .map(|until| until.saturating_duration_since(Instant::now()));
        Ok(ClusterState::CrashLoop {
            back_off: left.map_or(0, |left| left.as_secs()),
        })
    }

    /// Ends the TaskManagers: the job is over, and its results are only looked at from now on.
    pub async fn release(&mut self) {
        self.working = false;
        for process in self.task_managers.drain(..) {
            process.end().await;
        }
    }

    /// Runs another number of TaskManagers from now on.
    pub async fn scale(&mut self, task_managers: u32) -> Result<()> {
        self.application.task_managers = Some(task_managers);
        while self.task_managers.len() > Workers::of(&self.application).count as usize {
            if let Some(process) = self.task_managers.pop() {
                process.end().await;
            }
        }
        self.keep_task_managers()
    }

    /// Asks the processes to end by themselves, and waits until they have. Says whether all did.
    pub async fn finish(&mut self, patience: Duration) -> bool {
        let mut all = true;
        for process in self.task_managers.iter_mut().chain(&mut self.job_manager) {
            all &= process.finish(patience).await;
        }
        all
    }

    /// Kills the processes, waits until they are gone, and removes their directory.
    pub async fn end(mut self) {
        for process in self.task_managers.drain(..).chain(self.job_manager.take()) {
            process.end().await;
        }
        let _ = fs::remove_dir_all(&self.directory);
    }

    /// The last lines that the JobManager wrote before it ended.
    pub fn last_words(&self) -> String {
        let texts = ["jobmanager.out", "jobmanager.log"].map(|name| fs::read_to_string(self.log(name)));
        let lines: Vec<_> = texts.iter().flatten().flat_map(|text| text.lines()).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    fn log(&self, name: &str) -> PathBuf {
        self.directory.join("log").join(name)
    }

    /// Flink looks for the program beside its libraries, in `usrlib`.
    fn lay_out_jar(&self) -> Result<()> {
        let home = self.directory.join("home");
        link(&self.installation.home().join("lib"), &home.join("lib"))?;
        let Some(uri) = &self.application.jar_uri else {
            return Ok(());
        };
        let Some(path) = uri.strip_prefix("local://").or_else(|| uri.strip_prefix("file://")) else {
            bail!("the sandbox runs jars of the image or of a volume only (local:// or file://), not {uri}");
        };
        let in_image = path
            .strip_prefix("/opt/flink/")
            .map(|path| self.installation.home().join(path));
        let jar = in_image
            .filter(|jar| jar.exists())
            .unwrap_or_else(|| self.volumes.path(path));
        let name = jar.file_name().with_context(|| format!("{uri} names no file"))?;
        // A jar that is not there makes Flink fail as it would in a container.
        link(&jar, &home.join("usrlib").join(name))
    }

    async fn launch(&mut self) -> Result<()> {
        let ports = Ports {
            rest: free_port()?,
            rpc: free_port()?,
        };
        let all = configuration(&self.application, &self.volumes, ports, &self.directory.join("tmp"));
        let conf = self.directory.join("conf");
        fs::write(conf.join("config.yaml"), yaml(&all)).context("write Flink's configuration")?;
        fs::write(conf.join("log4j.properties"), LOG4J).context("write log4j's configuration")?;
        let memory = memory_parameters(&self.installation, &conf, &all, "GET_JM_RESOURCE_PARAMS").await?;

        let main = if self.application.is_without_job() {
            JOB_MANAGER_ALONE
        } else {
            JOB_MANAGER
        };
        let arguments = self.job_manager_arguments(&memory);
        self.job_manager = Some(self.java("jobmanager", main, &memory.jvm, arguments)?);
        self.gateway.lead_to(ports.rest);
        self.rests_until = None;
        if self.working {
            // Computed now, so that the TaskManagers start beside the JobManager.
            memory_parameters(&self.installation, &conf, &all, "GET_TM_RESOURCE_PARAMS").await?;
        }
        self.keep_task_managers()
    }

    fn job_manager_arguments(&self, memory: &Memory) -> Vec<String> {
        let application = &self.application;
        if application.is_without_job() {
            return memory.dynamic.clone();
        }
        let mut arguments = vec!["--job-id".to_owned(), application.job_id.clone()];
        if let Some(class) = &application.entry_class {
            arguments.extend(["--job-classname".to_owned(), class.clone()]);
        }
        if let Some(location) = &application.restore {
            arguments.extend(["--fromSavepoint".to_owned(), self.volumes.outward(location)]);
        }
        if application.allow_non_restored_state {
            arguments.push("--allowNonRestoredState".to_owned());
        }
        arguments.extend(memory.dynamic.clone());
        let own = application.args.iter().map(|argument| self.volumes.outward(argument));
        arguments.extend(own);
        arguments
    }

    fn keep_task_managers(&mut self) -> Result<()> {
        if !self.working {
            return Ok(());
        }
        self.task_managers.retain_mut(|process| process.exit().is_none());
        let conf = self.directory.join("conf");
        let memory = known_memory(&self.installation, &conf, "GET_TM_RESOURCE_PARAMS");
        let Some(memory) = memory else { return Ok(()) };
        while self.task_managers.len() < Workers::of(&self.application).count as usize {
            let name = format!("taskmanager-{}", self.task_managers.len() + 1);
            self.task_managers
                .push(self.java(&name, TASK_MANAGER, &memory.jvm, memory.dynamic.clone())?);
        }
        Ok(())
    }

    fn java(&self, name: &str, main: &str, jvm: &[String], arguments: Vec<String>) -> Result<Process> {
        let conf = self.directory.join("conf");
        let mut all = jvm.to_vec();
        all.extend(self.installation.classes.option(name));
        all.extend(SMALL.iter().map(|option| (*option).to_owned()));
        all.extend(
            OPENED
                .iter()
                .map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")),
        );
        all.extend(
            EXPORTED
                .iter()
                .map(|package| format!("--add-exports={package}=ALL-UNNAMED")),
        );
        all.push(format!("-Dlog.file={}", self.log(&format!("{name}.log")).display()));
        all.push(format!(
            "-Dlog4j.configurationFile=file:{}",
            conf.join("log4j.properties").display()
        ));
        all.push(format!("-Djava.io.tmpdir={}", self.directory.join("tmp").display()));
        all.extend([
            "-classpath".to_owned(),
            self.installation.class_path()?,
            main.to_owned(),
        ]);
        all.extend(["--configDir".to_owned(), conf.display().to_string()]);
        all.extend(arguments);
        let home = self.directory.join("home");
        let environment = [
            ("FLINK_CONF_DIR", conf),
            ("FLINK_LIB_DIR", home.join("lib")),
            ("FLINK_OPT_DIR", self.installation.home().join("opt")),
            ("FLINK_PLUGINS_DIR", self.installation.home().join("plugins")),
        ]
        .map(|(name, path)| (name.to_owned(), path.display().to_string()));
        Process::start(
            &java_program(),
            &all,
            &environment,
            &self.directory,
            &self.log(&format!("{name}.out")),
        )
    }
}

/// `$JAVA_HOME/bin/java`, or the `java` on the path.
pub(super) fn java_program() -> PathBuf {
    std::env::var_os("JAVA_HOME").map_or_else(|| "java".into(), |home| Path::new(&home).join("bin/java"))
}

fn link(original: &Path, name: &Path) -> Result<()> {
    std::os::unix::fs::symlink(original, name).with_context(|| format!("link {}", name.display()))
}

/// A port that is free now. Should another process take it before Flink does, the JobManager ends
/// and is started again with others.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("find a free port on loopback")?;
    Ok(listener.local_addr().context("read the port")?.port())
}

/// Options of the Java machine, and settings for Flink that match them.
#[derive(Clone, Debug)]
struct Memory {
    jvm: Vec<String>,
    dynamic: Vec<String>,
}

/// What was computed so far, by Flink version, purpose and the memory settings that went in.
static COMPUTED: Mutex<BTreeMap<String, Memory>> = Mutex::new(BTreeMap::new());

fn memory_key(installation: &Installation, purpose: &str, settings: &str) -> String {
    let relevant = settings
        .lines()
        .filter(|line| line.contains(".memory.") || line.contains("numberOfTaskSlots"));
    let begin = format!("{} {purpose}", installation.version().name());
    relevant.fold(begin, |key, line| key + "\n" + line)
}

fn known_memory(installation: &Installation, conf: &Path, purpose: &str) -> Option<Memory> {
    let settings = fs::read_to_string(conf.join("config.yaml")).ok()?;
    COMPUTED
        .lock()
        .ok()?
        .get(&memory_key(installation, purpose, &settings))
        .cloned()
}

/// Asks Flink's own tool, which is what its start scripts do. Remembered, because it takes a second.
async fn memory_parameters(
    installation: &Installation,
    conf: &Path,
    settings: &BTreeMap<String, String>,
    purpose: &str,
) -> Result<Memory> {
    if let Some(memory) = known_memory(installation, conf, purpose) {
        return Ok(memory);
    }
    let tool = installation.home().join("bin/bash-java-utils.jar");
    let output = Command::new(java_program())
        .args(SMALL)
        .arg("-classpath")
        .arg(format!("{}:{}", tool.display(), installation.class_path()?))
        .args([
            "org.apache.flink.runtime.util.bash.BashJavaUtils",
            purpose,
            "--configDir",
        ])
        .arg(conf)
        .kill_on_drop(true)
        .output()
        .await
        .context("run Java 17; is it installed?")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let results: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("BASH_JAVA_UTILS_EXEC_RESULT:"))
        .collect();
    ensure!(
        output.status.success() && !results.is_empty(),
        "Flink's tool for memory parameters failed ({}):\n{said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let words = |index: usize| -> Vec<String> {
        results
            .get(index)
            .map(|line| line.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default()
    };
    let memory = Memory {
        jvm: words(0),
        dynamic: words(1),
    };
    if let Ok(mut computed) = COMPUTED.lock() {
        computed.insert(memory_key(installation, purpose, &yaml(settings)), memory.clone());
    }
    Ok(memory)
}
