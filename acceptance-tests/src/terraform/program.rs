//! Which program is driven, what it can do, and the provider that it is given.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// The program that the tests drive: `TERRAFORM`, which the project's scripts set, else what is on PATH.
pub(super) fn program() -> String {
    std::env::var("TERRAFORM").unwrap_or_else(|_| "terraform".to_owned())
}

/// The programs that tests about the workings of core are run with: [`program`], and the OpenTofu that `TOFU` names, where the
/// project's scripts have set it.
pub fn programs() -> Vec<String> {
    let mut programs = vec![program()];
    programs.extend(std::env::var("TOFU").ok().filter(|tofu| !programs.contains(tofu)));
    programs
}

/// Whether the program of the tests has actions and `terraform query`. Where it has not, that is printed.
///
/// # Errors
/// The program cannot be started.
pub async fn has_actions() -> Result<bool> {
    has(&program(), "actions and queries", 14, None).await
}

/// Whether the program of the tests imports by identity. Where it does not, that is printed.
///
/// # Errors
/// The program cannot be started.
pub async fn has_identities() -> Result<bool> {
    has(&program(), "imports by identity", 12, None).await
}

/// Whether the program of the tests has ephemeral variables and write-only attributes. Where it has not, that is printed.
///
/// # Errors
/// The program cannot be started.
pub async fn has_ephemeral_values() -> Result<bool> {
    has(
        &program(),
        "ephemeral variables and write-only attributes",
        11,
        Some(11),
    )
    .await
}

/// Whether a program moves a state from one provider's resource to another's. Where it does not, that is printed.
///
/// # Errors
/// The program cannot be started.
pub async fn moves_between_providers(program: &str) -> Result<bool> {
    has(program, "moves between providers", 8, Some(10)).await
}

/// Whether the program is a Terraform or an OpenTofu of this minor release of 1, or a newer one.
async fn has(program: &str, what: &str, terraform: u32, opentofu: Option<u32>) -> Result<bool> {
    let output = Command::new(program).arg("version").output().await?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Warnings may stand before it.
    let first = text.lines().find(|line| line.contains(" v1.")).unwrap_or_default();
    let minor = |name: &str| first.strip_prefix(name)?.split('.').next()?.parse::<u32>().ok();
    let has = minor("Terraform v1.").is_some_and(|found| found >= terraform)
        || minor("OpenTofu v1.").is_some_and(|found| opentofu.is_some_and(|needed| found >= needed));
    if !has {
        let opentofu = opentofu.map_or_else(String::new, |minor| format!(" or OpenTofu 1.{minor}"));
        eprintln!("passed over: {what} need Terraform 1.{terraform}{opentofu}, and this is {first}");
    }
    Ok(has)
}

/// The provider's binary: the one that `TERRAFORM_PROVIDER_FLINK` names, else built by this test run.
///
/// # Errors
/// The build fails.
pub async fn provider_binary() -> Result<PathBuf> {
    static BUILT: OnceCell<PathBuf> = OnceCell::const_new();
    BUILT.get_or_try_init(build_provider).await.cloned()
}

async fn build_provider() -> Result<PathBuf> {
    // Set where the provider has just been built with everything else.
    if let Some(binary) = std::env::var_os("TERRAFORM_PROVIDER_FLINK") {
        return Ok(PathBuf::from(binary));
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "-p",
            "terraform-provider-flink",
            "--message-format",
            "json",
            "--manifest-path",
        ])
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .await
        .context("failed to run cargo build")?;
    ensure!(output.status.success(), "the provider does not build");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "terraform-provider-flink")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo build named no binary")
}
