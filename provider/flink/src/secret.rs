//! Secrets in configurations: which keys hold them, and keeping their values out of messages.

use std::collections::BTreeMap;

/// Parts of a key that mark its value as secret. Flink itself hides the values of such keys.
const SENSITIVE: &[&str] = &[
    "password",
    "secret",
    "fs.azure.account.key",
    "apikey",
    "api-key",
    "auth-params",
    "service-key",
    "token",
    "basic-auth",
    "jaas.config",
    "http-headers",
];

/// Whether the value of a configuration key is a secret by Flink's own rule.
pub fn is_sensitive(key: &str) -> bool {
    let key = key.to_lowercase();
    SENSITIVE.iter().any(|part| key.contains(part))
}

/// What stands in the place of a secret.
const MASKED: &str = "(hidden)";

/// A shorter value would hide ordinary words.
const SHORTEST: usize = 4;

/// The secrets of a configuration, to be kept out of texts.
#[derive(Clone, Default)]
pub struct Mask {
    values: Vec<String>,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("values", &self.values.len()).finish()
    }
}

impl Mask {
    /// The values of all sensitive keys of a configuration.
    pub fn of(configuration: &BTreeMap<String, String>) -> Self {
        let mut mask = Self::default();
        mask.add_secrets(configuration);
        mask
    }

    /// Hides the values of all sensitive keys of a configuration, too.
    pub fn add_secrets(&mut self, configuration: &BTreeMap<String, String>) {
        let secrets = configuration.iter().filter(|(key, _)| is_sensitive(key));
        self.add(secrets.map(|(_, value)| value.as_str()));
    }

    /// Hides these values, too, whatever their keys.
    pub fn add<'v>(&mut self, values: impl Iterator<Item = &'v str>) {
        self.values
            .extend(values.filter(|value| value.trim().len() >= SHORTEST).map(str::to_owned));
        // A secret may be part of another: the longer one first.
        self.values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        self.values.dedup();
    }

    /// A text without the secrets.
    pub fn apply(&self, text: &str) -> String {
        self.values
            .iter()
            .fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASKED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_with_secrets() {
        for key in [
            "s3.secret-key",
            "security.ssl.rest.key-password",
            "Some.Token",
            "fs.azure.account.key.x",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
        for key in ["s3.access-key", "state.savepoints.dir", "taskmanager.numberOfTaskSlots"] {
            assert!(!is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn values_are_hidden_and_ordinary_words_are_not() {
        let configuration = [
            ("s3.secret-key".to_owned(), "hunter22".to_owned()),
            ("other.password".to_owned(), "hunter22-long".to_owned()),
            ("third.password".to_owned(), "no".to_owned()),
            ("s3.endpoint".to_owned(), "https://s3.example.com".to_owned()),
        ];
        let mask = Mask::of(&configuration.into());
        let text = "no access to https://s3.example.com with hunter22-long or hunter22";
        assert_eq!(
            mask.apply(text),
            "no access to https://s3.example.com with (hidden) or (hidden)"
        );
        assert!(!format!("{mask:?}").contains("hunter"));
    }
}
