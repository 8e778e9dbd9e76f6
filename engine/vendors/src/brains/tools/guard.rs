//! Which addresses a business's tool may have: none of our own.
//!
//! A business names any host it likes, and a name may lead anywhere, now or later. So the name is
//! resolved here, once per connection; what it leads to is judged; and the connection goes to just
//! that address. There is no second look-up in which the answer could be another.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is no network: write it like 10.1.0.0/16 or 127.0.0.1")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| NetworkError)?,
            None => bits_max,
        };
        if bits_max < bits { Err(NetworkError) } else { Ok(Self { address, bits }) }
    }
}

impl Network {
    /// Whether so many addresses lie in it that nobody can mean all of them: more than the largest
    /// private network there is (10.0.0.0/8), or than a site has in IPv6.
    pub const fn is_too_wide(&self) -> bool {
        match self.address {
            IpAddr::V4(_) => self.bits < 8,
            IpAddr::V6(_) => self.bits < 32,
        }
    }

    /// Whether some of it is never opened: see [`Guard::admits`].
    pub fn holds_keys(&self) -> bool {
        let link_local = Self { address: KEYS_V4, bits: 16 };
        self.contains(KEYS_V4) || self.contains(KEYS_V6) || link_local.contains(self.address)
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, plain(address)) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Judges addresses. Resolves names for the HTTP client, which connects to what this gives it.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<Network>,
}

impl Guard {
    /// A guard that lets through the public internet, and of our own networks the `allowed`.
    pub const fn new(allowed: Vec<Network>) -> Self {
        Self { allowed }
    }

    /// Whether a tool may be at `address`. Where clouds tell their machines' keys it never may,
    /// whatever is allowed.
    pub fn admits(&self, address: IpAddr) -> bool {
        if [KEYS_V4, KEYS_V6].contains(&plain(address)) {
            return false;
        }
        is_public(address) || self.allowed.iter().any(|network| network.contains(address))
    }

    /// Whether a tool may be at `url`, as far as it names an address itself: names are judged
    /// when they are resolved.
    pub fn admits_url(&self, url: &Url) -> bool {
        if !matches!(url.scheme(), "http" | "https") {
            return false;
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        match host.parse::<IpAddr>() {
            Ok(address) => self.admits(address),
            Err(_) => !host.is_empty(),
        }
    }
}

/// Where clouds tell their machines' keys: AWS, Azure, Google and most others; and AWS's in IPv6.
const KEYS_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
const KEYS_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254));

/// Why a name was not connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("leads to no address a tool may have")]
struct Refused;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.take(ADDRESSES_MAX).collect();
            // One address of ours among others is a trap, not an accident.
            if found.is_empty() || !found.iter().all(|address| guard.admits(address.ip())) {
                return Err(Refused.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 32;

/// An address as it is meant: IPv4 in IPv6's clothes is IPv4.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
    }
}

/// Whether `address` is on the public internet (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocols = a == 192 && b == 0 && c == 0;
    let is_relay = (a, b, c) == (192, 88, 99);
    let is_benchmark = a == 198 && (18..20).contains(&b);
    !(a == 0
        || address.is_loopback()
        || address.is_private()
        // 169.254.169.254, where clouds keep their keys, is link-local.
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocols
        || is_relay
        || is_benchmark
        || 240 <= a)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, ..] = address.segments();
    // Translators and tunnels carry an IPv4 address that may be any.
    let is_translated = (a, b) == (0x64, 0xff9b) || a == 0x2002 || (a, b) == (0x2001, 0);
    let is_documentation = (a, b) == (0x2001, 0xdb8) || a & 0xfff0 == 0x3ff0;
    let is_discard = (a, b, c, d) == (0x100, 0, 0, 0);
    // Global unicast is 2000::/3 and nothing else.
    a & 0xe000 == 0x2000 && !is_translated && !is_documentation && !is_discard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_networks_are_closed() {
        let guard = Guard::default();
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "240.0.0.1",
            "192.88.99.1",
        ] {
            assert!(!guard.admits(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "172.32.0.1", "100.128.0.1"]
        {
            assert!(guard.admits(outside.parse().unwrap()), "{outside}");
        }
        for url in [
            "http://127.0.0.1/x",
            "http://[::1]:80/",
            "https://2130706433/",
            "http://0x7f.1/",
            "http://[::ffff:169.254.169.254]/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(!guard.admits_url(&url.parse().unwrap()), "{url}");
        }
        assert!(guard.admits_url(&"https://tools.example.com/x".parse().unwrap()));
    }

    #[test]
    fn an_operator_may_open_some() {
        let networks = ["10.1.0.0/16", "127.0.0.1"].map(|text| text.parse().unwrap());
        let guard = Guard::new(networks.to_vec());
        for (address, admitted) in [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:10.1.0.1", true),
            ("169.254.169.254", false),
        ] {
            assert_eq!(guard.admits(address.parse().unwrap()), admitted, "{address}");
        }
        let all = Guard::new(vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]);
        assert!(all.admits("192.168.1.1".parse().unwrap()));
        for keys in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"] {
            assert!(!all.admits(keys.parse().unwrap()), "{keys}");
        }
        let network = |text: &str| text.parse::<Network>().unwrap();
        assert!(network("0.0.0.0/7").is_too_wide() && network("fd00::/31").is_too_wide());
        assert!(!network("10.0.0.0/8").is_too_wide() && !network("fd12:3456::/32").is_too_wide());
        for keys in ["169.254.0.0/16", "169.254.1.1", "169.0.0.0/8", "fd00:ec2::/32"] {
            assert!(network(keys).holds_keys(), "{keys}");
        }
        assert!(!network("10.0.0.0/8").holds_keys() && !network("fd12:3456::/32").holds_keys());
        for bad in ["", "10.0.0.0/33", "x/8", "10.0.0.0/-1", "::/129"] {
            assert_eq!(bad.parse::<Network>(), Err(NetworkError), "{bad}");
        }
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
    }
}
