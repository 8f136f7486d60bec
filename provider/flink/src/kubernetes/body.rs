//! Bodies of answers: whatever a server sends, no more of it is held than fits.

use http_body_util::BodyExt;
use kube::client::Body;

/// The most that is read of one answer, or of one event of a watch, in bytes. An object has less than 3 MB: etcd takes no
/// more. A page of a list is 250 of them, mostly of some 10 kB each.
pub(crate) const LARGEST: usize = 32 * 1024 * 1024;

/// A body that was not read to its end.
#[derive(Debug)]
pub(super) enum Unread {
    /// The connection broke.
    Broken(kube::Error),
    /// It is larger than [`LARGEST`]. No more was read.
    TooLarge,
}

/// What is said of a body that is [too large](Unread::TooLarge).
pub(super) fn too_large() -> String {
    format!("it is larger than {} MB", LARGEST / (1024 * 1024))
}

/// Reads a body to its end.
pub(super) async fn whole(mut body: Body) -> Result<Vec<u8>, Unread> {
    let mut read = Vec::new();
    while let Some(piece) = next(&mut body).await? {
        if read.len() + piece.len() > LARGEST {
            return Err(Unread::TooLarge);
        }
        read.extend_from_slice(&piece);
    }
    Ok(read)
}

async fn next(body: &mut Body) -> Result<Option<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>>, Unread> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// A body line by line.
pub(super) struct Lines {
    body: Body,
    read: Vec<u8>,
    /// How much of `read` is known to hold no end of a line.
    searched: usize,
}

impl Lines {
    pub(super) fn of(body: Body) -> Self {
        Self {
            body,
            read: Vec::new(),
            searched: 0,
        }
    }

    /// The next line; `None` at the end. What comes after the last end of a line is no line.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, Unread> {
        loop {
            let end = self.read[self.searched..].iter().position(|byte| *byte == b'\n');
            if let Some(end) = end {
                let rest = self.read.split_off(self.searched + end + 1);
                self.searched = 0;
                return Ok(Some(std::mem::replace(&mut self.read, rest)));
            }
            self.searched = self.read.len();
            let Some(piece) = next(&mut self.body).await? else {
                return Ok(None);
            };
            if self.read.len() + piece.len() > LARGEST {
                return Err(Unread::TooLarge);
            }
            self.read.extend_from_slice(&piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_told_apart() {
        let mut lines = Lines::of(Body::from(b"a\n\nbc\nrest".to_vec()));
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(found, ["a\n", "\n", "bc\n"]);
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let body = || Body::from(vec![b' '; LARGEST + 1]);
        assert!(matches!(whole(body()).await, Err(Unread::TooLarge)));
        assert!(matches!(Lines::of(body()).next().await, Err(Unread::TooLarge)));
        assert_eq!(whole(Body::from(vec![b' '; LARGEST])).await.unwrap().len(), LARGEST);
    }
}
