//! The inputs to begin with: what a real operator, JobManager and API server have said, from our recordings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use flink_client::kubernetes::Live;
use serde_json::{Value, json};
use terraform_provider_flink::resources::flink_deployment::model::Deployment;
use terraform_provider_flink::resources::job_resource::JobModel;
use terraform_schema::{Model, json as state, msgpack};

use crate::answers::STATUSES;
use crate::values::TYPE;

/// What is longer says nothing that a shorter one does not.
const LONGEST: usize = 16 * 1024;

/// So many inputs to begin with are enough for one target.
const MOST: usize = 400;

#[derive(Default)]
struct Seeds {
    msgpack: BTreeSet<Vec<u8>>,
    json_state: BTreeSet<Vec<u8>>,
    kubeconfig: BTreeSet<Vec<u8>>,
    kubernetes_answer: BTreeSet<Vec<u8>>,
    rest_answer: BTreeSet<Vec<u8>>,
    status: BTreeSet<Vec<u8>>,
    error_json: BTreeSet<Vec<u8>>,
    pod_template: BTreeSet<Vec<u8>>,
}

/// Writes the inputs of each target into a folder of its name.
pub fn write(folder: &Path) -> Result<()> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut seeds = Seeds::default();
    for recording in fs::read_dir(project.join("acceptance-tests/recordings"))? {
        let recording = recording?.path();
        for event in lines(&recording.join("events.jsonl"))? {
            seeds.event(&event)?;
        }
        for answer in lines(&recording.join("rest.jsonl"))? {
            let status = answer["status"].as_u64().unwrap_or(200);
            let body = answer["body"].to_string();
            seeds.rest_answer.insert(answered(status, body.as_bytes()));
        }
    }
    for (code, reason) in [
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (422, "Invalid"),
        (429, "TooManyRequests"),
    ] {
        seeds
            .kubernetes_answer
            .insert(answered(code, refusal(code, reason).to_string().as_bytes()));
    }
    for file in fs::read_dir(project.join("acceptance-tests/fuzz/seeds/kubeconfig"))? {
        seeds.kubeconfig.insert(fs::read(file?.path())?);
    }
    for template in ["examples/pod-template/task-manager.yaml"] {
        seeds
            .pod_template
            .insert(fs::read(project.join(template)).context(template)?);
    }
    for (name, inputs) in seeds.named() {
        ensure!(!inputs.is_empty(), "nothing to begin with for {name}");
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        // From all over: one recording alone would fill it.
        let step = inputs.len().div_ceil(MOST);
        let short = inputs.iter().filter(|input| input.len() <= LONGEST);
        for (number, input) in short.step_by(step).enumerate() {
            fs::write(folder.join(format!("recorded-{number:04}")), input)?;
        }
    }
    Ok(())
}

fn lines(file: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// An answer as the targets take it: one byte for the status, then the body.
fn answered(status: u64, body: &[u8]) -> Vec<u8> {
    let place = STATUSES.iter().position(|known| u64::from(*known) == status);
    let place = u8::try_from(place.unwrap_or_default()).unwrap_or_default();
    [&[place], body].concat()
}

/// How a Kubernetes API server refuses.
fn refusal(code: u64, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": code,
        "message": format!("flinkdeployments.flink.apache.org \"orders\": {reason}"),
        "details": {
            "name": "orders", "group": "flink.apache.org", "kind": "flinkdeployments", "retryAfterSeconds": 1,
            "causes": [{"reason": "FieldValueInvalid", "message": "must be one of [running suspended]", "field": "spec.job.state"}],
        },
    })
}

impl Seeds {
    fn event(&mut self, event: &Value) -> Result<()> {
        let object = &event["object"];
        let kind = object["kind"].as_str().unwrap_or_default();
        let text = object.to_string();
        self.kubernetes_answer.insert(answered(200, text.as_bytes()));
        let watched = json!({"type": event["type"], "object": object}).to_string() + "\n";
        self.kubernetes_answer.insert(answered(200, watched.as_bytes()));
        let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": [object]});
        self.kubernetes_answer
            .insert(answered(200, list.to_string().as_bytes()));
        for message in [&object["status"]["error"], &object["message"]]
            .into_iter()
            .filter_map(Value::as_str)
        {
            self.error_json.insert(message.as_bytes().to_vec());
        }
        if !["FlinkDeployment", "FlinkSessionJob", "FlinkStateSnapshot"].contains(&kind) {
            return Ok(());
        }
        self.status.insert(text.into_bytes());
        for template in [
            "/spec/podTemplate",
            "/spec/taskManager/podTemplate",
            "/spec/jobManager/podTemplate",
        ] {
            if let Some(template) = object.pointer(template) {
                self.pod_template.insert(template.to_string().into_bytes());
            }
        }
        if kind == "FlinkDeployment" {
            let live = Live::from_json(object.clone()).map_err(|error| anyhow::anyhow!("{error}"))?;
            let value = Deployment::found(&live, true).to_value();
            self.msgpack.insert(msgpack::encode(&value, &TYPE)?);
            self.json_state.insert(state::encode(&value, &TYPE)?.into_bytes());
        }
        Ok(())
    }

    fn named(&self) -> [(&'static str, &BTreeSet<Vec<u8>>); 8] {
        [
            ("msgpack", &self.msgpack),
            ("json_state", &self.json_state),
            ("kubeconfig", &self.kubeconfig),
            ("kubernetes_answer", &self.kubernetes_answer),
            ("rest_answer", &self.rest_answer),
            ("status", &self.status),
            ("error_json", &self.error_json),
            ("pod_template", &self.pod_template),
        ]
    }
}
