//! `make faults`: something goes wrong at hundreds of points, and what must hold does.
#![expect(clippy::print_stdout, reason = "what it prints is this program's output")]

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use acceptance_tests::faults::run::{Report, Run, Work};
use acceptance_tests::faults::{Kind, Point};
use acceptance_tests::sandbox::{Options, Sandbox, spoken};
use anyhow::{Result, ensure};
use clap::Parser;

/// Tries what happens when something goes wrong at one request: refused, cut, delayed, answered with an error, before and
/// after it was carried out; and with the provider or Terraform killed at that moment.
#[derive(Parser)]
#[command(name = "faults")]
struct Cli {
    /// How many points are tried at least, drawn by the seed. All there are, where that is fewer.
    #[arg(long, default_value_t = 520)]
    points: usize,
    /// How many points are tried with a real Flink besides.
    #[arg(long, default_value_t = 20)]
    real: usize,
    /// What the points are drawn by; another one each time where nothing is said.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this point, such as `stateful/update/apply/3/cut/after/once`. May be given several times.
    #[arg(long)]
    point: Vec<Point>,
    /// How many chains of steps go on at the same time.
    #[arg(long, default_value_t = 3)]
    chains: usize,
    /// For how many seconds a lasting fault lasts. Longer than a single request is repeated.
    #[arg(long, default_value_t = 20)]
    lasting: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    async fn run(self) -> Result<ExitCode> {
        ensure!(self.chains > 0, "--chains must be above 0");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seed = self.seed.unwrap_or(now.as_secs());
        let begun = Instant::now();
        let options = Options {
            flink: Options::EVERY_FLINK.to_owned(),
            ..Options::acceptance("acceptance")?
        };
        let sandbox = Sandbox::start(options).await?;
        let run = Run {
            sandbox: &sandbox,
            chains: self.chains,
            lasting: Duration::from_secs(self.lasting),
        };
        let mut report = Report::default();
        if self.point.is_empty() {
            println!("seed {seed}");
            let work = Work::Sample {
                points: self.points,
                seed,
                lanes: 2 * Kind::ALL.len(),
            };
            report.add(run.go(Kind::ALL, false, work).await?);
            if self.real > 0 {
                let work = Work::Sample {
                    points: self.real,
                    seed,
                    lanes: Kind::REAL.len(),
                };
                let run = Run { chains: 1, ..run };
                report.add(run.go(Kind::REAL, true, work).await?);
            }
        } else {
            let mut kinds: Vec<Kind> = self.point.iter().map(|point| point.kind).collect();
            kinds.sort();
            kinds.dedup();
            report.add(run.go(&kinds, false, Work::These(self.point)).await?);
        }
        println!("{report}");
        println!("{} in all, seed {seed}", spoken(begun.elapsed()));
        Ok(if report.holds() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
