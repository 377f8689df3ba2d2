use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// The proxies in front of the program whose word on the client is taken.
///
/// ```
/// use gomon_http::{MonitoringLayer, TrustedProxies};
///
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8", "127.0.0.1"])?;
/// let layer = MonitoringLayer::new().trusted_proxies(proxies);
/// # let _ = layer;
/// # Ok::<(), gomon_http::InvalidProxy>(())
/// ```
///
/// The client is the address nearest to the program that is none of these: of a list that the client began itself only what
/// trusted proxies have added counts. Addresses of version 4 that came as version 6 (`::ffff:10.0.0.1`) are those of version 4.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    only: Option<ForwardedHeader>,
}

/// A header in which proxies say for whom they ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// `Forwarded` (RFC 7239), with its `for` and `proto`.
    Forwarded,
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` beside it.
    XForwardedFor,
    /// `X-Real-IP`, with `X-Forwarded-Proto` beside it.
    XRealIp,
}

impl TrustedProxies {
    /// Proxies by their addresses, or by networks such as `10.0.0.0/8` and `fd00::/8`.
    ///
    /// # Errors
    ///
    /// The first that is neither.
    pub fn new<N: AsRef<str>>(networks: impl IntoIterator<Item = N>) -> Result<Self, InvalidProxy> {
        let parse = |network: N| {
            let text = network.as_ref().trim();
            let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
            let network = text.parse().ok().or_else(address);
            network.ok_or_else(|| InvalidProxy(text.to_owned()))
        };
        Ok(Self {
            networks: networks.into_iter().map(parse).collect::<Result<_, _>>()?,
            only: None,
        })
    }

    /// Reads this header alone. By default the first of `Forwarded`, `X-Forwarded-For` and `X-Real-IP` that is there is read:
    /// behind proxies that set but one of them, and pass the others on as clients have sent them, name that one.
    #[must_use]
    pub fn only(mut self, header: ForwardedHeader) -> Self {
        self.only = Some(header);
        self
    }

    /// Of an address in its own version.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = ForwardedHeader> {
        let all = [
            ForwardedHeader::Forwarded,
            ForwardedHeader::XForwardedFor,
            ForwardedHeader::XRealIp,
        ];
        let only = self.only;
        all.into_iter()
            .filter(move |header| only.is_none_or(|only| only == *header))
    }
}

impl ForwardedHeader {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::XForwardedFor => "x-forwarded-for",
            Self::XRealIp => "x-real-ip",
        }
    }
}

/// What is neither an address nor a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidProxy(String);

impl fmt::Display for InvalidProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither an address nor a network", self.0)
    }
}

impl Error for InvalidProxy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_network_is_named() {
        let error = TrustedProxies::new(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"10.0.0.0/33\" is neither an address nor a network"
        );
    }

    #[test]
    fn networks_of_both_versions_have_their_own_addresses() {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8", "192.0.2.1"]).unwrap();
        let contains = |address: &str| proxies.contains(address.parse().unwrap());
        assert!(contains("10.255.0.1") && contains("fd00::1") && contains("192.0.2.1"));
        assert!(!contains("11.0.0.1") && !contains("fe00::1") && !contains("192.0.2.2"));
    }
}
