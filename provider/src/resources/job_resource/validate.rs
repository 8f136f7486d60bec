//! Checks of both kinds.

use terraform_schema::{Diagnostic, Diagnostics, View};

/// Nulls in maps and lists of text, which nothing can be sent for. (`flink_configuration` says it in its own words.)
pub fn null_elements_in<'a>(
    maps: impl Iterator<Item = View<'a>>,
    lists: impl Iterator<Item = View<'a>>,
) -> Diagnostics {
    let in_maps = maps.flat_map(|map| {
        let members = map.value().as_map().into_iter().flatten();
        members
            .filter(|(_, value)| value.is_null())
            .map(|(key, _)| map.key(key).path())
            .collect::<Vec<_>>()
    });
    let in_lists = lists.flat_map(|list| {
        list.elements()
            .into_iter()
            .filter(View::is_null)
            .map(|element| element.path())
            .collect::<Vec<_>>()
    });
    in_maps
        .chain(in_lists)
        .map(|path| {
            Diagnostic::error("Value missing")
                .detail(format!("`{path}` is null. Leave the element out, or give it a value."))
                .at(path)
        })
        .collect()
}
