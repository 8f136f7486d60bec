//! A folder with a configuration, its state and a shelf.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The binary of `tests/shelf/provider.rs`.
pub const SHELF: &str = env!("CARGO_BIN_EXE_terraform-provider-shelf");

/// A workspace of Terraform's, and the shelf of its provider.
pub struct Workspace {
    folder: tempfile::TempDir,
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub text: String,
}

impl Outcome {
    /// Fails where the command failed.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.text);
        self
    }

    /// Fails where the command did not fail with these words. Terraform breaks lines, so blanks count as one.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.code, 1, "{}", self.text);
        self.says(words)
    }

    /// Fails where these words are not in the output.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        let flat = self
            .text
            .replace('│', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        for word in words {
            assert!(flat.contains(word), "no `{word}` in:\n{}", self.text);
        }
        self
    }
}

impl Workspace {
    /// A shelf without boxes, and this configuration, in which `SHELF` stands for the shelf's folder.
    pub fn new(configuration: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("shelf-")
            .tempdir()
            .expect("a temporary folder");
        let workspace = Self { folder };
        std::fs::create_dir(workspace.shelf()).expect("a folder");
        let binaries = Path::new(SHELF).parent().expect("the binary lies in a folder");
        let cli = format!(
            "provider_installation {{\n  dev_overrides {{\n    \"example/shelf\" = {0:?}\n    \
             \"registry.opentofu.org/example/shelf\" = {0:?}\n  }}\n  direct {{}}\n}}\n",
            binaries.display().to_string()
        );
        std::fs::write(workspace.folder.path().join("cli.tfrc"), cli).expect("a file");
        workspace.configure(configuration);
        workspace
    }

    /// Replaces the configuration, after a `terraform` block that names the provider and a provider block.
    pub fn configure(&self, configuration: &str) {
        self.configure_all(&format!(
            "provider \"shelf\" {{\n  directory = \"SHELF\"\n}}\n{configuration}"
        ));
    }

    /// The same without a provider block.
    pub fn configure_all(&self, configuration: &str) {
        let configuration = configuration.replace("SHELF", &self.shelf().display().to_string());
        let required =
            "terraform {\n  required_providers {\n    shelf = {\n      source = \"example/shelf\"\n    }\n  }\n}\n";
        std::fs::write(self.folder.path().join("main.tf"), format!("{required}{configuration}")).expect("a file");
    }

    /// A command that is ready to start.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = std::env::var("TERRAFORM").unwrap_or_else(|_| "terraform".to_owned());
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TF_CLI_CONFIG_FILE", self.folder.path().join("cli.tfrc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env(terraform_plugin::server::STRICT, "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output();
        let output = output.expect("terraform runs: put it on PATH or set TERRAFORM to it, as `make test` does");
        let text = [output.stdout, output.stderr]
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .concat();
        Outcome {
            code: output.status.code().unwrap_or(-1),
            text,
        }
    }

    /// `apply` without questions.
    pub fn apply(&self) -> Outcome {
        self.run(&["apply", "-no-color", "-auto-approve"])
    }

    /// `destroy` without questions.
    pub fn destroy(&self) -> Outcome {
        self.run(&["destroy", "-no-color", "-auto-approve"])
    }

    /// What a plan would do to `shelf_box.it`: `["create"]`, `["no-op"]`, ...
    #[track_caller]
    pub fn planned(&self) -> Vec<String> {
        self.run(&["plan", "-no-color", "-out=plan"]).fine();
        let plan = self.json(&["show", "-json", "plan"]);
        let changes = plan["resource_changes"].as_array().expect("changes");
        let it = changes
            .iter()
            .find(|change| change["address"] == "shelf_box.it")
            .expect("a change of the box");
        let actions = it["change"]["actions"].as_array().expect("actions");
        actions
            .iter()
            .map(|action| action.as_str().expect("text").to_owned())
            .collect()
    }

    /// Fails where a plan would do anything.
    #[track_caller]
    pub fn settled(&self) {
        let outcome = self.run(&["plan", "-no-color", "-detailed-exitcode"]);
        assert_eq!(outcome.code, 0, "{}", outcome.text);
    }

    /// The attributes of `shelf_box.it` in state; null where it is not there.
    pub fn state(&self) -> Value {
        self.json(&["show", "-json"])["values"]["root_module"]["resources"]
            .as_array()
            .and_then(|resources| resources.iter().find(|one| one["address"] == "shelf_box.it").cloned())
            .map_or(Value::Null, |one| one["values"].clone())
    }

    /// An output.
    pub fn output(&self, name: &str) -> Value {
        self.json(&["output", "-json", name])
    }

    /// Whether `shelf_box.it` is tainted.
    pub fn tainted(&self) -> bool {
        let state = self.json(&["show", "-json"]);
        let resources = state["values"]["root_module"]["resources"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        resources
            .iter()
            .any(|one| one["address"] == "shelf_box.it" && one["tainted"] == true)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().expect("terraform runs");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The folder of the shelf.
    pub fn shelf(&self) -> PathBuf {
        self.folder.path().join("shelf")
    }

    /// A file of the workspace.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A box as it stands on the shelf; null where there is none.
    pub fn on_shelf(&self, name: &str) -> Value {
        let file = self.shelf().join(format!("{name}.json"));
        std::fs::read(file).map_or(Value::Null, |json| serde_json::from_slice(&json).expect("JSON"))
    }

    /// Puts a box on the shelf, as somebody else would.
    pub fn put(&self, name: &str, value: &Value) {
        std::fs::write(self.shelf().join(format!("{name}.json")), value.to_string()).expect("a file");
    }

    /// Changes one field of a box, as somebody else would.
    pub fn drift(&self, name: &str, field: &str, value: impl Into<Value>) {
        let mut stored = self.on_shelf(name);
        stored[field] = value.into();
        self.put(name, &stored);
    }

    /// What shall fail from now on; nothing else does.
    pub fn faults(&self, faults: &[&str]) {
        std::fs::write(self.shelf().join("faults"), faults.join("\n")).expect("a file");
    }

    /// What the provider noted.
    pub fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.shelf().join("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}
