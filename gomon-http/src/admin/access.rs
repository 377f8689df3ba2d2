//! Who may ask.

use std::net::IpAddr;

use gomon_core::conn::ConnInfo;
use http::request::Parts;
use http::{HeaderMap, header};

use super::reply::Reply;

/// Who is answered.
pub(super) enum Access {
    /// Connections from this machine.
    Loopback,
    /// Whoever brings this.
    Token(String),
}

impl Access {
    pub(super) fn check(&self, head: &Parts) -> Result<(), Reply> {
        let headers = &head.headers;
        // A page of somebody else's, in a browser of somebody who may.
        let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        let foreign = site.is_some_and(|site| !matches!(site, b"same-origin" | b"none"));
        if foreign || headers.contains_key(header::ORIGIN) && site.is_none() {
            return Err(Reply::error(403, "pages of others are not answered"));
        }
        match self {
            Self::Token(token) => by_token(token, headers),
            Self::Loopback => from_here(head),
        }
    }
}

fn by_token(token: &str, headers: &HeaderMap) -> Result<(), Reply> {
    let sent = headers.get(header::AUTHORIZATION);
    let sent = sent.and_then(|sent| sent.as_bytes().strip_prefix(b"Bearer "));
    match sent {
        Some(sent) if is_same(sent, token.as_bytes()) => Ok(()),
        Some(_) => Err(Reply::error(403, "the token is not the one")),
        None => Err(Reply::error(
            401,
            "`Authorization: Bearer` and a token are needed",
        )),
    }
}

/// In a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let different = one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b));
    one.len() == other.len() && different == 0
}

/// The host is asked for by name too: a name of somebody else's may lead here (DNS rebinding).
fn from_here(head: &Parts) -> Result<(), Reply> {
    let extensions = &head.extensions;
    let peer = extensions.get::<ConnInfo>().and_then(|info| info.peer);
    #[cfg(feature = "axum")]
    let peer = peer.or_else(|| {
        let info = extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
        info.map(|info| info.0)
    });
    let is_local = |address: IpAddr| address.to_canonical().is_loopback();
    if !peer.is_some_and(|peer| is_local(peer.ip())) {
        return Err(Reply::error(
            403,
            "only this machine is answered; others need a token",
        ));
    }
    // HTTP/2 has it in the address.
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let host = head.headers.get(header::HOST);
    let host = host.map(|host| host.to_str().unwrap_or(""));
    if authority.into_iter().chain(host).all(is_local_name) {
        return Ok(());
    }
    Err(Reply::error(
        403,
        "only `localhost` is answered; others need a token",
    ))
}

fn is_local_name(host: &str) -> bool {
    if host.contains('@') {
        return false;
    }
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_few_names() {
        for name in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:4600",
            "[::1]",
            "[::1]:80",
        ] {
            assert!(is_local_name(name), "{name}");
        }
        for name in [
            "localhost.evil.example",
            "localhost:80@evil.example",
            "evil.example:80",
            "[::2]",
            "10.0.0.1",
            "",
        ] {
            assert!(!is_local_name(name), "{name}");
        }
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        assert!(is_same(b"abc", b"abc") && is_same(b"", b""));
        assert!(!is_same(b"abc", b"abd") && !is_same(b"ab", b"abc") && !is_same(b"abc", b""));
    }
}
