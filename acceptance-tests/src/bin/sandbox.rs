//! `sandbox up|down|status`: a Kubernetes cluster for the demo and the acceptance tests; `sandbox record`: recordings
//! of it, or of a real operator.
#![expect(clippy::print_stdout, reason = "what it prints is this tool's output")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use acceptance_tests::recorder::{self, Cluster, Replacement};
use acceptance_tests::sandbox::{self, Options, Status, megabytes, spoken};
use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// A real Kubernetes control plane on loopback with a stand-in for the Flink operator. Needs no
/// root and no containers.
#[derive(Parser)]
#[command(name = "sandbox", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start it, or find it running, and print the path of its kubeconfig.
    Up {
        #[command(flatten)]
        place: Place,
        /// Flink versions that application clusters really run, for example 1.20,2.1; `none` for
        /// statuses without Flink.
        #[arg(long, default_value = "none", value_name = "VERSIONS")]
        flink: String,
        /// Operator version of the CRDs, or `derived` for the project's own.
        #[arg(long, default_value = "1.15.0", value_name = "VERSION")]
        crds: String,
        /// Seconds that the stand-in operator takes for what takes a real one a second.
        #[arg(long, default_value_t = Options::TIME_FACTOR, value_name = "FACTOR")]
        time_factor: f64,
    },
    /// Stop it. The cluster's objects are kept for the next start.
    Down {
        #[command(flatten)]
        place: Place,
        /// Remove everything it kept, too.
        #[arg(long)]
        wipe: bool,
    },
    /// Say whether it runs, where, and with how much memory. The exit code is 3 if it does not run.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Build and fetch what `up` needs and would get by itself, so that it starts in seconds.
    Build {
        /// Flink versions to fetch, or `none`.
        #[arg(long, default_value = Options::EVERY_FLINK, value_name = "VERSIONS")]
        flink: String,
    },
    /// Do the steps of a scenario to the running sandbox, or to any cluster with a real operator, and write down
    /// everything that a client sees of them.
    Record(Record),
    /// The daemon behind `up`.
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        kubernetes: PathBuf,
        #[arg(long)]
        options: String,
    },
}

#[derive(Args)]
struct Record {
    /// The scenario's file: `scenario.yaml` of any recording.
    scenario: PathBuf,
    /// The folder of the new recording.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    #[command(flatten)]
    place: Place,
    /// A cluster with a real operator, by the current context of this file [default: the running sandbox].
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The namespace that is made for it [default: the scenario's].
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// A label of that namespace, for example pod-security.kubernetes.io/enforce=baseline. May be repeated.
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Seconds for each second of the scenario [default: as fast as the sandbox's stand-in is, elsewhere 1].
    #[arg(long, value_name = "FACTOR")]
    time_factor: Option<f64>,
    /// A host, registry or folder of the cluster, and what it is called in scenarios and recordings. May be repeated.
    #[arg(long = "replace", value_name = "REAL=RECORDED")]
    replacements: Vec<Replacement>,
    /// Configure the operator as the scenario says, scale and restart it. Everybody on the cluster feels that; at the
    /// end it is put back as it was.
    #[arg(long)]
    may_change_operator: bool,
    /// Leave the namespace as it is at the end.
    #[arg(long)]
    keep: bool,
}

fn label(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => bail!("write it as NAME=VALUE"),
    }
}

impl Record {
    fn options(self) -> Result<recorder::Options> {
        let cluster = match self.kubeconfig {
            Some(kubeconfig) => Cluster::Other(kubeconfig),
            None => {
                let state = self.place.options()?.state;
                let record = sandbox::status(&state).and_then(|status| status.record);
                let record = record.with_context(|| {
                    format!(
                        "no sandbox runs in {}; start it with `sandbox up`, or name another cluster with --kubeconfig",
                        state.display()
                    )
                })?;
                Cluster::Sandbox(Box::new(record))
            }
        };
        Ok(recorder::Options {
            scenario: self.scenario,
            folder: self.into,
            cluster,
            namespace: self.namespace,
            labels: self.labels,
            time_factor: self.time_factor,
            replacements: self.replacements.into_iter().collect(),
            may_change_operator: self.may_change_operator,
            keep: self.keep,
        })
    }
}

#[derive(Args)]
struct Place {
    /// Directory of everything the sandbox keeps [default: terraform-provider-flink/sandbox in
    /// $XDG_STATE_HOME or ~/.local/state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Place {
    fn options(self) -> Result<Options> {
        let personal = Options::personal()?;
        let state = match self.state {
            Some(state) => std::path::absolute(&state).with_context(|| format!("find {}", state.display()))?,
            None => personal.state,
        };
        Ok(Options { state, ..personal })
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Up {
            place,
            flink,
            crds,
            time_factor,
        } => {
            let begun = Instant::now();
            let record = sandbox::up(&Options {
                flink,
                crds,
                time_factor,
                ..place.options()?
            })?;
            sandbox::say(format!(
                "{} runs, after {}; use it with",
                record.server,
                spoken(begun.elapsed())
            ));
            println!(
                "export KUBECONFIG={}",
                record.options.state.join("kubeconfig").display()
            );
        }
        Command::Down { place, wipe } => {
            let options = place.options()?;
            let done = sandbox::down(&options.state, wipe)?;
            let state = options.state.display();
            println!(
                "{}",
                match (done, wipe) {
                    (true, true) => format!("stopped, and removed {state}"),
                    (true, false) => format!("stopped; its state is kept in {state}"),
                    (false, _) => format!("no sandbox runs in {state}"),
                }
            );
        }
        Command::Status { place } => {
            let options = place.options()?;
            let status = sandbox::status(&options.state);
            return Ok(show(status, &options));
        }
        Command::Build { flink } => {
            let binary = sandbox::build(&Options {
                flink,
                ..Options::personal()?
            })?;
            println!("{}", binary.display());
        }
        Command::Record(record) => {
            let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
            runtime.block_on(recorder::record(record.options()?))?;
        }
        Command::Serve { kubernetes, options } => {
            let filter =
                EnvFilter::try_from_env("SANDBOX_LOG").unwrap_or_else(|_| EnvFilter::new("info,kube_client=off"));
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .init();
            let options = serde_json::from_str(&options).context("read the options of the sandbox")?;
            let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
            runtime.block_on(sandbox::serve(options, kubernetes))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(status: Option<Status>, options: &Options) -> ExitCode {
    let Some(status) = status else {
        println!("there is no sandbox in {}", options.state.display());
        return ExitCode::from(3);
    };
    match &status.record {
        Some(record) => {
            println!("ready       {}", record.server);
            println!("kubeconfig  {}", status.kubeconfig.display());
            println!("CRDs        {}", record.options.crds);
            println!("Flink       {}", record.options.flink);
        }
        None if status.processes.iter().any(|process| process.pid.is_some()) => println!("starting or stopping"),
        None => println!("not running; its state is kept in {}", options.state.display()),
    }
    for process in status.processes {
        if let Some(pid) = process.pid {
            let memory = process.resident_bytes.map(megabytes).unwrap_or_default();
            println!(
                "{:24} pid {pid:<8} {memory:>8}  {}",
                process.name,
                process.log.display()
            );
        }
    }
    if status.record.is_some() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    }
}
