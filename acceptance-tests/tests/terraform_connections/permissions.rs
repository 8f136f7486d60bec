//! The guide about permissions: its smallest Role is enough for everything, each right in it is needed, and what more it
//! offers is good for seeing more.

use std::collections::BTreeSet;

use acceptance_tests::access::Access;
use acceptance_tests::case::{ACCOUNT, Case, Jobs};
use acceptance_tests::configurations::{APPLICATION, SESSION, STATEFUL, with};
use acceptance_tests::permissions::{all, smallest};
use acceptance_tests::terraform::Workspace;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

const DEPLOYMENTS: &str = "flinkdeployments";
const SESSION_JOBS: &str = "flinksessionjobs";
const SNAPSHOTS: &str = "flinkstatesnapshots";

/// What depends on the clusters.
const DEPENDENTS: &str = r#"
resource "flink_session_job" "payments" {
  name            = "payments"
  deployment_name = flink_deployment.session.name

  job {
    jar_uri     = "https://repo.example.com/TopSpeedWindowing.jar"
    parallelism = 1
  }
}

resource "flink_savepoint" "it" {
  deployment_name    = flink_deployment.orders.name
  dispose_on_destroy = false
}
"#;

/// An account whose rights change.
struct Account {
    case: Case,
    access: Access,
    rules: Value,
    tried: BTreeSet<(String, String)>,
}

impl Account {
    /// Runs a command without one verb on these kinds. Everything about them is refused, in words that say what to grant;
    /// afterwards the rights are there again.
    async fn refused(&mut self, verb: &str, kinds: &[&str], command: &str) -> Result<()> {
        self.allow(&without(&self.rules, verb, kinds)?).await?;
        let arguments = [command, "-json", "-input=false", "-auto-approve"];
        let outcome = self.case.workspace.run(&arguments).await?;
        ensure!(
            !outcome.success,
            "{command} without {verb} on {kinds:?}: {}",
            outcome.stdout
        );
        let mut named = BTreeSet::new();
        for error in outcome.diagnostics.iter().filter(|found| found.severity == "error") {
            assert_eq!(error.summary, "Not allowed by Kubernetes", "{}", error.detail);
            let kind = kinds
                .iter()
                .find(|kind| error.detail.contains(&format!("[\"{kind}\"]")));
            let kind = kind.with_context(|| format!("{verb} on {kinds:?}: {}", error.detail))?;
            let words = [
                format!(
                    "do not allow to {verb} {kind}.flink.apache.org in namespace `{}`.",
                    self.case.namespace()
                ),
                format!("apiGroups [\"flink.apache.org\"], resources [\"{kind}\"], verbs [\"{verb}\"]"),
            ];
            for words in words {
                ensure!(error.detail.contains(&words), "`{words}` is not in: {}", error.detail);
            }
            // Of a destroy, Terraform does not say which resource it was.
            ensure!(error.address.is_some() || command == "destroy", "{}", error.detail);
            named.insert(*kind);
        }
        assert_eq!(
            named,
            kinds.iter().copied().collect(),
            "{command} without {verb}: {}",
            outcome.stdout
        );
        for kind in kinds {
            self.tried.insert(((*kind).to_owned(), verb.to_owned()));
        }
        self.allow(&self.rules).await
    }

    async fn allow(&self, rules: &Value) -> Result<()> {
        self.access.allow(self.case.namespace(), ACCOUNT, rules).await
    }
}

/// Rules for single kinds, and without a verb on some of them.
fn without(rules: &Value, verb: &str, kinds: &[&str]) -> Result<Value> {
    let mut left = Vec::new();
    for (kind, mut verbs) in granted(rules)? {
        if kinds.contains(&kind.as_str()) {
            verbs.retain(|granted| granted != verb);
        }
        left.push(json!({"apiGroups": ["flink.apache.org"], "resources": [kind], "verbs": verbs}));
    }
    Ok(left.into())
}

/// The kinds of the operator in some rules, each with its verbs.
fn granted(rules: &Value) -> Result<Vec<(String, Vec<String>)>> {
    let mut granted = Vec::new();
    for rule in rules.as_array().context("rules")? {
        ensure!(
            rule["apiGroups"] == json!(["flink.apache.org"]),
            "only the operator's kinds: {rule}"
        );
        let verbs: Vec<String> = serde_json::from_value(rule["verbs"].clone())?;
        let kinds: Vec<String> = serde_json::from_value(rule["resources"].clone())?;
        granted.extend(kinds.into_iter().map(|kind| (kind, verbs.clone())));
    }
    Ok(granted)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_role_is_enough_and_each_right_in_it_is_needed() -> Result<()> {
    let clusters = format!("{STATEFUL}{SESSION}");
    let case = Case::new("role", Jobs::StatusOnly, &clusters).await?;
    let access = Access::to(case.sandbox()).await?;
    let rules = smallest()?;
    let mut account = Account {
        case,
        access,
        rules,
        tried: BTreeSet::new(),
    };
    account.refused("create", &[DEPLOYMENTS], "apply").await?;
    account.refused("get", &[DEPLOYMENTS], "apply").await?;
    account.case.apply(&clusters).await?;

    let everything = format!("{clusters}{DEPENDENTS}");
    account.case.configure(&everything)?;
    account.refused("create", &[SESSION_JOBS, SNAPSHOTS], "apply").await?;
    account.refused("get", &[SESSION_JOBS, SNAPSHOTS], "apply").await?;
    account.case.apply(&everything).await?;

    let changes = [
        ("jar\"\n    parallelism = 1", "jar\"\n    parallelism = 2"),
        ("dispose_on_destroy = false", "dispose_on_destroy = true"),
    ];
    let changed = with(&everything, &changes);
    account.case.configure(&changed)?;
    account.refused("patch", &[SESSION_JOBS, SNAPSHOTS], "apply").await?;
    account.case.apply(&changed).await?;
    let changed = with(&changed, &[("parallelism  = 1", "parallelism  = 2")]);
    account.case.configure(&changed)?;
    account.refused("patch", &[DEPLOYMENTS], "apply").await?;
    account.case.apply(&changed).await?;

    for (address, name) in [
        ("flink_deployment.orders", "orders"),
        ("flink_session_job.payments", "payments"),
    ] {
        let id = format!("{}/{name}", account.case.namespace());
        for arguments in [&["state", "rm", address][..], &["import", "-input=false", address, &id]] {
            account.case.workspace.run(arguments).await?.expect_success()?;
        }
    }
    account
        .case
        .workspace
        .expect_no_changes()
        .await
        .context("after an import")?;

    account.refused("delete", &[SESSION_JOBS, SNAPSHOTS], "destroy").await?;
    account.refused("delete", &[DEPLOYMENTS], "destroy").await?;
    account.case.workspace.destroy().await?.expect_success()?;
    assert!(account.case.deployment("orders").await?.is_none());

    let needed = granted(&account.rules)?;
    let needed = needed
        .into_iter()
        .flat_map(|(kind, verbs)| verbs.into_iter().map(move |verb| (kind.clone(), verb)));
    assert_eq!(account.tried, needed.collect(), "each right was tried without");
    Ok(())
}

/// Without the guide's other Roles an apply polls instead of watching, and an error has the operator's word only.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_rights_cost_only_speed_and_causes() -> Result<()> {
    let case = Case::new("insight", Jobs::StatusOnly, "").await?;
    if !case.sandbox().is_own() {
        eprintln!("passed over: a real cluster needs more time to fail");
        return Ok(());
    }
    let access = Access::to(case.sandbox()).await?;
    let mut seen = Vec::new();
    for (name, rules) in [("watched", all()?), ("polled", smallest()?)] {
        let broken = with(
            APPLICATION,
            &[
                ("= \"orders\"", &format!("= \"{name}\"")),
                (
                    "    parallelism = 1",
                    "    parallelism = 1\n    entry_class = \"com.example.Missing\"",
                ),
                ("  job {", "  timeouts {\n    create = \"10s\"\n  }\n\n  job {"),
            ],
        );
        access.allow(case.namespace(), ACCOUNT, &rules).await?;
        let mut workspace = Workspace::new(&broken).await?;
        workspace.write("provider.tf", &case.provider_block())?;
        let log = workspace.path().join("log");
        workspace.environment("TF_LOG_PROVIDER", "DEBUG");
        workspace.environment("TF_LOG_PATH", &log.display().to_string());
        let outcome = workspace.apply(&[]).await?;
        let polls = std::fs::read_to_string(&log)?.contains("cannot watch; polling");
        seen.push((polls, outcome.expect_one_error()?.detail.clone()));
    }
    let [(false, with_all), (true, with_few)] = &seen[..] else {
        anyhow::bail!("the first watches, the second polls: {seen:?}")
    };
    let tells_of_causes = |detail: &str| {
        let detail = detail.to_lowercase();
        ["\n- event ", "\n- pod "].iter().any(|cause| detail.contains(cause))
    };
    ensure!(tells_of_causes(with_all), "{with_all}");
    ensure!(!tells_of_causes(with_few), "{with_few}");
    ensure!(
        with_few.contains("It was written"),
        "it is said what is known: {with_few}"
    );
    Ok(())
}
