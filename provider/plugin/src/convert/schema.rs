//! Schemas as Terraform reads them.

use terraform_schema::json::type_to_json;
use terraform_schema::{Attribute, Block, NestedBlock, Nesting, Schema};

use crate::generated::tfplugin5 as pb;
use pb::schema::nested_block::NestingMode;

/// The schema of a provider block or resource.
pub(crate) fn schema(schema: &Schema) -> pb::Schema {
    let mut block = block(&schema.block);
    block.version = schema.version;
    pb::Schema {
        version: schema.version,
        block: Some(block),
    }
}

/// The schema of an action.
pub(crate) fn action(action: &Schema) -> pb::ActionSchema {
    pb::ActionSchema {
        schema: Some(schema(action)),
    }
}

fn block(block: &Block) -> pb::schema::Block {
    pb::schema::Block {
        version: 0,
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: block.blocks.iter().map(nested).collect(),
        description: block.description.clone(),
        description_kind: pb::StringKind::Markdown.into(),
        deprecated: block.deprecated.is_some(),
        deprecation_message: block.deprecated.clone().unwrap_or_default(),
    }
}

fn attribute(attribute: &Attribute) -> pb::schema::Attribute {
    pb::schema::Attribute {
        name: attribute.name.clone(),
        r#type: type_to_json(&attribute.ty).into_bytes(),
        description: attribute.description.clone(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        description_kind: pb::StringKind::Markdown.into(),
        deprecated: attribute.deprecated.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecated.clone().unwrap_or_default(),
    }
}

fn nested(nested: &NestedBlock) -> pb::schema::NestedBlock {
    let (nesting, items) = match nested.nesting {
        // Terraform takes a single block only with equal bounds: 1 and 1, or 0 and 0.
        Nesting::Single => (NestingMode::Single, i64::from(nested.required)),
        Nesting::List => (NestingMode::List, 0),
        Nesting::Set => (NestingMode::Set, 0),
    };
    pb::schema::NestedBlock {
        type_name: nested.name.clone(),
        block: Some(block(&nested.block)),
        nesting: nesting.into(),
        min_items: items,
        max_items: items,
    }
}

/// The schema of an identity: attributes only.
pub(crate) fn identity(schema: &Schema) -> pb::ResourceIdentitySchema {
    let attributes = schema
        .block
        .attributes
        .iter()
        .map(|attribute| pb::resource_identity_schema::IdentityAttribute {
            name: attribute.name.clone(),
            r#type: type_to_json(&attribute.ty).into_bytes(),
            required_for_import: attribute.required,
            optional_for_import: !attribute.required,
            description: attribute.description.clone(),
        });
    pb::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: attributes.collect(),
    }
}

#[cfg(test)]
mod tests {
    use terraform_schema::Type;
    use terraform_schema::schema::Semantics;

    use super::*;

    fn named(name: &str, ty: Type) -> Attribute {
        Attribute {
            name: name.to_owned(),
            ..Attribute::new(ty, Semantics::EXACT)
        }
    }

    #[test]
    fn single_blocks_have_equal_bounds_and_attributes_keep_their_flags() {
        let inner = Block {
            attributes: vec![named("uri", Type::list(Type::String))],
            ..Block::default()
        };
        let nest = |name: &str, nesting, required| NestedBlock {
            name: name.to_owned(),
            nesting,
            required,
            requires_replace: false,
            update_class: None,
            remote: None,
            block: inner.clone(),
        };
        let secret = Attribute {
            required: false,
            optional: true,
            write_only: true,
            deprecated: Some("Use `b`.".to_owned()),
            ..named("secret", Type::Dynamic)
        };
        let block = Block {
            attributes: vec![secret],
            blocks: vec![
                nest("one", Nesting::Single, true),
                nest("maybe", Nesting::Single, false),
                nest("many", Nesting::List, false),
                nest("some", Nesting::Set, false),
            ],
            ..Block::default()
        };
        let sent = schema(&Schema { version: 3, block });
        assert_eq!(sent.version, 3);
        let block = sent.block.expect("a block");
        let secret = &block.attributes[0];
        assert_eq!(secret.r#type, b"\"dynamic\"");
        assert!(secret.optional && secret.write_only && secret.deprecated && !secret.required && !secret.computed);
        assert_eq!(secret.deprecation_message, "Use `b`.");
        let bounds: Vec<_> = block
            .block_types
            .iter()
            .map(|nested| (nested.nesting(), nested.min_items, nested.max_items))
            .collect();
        assert_eq!(
            bounds,
            [
                (NestingMode::Single, 1, 1),
                (NestingMode::Single, 0, 0),
                (NestingMode::List, 0, 0),
                (NestingMode::Set, 0, 0)
            ]
        );
        assert_eq!(
            block.block_types[0].block.as_ref().expect("a block").attributes[0].r#type,
            br#"["list","string"]"#
        );
    }

    #[test]
    fn identities_say_what_an_import_needs() {
        let optional = Attribute {
            required: false,
            optional: true,
            ..named("namespace", Type::String)
        };
        let block = Block {
            attributes: vec![named("name", Type::String), optional],
            ..Block::default()
        };
        let sent = identity(&Schema { version: 1, block });
        let needs: Vec<_> = sent
            .identity_attributes
            .iter()
            .map(|attribute| {
                (
                    attribute.name.as_str(),
                    attribute.required_for_import,
                    attribute.optional_for_import,
                )
            })
            .collect();
        assert_eq!(needs, [("name", true, false), ("namespace", false, true)]);
        assert_eq!(sent.version, 1);
    }
}
