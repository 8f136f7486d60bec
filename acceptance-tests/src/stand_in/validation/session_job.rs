//! The rules by which the operator refuses a session job.

use std::net::{IpAddr, Ipv6Addr};

use super::super::session_job::{Artifacts, Host, SessionJobSpec};
use super::super::spec::Spec;
use super::Release;

/// The first rule that `new` breaks, in the operator's order. `submitted` is what it reconciled last, if anything; `cluster`
/// the deployment that it names, if there is one; `host` what the name of the jar's host leads to.
pub fn refusal_of_session_job(
    release: Release,
    new: &SessionJobSpec,
    submitted: Option<&SessionJobSpec>,
    cluster: Option<&Spec>,
    artifacts: &Artifacts,
    host: Host,
) -> Option<String> {
    let moved = || {
        let moved = submitted.is_some_and(|old| old.deployment_name != new.deployment_name);
        moved.then(|| "The deploymentName can't be changed".to_owned())
    };
    let empty = || new.job.is_none().then(|| "The job spec should not be empty".to_owned());
    super::deployment_name(&new.deployment_name)
        .or_else(empty)
        .or_else(moved)
        .or_else(|| jar(new, artifacts, host))
        .or_else(|| cluster.and_then(|cluster| on_cluster(release, new, cluster)))
}

/// What depends on the cluster: the job runs with that one's settings, less those that it sets itself.
fn on_cluster(release: Release, new: &SessionJobSpec, cluster: &Spec) -> Option<String> {
    if cluster.job.is_some() {
        return Some("Can not submit session job to application cluster".to_owned());
    }
    let spec = new.on(cluster);
    super::job(&spec).or_else(|| super::autoscaler::refusal(release, &spec))
}

fn jar(spec: &SessionJobSpec, artifacts: &Artifacts, kind: Host) -> Option<String> {
    let uri = spec.job.as_ref()?.jar_uri.as_deref()?;
    if uri.contains(char::is_whitespace) {
        return Some(format!("jarURI is not a valid URI: Illegal character in path: {uri}"));
    }
    let Some((scheme, rest)) = uri.split_once(':').filter(|(scheme, _)| !scheme.contains('/')) else {
        return Some("jarURI must include a scheme".to_owned());
    };
    if !artifacts
        .schemes
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(scheme))
    {
        return Some(format!(
            "jarURI scheme '{scheme}' is not in the allowlist [{}]. Configure \
             'kubernetes.operator.user.artifacts.allowed-schemes' to extend the allowlist.",
            artifacts.schemes.join(", ")
        ));
    }
    let on_the_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    if !on_the_web || !artifacts.restricted_hosts_refused {
        return None;
    }
    let Some(host) = host_of(uri).filter(|_| rest.starts_with("//")) else {
        return Some("jarURI must include a host for http/https schemes".to_owned());
    };
    match kind {
        Host::Public => None,
        Host::Restricted => Some(format!("jarURI host '{host}' resolves to a restricted address")),
        Host::Unknown => Some(format!("jarURI host '{host}' cannot be resolved")),
    }
}

/// The host of a jar on the web.
pub fn host_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next()?,
        None => host.split(':').next()?,
    };
    (scheme.starts_with("http") && !host.is_empty()).then_some(host)
}

/// What a host is whose name leads to these addresses.
pub fn host(addresses: &[IpAddr]) -> Host {
    let restricted = |address: &IpAddr| match address {
        IpAddr::V4(four) => {
            four.is_loopback()
                || four.is_link_local()
                || four.is_private()
                || four.is_unspecified()
                || four.is_multicast()
        }
        IpAddr::V6(six) => {
            six.is_loopback()
                || six.is_unspecified()
                || six.is_multicast()
                || six.is_unicast_link_local()
                || is_site_local(six)
        }
    };
    match addresses {
        [] => Host::Unknown,
        addresses if addresses.iter().any(restricted) => Host::Restricted,
        _ => Host::Public,
    }
}

/// `fec0::/10`, which Java still knows.
fn is_site_local(address: &Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfec0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart_as_java_does() {
        let cases = [
            ("https://10.95.0.1/a.jar", Some("10.95.0.1"), Host::Restricted),
            ("http://127.0.0.1:8080/a.jar", Some("127.0.0.1"), Host::Restricted),
            ("https://user@192.168.1.1/a.jar", Some("192.168.1.1"), Host::Restricted),
            ("https://[fec0::1]:80/a.jar", Some("fec0::1"), Host::Restricted),
            ("https://[2001:db8::1]/a.jar", Some("2001:db8::1"), Host::Public),
            ("https://192.0.2.1", Some("192.0.2.1"), Host::Public),
            ("https://example.com/a.jar", Some("example.com"), Host::Unknown),
            ("local:///opt/a.jar", None, Host::Unknown),
        ];
        for (uri, name, kind) in cases {
            assert_eq!(host_of(uri), name, "{uri}");
            let addresses: Vec<IpAddr> = name.and_then(|name| name.parse().ok()).into_iter().collect();
            assert_eq!(host(&addresses), kind, "{uri}");
        }
    }
}
