//! The texts of an enum of errors, read from its source: so that no error can be without a case.

use std::fs;
use std::path::Path;

/// The text of an error with gaps for what it is about, as `#[error("...")]` has it.
pub struct Words {
    /// Which mistake it is the text of.
    pub variant: String,
    fixed: Vec<String>,
}

impl Words {
    /// Whether a message is this text, whatever stands in the gaps.
    pub fn are<'a>(&self, message: &'a str) -> bool {
        let Some((first, rest)) = self.fixed.split_first() else {
            return false;
        };
        let Some((last, between)) = rest.split_last() else {
            return message == first;
        };
        let left = message.strip_prefix(first.as_str());
        let left = left.and_then(|left| left.strip_suffix(last.as_str()));
        let behind = |left: &'a str, piece: &String| left.find(piece.as_str()).map(|at| &left[at + piece.len()..]);
        left.and_then(|left| between.iter().try_fold(left, behind)).is_some()
    }
}

/// The texts of all variants of the error enums in a source file.
pub fn words(file: &str) -> Vec<Words> {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let items = syn::parse_file(&source).unwrap().items;
    let enums = items.into_iter().filter_map(|item| match item {
        syn::Item::Enum(item) => Some(item),
        _ => None,
    });
    enums
        .flat_map(|item| item.variants)
        .map(|variant| {
            let error = variant
                .attrs
                .iter()
                .find(|attribute| attribute.path().is_ident("error"));
            let text: syn::LitStr = error.unwrap().parse_args().unwrap();
            Words {
                variant: variant.ident.to_string(),
                fixed: fixed(&text.value()),
            }
        })
        .collect()
}

/// The parts of a format string between its arguments.
fn fixed(format: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut inside = false;
    for letter in format.chars() {
        match letter {
            '{' => inside = true,
            '}' => {
                inside = false;
                pieces.push(String::new());
            }
            _ if inside => {}
            letter => pieces.last_mut().unwrap().push(letter),
        }
    }
    pieces
}
