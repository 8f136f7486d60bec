//! What only the types show stops a debug build that makes the schema, and says the field's name.

use terraform_schema::{Computed, Model, Schema};

use super::{Label, UpgradeMode};

type Text = String;
type Provided = Computed<i64>;

#[derive(Schema)]
struct Twice {
    /// Key.
    key: String,
    #[schema(flatten)]
    label: Label,
}

#[derive(Schema)]
struct RangeOfText {
    /// Text.
    #[schema(range(min = 1))]
    text: Option<Text>,
}

#[derive(Schema)]
struct AssumedOfAnotherType {
    /// Count.
    #[schema(assumed = "one")]
    count_of_all: Option<i64>,
}

#[derive(Schema)]
struct AssumedIsNoChoice {
    /// Mode.
    #[schema(assumed = "native")]
    mode: Option<UpgradeMode>,
}

#[derive(Schema)]
struct SensitiveBlock {
    /// Label.
    #[schema(sensitive)]
    label: Label,
}

#[derive(Schema)]
struct InputOfTheProvider {
    /// Size.
    #[schema(class = Restart)]
    size: Provided,
}

fn said<M: Model>() -> String {
    let panic = std::panic::catch_unwind(M::block).expect_err("a debug build refuses this");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn mistakes_are_said_with_the_fields_name() {
    assert_eq!(
        said::<Twice>(),
        "two fields are called `key`: rename one with #[schema(rename = \"...\")]"
    );
    assert_eq!(said::<RangeOfText>(), "the field `text`: `range` is for numbers");
    assert_eq!(
        said::<AssumedOfAnotherType>(),
        "the field `count_of_all`: `assumed` is a string, which is no value of the field's type"
    );
    assert_eq!(
        said::<AssumedIsNoChoice>(),
        "the field `mode`: `assumed` is \"native\", which is none of its choices"
    );
    assert_eq!(
        said::<SensitiveBlock>(),
        "the field `label`: `sensitive` is for attributes, and this is a nested block: say it on the block's own fields"
    );
    assert_eq!(
        said::<InputOfTheProvider>(),
        "the field `size`: no configuration can set it, yet its options are about that"
    );
}
