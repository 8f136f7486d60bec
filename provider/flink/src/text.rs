//! Long texts for short messages.

/// Cuts the middle out of a text that is longer than `longest` characters. The beginning says what
/// happened, the end of a Java stack says why.
pub fn cut_middle(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let head = longest * 2 / 3;
    let tail = longest - head;
    let begin: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    let cut = format!(
        "{} [... {} characters left out ...] {}",
        begin.trim_end(),
        count - longest,
        end.trim_start()
    );
    // Saying what was left out takes room too.
    if cut.chars().count() < count {
        cut
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_ends() {
        assert_eq!(cut_middle("short", 10), "short");
        assert_eq!(cut_middle("just over it", 10), "just over it");
        let long = format!("begin{}end", "ä".repeat(100));
        let cut = cut_middle(&long, 12);
        assert!(
            cut.starts_with("begin") && cut.ends_with("end") && cut.contains("96 characters left out"),
            "{cut}"
        );
    }
}
