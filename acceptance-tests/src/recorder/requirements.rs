//! What a scenario needs of a cluster. Found out before anything is written.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::api::{self, Api};
use super::operator::Operator;
use crate::recording::reduction::OPERATOR_KINDS;
use crate::recording::{Action, Scenario, Step};

/// What a cluster offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The operator's kinds that are installed.
    kinds: BTreeSet<String>,
    /// Who reconciles them.
    operator: OperatorOffer,
    /// Whether the operator may be scaled, configured and restarted.
    may_change_operator: bool,
    /// Whether the scenario's namespace is taken.
    namespace_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OperatorOffer {
    StandIn,
    Deployment,
    Unknown,
}

impl Offer {
    /// What this cluster offers for a scenario in this namespace.
    pub async fn of(api: &Api, operator: &Operator, namespace: &str, may_change_operator: bool) -> Result<Self> {
        let kinds = api.get("/apis/flink.apache.org/v1beta1").await?;
        let resources = kinds.body["resources"].as_array().into_iter().flatten();
        let found = api.get(&api::object("Namespace", "", namespace)?).await?;
        Ok(Self {
            kinds: resources
                .filter_map(|resource| resource["kind"].as_str().map(str::to_owned))
                .collect(),
            operator: match operator {
                operator if operator.is_stand_in() => OperatorOffer::StandIn,
                operator if operator.is_deployment() => OperatorOffer::Deployment,
                _ => OperatorOffer::Unknown,
            },
            may_change_operator,
            namespace_exists: found.status != 404,
        })
    }
}

/// Fails with everything that is missing.
pub fn check(scenario: &Scenario, offer: &Offer) -> Result<()> {
    let mut missing = BTreeSet::new();
    if offer.namespace_exists {
        missing.insert(format!(
            "a namespace {}: it exists already; choose another with --namespace",
            scenario.namespace
        ));
    }
    if scenario.steps.is_empty() {
        missing.insert("steps: it has none".to_owned());
    }
    missing.extend(scenario.steps.iter().filter_map(|step| needed(step, scenario, offer)));
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = missing.iter().map(|need| format!("- {need}")).collect();
    bail!(
        "the scenario {} cannot be recorded in this cluster. It needs\n{}",
        scenario.name,
        missing.join("\n")
    )
}

/// What is missing for one step.
fn needed(step: &Step, scenario: &Scenario, offer: &Offer) -> Option<String> {
    let (kind, name) = (step.kind.as_str(), step.name.as_str());
    if step.manifest.is_none() && step.action != Action::Delete {
        return Some(format!("a manifest to {} {kind} {name}", step.action.name()));
    }
    if name.contains('/') {
        return operator_needed(step, offer);
    }
    if !api::is_known(kind) {
        return Some(format!("a recorder that knows the kind {kind}"));
    }
    if OPERATOR_KINDS.contains(&kind) && !offer.kinds.contains(kind) {
        return Some(format!("the operator's CRD for {kind}, which is not installed"));
    }
    if kind == "Namespace" && name != scenario.namespace {
        return Some(format!("the namespace {name}, which is not the recording's own"));
    }
    let stand_in = offer.operator == OperatorOffer::StandIn;
    match kind {
        "Pod" if stand_in => {
            Some("pods: the sandbox has none; a cluster with a real operator has (--kubeconfig)".to_owned())
        }
        _ => None,
    }
}

fn operator_needed(step: &Step, offer: &Offer) -> Option<String> {
    let what = match (step.kind.as_str(), step.action) {
        ("Deployment", Action::Patch) => "scale",
        ("ConfigMap", Action::Patch) => "configure",
        ("Pod", Action::Delete) => "restart",
        (kind, action) => {
            return Some(format!(
                "a recorder that can {} {kind} {}: outside of its namespace it changes only the operator",
                action.name(),
                step.name
            ));
        }
    };
    match offer.operator {
        OperatorOffer::StandIn if what == "scale" => None,
        OperatorOffer::StandIn => Some(format!(
            "an operator to {what}: the sandbox's stand-in can only be scaled; a real one can (--kubeconfig)"
        )),
        OperatorOffer::Unknown => Some(format!(
            "an operator to {what}: no Deployment flink-kubernetes-operator is to be found in this cluster"
        )),
        OperatorOffer::Deployment if !offer.may_change_operator => Some(format!(
            "to {what} the operator, which everybody on this cluster feels: allow it with --may-change-operator"
        )),
        OperatorOffer::Deployment => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(steps: &str) -> Scenario {
        let text = format!(
            "{{ name: s, description: d, operatorVersion: '1', kubernetesVersion: v1, namespace: n, webhook: false, steps: [{steps}] }}"
        );
        serde_saphyr::from_str(&text).unwrap()
    }

    #[test]
    fn what_is_missing_is_said_before_anything_is_done() {
        const APP: &str = "{ t: 0.0, action: apply, kind: FlinkDeployment, name: app, manifest: {} }";
        const JOB: &str = "{ t: 0.0, action: create, kind: FlinkSessionJob, name: job, manifest: {} }";
        const KILL: &str = "{ t: 0.0, action: delete, kind: Pod, name: app-taskmanager-1-1 }";
        const SCALE: &str =
            "{ t: 0.0, action: patch, kind: Deployment, name: o/flink-kubernetes-operator, manifest: {} }";
        const SET: &str = "{ t: 0.0, action: patch, kind: ConfigMap, name: o/flink-operator-config, manifest: {} }";
        const SECRET: &str = "{ t: 0.0, action: create, kind: Secret, name: s, manifest: {} }";
        const FOREIGN: &str = "{ t: 0.0, action: delete, kind: Namespace, name: kube-system }";
        const EMPTY: &str = "{ t: 0.0, action: patch, kind: FlinkDeployment, name: app }";
        const ELSEWHERE: &str = "{ t: 0.0, action: delete, kind: FlinkDeployment, name: o/app }";
        use OperatorOffer::{Deployment, StandIn, Unknown};
        let cases = [
            (APP, StandIn, false, None),
            (APP, Unknown, false, None),
            (JOB, Deployment, false, None),
            (JOB, StandIn, false, None),
            (KILL, StandIn, true, Some("the sandbox has none")),
            (KILL, Deployment, false, None),
            (SCALE, StandIn, false, None),
            (SCALE, Deployment, true, None),
            (SCALE, Deployment, false, Some("allow it with --may-change-operator")),
            (SCALE, Unknown, true, Some("no Deployment flink-kubernetes-operator")),
            (SET, StandIn, true, Some("can only be scaled")),
            (SET, Deployment, true, None),
            (SECRET, Deployment, true, Some("knows the kind Secret")),
            (FOREIGN, Deployment, true, Some("not the recording's own")),
            (EMPTY, Deployment, true, Some("a manifest to patch FlinkDeployment app")),
            (ELSEWHERE, Deployment, true, Some("outside of its namespace")),
            ("", Deployment, true, Some("it has none")),
        ];
        for (steps, operator, may_change_operator, expected) in cases {
            let offer = Offer {
                kinds: OPERATOR_KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
                operator,
                may_change_operator,
                namespace_exists: false,
            };
            let result = check(&scenario(steps), &offer).map_err(|error| error.to_string());
            match (&result, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(words)) => assert!(error.contains(words), "{steps}: {error}"),
                _ => panic!("{steps}: {result:?}"),
            }
        }
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let offer = Offer {
            kinds: BTreeSet::new(),
            operator: OperatorOffer::Unknown,
            may_change_operator: false,
            namespace_exists: true,
        };
        let steps = "{ t: 0.0, action: delete, kind: FlinkDeployment, name: a }, { t: 1.0, action: delete, kind: FlinkDeployment, name: b }";
        let error = check(&scenario(steps), &offer).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 3, "{error}");
        assert!(
            error.contains("CRD for FlinkDeployment") && error.contains("--namespace"),
            "{error}"
        );
    }
}
