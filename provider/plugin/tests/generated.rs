//! The committed Rust in `src/generated/` is what `proto/` says.

use std::path::{Path, PathBuf};

const REFRESH: &str = "UPDATE=1 cargo test -p terraform-plugin --test generated";

#[test]
fn committed_code_matches_the_protos() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().expect("temporary folder");
    generate(&root.join("proto"), fresh.path());

    for path in files(fresh.path()) {
        let name = path.file_name().expect("file name");
        let committed = root.join("src/generated").join(name);
        let code = std::fs::read_to_string(&path).expect("generated file");
        let wanted = format!("// Generated from proto/ by `{REFRESH}`. Do not edit.\n{code}");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&committed, &wanted).expect("writable source folder");
        }
        let found = std::fs::read_to_string(&committed).unwrap_or_default();
        if let Some(difference) = first_difference(&found, &wanted) {
            panic!(
                "{} is stale at {difference}\nRefresh it: {REFRESH}",
                committed.display()
            );
        }
    }
}

/// Compiles every file of `protos` into one Rust file per package in `out`.
fn generate(protos: &Path, out: &Path) {
    let descriptors = protox::compile(files(protos), [protos]).expect("valid protos");
    let mut prost = prost_build::Config::new();
    // Ordered maps: the same provider always sends the same bytes.
    prost.btree_map(["."]);
    tonic_prost_build::configure()
        .out_dir(out)
        .build_transport(false)
        .client_mod_attribute(".", "#[cfg(feature = \"client\")]")
        .compile_fds_with_config(descriptors, prost)
        .expect("generated code");
}

/// The files of a folder, in order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("readable folder")
        .map(|entry| entry.expect("folder entry").path())
        .collect();
    files.sort();
    files
}

/// The first line at which two texts part.
fn first_difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let same = found
        .lines()
        .zip(wanted.lines())
        .take_while(|(found, wanted)| found == wanted);
    let line = same.count();
    let text = |code: &str| code.lines().nth(line).unwrap_or("(end of file)").to_owned();
    Some(format!(
        "line {}\n  committed: {}\n  generated: {}",
        line + 1,
        text(found),
        text(wanted)
    ))
}
