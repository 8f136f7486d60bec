//! `#[derive(Schema)]`: one documented struct gives the Terraform schema, decoding, encoding, the reference page and the
//! paths of the custom resource's fields.
//!
//! The macro is thin: it reads options (`attrs`), names (`names`) and doc comments (`docs`), refuses what cannot be
//! meant (`mistake` has the whole list), and emits a table of fields. Everything that runs are ordinary functions in `terraform_schema::__private`.
//! `tests/golden/` shows what it emits.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enums of syn are open")]

mod attrs;
mod docs;
mod enums;
mod fields;
mod mistake;
mod names;
mod structs;
#[cfg(test)]
mod tests;
mod types;

use mistake::Mistake;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Data, DeriveInput, Error, Result, parse_macro_input};

/// Implements `Model` and `AttributeType` for a struct with named fields, and `AttributeType` for an enum of names.
///
/// # Types speak first
///
/// | the field's type | in Terraform |
/// |---|---|
/// | `String`, `bool`, an integer, `Number` | a required attribute |
/// | an enum with `#[derive(Schema)]` | a required string, one of its variants' names |
/// | `Option<T>` | the same, optional |
/// | `Computed<T>` | set by the provider |
/// | `Option<Computed<T>>` | optional; set by the provider where the configuration does not |
/// | `WriteOnly<T>` | optional, sent and never stored |
/// | `Vec<T>`, `BTreeSet<T>`, `BTreeMap<String, T>` | list, set, map |
/// | a struct with `#[derive(Schema)]` | a nested block that must be there; in `Option` it may be; in `Vec` any number |
/// | such a struct in `Computed` or `WriteOnly` | an object attribute |
///
/// `Option` is the outermost, `Computed` and `WriteOnly` stand in nothing else. There is no attribute for floating-point
/// numbers, maps without order, references and tuples; the error says what to write for them.
///
/// Doc comments are the user's reference page: every field and every variant needs one, and so does a struct with a
/// `name`. Lines of a paragraph are joined; blank lines, lists, tables, headings and fenced code are kept.
///
/// # On the struct: `#[schema(...)]`
///
/// | option | meaning |
/// |---|---|
/// | `name = "flink_deployment"` | the type name of a resource or data source; leave it out for nested blocks |
/// | `version = 0` | version of the stored state; raised when its shape changes. 0 if left out |
///
/// # On a field: `#[schema(...)]`
///
/// | option | meaning |
/// |---|---|
/// | `requires_replace` | another meaning of the value needs a new object; on a nested block: adding or removing it |
/// | `stable` | a computed value that never changes again, so that no plan makes it unknown |
/// | `sensitive` | masked in plans and outputs |
/// | `deprecated = "..."` | why not to use it, and what to use instead: users get it as a warning |
/// | `assumed = <value>` | what null means to the remote side; makes an `Option<T>` computed too. A bool, a whole number, a string or an array of these is taken as it is; any other expression must be a `Value` |
/// | `class = Restart` | what changing it does, a variant of `UpdateClass`: `Local`, `Ignored`, `Scaled`, `Restart`, `Redeploy` |
/// | `range(min = 1, max = 5)` | the numbers allowed, both ends included; either may be left out. For collections: of each element |
/// | `check = path::to::function` | a further check of a known value, of type `Check`; may be repeated |
/// | `rename = "hcl_name"` | the name in a configuration, where it is not the field's |
/// | `remote = "field.path"` | the path in the custom resource, where it is not serde's name |
/// | `flatten` | the fields of this other model stand directly in this block; with `remote = "spec"`, their paths in the custom resource begin with `spec`. The field needs no doc comment and takes no other option |
///
/// # Names
///
/// In a configuration a field has its Rust name (`r#type` is `type`). It is made of lower case letters, digits and `_`,
/// begins with a letter, and is none of the names that Terraform keeps for itself: `connection`, `count`, `depends_on`,
/// `for_each`, `lifecycle`, `locals`, `provider`, `provisioner`. (A provider block cannot use `alias`, `source` and
/// `version` either, which the macro cannot see.)
///
/// In the custom resource it has serde's name: `#[serde(rename_all = "camelCase")]` on the struct and
/// `#[serde(rename = "jarURI")]` on the field are read, and `#[serde(skip)]` means that it has none. A struct with no serde
/// attribute at all, neither on itself nor on a field, has only the remote paths that `remote` gives.
///
/// # Enums
///
/// Each variant without fields is a text that the attribute allows: serde's name (`rename`, `rename_all`), else the
/// variant in snake_case. Its doc comment goes into the list of values. One variant `#[schema(other)] Unknown(String)`
/// takes every other text: then the list is described, and nothing is refused.
///
/// # Errors
///
/// All mistakes in a struct are reported at once, each where it is, with what to write instead. What only the types can
/// show (the same name twice after `flatten`, a `range` on an alias of `String`, an `assumed` value of the wrong type, a
/// dynamic or optional and computed attribute in the blocks of a list) stops every debug build that makes the schema.
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn derive_schema(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// What the derive emits. All names of the library are reached through one import, inside a block of its own so that
/// nothing of it meets the user's names. Locals are hygienic (mixed site), so a field may be called `path`.
fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Mistake::Parameters.at(&input.generics));
    }
    let implementations = match &input.data {
        Data::Struct(data) => structs::expand(input, data)?,
        Data::Enum(data) => enums::expand(input, data)?,
        Data::Union(data) => {
            return Err(Mistake::Union.at(data.union_token));
        }
    };
    Ok(quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use ::terraform_schema::__private as __schema;
            #implementations
        };
    })
}

/// Collects mistakes, so that one compilation shows them all.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn at(&mut self, tokens: impl quote::ToTokens, mistake: Mistake) {
        self.push(mistake.at(tokens));
    }

    fn or_ok<T>(self, value: T) -> Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}

/// The candidate that is most like `text`, where one is alike enough.
fn suggestion(text: &str, candidates: &[&str]) -> Option<String> {
    candidates
        .iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(&text.to_lowercase(), &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| (*candidate).to_owned())
}
