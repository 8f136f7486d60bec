//! What a test wants to know that no status tells: which jobs were started from what, and which savepoints were taken, in
//! their order. Told in events, and only where the switch `journal` asks for it: a real operator has no such events.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::world::{Event, Restore};

/// Reason of the events.
pub const REASON: &str = "SandboxJournal";

/// One event, in its message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened, in milliseconds since the epoch.
    pub at: i64,
    /// What happened.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Happened {
    /// A job, or a session cluster, was started.
    Started {
        /// Where its state is from.
        from: Origin,
    },
    /// A savepoint was taken, and the job ended with it.
    Stopped {
        /// Where the savepoint is.
        savepoint: String,
    },
    /// A savepoint or checkpoint was asked for beside the job.
    Triggered,
}

/// Where the state of a job is from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It has none.
    Nothing,
    /// From a savepoint or a retained checkpoint.
    Path(String),
    /// From the last checkpoint, as high availability remembers it.
    LastState,
}

impl From<&Restore> for Origin {
    fn from(restore: &Restore) -> Self {
        match restore {
            Restore::Nothing => Self::Nothing,
            Restore::From(path) => Self::Path(path.clone()),
            Restore::LastState => Self::LastState,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Path(path) => f.write_str(path),
            Self::LastState => f.write_str("the last checkpoint"),
        }
    }
}

impl Entry {
    /// The entry that an event's message holds, if it is one of ours.
    pub fn of(reason: &str, message: &str) -> Option<Self> {
        (reason == REASON).then(|| serde_json::from_str(message).ok()).flatten()
    }

    /// The event that tells of it.
    pub(super) fn event(&self) -> Event {
        Event {
            warning: false,
            reason: REASON.to_owned(),
            message: serde_json::to_string(self).unwrap_or_default(),
            component: "Sandbox",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_again_in_its_event() {
        let entries = [
            Happened::Started {
                from: Origin::from(&Restore::From("s3://a/b".to_owned())),
            },
            Happened::Started {
                from: Origin::from(&Restore::LastState),
            },
            Happened::Stopped {
                savepoint: "s3://a/c".to_owned(),
            },
            Happened::Triggered,
        ];
        for what in entries {
            let entry = Entry { at: 5, what };
            let event = entry.event();
            assert_eq!(Entry::of(&event.reason, &event.message), Some(entry));
            assert_eq!(Entry::of("Submit", &event.message), None);
        }
    }
}
