//! Planning, from the schema alone. A planned value depends on config and prior state and nothing else: Terraform plans
//! again during apply and refuses whatever differs.
//!
//! A plan is made in two steps, so that a resource can add what only it knows in between: [`Plan::inputs`] plans what
//! a configuration can set and lists the changes; [`Plan::finish`] then decides about computed facts.

use std::collections::BTreeSet;

use crate::path::{AttributePath, Step};
use crate::schema::{Attribute, Block, Members, NestedBlock, Nesting, UpdateClass};
use crate::value::Value;
use crate::view::View;

/// What a plan does to the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// There is none yet.
    Create,
    /// It stays and changes.
    Update,
    /// Nothing changes.
    Nothing,
}

/// An input whose meaning changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The attribute or nested block.
    pub path: AttributePath,
    /// What the change does. `None` where the schema does not say.
    pub class: Option<UpdateClass>,
}

/// A plan in the making.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration; unknown in places.
    pub config: Value,
    /// The state before; null for a create.
    pub prior: Value,
    /// The state that is planned.
    pub planned: Value,
    /// Inputs whose meaning changes. Empty for a create.
    pub changes: Vec<Change>,
    /// Attributes whose change needs a new object.
    pub requires_replace: Vec<AttributePath>,
    decided: BTreeSet<AttributePath>,
}

/// Plans a resource in one go.
pub fn plan(block: &Block, config: &Value, prior: &Value) -> Plan {
    let mut plan = Plan::inputs(block, config, prior);
    plan.finish(block);
    plan
}

impl Plan {
    /// Plans what a configuration can set. Computed facts hold their prior value, or unknown in a create.
    pub fn inputs(block: &Block, config: &Value, prior: &Value) -> Self {
        let mut planner = Planner {
            create: prior.is_null(),
            changes: Vec::new(),
            requires_replace: Vec::new(),
        };
        let planned = planner.block(block, config, prior, &AttributePath::root());
        Self {
            config: config.clone(),
            prior: prior.clone(),
            planned,
            changes: planner.changes,
            requires_replace: planner.requires_replace,
            decided: BTreeSet::new(),
        }
    }

    /// Makes computed facts unknown where the changes reach them: in every plan that does more to the object than
    /// [`UpdateClass::Ignored`], except stable facts and those set by [`Self::set`].
    pub fn finish(&mut self, block: &Block) {
        if self.action() != Action::Update || self.class() <= Some(UpdateClass::Ignored) {
            return;
        }
        let decided = std::mem::take(&mut self.decided);
        forget_facts(block, &mut self.planned, &AttributePath::root(), &decided);
        self.decided = decided;
    }

    /// What the plan does. A changed fact alone, set by [`Self::set`], is an update too.
    pub fn action(&self) -> Action {
        if self.prior.is_null() {
            Action::Create
        } else if self.planned == self.prior {
            Action::Nothing
        } else {
            Action::Update
        }
    }

    /// The greatest class among the changes; a change without one counts as a restart.
    pub fn class(&self) -> Option<UpdateClass> {
        self.changes
            .iter()
            .map(|change| change.class.unwrap_or(UpdateClass::Restart))
            .max()
    }

    /// Whether the change needs a new object.
    pub fn is_replace(&self) -> bool {
        !self.requires_replace.is_empty()
    }

    /// Sets a planned value, at a path of names such as `job.state`. [`Self::finish`] leaves it as it is.
    pub fn set(&mut self, names: &str, value: Value) {
        let mut members = &mut self.planned;
        let mut path = AttributePath::root();
        for name in names.split('.') {
            path = path.name(name);
            let Value::Map(object) = members else { return };
            members = object.entry(name.to_owned()).or_insert(Value::Null);
        }
        *members = value;
        self.decided.insert(path);
    }

    /// Adds a change that only the resource knows of.
    pub fn change(&mut self, path: AttributePath, class: UpdateClass) {
        self.changes.push(Change {
            path,
            class: Some(class),
        });
    }

    /// The configuration, to look at.
    pub fn config(&self) -> View<'_> {
        View::of(&self.config)
    }

    /// The state before, to look at.
    pub fn prior(&self) -> View<'_> {
        View::of(&self.prior)
    }

    /// The planned state, to look at.
    pub fn planned(&self) -> View<'_> {
        View::of(&self.planned)
    }

    /// Whether the attribute or block at a path of names, or anything inside it, changes.
    pub fn changes_at(&self, names: &str) -> bool {
        let path = AttributePath::of(names.split('.'));
        self.changes.iter().any(|change| change.path.starts_with(&path))
    }
}

struct Planner {
    create: bool,
    changes: Vec<Change>,
    requires_replace: Vec<AttributePath>,
}

impl Planner {
    fn block(&mut self, block: &Block, config: &Value, prior: &Value, path: &AttributePath) -> Value {
        let mut planned = Members::new();
        for attribute in &block.attributes {
            let name = &attribute.name;
            let value = self.attribute(attribute, config.member(name), prior.member(name), &path.name(name));
            planned.insert(name.clone(), value);
        }
        for nested in &block.blocks {
            let name = &nested.name;
            let value = self.nested(nested, config.member(name), prior.member(name), &path.name(name));
            planned.insert(name.clone(), value);
        }
        Value::Map(planned)
    }

    fn attribute(&mut self, attribute: &Attribute, config: &Value, prior: &Value, path: &AttributePath) -> Value {
        if attribute.write_only {
            return Value::Null;
        }
        if !attribute.is_input() {
            return if self.create { Value::Unknown } else { prior.clone() };
        }
        let planned = planned_input(attribute, config, prior, self.create);
        if !self.create && !attribute.means_same(&planned, prior) {
            self.changed(path, attribute.requires_replace, class_of(attribute, prior, &planned));
        }
        planned
    }

    fn nested(&mut self, nested: &NestedBlock, config: &Value, prior: &Value, path: &AttributePath) -> Value {
        match nested.nesting {
            Nesting::Single => {
                if !self.create && config.is_null() != prior.is_null() {
                    self.changed(path, nested.requires_replace, nested.update_class);
                }
                if config.is_null() || config.is_unknown() {
                    return config.clone();
                }
                self.block(&nested.block, config, prior, path)
            }
            Nesting::List => {
                let Some(configured) = config.as_elements() else {
                    return config.clone();
                };
                let before = prior.as_elements().unwrap_or_default();
                if !self.create && configured.len() != before.len() {
                    self.changed(path, nested.requires_replace, nested.update_class);
                }
                let elements = configured.iter().enumerate().map(|(index, element)| {
                    let before = before.get(index).unwrap_or(&Value::Null);
                    self.block(&nested.block, element, before, &path.index(index))
                });
                Value::List(elements.collect())
            }
            Nesting::Set => {
                let Some(configured) = config.as_elements() else {
                    return config.clone();
                };
                let before = prior.as_elements().unwrap_or_default();
                let elements: Vec<Value> = configured
                    .iter()
                    .map(|element| {
                        before
                            .iter()
                            .find(|before| block_means_same(&nested.block, element, before))
                            .unwrap_or(element)
                            .clone()
                    })
                    .collect();
                let planned = Value::Set(elements);
                if !self.create && planned != *prior {
                    self.changed(path, nested.requires_replace, nested.update_class);
                }
                planned
            }
        }
    }

    fn changed(&mut self, path: &AttributePath, requires_replace: bool, class: Option<UpdateClass>) {
        self.changes.push(Change {
            path: path.clone(),
            class,
        });
        if requires_replace {
            self.requires_replace.push(path.clone());
        }
    }
}

/// The planned value of an attribute that a configuration can set.
fn planned_input(attribute: &Attribute, config: &Value, prior: &Value, create: bool) -> Value {
    if !config.is_null() {
        // The prior spelling stays where it means the same: Terraform accepts the prior value, where there is one, or
        // the configured one.
        return if !prior.is_null() && attribute.means_same(config, prior) {
            prior.clone()
        } else {
            config.clone()
        };
    }
    if !attribute.computed {
        // Null as it was written: under a dynamic attribute null has a type, and Terraform wants the very same.
        return config.clone();
    }
    match &attribute.assumed {
        // Unset means the default, and so does a prior value that spells the default out.
        Some(_) if attribute.means_same(&Value::Null, prior) => prior.clone(),
        Some(_) => Value::Null,
        None if prior.is_null() => {
            if create {
                Value::Unknown
            } else {
                Value::Null
            }
        }
        None => prior.clone(),
    }
}

fn class_of(attribute: &Attribute, prior: &Value, planned: &Value) -> Option<UpdateClass> {
    match attribute.semantics.class {
        Some(class) if planned.is_wholly_known() => Some(class(prior, planned)),
        _ => attribute.update_class,
    }
}

/// Whether two objects of a block mean the same.
pub(crate) fn block_means_same(block: &Block, a: &Value, b: &Value) -> bool {
    block.attributes.iter().all(|attribute| {
        !attribute.is_input() || attribute.means_same(a.member(&attribute.name), b.member(&attribute.name))
    }) && block
        .blocks
        .iter()
        .all(|nested| nested_means_same(nested, a.member(&nested.name), b.member(&nested.name)))
}

fn nested_means_same(nested: &NestedBlock, a: &Value, b: &Value) -> bool {
    match (a.as_elements(), b.as_elements()) {
        (Some(a), Some(b)) => {
            a.len() == b.len()
                && a.iter().enumerate().all(|(index, a)| match nested.nesting {
                    Nesting::Set => b.iter().any(|b| block_means_same(&nested.block, a, b)),
                    Nesting::Single | Nesting::List => block_means_same(&nested.block, a, &b[index]),
                })
        }
        _ if a.is_null() || b.is_null() => a.is_null() && b.is_null(),
        _ => block_means_same(&nested.block, a, b),
    }
}

fn forget_facts(block: &Block, planned: &mut Value, path: &AttributePath, decided: &BTreeSet<AttributePath>) {
    let Value::Map(members) = planned else { return };
    for attribute in &block.attributes {
        let fact = attribute.computed && !attribute.is_input() && !attribute.stable;
        if fact && !decided.contains(&path.name(&attribute.name)) {
            members.insert(attribute.name.clone(), Value::Unknown);
        }
    }
    for nested in &block.blocks {
        let at = path.name(&nested.name);
        match members.get_mut(&nested.name) {
            Some(Value::List(elements)) => {
                for (index, element) in elements.iter_mut().enumerate() {
                    forget_facts(&nested.block, element, &at.index(index), decided);
                }
            }
            Some(object) => forget_facts(&nested.block, object, &at, decided),
            None => {}
        }
    }
}

/// Where two values of a resource differ, attribute by attribute; for messages.
pub fn differences(block: &Block, a: &Value, b: &Value) -> Vec<AttributePath> {
    let mut found = Vec::new();
    for (path, _, attribute) in block.walk() {
        let at = |value: &Value| {
            path.steps().iter().fold(value.clone(), |value, step| match step {
                Step::Name(name) | Step::Key(name) => value.member(name).clone(),
                Step::Index(_) => value,
            })
        };
        if !attribute.means_same(&at(a), &at(b)) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests;
