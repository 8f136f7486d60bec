//! What a process prints, kept while it runs.

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// The lines of one stream of a process.
pub(super) struct Output {
    lines: watch::Receiver<Vec<String>>,
}

impl Output {
    /// Reads `stream` to its end in the background.
    pub(super) fn collect(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        let (sender, lines) = watch::channel(Vec::new());
        let mut reader = BufReader::new(stream);
        tokio::spawn(async move {
            let mut bytes = Vec::new();
            // Read by bytes: a process may print anything.
            while reader.read_until(b'\n', &mut bytes).await.is_ok_and(|read| read > 0) {
                let line = String::from_utf8_lossy(&bytes)
                    .trim_end_matches(['\r', '\n'])
                    .to_owned();
                sender.send_modify(|lines: &mut Vec<String>| lines.push(line));
                bytes.clear();
            }
        });
        Self { lines }
    }

    /// The lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The first line that `wanted` accepts; nothing if the stream ends without one.
    pub(super) async fn line(&self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let find = |lines: &Vec<String>| lines.iter().find(|line| wanted(line)).cloned();
        let mut lines = self.lines.clone();
        match lines.wait_for(|lines| find(lines).is_some()).await {
            Ok(found) => find(&found),
            Err(_) => find(&self.lines.borrow()),
        }
    }

    /// Everything once the stream has ended.
    pub(super) async fn rest(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        while lines.changed().await.is_ok() {}
        self.lines()
    }
}
