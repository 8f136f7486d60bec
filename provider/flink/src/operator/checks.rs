//! Checks of single attributes of a specification. Rules that join several attributes are the resource's own.

use std::net::IpAddr;

use terraform_schema::{AttributePath, Diagnostic, Diagnostics, Value};

/// The first Flink version that the operator still takes.
const OLDEST: (u32, u32) = (1, 15);

/// The first Flink version that the operator does not call deprecated.
const OLDEST_SUPPORTED: (u32, u32) = (1, 19);

/// Reads a Flink version such as `v1_20`.
pub fn parse_flink_version(text: &str) -> Option<(u32, u32)> {
    let number = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())
            .flatten()
    };
    let (major, minor) = text.strip_prefix('v')?.split_once('_')?;
    Some((number(major)?, number(minor)?))
}

/// Checks a Flink version: its form, and that the operator takes it.
pub fn flink_version(value: &Value, path: &AttributePath) -> Diagnostics {
    let Some(text) = value.as_str() else {
        return Diagnostics::new();
    };
    let Some(version) = parse_flink_version(text) else {
        let hint = text
            .trim_start_matches('v')
            .split_once('.')
            .map(|(major, rest)| format!("v{major}_{}", rest.split('.').next().unwrap_or_default()))
            .filter(|hint| parse_flink_version(hint).is_some())
            .map(|hint| format!(" Did you mean `{hint}`?"))
            .unwrap_or_default();
        return Diagnostic::error("Not a Flink version")
            .detail(format!(
                "`{text}` is not of the form `v<major>_<minor>`, such as `v1_20` or `v2_1`.{hint}"
            ))
            .at(path.clone())
            .into();
    };
    if version < OLDEST {
        return Diagnostic::error("Flink version too old")
            .detail(format!(
                "The operator refuses Flink `{text}`: the oldest version that it takes is `v1_15`."
            ))
            .at(path.clone())
            .into();
    }
    if version < OLDEST_SUPPORTED {
        return Diagnostic::warning("Flink version deprecated")
            .detail(format!(
                "The operator still takes Flink `{text}`, but calls it deprecated: versions before `v1_19` can go with one \
                 of its next releases."
            ))
            .at(path.clone())
            .into();
    }
    Diagnostics::new()
}

/// Checks that a required text is not blank.
pub fn not_blank(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if text.trim().is_empty() => Diagnostic::error("Empty value")
            .detail("The operator needs a value here, and this one is empty.")
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Longest name of a deployment: the operator appends to it for the objects of the cluster.
pub const LONGEST_DEPLOYMENT_NAME: usize = 45;

/// Whether the operator takes a text as the name of a deployment.
pub fn is_deployment_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LONGEST_DEPLOYMENT_NAME
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(inner)
}

/// Checks the name of the deployment that something refers to.
pub fn deployment_name(value: &Value, path: &AttributePath) -> Diagnostics {
    match value.as_str() {
        Some(text) if !is_deployment_name(text) => Diagnostic::error("Not the name of a deployment")
            .detail(format!(
                "No FlinkDeployment can be named `{text}`: its name has at most {LONGEST_DEPLOYMENT_NAME} lower case \
                 letters, digits and `-`, begins with a letter and ends with a letter or digit. There is no namespace in \
                 front of it."
            ))
            .at(path.clone())
            .into(),
        _ => Diagnostics::new(),
    }
}

/// Checks the address of a jar that the operator fetches: its form, and that an operator with its own default settings
/// takes it.
pub fn session_jar(value: &Value, path: &AttributePath) -> Diagnostics {
    let Some(text) = value.as_str().filter(|text| !text.trim().is_empty()) else {
        return Diagnostics::new();
    };
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ['+', '-', '.'].contains(&c))
    };
    let Some((scheme, rest)) = text
        .split_once(':')
        .filter(|(scheme, _)| is_scheme(scheme) && !text.contains(is_illegal_in_an_address))
    else {
        return Diagnostic::error("Not the address of a jar")
            .detail(format!(
                "`{text}` is not an address with a scheme, such as `https://repo.example.com/orders-1.4.2.jar`. The \
                 operator fetches the jar from there."
            ))
            .at(path.clone())
            .into();
    };
    if ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) && host_of(rest).is_empty() {
        return Diagnostic::error("Not the address of a jar")
            .detail(format!(
                "`{text}` does not say which host the operator is to fetch the jar from."
            ))
            .at(path.clone())
            .into();
    }
    let refused = |what: String| {
        Diagnostics::from(
            Diagnostic::warning("Jar that the operator may refuse")
                .detail(what)
                .at(path.clone()),
        )
    };
    if !scheme.eq_ignore_ascii_case("https") {
        return refused(format!(
            "From operator 1.15 on only `https` is allowed for the jars of session jobs. `{scheme}` works only where \
             `kubernetes.operator.user.artifacts.allowed-schemes` in the operator's own configuration names it; several \
             schemes are separated by `;` there."
        ));
    }
    let host = host_of(rest);
    if is_restricted(&host) {
        return refused(format!(
            "From operator 1.15 on no jar may come from a host in a private network or in the cluster, such as `{host}`, \
             unless `kubernetes.operator.user.artifacts.disallow-restricted-hosts` is `false` in the operator's own \
             configuration."
        ));
    }
    Diagnostics::new()
}

/// What Java's `URI` does not take: white space, and signs that must be written with `%`.
fn is_illegal_in_an_address(letter: char) -> bool {
    letter.is_whitespace() || r#""<>\^`{|}"#.contains(letter)
}

/// The host of what follows the scheme, without user, port and brackets; empty where there is none.
fn host_of(rest: &str) -> String {
    let authority = rest
        .strip_prefix("//")
        .unwrap_or_default()
        .split(['/', '?', '#'])
        .next();
    let host = authority
        .and_then(|authority| authority.rsplit('@').next())
        .unwrap_or_default();
    match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default().to_owned(),
        None => host.split(':').next().unwrap_or_default().to_lowercase(),
    }
}

/// Whether a host can be seen to be one that the operator refuses: only it can look up names.
fn is_restricted(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            ip.is_loopback() || ip.is_link_local() || ip.is_private() || ip.is_unspecified() || ip.is_multicast()
        }
        Ok(IpAddr::V6(ip)) => {
            ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified() || ip.is_multicast()
        }
        Err(_) => {
            host == "localhost" || host.ends_with(".svc") || host.ends_with(".svc.cluster.local") || !host.contains('.')
        }
    }
}

/// Checks the template of an ingress: host and path with the two placeholders that the operator knows. What stands between
/// other braces it leaves as it is: no host, but a path.
pub fn ingress_template(value: &Value, path: &AttributePath) -> Diagnostics {
    let Some(text) = value.as_str() else {
        return Diagnostics::new();
    };
    let said = |problem: Diagnostic, detail: String| Diagnostics::from(problem.detail(detail).at(path.clone()));
    let refused = || Diagnostic::error("Not an ingress template");
    if text.trim().is_empty() {
        let detail =
            "The operator needs a template of host and path, such as `{{name}}.{{namespace}}.flink.example.com`.";
        return said(refused(), detail.to_owned());
    }
    let lower = text.to_lowercase();
    let filled = lower.replace("{{name}}", "x").replace("{{namespace}}", "x");
    let address = ["http://", "https://"]
        .iter()
        .find_map(|scheme| filled.strip_prefix(scheme))
        .unwrap_or(&filled);
    let at_path = address.find(['/', '?', '#']).unwrap_or(address.len());
    let (host, location) = address.split_at(at_path);
    let known = "The operator knows the placeholders `{{name}}` and `{{namespace}}`, without spaces.";
    if host.contains(['{', '}']) {
        return said(
            refused(),
            format!("`{host}` cannot be the host of an ingress: of `{text}`, something between braces stays. {known}"),
        );
    }
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let bad_port = port.is_some_and(|port| !port.is_empty() && port.parse::<u32>().is_err());
    if host.contains(char::is_whitespace) || bad_port {
        return said(
            refused(),
            format!("`{text}` is not a host with a path: the operator must be able to read it as an address."),
        );
    }
    if location.contains("{{") {
        return said(
            Diagnostic::warning("Placeholder that stays as it is"),
            format!(
                "In the path of `{text}` something stays between braces, and the ingress gets it as it is. {known}"
            ),
        );
    }
    Diagnostics::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(check: fn(&Value, &AttributePath) -> Diagnostics, text: &str) -> Option<(bool, String)> {
        let found = check(&text.into(), &AttributePath::root());
        found
            .iter()
            .next()
            .map(|problem| (problem.is_error(), problem.detail.clone()))
    }

    #[test]
    fn flink_versions() {
        for good in ["v1_19", "v1_20", "v2_0", "v2_4", "v3_12"] {
            assert_eq!(check(flink_version, good), None, "{good}");
        }
        for (text, error, part) in [
            ("1.20", true, "Did you mean `v1_20`?"),
            ("v2.1.0", true, "Did you mean `v2_1`?"),
            ("v1-20", true, "v<major>_<minor>"),
            ("v1_+20", true, "v<major>_<minor>"),
            ("", true, "v<major>_<minor>"),
            ("v1_14", true, "refuses"),
            ("v1_16", false, "deprecated"),
        ] {
            let (is_error, detail) = check(flink_version, text).unwrap_or_else(|| panic!("{text} passes"));
            assert_eq!(is_error, error, "{text}");
            assert!(detail.contains(part), "{text}: {detail}");
        }
    }

    #[test]
    fn ingress_templates() {
        for good in [
            "{{name}}.{{namespace}}.flink.example.com",
            "/{{namespace}}/{{name}}(/|$)(.*)",
            "flink.example.com:8443/{{NAME}}",
            "flink.example.com:99999/x",
            "flink.example.com/my path",
            "https://flink.example.com/{{name}}",
        ] {
            assert_eq!(check(ingress_template, good), None, "{good}");
        }
        for (text, error, part) in [
            ("", true, "needs a template"),
            ("{{job}}.example.com", true, "`{{job}}.example.com` cannot be the host"),
            ("{{ name }}.example.com", true, "without spaces"),
            ("{{name.example.com", true, "between braces"),
            ("flink.example.com:port/x", true, "address"),
            ("flink example.com", true, "address"),
            ("flink.example.com/{{job}}", false, "as it is"),
        ] {
            let (is_error, detail) = check(ingress_template, text).unwrap_or_else(|| panic!("{text} passes"));
            assert_eq!(is_error, error, "{text}");
            assert!(detail.contains(part), "{text}: {detail}");
        }
    }

    #[test]
    fn jars_that_the_operator_fetches() {
        for good in [
            "https://repo.example.com/orders-1.4.2.jar",
            "HTTPS://user@repo.example.com:8443/a.jar?x=1",
            "https://203.0.113.7/a.jar",
        ] {
            assert_eq!(check(session_jar, good), None, "{good}");
        }
        for (text, error, part) in [
            ("orders.jar", true, "with a scheme"),
            ("/opt/flink/orders.jar", true, "with a scheme"),
            ("https://repo.example.com/my orders.jar", true, "with a scheme"),
            ("https://repo.example.com/${version}.jar", true, "with a scheme"),
            ("https:///orders.jar", true, "which host"),
            ("https:orders.jar", true, "which host"),
            ("http://repo.example.com/a.jar", false, "allowed-schemes"),
            ("local:///opt/flink/a.jar", false, "allowed-schemes"),
            ("s3://jars/a.jar", false, "allowed-schemes"),
            ("https://10.95.0.1/a.jar", false, "disallow-restricted-hosts"),
            ("https://jars.default.svc:8080/a.jar", false, "`jars.default.svc`"),
            ("https://jars/a.jar", false, "disallow-restricted-hosts"),
            ("https://[::1]:8443/a.jar", false, "`::1`"),
            ("https://localhost/a.jar", false, "disallow-restricted-hosts"),
        ] {
            let (is_error, detail) = check(session_jar, text).unwrap_or_else(|| panic!("{text} passes"));
            assert_eq!(is_error, error, "{text}");
            assert!(detail.contains(part), "{text}: {detail}");
        }
    }

    #[test]
    fn names_of_deployments() {
        let longest = "a".repeat(45);
        for good in ["a", "orders", "customer-analytics", "job2", longest.as_str()] {
            assert!(is_deployment_name(good), "{good}");
            assert_eq!(check(deployment_name, good), None, "{good}");
        }
        let too_long = "a".repeat(46);
        for bad in [
            "",
            "1st",
            "-a",
            "a-",
            "Orders",
            "a.b",
            "a_b",
            "team/a",
            "ä",
            too_long.as_str(),
        ] {
            assert!(!is_deployment_name(bad), "{bad}");
            assert!(check(deployment_name, bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn blank_texts() {
        assert!(check(not_blank, " ").is_some());
        assert!(check(not_blank, "flink").is_none());
    }
}
