//! One field of a struct: what the macro reads about it, what it refuses, and the options that it emits.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, ExprArray, ExprLit, ExprUnary, Ident, Lit, Type, UnOp};

use crate::attrs::{FieldOptions, Number};
use crate::mistake::Mistake;
use crate::names::{Case, Serde};
use crate::{Mistakes, docs, names, types};

/// A field, wholly read.
pub struct Field<'a> {
    /// Its Rust name.
    pub ident: &'a Ident,
    /// Its type.
    pub ty: &'a Type,
    /// Its name in a configuration.
    pub name: String,
    /// Its doc comment.
    pub description: String,
    /// Its path in the custom resource.
    pub remote: Option<String>,
    options: FieldOptions,
}

impl<'a> Field<'a> {
    /// Reads and checks a field. `serde` is what serde's attributes on the field say, `case` how serde spells the
    /// struct's fields; `None` where serde has no part in the struct.
    pub fn of(
        field: &'a syn::Field,
        ident: &'a Ident,
        serde: &Serde,
        case: Option<Case>,
        mistakes: &mut Mistakes,
    ) -> Self {
        let options = FieldOptions::of(&field.attrs, mistakes);
        let rust_name = ident.unraw().to_string();
        let name = options
            .rename
            .as_ref()
            .map_or_else(|| rust_name.clone(), syn::LitStr::value);
        let by_serde = || {
            case.filter(|_| !serde.skip)
                .map(|case| serde.rename.clone().unwrap_or_else(|| case.of_field(&rust_name)))
        };
        let remote = options.remote.as_ref().map(syn::LitStr::value).or_else(by_serde);
        let field = Self {
            ident,
            ty: &field.ty,
            name,
            description: docs::of(&field.attrs),
            remote,
            options,
        };
        if field.is_flattened() {
            field.check_flattened(mistakes)
        } else {
            field.check(mistakes)
        }
        field
    }

    /// Whether the fields of this one stand directly in the block.
    pub fn is_flattened(&self) -> bool {
        self.options.given("flatten").is_some()
    }

    /// Whether an unknown value reads as absent.
    pub fn is_assumed(&self) -> bool {
        self.options.assumed.is_some()
    }

    fn check_flattened(&self, mistakes: &mut Mistakes) {
        for option in self
            .options
            .all_given()
            .iter()
            .filter(|option| *option != "flatten" && *option != "remote")
        {
            mistakes.at(
                option,
                Mistake::OptionOfFlattened {
                    option: option.to_string(),
                },
            );
        }
        let outermost = types::layers(self.ty).into_iter().next();
        if let Some(wrapper) = outermost.filter(|layer| types::is_wrapper_or_collection(layer)) {
            mistakes.at(self.ty, Mistake::FlattenedWrapper { wrapper });
        }
    }

    fn check(&self, mistakes: &mut Mistakes) {
        if self.description.is_empty() {
            mistakes.at(self.ident, Mistake::UndocumentedField);
        }
        if let Some(problem) = names::problem(&self.name) {
            match &self.options.rename {
                Some(rename) => mistakes.at(rename, problem),
                None => mistakes.at(self.ident, problem),
            }
        }
        types::refuse(self.ty, mistakes);
        self.check_options(mistakes);
    }

    /// Refuses options that contradict the type.
    fn check_options(&self, mistakes: &mut Mistakes) {
        let layers = types::layers(self.ty);
        let has = |layer: &str| layers.iter().any(|found| found == layer);
        let outermost = layers.first().map_or("", String::as_str);
        let innermost = layers.last().map_or("", String::as_str);
        let mut refuse = |option: &str, refused: bool, mistake: fn(String) -> Mistake| {
            if let Some(given) = self.options.given(option).filter(|_| refused) {
                mistakes.at(given, mistake(option.to_owned()));
            }
        };
        for option in ["requires_replace", "assumed", "class", "range", "check"] {
            refuse(option, outermost == "Computed", |option| Mistake::OptionOfComputed {
                option,
            });
        }
        for option in ["requires_replace", "assumed", "stable"] {
            refuse(option, has("WriteOnly"), |option| Mistake::OptionOfWriteOnly { option });
        }
        refuse(
            "stable",
            !has("Computed") && !has("WriteOnly") && !self.is_assumed(),
            |_| Mistake::StableInput,
        );
        refuse(
            "assumed",
            !["Option", "Computed", "WriteOnly"].contains(&outermost),
            |_| Mistake::AssumedRequired,
        );
        if let Some(given) = self.options.given("range")
            && ["String", "bool"].contains(&innermost)
        {
            let ty = innermost.to_owned();
            mistakes.at(given, Mistake::RangeOf { ty });
        }
    }

    /// The `FieldOptions` that the macro's output hands to the library.
    pub fn options(&self, mistakes: &mut Mistakes) -> TokenStream {
        let mut set = Vec::new();
        for flag in ["requires_replace", "stable", "sensitive"] {
            set.extend(self.options.given(flag).map(|flag| quote!(#flag: true)));
        }
        set.extend(
            self.options
                .deprecated
                .as_ref()
                .map(|why| quote!(deprecated: __schema::Some(#why))),
        );
        match self.options.assumed.as_ref().map(value).transpose() {
            Ok(assumed) => set.extend(assumed.map(|value| quote!(assumed: __schema::Some(#value)))),
            Err(error) => mistakes.push(error),
        }
        set.extend(
            self.options
                .class
                .as_ref()
                .map(|class| quote!(update_class: __schema::Some(__schema::UpdateClass::#class))),
        );
        set.extend(self.options.range.as_ref().map(|ends| {
            let [min, max] = ends
                .each_ref()
                .map(|end| optional(end.as_ref().map(|Number { text, .. }| text)));
            quote!(range: __schema::range(#min, #max))
        }));
        let checks = &self.options.checks;
        set.extend((!checks.is_empty()).then(|| quote!(checks: &[#(#checks),*])));
        set.extend(
            self.remote
                .as_ref()
                .map(|remote| quote!(remote: __schema::Some(#remote))),
        );
        if set.is_empty() {
            quote!(__schema::FieldOptions::default())
        } else {
            quote!(__schema::FieldOptions { #(#set,)* ..__schema::FieldOptions::default() })
        }
    }
}

/// `Some(text)` or `None`.
pub fn optional(text: Option<&String>) -> TokenStream {
    text.map_or_else(|| quote!(__schema::None), |text| quote!(__schema::Some(#text)))
}

/// The `Value` that `assumed` means.
fn value(expression: &Expr) -> syn::Result<TokenStream> {
    Ok(match expression {
        Expr::Lit(ExprLit {
            lit: literal @ (Lit::Str(_) | Lit::Bool(_)),
            ..
        }) => quote!(__schema::Value::from(#literal)),
        Expr::Lit(ExprLit {
            lit: Lit::Int(number), ..
        }) => {
            let number = number.base10_parse::<i64>().map_err(|_| not_a_value(expression))?;
            quote!(__schema::Value::from(#number))
        }
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_), expr, ..
        }) if matches!(&**expr, Expr::Lit(_)) => {
            let Expr::Lit(ExprLit {
                lit: Lit::Int(number), ..
            }) = &**expr
            else {
                return Err(not_a_value(expression));
            };
            let number = number.base10_parse::<i64>().map_err(|_| not_a_value(expression))?;
            quote!(__schema::Value::from(-#number))
        }
        Expr::Lit(_) => return Err(not_a_value(expression)),
        Expr::Array(ExprArray { elems, .. }) => {
            let elements = elems.iter().map(value).collect::<syn::Result<Vec<_>>>()?;
            quote!(__schema::list([#(#elements),*]))
        }
        // With its type said, another type is refused in few words.
        other => quote_spanned!(Span::mixed_site()=> { let value: __schema::Value = #other; value }),
    })
}

fn not_a_value(expression: &Expr) -> syn::Error {
    Mistake::NotAssumable.at(expression)
}
