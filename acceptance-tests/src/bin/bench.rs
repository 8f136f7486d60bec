//! `make bench`: how the provider compares with doing nothing, and with other providers, in one run on one machine.
#![expect(clippy::print_stdout, reason = "what it prints is this program's output")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use acceptance_tests::bench::contestant::{Contestant, PEERS};
use acceptance_tests::bench::floor::{self, Floor};
use acceptance_tests::bench::goals::Figures;
use acceptance_tests::bench::objects::{Field, Measured, rest};
use acceptance_tests::bench::report;
use acceptance_tests::bench::startup::{self, Start};
use acceptance_tests::bench::statistics::Sample;
use acceptance_tests::bench::traffic::Counter;
use acceptance_tests::bench::usage;
use acceptance_tests::objects::objects;
use acceptance_tests::sandbox::{Namespace, Options, Sandbox, spoken};
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Parser, Subcommand};

/// Measures the provider against doing nothing, and against the providers in the folder that BENCH_PEERS names.
#[derive(Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, and print tables. The exit code is 1 where a goal is missed that does not depend on the machine.
    Run(Run),
    /// Run a provider and note what it takes.
    #[command(hide = true)]
    Measure {
        notes: PathBuf,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[derive(Args)]
struct Run {
    /// The provider, as it is released.
    #[arg(long)]
    provider: PathBuf,
    /// The provider whose resource does nothing, built the same way.
    #[arg(long)]
    nothing: PathBuf,
    /// How many deployments, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "50,200")]
    objects: Vec<usize>,
    /// How often each plan is made.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How often each program is started.
    #[arg(long, default_value_t = 40)]
    starts: usize,
}

/// Ten times as fast as a real operator is already much for two hundred deployments at once.
const TIME_FACTOR: f64 = 0.1;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(run) => run.run(),
        Command::Measure {
            notes,
            program,
            arguments,
        } => usage::run(&notes, &program, &arguments),
    };
    result.unwrap_or_else(|error| {
        eprintln!("Error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Says what is being waited for.
fn say(line: impl std::fmt::Display) {
    eprintln!("bench: {line}");
}

impl Run {
    #[tokio::main]
    async fn run(self) -> Result<ExitCode> {
        ensure!(
            self.runs > 0 && self.starts > 0 && self.objects.iter().all(|objects| *objects > 0),
            "--objects, --runs and --starts must be above 0"
        );
        let begun = Instant::now();
        let contestants = self.contestants()?;
        println!("{}", report::machine().await);

        let starts = self.start_up(&contestants)?;
        let handshakes = report::start_up(&contestants, &starts);
        println!("{handshakes}");
        println!("{}", report::sizes(&contestants)?);

        let sandbox = Sandbox::start(Options {
            time_factor: TIME_FACTOR,
            ..Options::acceptance("bench")?
        })
        .await?;
        let counter = Counter::start(sandbox.client().await?).await?;
        let mut last = None;
        for (index, objects) in self.objects.iter().copied().enumerate() {
            let round = Round {
                objects,
                runs: self.runs,
                sandbox: &sandbox,
                counter: &counter,
            };
            let stage = Instant::now();
            let (measured, floor) = round.measure(&contestants).await?;
            for table in report::objects(objects, &contestants, &measured, &floor) {
                println!("{table}");
            }
            let factor: usize = self.objects[1..].iter().sum();
            if index == 0 && factor > 0 {
                let rest = stage.elapsed().mul_f64(1.3 * factor as f64 / objects as f64);
                say(format!("the rest will take about {}", spoken(rest)));
            }
            last = Some((objects, measured));
        }
        say(format!("took {} in all", spoken(begun.elapsed())));
        let (objects, measured) = last.context("nothing was measured")?;
        self.judge(objects, &contestants, &starts, &measured)
    }

    fn contestants(&self) -> Result<Vec<Contestant>> {
        let program = |path: &Path| std::path::absolute(path).context("failed to find a provider");
        let mut contestants = vec![
            Contestant::terraform_data(),
            Contestant::nothing(program(&self.nothing)?),
            Contestant::flink(program(&self.provider)?),
        ];
        if let Some(directory) = std::env::var_os(PEERS).filter(|value| !value.is_empty()) {
            contestants.extend(Contestant::peers(Path::new(&directory))?);
        }
        Ok(contestants)
    }

    /// The first sample is that of a program that does nothing; the others are those of the contestants with a provider.
    fn start_up(&self, contestants: &[Contestant]) -> Result<Vec<Sample>> {
        let providers = contestants.iter().filter_map(|contestant| contestant.provider.as_ref());
        let programs: Vec<Start<'_>> = std::iter::once(Start::Nothing)
            .chain(providers.map(|provider| Start::Provider(&provider.program)))
            .collect();
        say(format!("starts {} programs {} times each", programs.len(), self.starts));
        let times = startup::times(&programs, self.starts)?;
        Ok(times.into_iter().map(Sample::from_iter).collect())
    }

    fn judge(
        &self,
        objects: usize,
        contestants: &[Contestant],
        starts: &[Sample],
        measured: &[Measured],
    ) -> Result<ExitCode> {
        let place = |name: &str| {
            contestants
                .iter()
                .position(|contestant| contestant.name == name)
                .with_context(|| format!("{name} was not measured"))
        };
        let (nothing, flink) = (place("do-nothing")?, place("flink")?);
        let ours = &measured[flink];
        let figures = Figures {
            // Both lists begin with one that has no provider.
            handshake: starts[flink].median(),
            binary: std::fs::metadata(&self.provider)?.len(),
            memory: ours.apply_usage.peak.max(ours.plan_usage.peak),
            objects,
            plan_ratio: ours.plan_unchanged.ratio(&measured[nothing].plan_unchanged),
            requests: ours.traffic.total(),
        };
        let goals = figures.goals();
        println!("{}", report::goals(&goals));
        let failed = goals.iter().any(|goal| !goal.met && !goal.depends_on_machine);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// One number of objects, for all contestants.
struct Round<'a> {
    objects: usize,
    runs: usize,
    sandbox: &'a Sandbox,
    counter: &'a Counter,
}

impl Round<'_> {
    /// Plans are made in turn, so that what else the machine does hits all contestants.
    async fn measure(&self, contestants: &[Contestant]) -> Result<(Vec<Measured>, Floor)> {
        let Self {
            objects,
            runs,
            sandbox,
            counter,
        } = *self;
        let mut fields = Vec::new();
        for contestant in contestants {
            fields.push(Field::new(contestant, objects, sandbox).await?);
        }
        say(format!("plans {objects} new, {runs} times each"));
        for _ in 0..runs {
            for field in &mut fields {
                field.plan_new().await?;
            }
        }
        let mut floor = Floor::default();
        for field in &mut fields {
            say(format!("applies {objects}: {}", field.contestant.name));
            field.apply().await?;
            let Some(namespace) = field.namespace() else { continue };
            rest(namespace, sandbox, true).await?;
            if field.contestant.name == "flink" {
                say(format!(
                    "creates, reads and deletes the same {objects} without Terraform"
                ));
                floor = self.floor(namespace).await?;
            }
        }
        say(format!("plans {objects} unchanged, {runs} times each"));
        for _ in 0..runs {
            for field in &mut fields {
                field.plan_unchanged().await?;
            }
        }
        say(format!("plans {objects} unchanged, for memory and requests"));
        for field in &mut fields {
            field.look_closer(counter, sandbox.kubeconfig()).await?;
        }
        let mut measured = Vec::new();
        for field in fields {
            say(format!("destroys {objects}: {}", field.contestant.name));
            if let Some(namespace) = field.namespace() {
                rest(namespace, sandbox, false).await?;
            }
            measured.push(field.destroy().await?);
        }
        Ok((measured, floor))
    }

    async fn floor(&self, from: &Namespace) -> Result<Floor> {
        let to = self
            .sandbox
            .labelled_namespace("bench", &[("sandbox.terraform-provider-flink/flink", "none")])
            .await?;
        let client = self.sandbox.client().await?;
        floor::measure(
            &objects(&client, from.name(), "FlinkDeployment"),
            &objects(&client, to.name(), "FlinkDeployment"),
        )
        .await
    }
}
