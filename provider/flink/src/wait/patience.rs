//! How long a trouble may last, and how long a state must rest: the part of waiting that knows time but
//! no cluster.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Progress;

/// A cause that has been away for longer than this is a new one when it comes back.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// What to do after a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The wait is over: ready.
    Ready,
    /// The wait is over: waiting cannot mend it.
    Failed(String),
    /// The wait goes on.
    Wait {
        /// What is missing.
        why: String,
        /// When to judge again although nothing has changed.
        wake: Option<Instant>,
    },
}

/// What was seen before, as far as it decides how long the present state may last.
#[derive(Debug, Default)]
pub struct Patience {
    /// When each cause of trouble was first and last seen.
    troubles: HashMap<String, (Instant, Instant)>,
    /// The trouble of the last look, which has lasted until now.
    trouble: Option<String>,
    settling_since: Option<Instant>,
}

impl Patience {
    /// Weighs one look. `changed`: whether the object is another than at the last look.
    pub fn consider(&mut self, progress: Progress, changed: bool, now: Instant) -> Verdict {
        // The trouble of the last look has lasted up to this one.
        if let Some((_, last)) = self.trouble.take().and_then(|trouble| self.troubles.get_mut(&trouble)) {
            *last = now;
        }
        self.troubles
            .retain(|_, (_, last)| now.duration_since(*last) <= FORGET_AFTER);
        if changed || !matches!(progress, Progress::Settling { .. }) {
            self.settling_since = None;
        }
        match progress {
            Progress::Ready => Verdict::Ready,
            Progress::Failed(reason) => Verdict::Failed(reason),
            Progress::Waiting(why) => Verdict::Wait { why, wake: None },
            Progress::Settling { why, still } => {
                let since = *self.settling_since.get_or_insert(now);
                if now.duration_since(since) >= still {
                    return Verdict::Ready;
                }
                Verdict::Wait {
                    why,
                    wake: Some(since + still),
                }
            }
            Progress::Failing { why, cause, grace } => {
                let (first, last) = self.troubles.entry(cause.clone()).or_insert((now, now));
                *last = now;
                let first = *first;
                self.trouble = Some(cause);
                if now.duration_since(first) >= grace {
                    return Verdict::Failed(why);
                }
                Verdict::Wait {
                    why,
                    wake: Some(first + grace),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(cause: &str) -> Progress {
        Progress::Failing {
            why: format!("{cause} it is"),
            cause: cause.into(),
            grace: Duration::from_secs(120),
        }
    }

    /// Whether each look, at its second, ends the wait.
    fn run(looks: &[(u64, Progress)]) -> Vec<bool> {
        let start = Instant::now();
        let mut patience = Patience::default();
        looks
            .iter()
            .map(|(second, look)| {
                let verdict = patience.consider(look.clone(), true, start + Duration::from_secs(*second));
                matches!(verdict, Verdict::Failed(_))
            })
            .collect()
    }

    #[test]
    fn a_trouble_that_swings_counts_from_its_beginning() {
        let looks = [
            (0, failing("crash")),
            (30, Progress::waiting("starting")),
            (60, failing("crash")),
            (90, Progress::waiting("starting")),
            (121, failing("crash")),
        ];
        assert_eq!(run(&looks), [false, false, false, false, true]);
    }

    #[test]
    fn a_trouble_that_heals_is_forgotten() {
        let looks = [
            (0, failing("mount")),
            (10, Progress::waiting("starting")),
            (125, failing("mount")),
            (130, Progress::waiting("starting")),
        ];
        assert_eq!(run(&looks), [false; 4]);
    }

    #[test]
    fn a_trouble_that_stays_lasts_although_nobody_looks() {
        let looks = [(0, failing("image")), (119, failing("image")), (120, failing("image"))];
        assert_eq!(run(&looks), [false, false, true]);
        // It was there until second 100, and is back within a minute.
        let looks = [
            (0, failing("image")),
            (100, Progress::waiting("starting")),
            (150, failing("image")),
        ];
        assert_eq!(run(&looks), [false, false, true]);
    }

    #[test]
    fn another_trouble_has_its_own_time() {
        let looks = [
            (0, failing("mount")),
            (100, failing("crash")),
            (130, failing("crash")),
            (220, failing("crash")),
        ];
        assert_eq!(run(&looks), [false, false, false, true]);
    }

    #[test]
    fn settling_needs_stillness() {
        let start = Instant::now();
        let settling = Progress::Settling {
            why: "resting".into(),
            still: Duration::from_secs(2),
        };
        let at = |second| start + Duration::from_secs(second);
        let mut patience = Patience::default();
        assert!(
            matches!(patience.consider(settling.clone(), true, at(0)), Verdict::Wait { wake, .. } if wake == Some(at(2)))
        );
        assert!(
            matches!(patience.consider(settling.clone(), true, at(1)), Verdict::Wait { wake, .. } if wake == Some(at(3)))
        );
        assert_eq!(patience.consider(settling, false, at(3)), Verdict::Ready);
    }
}
