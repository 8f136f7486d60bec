//! Where something goes wrong, and what.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail};

use super::lane::{Kind, Step};

/// One fault at one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The configuration.
    pub kind: Kind,
    /// What is being done.
    pub step: Step,
    /// Whether the request is one of the refresh and the plan, or of the apply.
    pub stage: Stage,
    /// Which request of the stage, from 0.
    pub request: usize,
    /// What goes wrong.
    pub fault: Fault,
}

/// The part of a command that a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The refresh, and the plan.
    Plan,
    /// What was planned is done.
    Apply,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What happens to the request.
    pub what: What,
    /// Whether it happens before the request reaches the server, or after it was carried out.
    pub phase: Phase,
    /// For how long.
    pub length: Length,
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The connection ends without any answer.
    Reset,
    /// The connection ends in the middle of the answer.
    Cut,
    /// The answer is late.
    Delay,
    /// The answer comes in small pieces.
    Slow,
    /// Another answer: this status, as the API server words it.
    Status(u16),
    /// The watch ends before it has told anything.
    WatchClosed,
    /// Somebody else deletes the object just before.
    Deleted,
    /// Somebody else changes the object just before.
    Changed,
    /// The process of the provider is killed.
    KillProvider,
    /// The process of Terraform is killed.
    KillTerraform,
    /// The API server is restarted: connections end, and for some seconds nobody listens.
    Restart,
}

/// When it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The request does not reach the server.
    Before,
    /// The request was carried out; its answer is lost.
    After,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    /// For this request only.
    Once,
    /// For all requests of the lane, for longer than single requests are repeated.
    Lasting,
}

/// What is known of a request for choosing faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// In which part of the command.
    pub stage: Stage,
    /// Method and path, without the namespace: `GET flinkdeployments/orders`.
    pub line: String,
    /// Whether it is a watch.
    pub watch: bool,
}

/// How a fault is brought about: what affects all lanes of a command cannot be mixed with what affects one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// In the proxy, for one lane.
    Request,
    /// The provider is killed.
    KillProvider,
    /// Terraform is killed.
    KillTerraform,
    /// The API server is restarted.
    Restart,
}

impl What {
    /// How it is brought about.
    pub fn mode(self) -> Mode {
        match self {
            Self::KillProvider => Mode::KillProvider,
            Self::KillTerraform => Mode::KillTerraform,
            Self::Restart => Mode::Restart,
            Self::Reset
            | Self::Cut
            | Self::Delay
            | Self::Slow
            | Self::Status(_)
            | Self::WatchClosed
            | Self::Deleted
            | Self::Changed => Mode::Request,
        }
    }

    /// Whether somebody else is at work.
    pub fn is_meddling(self) -> bool {
        matches!(self, Self::Deleted | Self::Changed)
    }
}

impl Fault {
    /// Everything that can go wrong at a request of a lane.
    pub fn at(request: &Request, kind: Kind) -> Vec<Self> {
        use Length::{Lasting, Once};
        use Phase::{After, Before};
        let mut faults: Vec<(What, Phase, Length)> = vec![
            (What::Reset, Before, Once),
            (What::Reset, Before, Lasting),
            (What::Delay, Before, Once),
            (What::Status(401), Before, Once),
            (What::Status(401), Before, Lasting),
            (What::Status(409), Before, Once),
            (What::Status(409), Before, Lasting),
            (What::Status(410), Before, Once),
            (What::Status(429), Before, Once),
            (What::Status(429), Before, Lasting),
            (What::Status(500), Before, Once),
            (What::Status(500), Before, Lasting),
            (What::Status(503), Before, Once),
            (What::Status(503), Before, Lasting),
            (What::KillProvider, Before, Once),
            (What::KillTerraform, Before, Once),
            (What::Restart, Before, Once),
        ];
        if request.watch {
            faults.push((What::WatchClosed, Before, Once));
        } else {
            faults.extend([
                (What::Reset, After, Once),
                (What::Cut, After, Once),
                (What::Slow, After, Once),
                (What::Status(409), After, Once),
                (What::Status(500), After, Once),
                (What::Status(503), After, Once),
                (What::KillProvider, After, Once),
                (What::KillTerraform, After, Once),
                (What::Restart, After, Once),
            ]);
        }
        if kind != Kind::AtUrl {
            faults.extend([(What::Deleted, Before, Once), (What::Changed, Before, Once)]);
        }
        let fault = |(what, phase, length)| Self { what, phase, length };
        faults.into_iter().map(fault).collect()
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("reset"),
            Self::Cut => f.write_str("cut"),
            Self::Delay => f.write_str("delay"),
            Self::Slow => f.write_str("slow"),
            Self::Status(code) => write!(f, "{code}"),
            Self::WatchClosed => f.write_str("watch-closed"),
            Self::Deleted => f.write_str("deleted"),
            Self::Changed => f.write_str("changed"),
            Self::KillProvider => f.write_str("kill-provider"),
            Self::KillTerraform => f.write_str("kill-terraform"),
            Self::Restart => f.write_str("restart"),
        }
    }
}

impl FromStr for What {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "reset" => Self::Reset,
            "cut" => Self::Cut,
            "delay" => Self::Delay,
            "slow" => Self::Slow,
            "watch-closed" => Self::WatchClosed,
            "deleted" => Self::Deleted,
            "changed" => Self::Changed,
            "kill-provider" => Self::KillProvider,
            "kill-terraform" => Self::KillTerraform,
            "restart" => Self::Restart,
            code => Self::Status(code.parse().with_context(|| format!("`{code}` is no fault"))?),
        })
    }
}

impl fmt::Display for Point {
    /// As it is named on the command line: `stateful/update/apply/3/cut/after/once`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::Plan => "plan",
            Stage::Apply => "apply",
        };
        let Fault { what, phase, length } = self.fault;
        let phase = match phase {
            Phase::Before => "before",
            Phase::After => "after",
        };
        let length = match length {
            Length::Once => "once",
            Length::Lasting => "lasting",
        };
        let (kind, step, request) = (self.kind, self.step, self.request);
        write!(f, "{kind}/{step}/{stage}/{request}/{what}/{phase}/{length}")
    }
}

impl FromStr for Point {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let &[kind, step, stage, request, what, phase, length] = parts.as_slice() else {
            bail!("`{text}` is no point, such as `stateful/update/apply/3/cut/after/once`");
        };
        Ok(Self {
            kind: kind.parse()?,
            step: step.parse()?,
            stage: match stage {
                "plan" => Stage::Plan,
                "apply" => Stage::Apply,
                other => bail!("`{other}` is neither `plan` nor `apply`"),
            },
            request: request
                .parse()
                .with_context(|| format!("`{request}` is no number of a request"))?,
            fault: Fault {
                what: what.parse()?,
                phase: match phase {
                    "before" => Phase::Before,
                    "after" => Phase::After,
                    other => bail!("`{other}` is neither `before` nor `after`"),
                },
                length: match length {
                    "once" => Length::Once,
                    "lasting" => Length::Lasting,
                    other => bail!("`{other}` is neither `once` nor `lasting`"),
                },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_found_again_by_its_name() {
        for watch in [false, true] {
            let request = Request {
                stage: Stage::Apply,
                line: "GET flinkdeployments".to_owned(),
                watch,
            };
            let faults = Fault::at(&request, Kind::Stateful);
            assert!(faults.len() > 15, "{faults:?}");
            for fault in faults {
                for (kind, step) in Kind::ALL.iter().zip(Step::ALL.iter().cycle()) {
                    let point = Point {
                        kind: *kind,
                        step: *step,
                        stage: Stage::Plan,
                        request: 3,
                        fault,
                    };
                    assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
                }
            }
        }
        for wrong in [
            "",
            "stateful",
            "stateful/update/apply/x/cut/after/once",
            "nobody/update/apply/1/cut/after/once",
        ] {
            assert!(wrong.parse::<Point>().is_err(), "{wrong}");
        }
    }
}
