//! sqlx-otel, with an exporter that discards.
//!
//! sqlx-tracing, the other peer, is not here: it is on sqlx 0.8, whose libsqlite3-sys excludes that of sqlx 0.9 in one
//! build.

use std::hint::black_box;

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePool;

use crate::deliver;

pub(crate) fn pool(pool: SqlitePool) -> sqlx_otel::Pool<Sqlite> {
    sqlx_otel::PoolBuilder::from(pool).build()
}

/// Installs the global providers, before a pool looks for them, and returns what flushes them.
pub(crate) fn install(metrics: bool) -> impl Fn() + Send + Sync {
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(Discard)
        .build();
    opentelemetry::global::set_tracer_provider(provider.clone());
    if metrics {
        let meters = SdkMeterProvider::builder()
            .with_periodic_exporter(InMemoryMetricExporter::default())
            .build();
        opentelemetry::global::set_meter_provider(meters);
    }
    move || provider.force_flush().expect("the exporter never fails")
}

#[derive(Debug)]
struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        deliver(batch.len() as u64);
        black_box(&batch);
        Ok(())
    }
}
