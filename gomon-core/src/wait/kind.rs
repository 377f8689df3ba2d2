/// What a unit of work waits for; the key of the time in its event's `wait`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A connection out of a pool.
    Pool,
    /// A database.
    Sql,
    /// An outgoing HTTP call.
    Http,
    /// A socket.
    Net,
    /// A file.
    File,
    /// A mutex, a read-write lock or a semaphore.
    Lock,
    /// A channel: for a message, or for room.
    Channel,
    /// A timer that somebody waits out.
    Sleep,
    /// The client of a server: for more of its request, or for it to take more of the response.
    Client,
}

impl Kind {
    /// As it is spelled in the event contract, inside of `wait`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pool => "pool",
            Self::Sql => "sql",
            Self::Http => "http",
            Self::Net => "net",
            Self::File => "file",
            Self::Lock => "lock",
            Self::Channel => "channel",
            Self::Sleep => "sleep",
            Self::Client => "client",
        }
    }

    /// All of them, in the order of an event's `wait`.
    pub(crate) const ALL: [Self; 9] = [
        Self::Pool,
        Self::Sql,
        Self::Http,
        Self::Net,
        Self::File,
        Self::Lock,
        Self::Channel,
        Self::Sleep,
        Self::Client,
    ];
}

/// The key in an event's `wait` of time that no open wait explains.
pub(crate) const UNACCOUNTED: &str = "unaccounted";

/// One figure for each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PerKind<T>([T; Kind::ALL.len()]);

impl<T: Copy> PerKind<T> {
    #[cfg(test)]
    pub(crate) fn of(&self, kind: Kind) -> T {
        self.0[kind as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "there is one place for each kind")]
    pub(crate) fn of_mut(&mut self, kind: Kind) -> &mut T {
        &mut self.0[kind as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Kind, T)> {
        Kind::ALL.into_iter().zip(self.0.iter().copied())
    }
}
