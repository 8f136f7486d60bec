//! Small pieces of Markdown and YAML.

/// The paragraphs of a Markdown text. The lines of an ordinary paragraph are joined, so that where the source breaks
/// its lines does not matter; lists, tables and code keep theirs.
pub(super) fn paragraphs(markdown: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in markdown.trim().lines().map(str::trim_end) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if line.is_empty() && !fenced {
            finish(&mut lines, &mut found);
        } else {
            lines.push(line);
        }
    }
    finish(&mut lines, &mut found);
    found
}

fn finish(lines: &mut Vec<&str>, found: &mut Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let structured = lines.iter().any(|line| {
        let line = line.trim_start();
        let numbered = line
            .split_once(". ")
            .is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        numbered
            || ["- ", "* ", "|", "```", "> ", "#", "    "]
                .iter()
                .any(|mark| line.starts_with(mark))
    });
    let joined = if structured {
        lines.join("\n")
    } else {
        lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    };
    found.push(joined);
    lines.clear();
}

/// The whole text on one line.
pub(super) fn one_line(markdown: &str) -> String {
    markdown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without marks of code, emphasis and links, on one line.
pub(super) fn plain(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown;
    // `[text](target)` and `[text]` become `text`.
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        match after.split_once(']') {
            Some((label, after)) => {
                out.push_str(label);
                let target = after.strip_prefix('(').and_then(|after| after.split_once(')'));
                rest = target.map_or(after, |(_, after)| after);
            }
            None => {
                out.push('[');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    one_line(&out.replace(['`'], "").replace("**", ""))
}

/// A YAML string in double quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// `changing it restarts` as a sentence: `Changing it restarts.`
pub(super) fn sentence(words: &str) -> String {
    let words = words.trim().trim_end_matches('.');
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .map(|letter| letter.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_line_breaks_do_not_matter_outside_of_lists_and_code() {
        assert_eq!(
            paragraphs("One\nsentence.\n\n\nTwo:\n\n- a\n  b\n- c\n\n```text\nx\n\ny\n```\n\n| a |\n|---|\n"),
            [
                "One sentence.",
                "Two:",
                "- a\n  b\n- c",
                "```text\nx\n\ny\n```",
                "| a |\n|---|"
            ]
        );
        assert!(paragraphs(" \n ").is_empty());
    }

    #[test]
    fn plain_text_for_search_results() {
        assert_eq!(
            plain("Runs a `job` with **all** of [its state](https://example.com/a).\nSee [here] [."),
            { "Runs a job with all of its state. See here [." }
        );
        assert_eq!(quoted("say \"a\\b\"\nagain"), r#""say \"a\\b\" again""#);
        assert_eq!(sentence("changing it restarts"), "Changing it restarts.");
    }
}
