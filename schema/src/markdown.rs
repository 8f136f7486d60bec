//! The reference page of a schema, in the Markdown that the Terraform Registry shows: front matter, example, schema
//! and import, in the shape that tfplugindocs gave to all providers.
//!
//! The output depends on nothing but the input, has no trailing white space and ends with one line break, so that
//! pages can be committed and compared.

mod section;
#[cfg(test)]
mod tests;
mod text;

use crate::schema::Schema;

/// The greatest page that the Registry shows, in bytes.
pub const MAX_PAGE_BYTES: usize = 500_000;

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The provider itself, with the arguments of its block.
    Provider,
    /// A resource.
    Resource,
    /// A data source.
    DataSource,
    /// An action.
    Action,
    /// A list resource.
    ListResource,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Provider => "Provider",
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::Action => "Action",
            Self::ListResource => "List Resource",
        }
    }

    /// What it needs, where that is more than the provider itself needs.
    fn since(self) -> Option<&'static str> {
        match self {
            Self::Provider | Self::Resource | Self::DataSource => None,
            Self::Action => Some(
                "Actions need Terraform 1.14 or newer. They are invoked by [`action_trigger`]\
                 (https://developer.hashicorp.com/terraform/language/invoke-actions) in the `lifecycle` block of a resource, or by hand with \
                 `terraform apply -invoke=action.<type>.<name>`.\n\n",
            ),
            Self::ListResource => Some(
                "List resources need Terraform 1.14 or newer. They stand in files that end in `.tfquery.hcl`, and \
                 [`terraform query`](https://developer.hashicorp.com/terraform/cli/commands/query) lists what they find; with \
                 `-generate-config-out=found.tf` it writes configuration and `import` blocks for it. The arguments below stand in the \
                 block `config`.\n\n",
            ),
        }
    }
}

/// Everything that a page shows.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// What it is about.
    pub kind: Kind,
    /// The type in a configuration, such as `flink_deployment`. For the provider, the provider's name again.
    pub name: &'a str,
    /// The provider's name, such as `flink`.
    pub provider: &'a str,
    /// The heading under which the Registry lists the page; empty for none.
    pub subcategory: &'a str,
    /// What it does, in Markdown, usually the schema's own description. The page begins with it; its first paragraph is
    /// what search results show.
    pub summary: &'a str,
    /// The arguments and attributes.
    pub schema: &'a Schema,
    /// A whole configuration, in Terraform's language.
    pub example: Option<&'a str>,
    /// How to import existing objects.
    pub import: Import<'a>,
}

/// The ways to import an existing object. Without any of them the page has no section about it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Import<'a> {
    /// An `import` block with `identity`, in Terraform's language.
    pub identity: Option<&'a str>,
    /// An `import` block with `id`, in Terraform's language.
    pub id: Option<&'a str>,
    /// A `terraform import` command.
    pub command: Option<&'a str>,
}

/// The page is longer than the Registry shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the page of {name} has {bytes} bytes; the Registry shows at most {MAX_PAGE_BYTES}")]
pub struct PageTooLong {
    /// The type or provider that it is about.
    pub name: String,
    /// Its length.
    pub bytes: usize,
}

/// When a resource's values are the same, where an attribute says nothing else.
const COMPARISON: &str = "Values are compared by what they mean: another spelling of the same is no change. Where an \
    attribute does not say how, they are compared exactly: text letter by letter, numbers by their value, lists in order, \
    maps by key. An attribute that is not set is the same as one that is set to what is then assumed.\n\n";

/// Renders a page.
///
/// # Errors
/// The page is longer than [`MAX_PAGE_BYTES`].
pub fn render(page: &Page<'_>) -> Result<String, PageTooLong> {
    let mut out = String::new();
    front_matter(&mut out, page);
    let heading = match page.kind {
        Kind::Provider => format!("# {} Provider\n\n", page.provider),
        Kind::Resource | Kind::DataSource | Kind::Action | Kind::ListResource => {
            format!("# {} ({})\n\n", page.name, page.kind.words())
        }
    };
    out.push_str(&heading);
    out.push_str(&text::paragraphs(page.summary).join("\n\n"));
    out.push_str("\n\n");
    if let Some(instead) = &page.schema.block.deprecated {
        out.push_str(&format!("~> **Deprecated:** {}\n\n", text::one_line(instead)));
    }
    if let Some(example) = page.example {
        out.push_str("## Example Usage\n\n");
        code(&mut out, "terraform", example);
    }
    if let Some(since) = page.kind.since() {
        out.push_str(since);
    }
    out.push_str("## Schema\n\n");
    if page.kind == Kind::Resource {
        out.push_str(COMPARISON);
    }
    section::schema(&mut out, &page.schema.block);
    import(&mut out, &page.import);

    let mut page_text: String = out.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    page_text.truncate(page_text.trim_end().len());
    page_text.push('\n');
    if page_text.len() > MAX_PAGE_BYTES {
        return Err(PageTooLong {
            name: page.name.to_owned(),
            bytes: page_text.len(),
        });
    }
    Ok(page_text)
}

fn front_matter(out: &mut String, page: &Page<'_>) {
    let title = match page.kind {
        Kind::Provider => format!("{} Provider", page.provider),
        Kind::Resource | Kind::DataSource | Kind::Action | Kind::ListResource => {
            format!("{} {} - {}", page.name, page.kind.words(), page.provider)
        }
    };
    let first = text::paragraphs(page.summary).into_iter().next().unwrap_or_default();
    out.push_str(&format!(
        "---\n# Generated from the schema; edits made here are lost.\npage_title: {}\nsubcategory: {}\n\
         description: |-\n  {}\n---\n\n",
        text::quoted(&title),
        text::quoted(page.subcategory),
        text::plain(&first),
    ));
}

fn import(out: &mut String, import: &Import<'_>) {
    let block = "[`import` block](https://developer.hashicorp.com/terraform/language/import)";
    let command = "[`terraform import` command](https://developer.hashicorp.com/terraform/cli/commands/import)";
    let ways = [
        (
            import.identity,
            "terraform",
            format!("From Terraform 1.12 on, with an {block} and the object's identity:"),
        ),
        (
            import.id,
            "terraform",
            format!("From Terraform 1.5 on, with an {block} and an ID:"),
        ),
        (import.command, "shell", format!("With the {command}:")),
    ];
    if ways.iter().any(|(snippet, ..)| snippet.is_some()) {
        out.push_str("## Import\n\n");
    }
    for (snippet, language, words) in ways {
        if let Some(snippet) = snippet {
            out.push_str(&words);
            out.push_str("\n\n");
            code(out, language, snippet);
        }
    }
}

fn code(out: &mut String, language: &str, snippet: &str) {
    out.push_str(&format!("```{language}\n{}\n```\n\n", snippet.trim_end()));
}
