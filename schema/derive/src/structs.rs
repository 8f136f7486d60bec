//! Structs: `Model` and `AttributeType`.

use std::collections::BTreeMap;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{DataStruct, DeriveInput, Fields, Result};

use crate::attrs::StructOptions;
use crate::fields::{Field, optional};
use crate::mistake::Mistake;
use crate::names::{Case, Serde};
use crate::{Mistakes, docs};

/// The implementations for a struct.
pub fn expand(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let named = match &data.fields {
        Fields::Named(fields) if !fields.named.is_empty() => &fields.named,
        Fields::Named(_) | Fields::Unit | Fields::Unnamed(_) => {
            return Err(Mistake::NoFields.at(&input.ident));
        }
    };
    let mut mistakes = Mistakes::default();
    let options = StructOptions::of(&input.attrs, &mut mistakes);
    let description = docs::of(&input.attrs);
    if description.is_empty() && !options.name.is_empty() {
        mistakes.at(&input.ident, Mistake::UndocumentedStruct);
    }

    let serde = Serde::of(&input.attrs, &mut mistakes);
    let each_serde: Vec<Serde> = named
        .iter()
        .map(|field| Serde::of(&field.attrs, &mut mistakes))
        .collect();
    let by_serde = serde.present || each_serde.iter().any(|field| field.present);
    let case = by_serde.then(|| serde.rename_all.unwrap_or(Case::Snake));
    let fields: Vec<Field> = named
        .iter()
        .zip(&each_serde)
        .filter_map(|(field, serde)| Some(Field::of(field, field.ident.as_ref()?, serde, case, &mut mistakes)))
        .collect();
    refuse_twins(&fields, &mut mistakes);
    let output = emit(input, &options, &description, &fields, &mut mistakes);
    mistakes.or_ok(output)
}

/// Two fields of one name. Those that `flatten` brings in are seen when the schema is made.
fn refuse_twins(fields: &[Field], mistakes: &mut Mistakes) {
    let mut names = BTreeMap::new();
    for field in fields.iter().filter(|field| !field.is_flattened()) {
        if let Some(first) = names.insert(&field.name, field.ident) {
            let (name, first) = (field.name.clone(), first.to_string());
            mistakes.at(field.ident, Mistake::TwinFields { name, first });
        }
    }
}

fn emit(
    input: &DeriveInput,
    options: &StructOptions,
    description: &str,
    fields: &[Field],
    mistakes: &mut Mistakes,
) -> TokenStream {
    let site = Span::mixed_site();
    let ident = &input.ident;
    let idents: Vec<_> = fields.iter().map(|field| field.ident).collect();
    let (mut declare, mut decode, mut encode) = (Vec::new(), Vec::new(), Vec::new());
    for field in fields {
        let Field {
            ident,
            ty,
            name,
            description,
            remote,
            ..
        } = field;
        if field.is_flattened() {
            let remote = optional(remote.as_ref());
            declare.push(
                quote_spanned!(site=> __schema::flatten(&mut block, <#ty as __schema::Model>::block(), #remote);),
            );
            decode.push(quote_spanned! {site=>
                let #ident = <#ty as __schema::Model>::decode_members(object, path, problems);
            });
            encode.push(quote_spanned!(site=> <#ty as __schema::Model>::encode_members(#ident, members);));
        } else {
            let options = field.options(mistakes);
            let assumed = field.is_assumed();
            declare.push(quote_spanned! {site=>
                <#ty as __schema::Field>::declare(&mut block, #name, #description, #options);
            });
            decode.push(quote_spanned! {site=>
                let #ident = <#ty as __schema::Field>::read(object, #name, #assumed, path, problems);
            });
            encode.push(quote_spanned!(site=> <#ty as __schema::Field>::write(#ident, members, #name);));
        }
    }
    let StructOptions { name, version } = options;
    quote_spanned! {site=>
        #[automatically_derived]
        impl __schema::Model for #ident {
            const NAME: &'static str = #name;
            const VERSION: i64 = #version;

            fn block() -> __schema::Block {
                let mut block = __schema::described(#description);
                #(#declare)*
                block
            }

            fn decode_members(
                object: &__schema::Value,
                path: &__schema::AttributePath,
                problems: &mut __schema::Diagnostics,
            ) -> __schema::Option<Self> {
                #(#decode)*
                __schema::Some(Self { #(#idents: #idents?),* })
            }

            fn encode_members(&self, members: &mut __schema::Members) {
                let Self { #(#idents),* } = self;
                #(#encode)*
            }
        }

        #[automatically_derived]
        impl __schema::AttributeType for #ident {
            fn shape() -> __schema::Shape {
                __schema::block_shape(<Self as __schema::Model>::block())
            }

            fn decode(
                value: &__schema::Value,
                path: &__schema::AttributePath,
            ) -> __schema::Result<Self, __schema::Diagnostics> {
                <Self as __schema::Model>::from_value_at(value, path)
            }

            fn encode(&self) -> __schema::Value {
                <Self as __schema::Model>::to_value(self)
            }
        }
    }
}
