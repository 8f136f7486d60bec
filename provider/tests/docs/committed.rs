//! Files that are committed and made from the code.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A committed file.
pub struct Committed(PathBuf, String);

impl Committed {
    /// The file at this path from the root of the checkout.
    pub fn at(path: &str) -> Self {
        Self(root().join(path), path.to_owned())
    }

    /// Checks that the file is this text, or writes it where `UPDATE` is set.
    pub fn is(&self, text: &str) {
        let Self(file, path) = self;
        let committed = fs::read_to_string(file).unwrap_or_default();
        if committed != text && std::env::var_os("UPDATE").is_some() {
            let written = file
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(file, text));
            return assert!(written.is_ok(), "{path}: {written:?}");
        }
        assert!(
            committed == text,
            "{path} is not what the code says. Refresh it with\n  UPDATE=1 cargo test -p terraform-provider-flink --test docs\n\n{}",
            difference(&committed, text)
        );
    }
}

/// The lines that differ, between what both begin and end with.
fn difference(committed: &str, text: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), text.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same;
    let end = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(|(old, new)| old == new)
        .count();
    let mut shown = format!("@@ line {} @@\n", same + 1);
    for (mark, lines) in [('-', &old), ('+', &new)] {
        for line in lines.get(same..lines.len() - end).unwrap_or_default().iter().take(40) {
            shown.push_str(&format!("{mark}{line}\n"));
        }
    }
    shown
}
