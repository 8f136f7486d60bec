//! Which loopback port stands behind which invented pod address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// First two octets of every invented pod address. Nothing routes there: only the egress proxy
/// ever "dials" such an address.
const POD_NETWORK: [u8; 2] = [10, 123];

/// The map from pod address and port to a port on 127.0.0.1, shared between the egress proxy (which
/// reads it) and the stand-in operator (which writes it). Clones share one map.
///
/// Kubernetes refuses endpoints on 127/8. So a process on loopback gets a pod with an address that
/// exists nowhere, and the API server reaches it through the egress proxy, which looks here.
#[derive(Clone, Debug, Default)]
pub struct Routes(Arc<Mutex<Map>>);

#[derive(Debug, Default)]
struct Map {
    local: BTreeMap<SocketAddrV4, u16>,
    taken: BTreeSet<Ipv4Addr>,
    last: u16,
}

impl Routes {
    /// Sends connections to `ip:port` to `127.0.0.1:local_port` from now on. Replaces an older
    /// route of the same address and port.
    pub fn insert(&self, ip: Ipv4Addr, port: u16, local_port: u16) {
        let mut map = self.map();
        map.taken.insert(ip);
        map.local.insert(SocketAddrV4::new(ip, port), local_port);
    }

    /// Forgets every port of this pod address; the address may be given out again.
    pub fn remove(&self, ip: Ipv4Addr) {
        let mut map = self.map();
        map.taken.remove(&ip);
        map.local.retain(|address, _| *address.ip() != ip);
    }

    /// An address that no pod of this sandbox has, reserved until [`Routes::remove`].
    ///
    /// Pods that outlived a restart keep their address: [`Routes::insert`] theirs first.
    pub fn next_pod_ip(&self) -> Ipv4Addr {
        let mut map = self.map();
        loop {
            map.last = map.last.wrapping_add(1);
            let [high, low] = map.last.to_be_bytes();
            let ip = Ipv4Addr::new(POD_NETWORK[0], POD_NETWORK[1], high, low);
            // Neither 0 nor 255 last: Kubernetes takes them, people stumble over them.
            if !matches!(low, 0 | 255) && map.taken.insert(ip) {
                return ip;
            }
        }
    }

    /// The loopback port behind a pod's address and port.
    pub fn local_port(&self, address: SocketAddrV4) -> Option<u16> {
        self.map().local.get(&address).copied()
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        // A panicking holder leaves a whole map behind: every change is one insert or one remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_lives_until_its_pod_is_removed() {
        let routes = Routes::default();
        let ip = routes.next_pod_ip();
        routes.insert(ip, 8081, 18081);
        routes.insert(ip, 8082, 18082);
        let seen_by_the_proxy = routes.clone();
        assert_eq!(seen_by_the_proxy.local_port(SocketAddrV4::new(ip, 8081)), Some(18081));
        assert_eq!(seen_by_the_proxy.local_port(SocketAddrV4::new(ip, 9999)), None);

        routes.remove(ip);
        assert_eq!(seen_by_the_proxy.local_port(SocketAddrV4::new(ip, 8081)), None);
        assert_eq!(seen_by_the_proxy.local_port(SocketAddrV4::new(ip, 8082)), None);
    }

    #[test]
    fn addresses_in_use_are_not_given_out() {
        let routes = Routes::default();
        let kept = Ipv4Addr::new(10, 123, 0, 1);
        routes.insert(kept, 8081, 18081);
        let given: BTreeSet<_> = (0..1000).map(|_| routes.next_pod_ip()).collect();
        assert_eq!(given.len(), 1000);
        assert!(!given.contains(&kept));
        assert!(given.iter().all(|ip| !matches!(ip.octets()[3], 0 | 255)));
    }
}
