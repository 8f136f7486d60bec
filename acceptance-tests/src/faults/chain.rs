//! A chain: lanes that go through all steps together, in one workspace.
//!
//! In each step a command is given during which something goes wrong. Then it is given again without faults, until it
//! succeeds; what the provider asks a user to do in between (`terraform untaint`) is done. The plan must be empty then, and
//! the cluster as a run without faults has left it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kube::Client;
use kube::api::{Patch, PatchParams};
use rustix::process::Pid;

use super::lane::{Kind, Lane, Step};
use super::point::{Mode, Point, Request};
use super::process::gone;
use super::proxy::Proxy;
use super::world::World;
use crate::objects::objects;
use crate::sandbox::{Namespace, Sandbox};
use crate::terraform::{Diagnostic, Outcome, Workspace};

mod command;

/// What a run without faults has asked for in each step, and what it has left behind; nothing where that is not compared.
pub type Clean = BTreeMap<(Kind, Step), (Vec<Request>, Option<World>)>;

/// What is tried in one step: a point for each lane, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The step.
    pub step: Step,
    /// The point of each lane.
    pub points: Vec<Option<Point>>,
}

/// What came of a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that must hold does.
    Held,
    /// Something does not; what.
    Broken(String),
    /// The request was never sent: the point was not tried.
    NotReached,
}

/// How often a command is given again. Often: an object that somebody else has deleted takes its time on a busy machine.
const ATTEMPTS: usize = 12;

/// The pause before that: what is being deleted may be gone then.
const PAUSE: Duration = Duration::from_secs(1);

/// How long an object that is to be imported may take to run.
const RUNS: Duration = Duration::from_secs(60);

/// The commands of a step.
#[derive(Clone, Copy)]
struct Commands<'a> {
    /// All of them.
    all: &'a [Outcome],
    /// The first one without faults.
    recovered: usize,
    /// What is to be done after them.
    plan: &'a Outcome,
}

/// Lanes in one workspace.
#[derive(Debug)]
pub struct Chain {
    workspace: Workspace,
    proxy: Proxy,
    lanes: Vec<Open>,
    client: Sender,
}

/// A client without a `Debug` of its own.
#[derive(Clone)]
struct Sender(Client);

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

/// A lane that is under way.
#[derive(Debug)]
struct Open {
    lane: Lane,
    before: Option<World>,
    /// Whether something in it did not hold: then nothing more is tried in it.
    broken: bool,
    _namespace: Namespace,
}

impl Chain {
    /// Lanes of these kinds on a sandbox. With `real`, their jobs are real.
    ///
    /// # Errors
    /// The cluster cannot be reached.
    pub async fn new(sandbox: &Sandbox, kinds: &[Kind], real: bool, lasting: Duration) -> Result<Self> {
        let client = sandbox.client().await?;
        let proxy = Proxy::start(client.clone(), lasting).await?;
        let mut labels = vec![("sandbox.terraform-provider-flink/journal", "on")];
        if !real {
            labels.push(("sandbox.terraform-provider-flink/flink", "none"));
        }
        let namespaces = kinds.iter().map(|_| sandbox.labelled_namespace("faults", &labels));
        let namespaces = try_join_all(namespaces).await?;
        let workspace = Workspace::new("").await?;
        let kubeconfig = workspace.path().join("kubeconfig");
        proxy.write_kubeconfig(&kubeconfig)?;
        let provider = format!(
            "provider \"flink\" {{\n  config_path = \"{}\"\n}}\n",
            kubeconfig.display()
        );
        workspace.write("main.tf", &provider)?;
        let lanes = kinds
            .iter()
            .zip(namespaces)
            .enumerate()
            .map(|(number, (kind, namespace))| {
                let name = namespace.name().to_owned();
                if *kind == Kind::OverProxy {
                    proxy.without(&name, Some("flinkstatesnapshots"));
                }
                Open {
                    lane: Lane {
                        kind: *kind,
                        label: format!("lane{number}"),
                        namespace: name,
                        proxy: proxy.url(),
                    },
                    before: None,
                    broken: false,
                    _namespace: namespace,
                }
            });
        let chain = Self {
            lanes: lanes.collect(),
            workspace,
            proxy,
            client: Sender(client),
        };
        try_join_all(chain.lanes.iter().map(|open| chain.prepare(&open.lane))).await?;
        Ok(chain)
    }

    /// Makes what a lane finds when it begins, and waits until that runs.
    async fn prepare(&self, lane: &Lane) -> Result<()> {
        let Some(object) = lane.found() else { return Ok(()) };
        let api = objects(&self.client.0, &lane.namespace, "FlinkDeployment");
        let params = PatchParams::apply("kubectl");
        api.patch("orders", &params, &Patch::Apply(object)).await?;
        let runs = async {
            while api.get("orders").await?.data["status"]["lifecycleState"] != "STABLE" {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Ok::<_, anyhow::Error>(())
        };
        tokio::time::timeout(RUNS, runs)
            .await
            .context("what is to be imported runs")?
    }

    /// Goes through all steps without any fault.
    ///
    /// # Errors
    /// Something goes wrong all the same.
    pub async fn clean(&mut self) -> Result<Clean> {
        let mut clean = Clean::new();
        for step in Step::ALL {
            let turn = Turn {
                step: *step,
                points: vec![None; self.lanes.len()],
            };
            self.configure(*step)?;
            let (outcome, _) = self.command(&turn).await?;
            outcome
                .expect_success()
                .with_context(|| format!("{step} without faults"))?;
            let plan = self.plan(*step).await?;
            for open in &mut self.lanes {
                let lane = &open.lane;
                let unwanted = changes(&plan, lane);
                ensure!(unwanted.is_empty(), "{} after {step}: {unwanted}", lane.kind);
                let world = World::of(lane, &self.client.0, &self.proxy).await?;
                let former = open.before.as_ref().map(|before| (before, before));
                world.compare(&world, former, true)?;
                let requests = self.proxy.seen(&lane.namespace);
                clean.insert((lane.kind, *step), (requests, Some(world.clone())));
                open.before = Some(world);
            }
        }
        Ok(clean)
    }

    /// Goes through one step with the faults of a turn, and judges them.
    ///
    /// # Errors
    /// The harness itself fails.
    pub async fn turn(&mut self, turn: &Turn, clean: &Clean) -> Result<Vec<(Point, Verdict)>> {
        self.configure(turn.step)?;
        let faulty = self.command(turn).await;
        let reached: Vec<bool> = self
            .lanes
            .iter()
            .map(|open| self.proxy.disarm(&open.lane.namespace))
            .collect();
        let mut outcomes = Vec::new();
        let (mut trouble, mut orphans) = (None, Vec::new());
        match faulty {
            Ok((outcome, left)) => {
                outcomes.push(outcome);
                orphans = left;
            }
            Err(error) => trouble = Some(format!("{error:#}")),
        }
        let recovered = outcomes.len();
        // At once: what has lost its Terraform may still be at work.
        self.recover(turn.step, &mut outcomes).await?;
        if let Err(error) = gone(&orphans).await {
            trouble = Some(format!("{error:#}"));
        }
        let plan = self.plan(turn.step).await?;
        let mut verdicts = Vec::new();
        for (index, point) in turn.points.iter().enumerate() {
            if self.lanes[index].broken {
                continue;
            }
            let judged = match &trouble {
                Some(trouble) => Err(anyhow::Error::msg(trouble.clone())),
                None => {
                    let meddled = point.is_some_and(|point| point.fault.what.is_meddling());
                    let commands = Commands {
                        all: &outcomes,
                        recovered,
                        plan: &plan,
                    };
                    self.judge(index, turn.step, commands, meddled, clean).await
                }
            };
            let verdict = match judged {
                Err(error) => {
                    self.lanes[index].broken = true;
                    Verdict::Broken(format!("{error:#}"))
                }
                Ok(()) if reached[index] => Verdict::Held,
                Ok(()) => Verdict::NotReached,
            };
            match (point, verdict) {
                (Some(point), verdict) => verdicts.push((*point, verdict)),
                // A lane that nothing was done to must hold, too; what was done to others has harmed it.
                (None, Verdict::Broken(text)) => {
                    if let Some(culprit) = turn.points.iter().flatten().next() {
                        let kind = self.lanes[index].lane.kind;
                        verdicts.push((*culprit, Verdict::Broken(format!("{kind} beside it: {text}"))));
                    }
                }
                (None, Verdict::Held | Verdict::NotReached) => {}
            }
        }
        self.drop_broken().await?;
        Ok(verdicts)
    }

    fn configure(&self, step: Step) -> Result<()> {
        for open in self.lanes.iter().filter(|open| !open.broken) {
            let file = format!("{}.tf", open.lane.label);
            self.workspace.write(&file, &open.lane.configuration(step))?;
        }
        Ok(())
    }

    /// The command of a step, during which the turn's faults happen.
    async fn command(&self, turn: &Turn) -> Result<(Outcome, Vec<Pid>)> {
        let mut mode = Mode::Request;
        let mut armed = 0;
        for (open, point) in self.lanes.iter().zip(&turn.points) {
            let point = point.filter(|_| !open.broken);
            if let Some(point) = &point {
                mode = point.fault.what.mode();
                armed += 1;
            }
            let fault = point.map(|point| (point.stage, point.request, point.fault));
            self.proxy.begin(&open.lane.namespace, fault);
        }
        command::run(&self.workspace, arguments(turn.step), &self.proxy, (mode, armed)).await
    }

    /// Gives the command again until it succeeds.
    async fn recover(&self, step: Step, outcomes: &mut Vec<Outcome>) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let (outcome, _) = command::run(&self.workspace, arguments(step), &self.proxy, (Mode::Request, 0)).await?;
            let mut kept = Vec::new();
            for error in outcome.errors() {
                let Some(kind) = tainted(error) else { continue };
                let lanes = self.lanes.iter().map(|open| &open.lane);
                let named = lanes.filter(|lane| is_about(error, lane));
                kept.extend(named.map(|lane| format!("{kind}.{}", lane.label)));
            }
            let done = outcome.success;
            outcomes.push(outcome);
            if done {
                break;
            }
            for address in kept {
                // Of one at a URL, the error does not say whose it is: it fails for those that are not tainted.
                self.workspace.run(&["untaint", &address]).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// What is still to be done after a step.
    async fn plan(&self, step: Step) -> Result<Outcome> {
        if step == Step::Destroy {
            return self.workspace.run(&["state", "list"]).await;
        }
        self.workspace.plan(&["-parallelism=40"]).await
    }

    async fn judge(
        &mut self,
        index: usize,
        step: Step,
        commands: Commands<'_>,
        meddled: bool,
        clean: &Clean,
    ) -> Result<()> {
        let open = &self.lanes[index];
        let lane = &open.lane;
        let last = commands.all.last().context("there was a command without faults")?;
        let errors: Vec<String> = last
            .errors()
            .filter(|error| is_about(error, lane))
            .map(|error| format!("{}: {}", error.summary, error.detail))
            .collect();
        ensure!(
            errors.is_empty(),
            "without faults it still fails: {}",
            errors.join("\n")
        );
        let unwanted = changes(commands.plan, lane);
        ensure!(unwanted.is_empty(), "the plan is not empty: {unwanted}");
        let world = World::of(lane, &self.client.0, &self.proxy).await?;
        let (_, expected) = clean.get(&(lane.kind, step)).context("it was run without faults")?;
        let expected = expected.as_ref();
        let said: String = commands.all.iter().map(|outcome| outcome.stdout.as_str()).collect();
        if meddled {
            // What somebody else has deleted or restarted is not for us to keep; but what is asked for is there in the end.
            let wanted = expected.map(|expected| expected.objects.as_slice()).unwrap_or_default();
            world.has_names_of(wanted)?;
        } else if step == Step::Destroy {
            let before = open.before.as_ref().context("there was something to destroy")?;
            world.is_empty_after(lane.kind, before, &said)?;
        } else if let Some(expected) = expected {
            let mut planned = commands.all[commands.recovered..].iter().flat_map(Outcome::planned);
            let announced =
                planned.any(|(address, action)| lane.has(&address) && matches!(action.as_str(), "replace" | "delete"));
            let former = open.before.as_ref().zip(former(clean, lane.kind, step));
            world.compare(expected, former, announced)?;
            world.keeps_no_more(expected, former, &said)?;
        }
        self.lanes[index].before = Some(world);
        Ok(())
    }

    /// Takes lanes out of the workspace in which nothing more is tried.
    async fn drop_broken(&self) -> Result<()> {
        let state = self.workspace.run(&["state", "list"]).await?;
        for open in self.lanes.iter().filter(|open| open.broken) {
            self.workspace.write(&format!("{}.tf", open.lane.label), "")?;
            for address in state.stdout.lines().filter(|address| open.lane.has(address)) {
                self.workspace.run(&["state", "rm", address]).await?;
            }
        }
        Ok(())
    }
}

/// What a run without faults has left behind in the step before.
fn former(clean: &Clean, kind: Kind, step: Step) -> Option<&World> {
    let before = Step::ALL.iter().rev().find(|before| **before < step)?;
    clean.get(&(kind, *before)).and_then(|(_, world)| world.as_ref())
}

fn arguments(step: Step) -> &'static [&'static str] {
    match step {
        Step::Create | Step::Update | Step::Suspend | Step::Resume => {
            &["apply", "-json", "-input=false", "-auto-approve", "-parallelism=40"]
        }
        Step::Destroy => &["destroy", "-json", "-input=false", "-auto-approve", "-parallelism=40"],
    }
}

/// Whether an error is about a lane. That of a destroy has no address, but mostly names the object.
fn is_about(error: &Diagnostic, lane: &Lane) -> bool {
    match &error.address {
        Some(address) => lane.has(address),
        None => error.detail.contains(&lane.namespace) || !error.detail.contains("`faults-"),
    }
}

/// The kind of resource that the provider asks the user to untaint.
fn tainted(error: &Diagnostic) -> Option<&str> {
    let (_, command) = error.detail.split_once("`terraform untaint ")?;
    command.split('.').next()
}

/// What is still to be done for a lane, by a plan or by the list of what is in state.
fn changes(plan: &Outcome, lane: &Lane) -> String {
    let mut lines: Vec<String> = plan
        .planned()
        .into_iter()
        .filter(|(address, _)| lane.has(address))
        .map(|(address, action)| format!("{action} {address}"))
        .collect();
    let errors = plan.errors().filter(|error| is_about(error, lane));
    lines.extend(errors.map(|error| format!("{}: {}", error.summary, error.detail)));
    let in_state = plan.stdout.lines().filter(|line| lane.has(line));
    lines.extend(in_state.map(|address| format!("{address} is in state")));
    lines.join(", ")
}
