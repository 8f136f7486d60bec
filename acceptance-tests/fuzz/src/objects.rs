//! What the operator writes into its objects, and what users write into ours.

use flink_client::kubernetes::Live;
use flink_client::operator::job_resource::JobResource;
use flink_client::operator::pod_template::PodTemplate;
use flink_client::operator::{Baseline, FlinkStateSnapshot, OperatorError, progress};
use flink_client::secret::Mask;
use flink_client::text::cut_middle;
use serde_json::Value;
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::flink_session_job::model::SessionJob;
use terraform_provider_flink::resources::job_resource::{JobModel, live};
use terraform_schema::msgpack;

/// A custom resource: read, judged, and turned into a state that Terraform can take.
pub fn status(input: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(input) else {
        return;
    };
    job::<Deployment>(&json);
    job::<SessionJob>(&json);
    if let Ok(live) = Live::<FlinkStateSnapshot>::from_json(json) {
        live.other_managers();
        let _ = flink_client::operator::state_snapshot::progress(&live.object);
    }
}

fn job<M: JobModel>(json: &Value) {
    let Ok(live) = Live::<M::Kind>::from_json(json.clone()) else {
        return;
    };
    let baseline = Baseline::of(&live.object);
    for baseline in [&Baseline::default(), &baseline] {
        let _ = progress(&live.object, baseline);
    }
    live.is_lost();
    live.other_managers();
    let found = M::found(&live, false);
    live::owned(&live, &found);
    let ty = M::block().implied_type();
    msgpack::encode(&found.to_value(), &ty).expect("what was found is a state");
}

/// The operator's error: JSON in a text, nested, cut off, or plain.
pub fn error_json(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let error = OperatorError::decode(&text);
    error.to_string();
    error.root_cause();
    error.simple_class();
    error.jar_problem();
    error.needs_manual_restore();
    let said = flink_client::rest::sentence(&text);
    let mask = Mask::of(&[("password".to_owned(), text.chars().take(8).collect())].into());
    assert!(cut_middle(&mask.apply(&said), 500).chars().count() <= 520);
}

/// A pod template as text, in YAML or JSON.
pub fn pod_template(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(template) = PodTemplate::from_text(text) else {
        return;
    };
    for problem in template.problems() {
        assert!(!problem.to_string().is_empty());
    }
    template.lacks_main_container();
    assert!(template.means_same(&template));
    let again = PodTemplate::from_json(template.0.clone()).expect("it is an object");
    assert_eq!(again, template, "it is read once");
}
