//! Runs a statement and notes what comes of it.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use either::Either;
use futures_core::Stream;
use futures_util::StreamExt;
use gomon_core::wait::{Kind, Wait};
use sqlx_core::error::Error;

use crate::call::Call;
use crate::row_source::RowSource;
use crate::waiting;

/// One item of a result: the end of a statement, or a row.
pub(crate) type Item<DB> = Result<
    Either<
        <DB as sqlx_core::database::Database>::QueryResult,
        <DB as sqlx_core::database::Database>::Row,
    >,
    Error,
>;

/// A statement of which only the counts matter.
pub(crate) async fn execute<DB: RowSource>(
    mut call: Call,
    run: impl Future<Output = Result<DB::QueryResult, Error>>,
) -> Result<DB::QueryResult, Error> {
    call.start();
    let result = waiting::on(Kind::Sql, call.location(), run).await;
    match &result {
        Ok(done) => {
            call.result(DB::affected(done), DB::last_id(done));
            call.complete();
        }
        Err(error) => call.fail(error),
    }
    result
}

/// A statement of which one row matters.
pub(crate) async fn optional<DB: RowSource>(
    mut call: Call,
    run: impl Future<Output = Result<Option<DB::Row>, Error>>,
) -> Result<Option<DB::Row>, Error> {
    call.start();
    let result = waiting::on(Kind::Sql, call.location(), run).await;
    match &result {
        Ok(row) => {
            if let Some(row) = row {
                call.row::<DB>(row, DB::cell);
            }
            call.complete();
        }
        Err(error) => call.fail(error),
    }
    result
}

/// A statement with all of its rows. What has arrived is taken in one poll: a wait is looked at once a wake-up, not once a row.
pub(crate) async fn all<DB: RowSource>(
    call: &mut Call,
    mut items: impl Stream<Item = Item<DB>> + Unpin,
) -> Result<Vec<DB::Row>, Error> {
    let mut rows = Vec::new();
    let mut wait = waiting::wait(Kind::Sql, call.location());
    let mut take = |cx: &mut Context<'_>| {
        loop {
            let Some(item) = ready!(items.poll_next_unpin(cx)) else {
                return Poll::Ready(Ok(()));
            };
            note::<DB>(call, &item);
            match item {
                Ok(Either::Right(row)) => rows.push(row),
                Ok(Either::Left(_)) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    };
    poll_fn(|cx| wait.poll(cx, &mut take)).await?;
    call.complete();
    Ok(rows)
}

/// A statement that is prepared.
pub(crate) async fn prepare<T>(
    mut call: Call,
    run: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    call.start();
    let result = waiting::on(Kind::Sql, call.location(), run).await;
    match &result {
        Ok(_) => call.complete(),
        Err(error) => call.fail(error),
    }
    result
}

fn note<DB: RowSource>(call: &mut Call, item: &Item<DB>) {
    match item {
        Ok(Either::Left(done)) => call.result(DB::affected(done), DB::last_id(done)),
        Ok(Either::Right(row)) => call.row::<DB>(row, DB::cell),
        Err(error) => call.fail(error),
    }
}

/// A result as a stream.
pub(crate) struct Results<DB: RowSource, S> {
    call: Call,
    items: S,
    wait: Wait,
    ended: bool,
    db: std::marker::PhantomData<fn() -> DB>,
}

impl<DB: RowSource, S> Results<DB, S> {
    pub(crate) fn new(call: Call, items: S) -> Self {
        Self {
            wait: waiting::wait(Kind::Sql, call.location()),
            call,
            items,
            ended: false,
            db: std::marker::PhantomData,
        }
    }
}

impl<DB: RowSource, S: Stream<Item = Item<DB>> + Unpin> Stream for Results<DB, S> {
    type Item = Item<DB>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        this.call.start();
        this.call.asked();
        let items = &mut this.items;
        let polled = this.wait.poll(cx, |cx| items.poll_next_unpin(cx));
        match &polled {
            Poll::Ready(Some(item)) => {
                note::<DB>(&mut this.call, item);
                this.call.answered();
            }
            Poll::Ready(None) => {
                this.ended = true;
                this.call.complete();
            }
            Poll::Pending => {}
        }
        polled
    }
}
