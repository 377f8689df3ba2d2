//! What PostgreSQL alone has works on a monitored pool as on sqlx's: `COPY`, `LISTEN`, advisory locks.

use futures_util::TryStreamExt;
use gomon_core::testing::Recorder;
use sqlx::postgres::{PgAdvisoryLock, PgListener, PgPoolCopyExt};
use sqlx::{Executor, PgConnection, Postgres};

use crate::engines::{Fixture, on};

#[tokio::test]
async fn rows_are_copied_in_and_out() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = fixture.monitored();
        let into = "COPY items FROM STDIN";
        let mut copy = pool.copy_in_raw(into).await.unwrap();
        copy.send(&b"1\ta\n"[..]).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 1);
        let mut lease = pool.acquire().await.unwrap();
        let mut copy = lease.copy_in_raw(into).await.unwrap();
        copy.send(&b"2\tb\n"[..]).await.unwrap();
        assert_eq!(copy.finish().await.unwrap(), 1);
        let mut tx = lease.begin().await.unwrap();
        let out = tx.copy_out_raw("COPY items TO STDOUT").await.unwrap();
        let out: Vec<_> = out.try_collect().await.unwrap();
        assert_eq!(out.concat(), b"1\ta\n2\tb\n");
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_listener_on_the_pool_hears_what_is_told() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = fixture.monitored();
        let mut listener = PgListener::connect_with(&pool).await.unwrap();
        listener.listen("gomon").await.unwrap();
        let notify = sqlx::query("SELECT pg_notify('gomon', $1)").bind("hello");
        notify.execute(&pool).await.unwrap();
        assert_eq!(listener.recv().await.unwrap().payload(), "hello");
    })
    .await;
}

#[tokio::test]
async fn an_advisory_lock_keeps_others_out() {
    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let pool = fixture.monitored();
        let recorder = Recorder::new();
        let lock = PgAdvisoryLock::new(format!("gomon {}", std::process::id()));
        recorder
            .scope(async {
                let mut holder = lock.acquire(pool.acquire().await.unwrap()).await.unwrap();
                let _: &mut PgConnection = holder.as_mut();
                let mut other = pool.begin().await.unwrap();
                assert!(lock.try_acquire(&mut *other).await.unwrap().is_right());
                let mut lease = holder.release_now().await.unwrap();
                (&mut *lease).execute("SELECT 1").await.unwrap();
                let taken = lock.try_acquire(&mut *other).await.unwrap();
                taken.left().unwrap().release_now().await.unwrap();
                other.rollback().await.unwrap();
            })
            .await;
        let statement = recorder.one("sql-wstmt-execctx");
        assert!(statement.is_child_of(&recorder.one("sql-wlease")));
    })
    .await;
}
