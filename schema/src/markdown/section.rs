//! The section "Schema": attributes and nested blocks in three groups, nested blocks behind anchors.

use std::collections::BTreeMap;

use super::text;
use crate::schema::{Attribute, Block, NestedBlock, Nesting};
use crate::ty::Type;
use crate::validate::Range;
use crate::value::Value;

const WRITE_ONLY: &str = "https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments";

/// The three groups, in the order in which they are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

impl Group {
    const ALL: [Self; 3] = [Self::Required, Self::Optional, Self::ReadOnly];

    fn words(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Optional => "Optional",
            Self::ReadOnly => "Read-Only",
        }
    }
}

/// What an entry of a list can be.
#[derive(Clone, Copy)]
enum Member<'a> {
    Attribute(&'a Attribute),
    Block(&'a NestedBlock),
}

impl Member<'_> {
    fn group(&self) -> Group {
        match self {
            Self::Attribute(attribute) if attribute.required => Group::Required,
            Self::Attribute(attribute) if attribute.optional => Group::Optional,
            Self::Attribute(_) => Group::ReadOnly,
            Self::Block(nested) if nested.required => Group::Required,
            Self::Block(_) => Group::Optional,
        }
    }

    fn is_write_only(&self) -> bool {
        match self {
            Self::Attribute(attribute) => attribute.write_only,
            Self::Block(nested) => nested.block.attributes.iter().any(|attribute| attribute.write_only),
        }
    }
}

/// A part of the schema that has a heading of its own, below the list that names it.
struct Nested<'a> {
    anchor: String,
    path: Vec<&'a str>,
    content: Content<'a>,
}

enum Content<'a> {
    Block(&'a Block),
    Object(&'a BTreeMap<String, Type>, Option<&'a Block>, Group),
}

pub(super) fn schema(out: &mut String, block: &Block) {
    members(out, block, &[]);
}

fn members<'a>(out: &mut String, block: &'a Block, parents: &[&'a str]) {
    let attributes = block
        .attributes
        .iter()
        .map(|attribute| (attribute.name.as_str(), Member::Attribute(attribute)));
    let blocks = block
        .blocks
        .iter()
        .map(|nested| (nested.name.as_str(), Member::Block(nested)));
    let members: BTreeMap<&str, Member<'_>> = attributes.chain(blocks).collect();
    let mut below = Vec::new();
    for group in Group::ALL {
        let members: Vec<_> = members.iter().filter(|(_, member)| member.group() == group).collect();
        if members.is_empty() {
            continue;
        }
        heading(out, group, parents.is_empty());
        if members.iter().any(|(_, member)| member.is_write_only()) {
            out.push_str(&format!(
                "> **NOTE**: [Write-only arguments]({WRITE_ONLY}) are supported in Terraform 1.11 and later.\n\n"
            ));
        }
        for (name, member) in members {
            let path = [parents, &[*name]].concat();
            match member {
                Member::Attribute(attribute) => attribute_entry(out, attribute, group, path, &mut below),
                Member::Block(nested) => block_entry(out, nested, path, &mut below),
            }
        }
        out.push('\n');
    }
    headings_below(out, below);
}

fn heading(out: &mut String, group: Group, top: bool) {
    let words = group.words();
    out.push_str(&if top {
        format!("### {words}\n\n")
    } else {
        format!("{words}:\n\n")
    });
}

fn headings_below(out: &mut String, below: Vec<Nested<'_>>) {
    for nested in below {
        let path = nested.path.join(".");
        out.push_str(&format!(
            "<a id=\"{}\"></a>\n### Nested Schema for `{path}`\n\n",
            nested.anchor
        ));
        match nested.content {
            Content::Block(block) => members(out, block, &nested.path),
            Content::Object(types, described, group) => object_members(out, types, described, group, &nested.path),
        }
    }
}

fn attribute_entry<'a>(
    out: &mut String,
    attribute: &'a Attribute,
    group: Group,
    path: Vec<&'a str>,
    below: &mut Vec<Nested<'a>>,
) {
    let mut flags = vec![type_words(&attribute.ty)];
    flags.extend(attribute.sensitive.then(|| "Sensitive".to_owned()));
    flags.extend(attribute.deprecated.is_some().then(|| "Deprecated".to_owned()));
    flags.extend(attribute.write_only.then(|| format!("[Write-only]({WRITE_ONLY})")));
    let mut facts = facts(attribute);
    if let Some(types) = object_of(&attribute.ty) {
        let anchor = format!("nestedatt--{}", path.join("--"));
        facts.push(see_below(&anchor));
        below.push(Nested {
            anchor,
            path,
            content: Content::Object(types, attribute.members.as_deref(), group),
        });
    }
    let choices: Vec<String> = attribute
        .choices
        .iter()
        .map(|choice| match text::one_line(&choice.description) {
            description if description.is_empty() => format!("  - `{}`", choice.value),
            description => format!("  - `{}`: {description}", choice.value),
        })
        .collect();
    if !choices.is_empty() {
        facts.push("One of:".to_owned());
    }
    entry(out, &attribute.name, &flags.join(", "), &attribute.description, &facts);
    for choice in choices {
        out.push_str(&choice);
        out.push('\n');
    }
}

fn block_entry<'a>(out: &mut String, nested: &'a NestedBlock, path: Vec<&'a str>, below: &mut Vec<Nested<'a>>) {
    let mut flags = match (nested.nesting, nested.required) {
        (Nesting::Single, true) => "Block, Required",
        (Nesting::Single, false) => "Block, Optional",
        (Nesting::List, true) => "Block List, Min: 1",
        (Nesting::List, false) => "Block List",
        (Nesting::Set, true) => "Block Set, Min: 1",
        (Nesting::Set, false) => "Block Set",
    }
    .to_owned();
    let mut facts = Vec::new();
    if let Some(instead) = &nested.block.deprecated {
        flags.push_str(", Deprecated");
        facts.push(deprecation(instead));
    }
    if nested.requires_replace {
        facts.push("Adding or removing it forces a new object.".to_owned());
    }
    let anchor = format!("nestedblock--{}", path.join("--"));
    facts.push(see_below(&anchor));
    entry(out, &nested.name, &flags, &nested.block.description, &facts);
    below.push(Nested {
        anchor,
        path,
        content: Content::Block(&nested.block),
    });
}

/// The members of an object attribute. Types hold no descriptions: a struct may.
fn object_members<'a>(
    out: &mut String,
    types: &'a BTreeMap<String, Type>,
    described: Option<&'a Block>,
    group: Group,
    parents: &[&'a str],
) {
    let mut below = Vec::new();
    if !types.is_empty() {
        heading(out, group, false);
    }
    for (name, ty) in types {
        let mut facts = Vec::new();
        let attribute = described.and_then(|block| block.attribute(name));
        let nested = described.and_then(|block| block.nested(name));
        if let Some(types) = object_of(ty) {
            let path = [parents, &[name.as_str()]].concat();
            let anchor = format!("nestedobjatt--{}", path.join("--"));
            facts.push(see_below(&anchor));
            below.push(Nested {
                anchor,
                path,
                content: Content::Object(types, nested.map(|nested| &nested.block), group),
            });
        }
        let description = attribute
            .map(|attribute| attribute.description.as_str())
            .or(nested.map(|nested| nested.block.description.as_str()))
            .unwrap_or_default();
        entry(out, name, &type_words(ty), description, &facts);
    }
    out.push('\n');
    headings_below(out, below);
}

/// One entry of a list. What is known beyond the description follows it, as a paragraph of its own where the
/// description has several.
fn entry(out: &mut String, name: &str, flags: &str, description: &str, facts: &[String]) {
    let mut paragraphs = text::paragraphs(description);
    let facts = facts.join(" ");
    match paragraphs.as_mut_slice() {
        _ if facts.is_empty() => {}
        [only] if !only.contains('\n') => *only = format!("{only} {facts}"),
        _ => paragraphs.push(facts),
    }
    let words = paragraphs.join("\n\n").replace('\n', "\n  ");
    out.push_str(&format!("- `{name}` ({flags}) {words}\n"));
}

fn see_below(anchor: &str) -> String {
    format!("(see [below for nested schema](#{anchor}))")
}

fn deprecation(instead: &str) -> String {
    format!("**Deprecated:** {}", text::one_line(instead))
}

/// What the schema knows of an attribute beyond its description, in sentences.
fn facts(attribute: &Attribute) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(attribute.deprecated.as_deref().map(deprecation));
    if attribute.is_input() {
        facts.extend(attribute.range.as_ref().and_then(range_words));
    }
    if !attribute.semantics.is_exact() {
        facts.push(text::sentence(attribute.semantics.words));
    }
    if let Some(assumed) = attribute.assumed.as_ref().and_then(literal) {
        facts.push(format!("Where it is not set, `{assumed}` is assumed."));
    }
    if attribute.is_input() {
        if attribute.requires_replace {
            facts.push("Changing it forces a new object.".to_owned());
        } else if let Some(class) = attribute.update_class {
            facts.push(text::sentence(class.describe()));
        }
    }
    facts
}

/// A value as one would write it in a configuration; `None` for what has no short form.
fn literal(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Unknown => None,
        Value::String(text) if text.is_empty() => Some("\"\"".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(_) | Value::List(_) | Value::Set(_) | Value::Map(_) | Value::Dynamic(_) => {
            value.to_plain_json().map(|json| json.to_string())
        }
    }
}

/// The allowed numbers. Bounds that only say how wide an integer is are left out.
fn range_words(range: &Range) -> Option<String> {
    let bound = |number: &crate::Number, widths: &[i64]| {
        let is_width = number.as_i64().is_some_and(|bound| widths.contains(&bound));
        (!is_width).then(|| number.to_string())
    };
    let least = range
        .min
        .as_ref()
        .and_then(|min| bound(min, &[i64::from(i32::MIN), i64::MIN]));
    let greatest = range
        .max
        .as_ref()
        .and_then(|max| bound(max, &[i64::from(i32::MAX), i64::from(u32::MAX), i64::MAX]));
    let what = if range.whole { "A whole number" } else { "A number" };
    match (least, greatest) {
        (Some(least), Some(greatest)) => Some(format!("{what} from {least} to {greatest}.")),
        (Some(least), None) => Some(format!("{what} of at least {least}.")),
        (None, Some(greatest)) => Some(format!("{what} of at most {greatest}.")),
        (None, None) => range.whole.then(|| "A whole number.".to_owned()),
    }
}

/// A type as the Registry's pages name it.
fn type_words(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "Dynamic".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::List(element) => format!("List of {}", type_words(element)),
        Type::Set(element) => format!("Set of {}", type_words(element)),
        Type::Map(element) => format!("Map of {}", type_words(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

/// The members of an object, or of the objects in a collection.
fn object_of(ty: &Type) -> Option<&BTreeMap<String, Type>> {
    match ty {
        Type::Object(types) => Some(types),
        Type::List(element) | Type::Set(element) | Type::Map(element) => object_of(element),
        Type::Dynamic | Type::Bool | Type::Number | Type::String | Type::Tuple(_) => None,
    }
}
