//! Every mistake that the macro finds, with its words: what is wrong, and what to write instead. Each has a case in
//! `schema/tests/ui/`, and a test says so where one has none.

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

/// What is wrong with a struct, enum, field, variant or option.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    // What can be a schema.
    /// Type or lifetime parameters.
    #[error("a schema has no parameters: write a struct for each of the types that you need")]
    Parameters,
    /// A union.
    #[error("a union cannot be a schema: use a struct or an enum")]
    Union,
    /// A tuple struct, a unit struct, or one without fields.
    #[error("a schema is a struct with named fields, at least one")]
    NoFields,
    /// An enum of which no variant is a text.
    #[error("an enum in a schema needs at least one variant without fields")]
    NoVariants,
    /// A variant with fields that is not the one for all other texts.
    #[error(
        "an enum in a schema is a list of texts, so a variant has no fields; the one that takes every other text is \
         `#[schema(other)] Unknown(String)`"
    )]
    VariantWithFields,
    /// `other` on a variant that cannot hold a text.
    #[error("what takes every other text must hold it: `Unknown(String)`")]
    OtherWithoutText,
    /// A second `other`.
    #[error("`{first}` takes every other text already")]
    SecondOther { first: String },

    // Descriptions.
    /// A resource without a doc comment.
    #[error("say what it is: the doc comment becomes the head of the user's reference page")]
    UndocumentedStruct,
    /// A field without a doc comment.
    #[error("say what it is: the doc comment becomes the user's reference page")]
    UndocumentedField,
    /// A variant without a doc comment.
    #[error("say what it means: the doc comment goes into the list of values that users read")]
    UndocumentedVariant,

    // Names.
    /// What HCL cannot write as a name.
    #[error(
        "`{name}` cannot be a name in a configuration: use lower case letters, digits and `_`, beginning with a letter"
    )]
    NotAName { name: String },
    /// What Terraform reads itself in every block.
    #[error("Terraform keeps the name `{name}` for itself: choose another one with #[schema(rename = \"...\")]")]
    ReservedName { name: String },
    /// Two fields of one name.
    #[error("`{name}` is already the name of the field `{first}`: rename one with #[schema(rename = \"...\")]")]
    TwinFields { name: String, first: String },
    /// Two variants of one text.
    #[error("\"{text}\" is already the text of the variant `{first}`: rename one with #[serde(rename = \"...\")]")]
    TwinVariants { text: String, first: String },
    /// A `rename_all` that serde does not have.
    #[error("serde knows no `rename_all = \"{spelling}\"`{hint}")]
    Spelling { spelling: String, hint: String },
    /// A name for serde that is not a text.
    #[error("`{option}` is written `{option} = \"...\"` or `{option}(serialize = \"...\", deserialize = \"...\")`")]
    SerdeName { option: String },
    /// serde's own `flatten`.
    #[error("serde(flatten) hides which fields there are: write them out, or use #[schema(flatten)]")]
    SerdeFlatten,

    // Options.
    /// Not a list of options.
    #[error("options stand in parentheses and have commas between them: #[schema(requires_replace, class = Restart)]")]
    NotOptions,
    /// An option where there are none.
    #[error("there is no option `{name}` here: this takes no #[schema(...)] options")]
    NoOptionsHere { name: String },
    /// An option that is called otherwise here.
    #[error("there is no option `{name}`: {instead}")]
    OptionElsewhere { name: String, instead: &'static str },
    /// An option that is almost one.
    #[error("there is no option `{name}`, did you mean `{meant}`?")]
    OptionMisspelt { name: String, meant: String },
    /// An option that is none.
    #[error("there is no option `{name}`; there are: {known}")]
    OptionUnknown { name: String, known: String },
    /// The same option once more.
    #[error("`{name}` is given twice")]
    GivenTwice { name: String },
    /// A flag with a value.
    #[error("`{name}` takes no value: a comma or nothing stands behind it")]
    Flag { name: String },
    /// An option without a value, or with one of another kind.
    #[error("`{name}` is written `{form}`")]
    Value { name: String, form: &'static str },
    /// An empty text.
    #[error("`{name}` must not be empty")]
    Empty { name: String },
    /// An update class that is almost one.
    #[error("there is no class `{name}`, did you mean `{meant}`?")]
    ClassMisspelt { name: String, meant: String },
    /// An update class that is none.
    #[error("there is no class `{name}`; there are: {known}")]
    ClassUnknown { name: String, known: String },
    /// A range without ends.
    #[error("give at least one end: `range(min = 1)`, `range(max = 5)`")]
    EndlessRange,
    /// A range with the greater number first.
    #[error("no number is between {min} and {max}")]
    EmptyRange { min: String, max: String },
    /// What `assumed` cannot take.
    #[error("`assumed` takes a bool, a whole number, a string, an array of these, or an expression of type `Value`")]
    NotAssumable,

    // What does not go together.
    /// An option on a flattened field.
    #[error("`{option}` says nothing about a flattened struct: say it on its own fields")]
    OptionOfFlattened { option: String },
    /// An option for inputs on a fact.
    #[error(
        "`{option}` is for what a configuration can set, and only the provider sets a `Computed` field: use \
         Option<Computed<..>> where both can"
    )]
    OptionOfComputed { option: String },
    /// An option for what is stored on what is not.
    #[error("`{option}` is about a stored value, and a `WriteOnly` one is never stored")]
    OptionOfWriteOnly { option: String },
    /// `stable` on what the provider does not compute.
    #[error("`stable` is about a value that the provider computes: use Computed<..> or Option<Computed<..>>")]
    StableInput,
    /// `assumed` on what must be set.
    #[error("`assumed` says what leaving the field out means: use Option<..>")]
    AssumedRequired,
    /// `range` on text or a bool.
    #[error("`range` is for numbers, not for `{ty}`")]
    RangeOf { ty: String },

    // Types.
    /// A type that no attribute has, for which there is another one.
    #[error("`{ty}` cannot be a field of a Terraform schema: write {instead}")]
    Type { ty: String, instead: &'static str },
    /// A map whose keys are no texts.
    #[error("the keys of a map are texts: write BTreeMap<String, _>")]
    MapKeys,
    /// A wrapper at another place than around everything else.
    #[error(
        "`{wrapper}` cannot stand in `{outer}`: a field is T, Option<T>, Computed<T>, Option<Computed<T>> or \
         Option<WriteOnly<T>>, and T may be a collection"
    )]
    Wrapper { wrapper: String, outer: String },
    /// A struct that is flattened and may be missing, or be there several times.
    #[error("a flattened field is the struct itself, not in `{wrapper}`: its fields stand in the block once")]
    FlattenedWrapper { wrapper: String },
}

impl Mistake {
    /// The mistake, said where these tokens are.
    pub fn at(self, tokens: impl ToTokens) -> Error {
        Error::new_spanned(tokens, self)
    }

    /// The mistake, said at a place.
    pub fn on(self, span: Span) -> Error {
        Error::new(span, self)
    }
}
