//! A session that an administrator ends while it has a statement to answer, and a statement that the server ends.

use gomon_core::testing::{Recorder, assert_tree};
use gomon_sql::{MonitoredDb, MonitoredPool, PoolExt};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use crate::accounts::{add_up, all_is_given_back, in_request, ledger_is_exact};
use crate::any_driver::install;
use crate::engines::{Engine, Fixture, MAX_CONNECTIONS, is_whole, on_each_engine};
use crate::statements::slow;

on_each_engine! {
    a_session_that_is_ended_fails_its_transaction => typed;
    a_session_that_is_ended_fails_its_transaction_through_the_driver => driver;
    a_session_that_is_ended_fails_its_transaction_through_both => both;
    a_time_limit_of_the_server_is_told_through_the_driver => time_limit;
    a_time_limit_of_the_server_is_told_through_both => time_limit_of_both;
}

/// What is written the same way with sqlx's types and with the monitored ones.
macro_rules! ended {
    ($pool:expr, $fixture:expr, $sleep:expr) => {{
        let (alone, ()) = tokio::join!($pool.fetch_all($sleep), DB::end_sleeper($fixture));
        assert!(alone.is_err());
        let mut lease = $pool.acquire().await.unwrap();
        let mut tx = lease.begin().await.unwrap();
        (&mut *tx)
            .execute("INSERT INTO items VALUES (1, 'lost')")
            .await
            .unwrap();
        let (inside, ()) = tokio::join!((&mut *tx).fetch_all($sleep), DB::end_sleeper($fixture));
        assert!(inside.is_err());
        assert!(tx.commit().await.is_err());
        drop(lease);
        let mut tx = $pool.begin().await.unwrap();
        let (inside, ()) = tokio::join!((&mut *tx).fetch_all($sleep), DB::end_sleeper($fixture));
        assert!(inside.is_err());
        drop(tx);
        all_is_given_back($pool).await;
        assert!(
            $pool
                .fetch_all("SELECT id FROM items")
                .await
                .unwrap()
                .is_empty()
        );
    }};
}

async fn by_wrapper<DB: Engine, P: MonitoredDb>(
    pool: &MonitoredPool<P>,
    fixture: &Fixture<DB>,
    sleep: &'static str,
) {
    ended!(pool, fixture, sleep);
    pool.close().await;
}

async fn by_driver<DB: Engine>(pool: &AnyPool, fixture: &Fixture<DB>, sleep: &'static str) {
    use sqlx::Acquire;
    ended!(pool, fixture, sleep);
    pool.close().await;
}

async fn judge<DB: Engine>(fixture: &Fixture<DB>, recorder: &Recorder) {
    add_up(recorder, &["completed", "failed"]);
    // MariaDB closes the connection without a word.
    let (kind, code) = match DB::SYSTEM {
        "postgresql" => ("Database", Some("57P01")),
        _ => ("Io", None),
    };
    let queries = recorder.find("sql-wconn-queryctx");
    let [alone, inside, before_a_drop, _] = &queries[..] else {
        panic!("{}", recorder.tree())
    };
    for asked in [alone, inside, before_a_drop] {
        assert_eq!(asked.outcome(), "failed");
        assert_eq!(asked["error"][0]["type"], kind, "{asked}");
        assert_eq!(asked["code"].as_str(), code);
    }
    let [transaction, dropped] = &recorder.find("conn-begintx")[..] else {
        panic!("{}", recorder.tree())
    };
    assert!(before_a_drop.is_child_of(dropped));
    assert_eq!(dropped.outcome(), "failed");
    assert_eq!(dropped["error"][0]["type"], "ConnectionLost", "{dropped}");
    // No rollback is sent to nobody.
    assert!(recorder.find("sql-wtx-rollback").is_empty());
    let commit = recorder.one("sql-wtx-commit");
    assert!(inside.is_child_of(transaction));
    assert!(commit.is_child_of(transaction));
    assert_eq!(
        (transaction.outcome(), commit.outcome()),
        ("failed", "failed")
    );
    assert_eq!(transaction["error"], commit["error"]);
    ledger_is_exact().await;
    is_whole(fixture).await;
}

async fn typed<DB: Engine>(fixture: &Fixture<DB>) {
    let Some(sleep) = DB::SLEEP else {
        return;
    };
    let options = (*fixture.pool.connect_options()).clone();
    let pool = fixture.pool.options().clone().connect_lazy_with(options);
    let pool = pool.monitored();
    let (recorder, ()) = in_request(by_wrapper(&pool, fixture, sleep)).await;
    judge(fixture, &recorder).await;
    assert_tree!(
        recorder,
        "
        request
          sql-wconn-queryctx failed
          sql-wpool-acquire x2
          sql-wlease
            conn-begintx failed
              sql-wstmt-execctx
              sql-wconn-queryctx failed
              sql-wtx-commit failed
          sql-wpool-acquire
          conn-begintx failed
            sql-wconn-queryctx failed
          sql-wconn-queryctx
          sql-wpool-acquire
        "
    );
}

async fn driver<DB: Engine>(fixture: &Fixture<DB>) {
    let Some(sleep) = DB::SLEEP else {
        return;
    };
    let pool = any_pool(fixture);
    let (recorder, ()) = in_request(by_driver(&pool, fixture, sleep)).await;
    judge(fixture, &recorder).await;
    assert_eq!(recorder.find("sql-wconn").len(), 4);
}

async fn both<DB: Engine>(fixture: &Fixture<DB>) {
    let Some(sleep) = DB::SLEEP else {
        return;
    };
    let pool = any_pool(fixture).monitored();
    let (recorder, ()) = in_request(by_wrapper(&pool, fixture, sleep)).await;
    judge(fixture, &recorder).await;
    assert_eq!(recorder.find("sql-wconn").len(), 4);
}

/// What is written the same way with sqlx's types and with the monitored ones.
macro_rules! time_limit {
    ($pool:expr, $fixture:expr) => {{
        let Some((limit, sleep, code)) = slow(DB::SYSTEM) else {
            return;
        };
        let recorder = Recorder::new();
        let asked = async {
            let mut tx = $pool.begin().await.unwrap();
            if (&mut *tx).execute(limit).await.is_err() {
                println!("left out: time limits, which MySQL sets otherwise than MariaDB");
                return;
            }
            (&mut *tx).fetch_all(sleep).await.err().unwrap();
            let queries = recorder.find("sql-wconn-queryctx");
            let asked = queries.last().unwrap();
            assert_eq!(
                (asked.outcome(), asked["code"].as_str()),
                ("timed-out", Some(code))
            );
            tx.rollback().await.unwrap();
        };
        recorder.scope(asked).await;
        all_is_given_back($pool).await;
        is_whole($fixture).await;
    }};
}

async fn time_limit<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = any_pool(fixture);
    time_limit!(&pool, fixture);
}

async fn time_limit_of_both<DB: Engine>(fixture: &Fixture<DB>) {
    let pool = any_pool(fixture).monitored();
    time_limit!(&pool, fixture);
}

fn any_pool<DB: Engine>(fixture: &Fixture<DB>) -> AnyPool {
    install();
    let pool = AnyPoolOptions::new().max_connections(MAX_CONNECTIONS);
    let options = fixture.pool.connect_options();
    pool.connect_lazy(&DB::url(fixture, &options)).unwrap()
}

/// The first to find out that the server has ended an idle session is a savepoint.
macro_rules! found_by_a_savepoint {
    ($pool:expr, $fixture:expr) => {{
        let work = async {
            let mut tx = $pool.begin().await.unwrap();
            (&mut *tx)
                .execute("INSERT INTO items VALUES (1, 'lost')")
                .await
                .unwrap();
            let id = (&mut *tx).fetch_one("SELECT pg_backend_pid()").await;
            let id: i32 = id.unwrap().get(0);
            let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(id);
            end.execute(&$fixture.pool).await.unwrap();
            while tx.begin().await.is_ok() {}
            drop(tx);
        };
        let (recorder, ()) = in_request(work).await;
        let transaction = recorder.one("conn-begintx");
        assert_eq!(transaction.outcome(), "failed", "{}", recorder.tree());
        assert_eq!(transaction["error"][0]["type"], "ConnectionLost");
        assert_eq!(transaction.get("uncommitted"), None);
        assert!(recorder.find("sql-wtx-rollback").is_empty());
        $pool.close().await;
    }};
}

#[tokio::test]
async fn a_savepoint_that_finds_its_connection_gone_ends_the_transaction() {
    use crate::engines::on;
    use sqlx::{Acquire, Postgres, Row};

    on::<Postgres, _>(async |fixture: &Fixture<Postgres>| {
        let options = (*fixture.pool.connect_options()).clone();
        let pool = fixture.pool.options().clone().connect_lazy_with(options);
        let typed = pool.monitored();
        found_by_a_savepoint!(&typed, fixture);
        let any = any_pool(fixture);
        found_by_a_savepoint!(&any, fixture);
        let both = any_pool(fixture).monitored();
        found_by_a_savepoint!(&both, fixture);
    })
    .await;
}
