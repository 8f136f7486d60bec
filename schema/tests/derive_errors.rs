//! What the compiler says about mistakes in a model. `TRYBUILD=overwrite` writes the `.stderr` files anew.

use std::process::Command;

/// The compiler whose words the `.stderr` files hold; each version says some things differently.
const WRITTEN_WITH: &str = "rustc 1.95.";

#[test]
fn mistakes_are_said_where_they_are() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if !version.starts_with(WRITTEN_WITH) {
        eprintln!("passed over: the expected messages are those of {WRITTEN_WITH}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
