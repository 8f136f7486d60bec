//! Fetches a pinned Flink into the cache, once for all checkouts and sandboxes of a user.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::archive::Classes;
use crate::sandbox::{mark_used, prune, say, spoken};

/// A Flink version that the sandbox can run, with everything pinned that it needs.
///
/// A further version is one more folder in `sandbox/flink/` and one more constant here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    name: &'static str,
    /// Size of the download.
    megabytes: u32,
    requirements: &'static str,
    examples: &'static str,
}

impl Version {
    /// Flink 1.20.
    pub const V1_20: Self = Self {
        name: "1.20",
        megabytes: 230,
        requirements: include_str!("../../sandbox/flink/1.20/requirements.txt"),
        examples: include_str!("../../sandbox/flink/1.20/examples.txt"),
    };

    /// Flink 2.1.
    pub const V2_1: Self = Self {
        name: "2.1",
        megabytes: 310,
        requirements: include_str!("../../sandbox/flink/2.1/requirements.txt"),
        examples: include_str!("../../sandbox/flink/2.1/examples.txt"),
    };

    /// Every version, oldest first.
    pub const ALL: &[Self] = &[Self::V1_20, Self::V2_1];

    /// The version with this name, for example `1.20`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|version| version.name == name).copied()
    }

    /// Major and minor number, for example `1.20`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Whether this is the version that a `FlinkDeployment` calls `v1_20` and the like.
    pub fn is(self, flink_version: &str) -> bool {
        flink_version
            .strip_prefix('v')
            .is_some_and(|numbers| numbers.replace('_', ".") == self.name)
    }

    /// Changes whenever what is installed changes.
    fn key(self) -> String {
        let digest = Sha256::new()
            .chain_update(self.requirements)
            .chain_update(self.examples)
            .finalize();
        let hex: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("flink-{}-{hex}", self.name)
    }

    fn example_pins(self) -> impl Iterator<Item = ExamplePin> {
        let lines = self.examples.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(ExamplePin {
                coordinates: words.next()?,
                sha256: words.next()?,
                path: words.next()?,
            })
        })
    }
}

/// One example jar: where Maven has it, what it must be, where an image of Flink has it.
struct ExamplePin {
    coordinates: &'static str,
    sha256: &'static str,
    path: &'static str,
}

/// A Flink on this machine. Its directory is laid out as `/opt/flink` is in an image of Flink:
/// `lib`, `opt`, `plugins`, `bin` and `examples`.
#[derive(Clone, Debug)]
pub struct Installation {
    version: Version,
    home: PathBuf,
    pub(super) classes: Classes,
}

impl Installation {
    /// Finds `version` in the cache, or fetches it: some hundred MB with pip and an example jar with
    /// Maven, half a minute; and prepares it for a quick start, half a minute more. Says so on
    /// standard error. Waits while another process does it. Removes installations that nobody used
    /// for long.
    ///
    /// The cache is `$XDG_CACHE_HOME/terraform-provider-flink`, or below `~/.cache`.
    pub fn ensure(version: Version) -> Result<Self> {
        Self::ensure_in(&crate::sandbox::cache()?, version)
    }

    /// As [`Installation::ensure`], in a given cache directory.
    pub fn ensure_in(cache: &Path, version: Version) -> Result<Self> {
        let home = cache.join(version.key());
        let mut installation = Self {
            version,
            home,
            classes: Classes::Jars,
        };
        if installation.home.is_dir() && installation.use_archives()? {
            installation.keep(cache);
            return Ok(installation);
        }
        fs::create_dir_all(cache).with_context(|| format!("create {}", cache.display()))?;
        let lock_path = cache.join(format!("flink-{}.lock", version.name));
        let lock = File::create(&lock_path).with_context(|| format!("create {}", lock_path.display()))?;
        if lock.try_lock().is_err() {
            say(format!("waits for another process that fetches Flink {}", version.name));
            lock.lock().with_context(|| format!("lock {}", lock_path.display()))?;
        }
        if !installation.home.is_dir() {
            installation.fetch()?;
        }
        if !installation.use_archives()? {
            installation.make_archives();
        }
        installation.keep(cache);
        Ok(installation)
    }

    /// This one is used, and what nobody used for long is not needed any more.
    fn keep(&self, cache: &Path) {
        mark_used(&self.home);
        prune(cache, |name| name.starts_with("flink-"));
    }

    /// Which Flink this is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The directory that stands for `/opt/flink`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The class path of Flink itself.
    pub fn class_path(&self) -> Result<String> {
        let lib = self.home.join("lib");
        let entries = fs::read_dir(&lib).with_context(|| format!("list {}", lib.display()))?;
        let mut jars: Vec<String> = entries
            .filter_map(|entry| entry.ok())
            .map(|entry| entry.path().display().to_string())
            .collect();
        jars.retain(|jar| jar.ends_with(".jar"));
        jars.sort();
        Ok(jars.join(":"))
    }

    fn fetch(&self) -> Result<()> {
        let started = Instant::now();
        let partial = self.home.with_file_name(format!("partial-flink-{}", self.version.name));
        let _ = fs::remove_dir_all(&partial);
        fs::create_dir_all(&partial).with_context(|| format!("create {}", partial.display()))?;
        say(format!(
            "fetches Flink {} with pip and Maven ({} MB, once; about half a minute)",
            self.version.name, self.version.megabytes
        ));
        self.fetch_libraries(&partial)?;
        for pin in self.version.example_pins() {
            fetch_example(&pin, &partial)?;
        }
        fs::rename(&partial, &self.home).with_context(|| format!("move Flink to {}", self.home.display()))?;
        say(format!(
            "fetched Flink {} in {}",
            self.version.name,
            spoken(started.elapsed())
        ));
        Ok(())
    }

    fn fetch_libraries(&self, partial: &Path) -> Result<()> {
        let requirements = partial.join("requirements.txt");
        fs::write(&requirements, self.version.requirements).context("write the requirements")?;
        let package = partial.join("package");
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-compile",
            "--require-hashes",
        ]);
        pip.args(["--disable-pip-version-check", "--root-user-action", "ignore"]);
        pip.arg("--requirement")
            .arg(&requirements)
            .arg("--target")
            .arg(&package);
        run(&mut pip, "Python 3 with pip fetches Flink's jars")?;
        for part in ["lib", "opt", "plugins", "bin"] {
            let from = package.join("pyflink").join(part);
            fs::rename(&from, partial.join(part)).with_context(|| format!("the package has no {}", from.display()))?;
        }
        fs::remove_dir_all(&package).context("remove the rest of the package")
    }
}

fn fetch_example(pin: &ExamplePin, home: &Path) -> Result<()> {
    let target = home.join(pin.path);
    let folder = target.parent().context("an example jar lies in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let mut maven = Command::new("mvn");
    maven.args([
        "--quiet",
        "--batch-mode",
        "--no-transfer-progress",
        "dependency:copy",
        "-Dmdep.stripVersion=true",
    ]);
    maven
        .arg(format!("-Dartifact={}", pin.coordinates))
        .arg(format!("-DoutputDirectory={}", home.display()));
    // Without a project around: a pom.xml in the caller's directory must not matter.
    maven.current_dir(home);
    run(&mut maven, "Maven fetches the example job")?;
    let [_, artifact, _, packaging, classifier] = pin.coordinates.split(':').collect::<Vec<_>>()[..] else {
        bail!("{} is not group:artifact:version:packaging:classifier", pin.coordinates);
    };
    let copied = home.join(format!("{artifact}-{classifier}.{packaging}"));
    let bytes = fs::read(&copied).with_context(|| format!("read {}", copied.display()))?;
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ensure!(
        found == pin.sha256,
        "{} has the SHA-256 {found}, not {}",
        pin.coordinates,
        pin.sha256
    );
    fs::rename(&copied, &target).with_context(|| format!("move {}", copied.display()))
}

fn run(command: &mut Command, purpose: &str) -> Result<()> {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .with_context(|| format!("start {program}: {purpose}; is it installed?"))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(
        output.status.success(),
        "{purpose}, but failed ({}):\n{}",
        output.status,
        String::from_utf8_lossy(&said)
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_are_complete() {
        for version in Version::ALL {
            assert!(version.requirements.contains("--hash=sha256:"), "{}", version.name);
            let pins: Vec<_> = version.example_pins().collect();
            assert!(!pins.is_empty(), "{}", version.name);
            for pin in pins {
                assert_eq!(pin.coordinates.split(':').count(), 5, "{}", pin.coordinates);
                assert_eq!(pin.sha256.len(), 64, "{}", pin.coordinates);
                assert!(pin.path.ends_with(".jar"), "{}", pin.path);
            }
            assert_eq!(Version::named(version.name), Some(*version));
        }
        assert!(Version::V2_1.is("v2_1"));
        for other in ["v1_20", "2_1", "2.1", "v2_10", ""] {
            assert!(!Version::V2_1.is(other), "{other}");
        }
        assert_eq!(Version::named("0.9"), None);
    }
}
