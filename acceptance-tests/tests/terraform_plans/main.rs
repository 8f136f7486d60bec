//! What a reviewer sees: plans of typical changes as the real Terraform prints them, and nonces that nobody counts.
//!
//! The plans are the files beside this one. `UPDATE=1 cargo test -p acceptance-tests --test terraform_plans` writes them anew.
//! They are compared letter by letter where the program is the Terraform that wrote them; of other versions, and of OpenTofu,
//! only what the provider says is compared.

use std::path::{Path, PathBuf};

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::configurations::{SESSION, STATEFUL, with};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const ORDERS: &str = "flink_deployment.orders";

/// All that the plans are about.
const RESOURCES: [&str; 4] = [
    ORDERS,
    "flink_deployment.session",
    "flink_session_job.clicks",
    "flink_session_job.returns",
];

/// Two jobs that share the cluster `session`.
const JOBS: &str = r#"
resource "flink_session_job" "clicks" {
  name            = "clicks"
  deployment_name = flink_deployment.session.name

  job {
    jar_uri     = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism = 1
  }
}

resource "flink_session_job" "returns" {
  name            = "returns"
  deployment_name = flink_deployment.session.name

  job {
    jar_uri     = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism = 1
  }
}
"#;

const SLOTS: &str = "\"taskmanager.numberOfTaskSlots\"    = \"2\"";
const MODE: &str = "upgrade_mode = \"savepoint\"";

/// The application and the session cluster that all changes begin with.
fn before() -> String {
    let scheduler = format!("{SLOTS}\n    \"jobmanager.scheduler\"             = \"adaptive\"");
    format!("{}{SESSION}{JOBS}", with(STATEFUL, &[(SLOTS, &scheduler)]))
}

/// A change of a configuration: a name, and the parts of it with what takes their place.
type Change = (&'static str, Vec<(String, String)>);

fn changes() -> Vec<Change> {
    let one = |name: &'static str, part: &str, instead: String| (name, vec![(part.to_owned(), instead)]);
    let beside = |name: &'static str, part: &str, more: &str| one(name, part, format!("{part}{more}"));
    let image = (
        "image             = \"flink:1.20\"",
        "image             = \"flink:1.20.5\"",
    );
    let rollout = (image.0.to_owned(), image.1.to_owned());
    vec![
        ("image", vec![rollout.clone()]),
        one("parallelism", "parallelism  = 1", "parallelism  = 2".to_owned()),
        one("slots", SLOTS, SLOTS.replace("\"2\"", "\"4\"")),
        beside(
            "operator-key",
            SLOTS,
            "\n    \"kubernetes.operator.savepoint.history.max.count\" = \"5\"",
        ),
        beside(
            "parallelism-overrides",
            SLOTS,
            "\n    \"pipeline.jobvertex-parallelism-overrides\" = \"cbc357ccb763df2852fee8c4fc7d55f2:4\"",
        ),
        beside(
            "labels",
            "service_account   = \"flink\"",
            "\n\n  labels = { team = \"data\" }",
        ),
        beside("timeouts", MODE, "\n  }\n\n  timeouts {\n    update = \"45m\""),
        beside(
            "ingress",
            MODE,
            "\n  }\n\n  ingress {\n    template = \"{{name}}.flink.example.com\"",
        ),
        one(
            "savepoint-directory",
            "flink-data/savepoints",
            "flink-data/other-savepoints".to_owned(),
        ),
        one(
            "savepoint-directory-removed",
            "\"state.savepoints.dir\"             = \"file:///flink-data/savepoints\"",
            String::new(),
        ),
        beside(
            "mode",
            "service_account   = \"flink\"",
            "\n  mode              = \"standalone\"",
        ),
        beside("suspend", MODE, "\n    state        = \"suspended\""),
        beside(
            "restart",
            "service_account   = \"flink\"",
            "\n\n  restart_triggers = { settings = \"2e1f\" }",
        ),
        beside(
            "redeploy",
            MODE,
            "\n  }\n\n  redeploy {\n    path    = \"file:///flink-data/savepoints/savepoint-a1b2c3\"\n    trigger = \"2026-11-21\"",
        ),
        beside(
            "initial-savepoint-too-late",
            MODE,
            "\n    initial_savepoint_path = \"file:///flink-data/savepoints/savepoint-a1b2c3\"",
        ),
        (
            "stateless",
            vec![rollout, (MODE.to_owned(), "upgrade_mode = \"stateless\"".to_owned())],
        ),
        one(
            "session-cluster",
            "  name              = \"session\"\n  image             = \"flink:1.20\"",
            "  name              = \"session\"\n  image             = \"flink:1.20.5\"".to_owned(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_of_typical_changes() -> Result<()> {
    let case = Case::new("plans", Jobs::StatusOnly, &before()).await?;
    let mut goldens = Goldens::new(&case).await?;
    goldens.compare("new").await?;
    case.apply(&before()).await?;
    goldens.learn().await?;
    for (name, parts) in changes() {
        let parts: Vec<(&str, &str)> = parts
            .iter()
            .map(|(part, instead)| (part.as_str(), instead.as_str()))
            .collect();
        case.configure(&with(&before(), &parts))?;
        goldens.compare(name).await.context(name)?;
    }
    let suspended = with(
        &before(),
        &[(MODE, "upgrade_mode = \"savepoint\"\n    state        = \"suspended\"")],
    );
    case.apply(&suspended).await?;
    goldens.learn().await?;
    case.configure(&before())?;
    goldens.compare("resume").await?;
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}

/// The committed plans.
struct Goldens<'a> {
    case: &'a Case,
    folder: PathBuf,
    /// Whether this program prints plans as the one that wrote them.
    to_the_letter: bool,
    /// Values that are others in the next run, and what they are.
    facts: Vec<(String, &'static str)>,
}

impl<'a> Goldens<'a> {
    /// The version that wrote the plans: that of `acceptance-tests/scripts/terraform`.
    const WRITTEN_BY: &'static str = "Terraform v1.11";

    async fn new(case: &'a Case) -> Result<Self> {
        let version = case.workspace.run(&["version"]).await?.expect_success()?;
        Ok(Self {
            case,
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/terraform_plans"),
            to_the_letter: version.stdout.starts_with(Self::WRITTEN_BY),
            facts: Vec::new(),
        })
    }

    /// Plans, and compares with the file of this name.
    async fn compare(&self, name: &str) -> Result<()> {
        let planned = self.case.workspace.run(&["plan", "-no-color", "-input=false"]).await?;
        let found = self.readable(&format!("{}{}", planned.stdout, planned.stderr));
        let file = self.folder.join(format!("{name}.txt"));
        if std::env::var_os("UPDATE").is_some() {
            ensure!(self.to_the_letter, "the plans are written by {}", Self::WRITTEN_BY);
            std::fs::write(&file, &found)?;
            return Ok(());
        }
        let expected = std::fs::read_to_string(&file).with_context(|| format!("failed to read {}", file.display()))?;
        let (found, expected) = if self.to_the_letter {
            (found, expected)
        } else {
            (said(&found), said(&expected))
        };
        ensure!(
            found == expected,
            "the plan `{name}` is another one; UPDATE=1 writes it anew. It was\n{expected}\nand is\n{found}"
        );
        Ok(())
    }

    /// Learns what differs from run to run in the objects that there are.
    async fn learn(&mut self) -> Result<()> {
        for address in RESOURCES {
            let state = self.case.workspace.state(address).await?;
            let state = state.with_context(|| format!("{address} is in state"))?;
            let facts = ["uid", "job_id"].map(|fact| (state[fact].as_str().map(str::to_owned), fact));
            let known = facts.into_iter().filter_map(|(value, fact)| Some((value?, fact)));
            self.facts.extend(known);
        }
        let live = object(self.case).await?;
        let path = live["status"]["jobStatus"]["upgradeSavepointPath"].as_str();
        let name = path.and_then(|path| path.rsplit('/').next());
        self.facts.extend(name.map(|name| (name.to_owned(), "savepoint")));
        Ok(())
    }

    /// A plan without what differs from run to run.
    fn readable(&self, plan: &str) -> String {
        let lines = plan
            .lines()
            .filter(|line| !line.contains(": Refreshing state...") && !line.contains(": Reading..."));
        let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        let text = text.replace(self.case.namespace(), "data-team");
        let text = self
            .facts
            .iter()
            .fold(text, |text, (value, fact)| text.replace(value, &format!("<{fact}>")));
        // What Terraform says about a provider that was just built has the path of this machine in it.
        let plan = match text.split_once("releases.\n\n") {
            Some((overrides, plan)) if overrides.contains("development overrides are in effect") => plan,
            Some(_) | None => &text,
        };
        plan.trim_start().to_owned()
    }
}

/// The lines in which the provider speaks: the effect, and the first lines of what it warns of.
fn said(plan: &str) -> String {
    plan.lines()
        .map(str::trim)
        .filter(|line| {
            line.trim_start_matches(['+', '~', '-', ' ']).starts_with("change ")
                || line.contains("Warning: ")
                || line.contains("Error: ")
        })
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            format!("{}\n", words.join(" "))
        })
        .collect()
}

async fn object(case: &Case) -> Result<Value> {
    case.deployment("orders").await?.context("it exists")
}

/// Each change of a trigger restarts the job once, and nothing else does.
#[tokio::test(flavor = "multi_thread")]
async fn triggers_count_nonces() -> Result<()> {
    let case = Case::new("nonces", Jobs::StatusOnly, STATEFUL).await?;
    let account = "service_account   = \"flink\"";
    let triggered = |settings: &str, redeploy: &str| {
        let triggers = format!("{account}\n\n  restart_triggers = {{ settings = \"{settings}\" }}\n{redeploy}");
        with(STATEFUL, &[(account, &triggers)])
    };
    case.apply(&triggered("a", "")).await?;
    let first = object(&case).await?;
    assert!(first["spec"].get("restartNonce").is_none(), "{first}");
    let mut jobs = vec![first["status"]["jobStatus"]["jobId"].clone()];
    for (settings, nonce) in [("b", 1), ("a", 2)] {
        case.configure(&triggered(settings, ""))?;
        let planned = case.workspace.planned(ORDERS).await?;
        assert_eq!(planned.after["restart_nonce"], nonce);
        assert_eq!(
            planned.after["change"], "restart with savepoint; because of restart_triggers",
            "two restarts in a row both show it"
        );
        case.apply(&triggered(settings, "")).await?;
        let live = object(&case).await?;
        assert_eq!(live["spec"]["restartNonce"], nonce);
        let job = live["status"]["jobStatus"]["jobId"].clone();
        assert!(!jobs.contains(&job), "another job");
        jobs.push(job);
    }
    // Somebody takes the nonce away: the operator remembers it, and so does the plan.
    case.edit("orders", json!({"spec": {"restartNonce": null}})).await?;
    case.configure(&triggered("c", ""))?;
    assert_eq!(case.workspace.planned(ORDERS).await?.after["restart_nonce"], 3);
    case.apply(&triggered("c", "")).await?;

    let block = |path: &str, trigger: &str| {
        format!(
            "  redeploy {{\n    path    = \"file:///flink-data/savepoints/{path}\"\n    trigger = \"{trigger}\"\n  }}\n"
        )
    };
    for (path, trigger, nonce) in [("one", "1", 1), ("two", "1", 1), ("two", "2", 2)] {
        case.configure(&triggered("c", &block(path, trigger)))?;
        case.workspace.apply(&[]).await?.expect_success()?;
        case.workspace.expect_no_changes().await?;
        let live = object(&case).await?;
        assert_eq!(live["spec"]["job"]["savepointRedeployNonce"], nonce, "{path} {trigger}");
    }
    let live = object(&case).await?;
    assert_eq!(
        live["spec"]["job"]["initialSavepointPath"],
        "file:///flink-data/savepoints/two"
    );
    assert_eq!(live["spec"]["restartNonce"], 3);
    // Taken away again, nothing happens.
    case.configure(STATEFUL)?;
    let planned = case.workspace.planned(ORDERS).await?;
    assert_eq!(planned.after["change"], "nothing restarts, nothing is written");
    case.apply(STATEFUL).await?;
    assert_eq!(
        object(&case).await?["metadata"]["generation"],
        live["metadata"]["generation"]
    );

    // An imported object keeps its nonces, and what it is first given is only written down.
    case.workspace.run(&["state", "rm", ORDERS]).await?.expect_success()?;
    case.configure(&triggered("d", &block("three", "3")))?;
    let id = format!("{}/orders", case.namespace());
    case.workspace.run(&["import", ORDERS, &id]).await?.expect_success()?;
    let planned = case.workspace.planned(ORDERS).await?;
    assert_eq!(planned.after["restart_nonce"], 3);
    assert_eq!(planned.after["job"]["savepoint_redeploy_nonce"], 2);
    assert_eq!(planned.after["change"], "nothing restarts, nothing is written");
    case.workspace.destroy().await?.expect_success()?;
    Ok(())
}
