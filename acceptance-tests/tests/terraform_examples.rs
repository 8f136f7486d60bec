//! Every example is what a user may copy: it validates, plans without any cluster, is applied, plans empty and is
//! destroyed. A new folder below `examples` joins by itself, and `examples/README.md` has to name what proves it.
//!
//! Statuses are the stand-in's, but for one test with a real job.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use acceptance_tests::case::{Case, Jobs};
use acceptance_tests::terraform::{Change, Outcome, Workspace};
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

/// How many examples are worked on at the same time.
const AT_ONCE: usize = 4;

/// Examples that are not applied, each with the reason.
const NOT_APPLIED: [(&str, &str); 1] = [("provider", "nothing to apply: it has provider blocks only")];

/// Examples that a test of their own applies, in steps.
const IN_STEPS: [&str; 4] = [
    "application-per-job",
    "autoscaler",
    "image-rollout",
    "standalone-reactive",
];

/// A folder below `examples`.
struct Example {
    folder: PathBuf,
    /// Its path below `examples`.
    name: String,
}

impl Example {
    fn named(name: &str) -> Self {
        let folder = examples().join(name);
        let name = name.to_owned();
        Self { folder, name }
    }

    /// All that hold a configuration, wherever they lie.
    fn all() -> Result<Vec<Self>> {
        let mut all = BTreeSet::new();
        folders(Path::new(""), &mut all)?;
        ensure!(all.len() > NOT_APPLIED.len() + IN_STEPS.len(), "examples: {all:?}");
        Ok(all.iter().map(|name| Self::named(name)).collect())
    }

    /// A workspace with it. Ways to import are alternatives to each other, which the reference page shows one by one.
    async fn workspace(&self, namespace: &str) -> Result<Workspace> {
        let workspace = Workspace::of(&self.folder, |text| text.replace("data-team-flink", namespace)).await?;
        for entry in std::fs::read_dir(workspace.path())? {
            let path = entry?.path();
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("import"))
            {
                std::fs::remove_file(path)?;
            }
        }
        if self.name == "provider" {
            workspace.write("terraform.tfvars", "staging_token = \"secret\"\n")?;
        }
        Ok(workspace)
    }

    /// A case with it, in which its provider block leads to the case's cluster and namespace.
    async fn case(&self, jobs: Jobs) -> Result<Case> {
        let mut case = Case::new("example", jobs, "").await?;
        case.workspace = self.workspace(case.namespace()).await?;
        let block = case.provider_block();
        let has_one = self.text()?.contains("\nprovider \"flink\"");
        case.workspace
            .write(if has_one { "override.tf" } else { "provider.tf" }, &block)?;
        Ok(case)
    }

    /// How many deployments its plan has: as many as it has resources, but for `for_each`.
    fn deployments(&self) -> Result<usize> {
        Ok(match self.name.as_str() {
            "application-per-job" => 5,
            _ => self.text()?.matches("\nresource \"flink_deployment\"").count(),
        })
    }

    /// Its configuration in one piece.
    fn text(&self) -> Result<String> {
        let mut text = String::from("\n");
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                text += &std::fs::read_to_string(&path)?;
            }
        }
        Ok(text)
    }

    /// Validates and plans without any cluster.
    async fn plans_offline(&self) -> Result<()> {
        let workspace = self.workspace("data-team-flink").await?;
        silent(workspace.validate().await?)?;
        silent(workspace.plan(&[]).await?)?;
        let changes = workspace.changes().await?;
        let expected = self.deployments()?;
        ensure!(
            changes.len() == expected,
            "{} deployments, not {expected}",
            changes.len()
        );
        for (address, change) in &changes {
            let planned = &change.after;
            ensure!(change.actions == ["create"], "{address}: {:?}", change.actions);
            let id = format!("{}/{}", text(planned, "namespace")?, text(planned, "name")?);
            ensure!(text(planned, "id")? == id, "{address}: {}", planned["id"]);
            ensure!(change.after_unknown["job_id"] == true, "{address}: {change:?}");
        }
        Ok(())
    }

    /// Applies it; another plan is empty then, and Kubernetes takes the pods that were described.
    async fn started(&self, jobs: Jobs, variables: &str) -> Result<Case> {
        let case = self.case(jobs).await?;
        apply(&case, variables).await?;
        let live = case
            .deployments()
            .await?
            .list(&kube::api::ListParams::default())
            .await?;
        ensure!(
            live.items.len() == self.deployments()?,
            "{} are there",
            live.items.len()
        );
        for deployment in live {
            let deployment = serde_json::to_value(deployment)?;
            let status = &deployment["status"];
            ensure!(status["lifecycleState"] == "STABLE", "{status}");
            ensure!(status["jobManagerDeploymentStatus"] == "READY", "{status}");
            for process in ["jobManager", "taskManager"] {
                if let Some(template) = pod_template(&deployment["spec"], process) {
                    let template = dry_run(&case, case.namespace(), template).await;
                    template.with_context(|| format!("the pods of the {process}"))?;
                }
            }
        }
        Ok(case)
    }
}

/// Destroys everything, and sees that nothing is left.
async fn end(case: &Case) -> Result<()> {
    case.workspace.destroy().await?.expect_success()?;
    let left = case
        .deployments()
        .await?
        .list(&kube::api::ListParams::default())
        .await?;
    ensure!(left.items.is_empty(), "left behind: {:?}", left.items);
    Ok(())
}

/// Applies with these variables, without a warning; another plan is empty then.
async fn apply(case: &Case, variables: &str) -> Result<()> {
    case.workspace.write("terraform.tfvars", variables)?;
    silent(case.workspace.apply(&[]).await?)?;
    case.workspace.expect_no_changes().await
}

/// What a plan with these variables would do, without what stays as it is.
async fn planned(case: &Case, variables: &str) -> Result<BTreeMap<String, Change>> {
    case.workspace.write("terraform.tfvars", variables)?;
    silent(case.workspace.plan(&[]).await?)?;
    let mut changes = case.workspace.changes().await?;
    changes.retain(|_, change| change.actions != ["no-op"]);
    Ok(changes)
}

/// Expects success without any warning.
fn silent(outcome: Outcome) -> Result<()> {
    let outcome = outcome.expect_success()?;
    let said = outcome.diagnostics.iter();
    let said: Vec<_> = said.map(|said| format!("{}: {}", said.summary, said.detail)).collect();
    ensure!(said.is_empty(), "{}", said.join("\n"));
    Ok(())
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn folders(below: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(examples().join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            folders(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "tf") {
            found.insert(below.to_str().context("a name in UTF-8")?.to_owned());
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("`{name}` is no text: {value}"))
}

async fn in_state(case: &Case, address: &str) -> Result<Value> {
    let state = case.workspace.state(address).await?;
    state.with_context(|| format!("{address} is not in state"))
}

async fn object(case: &Case, name: &str) -> Result<Value> {
    let object = case.deployment(name).await?;
    object.with_context(|| format!("there is no deployment {name}"))
}

/// The template of a process's pods as the operator makes it: the process's own laid over the common one.
fn pod_template(spec: &Value, process: &str) -> Option<Value> {
    let by_name = spec["flinkConfiguration"]["kubernetes.operator.pod-template.merge-arrays-by-name"] == "true";
    let (common, own) = (&spec["podTemplate"], &spec[process]["podTemplate"]);
    let mut template = common.clone();
    lay_over(&mut template, own, by_name);
    (!template.is_null()).then_some(template)
}

fn lay_over(below: &mut Value, above: &Value, by_name: bool) {
    match (below, above) {
        (_, Value::Null) => {}
        (Value::Object(below), Value::Object(above)) => {
            for (name, value) in above {
                lay_over(below.entry(name).or_insert(Value::Null), value, by_name);
            }
        }
        (Value::Array(below), Value::Array(above)) => {
            for (index, item) in above.iter().enumerate() {
                let place = if by_name && item["name"].is_string() {
                    below.iter().position(|other| other["name"] == item["name"])
                } else {
                    (index < below.len()).then_some(index)
                };
                match place {
                    Some(place) => lay_over(&mut below[place], item, by_name),
                    None => below.push(item.clone()),
                }
            }
        }
        (below, above) => *below = above.clone(),
    }
}

/// Lets the API server check a pod of this template, as far as it would run it: nothing is created.
async fn dry_run(case: &Case, namespace: &str, mut template: Value) -> Result<()> {
    let main = json!({ "spec": { "containers": [{ "name": "flink-main-container", "image": "flink:1.20" }] } });
    lay_over(&mut template, &main, true);
    template["metadata"]["generateName"] = json!("example-");
    let pod: Pod = serde_json::from_value(template)?;
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    Api::namespaced(case.client().await?, namespace)
        .create(&dry, &pod)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_plans_without_a_cluster() -> Result<()> {
    let plans = Example::all()?.into_iter().map(|example| async move {
        let plans = example.plans_offline().await;
        plans.with_context(|| format!("examples/{}", example.name))
    });
    futures::stream::iter(plans)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_applied_and_destroyed() -> Result<()> {
    let elsewhere: Vec<_> = NOT_APPLIED.iter().map(|(name, _)| *name).chain(IN_STEPS).collect();
    let mut all = Example::all()?;
    all.retain(|example| !elsewhere.contains(&example.name.as_str()));
    let lives = all.into_iter().map(|example| async move {
        let lives = async { end(&example.started(Jobs::StatusOnly, "").await?).await };
        lives.await.with_context(|| format!("examples/{}", example.name))
    });
    futures::stream::iter(lives)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_of_for_each_leaves_the_other_jobs_alone() -> Result<()> {
    let case = Example::named("application-per-job")
        .started(Jobs::StatusOnly, "")
        .await?;
    let jobs = async || -> Result<BTreeMap<String, Value>> {
        let live = case
            .deployments()
            .await?
            .list(&kube::api::ListParams::default())
            .await?;
        let ids = live.into_iter().map(|mut job| {
            let id = job.data["status"]["jobStatus"]["jobId"].take();
            (job.metadata.name.unwrap_or_default(), id)
        });
        Ok(ids.collect())
    };
    let before = jobs().await?;
    // One source more, one less.
    let sources = "ingestion = {\n  clicks  = { topic = \"web.clicks\", parallelism = 4 }\n  orders  = { topic = \
                   \"shop.orders\", memory = \"4096m\" }\n  returns = { topic = \"shop.returns\" }\n}\n";
    let changes = planned(&case, sources).await?;
    let changes: Vec<_> = changes
        .iter()
        .map(|(at, change)| (at.as_str(), change.actions.join(" ")))
        .collect();
    let expected = [("returns", "create"), ("stock", "delete")]
        .map(|(source, action)| (format!("flink_deployment.ingestion[\"{source}\"]"), action.to_owned()));
    assert_eq!(
        changes,
        expected.each_ref().map(|(at, action)| (at.as_str(), action.clone()))
    );
    let applied = case.workspace.apply(&[]).await?.expect_success()?;
    let warnings: Vec<_> = applied.warnings().collect();
    assert!(
        matches!(warnings[..], [kept] if kept.detail.contains("/flink/ingestion-stock/savepoints/savepoint-")),
        "the state of the job that ended is named: {warnings:?}"
    );
    case.workspace.expect_no_changes().await?;
    let mut after = jobs().await?;
    assert!(after.remove("ingestion-returns").is_some_and(|id| id.is_string()));
    let mut expected = before;
    expected.remove("ingestion-stock");
    assert_eq!(after, expected, "the other jobs run on");
    end(&case).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_rolled_out_from_a_savepoint() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.customer_analytics";
    let case = Example::named("image-rollout").started(Jobs::StatusOnly, "").await?;
    let before = in_state(&case, ADDRESS).await?;

    case.workspace.write("terraform.tfvars", "image_tag = \"latest\"\n")?;
    let refused = case.workspace.plan(&[]).await?;
    assert_eq!(refused.expect_one_error()?.summary, "Invalid value for variable");

    let tag = "image_tag = \"1.4.3\"\n";
    let changes = planned(&case, tag).await?;
    let change = &changes[ADDRESS];
    assert_eq!(
        (changes.len(), change.actions.join(" ").as_str()),
        (1, "update"),
        "in place"
    );
    assert_eq!(change.after_unknown["job_id"], true, "another job is announced");
    apply(&case, tag).await?;
    let (after, live) = (
        in_state(&case, ADDRESS).await?,
        object(&case, "customer-analytics").await?,
    );
    assert!(text(&after, "image")?.ends_with("/customer-analytics:1.4.3"), "{after}");
    assert_eq!(after["uid"], before["uid"]);
    assert_ne!(after["job_id"], before["job_id"]);
    let from = text(&live["status"]["jobStatus"], "upgradeSavepointPath")?;
    assert!(
        from.starts_with("s3://example-bucket/flink/customer-analytics/savepoints/savepoint-"),
        "{from}"
    );
    let deployed = text(&live["status"]["reconciliationStatus"], "lastReconciledSpec")?;
    let deployed: Value = serde_json::from_str(deployed)?;
    assert_eq!(
        deployed["spec"]["job"]["upgradeMode"], "savepoint",
        "it was started from that"
    );
    end(&case).await
}

/// From two TaskManagers to ten and back: the same job all the time.
#[tokio::test(flavor = "multi_thread")]
async fn reactive_scaling_does_not_restart_the_job() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.enrichment";
    let case = Example::named("standalone-reactive")
        .started(Jobs::StatusOnly, "")
        .await?;
    let started = object(&case, "enrichment").await?;
    let job = |object: &Value| {
        let job = &object["status"]["jobStatus"];
        (job["jobId"].clone(), job["startTime"].clone())
    };
    assert_eq!(started["status"]["taskManager"]["replicas"], 2);
    for number in [10, 2] {
        let variables = format!("task_managers = {number}\n");
        let changes = planned(&case, &variables).await?;
        assert_eq!(changes[ADDRESS].actions, ["update"]);
        apply(&case, &variables).await?;
        let scaled = object(&case, "enrichment").await?;
        assert_eq!(scaled["status"]["taskManager"]["replicas"], number);
        assert_eq!(job(&scaled), job(&started), "{number} TaskManagers");
    }
    end(&case).await
}

/// The same with a real job: Flink itself says that it runs on more TaskManagers, and since when.
#[tokio::test(flavor = "multi_thread")]
async fn reactive_scaling_rescales_a_real_job() -> Result<()> {
    let case = Example::named("standalone-reactive").started(Jobs::Real, "").await?;
    let jobs = case.rest("enrichment", "jobs/overview").await?;
    let id = text(&jobs["jobs"][0], "jid")?.to_owned();
    for number in [4, 2] {
        apply(&case, &format!("task_managers = {number}\n")).await?;
        let rescaled = async {
            loop {
                let job = case.rest("enrichment", &format!("jobs/{id}")).await?;
                let vertices = job["vertices"].as_array().context("a job has vertices")?;
                let widest = vertices
                    .iter()
                    .filter_map(|vertex| vertex["parallelism"].as_u64())
                    .max();
                if job["state"] == "RUNNING" && widest == Some(number) {
                    return Ok::<_, anyhow::Error>(job);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let job = tokio::time::timeout(Duration::from_secs(300), rescaled).await;
        let job = job.with_context(|| format!("the job does not run on {number} TaskManagers"))??;
        assert_eq!(
            job["start-time"], jobs["jobs"][0]["start-time"],
            "the job was not started again"
        );
    }
    end(&case).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_autoscaler_is_switched_without_a_restart() -> Result<()> {
    const ADDRESS: &str = "flink_deployment.clickstream";
    let off = "autoscaler_enabled = false\n";
    let case = Example::named("autoscaler").started(Jobs::StatusOnly, off).await?;
    let before = in_state(&case, ADDRESS).await?;
    for (variables, enabled) in [("", "true"), ("max_parallelism = 48\n", "true"), (off, "false")] {
        let change = &planned(&case, variables).await?[ADDRESS];
        assert_eq!(change.actions, ["update"]);
        assert_eq!(
            change.after["job_id"], before["job_id"],
            "the plan knows that the job stays"
        );
        apply(&case, variables).await?;
        let live = object(&case, "clickstream").await?;
        assert_eq!(live["spec"]["flinkConfiguration"]["job.autoscaler.enabled"], enabled);
        assert_eq!(live["status"]["jobStatus"]["jobId"], before["job_id"]);
    }
    end(&case).await
}

/// The admission of Kubernetes itself says so, in a namespace that enforces the standard.
#[tokio::test(flavor = "multi_thread")]
async fn non_root_pods_meet_the_restricted_standard() -> Result<()> {
    let case = Example::named("non-root").case(Jobs::StatusOnly).await?;
    let enforce = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "restricted" } } });
    let namespaces: Api<Namespace> = Api::all(case.client().await?);
    namespaces
        .patch(case.namespace(), &PatchParams::default(), &Patch::Merge(enforce))
        .await?;
    let refused = dry_run(&case, case.namespace(), json!({})).await;
    let refused = refused
        .err()
        .context("a pod without any context is refused")?
        .to_string();
    assert!(refused.contains("violates PodSecurity \"restricted"), "{refused}");
    let change = case.workspace.planned("flink_deployment.orders").await?;
    dry_run(&case, case.namespace(), change.after["pod_template"].clone()).await
}

/// Every folder is in the table of `examples/README.md`, and every row names a folder and a test that there are.
#[test]
fn the_table_of_the_examples_is_complete() -> Result<()> {
    let readme = std::fs::read_to_string(examples().join("README.md"))?;
    let mut listed = BTreeSet::new();
    for row in readme.lines().filter(|line| line.starts_with("| [")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [link, _, proof] = cells[..] else {
            anyhow::bail!("three cells: {row}");
        };
        let folder = link
            .strip_prefix('[')
            .and_then(|link| link.split_once("]("))
            .context("a link")?;
        ensure!(
            folder.1 == format!("{}/)", folder.0),
            "the link leads to the folder: {link}"
        );
        listed.insert(folder.0.to_owned());
        let named = proof.split('`').skip(1).step_by(2);
        // `make demo` proves something, too.
        let tests: Vec<_> = named.filter(|name| !name.starts_with("make ")).collect();
        ensure!(!tests.is_empty(), "{}: no test is named", folder.0);
        for test in tests {
            let is_there = include_str!("terraform_examples.rs").contains(&format!("fn {test}("));
            ensure!(
                is_there || test.ends_with(".rs"),
                "{}: there is no test {test}",
                folder.0
            );
        }
        let reason = NOT_APPLIED.iter().find(|(name, _)| *name == folder.0);
        ensure!(
            reason.is_none_or(|(_, reason)| proof.contains(reason)),
            "{}: say why not",
            folder.0
        );
    }
    let there: BTreeSet<_> = Example::all()?.into_iter().map(|example| example.name).collect();
    assert_eq!(listed, there);
    Ok(())
}
