//! Where the handshake begins inside of a connection that reqwest makes.

use std::fmt;
use std::sync::Arc;

use gomon_core::EventTracker;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, NamedGroup};

use crate::client::phases::{Mark, Phases};
use crate::keys;

/// Lets the handshakes of this configuration be seen, for
/// `tls_backend_preconfigured` of reqwest's builder: each is one
/// `http-trp-dialtls` event and a phase of the request that asked for the connection. Without it
/// they are part of the dial.
///
/// rustls asks for an earlier session when a handshake begins, so this sets the configuration's
/// [`Resumption`] to one that notes it: in memory, for 256 servers, as is the default. The event has
/// `net`, `addr`, `sni`, and `alpn` where it is `h2`; the version is not to be seen from there.
#[must_use]
pub fn observe_handshakes(mut config: ClientConfig) -> ClientConfig {
    let sessions = ClientSessionMemoryCache::new(SERVERS);
    config.resumption = Resumption::store(Arc::new(Noting(sessions)));
    config
}

/// As many as rustls remembers by default.
const SERVERS: usize = 256;

/// A store of sessions that notes when it is asked.
struct Noting(ClientSessionMemoryCache);

fn begin(server: &ServerName<'_>) {
    let Some(phases) = Phases::current() else {
        return;
    };
    let begins = phases.begin_handshake(|tracker: &mut EventTracker, target| {
        tracker
            .set(keys::NET, keys::net::TCP)
            .set(keys::ADDR, target);
        if let ServerName::DnsName(name) = server {
            tracker.set(keys::SNI, name.as_ref());
        }
    });
    if begins {
        phases.mark(Mark::ConnDone);
        phases.mark(Mark::TlsStart);
    }
}

impl ClientSessionStore for Noting {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        begin(server);
        self.0.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        begin(server);
        self.0.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.0.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, value);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        begin(server);
        self.0.take_tls13_ticket(server)
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Noting").field(&self.0).finish()
    }
}
