//! The rules that Terraform applies to every plan, applied by ourselves first: so that a breach names the attribute and
//! the rule, and stands in our own log (Terraform: `objchange.AssertPlanValid`).

use terraform_schema::{Attribute, AttributePath, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, Value};

/// Every breach of the rules in a planned state.
pub(crate) fn plan(block: &Block, config: &Value, prior: &Value, planned: &Value) -> Diagnostics {
    let mut breaches = Diagnostics::new();
    check_block(block, config, prior, planned, &AttributePath::root(), &mut breaches);
    breaches
}

fn check_block(
    block: &Block,
    config: &Value,
    prior: &Value,
    planned: &Value,
    path: &AttributePath,
    breaches: &mut Diagnostics,
) {
    if planned.is_null() != config.is_null() {
        let what = if planned.is_null() {
            "is planned to be absent"
        } else {
            "is planned to exist"
        };
        breaches.push(breach(path, &format!("{what}, and the configuration says otherwise")));
        return;
    }
    for attribute in &block.attributes {
        let name = &attribute.name;
        if let Some(rule) = broken_rule(attribute, config.member(name), prior.member(name), planned.member(name)) {
            breaches.push(breach(&path.name(name), rule));
        }
    }
    for nested in &block.blocks {
        let name = &nested.name;
        check_nested(
            nested,
            config.member(name),
            prior.member(name),
            planned.member(name),
            &path.name(name),
            breaches,
        );
    }
}

fn broken_rule(attribute: &Attribute, config: &Value, prior: &Value, planned: &Value) -> Option<&'static str> {
    if attribute.write_only {
        return (!planned.is_null()).then_some("is write-only, and a plan holds null for it");
    }
    if planned == config || (planned == prior && !prior.is_null() && !config.is_null()) {
        return None;
    }
    match (attribute.computed, attribute.is_input(), config.is_null()) {
        // What nobody configured, the provider decides.
        (true, false, _) | (true, true, true) => None,
        (false, _, true) if planned.is_unknown() => {
            Some("is unknown in the plan, which only a computed attribute may be")
        }
        (false, _, true) => Some("is not set and not computed, and has a planned value"),
        (_, _, false) => Some("is set, and the planned value is neither the configured nor the prior one"),
    }
}

fn check_nested(
    nested: &NestedBlock,
    config: &Value,
    prior: &Value,
    planned: &Value,
    path: &AttributePath,
    breaches: &mut Diagnostics,
) {
    if planned == config {
        return;
    }
    if config.is_unknown() {
        breaches.push(breach(
            path,
            "is a block whose number is not known yet, and must be planned as unknown",
        ));
        return;
    }
    if planned.is_unknown() {
        breaches.push(breach(path, "is a block, and blocks are never unknown in a plan"));
        return;
    }
    match (nested.nesting, planned.as_elements()) {
        (Nesting::Single, _) => check_block(&nested.block, config, prior, planned, path, breaches),
        (Nesting::List | Nesting::Set, None) => {
            breaches.push(breach(
                path,
                "is a list or set of blocks, and must be empty rather than null",
            ));
        }
        (Nesting::List, Some(elements)) => {
            let configured = config.as_elements().unwrap_or_default();
            if configured.len() != elements.len() {
                breaches.push(breach(
                    path,
                    "is planned with another number of blocks than the configuration has",
                ));
                return;
            }
            let before = prior.as_elements().unwrap_or_default();
            for (index, (planned, config)) in elements.iter().zip(configured).enumerate() {
                let prior = before.get(index).unwrap_or(&Value::Null);
                check_block(&nested.block, config, prior, planned, &path.index(index), breaches);
            }
        }
        // The elements of a set cannot be matched with those of the configuration; Terraform trusts us here.
        (Nesting::Set, Some(elements)) => {
            if elements.iter().any(Value::is_unknown) {
                breaches.push(breach(
                    path,
                    "is a set of blocks, and none of them may be unknown as a whole",
                ));
            }
        }
    }
}

fn breach(path: &AttributePath, rule: &str) -> Diagnostic {
    let what = if path.is_root() {
        "The object".to_owned()
    } else {
        format!("`{path}`")
    };
    Diagnostic::bug(format!("{what} {rule}.")).at(path.clone())
}

#[cfg(test)]
mod tests;
