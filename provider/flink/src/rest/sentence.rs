//! Java stacks as one sentence.

use crate::text::cut_middle;

/// The longest sentence, in characters.
const LONGEST: usize = 400;

/// What Flink puts before the stack of an error that it did not expect.
const FILLERS: [&str; 2] = ["Internal server error.", "<Exception on server side:"];

/// The message of a Java stack, without the names of classes.
pub(super) fn message(text: &str) -> &str {
    let first = lines(text).find(|line| !FILLERS.contains(line));
    without_classes(first.unwrap_or(text.trim()))
}

/// A Java stack, or the first line of one, as one sentence: its message and that of its innermost cause, without the names
/// of classes.
pub fn of(text: &str) -> String {
    let message = message(text);
    let innermost = lines(text)
        .filter_map(|line| line.strip_prefix("Caused by: "))
        .next_back()
        .map(without_classes);
    match innermost {
        Some(cause) if !message.contains(cause) => {
            cut_middle(&format!("{}: {cause}", message.trim_end_matches('.')), LONGEST)
        }
        _ => cut_middle(message, LONGEST),
    }
}

fn lines(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// A line without the Java classes that it begins with. A class alone has no message: its own name has to do.
fn without_classes(line: &str) -> &str {
    let mut rest = line;
    while let Some((class, message)) = rest.split_once(": ")
        && is_class(class)
    {
        rest = message.trim();
    }
    if is_class(rest) {
        rest.rsplit('.').next().unwrap_or(rest)
    } else {
        rest
    }
}

/// Whether a text is the full name of a Java class: `java.io.IOException`, `a.B$C`.
fn is_class(text: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$')
    };
    let class = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(is_word) && class.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_of_every_stack() {
        let cases = [
            ("Job a1 not found", "Job a1 not found"),
            (
                "org.apache.flink.runtime.rest.NotFoundException: Job a1 not found\n\tat org.apache.X.y(X.java:1)\n",
                "Job a1 not found",
            ),
            (
                "Internal server error.\n<Exception on server side:\njava.util.concurrent.CompletionException: \
                 org.apache.flink.client.program.ProgramInvocationException: The program's entry point class 'a.B' was \
                 not found in the jar file.\n\tat x.y\nCaused by: java.lang.ClassNotFoundException: a.B\n\t... 3 more\n\nEnd \
                 of exception on server side>",
                "The program's entry point class 'a.B' was not found in the jar file.",
            ),
            (
                "a.b.CheckpointException: IO-problem detected.\n\tat x\nCaused by: java.io.IOException: Failed to \
                 create /savepoints\n",
                "IO-problem detected: Failed to create /savepoints",
            ),
            ("java.util.concurrent.TimeoutException\n\tat x", "TimeoutException"),
            ("a.B: c.D: java.util.concurrent.TimeoutException", "TimeoutException"),
            ("Note: see a.b", "Note: see a.b"),
            ("flink.apache.org: no such host", "flink.apache.org: no such host"),
            ("", ""),
        ];
        for (stack, sentence) in cases {
            assert_eq!(of(stack), sentence, "{stack}");
        }
    }
}
