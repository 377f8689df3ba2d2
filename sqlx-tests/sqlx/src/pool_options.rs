//! sqlx's `PoolOptions` with pools that are monitored at the end of it.

use std::time::Duration;

use gomon_sql::{MonitoredDb, MonitoredPool, PoolOptionsExt};
use real::Result;

/// The settings that the tests make, and how they connect.
pub struct PoolOptions<DB: MonitoredDb>(real::pool::PoolOptions<DB>);

impl<DB: MonitoredDb> PoolOptions<DB> {
    #[expect(
        clippy::new_without_default,
        reason = "as much of sqlx's type as its tests use"
    )]
    pub fn new() -> Self {
        Self(real::pool::PoolOptions::new())
    }

    pub fn min_connections(self, connections: u32) -> Self {
        Self(self.0.min_connections(connections))
    }

    pub fn max_connections(self, connections: u32) -> Self {
        Self(self.0.max_connections(connections))
    }

    pub fn acquire_timeout(self, timeout: Duration) -> Self {
        Self(self.0.acquire_timeout(timeout))
    }

    pub fn idle_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self(self.0.idle_timeout(timeout))
    }

    pub fn test_before_acquire(self, test: bool) -> Self {
        Self(self.0.test_before_acquire(test))
    }

    pub async fn connect(self, url: &str) -> Result<MonitoredPool<DB>> {
        self.0.connect_monitored(url).await
    }
}
