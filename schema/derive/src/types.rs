//! The type of a field, as far as it can be seen in the source: an alias hides what it stands for, so the library looks
//! again when the schema is made.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

use crate::Mistakes;
use crate::mistake::Mistake;

/// What says something about a field as a whole.
const WRAPPERS: [&str; 3] = ["Option", "Computed", "WriteOnly"];
const COLLECTIONS: [&str; 3] = ["Vec", "BTreeSet", "BTreeMap"];

/// Types that people reach for, and what to write for them.
const INSTEAD: [(&[&str], &str); 7] = [
    (
        &["HashMap", "IndexMap"],
        "BTreeMap<String, _>, whose order is always the same",
    ),
    (&["HashSet", "IndexSet"], "BTreeSet<_>, whose order is always the same"),
    (&["VecDeque", "LinkedList"], "Vec<_>"),
    (&["f32", "f64"], "Number, which loses no digit"),
    (
        &["i8", "i16", "u8", "u64", "usize", "isize", "i128", "u128"],
        "i32, i64, u16 or u32",
    ),
    (&["char", "str", "Cow", "PathBuf"], "String"),
    (&["Box", "Rc", "Arc", "Cell", "RefCell"], "what is in it"),
];

/// The names of a type and of what it wraps, outermost first: `Option<Computed<String>>` is `Option`, `Computed`,
/// `String`.
pub fn layers(ty: &Type) -> Vec<String> {
    let mut layers = Vec::new();
    let mut next = Some(ty);
    while let Some(segment) = next.and_then(segment) {
        layers.push(segment.ident.to_string());
        next = arguments(segment).last().copied();
    }
    layers
}

/// Whether a name is that of a type that wraps others.
pub fn is_wrapper_or_collection(name: &str) -> bool {
    WRAPPERS.contains(&name) || COLLECTIONS.contains(&name)
}

/// Refuses what no attribute and no block can be.
pub fn refuse(ty: &Type, mistakes: &mut Mistakes) {
    let mut outer: Vec<String> = Vec::new();
    let mut next = Some(ty);
    while let Some(ty) = next {
        if let Some((ty_name, instead)) = instead_of(ty) {
            mistakes.at(ty, Mistake::Type { ty: ty_name, instead });
            return;
        }
        let Some(segment) = segment(ty) else { return };
        let wrapper = segment.ident.to_string();
        if let Some(outer) = outer.last().filter(|_| misplaced(&wrapper, &outer)) {
            let outer = outer.clone();
            mistakes.at(ty, Mistake::Wrapper { wrapper, outer });
            return;
        }
        let arguments = arguments(segment);
        if let [key, _] = arguments.as_slice()
            && wrapper == "BTreeMap"
            && is_primitive(key)
        {
            mistakes.at(key, Mistake::MapKeys);
        }
        next = is_wrapper_or_collection(&wrapper)
            .then(|| arguments.last().copied())
            .flatten();
        outer.push(wrapper);
    }
}

/// Whether a wrapper stands where it says nothing: `Option` is the outermost, and only `Option` is around the others.
fn misplaced(wrapper: &str, outer: &[String]) -> bool {
    match wrapper {
        "Option" => !outer.is_empty(),
        "Computed" | "WriteOnly" => outer.iter().any(|outer| outer != "Option"),
        _ => false,
    }
}

fn instead_of(ty: &Type) -> Option<(String, &'static str)> {
    match ty {
        Type::Group(group) => instead_of(&group.elem),
        Type::Reference(_) => Some(("&_".to_owned(), "the type without `&`; String for `&str`")),
        Type::Array(_) | Type::Slice(_) => Some(("[_]".to_owned(), "Vec<_>")),
        Type::Tuple(_) => Some(("(_)".to_owned(), "a struct with #[derive(Schema)]")),
        _ => {
            let name = segment(ty)?.ident.to_string();
            let (_, instead) = INSTEAD.iter().find(|(names, _)| names.contains(&name.as_str()))?;
            Some((name, instead))
        }
    }
}

/// Whether a type is a number, a bool or the like: Rust writes only these in lower case.
fn is_primitive(ty: &Type) -> bool {
    segment(ty).is_some_and(|segment| segment.ident.to_string().starts_with(|c: char| c.is_ascii_lowercase()))
}

/// The last part of a path: `String` of `std::string::String`. What a macro passes on stands in a group of its own.
fn segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => segment(&group.elem),
        Type::Paren(paren) => segment(&paren.elem),
        _ => None,
    }
}

fn arguments(segment: &PathSegment) -> Vec<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        PathArguments::None | PathArguments::Parenthesized(_) => Vec::new(),
    }
}
