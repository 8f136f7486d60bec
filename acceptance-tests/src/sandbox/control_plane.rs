//! etcd, kube-apiserver and kube-controller-manager as processes on loopback.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hyper::Request;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::info;

use super::certificates::{Certificates, write_private};
use super::process::Trace;
use super::{Routes, crds, egress};

/// The control plane's processes, in the order in which they are started.
pub const PROCESSES: [&str; 3] = ["etcd", "kube-apiserver", "kube-controller-manager"];

/// How long one step of the start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a start may find that its port was taken between the choice and the use.
const ATTEMPTS: usize = 3;

/// The sockets of the egress proxy and of etcd, in the sandbox's directory. The processes get these
/// relative names and work in that directory, because the path of a UNIX socket must not be longer
/// than about 100 bytes.
const EGRESS_SOCKET: &str = "egress.sock";
const ETCD_SOCKET: &str = "etcd.sock";

/// A running control plane. Its processes end when this is dropped, and also when this process ends
/// without dropping anything: each of them waits for the end of its standard input.
pub struct ControlPlane {
    directory: PathBuf,
    binary: PathBuf,
    children: Vec<(Trace, Child)>,
    exits: (
        mpsc::UnboundedSender<&'static str>,
        mpsc::UnboundedReceiver<&'static str>,
    ),
    server: String,
    proxy: JoinHandle<()>,
}

impl ControlPlane {
    /// Starts everything in `directory`, which keeps certificates and data for the next start, and
    /// returns when the API server is ready, serves the CRDs of this operator version and the
    /// controllers are at work. `binary` is the multi-call binary of all three. The service proxy
    /// reaches what `routes` says.
    pub async fn start(directory: &Path, binary: &Path, operator: &str, routes: Routes) -> Result<(Self, Client)> {
        for _ in 1..ATTEMPTS {
            match Self::attempt(directory, binary, operator, routes.clone()).await {
                Err(error) if is_port_taken(&error) => info!("somebody else took the API server's port: starts again"),
                done => return done,
            }
        }
        Self::attempt(directory, binary, operator, routes).await
    }

    async fn attempt(directory: &Path, binary: &Path, operator: &str, routes: Routes) -> Result<(Self, Client)> {
        let definitions = crds::load(operator)?;
        let pki = directory.join("pki");
        std::fs::create_dir_all(&pki).with_context(|| format!("create {}", pki.display()))?;
        let certificates = Certificates::ensure(&pki)?;
        let kubeconfig = kubeconfig(directory);
        let port = port(&kubeconfig)?;
        let server = format!("https://127.0.0.1:{port}");
        write_private(&kubeconfig, &certificates.kubeconfig(&server)?)?;
        let egress = egress::configuration(Path::new(EGRESS_SOCKET)).to_string();
        write_private(&directory.join("egress.json"), &egress)?;
        let proxy = egress::bind(&reachable(directory, EGRESS_SOCKET))?;

        let mut plane = Self {
            directory: directory.to_owned(),
            binary: binary.to_owned(),
            children: Vec::new(),
            exits: mpsc::unbounded_channel(),
            server,
            proxy: tokio::spawn(egress::serve(proxy, routes)),
        };
        let begun = Instant::now();
        plane.spawn("etcd", &etcd())?;
        plane.spawn("kube-apiserver", &api_server(&certificates, port))?;
        let client = client(&kubeconfig).await?;
        plane
            .until("the API server is ready", async || {
                Ok(client.request_text(readyz()?).await? == "ok")
            })
            .await?;
        info!("API server ready after {:.1?}", begun.elapsed());
        // Before the controllers: the garbage collector looks for new kinds every 30 s only.
        crds::install(&client, &definitions).await?;
        info!("CRDs served after {:.1?}", begun.elapsed());
        plane.spawn(
            "kube-controller-manager",
            &controller_manager(&certificates, &kubeconfig),
        )?;
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        plane
            .until("the controllers are at work", async || {
                Ok(accounts.get_opt("default").await?.is_some())
            })
            .await?;
        info!("controllers at work after {:.1?}", begun.elapsed());
        Ok((plane, client))
    }

    /// Address of the API server, for example `https://127.0.0.1:40123`.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Waits until one of the processes ends by itself. Says which, with the end of its log.
    pub async fn failure(&mut self) -> String {
        match self.exits.1.recv().await {
            Some(name) => ended(&Trace::new(&self.directory, name)),
            None => std::future::pending().await,
        }
    }

    /// Ends all processes and waits for their end.
    pub fn stop(self) {
        drop(self);
    }

    fn spawn(&mut self, name: &'static str, flags: &[String]) -> Result<()> {
        let trace = Trace::new(&self.directory, name);
        let mut command = Command::new(&self.binary);
        // Its own process group, so that Ctrl-C in a terminal reaches only who handles it.
        command
            .arg(name)
            .args(flags)
            .current_dir(&self.directory)
            .stdin(Stdio::piped());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = trace.start(&mut command)?;
        self.watch(trace.clone());
        self.children.push((trace, child));
        Ok(())
    }

    /// Reports the end of a process. The lock on its log tells it; waiting for the child itself
    /// would need the handle that also ends it.
    fn watch(&self, trace: Trace) {
        let exits = self.exits.0.clone();
        thread::spawn(move || {
            while trace.is_running() {
                thread::sleep(Duration::from_millis(200));
                if exits.is_closed() {
                    return;
                }
            }
            let _ = exits.send(trace.name());
        });
    }

    async fn until(&mut self, what: &str, mut done: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut last = None;
        while Instant::now() < deadline {
            match done().await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => last = Some(error),
            }
            if let Ok(name) = self.exits.1.try_recv() {
                bail!(ended(&Trace::new(&self.directory, name)));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let logs = self.directory.display();
        let error = last.unwrap_or_else(|| anyhow::anyhow!("the answer stayed another"));
        Err(error).with_context(|| format!("waited {} s until {what}; logs are in {logs}", PATIENCE.as_secs()))
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // The API server and the controllers keep nothing and are not asked; etcd closes its files.
        while let Some((trace, mut child)) = self.children.pop() {
            if trace.name() == "etcd" {
                drop(child.stdin.take());
                trace.wait_gone(Duration::from_secs(5));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        self.proxy.abort();
    }
}

/// Where the administrator's kubeconfig of the sandbox in `directory` is.
pub fn kubeconfig(directory: &Path) -> PathBuf {
    directory.join("kubeconfig")
}

/// A client for the cluster of this kubeconfig and its current context.
pub async fn client(kubeconfig: &Path) -> Result<Client> {
    let file = Kubeconfig::read_from(kubeconfig).with_context(|| format!("read {}", kubeconfig.display()))?;
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await;
    let mut config = config.with_context(|| format!("use {}", kubeconfig.display()))?;
    // By default kube repeats a request that was answered with 503 for minutes. Here 503 is an answer:
    // nobody listens behind the service proxy.
    config.default_retry = false;
    Client::try_from(config).with_context(|| format!("make a client from {}", kubeconfig.display()))
}

/// The shortest name of a file in `directory`: relative where this process works in it.
fn reachable(directory: &Path, name: &str) -> PathBuf {
    let here = std::env::current_dir().is_ok_and(|here| here == directory);
    if here {
        PathBuf::from(name)
    } else {
        directory.join(name)
    }
}

fn readyz() -> Result<Request<Vec<u8>>> {
    Request::get("/readyz")
        .body(Vec::new())
        .context("build the request for /readyz")
}

fn ended(trace: &Trace) -> String {
    format!(
        "{} ended; the end of {}:\n{}",
        trace.name(),
        trace.log().display(),
        trace.last_lines(8)
    )
}

/// Whether the API server found somebody else on its port, as its log says.
fn is_port_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("bind: address already in use")
}

/// The port of the last start while it is free, so that kubeconfigs stay valid; else any free one.
fn port(kubeconfig: &Path) -> Result<u16> {
    let last = std::fs::read_to_string(kubeconfig).ok().and_then(|text| {
        let server = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("server: https://127.0.0.1:"))?;
        server.parse::<u16>().ok()
    });
    let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = last.and_then(|port| listen(port).ok()).map_or_else(|| listen(0), Ok);
    Ok(listener
        .and_then(|listener| listener.local_addr())
        .context("find a free port on 127.0.0.1")?
        .port())
}

/// Everything not named here has its default: the closer to a real cluster, the better.
fn etcd() -> Vec<String> {
    vec![
        "--data-dir=etcd".into(),
        // A socket in our private directory, because etcd asks nobody for a password.
        format!("--listen-client-urls=unix://{ETCD_SOCKET}"),
        // Nobody dials these, but etcd wants them; as peer it is alone and takes any free port.
        "--advertise-client-urls=http://127.0.0.1:0".into(),
        "--listen-peer-urls=http://127.0.0.1:0".into(),
        // Survives killed processes; only a power cut could lose the last writes.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

fn api_server(certificates: &Certificates, port: u16) -> Vec<String> {
    vec![
        format!("--etcd-servers=unix://{ETCD_SOCKET}"),
        "--bind-address=127.0.0.1".into(),
        format!("--secure-port={port}"),
        // Loopback may not be advertised, and the machine may have no other address. Nobody dials
        // this one: with no reconciler it is not even published.
        "--advertise-address=10.123.255.255".into(),
        "--endpoint-reconciler-type=none".into(),
        flag("tls-cert-file", &certificates.server()),
        flag("tls-private-key-file", &certificates.server_key()),
        flag("client-ca-file", &certificates.authority()),
        "--authorization-mode=RBAC".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        flag("service-account-key-file", &certificates.service_account_public_key()),
        flag("service-account-signing-key-file", &certificates.service_account_key()),
        "--service-cluster-ip-range=10.124.0.0/16".into(),
        "--egress-selector-config-file=egress.json".into(),
        // No pod ever runs here, so none needs a token; and pods of the stand-in need not wait for
        // the default account of a namespace made a moment ago.
        "--disable-admission-plugins=ServiceAccount".into(),
        "--profiling=false".into(),
    ]
}

fn controller_manager(certificates: &Certificates, kubeconfig: &Path) -> Vec<String> {
    vec![
        flag("kubeconfig", kubeconfig),
        // What a user of the API sees without nodes: namespaces go away, owned objects are
        // collected, foreground deletion ends, accounts exist and get tokens. Deployments make no
        // pods here: the stand-in makes those it needs.
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,\
         serviceaccount-token-controller,root-ca-certificate-publisher-controller"
            .into(),
        flag("service-account-private-key-file", &certificates.service_account_key()),
        flag("root-ca-file", &certificates.authority()),
        // Alone, and without a port of its own.
        "--leader-elect=false".into(),
        "--secure-port=0".into(),
        "--profiling=false".into(),
        // Tests make and delete many namespaces at once.
        "--kube-api-qps=200".into(),
        "--kube-api-burst=400".into(),
    ]
}

fn flag(name: &str, path: &Path) -> String {
    format!("--{name}={}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_stays_while_it_is_free() {
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = kubeconfig(directory.path());
        let first = port(&kubeconfig).unwrap();
        std::fs::write(&kubeconfig, format!("    server: https://127.0.0.1:{first}\n")).unwrap();
        assert_eq!(port(&kubeconfig).unwrap(), first);
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
        assert_ne!(port(&kubeconfig).unwrap(), first);
    }

    /// A control plane whose programs do what this shell script says.
    async fn start(directory: &Path, script: &str) -> String {
        use std::os::unix::fs::PermissionsExt;

        let binary = directory.join("kubernetes");
        std::fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o700)).unwrap();
        let started = ControlPlane::start(directory, &binary, crds::DERIVED, Routes::default()).await;
        started.err().expect("it cannot start").to_string()
    }

    #[tokio::test]
    async fn a_program_that_ends_is_named_with_what_it_said() {
        let directory = tempfile::tempdir().unwrap();
        let error = start(directory.path(), "echo no space left for $1\nexit 1").await;
        assert!(
            error.contains(" ended; the end of ") && error.contains("no space left for "),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_port_that_somebody_else_took_is_no_reason_to_give_up_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let script = "[ $1 = etcd ] && exec cat\necho $* >> starts\necho listen tcp: bind: address already in use";
        let error = start(directory.path(), script).await;
        assert!(error.contains("address already in use"), "{error}");
        let starts = std::fs::read_to_string(directory.path().join("starts")).unwrap();
        assert_eq!(starts.lines().count(), ATTEMPTS, "{starts}");
    }
}
