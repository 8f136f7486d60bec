//! Which objects are listed.

use flink_client::kubernetes::{Live, Objects};
use flink_client::operator::Resource;
use terraform_plugin::{Context, Found, Listed};
use terraform_schema::{AttributePath, Block, Computed, Diagnostic, Diagnostics, Model, Schema, Value};

use crate::data_sources::namespace;
use crate::diagnose;
use crate::provider::ProviderData;
use crate::resources::names;

/// Which objects are listed.
#[derive(Clone, Debug, Default, Schema)]
pub struct Selection {
    /// The namespace to look in. Without it, the `namespace` of the provider block, else `default`.
    #[schema(check = names::namespace)]
    pub namespace: Option<String>,

    /// Labels that the objects must have, as `kubectl get -l` takes them: `team=data`, `tier!=test`, `tier in (batch,stream)`,
    /// `!legacy`, several of them separated by commas. Without it, all objects are listed.
    #[schema(check = selector)]
    pub label_selector: Option<String>,
}

impl Selection {
    /// Lists the objects page by page, as many as are wanted, each as the model that `model` makes of it; it passes over those
    /// of which it makes none, and those that are being deleted.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn list<K: Resource, M: Model>(
        &self,
        found: Found<M>,
        cx: &Context<'_, ProviderData>,
        model: impl Fn(&Live<K>) -> Option<M> + Send + Sync,
    ) -> Result<(), Diagnostics> {
        let set = self.namespace.clone().map(Computed::from);
        let namespace = namespace::chosen(set.as_ref(), &cx.data.namespace)?;
        let objects: Objects<K> = Objects::new(cx.data.cluster(&cx.stop).await?, &namespace);
        let mut listing = objects.listing(self.label_selector.as_deref().unwrap_or_default().trim());
        loop {
            let page = listing.page(found.wanted()).await;
            let page = page.map_err(|error| diagnose::kubernetes(&error, &Block::default()))?;
            let Some(page) = page else { return Ok(()) };
            for live in page.iter().filter(|live| !live.is_being_deleted()) {
                let Some(model) = model(live) else { continue };
                let name = live.metadata().name.as_deref().unwrap_or_default();
                let listed = Listed {
                    display_name: format!("{namespace}/{name}"),
                    model,
                };
                if found.push(listed).await.is_break() {
                    return Ok(());
                }
            }
        }
    }
}

/// Checks a label selector.
fn selector(value: &Value, path: &AttributePath) -> Diagnostics {
    let Some(text) = value.as_str() else {
        return Diagnostics::new();
    };
    let wrong = requirements(text).into_iter().find(|one| !is_requirement(one.trim()));
    let problem = wrong.map(|wrong| {
        Diagnostic::error("Not a label selector")
            .detail(format!(
                "`{}` is no requirement of a label selector. Write `key=value`, `key!=value`, `key in (a,b)`, `key notin (a,b)`, \
                 `key` or `!key`, and separate several of them by commas.",
                wrong.trim()
            ))
            .at(path.clone())
    });
    problem.into_iter().collect()
}

/// The parts between the commas that stand in no parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut open = false;
    text.split(|letter| {
        open = (open || letter == '(') && letter != ')';
        letter == ',' && !open
    })
    .collect()
}

fn is_requirement(text: &str) -> bool {
    let is_key = |key: &str| names::is_key(key.trim());
    let is_value = |value: &str| value.trim().is_empty() || names::is_label_word(value.trim());
    if let Some(key) = text.strip_prefix('!') {
        return is_key(key);
    }
    if let Some((left, values)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        let mut words = left.split_whitespace();
        let (key, verb) = (words.next().unwrap_or_default(), words.next());
        let known = matches!(verb, Some("in" | "notin")) && words.next().is_none();
        return known && is_key(key) && values.split(',').all(is_value);
    }
    for sign in ["!=", "==", "="] {
        if let Some((key, value)) = text.split_once(sign) {
            return is_key(key) && is_value(value);
        }
    }
    is_key(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_as_kubectl_takes_them() {
        let problems = |text: &str| {
            selector(&text.into(), &AttributePath::of(["label_selector"]))
                .iter()
                .count()
        };
        for good in [
            "team=data",
            "team==data,tier!=test",
            "example.com/team in (a, b),!legacy",
            "tier notin (test)",
            "legacy",
            "empty=",
        ] {
            assert_eq!(problems(good), 0, "{good}");
        }
        for bad in [
            "",
            "team=a b",
            "-x=1",
            "tier in a",
            "tier like (a)",
            "a=b,,c=d",
            "a,b=(",
        ] {
            assert_eq!(problems(bad), 1, "{bad}");
        }
    }
}
