//! A proxy for the way to an API server: HTTP CONNECT and SOCKS5 on one port. Whatever a client asks for, it leads to
//! one place, so that a test may invent names.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    tunnels: Arc<AtomicUsize>,
    server: JoinHandle<()>,
}

/// How clients are treated.
#[derive(Clone, Debug)]
pub enum Manners {
    /// Everybody gets through.
    Open,
    /// Only who gives this user and password, as `user:password`. HTTP only.
    Login(String),
    /// Nobody.
    Closed,
}

impl Proxy {
    /// Starts a proxy on loopback that leads to `target`, a host and port.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(target: &str, manners: Manners) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen")?;
        let address = listener.local_addr()?;
        let tunnels = Arc::new(AtomicUsize::new(0));
        let (target, count) = (target.to_owned(), tunnels.clone());
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (target, manners, count) = (target.clone(), manners.clone(), count.clone());
                tokio::spawn(async move {
                    if let Err(error) = serve(client, &target, &manners, &count).await {
                        tracing::debug!("proxy: {error:#}");
                    }
                });
            }
        });
        Ok(Self {
            address,
            tunnels,
            server,
        })
    }

    /// Host and port that it listens at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections went through.
    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut client: TcpStream, target: &str, manners: &Manners, tunnels: &AtomicUsize) -> Result<()> {
    let mut first = [0];
    client.peek(&mut first).await?;
    let welcome: &[u8] = if first[0] == 5 {
        socks(&mut client, manners).await?
    } else {
        connect(&mut client, manners).await?
    };
    let mut server = TcpStream::connect(target).await?;
    client.write_all(welcome).await?;
    tunnels.fetch_add(1, Ordering::SeqCst);
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Reads a CONNECT request. Returns what to say when the way is open.
async fn connect(client: &mut TcpStream, manners: &Manners) -> Result<&'static [u8]> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let refusal = match manners {
        Manners::Open if head.starts_with("CONNECT ") => None,
        Manners::Login(login) => {
            let expected = format!("Basic {}", BASE64_STANDARD.encode(login));
            let given = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .any(|(name, value)| name.eq_ignore_ascii_case("proxy-authorization") && value == expected);
            (!given).then_some("407 Proxy Authentication Required")
        }
        Manners::Open | Manners::Closed => Some("403 Forbidden"),
    };
    match refusal {
        None => Ok(b"HTTP/1.1 200 OK\r\n\r\n"),
        Some(status) => {
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            client.write_all(answer.as_bytes()).await?;
            bail!("refused with {status}")
        }
    }
}

/// Reads a SOCKS5 greeting and request. Returns what to say when the way is open.
async fn socks(client: &mut TcpStream, manners: &Manners) -> Result<&'static [u8]> {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await?;
    let mut methods = vec![0; usize::from(greeting[1])];
    client.read_exact(&mut methods).await?;
    client.write_all(&[5, 0]).await?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let address = match request[3] {
        1 => 4,
        3 => usize::from(client.read_u8().await?),
        4 => 16,
        other => bail!("address of type {other}"),
    };
    let mut rest = vec![0; address + 2];
    client.read_exact(&mut rest).await?;
    if matches!(manners, Manners::Open) {
        return Ok(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    // Not allowed by the rules.
    client.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    bail!("refused")
}
