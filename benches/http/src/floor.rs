//! The lower bound of a monitoring layer: two readings of the tick counter; method, path, route, status and agent copied
//! into one record of 256 bytes, which goes into a buffer of the thread. Nothing is allocated.

use std::cell::RefCell;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use bench_kit::ticks;
use http::header::USER_AGENT;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::app::deliver;

/// A power of two by which the bursts divide, so that everything is delivered at their ends.
const BUFFER: usize = 256;

#[derive(Clone)]
pub(crate) struct FloorLayer;

impl<S> Layer<S> for FloorLayer {
    type Service = Floor<S>;

    fn layer(&self, inner: S) -> Floor<S> {
        Floor { inner }
    }
}

#[derive(Clone)]
pub(crate) struct Floor<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Floor<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = FloorFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let record = Record::of(&request);
        FloorFuture {
            inner: self.inner.call(request),
            record,
        }
    }
}

pin_project! {
    pub(crate) struct FloorFuture<F> {
        #[pin]
        inner: F,
        record: Record,
    }
}

impl<F, R, E> Future for FloorFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(this.inner.poll(cx));
        this.record.end = ticks();
        if let Ok(response) = &output {
            this.record.status = response.status().as_u16();
        }
        push(*this.record);
        Poll::Ready(output)
    }
}

thread_local! {
    static FINISHED: RefCell<Finished> = const { RefCell::new(Finished::new()) };
}

/// What the thread has finished; the end of the thread delivers the rest.
struct Finished {
    records: Vec<Record>,
    last_id: u64,
}

impl Finished {
    const fn new() -> Self {
        Self {
            records: Vec::new(),
            last_id: 0,
        }
    }

    fn deliver(&mut self) {
        deliver(self.records.len() as u64);
        black_box(&self.records);
        self.records.clear();
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        self.deliver();
    }
}

fn push(mut record: Record) {
    FINISHED.with_borrow_mut(|finished| {
        finished.last_id += 1;
        record.id = finished.last_id;
        finished.records.push(record);
        if finished.records.len() == BUFFER {
            finished.deliver();
        }
    });
}

#[derive(Clone, Copy)]
#[expect(dead_code, reason = "written as by a real layer, and read by nobody")]
struct Record {
    start: u64,
    end: u64,
    id: u64,
    traceparent_length: usize,
    status: u16,
    /// Lengths of method, path, route and agent in the text.
    lengths: [u8; 4],
    text: [u8; 200],
}

impl Record {
    fn of<B>(request: &Request<B>) -> Self {
        let mut record = Self {
            start: ticks(),
            end: 0,
            id: 0,
            traceparent_length: 0,
            status: 0,
            lengths: [0; 4],
            text: [0; 200],
        };
        let headers = request.headers();
        let route = request.extensions().get::<MatchedPath>();
        record.put(0, request.method().as_str().as_bytes());
        record.put(1, request.uri().path().as_bytes());
        record.put(2, route.map_or(&[], |route| route.as_str().as_bytes()));
        record.put(
            3,
            headers
                .get(USER_AGENT)
                .map_or(&[], |agent| agent.as_bytes()),
        );
        record.traceparent_length = headers.get("traceparent").map_or(0, |value| value.len());
        record
    }

    #[expect(clippy::cast_possible_truncation, reason = "at most 50")]
    fn put(&mut self, field: usize, bytes: &[u8]) {
        let start: usize = self.lengths.iter().map(|length| usize::from(*length)).sum();
        let length = bytes.len().min(50);
        self.text[start..start + length].copy_from_slice(&bytes[..length]);
        self.lengths[field] = length as u8;
    }
}
