//! Several measurements of the same thing.

use std::time::Duration;

/// Measurements of the same thing, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// The time that half of the measurements do not exceed; zero without measurements.
    pub fn median(&self) -> Duration {
        self.quantile(50)
    }

    /// The time that so many of a hundred measurements do not exceed.
    pub fn quantile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The longest.
    pub fn longest(&self) -> Duration {
        self.0.last().copied().unwrap_or_default()
    }

    /// The shortest.
    pub fn shortest(&self) -> Duration {
        self.0.first().copied().unwrap_or_default()
    }

    /// How often the median of `floor` fits into this one.
    pub fn ratio(&self, floor: &Self) -> f64 {
        self.median().as_secs_f64() / floor.median().as_secs_f64()
    }
}

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(measurements: I) -> Self {
        let mut sorted: Vec<Duration> = measurements.into_iter().collect();
        sorted.sort_unstable();
        Self(sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(milliseconds: &[u64]) -> Sample {
        milliseconds.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn quantiles_are_measurements_themselves() {
        let cases: [(&[u64], usize, u64); 8] = [
            (&[], 50, 0),
            (&[7], 50, 7),
            (&[7], 95, 7),
            (&[3, 1, 2], 50, 2),
            (&[4, 3, 2, 1], 50, 2),
            (&[4, 3, 2, 1], 95, 4),
            (&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 90, 9),
            (&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0, 1),
        ];
        for (measurements, percent, wanted) in cases {
            let found = sample(measurements).quantile(percent);
            assert_eq!(found, Duration::from_millis(wanted), "{percent} % of {measurements:?}");
        }
    }

    #[test]
    fn a_ratio_is_that_of_the_medians() {
        let ratio = sample(&[30, 10, 1000]).ratio(&sample(&[20, 20, 1]));
        assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
    }
}
