//! Decimal numbers as Terraform knows them: of any size, compared by value, never rounded.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use bigdecimal::num_traits::ToPrimitive;
use bigdecimal::{BigDecimal, Zero};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal number. `0.1`, `0.10` and `1e-1` are equal; nothing is lost between text and value.
#[derive(Clone, Debug, Eq)]
pub struct Number(BigDecimal);

/// Exponents beyond this are refused: nobody means them, and writing such a number out would fill the memory.
const MAX_EXPONENT: i64 = 4096;

/// Longer texts are refused: reading digits takes time that grows with their square.
const MAX_TEXT: usize = 16_384;

/// The text is not a decimal number, its exponent is beyond ±4096, or it is longer than 16,384 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a decimal number that can be represented here")]
pub struct NotANumber(String);

impl Number {
    /// The number as an integer, where it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.is_integer().then(|| self.0.to_i64()).flatten()
    }

    /// The number as a float, where one holds it exactly: its shortest decimal text reads as this number.
    pub fn as_exact_f64(&self) -> Option<f64> {
        let float = self.0.to_f64().filter(|float| float.is_finite())?;
        let back = BigDecimal::from_str(&format!("{float:e}")).ok()?;
        (back == self.0).then_some(float)
    }

    /// The number as a float, where one holds it exactly in binary too: `0.5`, but not `0.1`. Such a float means the
    /// same whether a reader goes by its bits or by its shortest text.
    pub fn as_binary_f64(&self) -> Option<f64> {
        self.as_exact_f64()
            .filter(|float| BigDecimal::try_from(*float).is_ok_and(|exact| exact == self.0))
    }

    /// The nearest float; only for comparisons and messages, never to store.
    pub fn to_f64_lossy(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.0 < BigDecimal::zero()
    }
}

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let refused = || NotANumber(text.chars().take(64).collect());
        // Underscores between digits are Rust's, not Terraform's.
        if text.len() > MAX_TEXT || text.contains('_') {
            return Err(refused());
        }
        let number = BigDecimal::from_str(text).map_err(|_| refused())?.normalized();
        let (_, scale) = number.as_bigint_and_exponent();
        if scale.abs() > MAX_EXPONENT {
            Err(refused())
        } else {
            Ok(Self(number))
        }
    }
}

/// Plain decimal notation, without an exponent and without trailing zeros.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value).normalized())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(BigDecimal::from(value).normalized())
    }
}

impl TryFrom<f64> for Number {
    type Error = NotANumber;

    /// By shortest decimal text, as Terraform compares numbers: `0.1_f64` is `0.1`.
    fn try_from(value: f64) -> Result<Self, NotANumber> {
        format!("{value:e}").parse()
    }
}

/// As a JSON number: an integer, or the double nearest to it. Kubernetes knows no other numbers.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(integer) = self.as_i64() {
            return serializer.serialize_i64(integer);
        }
        match self.as_exact_f64() {
            Some(float) => serializer.serialize_f64(float),
            // Kubernetes numbers are doubles anyway; what none holds goes as the nearest.
            None => serializer.serialize_f64(self.to_f64_lossy()),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        number.to_string().parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_by_value_whatever_the_spelling() {
        for (a, b) in [
            ("0.1", "0.1000"),
            ("0.5", "5e-1"),
            ("100", "1e2"),
            ("-0", "0"),
            ("1.0", "1"),
        ] {
            assert_eq!(
                a.parse::<Number>().unwrap(),
                b.parse::<Number>().unwrap(),
                "{a} and {b}"
            );
        }
        assert_eq!(Number::try_from(0.1).unwrap(), "0.1".parse().unwrap());
    }

    #[test]
    fn written_without_loss_and_without_exponent() {
        for (text, plain) in [
            ("123456789012345678901234567890.5", "123456789012345678901234567890.5"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("-2e-3", "-0.002"),
        ] {
            assert_eq!(text.parse::<Number>().unwrap().to_string(), plain);
        }
    }

    #[test]
    fn only_exact_floats_and_integers_are_offered() {
        assert_eq!(
            "9223372036854775807".parse::<Number>().unwrap().as_i64(),
            Some(i64::MAX)
        );
        assert_eq!("9223372036854775808".parse::<Number>().unwrap().as_i64(), None);
        assert_eq!("0.5".parse::<Number>().unwrap().as_exact_f64(), Some(0.5));
        assert_eq!("0.12345678901234567890".parse::<Number>().unwrap().as_exact_f64(), None);
        for (text, float) in [
            ("0.5", Some(0.5)),
            ("0.1", None),
            ("1e20", Some(1e20)),
            ("18446744073709551616", None),
        ] {
            assert_eq!(text.parse::<Number>().unwrap().as_binary_f64(), float, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in [
            "",
            "abc",
            "NaN",
            "inf",
            "1e99999",
            "1e9223372036854775807",
            "0x10",
            "1_000",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
        assert!("9".repeat(MAX_TEXT).parse::<Number>().is_ok());
        assert!("9".repeat(MAX_TEXT + 1).parse::<Number>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[+-]?[0-9_]{0,8}\\.?[0-9]{0,8}([eE][+-]?[0-9]{0,20})?") {
            if let Ok(number) = text.parse::<Number>() {
                proptest::prop_assert_eq!(number.to_string().parse::<Number>(), Ok(number));
            }
        }
    }
}
