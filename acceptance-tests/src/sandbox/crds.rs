//! The operator's custom resource definitions.
//!
//! The real ones come from a folder beside the checkout, where there is one (or from `FLINK_CRDS`).
//! Everywhere else the sandbox uses definitions of our own.

mod derived;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use hyper::Request;
use hyper::header::ACCEPT;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::params::ListParams;
use kube::{Client, ResourceExt};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::progress::say;

/// The operator version whose definitions are used unless another is asked for.
pub const DEFAULT_VERSION: &str = "1.15.0";

/// Asks for our own definitions even where the real ones are at hand.
pub const DERIVED: &str = "derived";

/// The folder with the real definitions, one sub-folder per operator version.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/crds");

/// The form of discovery that lists every group with its kinds.
const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// Remembers in the cluster which text a definition was made from: applying 600 kB takes the API
/// server seconds, so a definition that is there already is left alone.
const DIGEST: &str = "sandbox.example.com/digest";

/// The definitions of this operator version, as JSON: the real ones, or [`derived`] ones where there is
/// no folder of them.
pub fn load(version: &str) -> Result<Vec<Value>> {
    let folder = std::env::var_os("FLINK_CRDS").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from);
    if version == DERIVED {
        return Ok(derived::definitions());
    }
    if !folder.is_dir() {
        say(format!("uses its own CRDs: there is no folder {}", folder.display()));
        return Ok(derived::definitions());
    }
    read(&folder, version)
}

fn read(folder: &Path, version: &str) -> Result<Vec<Value>> {
    let entries = match fs::read_dir(folder.join(version)) {
        Ok(entries) => entries,
        Err(_) => bail!(
            "no CRDs of operator version {version} in {}; {}",
            folder.display(),
            versions(folder)
        ),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("read {}", folder.display()))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yml" || extension == "yaml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    ensure!(!paths.is_empty(), "no CRDs in {}", folder.join(version).display());
    paths.iter().map(|path| parse(path)).collect()
}

fn versions(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    format!("there are {}", names.join(", "))
}

fn parse(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("parse {}", path.display()))
}

/// Installs the definitions and waits until the API server serves every one of them.
pub async fn install(client: &Client, definitions: &[Value]) -> Result<()> {
    try_join_all(definitions.iter().map(|definition| apply(client, definition))).await?;
    try_join_all(definitions.iter().map(|definition| served(client, definition))).await?;
    discovered(client, definitions).await
}

/// Waits until discovery lists every kind. That is a little later than the API server serves them,
/// and it matters: a garbage collector that starts before does not know these kinds for 30 s.
async fn discovered(client: &Client, definitions: &[Value]) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let request = Request::get("/apis")
            .header(ACCEPT, DISCOVERY)
            .body(Vec::new())
            .context("build a request")?;
        let groups: Value = client
            .request(request)
            .await
            .context("read the API server's discovery")?;
        let missing = definitions.iter().find(|definition| !lists(&groups, definition));
        let Some(missing) = missing else { return Ok(()) };
        if Instant::now() > patience {
            bail!(
                "the API server's discovery does not list {}",
                text(missing, "/metadata/name")?
            );
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn lists(groups: &Value, definition: &Value) -> bool {
    let items = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    items(groups, "items").iter().any(|group| {
        group["metadata"]["name"] == definition["spec"]["group"]
            && items(group, "versions")
                .iter()
                .flat_map(|version| items(version, "resources"))
                .any(|resource| resource["resource"] == definition["spec"]["names"]["plural"])
    })
}

async fn apply(client: &Client, definition: &Value) -> Result<()> {
    let resource = ApiResource::erase::<CustomResourceDefinition>(&());
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let name = text(definition, "/metadata/name")?;
    let digest = digest(definition);
    let live = api
        .get_metadata_opt(name)
        .await
        .with_context(|| format!("read CRD {name}"))?;
    if live.is_some_and(|live| live.annotations().get(DIGEST) == Some(&digest)) {
        return Ok(());
    }
    let mut definition = definition.clone();
    definition["metadata"]["annotations"][DIGEST] = digest.into();
    // Server-side apply: the definitions are larger than the annotation in which a client-side
    // apply would keep a copy of them.
    let params = PatchParams::apply("sandbox").force();
    api.patch_metadata(name, &params, &Patch::Apply(&definition))
        .await
        .with_context(|| format!("install CRD {name}"))?;
    Ok(())
}

/// Waits until objects of this kind can be listed: the moment the definition is of use.
async fn served(client: &Client, definition: &Value) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    let group = text(definition, "/spec/group")?;
    let plural = text(definition, "/spec/names/plural")?;
    let kind = text(definition, "/spec/names/kind")?;
    for version in definition["spec"]["versions"].as_array().into_iter().flatten() {
        let version = text(version, "/name")?;
        let resource = ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            api_version: format!("{group}/{version}"),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
        };
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
        while let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
            let starting = matches!(&error, kube::Error::Api(status) if matches!(status.code, 404 | 503));
            if !starting || Instant::now() > patience {
                return Err(error).with_context(|| format!("wait until the API server serves {plural}.{group}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

fn text<'a>(definition: &'a Value, pointer: &str) -> Result<&'a str> {
    definition
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("a CRD has no {pointer}"))
}

fn digest(definition: &Value) -> String {
    let hash = Sha256::digest(definition.to_string());
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_version_names_the_known_ones() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["1.15.0", "1.11.0"] {
            fs::create_dir(folder.path().join(version)).unwrap();
        }
        let error = read(folder.path(), "9.9").unwrap_err().to_string();
        assert!(
            error.contains("9.9") && error.ends_with("there are 1.11.0, 1.15.0"),
            "{error}"
        );
    }
}
