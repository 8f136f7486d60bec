//! Many objects at once, page by page: nothing that a server says makes a list endless.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;

use super::error::KubernetesError;
use super::objects::{Live, Objects};
use super::request::{Ask, Retry};
use crate::operator::resource::Resource;

/// Objects on one page, at most.
const PAGE: usize = 250;

/// Pages that are asked for, at most: a server may answer with empty ones for ever.
const MOST_PAGES: usize = 1_000;

/// Objects that are kept at once, at most. An operator of this size is not known to anybody.
const MOST: usize = 10_000;

/// Objects that are being listed.
#[derive(Debug)]
pub struct Listing<'a, K> {
    objects: &'a Objects<K>,
    selector: String,
    next: Next,
    pages: usize,
}

#[derive(Debug)]
enum Next {
    First,
    After(String),
    End,
}

impl<K: Resource> Objects<K> {
    /// Begins to list the objects that a label selector picks (`app=orders,tier!=test`, as `kubectl get -l` takes it); all of
    /// them where it is empty. Nothing is asked yet.
    pub fn listing(&self, selector: impl Into<String>) -> Listing<'_, K> {
        Listing {
            objects: self,
            selector: selector.into(),
            next: Next::First,
            pages: 0,
        }
    }

    /// The objects that carry all of these labels, by name. A namespace that does not exist has none.
    ///
    /// # Errors
    /// See [`KubernetesError`]; more than 10 000 objects are an error, too.
    pub async fn list(&self, labels: &BTreeMap<String, String>) -> Result<Vec<Live<K>>, KubernetesError> {
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let mut listing = self.listing(labels.join(","));
        let mut found: Vec<Live<K>> = Vec::new();
        while let Some(page) = listing.page(PAGE).await? {
            found.extend(page);
            if found.len() > MOST {
                return Err(listing.endless(&format!("it goes on after {MOST} objects")));
            }
        }
        found.sort_by(|a, b| a.metadata().name.cmp(&b.metadata().name));
        Ok(found)
    }
}

impl<K: Resource> Listing<'_, K> {
    /// The next page, with about `wanted` objects at most; `None` after the last one.
    ///
    /// # Errors
    /// See [`KubernetesError`].
    pub async fn page(&mut self, wanted: usize) -> Result<Option<Vec<Live<K>>>, KubernetesError> {
        if matches!(self.next, Next::End) {
            return Ok(None);
        }
        if self.pages == MOST_PAGES {
            return Err(self.endless(&format!("it goes on after {MOST_PAGES} pages")));
        }
        self.pages += 1;
        let limit = wanted.clamp(1, PAGE).to_string();
        let mut query = vec![("limit", limit.as_str())];
        if !self.selector.is_empty() {
            query.push(("labelSelector", &self.selector));
        }
        if let Next::After(token) = &self.next {
            query.push(("continue", token));
        }
        let about = self.objects.about("list", "");
        let cluster = self.objects.cluster();
        let answer = cluster
            .send(
                Ask::new(Method::GET, self.objects.collection()).query(&query),
                Retry::Busy,
            )
            .await
            .map_err(|error| error.into_error(cluster, &about))?;
        let mut list: Value = answer.json(cluster, &about)?;
        self.next = match list.pointer("/metadata/continue").and_then(Value::as_str) {
            Some(token) if !token.is_empty() => Next::After(token.to_owned()),
            Some(_) | None => Next::End,
        };
        match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items
                .into_iter()
                .map(Live::from_json)
                .collect::<Result<_, _>>()
                .map(Some),
            _ => Ok(Some(Vec::new())),
        }
    }

    fn endless(&self, reason: &str) -> KubernetesError {
        KubernetesError::Malformed {
            what: self.objects.about("list", "").to_string(),
            reason: reason.to_owned(),
        }
    }
}
