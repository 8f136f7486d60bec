//! Where the directories that jobs write to lie on this machine.

use std::path::{Path, PathBuf};

/// The directories of the imaginary node: `file:///flink-data/savepoints` of a `FlinkDeployment` is
/// `<root>/flink-data/savepoints` here. One root serves the whole sandbox, as one disk would.
#[derive(Clone, Debug)]
pub struct Volumes {
    root: PathBuf,
}

impl Volumes {
    /// Directories below `root`, an absolute path without spaces.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where a path inside a container lies here: `/flink-data` gives `<root>/flink-data`.
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    /// Replaces the location `file:/...` or `file:///...` by its place here. Other texts stay.
    pub fn outward(&self, location: &str) -> String {
        let Some(rest) = location.strip_prefix("file:") else {
            return location.to_owned();
        };
        let inside = rest.trim_start_matches('/');
        if inside.len() == rest.len() || Path::new("/").join(inside).starts_with(&self.root) {
            return location.to_owned();
        }
        format!("file://{}", self.path(inside).display())
    }

    /// Replaces every place below the root in `text` by its path inside the containers. This is how
    /// locations that Flink reports are shown: `file:/flink-data/savepoints/savepoint-...`.
    pub fn inward(&self, text: &str) -> String {
        let root = self.root.display().to_string();
        text.replace(&format!("file://{root}/"), "file:///")
            .replace(&format!("file:{root}/"), "file:/")
            .replace(&format!("{root}/"), "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_mapped_out_and_back() {
        let volumes = Volumes::new(Path::new("/state/volumes"));
        let cases = [
            (
                "file:///flink-data/savepoints",
                "file:///state/volumes/flink-data/savepoints",
            ),
            ("file:/flink-data/chk-1", "file:///state/volumes/flink-data/chk-1"),
            ("file:///state/volumes/x", "file:///state/volumes/x"),
            ("s3://bucket/savepoints", "s3://bucket/savepoints"),
            ("filesystem", "filesystem"),
            ("file:", "file:"),
        ];
        for (inside, outside) in cases {
            assert_eq!(volumes.outward(inside), outside, "{inside}");
        }
        let reported = r#"{"location":"file:/state/volumes/flink-data/savepoints/savepoint-1"}"#;
        assert_eq!(
            volumes.inward(reported),
            r#"{"location":"file:/flink-data/savepoints/savepoint-1"}"#
        );
        assert_eq!(
            volumes.inward("file:///state/volumes/a file:///b"),
            "file:///a file:///b"
        );
    }
}
