//! Names: what HCL and Terraform allow, and what serde makes of a Rust name.

use syn::parse::ParseStream;
use syn::{Attribute, LitStr, Result, Token};

use crate::mistake::Mistake;
use crate::{Mistakes, suggestion};

/// Arguments and blocks that Terraform itself reads in every resource or data block (terraform, `configs/resource.go`).
const RESERVED: [&str; 8] = [
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "locals",
    "provider",
    "provisioner",
];

/// What is wrong with a name of an attribute or block, or nothing.
pub fn problem(name: &str) -> Option<Mistake> {
    let allowed = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let name = name.to_owned();
    if !allowed {
        return Some(Mistake::NotAName { name });
    }
    RESERVED
        .contains(&name.as_str())
        .then_some(Mistake::ReservedName { name })
}

/// What serde's attributes on a struct, enum, field or variant say about names.
#[derive(Default)]
pub struct Serde {
    /// Whether there is any serde attribute.
    pub present: bool,
    /// `rename = "..."`.
    pub rename: Option<String>,
    /// `rename_all = "..."`.
    pub rename_all: Option<Case>,
    /// `skip`.
    pub skip: bool,
}

impl Serde {
    /// Reads all `#[serde(...)]` of an item. What has nothing to do with names is left to serde.
    pub fn of(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            serde.present = true;
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    serde.rename = name("rename", meta.input)?.map(|name| name.value());
                } else if meta.path.is_ident("rename_all") {
                    serde.rename_all = name("rename_all", meta.input)?.as_ref().map(Case::of).transpose()?;
                } else if meta.path.is_ident("skip") {
                    serde.skip = true;
                } else if meta.path.is_ident("flatten") {
                    return Err(Mistake::SerdeFlatten.at(&meta.path));
                } else {
                    skip_value(meta.input)?;
                }
                Ok(())
            });
            if let Err(error) = parsed {
                mistakes.push(error);
            }
        }
        serde
    }
}

/// What stands behind one of serde's options that are about names.
fn name(option: &str, input: ParseStream) -> Result<Option<LitStr>> {
    let option = option.to_owned();
    serialized_name(input).map_err(|error| Mistake::SerdeName { option }.on(error.span()))
}

/// `= "name"`, or the first half of `(serialize = "name", deserialize = "other")`.
fn serialized_name(input: ParseStream) -> Result<Option<LitStr>> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        return input.parse().map(Some);
    }
    let content;
    syn::parenthesized!(content in input);
    let mut name = None;
    while !content.is_empty() {
        let direction: syn::Ident = content.parse()?;
        content.parse::<Token![=]>()?;
        let text: LitStr = content.parse()?;
        if direction == "serialize" {
            name = Some(text);
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(name)
}

/// Passes over what follows an option's name, up to the next option.
pub fn skip_value(input: ParseStream) -> Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<proc_macro2::TokenTree>()?;
    }
    Ok(())
}

/// A spelling of names (serde, `rename_all`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `lowercase`
    Lower,
    /// `UPPERCASE`
    Upper,
    /// `PascalCase`
    Pascal,
    /// `camelCase`
    Camel,
    /// `snake_case`
    Snake,
    /// `SCREAMING_SNAKE_CASE`
    ScreamingSnake,
    /// `kebab-case`
    Kebab,
    /// `SCREAMING-KEBAB-CASE`
    ScreamingKebab,
}

const CASES: [(&str, Case); 8] = [
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    fn of(text: &LitStr) -> Result<Self> {
        let name = text.value();
        CASES
            .iter()
            .find(|(case, _)| *case == name)
            .map(|(_, case)| *case)
            .ok_or_else(|| {
                let known = CASES.map(|(case, _)| case);
                let hint = suggestion(&name, &known).map_or_else(
                    || format!("; it knows: {}", known.join(", ")),
                    |meant| format!(", did you mean `{meant}`?"),
                );
                Mistake::Spelling { spelling: name, hint }.on(text.span())
            })
    }

    /// A field's name in this spelling.
    pub fn of_field(self, field: &str) -> String {
        match self {
            // serde leaves these two alone: a field is in snake_case already.
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => uncapitalized(&Self::Pascal.of_field(field)),
        }
    }

    /// A variant's name in this spelling.
    pub fn of_variant(self, variant: &str) -> String {
        match self {
            Self::Pascal => variant.to_owned(),
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Camel => uncapitalized(variant),
            Self::Snake | Self::ScreamingSnake | Self::Kebab | Self::ScreamingKebab => self.of_field(&snake(variant)),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}

fn uncapitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}

/// `LastState` is `last_state`; every capital begins a word, as in serde.
fn snake(variant: &str) -> String {
    let mut name = String::new();
    for (position, letter) in variant.chars().enumerate() {
        if position > 0 && letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
