//! Private state as bytes: `{"provider":{...},"mark":"..."}`. Terraform keeps it unseen; it ends up in the state file.

use serde::{Deserialize, Serialize};

use crate::context::Private;
use crate::resource::PlanMark;
use crate::server::PrivateState;

#[derive(Deserialize, Serialize)]
struct Wire {
    #[serde(default)]
    provider: Private,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
}

/// Reads private state. What cannot be read was not written by us (a resource that was moved here, a version long
/// gone) and counts as empty: it holds nothing without which an object could not be found.
pub(crate) fn decode(bytes: &[u8]) -> PrivateState {
    if bytes.is_empty() {
        return PrivateState::stored(Private::new());
    }
    match serde_json::from_slice::<Wire>(bytes) {
        Ok(wire) => PrivateState {
            resource: wire.provider,
            mark: PlanMark::parse(wire.mark.as_deref()),
        },
        Err(error) => {
            tracing::warn!("private state that this provider did not write is dropped: {error}");
            PrivateState::stored(Private::new())
        }
    }
}

/// Writes private state; nothing where there is nothing.
pub(crate) fn encode(state: &PrivateState) -> Vec<u8> {
    let mark = match state.mark {
        PlanMark::Unmarked => None,
        mark @ (PlanMark::Create | PlanMark::Update | PlanMark::Replace | PlanMark::Destroy) => {
            Some(mark.as_str().to_owned())
        }
    };
    if state.resource.is_empty() && mark.is_none() {
        return Vec::new();
    }
    // A map of strings is always JSON.
    serde_json::to_vec(&Wire {
        provider: state.resource.clone(),
        mark,
    })
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let entries = Private::from([("uid".to_owned(), "7".to_owned())]);
        for mark in [
            PlanMark::Create,
            PlanMark::Update,
            PlanMark::Replace,
            PlanMark::Destroy,
            PlanMark::Unmarked,
        ] {
            for resource in [Private::new(), entries.clone()] {
                let state = PrivateState { resource, mark };
                assert_eq!(decode(&encode(&state)), state);
            }
        }
        assert!(encode(&PrivateState::stored(Private::new())).is_empty());
        assert_eq!(encode(&PrivateState::stored(entries)), br#"{"provider":{"uid":"7"}}"#);
    }

    #[test]
    fn what_others_wrote_counts_as_empty() {
        for bytes in [
            "",
            "{}",
            "null",
            "not JSON",
            r#"{"schema_version":"1"}"#,
            r#"{"provider":7}"#,
            r#"{"mark":"?"}"#,
        ] {
            assert_eq!(
                decode(bytes.as_bytes()),
                PrivateState::stored(Private::new()),
                "{bytes}"
            );
        }
    }
}
