//! Monitoring of sqlx: typed wrappers and a driver for AnyPool.
