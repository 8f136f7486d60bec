//! What is said about mistakes in a model. `TRYBUILD=overwrite` writes the `.stderr` files anew.
//!
//! The words of `ui/` are the derive's, so that every compiler says the same. Those of `ui/rustc/` are the compiler's:
//! what is wrong with a type that has no implementation only the compiler sees.

#[path = "derive/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use words::words;

/// The compiler whose words the files in `ui/rustc` hold; each version says some things differently.
const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn mistakes_are_said_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if version.starts_with(WRITTEN_WITH) {
        cases.compile_fail("tests/ui/rustc/*.rs");
    } else {
        eprintln!("tests/ui/rustc is passed over: it holds the words of {WRITTEN_WITH}x, and this is {version}");
    }
}

/// What the files of `ui/` say that the compiler says.
fn said() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let entries = fs::read_dir(folder).expect("the folder of cases").flatten();
    let files = entries.map(|entry| entry.path());
    let files: Vec<PathBuf> = files
        .filter(|file| file.extension().is_some_and(|end| end == "stderr"))
        .collect();
    assert!(files.len() > 5, "{files:?}");
    let text: String = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("an expected text"))
        .collect();
    let errors = text.lines().filter_map(|line| line.strip_prefix("error: "));
    errors.map(str::to_owned).collect()
}

#[test]
fn every_mistake_that_the_derive_knows_has_a_case() {
    let (known, said) = (words("derive/src/mistake.rs"), said());
    assert!(known.len() > 30, "the list of mistakes was not found");
    for words in &known {
        assert!(
            said.iter().any(|message| words.are(message)),
            "`Mistake::{}` has no case in tests/ui",
            words.variant
        );
    }
    for message in &said {
        assert!(
            known.iter().any(|words| words.are(message)),
            "not among the mistakes of the derive: {message}"
        );
    }
}
