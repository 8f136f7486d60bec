//! Doc comments as Markdown: what rustdoc would show, with the lines of each paragraph joined.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The doc comment of an item. Empty where there is none.
pub fn of(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(text)
        .flat_map(|text| lines_of(&text))
        .collect();
    joined(&unindented(&lines))
}

fn text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The lines of one `///` (one line) or `/** */` (several; a frame of `*` is taken off).
fn lines_of(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let framed = lines.len() > 1
        && lines[1..]
            .iter()
            .all(|line| line.is_empty() || line.trim_start().starts_with('*'));
    let unframed = |line: &str| match line.trim_start().strip_prefix('*') {
        Some(rest) if framed => rest.to_owned(),
        _ => line.to_owned(),
    };
    if lines.is_empty() {
        vec![String::new()]
    } else {
        lines.into_iter().map(unframed).collect()
    }
}

/// Takes off the indentation that all lines share: the space after `///`.
fn unindented(lines: &[String]) -> Vec<&str> {
    let indentation = |line: &String| line.len() - line.trim_start_matches(' ').len();
    let shared = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .min()
        .unwrap_or(0);
    lines
        .iter()
        .map(|line| line.get(shared..).unwrap_or("").trim_end())
        .collect()
}

fn joined(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut fenced = false;
    let mut open_paragraph = false;
    for line in lines {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        if !fenced && !fence && open_paragraph && continues(line) {
            text.push(' ');
            text.push_str(line.trim_start());
        } else {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line);
        }
        fenced ^= fence;
        open_paragraph = !fence && !fenced && !line.is_empty() && !line.trim_start().starts_with(['#', '|']);
    }
    text.trim_matches('\n').to_owned()
}

/// Whether a line goes on with the paragraph or list item before it, rather than beginning something.
fn continues(line: &str) -> bool {
    let line = line.trim_start();
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let item = ["- ", "* ", "+ "].iter().any(|marker| line.starts_with(marker))
        || (numbered.len() < line.len() && (numbered.starts_with(". ") || numbered.starts_with(") ")));
    !line.is_empty() && !item && !line.starts_with(['#', '|', '>'])
}
