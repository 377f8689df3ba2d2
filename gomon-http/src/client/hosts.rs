//! Which hosts are told the context of a call.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A list of hosts, by names, patterns of names, addresses and networks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<Pattern>);

impl Hosts {
    pub(crate) fn new<I>(patterns: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let patterns = patterns.into_iter();
        Self(patterns.map(|it| Pattern::new(it.as_ref())).collect())
    }

    /// Whether the host of a URL is among them; brackets round an IPv6 address are no part of it.
    pub(crate) fn contain(&self, host: &str) -> bool {
        let host = host.strip_prefix('[').unwrap_or(host);
        let host = host.strip_suffix(']').unwrap_or(host);
        let address = IpAddr::from_str(host).ok();
        // The root's dot is part of a name that is complete.
        let name = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|pattern| pattern.is(name, address))
    }
}

#[derive(Clone, Debug)]
enum Pattern {
    Any,
    /// In lower case.
    Name(String),
    /// What is below it, with the dot before it.
    Below(String),
    Network(Network),
}

impl Pattern {
    fn new(pattern: &str) -> Self {
        let pattern = pattern.trim().to_ascii_lowercase();
        if pattern == "*" {
            return Self::Any;
        }
        if let Ok(network) = Network::from_str(&pattern) {
            return Self::Network(network);
        }
        match pattern.strip_prefix('*') {
            Some(below) if below.starts_with('.') => Self::Below(below.to_owned()),
            _ => Self::Name(pattern),
        }
    }

    fn is(&self, name: &str, address: Option<IpAddr>) -> bool {
        match self {
            Self::Any => true,
            Self::Name(own) => name.eq_ignore_ascii_case(own),
            Self::Below(end) => {
                let at = name.len().checked_sub(end.len()).filter(|at| *at > 0);
                let tail = at.and_then(|at| name.get(at..));
                tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
            }
            Self::Network(network) => address.is_some_and(|it| network.contains(it)),
        }
    }
}

/// An address and how many of its leading bits count (RFC 4632, section 3.1).
#[derive(Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let address = IpAddr::from_str(address).map_err(drop)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(drop))?;
        if bits > most {
            return Err(());
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, inside: &[&str], outside: &[&str]) {
        let hosts = Hosts::new([pattern]);
        for host in inside {
            assert!(hosts.contain(host), "{host} is {pattern}");
        }
        for host in outside {
            assert!(!hosts.contain(host), "{host} is not {pattern}");
        }
    }

    #[test]
    fn names_are_compared_without_regard_to_case() {
        check(
            "Shop.Internal",
            &["shop.internal", "SHOP.internal."],
            &["a.shop.internal", "internal"],
        );
        check(
            "*.internal",
            &["a.internal", "b.a.INTERNAL"],
            &["internal", ".internal", "ainternal", "a.internal.evil"],
        );
        check("*", &["anything", "[::1]", "10.0.0.1"], &[]);
    }

    #[test]
    fn networks_hold_addresses_alone() {
        check(
            "10.0.0.0/8",
            &["10.255.0.1", "[::ffff:10.0.0.1]"],
            &["11.0.0.1", "10.example", "[::1]"],
        );
        check(
            "fd00::/8",
            &["[fd12::1]", "fd12::1"],
            &["[fe80::1]", "10.0.0.1"],
        );
        check("[::1]", &["[::1]"], &["[::2]"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["[::1]"]);
    }

    #[test]
    fn what_is_no_pattern_lets_nobody_in() {
        check("10.0.0.0/33", &[], &["10.0.0.0", "10.0.0.1"]);
        check("", &[], &["a", "10.0.0.1"]);
        check("*internal", &[], &["xinternal", "internal"]);
    }
}
