//! The options in `#[schema(...)]`. The list is frozen: what the crate's reference table does not name does not exist.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Expr, Ident, Lit, LitStr, Path, Result, Token};

use crate::names::skip_value;
use crate::{Mistakes, suggestion};

const STRUCT: &[&str] = &["name", "version"];
const FIELD: &[&str] = &[
    "requires_replace",
    "stable",
    "sensitive",
    "deprecated",
    "assumed",
    "class",
    "range",
    "check",
    "rename",
    "remote",
    "flatten",
];
const VARIANT: &[&str] = &["other"];
const CLASSES: &[&str] = &["Local", "Ignored", "Scaled", "Restart", "Redeploy"];

/// What people look for under another name, and where it is.
const ELSEWHERE: [(&str, &str); 10] = [
    ("optional", "the type says it: `Option<..>`"),
    (
        "required",
        "the type says it: whatever is not in `Option` or `Computed`",
    ),
    ("computed", "the type says it: `Computed<..>` or `Option<Computed<..>>`"),
    ("write_only", "the type says it: `WriteOnly<..>`"),
    ("default", "a default of the remote side is `assumed = ...`"),
    ("validate", "write `check = path::to::function`, or `range(...)`"),
    ("pattern", "write `check = path::to::function`"),
    ("force_new", "write `requires_replace`"),
    ("use_state_for_unknown", "write `stable`"),
    ("description", "write a doc comment"),
];

/// Options of a struct.
#[derive(Default)]
pub struct StructOptions {
    /// `name = "flink_deployment"`; empty where left out.
    pub name: String,
    /// `version = 0`.
    pub version: i64,
}

impl StructOptions {
    /// Reads them.
    pub fn of(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        each(attributes, STRUCT, mistakes, |name, meta| match name {
            "name" => {
                let text: LitStr = meta.value()?.parse()?;
                options.name = text.value();
                match crate::names::problem(&options.name) {
                    Some(problem) => Err(Error::new(text.span(), problem)),
                    None => Ok(()),
                }
            }
            _ => {
                let version: syn::LitInt = meta.value()?.parse()?;
                options.version = version.base10_parse()?;
                Ok(())
            }
        });
        options
    }
}

/// Options of a field.
#[derive(Default)]
pub struct FieldOptions {
    /// The names of all options that were given, for what is a plain flag and for the place of a mistake.
    given: Vec<Ident>,
    /// `deprecated = "..."`.
    pub deprecated: Option<LitStr>,
    /// `assumed = ...`.
    pub assumed: Option<Expr>,
    /// `class = Restart`.
    pub class: Option<Ident>,
    /// `range(min = 1, max = 5)`: the two ends as they were written.
    pub range: Option<[Option<Number>; 2]>,
    /// `check = path`.
    pub checks: Vec<Path>,
    /// `rename = "hcl_name"`.
    pub rename: Option<LitStr>,
    /// `remote = "field.path"`.
    pub remote: Option<LitStr>,
}

impl FieldOptions {
    /// Reads them.
    pub fn of(attributes: &[Attribute], mistakes: &mut Mistakes) -> Self {
        let mut options = Self::default();
        each(attributes, FIELD, mistakes, |name, meta| {
            options.given.extend(meta.path.get_ident().cloned());
            match name {
                "deprecated" => options.deprecated = Some(text(meta)?),
                "assumed" => options.assumed = Some(meta.value()?.parse()?),
                "class" => options.class = Some(class(meta)?),
                "range" => options.range = Some(range(meta)?),
                "check" => options.checks.push(check(meta)?),
                "rename" => options.rename = Some(text(meta)?),
                "remote" => options.remote = Some(text(meta)?),
                // `requires_replace`, `stable`, `sensitive`, `flatten`: being there is all they say.
                _ if meta.input.is_empty() || meta.input.peek(Token![,]) => {}
                _ => return Err(meta.input.error(format!("`{name}` takes no value"))),
            }
            Ok(())
        });
        options
    }

    /// Where an option was given, if it was.
    pub fn given(&self, option: &str) -> Option<&Ident> {
        self.given.iter().find(|given| *given == option)
    }

    /// All options that were given.
    pub fn all_given(&self) -> &[Ident] {
        &self.given
    }
}

/// Whether a variant is `#[schema(other)]`.
pub fn is_other(attributes: &[Attribute], mistakes: &mut Mistakes) -> bool {
    let mut other = false;
    each(attributes, VARIANT, mistakes, |_, _| {
        other = true;
        Ok(())
    });
    other
}

/// Refuses all options, for items that have none.
pub fn none(attributes: &[Attribute], mistakes: &mut Mistakes) {
    each(attributes, &[], mistakes, |_, _| Ok(()));
}

/// Reads the options of an item one by one; what is wrong with one does not keep the others from being read.
fn each(
    attributes: &[Attribute],
    known: &[&str],
    mistakes: &mut Mistakes,
    mut read: impl FnMut(&str, &ParseNestedMeta) -> Result<()>,
) {
    let mut seen = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("schema"))
    {
        let parsed = attribute.parse_nested_meta(|meta| {
            let name = meta.path.to_token_stream().to_string();
            let read = if !known.contains(&name.as_str()) {
                Err(Error::new_spanned(&meta.path, unknown(&name, known)))
            } else if name != "check" && seen.contains(&name) {
                Err(Error::new_spanned(&meta.path, format!("`{name}` is given twice")))
            } else {
                read(&name, &meta)
            };
            seen.push(name);
            if let Err(error) = read {
                mistakes.push(error);
                skip_value(meta.input)?;
            }
            Ok(())
        });
        if let Err(error) = parsed {
            mistakes.push(error);
        }
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("there is no option `{name}` here: this takes no #[schema(...)] options");
    }
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(other, _)| known == FIELD && *other == name)
        .map(|(_, place)| *place);
    match (elsewhere, suggestion(name, known)) {
        (Some(place), _) => format!("there is no option `{name}`: {place}"),
        (None, hint) if !hint.is_empty() => format!("there is no option `{name}`{hint}"),
        (None, _) => format!("there is no option `{name}`; there are: {}", known.join(", ")),
    }
}

fn text(meta: &ParseNestedMeta) -> Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().trim().is_empty() {
        Err(Error::new(text.span(), "this must not be empty"))
    } else {
        Ok(text)
    }
}

fn check(meta: &ParseNestedMeta) -> Result<Path> {
    let value = meta.value()?;
    value
        .parse()
        .map_err(|_| value.error("expected the path of a function of type `Check`"))
}

fn class(meta: &ParseNestedMeta) -> Result<Ident> {
    let class: Ident = meta.value()?.parse()?;
    let name = class.to_string();
    if CLASSES.contains(&name.as_str()) {
        return Ok(class);
    }
    let message = match suggestion(&name, CLASSES) {
        hint if hint.is_empty() => format!("there is no class `{name}`; there are: {}", CLASSES.join(", ")),
        hint => format!("there is no class `{name}`{hint}"),
    };
    Err(Error::new(class.span(), message))
}

/// A number as it was written: `-1`, `0.5`.
pub struct Number {
    /// Its decimal digits.
    pub text: String,
    tokens: TokenStream,
}

fn range(meta: &ParseNestedMeta) -> Result<[Option<Number>; 2]> {
    let content;
    syn::parenthesized!(content in meta.input);
    // A mistake leaves tokens behind, about which syn would complain a second time.
    let ends = ends(&content).inspect_err(|_| while content.parse::<proc_macro2::TokenTree>().is_ok() {})?;
    match &ends {
        [None, None] => Err(meta.error("give at least one end: `range(min = 1)`, `range(max = 5)`")),
        [Some(min), Some(max)] if min.text.parse::<f64>().ok() > max.text.parse::<f64>().ok() => {
            let both = [min.tokens.clone(), max.tokens.clone()]
                .into_iter()
                .collect::<TokenStream>();
            Err(Error::new_spanned(
                both,
                format!("no number is between {} and {}", min.text, max.text),
            ))
        }
        _ => Ok(ends),
    }
}

fn ends(content: ParseStream) -> Result<[Option<Number>; 2]> {
    let mut ends = [None, None];
    while !content.is_empty() {
        let end: Ident = content.parse()?;
        let place = match end.to_string().as_str() {
            "min" => 0,
            "max" => 1,
            other => {
                return Err(Error::new(
                    end.span(),
                    format!("a range has `min` and `max`, no `{other}`"),
                ));
            }
        };
        content.parse::<Token![=]>()?;
        ends[place] = Some(number(content)?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(ends)
}

fn number(input: ParseStream) -> Result<Number> {
    let minus: Option<Token![-]> = input.parse()?;
    let literal: Lit = input.parse()?;
    let digits = match &literal {
        Lit::Int(number) => number.base10_digits(),
        Lit::Float(number) => number.base10_digits(),
        _ => return Err(Error::new_spanned(literal, "expected a number")),
    };
    let text = format!("{}{digits}", if minus.is_some() { "-" } else { "" });
    let mut tokens = minus.to_token_stream();
    literal.to_tokens(&mut tokens);
    Ok(Number { text, tokens })
}
