//! The reference page of a function.

use terraform_plugin::Signature;
use terraform_schema::Type;

/// The page, with the example of its folder.
pub fn page(signature: &Signature, provider: &str, example: &str) -> String {
    let Signature {
        name,
        summary,
        description,
        parameters,
        returns,
    } = signature;
    let types: Vec<String> = parameters
        .iter()
        .map(|parameter| format!("{} {}", parameter.name, named(&parameter.ty)))
        .collect();
    let arguments: Vec<String> = parameters
        .iter()
        .enumerate()
        .map(|(index, parameter)| {
            format!(
                "{}. `{}` ({}) {}",
                index + 1,
                parameter.name,
                capital(&named(&parameter.ty)),
                parameter.description
            )
        })
        .collect();
    format!(
        "---\n# Generated from the code; edits made here are lost.\npage_title: \"{name} function - {provider}\"\nsubcategory: \
         \"\"\ndescription: |-\n  {summary}.\n---\n\n# function: {name}\n\n{description}\n\n## Example Usage\n\n\
         ```terraform\n{}\n```\n\n## Signature\n\n```text\n{name}({}) {}\n```\n\n## Arguments\n\n{}\n",
        example.trim_end(),
        types.join(", "),
        named(returns),
        arguments.join("\n"),
    )
}

fn named(ty: &Type) -> String {
    if *ty == Type::Dynamic {
        "object".to_owned()
    } else {
        ty.to_string()
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
