//! How a monitored connection is opened.
//!
//! When does its event (`driver-open`) start and end? It starts with each attempt to connect, and ends with its result;
//! `cancelled` if the future is dropped, as the pool does after its acquire timeout.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use gomon_core::wait::Kind;
use gomon_core::{EndGuard, EventTracker, Outcome, mask};
use log::LevelFilter;
use sqlx_core::any::AnyConnectOptions;
use sqlx_core::connection::{ConnectOptions, Connection};
use sqlx_core::error::Error;
use url::Url;

use super::backend::MonitoredBackend;
use super::driver_config;
use super::driver_db::{DriverDb, ordinary};
use crate::failure;
use crate::keys::{self, fp};
use crate::pool::connected;
use crate::waiting;

/// The options of `DB`, and what its event tells of the URL.
pub(super) struct MonitoredOptions<DB: DriverDb> {
    inner: <DB::Connection as Connection>::Options,
    dsn: String,
}

impl<DB: DriverDb> TryFrom<&AnyConnectOptions> for MonitoredOptions<DB> {
    type Error = Error;

    fn try_from(options: &AnyConnectOptions) -> Result<Self, Error> {
        let mut options = options.clone();
        options.database_url = ordinary_url(&options.database_url)?;
        let dsn = mask::dsn(options.database_url.as_str());
        DB::options(&options)
            .map(|inner| Self {
                inner,
                dsn: dsn.clone(),
            })
            .inspect_err(|error| {
                // Nobody is going to connect: this is the attempt.
                let mut event = opening::<DB>(&dsn);
                failure::record(
                    event.tracker(),
                    DB::FACTS,
                    &driver_config().current(),
                    None,
                    error,
                );
                event.finish(Outcome::Failed);
            })
    }
}

fn opening<DB: DriverDb>(dsn: &str) -> EndGuard {
    let mut tracker = EventTracker::new(fp::DRIVER_OPEN);
    tracker
        .set(keys::DRIVER, DB::FACTS.system)
        .set(keys::DSN, dsn);
    EndGuard::new(tracker)
}

fn ordinary_url(url: &Url) -> Result<Url, Error> {
    match ordinary(url.as_str()) {
        same if same == url.as_str() => Ok(url.clone()),
        // Not by `set_scheme`, which refuses to go from one kind of scheme to another.
        other => other.parse().map_err(Error::config),
    }
}

impl<DB: DriverDb> FromStr for MonitoredOptions<DB> {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        (&url.parse::<AnyConnectOptions>()?).try_into()
    }
}

impl<DB: DriverDb> ConnectOptions for MonitoredOptions<DB> {
    type Connection = MonitoredBackend<DB>;

    fn from_url(url: &Url) -> Result<Self, Error> {
        (&AnyConnectOptions::from_url(url)?).try_into()
    }

    fn to_url_lossy(&self) -> Url {
        self.inner.to_url_lossy()
    }

    async fn connect(&self) -> Result<MonitoredBackend<DB>, Error> {
        let mut event = opening::<DB>(&self.dsn);
        let result = waiting::on(Kind::Sql, None, self.inner.connect()).await;
        if let Err(error) = &result {
            failure::record(
                event.tracker(),
                DB::FACTS,
                &driver_config().current(),
                None,
                error,
            );
        }
        event.finish(Outcome::Completed);
        connected::note();
        result.map(MonitoredBackend::new)
    }

    fn log_statements(mut self, level: LevelFilter) -> Self {
        self.inner = self.inner.log_statements(level);
        self
    }

    fn log_slow_statements(mut self, level: LevelFilter, duration: Duration) -> Self {
        self.inner = self.inner.log_slow_statements(level, duration);
        self
    }

    fn __unstable_apply_driver_config(
        mut self,
        config: &sqlx_core::config::drivers::Config,
    ) -> sqlx_core::Result<Self> {
        self.inner = self.inner.__unstable_apply_driver_config(config)?;
        Ok(self)
    }
}

impl<DB: DriverDb> Clone for MonitoredOptions<DB> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            dsn: self.dsn.clone(),
        }
    }
}

impl<DB: DriverDb> fmt::Debug for MonitoredOptions<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredOptions")
            .field("dsn", &self.dsn)
            .finish_non_exhaustive()
    }
}
