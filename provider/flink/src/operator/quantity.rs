//! Amounts: memory in Flink's and in Kubernetes' spelling, CPUs, Kubernetes quantities.
//!
//! All keep the spelling they were written in. Two spellings of the same amount are different values
//! (`==`) with the same meaning (`means_same`): the operator compares text, a reviewer does not.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, ToPrimitive};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

/// An amount that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Neither a Flink memory size nor a Kubernetes quantity.
    #[error("`{text}` is not an amount of memory: write a number with a unit, such as `2048m`, `2g` or `2Gi`")]
    Memory {
        /// What was written.
        text: String,
    },
    /// A fraction in Kubernetes' spelling: the operator goes on with its digits as text, and cannot.
    #[error(
        "`{text}` is a fraction, which the operator cannot read as memory: write a smaller unit, such as `1536Mi` for `1.5Gi`"
    )]
    Fraction {
        /// What was written.
        text: String,
    },
    /// Less than nothing.
    #[error("`{text}` is less than 0")]
    Negative {
        /// What was written.
        text: String,
    },
    /// Not a Kubernetes quantity.
    #[error(
        "`{text}` is not a Kubernetes quantity: write a number with an optional unit, such as `500m`, `2` or `8Gi`"
    )]
    Quantity {
        /// What was written.
        text: String,
    },
    /// Not a number.
    #[error("`{text}` is not a number of CPUs: write a number such as `0.5`")]
    Cpu {
        /// What was written.
        text: String,
    },
}

/// An amount of memory or disk space, in the spelling it was written in.
///
/// Read first as a Flink memory size, in which all units count in steps of 1024 and case does not
/// matter (`1g`, `1024m`, `1 gb`), and only then as a Kubernetes quantity (`1Gi`). So `2048m` is 2 GiB,
/// not two bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(pub String);

impl Memory {
    /// The amount in bytes.
    ///
    /// # Errors
    /// Where the text is no amount of memory.
    pub fn bytes(&self) -> Result<BigDecimal, AmountError> {
        memory_size(&self.0)
            .or_else(|| quantity(&self.0))
            .ok_or_else(|| AmountError::Memory { text: self.0.clone() })
    }

    /// The amount in bytes, where the operator can read it, too.
    ///
    /// # Errors
    /// Where the text is no amount of memory, or one that the operator refuses.
    pub fn accepted(&self) -> Result<BigDecimal, AmountError> {
        let (bytes, text) = (self.bytes()?, self.0.clone());
        if self.0.contains('.') {
            Err(AmountError::Fraction { text })
        } else if bytes < 0 {
            Err(AmountError::Negative { text })
        } else {
            Ok(bytes)
        }
    }

    /// Whether two amounts are the same number of bytes. Text that cannot be read only means itself.
    pub fn means_same(&self, other: &Self) -> bool {
        self == other || matches!((self.bytes(), other.bytes()), (Ok(left), Ok(right)) if left == right)
    }
}

impl FromStr for Memory {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let memory = Self(text.to_owned());
        memory.bytes().map(|_| memory)
    }
}

/// A Kubernetes quantity (`500m`, `2`, `8Gi`), in the spelling it was written in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Quantity(pub String);

impl Quantity {
    /// The amount in units: CPUs, bytes, pieces.
    ///
    /// # Errors
    /// Where the text is no quantity.
    pub fn amount(&self) -> Result<BigDecimal, AmountError> {
        quantity(&self.0).ok_or_else(|| AmountError::Quantity { text: self.0.clone() })
    }

    /// Whether two quantities are the same amount. Text that cannot be read only means itself.
    pub fn means_same(&self, other: &Self) -> bool {
        self == other || matches!((self.amount(), other.amount()), (Ok(left), Ok(right)) if left == right)
    }
}

impl FromStr for Quantity {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let quantity = Self(text.to_owned());
        quantity.amount().map(|_| quantity)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    /// Kubernetes takes a quantity as text or as a whole number.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text)),
            serde_json::Value::Number(number) => Ok(Self(number.to_string())),
            other @ (serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_)) => Err(D::Error::custom(format!("expected a quantity, found {other}"))),
        }
    }
}

/// Kubernetes quantities by the name of what they measure: `cpu`, `memory`, `example.com/gpu`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantities(pub BTreeMap<String, Quantity>);

impl Deref for Quantities {
    type Target = BTreeMap<String, Quantity>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A number of CPUs with all its decimals: 0.5 stays 0.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cpu(pub BigDecimal);

impl FromStr for Cpu {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BigDecimal::from_str(text)
            .map(Self)
            .map_err(|_| AmountError::Cpu { text: text.to_owned() })
    }
}

impl Serialize for Cpu {
    /// Written as a JSON number. The operator reads it as a double, so no more precision is needed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_integer()
            && let Some(whole) = self.0.to_i64()
        {
            return serializer.serialize_i64(whole);
        }
        match self.0.to_string().parse::<f64>() {
            Ok(number) => serializer.serialize_f64(number),
            Err(_) => Err(serde::ser::Error::custom("not a number of CPUs")),
        }
    }
}

impl<'de> Deserialize<'de> for Cpu {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        Self::from_str(&number.to_string()).map_err(D::Error::custom)
    }
}

/// Flink's units of memory, with the power of 1024 they stand for.
const FLINK_UNITS: &[(u32, &[&str])] = &[
    (0, &["", "b", "bytes"]),
    (1, &["k", "kb", "kibibytes"]),
    (2, &["m", "mb", "mebibytes"]),
    (3, &["g", "gb", "gibibytes"]),
    (4, &["t", "tb", "tebibytes"]),
];

/// Reads a memory size as Flink does: a whole number, optional space, an optional unit.
fn memory_size(text: &str) -> Option<BigDecimal> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_lowercase();
    let (power, _) = FLINK_UNITS.iter().find(|(_, names)| names.contains(&unit.as_str()))?;
    let bytes = BigInt::from_str(number).ok()? * BigInt::from(1024).pow(*power);
    // Flink counts bytes in a signed 64-bit number and refuses more.
    bytes.to_i64()?;
    Some(BigDecimal::from(bytes))
}

/// Reads a Kubernetes quantity: a decimal number, then a binary or decimal unit, or an exponent.
fn quantity(text: &str) -> Option<BigDecimal> {
    let number_end = text
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || (*at == 0 && matches!(c, '+' | '-'))))
        .map_or(text.len(), |(at, _)| at);
    let (number, unit) = text.split_at(number_end);
    if !number.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = BigDecimal::from_str(number.trim_start_matches('+')).ok()?;
    let binary = |power: u32| BigDecimal::from(BigInt::from(1024).pow(power));
    let decimal = |exponent: i64| BigDecimal::new(BigInt::from(1), -exponent);
    let factor = match unit {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            let exponent: i64 = digits.parse().ok()?;
            // More is no amount of anything, and would only cost memory to write out.
            if exponent.abs() > 30 {
                return None;
            }
            decimal(exponent)
        }
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_by_meaning() {
        let same = [
            ("1g", "1024m"),
            ("1G", "1 gb"),
            ("1073741824", "1g"),
            ("2Gi", "2048m"),
            ("1.5Gi", "1536m"),
            ("1k", "1024 bytes"),
            ("1T", "1tebibytes"),
        ];
        for (left, right) in same {
            let (left, right) = (Memory(left.into()), Memory(right.into()));
            assert!(left.means_same(&right), "{left:?} and {right:?}");
        }
        assert!(!Memory("1g".into()).means_same(&Memory("1000m".into())));
        assert!(!Memory("nonsense".into()).means_same(&Memory("other".into())));
        assert!(Memory("nonsense".into()).means_same(&Memory("nonsense".into())));
    }

    #[test]
    fn what_is_no_memory() {
        for text in ["", "g", "1x", "1.5g", "-1g", "1 g b", "99999999999999999999g"] {
            assert!(text.parse::<Memory>().is_err(), "{text}");
        }
        assert_eq!(
            "12 apples".parse::<Memory>().unwrap_err().to_string(),
            "`12 apples` is not an amount of memory: write a number with a unit, such as `2048m`, `2g` or `2Gi`",
        );
    }

    #[test]
    fn memory_that_the_operator_takes() {
        for (text, taken) in [
            ("2048m", true),
            ("2Gi", true),
            ("0", true),
            ("1e9", true),
            ("1.5Gi", false),
            ("2.0Gi", false),
            ("-1Gi", false),
            ("lots", false),
        ] {
            assert_eq!(Memory(text.into()).accepted().is_ok(), taken, "{text}");
        }
    }

    #[test]
    fn quantities_by_meaning() {
        let same = [
            ("0.5", "500m"),
            ("1", "1000m"),
            ("1Ki", "1024"),
            ("1e3", "1k"),
            ("1E", "1000P"),
            ("2.50", "2.5"),
            ("+1", "1"),
        ];
        for (left, right) in same {
            let (left, right) = (Quantity(left.into()), Quantity(right.into()));
            assert!(left.means_same(&right), "{left:?} and {right:?}");
        }
        for text in ["", ".", "1 Gi", "1gi", "abc", "1e", "1e99999999", "--1"] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
    }

    #[test]
    fn cpu_keeps_its_decimals() {
        for (json, text) in [("0.5", "0.5"), ("2", "2"), ("0.1", "0.1"), ("1.25", "1.25")] {
            let cpu: Cpu = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&cpu).unwrap(), text);
        }
        let whole: Cpu = serde_json::from_str("2.0").unwrap();
        assert_eq!(whole, "2".parse().unwrap());
        assert_eq!(serde_json::to_string(&whole).unwrap(), "2");
    }

    #[test]
    fn quantity_from_a_number() {
        let quantity: Quantity = serde_json::from_str("2").unwrap();
        assert_eq!(quantity, Quantity("2".into()));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in ".{0,24}") {
            let _ = text.parse::<Memory>();
            let _ = text.parse::<Quantity>();
            let _ = text.parse::<Cpu>();
        }

        #[test]
        fn units_are_steps_of_1024(amount in 1u32..4_000_000) {
            let gigabytes = Memory(format!("{amount}g"));
            let megabytes = Memory(format!("{}m", u64::from(amount) * 1024));
            let kubernetes = Memory(format!("{amount}Gi"));
            prop_assert!(gigabytes.means_same(&megabytes));
            prop_assert!(gigabytes.means_same(&kubernetes));
        }
    }
}
