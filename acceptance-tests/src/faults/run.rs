//! Many chains, one after another and beside each other, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::chain::{Chain, Clean, Turn, Verdict};
use super::lane::{Kind, Step};
use super::point::{Mode, Point};
use super::sample::Pool;
use crate::sandbox::{Sandbox, say};

/// Where and how points are tried.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The cluster.
    pub sandbox: &'a Sandbox,
    /// How many chains go on at the same time.
    pub chains: usize,
    /// How long a lasting fault lasts.
    pub lasting: Duration,
}

/// Which points are tried.
#[derive(Clone, Debug)]
pub enum Work {
    /// At least so many, drawn by a seed, with so many lanes in a chain.
    Sample {
        /// How many.
        points: usize,
        /// The seed.
        seed: u64,
        /// Lanes of a chain: each kind in its turn.
        lanes: usize,
    },
    /// Exactly these.
    These(Vec<Point>),
}

/// What came of all points.
#[derive(Clone, Debug, Default)]
pub struct Report {
    tried: Vec<(Point, Verdict)>,
    real: bool,
    of_real: usize,
}

impl Run<'_> {
    /// Notes a run without faults, then tries points.
    ///
    /// # Errors
    /// The run without faults fails, or the harness itself.
    pub async fn go(&self, kinds: &[Kind], real: bool, work: Work) -> Result<Report> {
        let mut chain = Chain::new(self.sandbox, kinds, real, self.lasting).await?;
        let clean = chain.clean().await?;
        drop(chain);
        let mut report = Report {
            real,
            ..Report::default()
        };
        let requests: usize = clean.values().map(|(requests, _)| requests.len()).sum();
        match work {
            Work::Sample { points, seed, lanes } => {
                let mut pool = Pool::new(&clean, seed);
                say(format!("{requests} requests without faults, {} points", pool.len()));
                let lanes: Vec<Kind> = kinds.iter().copied().cycle().take(lanes).collect();
                self.sample(&lanes, real, points, &mut pool, &clean, &mut report)
                    .await?;
            }
            Work::These(points) => {
                let modes: BTreeSet<Mode> = points.iter().map(|point| point.fault.what.mode()).collect();
                for mode in modes {
                    let of_mode = points.iter().filter(|point| point.fault.what.mode() == mode);
                    let together: Vec<Point> = of_mode.copied().collect();
                    let lanes: Vec<Kind> = together.iter().map(|point| point.kind).collect();
                    report.extend(self.chain(&lanes, real, turns(&together), &clean).await?);
                }
            }
        }
        Ok(report)
    }

    async fn sample(
        &self,
        lanes: &[Kind],
        real: bool,
        points: usize,
        pool: &mut Pool,
        clean: &Clean,
        report: &mut Report,
    ) -> Result<()> {
        let mut under_way = FuturesUnordered::new();
        let mut promised = 0;
        loop {
            while under_way.len() < self.chains && report.count() + promised < points && !pool.is_empty() {
                let turns = pool.draw(lanes);
                let drawn = turns.iter().flat_map(|turn| &turn.points).flatten().count();
                promised += drawn;
                let chain = self.chain(lanes, real, turns, clean);
                under_way.push(async move { (drawn, chain.await) });
            }
            let Some((drawn, verdicts)) = under_way.next().await else {
                return Ok(());
            };
            promised -= drawn;
            report.extend(verdicts?);
            say(format!(
                "{} of {points} points tried, {} held",
                report.count(),
                report.held()
            ));
        }
    }

    /// One chain through all of its turns.
    async fn chain(
        &self,
        lanes: &[Kind],
        real: bool,
        turns: Vec<Turn>,
        clean: &Clean,
    ) -> Result<Vec<(Point, Verdict)>> {
        let mut chain = Chain::new(self.sandbox, lanes, real, self.lasting).await?;
        let mut verdicts = Vec::new();
        for turn in turns {
            let found = chain.turn(&turn, clean).await;
            let found = found.with_context(|| format!("the harness fails in step {}", turn.step))?;
            for (point, verdict) in &found {
                if let Verdict::Broken(text) = verdict {
                    let first: String = text.chars().take(300).collect();
                    say(format!("{point} does not hold: {first}"));
                }
            }
            verdicts.extend(found);
        }
        Ok(verdicts)
    }
}

/// All steps, with nothing wrong but at these points, each in a lane of its own.
fn turns(points: &[Point]) -> Vec<Turn> {
    let steps = Step::ALL.iter().map(|step| {
        let points = points
            .iter()
            .map(|point| Some(*point).filter(|point| point.step == *step));
        Turn {
            step: *step,
            points: points.collect(),
        }
    });
    steps.collect()
}

impl Report {
    /// Adds another report to this one.
    pub fn add(&mut self, other: Self) {
        if other.real {
            self.of_real += other.count();
        }
        self.extend(other.tried);
    }

    fn extend(&mut self, verdicts: Vec<(Point, Verdict)>) {
        let tried = verdicts
            .into_iter()
            .filter(|(_, verdict)| *verdict != Verdict::NotReached);
        self.tried.extend(tried);
    }

    /// How many points were tried.
    pub fn count(&self) -> usize {
        self.tried.len()
    }

    /// How many of them held.
    pub fn held(&self) -> usize {
        self.tried
            .iter()
            .filter(|(_, verdict)| *verdict == Verdict::Held)
            .count()
    }

    /// Whether all did.
    pub fn holds(&self) -> bool {
        self.held() == self.count() && self.count() > 0
    }

    /// The points that did not hold, with what is wrong.
    pub fn broken(&self) -> impl Iterator<Item = (&Point, &str)> {
        self.tried.iter().filter_map(|(point, verdict)| match verdict {
            Verdict::Broken(text) => Some((point, text.as_str())),
            Verdict::Held | Verdict::NotReached => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table: BTreeMap<(String, Step), (usize, usize)> = BTreeMap::new();
        for (point, verdict) in &self.tried {
            let row = table.entry((point.fault.what.to_string(), point.step)).or_default();
            row.0 += usize::from(*verdict == Verdict::Held);
            row.1 += 1;
        }
        write!(f, "{:16}", "held of tried")?;
        for step in Step::ALL {
            write!(f, " {:>9}", step.to_string())?;
        }
        writeln!(f)?;
        let faults: BTreeSet<&String> = table.keys().map(|(fault, _)| fault).collect();
        for fault in faults {
            write!(f, "{fault:16}")?;
            for step in Step::ALL {
                let (held, tried) = table.get(&(fault.clone(), *step)).copied().unwrap_or_default();
                write!(f, " {:>9}", format!("{held}/{tried}"))?;
            }
            writeln!(f)?;
        }
        for (point, text) in self.broken() {
            writeln!(f, "\n{point} does not hold:\n  {}", text.replace('\n', "\n  "))?;
            writeln!(f, "  again: make faults FAULTS='--point {point}'")?;
        }
        write!(f, "{} of {} points held", self.held(), self.count())?;
        if self.of_real > 0 {
            write!(f, ", {} of them with a real Flink", self.of_real)?;
        }
        Ok(())
    }
}
