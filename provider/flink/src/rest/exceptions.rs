//! What made a job fail or restart.

use serde::Deserialize;

use super::sentence;

/// What made a job fail or restart.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Exceptions {
    #[serde(rename = "exceptionHistory")]
    history: History,
    /// The root exception of Flink 1, where there is no history.
    #[serde(rename = "root-exception")]
    root: Option<String>,
    /// When that happened.
    timestamp: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct History {
    entries: Vec<JobException>,
}

/// One exception of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct JobException {
    /// Java class.
    pub exception_name: String,
    /// The stack, with all causes.
    pub stacktrace: String,
    /// When it happened: milliseconds since 1970.
    pub timestamp: i64,
    /// The task it happened in, where it was one.
    pub task_name: Option<String>,
    /// Where that task ran: `host:port`.
    pub endpoint: Option<String>,
    /// The TaskManager that the task ran on.
    pub task_manager_id: Option<String>,
}

impl Exceptions {
    /// The newest exception.
    pub fn newest(&self) -> Option<JobException> {
        self.newest_first().into_iter().next()
    }

    /// All of them that the JobManager remembers (`web.exception-history-size`, 16), newest first.
    pub fn newest_first(&self) -> Vec<JobException> {
        let mut all = self.history.entries.clone();
        all.sort_by_key(|exception| std::cmp::Reverse(exception.timestamp));
        if all.is_empty()
            && let Some(stacktrace) = self.root.clone().filter(|root| !root.is_empty())
        {
            let exception_name = stacktrace.split([':', '\n']).next().unwrap_or_default().to_owned();
            all.push(JobException {
                exception_name,
                stacktrace,
                timestamp: self.timestamp.unwrap_or_default(),
                ..JobException::default()
            });
        }
        all
    }
}

impl JobException {
    /// The innermost cause: mostly the one that names what is wrong. Without a stack.
    pub fn root_cause(&self) -> &str {
        let innermost = self
            .stacktrace
            .lines()
            .rev()
            .find_map(|line| line.trim().strip_prefix("Caused by: "));
        let first = self.stacktrace.lines().next().unwrap_or(&self.exception_name);
        innermost.unwrap_or(first).trim()
    }

    /// What it says, with its innermost cause, in one sentence.
    pub fn message(&self) -> String {
        sentence::of(if self.stacktrace.is_empty() {
            &self.exception_name
        } else {
            &self.stacktrace
        })
    }
}
