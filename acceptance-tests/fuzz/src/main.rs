//! Everything that reads what others wrote, fed with mutations of what they really write. `make fuzz` runs it.
//!
//! One binary holds all targets, so that it is linked once: `FUZZ_TARGET` says which of them libFuzzer drives. With
//! `FUZZ_SEEDS=folder` it writes the inputs to begin with there, one folder for each target, and ends.
#![no_main]

mod answers;
mod objects;
mod seeds;
mod values;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// What reads an input. It may refuse it; it must not panic, hang or use memory without bounds.
type Target = fn(&[u8]);

/// All of them, by name.
const TARGETS: [(&str, Target); 8] = [
    ("msgpack", values::msgpack),
    ("json_state", values::json_state),
    ("kubeconfig", answers::kubeconfig),
    ("kubernetes_answer", answers::kubernetes),
    ("rest_answer", answers::rest),
    ("status", objects::status),
    ("error_json", objects::error_json),
    ("pod_template", objects::pod_template),
];

fn chosen() -> Target {
    static CHOSEN: OnceLock<Target> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(known, _)| *known == name);
        let names = TARGETS.map(|(known, _)| known).join(", ");
        found
            .unwrap_or_else(|| panic!("FUZZ_TARGET is `{name}`, and there are {names}"))
            .1
    })
}

/// Writes the seeds and ends, where that is asked for. Later, libFuzzer takes any end of the process for a finding.
fn write_seeds() {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS") else {
        return;
    };
    let written = seeds::write(folder.as_ref());
    if let Err(error) = &written {
        eprintln!("the seeds cannot be written: {error:#}");
    }
    std::process::exit(i32::from(written.is_err()));
}

fuzz_target!(init: write_seeds(), |input: &[u8]| chosen()(input));
