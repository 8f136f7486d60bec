//! The control plane's binary, built from Go modules and kept in the user's cache.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use super::progress::{megabytes, say, spoken};
use super::pruning::{mark_used, prune};

/// The files the binary is built from, carried along so that the build never touches the checkout.
const SOURCES: [(&str, &str); 3] = [
    ("go.mod", include_str!("../../sandbox/kubernetes/go.mod")),
    ("go.sum", include_str!("../../sandbox/kubernetes/go.sum")),
    ("main.go", include_str!("../../sandbox/kubernetes/main.go")),
];

/// Letters of the name of a build's directory.
const KEY_LENGTH: usize = 16;

/// How often the build says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(15);

/// The path of the control plane's binary. Builds it on first use, which takes minutes and needs
/// Go; two builds of the same binary never run at once, the second waits for the first. Removes
/// builds of other sources that nobody used for long.
pub fn binary(cache: &Path) -> Result<PathBuf> {
    let builds = cache.join("kubernetes");
    let home = builds.join(key(&go_version()?));
    let binary = home.join("kubernetes");
    if !binary.exists() {
        build_alone(&home, &binary)?;
    }
    mark_used(&home);
    prune(&builds, |name| {
        name.len() == KEY_LENGTH && name.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    Ok(binary)
}

fn build_alone(home: &Path, binary: &Path) -> Result<()> {
    fs::create_dir_all(home).with_context(|| format!("create {}", home.display()))?;
    let lock = home.join("lock");
    let lock = File::create(&lock).with_context(|| format!("create {}", lock.display()))?;
    if lock.try_lock().is_err() {
        say("waits for another process that is building the Kubernetes control plane");
        lock.lock().context("wait for the other build")?;
    }
    if binary.exists() { Ok(()) } else { build(home, binary) }
}

/// The version of Kubernetes that is built, for example `v1.34.4`.
pub fn version() -> &'static str {
    let required = SOURCES[0]
        .1
        .lines()
        .find_map(|line| line.trim().strip_prefix("k8s.io/kubernetes "));
    required.unwrap_or("v0.0.0")
}

fn go_version() -> Result<String> {
    let mut go = Command::new("go");
    // Not where a project of the user's names another Go.
    go.args(["env", "GOVERSION"]).env("GOWORK", "off").current_dir("/");
    let output = go.output().context(
        "run `go`: the sandbox builds its Kubernetes control plane with Go. \
         Install Go 1.24 or newer and put it on PATH",
    )?;
    ensure!(
        output.status.success(),
        "`go env GOVERSION` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Names what is built: other sources or another Go make another binary.
fn key(go: &str) -> String {
    let mut hash = Sha256::new();
    for text in SOURCES.iter().map(|(_, text)| *text).chain([go]) {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize()
        .iter()
        .take(KEY_LENGTH / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn build(home: &Path, binary: &Path) -> Result<()> {
    let begun = Instant::now();
    say(format!(
        "builds etcd, kube-apiserver and kube-controller-manager {} from Go modules, once, into {}",
        version(),
        home.display()
    ));
    say("  that takes about 8 minutes of CPU time (4 to 5 minutes on two idle cores) and 80 MB of downloads");
    let source = home.join("source");
    fs::create_dir_all(&source).with_context(|| format!("create {}", source.display()))?;
    for (name, text) in SOURCES {
        let path = source.join(name);
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }

    let packages = list_packages(&source)?;
    let unfinished = home.join("unfinished");
    let mut go = go(
        &source,
        &[
            "build",
            "-v",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags",
            &stamps(),
            "-o",
        ],
    );
    go.arg(&unfinished).arg(".");
    run(&mut go, begun, |compiled| {
        format!("{compiled} of at most {packages} packages compiled")
    })?;

    let size = fs::metadata(&unfinished).map(|file| file.len()).unwrap_or_default();
    // Renamed when whole: an interrupted build leaves nothing that looks finished.
    fs::rename(&unfinished, binary).with_context(|| format!("put {} into place", binary.display()))?;
    say(format!("built in {} ({})", spoken(begun.elapsed()), megabytes(size)));
    Ok(())
}

/// Linker flags: no symbol tables, and the version that `/version` tells; without them the API
/// server calls itself `v0.0.0-master+$Format:%H$`.
fn stamps() -> String {
    let version = version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or("0"), numbers.next().unwrap_or("0"));
    let facts = [
        ("gitVersion", version),
        ("gitMajor", major),
        ("gitMinor", minor),
        ("gitTreeState", "clean"),
        ("gitCommit", version),
    ];
    let mut flags = String::from("-s -w");
    for (name, value) in facts {
        flags.push_str(&format!(" -X k8s.io/component-base/version.{name}={value}"));
    }
    flags
}

/// How many packages the binary consists of. Downloads the modules.
fn list_packages(source: &Path) -> Result<usize> {
    let begun = Instant::now();
    let mut go = go(source, &["list", "-deps", "-f", "{{.ImportPath}}", "."]);
    let mut child = go
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("start `go list`")?;
    let stdout = child.stdout.take().context("read the output of `go list`")?;
    let stderr = child.stderr.take().context("read the errors of `go list`")?;
    let packages = thread::spawn(move || BufReader::new(stdout).lines().count());
    let errors = follow(stderr, begun, |lines| format!("{lines} modules downloaded"));
    let status = child.wait().context("wait for `go list`")?;
    ensure!(
        status.success(),
        "downloading the Go modules of the sandbox failed:\n{errors}"
    );
    packages
        .join()
        .map_err(|_| anyhow::anyhow!("reading the output of `go list` failed"))
}

fn go(source: &Path, arguments: &[&str]) -> Command {
    let mut go = Command::new("go");
    go.args(arguments).current_dir(source).stdin(Stdio::null());
    // No C compiler needed, one static binary. An enclosing workspace or vendoring flags of the
    // user's own Go projects must not reach this build.
    go.env("CGO_ENABLED", "0")
        .env("GOWORK", "off")
        .env("GOFLAGS", "-mod=readonly");
    go
}

fn run(go: &mut Command, begun: Instant, describe: impl Fn(usize) -> String + Sync) -> Result<()> {
    let mut child = go
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("start `go build`")?;
    let stderr = child.stderr.take().context("read the output of `go build`")?;
    let output = follow(stderr, begun, describe);
    let status = child.wait().context("wait for `go build`")?;
    if !status.success() {
        bail!("building the Kubernetes control plane failed:\n{output}");
    }
    Ok(())
}

/// Reads lines to the end and says now and then how many there were. Returns the last of them.
fn follow(output: impl Read, begun: Instant, describe: impl Fn(usize) -> String + Sync) -> String {
    let count = AtomicUsize::new(0);
    let (done, finished) = std::sync::mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let finished = finished;
            while finished.recv_timeout(PROGRESS_EVERY) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                say(format!(
                    "  {}, {}",
                    describe(count.load(Ordering::Relaxed)),
                    spoken(begun.elapsed())
                ));
            }
        });
        let mut last: Vec<String> = Vec::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            count.fetch_add(1, Ordering::Relaxed);
            if last.len() == 20 {
                last.remove(0);
            }
            last.push(line);
        }
        drop(done);
        last.join("\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_go_mod() {
        assert!(version().starts_with("v1."), "{}", version());
        let minor = version().split('.').nth(1).unwrap();
        assert!(stamps().contains(&format!("version.gitMinor={minor} ")), "{}", stamps());
    }

    #[test]
    fn another_go_makes_another_binary() {
        assert_ne!(key("go1.24.0"), key("go1.26.8"));
        assert_eq!(key("go1.24.0"), key("go1.24.0"));
    }

    #[test]
    fn the_last_lines_are_kept_for_the_error() {
        let output: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let last = follow(output.as_bytes(), Instant::now(), |count| count.to_string());
        assert!(last.starts_with("line 80\n") && last.ends_with("line 99"), "{last}");
    }
}
