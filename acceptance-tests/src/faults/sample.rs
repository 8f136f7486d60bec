//! Which points are tried together, drawn by a seed.

use std::collections::BTreeMap;

use super::chain::{Clean, Turn};
use super::lane::{Kind, Step};
use super::point::{Fault, Mode, Point, Stage};

/// The points that have not been drawn yet, in a random order.
#[derive(Debug)]
pub struct Pool {
    points: BTreeMap<(Step, Mode, Stage, Kind), Vec<Point>>,
    /// Which turn is next in each step.
    next: usize,
}

/// What is tried in the steps of one chain after another: mostly requests, and never two modes at once.
const TURNS: [(Mode, Stage); 8] = [
    (Mode::Request, Stage::Apply),
    (Mode::KillProvider, Stage::Apply),
    (Mode::Request, Stage::Apply),
    (Mode::KillTerraform, Stage::Apply),
    (Mode::Request, Stage::Plan),
    (Mode::Request, Stage::Apply),
    (Mode::Restart, Stage::Apply),
    (Mode::KillProvider, Stage::Plan),
];

impl Pool {
    /// All points of a run without faults.
    pub fn new(clean: &Clean, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut points: BTreeMap<_, Vec<Point>> = BTreeMap::new();
        for ((kind, step), (requests, _)) in clean {
            for stage in [Stage::Plan, Stage::Apply] {
                let of_stage = requests.iter().filter(|request| request.stage == stage);
                for (number, request) in of_stage.enumerate() {
                    for fault in Fault::at(request, *kind) {
                        let key = (*step, fault.what.mode(), stage, *kind);
                        points.entry(key).or_default().push(Point {
                            kind: *kind,
                            step: *step,
                            stage,
                            request: number,
                            fault,
                        });
                    }
                }
            }
        }
        for points in points.values_mut() {
            random.shuffle(points);
        }
        Self {
            points,
            next: random.usize(..TURNS.len()),
        }
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.points.values().map(Vec::len).sum()
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the next chain tries: in each step, one point for each of these lanes.
    pub fn draw(&mut self, kinds: &[Kind]) -> Vec<Turn> {
        let turns = Step::ALL.iter().map(|step| {
            let (mode, stage) = self.turn(*step);
            let points = kinds.iter().map(|kind| {
                let key = (*step, mode, stage, *kind);
                self.points.get_mut(&key).and_then(Vec::pop)
            });
            Turn {
                step: *step,
                points: points.collect(),
            }
        });
        let turns: Vec<Turn> = turns.collect();
        turns
    }

    /// What is tried in a step. Nothing is there to be refreshed before it was created.
    fn turn(&mut self, step: Step) -> (Mode, Stage) {
        loop {
            let turn = TURNS[self.next % TURNS.len()];
            self.next += 1;
            let is_there = |(of, mode, stage, _): &(Step, Mode, Stage, Kind)| *of == step && (*mode, *stage) == turn;
            let any = self
                .points
                .iter()
                .any(|(key, points)| is_there(key) && !points.is_empty());
            let left = self
                .points
                .iter()
                .any(|((of, ..), points)| *of == step && !points.is_empty());
            if any || !left {
                return turn;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::faults::point::Request;

    fn clean() -> Clean {
        let request = |stage, watch| Request {
            stage,
            line: "GET flinkdeployments/orders".to_owned(),
            watch,
        };
        let requests = vec![
            request(Stage::Plan, false),
            request(Stage::Apply, false),
            request(Stage::Apply, true),
        ];
        let keys = Kind::ALL
            .iter()
            .flat_map(|kind| Step::ALL.iter().map(move |step| (*kind, *step)));
        keys.map(|key| (key, (requests.clone(), None))).collect()
    }

    #[test]
    fn a_seed_draws_the_same_points_and_each_once() {
        let drawn = |seed| {
            let mut pool = Pool::new(&clean(), seed);
            let mut points = Vec::new();
            for _ in 0..20 {
                for turn in pool.draw(Kind::ALL) {
                    let modes: BTreeSet<_> = turn
                        .points
                        .iter()
                        .flatten()
                        .map(|point| point.fault.what.mode())
                        .collect();
                    assert!(modes.len() <= 1, "{modes:?}");
                    points.extend(turn.points.into_iter().flatten());
                }
            }
            points
        };
        let first = drawn(7);
        assert_eq!(first, drawn(7));
        assert_ne!(first, drawn(8));
        assert!(first.len() > 500, "{}", first.len());
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
    }
}
