//! The options in `#[schema(...)]`. The list is frozen: what the crate's reference table does not name does not exist.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::token::Paren;
use syn::{Attribute, Expr, Ident, Lit, LitInt, LitStr, Path, Result, Token};

use crate::mistake::Mistake;
use crate::names::skip_value;
use crate::{Mistakes, suggestion};

pub const STRUCT: &[&str] = &["name", "version"];
pub const FIELD: &[&str] = &[
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
pub const VARIANT: &[&str] = &["other"];
const CLASSES: &[&str] = &["Local", "Ignored", "Scaled", "Restart", "Redeploy"];

/// How the options with a value are written.
const FORMS: [(&str, &str); 9] = [
    ("name", "name = \"flink_deployment\""),
    ("version", "version = 1"),
    ("deprecated", "deprecated = \"Use `other`.\""),
    ("assumed", "assumed = <value>"),
    ("class", "class = Restart"),
    ("range", "range(min = 1, max = 5)"),
    ("check", "check = path::to::function"),
    ("rename", "rename = \"hcl_name\""),
    ("remote", "remote = \"field.path\""),
];

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
                let text = text(name, meta)?;
                options.name = text.value();
                crate::names::problem(&options.name).map_or(Ok(()), |problem| Err(problem.on(text.span())))
            }
            _ => {
                let version: LitInt = value(name, meta)?;
                options.version = version.base10_parse().map_err(|_| wrong_value(name).at(&version))?;
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
                "deprecated" => options.deprecated = Some(text(name, meta)?),
                "assumed" => options.assumed = Some(value(name, meta)?),
                "class" => options.class = Some(class(meta)?),
                "range" => options.range = Some(range(meta)?),
                "check" => options.checks.push(value(name, meta)?),
                "rename" => options.rename = Some(text(name, meta)?),
                "remote" => options.remote = Some(text(name, meta)?),
                // `requires_replace`, `stable`, `sensitive`, `flatten`: being there is all they say.
                _ => flag(name, meta)?,
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
    each(attributes, VARIANT, mistakes, |name, meta| {
        other = true;
        flag(name, meta)
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
                Err(unknown(&name, known).at(&meta.path))
            } else if name != "check" && seen.contains(&name) {
                Err(Mistake::GivenTwice { name: name.clone() }.at(&meta.path))
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
            mistakes.push(Mistake::NotOptions.on(error.span()));
        }
    }
}

fn unknown(name: &str, known: &[&str]) -> Mistake {
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(other, _)| known == FIELD && *other == name)
        .map(|(_, instead)| *instead);
    let hint = suggestion(name, known);
    let name = name.to_owned();
    match (elsewhere, hint) {
        _ if known.is_empty() => Mistake::NoOptionsHere { name },
        (Some(instead), _) => Mistake::OptionElsewhere { name, instead },
        (None, Some(meant)) => Mistake::OptionMisspelt { name, meant },
        (None, None) => Mistake::OptionUnknown {
            name,
            known: known.join(", "),
        },
    }
}

/// An option that takes no value.
fn flag(name: &str, meta: &ParseNestedMeta) -> Result<()> {
    if meta.input.is_empty() || meta.input.peek(Token![,]) {
        return Ok(());
    }
    let name = name.to_owned();
    Err(Mistake::Flag { name }.at(&meta.path))
}

/// What stands behind the `=` of an option.
fn value<T: Parse>(name: &str, meta: &ParseNestedMeta) -> Result<T> {
    let input = meta.value().map_err(|_| wrong_value(name).at(&meta.path))?;
    let span = input.span();
    input.parse().map_err(|_| wrong_value(name).on(span))
}

fn text(name: &str, meta: &ParseNestedMeta) -> Result<LitStr> {
    let text: LitStr = value(name, meta)?;
    if text.value().trim().is_empty() {
        let name = name.to_owned();
        return Err(Mistake::Empty { name }.at(&text));
    }
    Ok(text)
}

/// The mistake of an option without a value, or with one of another kind.
fn wrong_value(name: &str) -> Mistake {
    let form = FORMS.iter().find(|(option, _)| *option == name);
    Mistake::Value {
        name: name.to_owned(),
        form: form.map_or("", |(_, form)| form),
    }
}

fn class(meta: &ParseNestedMeta) -> Result<Ident> {
    let class: Ident = value("class", meta)?;
    let name = class.to_string();
    if CLASSES.contains(&name.as_str()) {
        return Ok(class);
    }
    let mistake = match suggestion(&name, CLASSES) {
        Some(meant) => Mistake::ClassMisspelt { name, meant },
        None => Mistake::ClassUnknown {
            name,
            known: CLASSES.join(", "),
        },
    };
    Err(mistake.at(&class))
}

/// A number as it was written: `-1`, `0.5`.
pub struct Number {
    /// Its decimal digits.
    pub text: String,
    tokens: TokenStream,
}

fn range(meta: &ParseNestedMeta) -> Result<[Option<Number>; 2]> {
    let ends = if meta.input.peek(Paren) {
        let content;
        syn::parenthesized!(content in meta.input);
        // A mistake leaves tokens behind, about which syn would complain a second time.
        ends(&content).inspect_err(|_| while content.parse::<proc_macro2::TokenTree>().is_ok() {})?
    } else {
        return Err(wrong_value("range").at(&meta.path));
    };
    match &ends {
        [None, None] => Err(Mistake::EndlessRange.at(&meta.path)),
        [Some(min), Some(max)] if min.text.parse::<f64>().ok() > max.text.parse::<f64>().ok() => {
            let both: TokenStream = [min.tokens.clone(), max.tokens.clone()].into_iter().collect();
            let (min, max) = (min.text.clone(), max.text.clone());
            Err(Mistake::EmptyRange { min, max }.at(both))
        }
        _ => Ok(ends),
    }
}

fn ends(content: ParseStream) -> Result<[Option<Number>; 2]> {
    let mut ends = [None, None];
    while !content.is_empty() {
        let span = content.span();
        let end = end(content).map_err(|_| wrong_value("range").on(span))?;
        let place = match end.0.to_string().as_str() {
            "min" => 0,
            "max" => 1,
            _ => return Err(wrong_value("range").at(&end.0)),
        };
        if ends[place].replace(end.1).is_some() {
            let name = end.0.to_string();
            return Err(Mistake::GivenTwice { name }.at(&end.0));
        }
    }
    Ok(ends)
}

/// `min = 1`, and the comma behind it.
fn end(content: ParseStream) -> Result<(Ident, Number)> {
    let name: Ident = content.parse()?;
    content.parse::<Token![=]>()?;
    let number = number(content)?;
    if !content.is_empty() {
        content.parse::<Token![,]>()?;
    }
    Ok((name, number))
}

fn number(input: ParseStream) -> Result<Number> {
    let minus: Option<Token![-]> = input.parse()?;
    let literal: Lit = input.parse()?;
    let digits = match &literal {
        Lit::Int(number) => number.base10_digits(),
        Lit::Float(number) => number.base10_digits(),
        _ => return Err(wrong_value("range").at(&literal)),
    };
    let text = format!("{}{digits}", if minus.is_some() { "-" } else { "" });
    let mut tokens = minus.to_token_stream();
    literal.to_tokens(&mut tokens);
    Ok(Number { text, tokens })
}
