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
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
    let items = syn::parse_file(&source).expect(file).items;
    items
        .into_iter()
        .filter_map(|item| {
            if let syn::Item::Enum(item) = item {
                Some(item)
            } else {
                None
            }
        })
        .flat_map(|item| item.variants)
        .map(|variant| {
            let error = variant
                .attrs
                .iter()
                .find(|attribute| attribute.path().is_ident("error"));
            let text: syn::LitStr = error.and_then(|error| error.parse_args().ok()).expect("a text");
            Words {
                variant: variant.ident.to_string(),
                fixed: fixed(&text.value()),
            }
        })
        .collect()
}

/// The parts of a format string between its arguments.
fn fixed(format: &str) -> Vec<String> {
    let parts = format
        .split('{')
        .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.map(str::to_owned).collect()
}
