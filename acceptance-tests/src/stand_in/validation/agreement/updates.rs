//! Rules about what was deployed before. A plan replaces the object where the operator does not take the change.

use flink_client::kubernetes::Environment;
use terraform_plugin::{Configured, PlanContext, PlanMark, Private, Provider, Warnings};
use terraform_provider_flink::provider::config::ProviderConfig;
use terraform_provider_flink::provider::{FlinkProvider, ProviderData};
use terraform_provider_flink::resources::job_resource::private::OBSERVED;
use terraform_schema::Plan;

use super::*;

/// What a provider block that is wholly known gives to resources.
fn provider() -> ProviderData {
    let mut config = ProviderConfig::block().empty_value().as_map().cloned().unwrap();
    config.insert("host".to_owned(), "https://cluster.example.com".into());
    config.insert("namespace".to_owned(), "team".into());
    let provider = FlinkProvider::new(Environment::new(|_| None, "/nonexistent"));
    let configured = provider.configure(View::of(&Value::Map(config)), &Warnings::default());
    match configured.unwrap() {
        Configured::Known(data) | Configured::Unknown(data) => data,
    }
}

/// The plan of a change, as far as it was brought about before.
fn planned<M: JobModel>(
    kind: &str,
    old: &Json,
    new: &Json,
    modify: impl Fn(&mut Plan, &PlanContext<'_, ProviderData>) -> Diagnostics,
) -> (Plan, Diagnostics) {
    let mut prior = configuration::<M>(kind, "orders", old).as_map().cloned().unwrap();
    for (name, value) in [
        ("id", Value::string("team/orders")),
        ("namespace", Value::string("team")),
        ("ready", Value::Bool(true)),
        ("lifecycle_state", Value::string("STABLE")),
    ] {
        prior.insert(name.to_owned(), value);
    }
    let block = M::block();
    let mut plan = Plan::inputs(&block, &configuration::<M>(kind, "orders", new), &Value::Map(prior));
    let mut private = Private::new();
    if old.pointer("/job/state").and_then(Json::as_str) == Some("suspended") {
        let observed = json!({"suspended_with": old["job"]["upgradeMode"]});
        private.insert(OBSERVED.to_owned(), observed.to_string());
    }
    let data = provider();
    let mark = if plan.is_replace() {
        PlanMark::Replace
    } else {
        PlanMark::Update
    };
    let said = modify(&mut plan, &PlanContext::new(&data, true, &private, mark));
    plan.finish(&block);
    (plan, said)
}

/// What a plan makes of a change that the operator may refuse.
#[derive(Debug, PartialEq, Eq)]
enum Comes {
    /// Another object takes the place of this one.
    Replace,
    /// It is refused with this summary.
    Said(&'static str),
    /// It is sent.
    Sent,
}

#[test]
fn of_a_deployment() {
    let suspended = |mode: &str| {
        let dirs = json!({"state.checkpoints.dir": "s3://a", "state.savepoints.dir": "s3://b"});
        let job = json!({"state": "suspended", "upgradeMode": mode});
        changed(application(), &json!({"job": job, "flinkConfiguration": dirs}))
    };
    let newer = json!({"flinkVersion": "v2_0"});
    let redeploy = |nonce: i64, path: Option<&str>| json!({"job": {"savepointRedeployNonce": nonce, "initialSavepointPath": path}});
    let session = changed(application(), &json!({"job": null}));
    let standalone = changed(application(), &json!({"mode": "standalone"}));
    let redeployed = changed(application(), &redeploy(1, Some("s3://a/savepoint-1")));
    let tied = "Changing flinkVersion after last-state suspend is not allowed.";
    let said = "Flink version changes while the job is suspended";
    let rows = [
        (
            "the job goes",
            application(),
            json!({"job": null}),
            Comes::Replace,
            "Cannot switch from job to session",
        ),
        (
            "a job comes",
            session,
            json!({"job": {"jarURI": "local:///a.jar", "parallelism": 1}}),
            Comes::Replace,
            "Cannot switch from session to job",
        ),
        (
            "to standalone",
            application(),
            json!({"mode": "standalone"}),
            Comes::Replace,
            "Cannot switch from native kubernetes to standalone",
        ),
        (
            "to native",
            standalone.clone(),
            json!({"mode": null}),
            Comes::Replace,
            "Cannot switch from standalone kubernetes to native",
        ),
        (
            "native by another word",
            application(),
            json!({"mode": "native"}),
            Comes::Sent,
            "",
        ),
        (
            "redeployed from nowhere",
            application(),
            redeploy(1, None),
            Comes::Said("No savepoint to redeploy from"),
            "InitialSavepointPath must not be empty",
        ),
        (
            "redeployed",
            application(),
            redeploy(1, Some("s3://a/savepoint-1")),
            Comes::Sent,
            "",
        ),
        (
            "the same redeployment",
            redeployed,
            json!({"job": {"parallelism": 2}}),
            Comes::Sent,
            "",
        ),
        (
            "another version after last-state",
            suspended("last-state"),
            newer.clone(),
            Comes::Said(said),
            tied,
        ),
        (
            "without state",
            suspended("last-state"),
            changed(newer.clone(), &json!({"job": {"upgradeMode": "stateless"}})),
            Comes::Sent,
            "",
        ),
        (
            "after a savepoint",
            suspended("savepoint"),
            newer.clone(),
            Comes::Sent,
            "",
        ),
        ("while it runs", standalone, newer, Comes::Sent, ""),
    ];
    for (what, old, change, expected, words) in rows {
        let new = changed(old.clone(), &change);
        let (plan, said) = planned::<Deployment>("FlinkDeployment", &old, &new, |plan, cx| {
            FlinkDeploymentResource.modify_plan(plan, cx)
        });
        let verdicts = verdicts("orders", &new, Some(&old));
        for verdict in &verdicts {
            expect(what, verdict.as_ref(), words);
        }
        match &expected {
            Comes::Replace => assert!(plan.is_replace(), "{what}"),
            Comes::Said(summary) => {
                let refused =
                    |problem: &terraform_schema::Diagnostic| problem.is_error() && problem.summary == *summary;
                assert!(said.iter().any(refused), "{what}: {:?}", lines(&said));
            }
            Comes::Sent => assert!(!plan.is_replace(), "{what}: {:?}", plan.requires_replace),
        }
        let refused = verdicts.iter().any(Option::is_some);
        assert_eq!(refused, expected != Comes::Sent, "{what}");
    }
}

#[test]
fn of_a_session_job() {
    let old = super::session_jobs::job();
    let elsewhere = changed(old.clone(), &json!({"deploymentName": "other"}));
    let same = changed(old.clone(), &json!({"job": {"parallelism": 2}}));
    for (new, replaced) in [(elsewhere, true), (same, false)] {
        let (plan, _) = planned::<SessionJob>("FlinkSessionJob", &old, &new, |plan, cx| {
            FlinkSessionJobResource.modify_plan(plan, cx)
        });
        let refused = super::session_jobs::verdicts(&new, Some(&old), None);
        assert_eq!(plan.is_replace(), replaced);
        for verdict in &refused {
            expect(
                "deploymentName",
                verdict.as_ref(),
                if replaced {
                    "The deploymentName can't be changed"
                } else {
                    ""
                },
            );
        }
    }
}
