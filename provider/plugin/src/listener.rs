//! Where Terraform connects: a UNIX socket nobody else can reach, or a loopback port where there
//! are no UNIX sockets.

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

/// What the client said about where to listen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Folder for the socket. Absent: the system's folder for temporary files.
    pub socket_dir: Option<PathBuf>,
    /// Ports to choose from; `0..=0` is any.
    pub ports: RangeInclusive<u16>,
}

/// What the client connects to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    /// `unix` or `tcp`, Go's names.
    pub network: &'static str,
    /// A path, or host and port.
    pub location: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.network, self.location)
    }
}

/// Why there is nothing to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    #[cfg(unix)]
    #[error("make a folder for the socket in {}; set TMPDIR to a folder that can be written", parent.display())]
    Folder { parent: PathBuf, source: io::Error },
    #[cfg(unix)]
    #[error("listen on the socket {}; a path to a socket has about 100 bytes at most, a shorter TMPDIR helps", path.display())]
    Socket { path: PathBuf, source: io::Error },
    #[cfg(unix)]
    #[error("tell Terraform the socket {}: the path is no UTF-8 text or holds `|` or a line break", path.display())]
    Unspeakable { path: PathBuf },
    #[error("listen on 127.0.0.1, ports {} to {}", ports.start(), ports.end())]
    Ports {
        ports: RangeInclusive<u16>,
        source: io::Error,
    },
}

/// An open door. Dropping it closes the door and removes the socket with its folder.
pub(crate) enum Listener {
    #[cfg(unix)]
    Unix {
        listener: UnixListener,
        /// Removed on drop, the socket in it too.
        _folder: tempfile::TempDir,
    },
    /// Used where there are no UNIX sockets.
    Tcp(TcpListener),
}

/// A stream of bytes to the client.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

impl Listener {
    /// Listens in the way this system offers.
    pub(crate) async fn bind(place: &Place) -> Result<(Self, Address), ListenError> {
        #[cfg(unix)]
        return Self::bind_unix(place);
        #[cfg(not(unix))]
        Self::bind_tcp(place).await
    }

    #[cfg(unix)]
    fn bind_unix(place: &Place) -> Result<(Self, Address), ListenError> {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;

        let parent = place.socket_dir.clone().unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new()
            .prefix("plugin")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(|source| ListenError::Folder { parent, source })?;
        let path = folder.path().join("s");
        let location = path
            .to_str()
            .filter(|text| !text.contains(['|', '\n']))
            .ok_or_else(|| ListenError::Unspeakable { path: path.clone() })?
            .to_owned();
        let listener = UnixListener::bind(&path).map_err(|source| ListenError::Socket { path, source })?;
        let address = Address {
            network: "unix",
            location,
        };
        Ok((
            Self::Unix {
                listener,
                _folder: folder,
            },
            address,
        ))
    }

    /// Takes the first free port of the range, loopback only.
    #[cfg_attr(
        all(unix, not(test)),
        expect(dead_code, reason = "for systems without UNIX sockets; tested here")
    )]
    async fn bind_tcp(place: &Place) -> Result<(Self, Address), ListenError> {
        let failed = |source| ListenError::Ports {
            ports: place.ports.clone(),
            source,
        };
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for port in place.ports.clone() {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => {
                    let location = listener.local_addr().map_err(failed)?.to_string();
                    return Ok((
                        Self::Tcp(listener),
                        Address {
                            network: "tcp",
                            location,
                        },
                    ));
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            #[cfg(unix)]
            Self::Unix { listener, .. } => Ok(Box::new(listener.accept().await?.0)),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are small and awaited.
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn anywhere() -> Place {
        Place {
            socket_dir: None,
            ports: 0..=0,
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_socket_is_private_and_goes_with_its_listener() {
        use std::os::unix::fs::PermissionsExt;

        let parent = tempfile::tempdir().expect("folder");
        let place = Place {
            socket_dir: Some(parent.path().to_owned()),
            ..anywhere()
        };
        let (listener, address) = Listener::bind(&place).await.expect("listens");
        assert_eq!(address.network, "unix");
        let socket = PathBuf::from(&address.location);
        let folder = socket.parent().expect("folder").to_owned();
        assert_eq!(folder.parent(), Some(parent.path()));
        let mode = std::fs::metadata(&folder).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        tokio::net::UnixStream::connect(&socket).await.expect("connects");
        drop(listener);
        assert!(!folder.exists());
        assert!(parent.path().exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_path_that_is_too_long_says_what_helps() {
        let parent = tempfile::tempdir().expect("folder");
        let deep = parent.path().join("d".repeat(120));
        std::fs::create_dir(&deep).expect("folder");
        let place = Place {
            socket_dir: Some(deep.clone()),
            ..anywhere()
        };
        let Err(error) = Listener::bind(&place).await else {
            panic!("listens")
        };
        assert!(error.to_string().contains("a shorter TMPDIR helps"), "{error}");
        let left = std::fs::read_dir(&deep).expect("folder").count();
        assert_eq!(left, 0, "nothing is left behind");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_missing_folder_is_named() {
        let place = Place {
            socket_dir: Some("/nowhere/at/all".into()),
            ..anywhere()
        };
        let Err(error) = Listener::bind(&place).await else {
            panic!("listens")
        };
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }

    #[tokio::test]
    async fn tcp_takes_a_free_port_of_the_range() {
        let (first, address) = Listener::bind_tcp(&anywhere()).await.expect("listens");
        assert_eq!(address.network, "tcp");
        let taken: u16 = address
            .location
            .strip_prefix("127.0.0.1:")
            .expect("loopback")
            .parse()
            .expect("port");

        let range = Place {
            ports: taken..=taken.saturating_add(20),
            ..anywhere()
        };
        let (_second, other) = Listener::bind_tcp(&range).await.expect("listens");
        assert_ne!(other.location, address.location);

        let full = Place {
            ports: taken..=taken,
            ..anywhere()
        };
        let Err(error) = Listener::bind_tcp(&full).await else {
            panic!("listens")
        };
        assert!(
            error.to_string().contains(&format!("ports {taken} to {taken}")),
            "{error}"
        );

        let mut client = tokio::net::TcpStream::connect(&address.location)
            .await
            .expect("connects");
        let mut server = Box::into_pin(first.accept().await.expect("accepts"));
        client.write_all(b"hello").await.expect("writes");
        let mut bytes = [0; 5];
        server.read_exact(&mut bytes).await.expect("reads");
        assert_eq!(&bytes, b"hello");
    }
}
