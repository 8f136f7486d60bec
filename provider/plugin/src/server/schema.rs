//! Rules for schemas (Terraform: `configschema.Block.InternalValidate`). Terraform refuses a provider that breaks one
//! before anything else happens, naming neither resource nor remedy; so we say it first.

use terraform_schema::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, Nesting, Schema, Type};

/// Every breach in the schema of a resource or provider block.
pub(crate) fn breaches(name: &str, schema: &Schema) -> Diagnostics {
    let mut found = Vec::new();
    check(&schema.block, false, &AttributePath::root(), &mut found);
    found.into_iter().map(|what| bug(name, &what)).collect()
}

/// Every breach in the schema of an identity.
pub(crate) fn identity_breaches(name: &str, schema: &Schema) -> Diagnostics {
    let blocks = schema
        .block
        .blocks
        .iter()
        .map(|nested| format!("`{}` is a block, and has no place in an identity", nested.name));
    let attributes = schema
        .block
        .attributes
        .iter()
        .filter(|attribute| !simple(&attribute.ty))
        .map(|attribute| {
            format!(
                "`{}` is neither a text, number or bool nor a list of these",
                attribute.name
            )
        });
    blocks
        .chain(attributes)
        .map(|what| bug(name, &format!("in its identity, {what}")))
        .collect()
}

/// Every breach of the rules that are for data sources only.
pub(crate) fn data_source_breaches(name: &str, schema: &Schema) -> Diagnostics {
    let block = &schema.block;
    let write_only = attributes(block).filter(|attribute| attribute.write_only);
    write_only
        .map(|attribute| {
            bug(
                name,
                &format!(
                    "`{}` is write-only, which nothing in a data source may be",
                    attribute.name
                ),
            )
        })
        .collect()
}

/// Every breach of the rules for what is configured and never stored: actions and list resources.
pub(crate) fn input_breaches(name: &str, schema: &Schema) -> Diagnostics {
    let computed = attributes(&schema.block).filter(|attribute| attribute.computed);
    computed
        .map(|attribute| {
            bug(
                name,
                &format!(
                    "`{}` is computed, which nothing in an action or list resource may be",
                    attribute.name
                ),
            )
        })
        .collect()
}

/// The breach of a list resource without its resource.
pub(crate) fn list_breach(name: &str, has_resource: bool) -> Diagnostics {
    let breach = (!has_resource).then(|| bug(name, "there is a list resource, and no resource of this type"));
    breach.into_iter().collect()
}

/// The attributes of a block and of all blocks in it.
fn attributes(block: &Block) -> Box<dyn Iterator<Item = &Attribute> + '_> {
    let nested = block.blocks.iter().flat_map(|nested| attributes(&nested.block));
    Box::new(block.attributes.iter().chain(nested))
}

fn simple(ty: &Type) -> bool {
    match ty {
        Type::Bool | Type::Number | Type::String => true,
        Type::List(element) => matches!(**element, Type::Bool | Type::Number | Type::String),
        Type::Dynamic | Type::Set(_) | Type::Map(_) | Type::Object(_) | Type::Tuple(_) => false,
    }
}

fn check(block: &Block, in_set: bool, path: &AttributePath, found: &mut Vec<String>) {
    for (index, attribute) in block.attributes.iter().enumerate() {
        let at = path.name(&attribute.name);
        let mut breach = |what: &str| found.push(format!("`{at}` {what}"));
        match (attribute.required, attribute.optional, attribute.computed) {
            (true, false, false) | (false, true, _) | (false, false, true) => {}
            (false, false, false) => breach("is neither required nor optional nor computed"),
            (true, _, _) => breach("is required, and so neither optional nor computed"),
        }
        if attribute.write_only && attribute.computed {
            breach("is write-only, and so never computed");
        }
        if in_set && attribute.write_only {
            breach("is write-only, which nothing in a set of blocks may be");
        }
        if in_set && attribute.ty.has_dynamic() {
            breach("may be of any type, which nothing in a set of blocks may be");
        }
        let twice = block.attributes[..index]
            .iter()
            .any(|other| other.name == attribute.name)
            || block.nested(&attribute.name).is_some();
        if twice {
            breach("is there twice");
        }
    }
    for nested in &block.blocks {
        check(
            &nested.block,
            in_set || nested.nesting == Nesting::Set,
            &path.name(&nested.name),
            found,
        );
    }
}

fn bug(name: &str, what: &str) -> Diagnostic {
    Diagnostic::bug(format!("In the schema of `{name}`, {what}."))
}

#[cfg(test)]
mod tests {
    use terraform_schema::NestedBlock;
    use terraform_schema::schema::Semantics;

    use super::*;

    fn attribute(name: &str) -> Attribute {
        Attribute {
            name: name.to_owned(),
            ..Attribute::new(Type::String, Semantics::EXACT)
        }
    }

    fn set(attributes: Vec<Attribute>) -> Block {
        let nested = NestedBlock {
            name: "set".to_owned(),
            nesting: Nesting::Set,
            required: false,
            requires_replace: false,
            update_class: None,
            remote: None,
            block: Block {
                attributes,
                ..Block::default()
            },
        };
        Block {
            blocks: vec![nested],
            ..Block::default()
        }
    }

    #[test]
    fn each_breach_is_named() {
        let flat = |attribute| Block {
            attributes: vec![attribute],
            ..Block::default()
        };
        let optional = |name| Attribute {
            required: false,
            optional: true,
            ..attribute(name)
        };
        let cases = [
            (flat(attribute("a")), None),
            (
                flat(Attribute {
                    computed: true,
                    ..optional("a")
                }),
                None,
            ),
            (
                flat(Attribute {
                    required: false,
                    ..attribute("a")
                }),
                Some("neither required nor optional nor computed"),
            ),
            (
                flat(Attribute {
                    computed: true,
                    ..attribute("a")
                }),
                Some("so neither optional nor computed"),
            ),
            (
                flat(Attribute {
                    write_only: true,
                    computed: true,
                    ..optional("a")
                }),
                Some("so never computed"),
            ),
            (
                Block {
                    attributes: vec![attribute("a"), attribute("a")],
                    ..Block::default()
                },
                Some("`a` is there twice"),
            ),
            (set(vec![attribute("a")]), None),
            (
                set(vec![Attribute {
                    write_only: true,
                    ..optional("a")
                }]),
                Some("`set.a` is write-only"),
            ),
            (
                set(vec![Attribute {
                    ty: Type::list(Type::Dynamic),
                    ..optional("a")
                }]),
                Some("`set.a` may be of any type"),
            ),
        ];
        for (block, words) in cases {
            let found = breaches("x_y", &Schema { version: 0, block });
            let text: Vec<_> = found.iter().map(|bug| bug.detail.as_str()).collect();
            match words {
                None => assert!(text.is_empty(), "{text:?}"),
                Some(words) => assert!(
                    text.len() == 1 && text[0].contains(words) && text[0].contains("`x_y`"),
                    "{text:?}"
                ),
            }
        }
    }

    #[test]
    fn nothing_in_a_data_source_is_write_only() {
        let of = |block| {
            data_source_breaches("x_y", &Schema { version: 0, block })
                .iter()
                .count()
        };
        let secret = Attribute {
            write_only: true,
            ..attribute("a")
        };
        assert_eq!(of(set(vec![attribute("a")])), 0);
        assert_eq!(of(set(vec![secret])), 1);
    }

    #[test]
    fn nothing_in_an_action_or_list_resource_is_computed() {
        let of = |block| input_breaches("x_y", &Schema { version: 0, block }).iter().count();
        let fact = Attribute {
            computed: true,
            ..attribute("a")
        };
        assert_eq!(of(set(vec![attribute("a")])), 0);
        assert_eq!(of(set(vec![fact])), 1);
        assert!(list_breach("x_y", true).is_empty());
        assert!(list_breach("x_y", false).has_errors());
    }

    #[test]
    fn identities_are_flat() {
        let of = |block| identity_breaches("x_y", &Schema { version: 0, block }).iter().count();
        let typed = |ty| Block {
            attributes: vec![Attribute { ty, ..attribute("a") }],
            ..Block::default()
        };
        assert_eq!(of(typed(Type::String)), 0);
        assert_eq!(of(typed(Type::list(Type::Number))), 0);
        assert_eq!(of(typed(Type::map(Type::String))), 1);
        assert_eq!(of(typed(Type::list(Type::list(Type::Number)))), 1);
        assert_eq!(of(set(vec![attribute("a")])), 1);
    }
}
