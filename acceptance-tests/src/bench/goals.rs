//! What the provider is to reach.

use std::time::Duration;

use super::table;

/// Start-up to handshake, median.
pub const HANDSHAKE: Duration = Duration::from_millis(5);
/// Size of the release binary, in bytes.
pub const BINARY: u64 = 10_000_000;
/// Peak memory of any process of the provider at the largest number of objects, in bytes.
pub const MEMORY: u64 = 30_000_000;
/// A plan that finds everything as it is, in plans of the provider that does nothing.
pub const PLAN_RATIO: f64 = 1.5;
/// Requests for each deployment that is as it was.
pub const REQUESTS: f64 = 1.0;

/// One goal, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// What was found, in words.
    pub found: String,
    /// What it should be at most, in words.
    pub limit: String,
    /// Whether it is.
    pub met: bool,
    /// Whether a busy or slow machine may be why it is not.
    pub depends_on_machine: bool,
}

/// What goals are about.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Start-up to handshake, median.
    pub handshake: Duration,
    /// Size of the release binary, in bytes.
    pub binary: u64,
    /// Peak memory, in bytes.
    pub memory: u64,
    /// How many objects the next figures are about.
    pub objects: usize,
    /// Plans of unchanged objects, in plans of the provider that does nothing.
    pub plan_ratio: f64,
    /// Requests of a plan of unchanged objects.
    pub requests: usize,
}

impl Figures {
    /// How each goal stands.
    pub fn goals(&self) -> [Goal; 5] {
        let objects = self.objects;
        let each = self.requests as f64 / objects.max(1) as f64;
        [
            Goal {
                found: format!("start-up to handshake takes {}", table::milliseconds(self.handshake)),
                limit: table::milliseconds(HANDSHAKE),
                met: self.handshake <= HANDSHAKE,
                depends_on_machine: true,
            },
            Goal {
                found: format!(
                    "a plan of {objects} unchanged takes {} that of the do-nothing provider",
                    table::ratio(self.plan_ratio)
                ),
                limit: table::ratio(PLAN_RATIO),
                met: self.plan_ratio <= PLAN_RATIO,
                depends_on_machine: true,
            },
            Goal {
                found: format!("the release binary has {}", table::megabytes(self.binary)),
                limit: table::megabytes(BINARY),
                met: self.binary <= BINARY,
                depends_on_machine: false,
            },
            Goal {
                found: format!(
                    "the provider holds {} at its peak with {objects} deployments",
                    table::megabytes(self.memory)
                ),
                limit: table::megabytes(MEMORY),
                met: self.memory <= MEMORY,
                depends_on_machine: false,
            },
            Goal {
                found: format!("a plan sends {each:.2} requests for each unchanged deployment"),
                limit: format!("{REQUESTS:.2}"),
                met: each <= REQUESTS,
                depends_on_machine: false,
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_up_to_its_limit() {
        let within = Figures {
            handshake: HANDSHAKE,
            binary: BINARY,
            memory: MEMORY,
            objects: 200,
            plan_ratio: PLAN_RATIO,
            requests: 200,
        };
        assert!(within.goals().iter().all(|goal| goal.met));
        let beyond = Figures {
            handshake: HANDSHAKE * 2,
            binary: BINARY + 1,
            memory: MEMORY + 1,
            objects: 200,
            plan_ratio: 1.6,
            requests: 201,
        };
        assert!(beyond.goals().iter().all(|goal| !goal.met));
        let requests = &beyond.goals()[4];
        assert_eq!(
            requests.found,
            "a plan sends 1.00 requests for each unchanged deployment"
        );
    }
}
