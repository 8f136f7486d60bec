//! Why an object does not do what was asked.

use flink_client::operator::causes::Trouble;
use flink_client::operator::settle::{End, NotReady};
use flink_client::operator::{JarProblem, JobResource, OperatorError};
use flink_client::secret::Mask;
use flink_client::wait::minutes;
use terraform_schema::{Block, Diagnostic, Diagnostics};

use super::{kubernetes, place, sentences};

/// What Terraform will do with an object whose wait failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Afterwards {
    /// It stays as it is, and the next apply waits again.
    WaitsAgain,
    /// It was being created: Terraform marks it as tainted, and would replace it in the next apply.
    Tainted,
    /// It was changed by an action, which Terraform does not do again by itself.
    Acted,
}

impl Afterwards {
    /// How the same is asked for once more.
    pub(super) fn again(self) -> &'static str {
        match self {
            Self::WaitsAgain | Self::Tainted => "Apply again",
            Self::Acted => "Invoke the action again",
        }
    }

    /// What to do to go on waiting for the same deployment.
    fn go_on(self) -> &'static str {
        match self {
            Self::WaitsAgain => "Apply again to go on waiting",
            Self::Acted => "The operator goes on with it: `terraform plan` shows how far it is",
            Self::Tainted => {
                "Terraform marks what failed while it was being created as tainted: run `terraform untaint` on it and \
                 apply again to go on waiting"
            }
        }
    }

    /// Where what was written is kept besides.
    fn kept(self) -> &'static str {
        match self {
            Self::WaitsAgain | Self::Tainted => " and is in state",
            Self::Acted => "",
        }
    }

    /// What an apply does once the cause is mended.
    fn mended(self) -> &'static str {
        match self {
            Self::WaitsAgain => {
                "Correct the configuration and apply again. Where the cause lies outside of it, apply again when that is \
                 mended: Terraform then waits again."
            }
            Self::Acted => {
                "Mend the cause. Where the operator does not go on by itself then, invoke the action again. The configuration \
                 of the resource is as it was."
            }
            Self::Tainted => {
                "Correct the configuration, or what else is the cause, and apply again. Terraform has marked it as \
                 tainted and will replace it then; run `terraform untaint` on it before, to have it changed in place."
            }
        }
    }
}

/// A wait that ended without success. `object` names what was waited for, such as `FlinkDeployment flink/orders`;
/// `mask` hides its secrets; `block` is its schema.
pub fn not_ready<K: JobResource>(
    error: &NotReady<K>,
    object: &str,
    afterwards: Afterwards,
    mask: &Mask,
    block: &Block,
) -> Diagnostics {
    let reason = mask.apply(&error.reason);
    let causes = causes(error, &reason, mask);
    let reason = sentences(&reason, "");
    let (field, way_out) = way_out(error).unwrap_or_default();
    let way_out = if way_out.is_empty() {
        String::new()
    } else {
        format!("\n\n{way_out}")
    };
    let problem = match &error.end {
        End::Failed => Diagnostic::error(format!("{object} did not become ready"))
            .detail(format!(
                "It was written, and then: {reason}{causes}{way_out}\n\n{}",
                afterwards.mended()
            )),
        End::TimedOut { after } => Diagnostic::error(format!("{object} is not ready yet"))
            .detail(format!(
                "It was written, and was not ready within {}. Last: {reason}{causes}{way_out}\n\n{}, or allow more time in the \
                 block `timeouts`.",
                minutes(*after),
                afterwards.go_on()
            )),
        End::Stopped => Diagnostic::error("Stopped on request").detail(format!(
            "{object} was written{}; the wait for it was broken off. Last: {reason} {}.",
            afterwards.kept(),
            afterwards.go_on()
        )),
        End::Unseen(error) => return kubernetes(error, block),
    };
    problem.at(place(block, field)).into()
}

/// What helps, and the field of the custom resource that it is about, where the trouble is one that people meet often.
fn way_out<K: JobResource>(error: &NotReady<K>) -> Option<(&'static str, &'static str)> {
    if error
        .live
        .as_ref()
        .is_some_and(|live| live.is_lost() && live.job().is_some())
    {
        return Some((
            "spec.job.upgradeMode",
            "Apply `upgrade_mode = \"stateless\"` to start the job without its state; the operator takes up no other change \
             now. To start it from its state, replace it with `initial_savepoint_path` set to its last savepoint or retained \
             checkpoint.",
        ));
    }
    let operator = error.causes.operator.as_ref();
    let Some(problem) = operator.and_then(OperatorError::jar_problem) else {
        return of_kubernetes(error);
    };
    let what = match problem {
        JarProblem::Missing => {
            "The operator's own pod fetches the jar of a session job, and there is none at this address: correct `jar_uri`, \
             or put the jar there."
        }
        JarProblem::Unreachable => {
            "The operator's own pod fetches the jar of a session job: the host of `jar_uri` must be known and reachable in \
             the operator's namespace."
        }
        JarProblem::Scheme => {
            "From operator 1.15 on only `https` is allowed for the jars of session jobs. Serve the jar by `https`, or have \
             `kubernetes.operator.user.artifacts.allowed-schemes` set in the operator's own configuration (several schemes are \
             separated by `;`, such as `https;http`) and the operator restarted."
        }
        JarProblem::Host => {
            "From operator 1.15 on the jar of a session job must come from a host that the operator's pod can look up and that \
             is in no private network. Serve it from another host, or have \
             `kubernetes.operator.user.artifacts.disallow-restricted-hosts` set to `false` in the operator's own configuration \
             and the operator restarted. The operator looks a host up again only when the job changes: change `restart_nonce`."
        }
    };
    Some(("spec.job.jarURI", what))
}

/// What helps where Kubernetes cannot start a pod, or keep it running.
fn of_kubernetes<K: JobResource>(error: &NotReady<K>) -> Option<(&'static str, &'static str)> {
    let operator = error.causes.operator.as_ref();
    let refused = operator.filter(|operator| operator.reason.as_deref() == Some("FailedCreate"));
    if let Some(refused) = refused {
        let no_account = refused.message.contains("serviceaccount") && refused.message.contains("not found");
        return Some(if no_account {
            (
                "spec.serviceAccount",
                "Create the service account with its Role and RoleBinding before this resource (`depends_on`), or name one that \
                 exists: the operator's Helm chart makes one in each namespace that it is told of.",
            )
        } else {
            (
                "",
                "Kubernetes refuses the pods: a quota or a policy of the namespace does not allow them. Ask for less, or have it \
                 changed.",
            )
        });
    }
    let reasons = error.causes.pods.iter().map(|pod| pod.reason.as_str());
    let trouble = reasons
        .chain(operator.and_then(|operator| operator.reason.as_deref()))
        .find_map(Trouble::of)?;
    Some(match trouble {
        Trouble::Image => (
            "spec.image",
            "Check the name of the image, that the nodes reach its registry, and that the service account or `pod_template` \
             names a pull secret where one is needed.",
        ),
        Trouble::Crash => (
            "",
            "The log of the container says why: `kubectl logs --previous` shows all of it. Mostly it is the entry class, the \
             address of the jar, an argument of the program, or a right that the service account lacks.",
        ),
        Trouble::Unschedulable => (
            "",
            "No node has what the pod asks for: ask for less in `job_manager` or `task_manager`, look at node selectors, \
             affinities and tolerations in `pod_template`, or add nodes.",
        ),
    })
}

/// What others say, one line each, without what the reason says already.
fn causes<K>(error: &NotReady<K>, reason: &str, mask: &Mask) -> String {
    let said = |cause: &String| cause.split_once(": ").is_some_and(|(_, said)| reason.contains(said));
    let causes = error.causes.sentences(mask).into_iter().filter(|cause| !said(cause));
    let lines: String = causes.map(|cause| format!("\n- {}", sentences(&cause, ""))).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
