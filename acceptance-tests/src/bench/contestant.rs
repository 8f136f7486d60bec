//! Who is measured: a folder with a configuration, and the provider that it is for.
//!
//! ```text
//! NAME/provider.json   {"source": "example/kubectl", "program": "terraform-provider-kubectl_v2.1.3"}
//! NAME/object.tf       one object; written once for each, with INDEX in it replaced by the object's number
//! NAME/*.tf            everything else, written as it is
//! ```
//! `NAMESPACE` becomes the namespace for the objects. A relative `program` lies in the folder. The environment names the
//! cluster, by `KUBECONFIG` and by `KUBE_CONFIG_PATH`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// Takes other providers' folders: one for each.
pub const PEERS: &str = "BENCH_PEERS";

/// The file of one object.
const OBJECT: &str = "object.tf";

/// Who is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contestant {
    /// What the tables call it.
    pub name: String,
    /// Its provider. Without one, resources are those of Terraform itself.
    pub provider: Option<Provider>,
    /// Whether its objects are in the cluster.
    pub in_cluster: bool,
    /// Configuration files, by name.
    files: Vec<(String, String)>,
    /// The configuration of one object.
    object: String,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its source address, as in `required_providers`.
    pub source: String,
    /// Its binary.
    pub program: PathBuf,
}

impl Contestant {
    /// `terraform_data`, the resource of Terraform that does nothing, with as much in it as a deployment.
    pub fn terraform_data() -> Self {
        Self {
            name: "terraform_data".to_owned(),
            provider: None,
            in_cluster: false,
            files: Vec::new(),
            object: include_str!("../../bench/terraform_data/object.tf").to_owned(),
        }
    }

    /// This project's provider with a resource that does nothing.
    pub fn nothing(program: PathBuf) -> Self {
        Self {
            name: "do-nothing".to_owned(),
            in_cluster: false,
            ..Self::flink(program)
        }
    }

    /// This project's provider.
    pub fn flink(program: PathBuf) -> Self {
        Self {
            name: "flink".to_owned(),
            provider: Some(Provider {
                source: "terraform-flink/flink".to_owned(),
                program,
            }),
            in_cluster: true,
            files: vec![(
                "main.tf".to_owned(),
                include_str!("../../bench/flink/main.tf").to_owned(),
            )],
            object: include_str!("../../bench/flink/object.tf").to_owned(),
        }
    }

    /// The other providers in a folder, in the order of their names.
    ///
    /// # Errors
    /// A folder in it lacks a file, or a file cannot be read.
    pub fn peers(directory: &Path) -> Result<Vec<Self>> {
        let listed = std::fs::read_dir(directory)
            .with_context(|| format!("failed to read {}, which {PEERS} names", directory.display()))?;
        let mut folders = Vec::new();
        for entry in listed {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            }
        }
        folders.sort();
        folders.iter().map(|folder| Self::peer(folder)).collect()
    }

    fn peer(folder: &Path) -> Result<Self> {
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
        };
        let provider: Provider = serde_json::from_str(&read("provider.json")?).with_context(|| {
            format!(
                "{} is not of the form {{\"source\": \"...\", \"program\": \"...\"}}",
                folder.join("provider.json").display()
            )
        })?;
        // Terraform runs in other folders.
        let program = std::path::absolute(folder.join(&provider.program))?;
        ensure!(
            program.is_file(),
            "{}: there is no program {}",
            folder.join("provider.json").display(),
            program.display()
        );
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".tf") && name != OBJECT {
                files.push((name.clone(), read(&name)?));
            }
        }
        files.sort();
        Ok(Self {
            name: folder
                .file_name()
                .context("the folder has a name")?
                .to_string_lossy()
                .into_owned(),
            provider: Some(Provider { program, ..provider }),
            in_cluster: true,
            files,
            object: read(OBJECT)?,
        })
    }

    /// The files of a configuration with so many objects: one file each, as teams keep their jobs.
    pub fn configuration(&self, objects: usize, namespace: &str) -> Vec<(String, String)> {
        let object = |index: usize| {
            let text = self.object.replace("INDEX", &index.to_string());
            (format!("object-{index}.tf"), text)
        };
        self.files
            .iter()
            .cloned()
            .chain((0..objects).map(object))
            .map(|(name, text)| (name, text.replace("NAMESPACE", namespace)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_a_file_and_a_number_of_its_own() {
        let files = Contestant::flink("provider".into()).configuration(2, "bench-x");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["main.tf", "object-0.tf", "object-1.tf"]);
        assert!(files[0].1.contains(r#"namespace = "bench-x""#), "{}", files[0].1);
        assert!(files[2].1.contains(r#""orders-1""#) && !files[2].1.contains("INDEX"));
    }

    #[test]
    fn peers_are_read_from_their_folders() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("kubectl");
        std::fs::create_dir(&folder).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write(
            "provider.json",
            r#"{"source": "example/kubectl", "program": "terraform-provider-kubectl"}"#,
        );
        write("main.tf", "# NAMESPACE");
        write("README.md", "not a configuration");
        write("object.tf", "# INDEX");
        let missing = Contestant::peers(directory.path()).unwrap_err().to_string();
        assert!(missing.contains("there is no program"), "{missing}");

        write("terraform-provider-kubectl", "");
        let peers = Contestant::peers(directory.path()).unwrap();
        assert_eq!(peers.len(), 1);
        assert_eq!(peers[0].name, "kubectl");
        let provider = peers[0].provider.as_ref().unwrap();
        assert_eq!(provider.source, "example/kubectl");
        assert!(provider.program.is_absolute() && provider.program.is_file());
        assert_eq!(
            peers[0].configuration(1, "a"),
            [("main.tf", "# a"), ("object-0.tf", "# 0")].map(|(name, text)| (name.to_owned(), text.to_owned()))
        );
    }
}
