//! One line of hclog JSON.

use std::io::Write as _;

use serde_json::{Map, Value};

use crate::secrets::without;

/// Terraform reads 64 KiB at a time and cannot read a line that is longer.
const LONGEST_LINE: usize = 60 * 1024;

/// Longest text of one field. What is longer is cut and says so.
const LONGEST_TEXT: usize = 8 * 1024;

/// A line in the making.
pub(crate) struct Line {
    head: Map<String, Value>,
    fields: Map<String, Value>,
}

impl Line {
    /// A line of `level` (`error`, `warn`, `info`, `debug`, `trace`) about `module`, a Rust module path.
    pub(crate) fn new(level: &str, module: &str, message: &str) -> Self {
        let now = jiff::Timestamp::now();
        let head = [
            ("@level", level.to_owned()),
            ("@message", cut(without(message.to_owned()))),
            ("@module", module.replace("::", ".")),
            ("@timestamp", format!("{now:.6}")),
        ];
        Self {
            head: head
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.into()))
                .collect(),
            fields: Map::new(),
        }
    }

    /// Adds a field. The last one of a name counts.
    pub(crate) fn field(&mut self, name: &str, value: Value) {
        // `@` belongs to hclog, and `timestamp` is what Terraform calls the line's own time.
        let name = match name.trim_start_matches('@') {
            "timestamp" => "at",
            other => other,
        };
        let value = match value {
            Value::String(text) => cut(without(text)).into(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value,
        };
        self.fields.insert(name.to_owned(), value);
    }

    /// Writes the line to stderr in one piece. A reader who is gone is nobody's error.
    pub(crate) fn write(self) {
        let mut text = self.text();
        text.push('\n');
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    fn text(self) -> String {
        let mut short = self.head.clone();
        let mut full = self.head;
        full.extend(self.fields);
        let text = Value::Object(full).to_string();
        if text.len() <= LONGEST_LINE {
            return text;
        }
        short.insert("fields_dropped".to_owned(), "the line was too long".into());
        Value::Object(short).to_string()
    }
}

/// The text, or its beginning and how much is missing.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let boundary = |end: &usize| text.is_char_boundary(*end);
        let end = (0..=LONGEST_TEXT).rev().find(boundary).unwrap_or(0);
        let missing = text.len() - end;
        text.truncate(end);
        text.push_str(&format!("… ({missing} more bytes)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: Line) -> Value {
        let text = line.text();
        assert!(!text.contains('\n'), "one line: {text}");
        assert!(text.len() <= LONGEST_LINE);
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_line_is_what_hclog_reads() {
        let mut line = Line::new("warn", "flink_client::wait", "first\nsecond");
        line.field("namespace", "jobs".into());
        line.field("attempt", 3.into());
        line.field("timestamp", "yesterday".into());
        line.field("@level", "loud".into());
        let line = parsed(line);
        assert_eq!(line["@level"], "warn");
        assert_eq!(line["@message"], "first\nsecond");
        assert_eq!(line["@module"], "flink_client.wait");
        assert_eq!(line["namespace"], "jobs");
        assert_eq!(line["attempt"], 3);
        assert_eq!(line["at"], "yesterday");
        assert_eq!(line["level"], "loud");
        let time = line["@timestamp"].as_str().expect("text");
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{time}");
    }

    #[test]
    fn secrets_are_in_no_line() {
        crate::secrets::hide(["canary-of-a-log-line"]);
        let mut line = Line::new("info", "m", "logs in with canary-of-a-log-line");
        line.field("error", "canary-of-a-log-line is not accepted".into());
        let line = parsed(line);
        assert_eq!(line["@message"], "logs in with (hidden)");
        assert_eq!(line["error"], "(hidden) is not accepted");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let message = "é".repeat(LONGEST_TEXT);
        let line = parsed(Line::new("info", "m", &message));
        let text = line["@message"].as_str().expect("text");
        assert!(
            text.ends_with(&format!("… ({LONGEST_TEXT} more bytes)")),
            "{}",
            text.len()
        );
    }

    #[test]
    fn a_line_with_too_many_fields_keeps_its_message() {
        let mut line = Line::new("info", "m", "hello");
        for number in 0..20 {
            line.field(&format!("field{number}"), "x".repeat(LONGEST_TEXT).into());
        }
        let line = parsed(line);
        assert_eq!(line["@message"], "hello");
        assert_eq!(line["fields_dropped"], "the line was too long");
    }
}
