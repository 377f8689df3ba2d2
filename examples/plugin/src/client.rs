//! The client's wrapper.
//!
//! # When do its events start and end?
//!
//! - `memcached-conn` opens when the client is made, and closes when it is dropped.
//! - `memcached` starts with the first poll of a call, and ends with its answer (completed), its error (failed), its drop
//!   (cancelled), or a panic in what is wrapped (panicked).

use std::future::Future;
use std::io;
use std::panic::Location;

use gomon::EventTracker;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::call::{Call, value};
use crate::plain::{Client, Error};
use crate::shown::Shown;
use crate::{config, keys};

/// A [`Client`] whose calls are events.
#[derive(Debug)]
pub struct MonitoredClient<S> {
    client: Client<S>,
    server: String,
    connection: EventTracker,
    shown: Shown,
}

impl MonitoredClient<TcpStream> {
    /// Connects to a server, `host:port`.
    pub async fn connect(server: &str) -> io::Result<Self> {
        let client = Client::connect(server).await?;
        Ok(Self::new(client, server))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> MonitoredClient<S> {
    /// Monitors a client. `server` is what events and the probe call its peer.
    #[must_use]
    pub fn new(client: Client<S>, server: &str) -> Self {
        config::register();
        let mut connection = EventTracker::new(keys::CONNECTION);
        connection.send_opening();
        Self {
            client,
            server: server.to_owned(),
            connection,
            shown: Shown::new(server),
        }
    }

    /// The value of a key.
    #[track_caller]
    pub fn get(
        &mut self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Error>> + Send {
        let at = Location::caller();
        async move {
            let mut call = self.begin("get", key, at);
            let result = call.run(self.client.get(key)).await;
            if let Ok(Some(found)) = &result {
                value(call.tracker(), key, found);
            }
            call.end(result)
        }
    }

    /// Sets the value of a key.
    #[track_caller]
    pub fn set(&mut self, key: &str, new: &[u8]) -> impl Future<Output = Result<(), Error>> + Send {
        let at = Location::caller();
        async move {
            let mut call = self.begin("set", key, at);
            value(call.tracker(), key, new);
            let result = call.run(self.client.set(key, new)).await;
            call.end(result)
        }
    }

    /// Deletes a key; false if there is none.
    #[track_caller]
    pub fn delete(&mut self, key: &str) -> impl Future<Output = Result<bool, Error>> + Send {
        let at = Location::caller();
        async move {
            let mut call = self.begin("delete", key, at);
            let result = call.run(self.client.delete(key)).await;
            call.end(result)
        }
    }

    fn begin(&self, command: &'static str, key: &str, at: &'static Location<'static>) -> Call {
        let mut call = Call::begin(&self.shown, at);
        let tracker: &mut EventTracker = call.tracker();
        tracker.set(keys::COMMAND, command);
        tracker.set(keys::KEY, key);
        tracker.set(keys::CONN, self.connection.id().map(|id| id.to_string()));
        if gomon::capture().remote_address() {
            tracker.set(keys::SERVER, self.server.as_str());
        }
        call
    }
}
