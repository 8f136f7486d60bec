//! What the macro emits, compared with `tests/golden/`, and the pure parts.

use std::path::Path;

use quote::quote;
use syn::{Item, parse_quote};

use super::*;
use crate::names::Case;

/// `tests/golden/x.rs` expands to `tests/golden/x.expanded.rs`. `UPDATE=1` writes it anew.
#[test]
fn expansion_is_the_golden_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let source = std::fs::read_to_string(folder.join("deployment.rs")).expect("the golden source is there");
    let mut expanded = TokenStream::new();
    for item in syn::parse_file(&source).expect("the golden source is Rust").items {
        let input: DeriveInput = match item {
            Item::Struct(item) => item.into(),
            Item::Enum(item) => item.into(),
            other => panic!("the golden source has structs and enums only, not {}", quote!(#other)),
        };
        expanded.extend(expand(&input).expect("the golden source has no mistakes"));
    }
    let expanded = syn::parse2(expanded).expect("the macro emits Rust");
    let expanded = format!(
        "// What the derive makes of deployment.rs. Refresh: UPDATE=1 cargo test -p terraform-schema-derive\n\n{}",
        prettyplease::unparse(&expanded)
    );
    let golden = folder.join("deployment.expanded.rs");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&golden, &expanded).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        golden == expanded,
        "the expansion changed; look at it after UPDATE=1 cargo test -p terraform-schema-derive"
    );
}

#[test]
fn everything_of_the_library_is_reached_through_one_import() {
    let golden = include_str!("../tests/golden/deployment.expanded.rs");
    for line in golden
        .lines()
        .filter(|line| line.contains("terraform_schema") || line.trim_start().starts_with("use "))
    {
        assert_eq!(line.trim(), "use ::terraform_schema::__private as __schema;");
    }
}

#[test]
fn the_golden_source_uses_every_option() {
    let golden = include_str!("../tests/golden/deployment.rs");
    for option in [attrs::STRUCT, attrs::FIELD, attrs::VARIANT].concat() {
        let used = golden
            .lines()
            .filter(|line| line.trim_start().starts_with("#[schema("))
            .any(|line| {
                line.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == option)
            });
        assert!(used, "tests/golden/deployment.rs does not show `{option}`");
    }
}

#[test]
fn doc_comments_become_markdown() {
    let cases: [(DeriveInput, &str); 6] = [
        (
            parse_quote! {
                /// First line
                /// and second.
                struct A;
            },
            "First line and second.",
        ),
        (
            parse_quote! {
                /// One paragraph
                /// of two lines.
                ///
                /// Values:
                ///
                /// - `a`: the first
                ///   of them
                /// - `b`
                ///   1. nested
                struct A;
            },
            "One paragraph of two lines.\n\nValues:\n\n- `a`: the first of them\n- `b`\n  1. nested",
        ),
        (
            parse_quote! {
                /// # Head
                /// Text
                /// | a | b |
                /// |---|---|
                struct A;
            },
            "# Head\nText\n| a | b |\n|---|---|",
        ),
        (
            parse_quote! {
                /// Like this:
                /// ```hcl
                /// a {
                ///   b = 1
                /// }
                /// ```
                /// and so
                /// on.
                struct A;
            },
            "Like this:\n```hcl\na {\n  b = 1\n}\n```\nand so on.",
        ),
        (
            parse_quote! {
                /** One
                 * block.
                 */
                struct A;
            },
            "One block.",
        ),
        (
            parse_quote! {
                #[doc(hidden)]
                struct A;
            },
            "",
        ),
    ];
    for (input, markdown) in cases {
        assert_eq!(docs::of(&input.attrs), markdown);
    }
}

/// The spellings that serde's own documentation gives for its `rename_all`.
#[test]
fn names_are_spelled_as_serde_spells_them() {
    let cases = [
        (Case::Lower, "jar_uri", "laststate"),
        (Case::Upper, "JAR_URI", "LASTSTATE"),
        (Case::Pascal, "JarUri", "LastState"),
        (Case::Camel, "jarUri", "lastState"),
        (Case::Snake, "jar_uri", "last_state"),
        (Case::ScreamingSnake, "JAR_URI", "LAST_STATE"),
        (Case::Kebab, "jar-uri", "last-state"),
        (Case::ScreamingKebab, "JAR-URI", "LAST-STATE"),
    ];
    for (case, field, variant) in cases {
        assert_eq!(case.of_field("jar_uri"), field);
        assert_eq!(case.of_variant("LastState"), variant);
    }
}

#[test]
fn names_that_terraform_or_hcl_refuse() {
    for name in ["jar_uri", "a", "a1", "version", "state"] {
        assert!(names::problem(name).is_none(), "{name}");
    }
    for name in ["", "_a", "1a", "jarUri", "jar-uri", "ünder"] {
        assert!(
            names::problem(name).is_some_and(|problem| matches!(problem, Mistake::NotAName { .. })),
            "{name}"
        );
    }
    for name in ["count", "for_each", "provider", "lifecycle"] {
        assert!(
            names::problem(name).is_some_and(|problem| matches!(problem, Mistake::ReservedName { .. })),
            "{name}"
        );
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let input = parse_quote! {
        #[schema(nmae = "flink_deployment")]
        struct Deployment {
            name: String,
            #[schema(stabel, rang(min = 1), class = Restrat, range(min = 2, max = 1))]
            count: u32,
        }
    };
    let messages: Vec<String> = expand(&input)
        .expect_err("there are mistakes")
        .into_iter()
        .map(|e| e.to_string())
        .collect();
    let expected = [
        "there is no option `nmae`, did you mean `name`?",
        "say what it is: the doc comment becomes the user's reference page",
        "there is no option `stabel`, did you mean `stable`?",
        "there is no option `rang`, did you mean `range`?",
        "there is no class `Restrat`, did you mean `Restart`?",
        "no number is between 2 and 1",
        "say what it is: the doc comment becomes the user's reference page",
        "Terraform keeps the name `count` for itself: choose another one with #[schema(rename = \"...\")]",
    ];
    assert_eq!(messages, expected);
}
