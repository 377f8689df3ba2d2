//! Who asked, where proxies stand in between.

mod entry;
mod proxies;

use std::net::IpAddr;

use http::HeaderMap;

pub use proxies::{ForwardedHeader, InvalidProxy, TrustedProxies};

use entry::Entry;

/// What trusted proxies say of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The address nearest to the program that is not one of its proxies; none if it is hidden.
    pub(crate) client: Option<IpAddr>,
    /// The scheme the client used.
    pub(crate) scheme: Option<&'static str>,
    /// Whether the other end of the connection is one of the proxies.
    pub(crate) by_proxy: bool,
}

impl TrustedProxies {
    /// Who is behind the other end of a connection.
    ///
    /// The addresses that the proxies noted are read from the last to the first: what stands behind the first that is
    /// none of ours could be anybody's invention.
    pub(crate) fn look_behind(&self, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
        let peer = peer.to_canonical();
        if !self.contains(peer) {
            return Forwarded {
                client: Some(peer),
                ..Forwarded::default()
            };
        }
        let mut found = Forwarded {
            client: Some(peer),
            scheme: None,
            by_proxy: true,
        };
        let header = self
            .headers()
            .find(|header| headers.contains_key(header.name()));
        let Some(header) = header else {
            return found;
        };
        for (at, entry) in entry::from_the_last(header, headers).enumerate() {
            let Entry { address, scheme } = entry;
            found.client = address;
            found.scheme = scheme.or(found.scheme);
            if address.is_none_or(|address| !self.contains(address)) {
                break;
            }
            if at + 1 == entry::ENTRIES {
                // So many proxies are none: who is behind them is not known.
                found.client = None;
            }
        }
        if header != ForwardedHeader::Forwarded {
            found.scheme = entry::proto(headers);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn behind(peer: &str, sent: &[(&'static str, &'static str)]) -> Forwarded {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "2001:db8:1::/48", "::1"]).unwrap();
        proxies.look_behind(peer.parse().unwrap(), &headers(sent))
    }

    fn headers(sent: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            let name = HeaderName::from_static(name);
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn client(peer: &str, sent: &[(&'static str, &'static str)]) -> Option<String> {
        behind(peer, sent).client.map(|client| client.to_string())
    }

    #[test]
    fn a_stranger_is_the_client_whatever_it_says() {
        let sent = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-proto", "https"),
        ];
        let found = behind("192.0.2.7", &sent);
        assert_eq!(found.client, Some("192.0.2.7".parse().unwrap()));
        assert!(found.scheme.is_none() && !found.by_proxy);
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_client() {
        let sent = [
            ("x-forwarded-for", "6.6.6.6, 203.0.113.9:4711"),
            ("x-forwarded-for", "10.1.1.1"),
        ];
        assert_eq!(client("10.0.0.1", &sent).as_deref(), Some("203.0.113.9"));
        assert_eq!(
            client("::ffff:10.0.0.1", &sent).as_deref(),
            Some("203.0.113.9")
        );
        let all_ours = [("x-forwarded-for", "10.3.3.3, 10.2.2.2")];
        assert_eq!(client("::1", &all_ours).as_deref(), Some("10.3.3.3"));
    }

    #[test]
    fn addresses_of_version_6_are_read_in_brackets_and_without() {
        let quoted = [(
            "forwarded",
            r#"for="[2001:db8::1]:4711";proto=https, for=10.1.1.1"#,
        )];
        let found = behind("2001:db8:1::5", &quoted);
        assert_eq!(found.client, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(found.scheme, Some("https"));
        for written in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80"] {
            let sent = [("x-forwarded-for", written)];
            assert_eq!(
                client("::1", &sent).as_deref(),
                Some("2001:db8::1"),
                "{written}"
            );
        }
    }

    #[test]
    fn who_is_hidden_is_nobody() {
        for sent in [
            "for=unknown",
            "for=_gazonk, for=10.1.1.1",
            "for=\"\"",
            "by=10.1.1.1",
        ] {
            assert_eq!(client("10.0.0.1", &[("forwarded", sent)]), None, "{sent}");
        }
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "a b")]), None);
    }

    #[test]
    fn forwarded_comes_before_the_others_unless_one_is_named() {
        let sent = [
            ("forwarded", "for=1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("x-real-ip", "3.3.3.3"),
            ("x-forwarded-proto", "http, https"),
        ];
        assert_eq!(client("::1", &sent).as_deref(), Some("1.1.1.1"));
        assert_eq!(client("::1", &sent[1..]).as_deref(), Some("2.2.2.2"));
        assert_eq!(client("::1", &sent[2..]).as_deref(), Some("3.3.3.3"));
        assert_eq!(behind("::1", &sent[1..]).scheme, Some("https"));
        let real = TrustedProxies::new(["::1"]).unwrap();
        let real = real.only(ForwardedHeader::XRealIp);
        let found = real.look_behind("::1".parse().unwrap(), &headers(&sent));
        assert_eq!(found.client, Some("3.3.3.3".parse().unwrap()));
    }

    #[test]
    fn a_quoted_comma_is_no_end_of_an_entry() {
        let sent = [(
            "forwarded",
            r#"for="1.1.1.1";host="a,b;c\"", For = 10.1.1.1 ; proto=HTTP"#,
        )];
        let found = behind("::1", &sent);
        assert_eq!(found.client, Some("1.1.1.1".parse().unwrap()));
        assert_eq!(found.scheme, Some("http"));
    }

    #[test]
    fn a_list_without_end_is_read_up_to_a_bound() {
        let behind = |proxies: usize| {
            let list = format!("6.6.6.6{}", ", 10.1.1.1".repeat(proxies));
            let list: &'static str = Box::leak(list.into_boxed_str());
            client("::1", &[("x-forwarded-for", list)])
        };
        assert_eq!(behind(31).as_deref(), Some("6.6.6.6"));
        assert_eq!((behind(32), behind(100_000)), (None, None));
    }
}
