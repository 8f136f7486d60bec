//! What a sandbox is started with, and where it lives.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{crds, lifecycle};
use crate::flink::Version;

const NAME: &str = "terraform-provider-flink";

const NO_FLINK: &str = "none";

/// What a sandbox is started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Directory of everything the sandbox keeps. Made if it is missing, private to its owner.
    pub state: PathBuf,
    /// Whether the cluster's objects outlive a stop. Without it, every start has an empty cluster.
    pub keep: bool,
    /// Operator version of the CRDs, or `derived` for our own.
    pub crds: String,
    /// Versions of the Flink that application clusters really run, separated by commas: `1.20,2.1`.
    /// Which of them, a `FlinkDeployment` says. `none` for statuses without Flink.
    pub flink: String,
    /// How long the stand-in operator takes for what takes a real one a second, in seconds.
    pub time_factor: f64,
    /// Ends the sandbox when no test has used it for this long. Without it, it runs until stopped.
    pub stop_when_unused: Option<Duration>,
}

impl Options {
    /// How fast the stand-in operator is unless told otherwise: ten times as fast as a real one.
    pub const TIME_FACTOR: f64 = 0.1;

    /// Every Flink that a sandbox can run.
    pub const EVERY_FLINK: &str = "1.20,2.1";

    /// The sandbox of people: kept between starts, runs until it is stopped.
    pub fn personal() -> Result<Self> {
        Ok(Self {
            state: state_home()?.join("sandbox"),
            keep: true,
            crds: crds::DEFAULT_VERSION.to_owned(),
            flink: NO_FLINK.to_owned(),
            time_factor: Self::TIME_FACTOR,
            stop_when_unused: None,
        })
    }

    /// The sandbox that all acceptance tests of one build share, several at once: empty at each start, runs every Flink,
    /// ends a few minutes after the last test. `name` tells sandboxes with different options apart.
    pub fn acceptance(name: &str) -> Result<Self> {
        let program = lifecycle::program()?;
        let hash = Sha256::digest(program.path().as_os_str().as_encoded_bytes());
        let build: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            // Another checkout has another program, and would restart a sandbox shared with it.
            state: state_home()?.join(format!("{name}-{build}")),
            keep: false,
            flink: Self::EVERY_FLINK.to_owned(),
            stop_when_unused: Some(Duration::from_secs(300)),
            ..Self::personal()?
        })
    }

    /// The Flinks that application clusters really run.
    pub fn flink_versions(&self) -> Result<Vec<Version>> {
        if self.flink == NO_FLINK {
            return Ok(Vec::new());
        }
        let known = || Version::ALL.iter().map(|version| version.name()).collect::<Vec<_>>();
        let names = self.flink.split(',').map(str::trim);
        names
            .map(|name| {
                Version::named(name)
                    .with_context(|| format!("the sandbox runs Flink {} or none, not {name}", known().join(", ")))
            })
            .collect()
    }

    /// Refuses what no sandbox can be started with.
    pub fn check(&self) -> Result<()> {
        self.flink_versions()?;
        ensure!(
            self.time_factor.is_finite() && self.time_factor > 0.0,
            "the time factor must be a number above 0, not {}",
            self.time_factor
        );
        Ok(())
    }
}

/// Where built programs are kept: `terraform-provider-flink` in `$XDG_CACHE_HOME` or `~/.cache`.
pub fn cache() -> Result<PathBuf> {
    home("XDG_CACHE_HOME", ".cache")
}

/// Where sandboxes live: `terraform-provider-flink` in `$XDG_STATE_HOME` or `~/.local/state`.
fn state_home() -> Result<PathBuf> {
    home("XDG_STATE_HOME", ".local/state")
}

fn home(variable: &str, fallback: &str) -> Result<PathBuf> {
    // The XDG specification wants relative paths in these variables ignored.
    let named = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = match named {
        Some(path) => path,
        None => std::env::home_dir()
            .filter(|home| home.is_absolute())
            .map(|home| home.join(Path::new(fallback)))
            .with_context(|| format!("no home directory: set HOME or {variable}"))?,
    };
    Ok(base.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(flink: &str) -> Options {
        Options {
            flink: flink.to_owned(),
            ..Options::personal().unwrap()
        }
    }

    #[test]
    fn one_sandbox_runs_several_flinks() {
        let cases: [(&str, &[Version]); 4] = [
            ("none", &[]),
            ("2.1", &[Version::V2_1]),
            ("2.1, 1.20", &[Version::V2_1, Version::V1_20]),
            (Options::EVERY_FLINK, Version::ALL),
        ];
        for (text, versions) in cases {
            assert_eq!(options(text).flink_versions().unwrap(), versions, "{text}");
        }
        let error = options("1.20,1.3").check().unwrap_err().to_string();
        assert_eq!(error, "the sandbox runs Flink 1.20, 2.1 or none, not 1.3");
    }
}
