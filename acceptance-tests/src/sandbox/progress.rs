//! What the sandbox says while one waits for it.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

/// Prints one line for the person who waits. Goes to the real standard error, past the capture of
/// the test harness: a test that waits five minutes for a build should say so.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "sandbox: {line}");
}

/// A duration as people say it: `4.2 s`, `75 s`, `12 min`.
pub fn spoken(duration: Duration) -> String {
    match duration.as_secs() {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

/// A size as people say it: `640 MB`.
pub fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_by_their_size() {
        for (milliseconds, text) in [(40, "0.0 s"), (4_240, "4.2 s"), (75_900, "75 s"), (725_000, "12 min")] {
            assert_eq!(spoken(Duration::from_millis(milliseconds)), text);
        }
    }
}
