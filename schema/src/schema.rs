//! Schemas: the attributes and nested blocks of a resource, data source or provider block.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostics;
use crate::path::{AttributePath, Step};
use crate::ty::Type;
use crate::validate::Range;
use crate::value::Value;

/// What changing an attribute does to the running thing. The order is the order of impact; of several changes the
/// greatest counts (operator: `DiffType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpdateClass {
    /// Only Terraform's own state changes; nothing is written.
    Local,
    /// Written, and nothing restarts: it counts from the next upgrade on, or at once without one.
    Ignored,
    /// Scaled in place where the deployment can do that, otherwise a restart.
    Scaled,
    /// The job or cluster restarts, by its upgrade mode.
    Restart,
    /// The job starts again from a given path; its present state is dropped.
    Redeploy,
}

impl UpdateClass {
    /// For the reference page: what a change does.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Local => "changing it writes nothing",
            Self::Ignored => "changing it restarts nothing",
            Self::Scaled => "changing it scales in place where possible, else restarts",
            Self::Restart => "changing it restarts",
            Self::Redeploy => "changing it redeploys and drops the present state",
        }
    }
}

/// When two values of an attribute mean the same although they are spelled differently. Every type states it.
#[derive(Clone, Copy)]
pub struct Semantics {
    /// Whether two known, non-null values mean the same.
    pub same: fn(&Value, &Value) -> bool,
    /// The class of a change from one value to another, where it depends on them.
    pub class: Option<fn(&Value, &Value) -> UpdateClass>,
    /// For the reference page, such as `compared as an amount of memory`.
    pub words: &'static str,
}

impl Semantics {
    /// Only equal values are the same: text letter by letter, numbers by their value, lists in order, sets without, maps
    /// and objects by key.
    pub const EXACT: Self = Self {
        same: |a, b| a == b,
        class: None,
        words: "compared exactly",
    };

    /// Values for which `same` says so are the same; `words` tells users when that is.
    pub const fn meaning(same: fn(&Value, &Value) -> bool, words: &'static str) -> Self {
        Self {
            same,
            class: None,
            words,
        }
    }

    /// Whether only equal values are the same.
    pub fn is_exact(&self) -> bool {
        self.words == Self::EXACT.words
    }
}

impl std::fmt::Debug for Semantics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Semantics").field(&self.words).finish()
    }
}

/// One of the texts that an attribute allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The text.
    pub value: String,
    /// What it means, in Markdown.
    pub description: String,
}

/// A check of a known, non-null value at its path; says everything that is wrong with it.
pub type Check = fn(&Value, &AttributePath) -> Diagnostics;

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in a configuration.
    pub name: String,
    /// What it is, in Markdown: the text of the reference page.
    pub description: String,
    /// Its type constraint.
    pub ty: Type,
    /// It must be set.
    pub required: bool,
    /// It may be set.
    pub optional: bool,
    /// The provider sets it where the configuration does not.
    pub computed: bool,
    /// Its value is masked in plans and outputs.
    pub sensitive: bool,
    /// It is sent and never stored (protocol 5.8).
    pub write_only: bool,
    /// Why not to use it and what to use instead, where it is deprecated.
    pub deprecated: Option<String>,
    /// A different meaning needs a new object.
    pub requires_replace: bool,
    /// A computed value that stays as it is for the object's whole life, so that no plan makes it unknown.
    pub stable: bool,
    /// What null means to the remote side. Such an attribute is optional and computed.
    pub assumed: Option<Value>,
    /// What changing it does. `None` where the attribute is not an input of a resource.
    pub update_class: Option<UpdateClass>,
    /// The allowed texts; empty where any will do.
    pub choices: Vec<Choice>,
    /// Other texts are allowed too: the choices only say which ones are known.
    pub open_choices: bool,
    /// The allowed numbers.
    pub range: Option<Range>,
    /// Further checks, run on known values.
    pub checks: Vec<Check>,
    /// When two values mean the same.
    pub semantics: Semantics,
    /// Its path in the custom resource, relative to the enclosing block's, such as `upgradeMode` or `spec.image`.
    pub remote: Option<String>,
    /// The members of an object, or of the objects in a list, where a struct describes them. Terraform's types hold no
    /// descriptions; these are for the reference page.
    pub members: Option<Box<Block>>,
}

impl Attribute {
    /// A required attribute of that type whose values are compared so, with no name yet.
    pub fn new(ty: Type, semantics: Semantics) -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            ty,
            required: true,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            requires_replace: false,
            stable: false,
            assumed: None,
            update_class: None,
            choices: Vec::new(),
            open_choices: false,
            range: None,
            checks: Vec::new(),
            semantics,
            remote: None,
            members: None,
        }
    }

    /// Whether a configuration may set it.
    pub fn is_input(&self) -> bool {
        self.required || self.optional
    }

    /// Whether two values mean the same, null standing for what the remote side assumes. An unknown value may mean
    /// anything.
    pub fn means_same(&self, a: &Value, b: &Value) -> bool {
        let meaning = |value: &Value| match &self.assumed {
            Some(assumed) if value.is_null() => assumed.clone(),
            Some(_) | None => value.clone(),
        };
        let (a, b) = (meaning(a), meaning(b));
        if !a.is_wholly_known() || !b.is_wholly_known() {
            return false;
        }
        match (a.is_null(), b.is_null()) {
            (true, true) => true,
            (false, false) => a == b || (self.semantics.same)(&a, &b),
            (true, false) | (false, true) => false,
        }
    }
}

/// How many of a nested block there may be, and how they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most one (exactly one where required); null when absent.
    Single,
    /// Any number, in order; empty when absent.
    List,
    /// Any number, without order; empty when absent.
    Set,
}

/// A block inside a block.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// Its name in a configuration.
    pub name: String,
    /// How many there may be.
    pub nesting: Nesting,
    /// Whether a `Single` must be there.
    pub required: bool,
    /// Whether adding or removing a `Single` needs a new object.
    pub requires_replace: bool,
    /// What adding or removing it does.
    pub update_class: Option<UpdateClass>,
    /// Its path in the custom resource, relative to the enclosing block's; empty where it shares that object.
    pub remote: Option<String>,
    /// Its content and description.
    pub block: Block,
}

/// Attributes and nested blocks, in the order in which they were declared.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// What it is, in Markdown.
    pub description: String,
    /// Why not to use it, where it is deprecated.
    pub deprecated: Option<String>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its nested blocks.
    pub blocks: Vec<NestedBlock>,
}

/// The schema of a resource, data source, provider block or action.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Version of the stored state; raised when its shape changes.
    pub version: i64,
    /// The content.
    pub block: Block,
}

impl Block {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The nested block of that name.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// The type of a value of this block: an object of all attributes and blocks.
    pub fn implied_type(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), attribute.ty.clone()));
        let blocks = self
            .blocks
            .iter()
            .map(|nested| (nested.name.clone(), nested.implied_type()));
        Type::object(attributes.chain(blocks))
    }

    /// The object in which nothing is set.
    pub fn empty_value(&self) -> Value {
        let attributes = self
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), Value::Null));
        let blocks = self.blocks.iter().map(|nested| (nested.name.clone(), nested.absent()));
        Value::Map(attributes.chain(blocks).collect())
    }

    /// The object with every member there: attributes that it lacks are null, and nested blocks that it lacks or that are
    /// null are what Terraform has where there are none.
    pub fn complete(&self, object: Value) -> Value {
        let Value::Map(mut members) = object else { return object };
        for attribute in &self.attributes {
            members.entry(attribute.name.clone()).or_insert(Value::Null);
        }
        for nested in &self.blocks {
            let value = match members.remove(&nested.name) {
                None | Some(Value::Null) => nested.absent(),
                Some(value) => nested.complete(value),
            };
            members.insert(nested.name.clone(), value);
        }
        Value::Map(members)
    }

    /// The attribute at a path of names; steps into lists and maps are passed over.
    pub fn attribute_at(&self, path: &AttributePath) -> Option<&Attribute> {
        let mut block = self;
        for step in path.steps() {
            let Step::Name(name) = step else { continue };
            if let Some(attribute) = block.attribute(name) {
                return Some(attribute);
            }
            block = &block.nested(name)?.block;
        }
        None
    }

    /// Where in a configuration a field of the custom resource comes from: `spec.job.upgradeMode` is `job.upgrade_mode`.
    /// A field inside an attribute gives the attribute's path, with the key or index where it is a map or list; a field
    /// inside a block that none of its attributes knows gives the block's; any other gives `None`. Of several that
    /// begin like the field, the one that says most of it is meant.
    pub fn path_of_remote(&self, field: &str) -> Option<AttributePath> {
        self.find_remote(field.trim_start_matches('.'), &AttributePath::root())
            .map(|(_, path)| path)
    }

    /// The path, and how much of the field is left unsaid by it.
    fn find_remote(&self, field: &str, at: &AttributePath) -> Option<(usize, AttributePath)> {
        let attributes = self.attributes.iter().filter_map(|attribute| {
            let rest = strip_field(field, attribute.remote.as_deref()?)?;
            Some((rest.len(), path_inside(attribute, rest, at.name(&attribute.name))))
        });
        let blocks = self.blocks.iter().filter_map(|nested| {
            let remote = nested.remote.as_deref()?;
            let (index, rest) = leading_index(strip_field(field, remote)?);
            let path = match index {
                Some(index) if nested.nesting == Nesting::List => at.name(&nested.name).index(index),
                Some(_) | None => at.name(&nested.name),
            };
            let inside = nested.block.find_remote(rest.trim_start_matches('.'), &path);
            // A block that shares its parent's object is found by its own fields only.
            inside.or_else(|| (!remote.is_empty()).then_some((rest.len(), path)))
        });
        attributes.chain(blocks).min_by_key(|(left, _)| *left)
    }

    /// Every attribute with its path of names and its full path in the custom resource, nested blocks included.
    pub fn walk(&self) -> Vec<(AttributePath, Option<String>, &Attribute)> {
        let mut found = Vec::new();
        self.walk_into(&AttributePath::root(), Some(""), &mut found);
        found
    }

    fn walk_into<'a>(
        &'a self,
        at: &AttributePath,
        remote: Option<&str>,
        found: &mut Vec<(AttributePath, Option<String>, &'a Attribute)>,
    ) {
        let join = |field: &Option<String>| match (remote, field) {
            (Some(""), Some(field)) => Some(field.clone()),
            (Some(remote), Some(field)) if field.is_empty() => Some(remote.to_owned()),
            (Some(remote), Some(field)) => Some(format!("{remote}.{field}")),
            (None, _) | (_, None) => None,
        };
        for attribute in &self.attributes {
            found.push((at.name(&attribute.name), join(&attribute.remote), attribute));
        }
        for nested in &self.blocks {
            nested
                .block
                .walk_into(&at.name(&nested.name), join(&nested.remote).as_deref(), found);
        }
    }
}

impl NestedBlock {
    fn complete(&self, value: Value) -> Value {
        let all = |elements: Vec<Value>| elements.into_iter().map(|one| self.block.complete(one)).collect();
        if let Value::List(elements) = value {
            Value::List(all(elements))
        } else if let Value::Set(elements) = value {
            Value::Set(all(elements))
        } else {
            self.block.complete(value)
        }
    }

    /// The type of the whole nested block's value.
    pub fn implied_type(&self) -> Type {
        let one = self.block.implied_type();
        match self.nesting {
            Nesting::Single => one,
            Nesting::List => Type::list(one),
            Nesting::Set => Type::set(one),
        }
    }

    /// The value that says that there is none.
    pub fn absent(&self) -> Value {
        match self.nesting {
            Nesting::Single => Value::Null,
            Nesting::List => Value::List(Vec::new()),
            Nesting::Set => Value::Set(Vec::new()),
        }
    }
}

/// The path of what lies at `rest` inside an attribute at `path`: an element of a map or list, else the attribute.
fn path_inside(attribute: &Attribute, rest: &str, path: AttributePath) -> AttributePath {
    match (&attribute.ty, leading_index(rest)) {
        (Type::List(_), (Some(index), _)) => path.index(index),
        (Type::Map(_), _) if !rest.is_empty() => {
            // The API server writes `.key` or `[key]`.
            let bracketed = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let key = bracketed
                .map(|key| key.trim_matches('"'))
                .unwrap_or_else(|| rest.trim_start_matches('.'));
            path.key(key)
        }
        _ => path,
    }
}

/// `field` without `prefix`, where `prefix` ends at a boundary of names. An empty prefix is that of the object itself.
fn strip_field<'a>(field: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return Some(field);
    }
    let rest = field.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

/// A leading `[3]`.
fn leading_index(field: &str) -> (Option<usize>, &str) {
    let parsed = field
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .and_then(|(index, rest)| Some((index.parse().ok()?, rest)));
    match parsed {
        Some((index, rest)) => (Some(index), rest),
        None => (None, field),
    }
}

/// Members of an object by name; what [`crate::model`] and the encodings pass around.
pub type Members = BTreeMap<String, Value>;

#[cfg(test)]
mod tests;
