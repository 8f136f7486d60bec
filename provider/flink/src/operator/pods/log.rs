//! The last words of a container that crashed. Flink writes the reason of a bad start into its log, and nowhere else: a
//! class that is not in the jar, a program that throws, a missing right.

use http::Method;

use super::Pod;
use crate::kubernetes::request::{About, Ask, Retry, segment};
use crate::kubernetes::{Cluster, KubernetesError};

/// How much of the end of a log is read: a Java stack with its causes, and some lines before it.
const LINES: &str = "200";
const BYTES: &str = "65536";

/// What one container said before it crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastWords {
    /// Name of the pod.
    pub pod: String,
    /// Name of the container.
    pub container: String,
    /// The exception that ended it, in one line; else the last line.
    pub words: String,
}

/// The last words of the first container that has crashed; `None` where none has, or it said nothing.
///
/// # Errors
/// Where the log cannot be read; a role may well not allow it.
pub(in crate::operator) async fn last_words(
    cluster: &Cluster,
    namespace: &str,
    pods: &[Pod],
) -> Result<Option<LastWords>, KubernetesError> {
    let crashed = pods.iter().find_map(|pod| {
        let container = pod.containers().find(|container| container.ended().is_some())?;
        Some((pod.name(), container.name(), container.has_ended_before()))
    });
    let Some((pod, container, before)) = crashed else {
        return Ok(None);
    };
    let about = About {
        verb: "get",
        resource: "pods/log",
        namespace,
        name: pod,
    };
    let path = format!("/api/v1/namespaces/{}/pods/{}/log", segment(namespace), segment(pod));
    let mut ask =
        Ask::new(Method::GET, path).query(&[("container", container), ("tailLines", LINES), ("limitBytes", BYTES)]);
    if before {
        ask = ask.query(&[("previous", "true")]);
    }
    let answer = cluster.send(ask, Retry::Busy).await;
    let answer = answer.map_err(|error| error.into_error(cluster, &about))?;
    if !answer.status.is_success() {
        return Err(KubernetesError::of_answer(&answer, cluster, &about));
    }
    Ok(telling(&String::from_utf8_lossy(&answer.body)).map(|words| LastWords {
        pod: pod.to_owned(),
        container: container.to_owned(),
        words: words.to_owned(),
    }))
}

/// The line of a log that says why it ended: the innermost cause of the last Java stack, else the last exception, else the
/// last line.
fn telling(log: &str) -> Option<&str> {
    let lines = || log.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let cause = lines().find_map(|line| line.strip_prefix("Caused by: "));
    let exception = || lines().find(|line| is_exception(line));
    cause.or_else(exception).or_else(|| lines().next())
}

/// Whether a line is the head of a Java stack: `java.io.IOException: disk full`.
fn is_exception(line: &str) -> bool {
    let class = line.split(": ").next().unwrap_or_default();
    let is_name = class.contains('.')
        && class
            .chars()
            .all(|letter| letter.is_alphanumeric() || "._$".contains(letter));
    is_name && (class.ends_with("Exception") || class.ends_with("Error"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells() {
        let stack = "2026-01-01 00:00:00,000 ERROR a.ClusterEntrypoint [] - Could not create application program.\n\
                     org.apache.flink.util.FlinkException: Could not load the provided entrypoint class.\n\
                     \tat a.b(C.java:1)\n\
                     Caused by: a.ProgramInvocationException: The program's entry point class 'x.Y' was not found.\n\
                     \t... 4 more\n\
                     Caused by: java.lang.ClassNotFoundException: x.Y\n\
                     \tat java.base/java.lang.Class.forName0(Native Method)\n\
                     \t... 6 more\n";
        for (log, expected) in [
            (stack, Some("java.lang.ClassNotFoundException: x.Y")),
            (
                "INFO a: starting\njava.lang.OutOfMemoryError: Java heap space\n\tat a.b\nINFO a: bye\n",
                Some("java.lang.OutOfMemoryError: Java heap space"),
            ),
            (
                "/docker-entrypoint.sh: line 1: exec: java: not found\n\n",
                Some("/docker-entrypoint.sh: line 1: exec: java: not found"),
            ),
            ("\n", None),
            ("", None),
        ] {
            assert_eq!(telling(log), expected, "{log}");
        }
    }
}
