//! Enums of names: `AttributeType` as a string that is one of the variants' names.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::{DataEnum, DeriveInput, Fields, Ident, Result, Type, Variant};

use crate::mistake::Mistake;
use crate::names::{Case, Serde};
use crate::{Mistakes, attrs, docs};

/// A variant without fields.
struct Choice<'a> {
    ident: &'a Ident,
    name: String,
    description: String,
}

/// The implementation for an enum.
pub fn expand(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    attrs::none(&input.attrs, &mut mistakes);
    let case = Serde::of(&input.attrs, &mut mistakes).rename_all.unwrap_or(Case::Snake);
    let mut choices = Vec::new();
    let mut other: Option<&Ident> = None;
    for variant in &data.variants {
        let is_other = attrs::is_other(&variant.attrs, &mut mistakes);
        match (&variant.fields, is_other) {
            (Fields::Unit, false) => choices.push(choice(variant, case, &mut mistakes)),
            (fields, true) if holds_text(fields) => {
                if let Some(first) = other.replace(&variant.ident) {
                    let first = first.to_string();
                    mistakes.at(&variant.ident, Mistake::SecondOther { first });
                }
            }
            (_, true) => mistakes.at(&variant.ident, Mistake::OtherWithoutText),
            (_, false) => mistakes.at(&variant.ident, Mistake::VariantWithFields),
        }
    }
    if choices.is_empty() && mistakes.0.is_none() {
        return Err(Mistake::NoVariants.at(&input.ident));
    }
    refuse_twins(&choices, &mut mistakes);
    mistakes.or_ok(emit(&input.ident, &choices, other))
}

fn choice<'a>(variant: &'a Variant, case: Case, mistakes: &mut Mistakes) -> Choice<'a> {
    let serde = Serde::of(&variant.attrs, mistakes);
    let name = serde
        .rename
        .unwrap_or_else(|| case.of_variant(&variant.ident.unraw().to_string()));
    let description = docs::of(&variant.attrs);
    if description.is_empty() {
        mistakes.at(&variant.ident, Mistake::UndocumentedVariant);
    }
    Choice {
        ident: &variant.ident,
        name,
        description,
    }
}

fn holds_text(fields: &Fields) -> bool {
    match fields {
        Fields::Unnamed(fields) => match fields.unnamed.first().map(|field| &field.ty) {
            Some(Type::Path(ty)) if fields.unnamed.len() == 1 => {
                ty.path.segments.last().is_some_and(|segment| segment.ident == "String")
            }
            _ => false,
        },
        Fields::Named(_) | Fields::Unit => false,
    }
}

fn refuse_twins(choices: &[Choice], mistakes: &mut Mistakes) {
    let mut names = BTreeMap::new();
    for choice in choices {
        if let Some(first) = names.insert(&choice.name, choice.ident) {
            let (text, first) = (choice.name.clone(), first.to_string());
            mistakes.at(choice.ident, Mistake::TwinVariants { text, first });
        }
    }
}

fn emit(ident: &Ident, choices: &[Choice], other: Option<&Ident>) -> TokenStream {
    let site = Span::mixed_site();
    let variants: Vec<_> = choices.iter().map(|choice| choice.ident).collect();
    let names: Vec<_> = choices.iter().map(|choice| &choice.name).collect();
    let descriptions = choices.iter().map(|choice| &choice.description);
    let open = other.is_some();
    let decode_other = other.map(|other| {
        quote_spanned!(site=> __schema::Some(text) => __schema::Ok(Self::#other(__schema::String::from(text))),)
    });
    let encode_other = other.map(|other| quote_spanned!(site=> Self::#other(text) => text,));
    quote_spanned! {site=>
        const CHOICES: &[(&str, &str)] = &[#((#names, #descriptions)),*];

        #[automatically_derived]
        impl __schema::AttributeType for #ident {
            fn shape() -> __schema::Shape {
                __schema::choices_shape(CHOICES, #open)
            }

            fn decode(
                value: &__schema::Value,
                path: &__schema::AttributePath,
            ) -> __schema::Result<Self, __schema::Diagnostics> {
                match __schema::Value::as_str(value) {
                    #(__schema::Some(#names) => __schema::Ok(Self::#variants),)*
                    #decode_other
                    _ => __schema::Err(__schema::unknown_choice(value, path, CHOICES)),
                }
            }

            fn encode(&self) -> __schema::Value {
                __schema::Value::string(match self {
                    #(Self::#variants => #names,)*
                    #encode_other
                })
            }
        }
    }
}
