//! What only the types show stops a debug build that makes the schema, and says the field's name.

use std::collections::BTreeSet;

use terraform_schema::{
    Attribute, AttributePath, AttributeType, Computed, Diagnostics, Model, Schema, Shape, Type, Value, WriteOnly,
};

use terraform_schema::schema::Semantics;

use super::{Label, UpgradeMode};
use crate::words::words;

type Text = String;
type Provided = Computed<i64>;

/// A type of a library that is dynamic, as the standard library has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Anything;

impl AttributeType for Anything {
    fn shape() -> Shape {
        Shape::Attribute(Box::new(Attribute::new(Type::Dynamic, Semantics::EXACT)))
    }

    fn decode(_: &Value, _: &AttributePath) -> Result<Self, Diagnostics> {
        Ok(Self)
    }

    fn encode(&self) -> Value {
        Value::Null
    }
}

/// A struct with one field.
macro_rules! model {
    ($(#[$option:meta])* $name:ident: $ty:ty) => {{
        #[derive(Schema)]
        struct Mistaken {
            /// The field.
            $(#[$option])*
            $name: $ty,
        }
        said::<Mistaken>()
    }};
}

/// A block with one field.
macro_rules! block {
    ($block:ident { $(#[$option:meta])* $name:ident: $ty:ty }) => {
        #[derive(Schema)]
        struct $block {
            /// The field.
            $(#[$option])*
            $name: $ty,
        }

        impl PartialEq for $block {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }

        impl Eq for $block {}

        impl PartialOrd for $block {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $block {
            fn cmp(&self, _: &Self) -> std::cmp::Ordering {
                std::cmp::Ordering::Equal
            }
        }
    };
}

block!(WithDynamic { template: Option<Anything> });
block!(WithBoth { size: Option<Computed<i64>> });
block!(WithAssumed { #[schema(assumed = 1)] size: Option<i64> });
block!(WithFact { size: Computed<i64> });
block!(WithSecret { token: Option<WriteOnly<String>> });
block!(WithReplace {
    #[schema(requires_replace)]
    key: String
});
block!(Around { inner: Option<WithDynamic> });

#[derive(Schema)]
struct Twice {
    /// Key.
    key: String,
    #[schema(flatten)]
    label: Label,
}

fn said<M: Model>() -> String {
    let panic = std::panic::catch_unwind(M::block).expect_err("a debug build refuses this");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn mistakes_are_said_with_the_fields_name() {
    let cases = [
        (
            said::<Twice>(),
            "two fields are called `key`: rename one with #[schema(rename = \"...\")]",
        ),
        (
            model!(#[schema(range(min = 1))] text: Option<Text>),
            "the field `text`: `range` is for numbers",
        ),
        (
            model!(#[schema(assumed = "one")] count_of_all: Option<i64>),
            "the field `count_of_all`: `assumed` is a string, which is no value of the field's type",
        ),
        (
            model!(#[schema(assumed = "native")] mode: Option<UpgradeMode>),
            "the field `mode`: `assumed` is \"native\", which is none of its choices",
        ),
        (
            model!(#[schema(sensitive)] label: Label),
            "the field `label`: `sensitive` is for attributes, and this is a nested block: say it on the block's own fields",
        ),
        (
            model!(#[schema(class = Restart)] size: Provided),
            "the field `size`: no configuration can set it, yet its options are about that",
        ),
        (
            model!(labels: Option<Vec<Label>>),
            "the field `labels`: where there are no such blocks the list is empty, not null: leave `Option` away",
        ),
        (
            model!(templates: Vec<WithDynamic>),
            "the field `templates`: `template` in it is dynamic, and the blocks of a list or set must have one type: use a \
             String of JSON, or a single block",
        ),
        (
            model!(templates: BTreeSet<Around>),
            "the field `templates`: `inner.template` in it is dynamic, and the blocks of a list or set must have one type: \
             use a String of JSON, or a single block",
        ),
        (
            model!(sizes: Vec<WithBoth>),
            "the field `sizes`: `size` in it is optional and computed, and Terraform cannot tell which block of a list or \
             set a computed value belongs to: use Option<..> without Computed or `assumed`",
        ),
        (
            model!(sizes: Vec<WithAssumed>),
            "the field `sizes`: `size` in it is optional and computed, and Terraform cannot tell which block of a list or \
             set a computed value belongs to: use Option<..> without Computed or `assumed`",
        ),
        (
            model!(sizes: BTreeSet<WithFact>),
            "the field `sizes`: `size` in it is computed, and a block of a set is told from others by its values: use \
             Vec<..>",
        ),
        (
            model!(tokens: BTreeSet<WithSecret>),
            "the field `tokens`: `token` in it is write-only, and a block of a set is told from others by its values: use \
             Vec<..>",
        ),
        (
            model!(keys: BTreeSet<WithReplace>),
            "the field `keys`: `requires_replace` of `key` in it says nothing, as the blocks of a set come and go as a \
             whole: say it on the set",
        ),
    ];
    for (said, expected) in &cases {
        assert_eq!(said, expected);
    }
    for known in words("src/model/mistakes.rs") {
        assert!(
            cases.iter().any(|(said, _)| known.are(said)),
            "`Mistake::{}` has no case here",
            known.variant
        );
    }
}

/// In a list Terraform finds a block by its place, so that the provider can add to it; and around structs, `Computed` and
/// `WriteOnly` make attributes.
#[test]
fn what_looks_like_them_and_is_none() {
    #[derive(Schema)]
    struct Right {
        /// Sizes.
        sizes: Vec<WithFact>,
        /// Tokens.
        tokens: Vec<WithSecret>,
        /// A single block may be dynamic.
        around: Option<Around>,
        /// An object that is sent only.
        secret: Option<WriteOnly<WithReplace>>,
    }
    let secret = Right::block().attribute("secret").cloned().expect("an attribute");
    assert_eq!(secret.ty, Type::object([("key".to_owned(), Type::String)]));
    assert!(secret.optional && secret.write_only);
}
