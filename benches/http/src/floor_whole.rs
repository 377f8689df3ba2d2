//! The lower bound of an event with all that docs/events.md asks of a request, written for the requests of this bench alone: ids; method,
//! address, protocol, route, status; the headers of both sides; and the tick counter at both ends of the call, of each poll of the
//! future and of each poll of the body, of one request in 64 the thread's CPU time there too. It all goes into one record of fixed size,
//! in a buffer of the thread. Nothing is masked, nothing is listed while it is in flight, and no context is there for others. The
//! response's body has to be another type, which axum boxes.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use bench_kit::{thread_cpu_ns, ticks};
use http::header::HOST;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::app::deliver;

/// A power of two by which the bursts divide, so that everything is delivered at their ends.
const BUFFER: usize = 256;
const CPU_OF_ONE_IN: u64 = 64;
/// The texts of the largest request of the bench.
const TEXT_BYTES: usize = 1 << 10;

#[derive(Clone)]
pub(crate) struct FloorWholeLayer;

impl<S> Layer<S> for FloorWholeLayer {
    type Service = FloorWhole<S>;

    fn layer(&self, inner: S) -> FloorWhole<S> {
        FloorWhole { inner }
    }
}

#[derive(Clone)]
pub(crate) struct FloorWhole<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for FloorWhole<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<FloorBody<R>>;
    type Error = S::Error;
    type Future = FloorWholeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut record = take();
        record.begin(&request);
        let inner = record.enter(|| self.inner.call(request));
        FloorWholeFuture {
            inner,
            record: Some(record),
        }
    }
}

pin_project! {
    pub(crate) struct FloorWholeFuture<F> {
        #[pin]
        inner: F,
        // Until the response has it.
        record: Option<Box<Record>>,
    }
}

impl<F, R, E> Future for FloorWholeFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<FloorBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.record {
            Some(record) => ready!(record.enter(|| this.inner.poll(cx))),
            None => ready!(this.inner.poll(cx)),
        }?;
        let mut record = this.record.take();
        if let Some(record) = &mut record {
            record.answered(response.status().as_u16(), response.headers());
        }
        Poll::Ready(Ok(response.map(|inner| FloorBody { inner, record })))
    }
}

pin_project! {
    pub(crate) struct FloorBody<B> {
        #[pin]
        inner: B,
        // Until it has ended.
        record: Option<Box<Record>>,
    }
}

impl<B: Body> Body for FloorBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(record) = this.record else {
            return this.inner.poll_frame(cx);
        };
        let frame = ready!(record.enter(|| this.inner.as_mut().poll_frame(cx)));
        if (frame.is_none() || this.inner.is_end_stream())
            && let Some(record) = this.record.take()
        {
            push(record);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

struct Record {
    id: u64,
    start: u64,
    first_byte: u64,
    end: u64,
    busy: u64,
    cpu: u64,
    measured: bool,
    status: u16,
    used: usize,
    /// Each text after a byte with its length.
    text: [u8; TEXT_BYTES],
}

impl Record {
    const fn new() -> Self {
        Self {
            id: 0,
            start: 0,
            first_byte: 0,
            end: 0,
            busy: 0,
            cpu: 0,
            measured: false,
            status: 0,
            used: 0,
            text: [0; TEXT_BYTES],
        }
    }

    fn begin<B>(&mut self, request: &Request<B>) {
        self.id = REQUESTS.replace(REQUESTS.get() + 1);
        (self.start, self.busy, self.cpu, self.used) = (ticks(), 0, 0, 0);
        self.measured = self.id.is_multiple_of(CPU_OF_ONE_IN);
        let headers = request.headers();
        let uri = request.uri();
        let route = request.extensions().get::<MatchedPath>();
        self.put(request.method().as_str().as_bytes());
        self.put(headers.get(HOST).map_or(&[], |host| host.as_bytes()));
        self.put(uri.path().as_bytes());
        self.put(uri.query().map_or(&[], str::as_bytes));
        self.put(b"HTTP/1.1");
        self.put(route.map_or(&[], |route| route.as_str().as_bytes()));
        self.put_all(headers);
    }

    fn answered(&mut self, status: u16, headers: &HeaderMap) {
        self.first_byte = self.end;
        self.status = status;
        self.put_all(headers);
    }

    fn put_all(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            self.put(name.as_str().as_bytes());
            self.put(value.as_bytes());
        }
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no text of the bench is longer"
    )]
    fn put(&mut self, text: &[u8]) {
        let start = self.used + 1;
        self.text[self.used] = text.len() as u8;
        self.used = start + text.len();
        self.text[start..self.used].copy_from_slice(text);
    }

    /// Runs a part of the request.
    #[inline]
    fn enter<T>(&mut self, part: impl FnOnce() -> T) -> T {
        let cpu = self.measured.then(thread_cpu_ns);
        let begin = ticks();
        let done = part();
        self.end = ticks();
        self.busy += self.end - begin;
        if let Some(before) = cpu {
            self.cpu += thread_cpu_ns() - before;
        }
        done
    }
}

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
    static FINISHED: RefCell<Finished> = const { RefCell::new(Finished { records: Vec::new(), spare: Vec::new() }) };
}

/// What the thread has finished, and records to use again; the end of the thread delivers the rest.
#[expect(
    clippy::vec_box,
    reason = "a record goes from future to body by its pointer"
)]
struct Finished {
    records: Vec<Box<Record>>,
    spare: Vec<Box<Record>>,
}

impl Finished {
    fn deliver(&mut self) {
        deliver(self.records.len() as u64);
        black_box(&self.records);
        self.spare.append(&mut self.records);
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        self.deliver();
    }
}

fn take() -> Box<Record> {
    let spare = FINISHED.with_borrow_mut(|finished| finished.spare.pop());
    spare.unwrap_or_else(|| Box::new(Record::new()))
}

fn push(record: Box<Record>) {
    FINISHED.with_borrow_mut(|finished| {
        finished.records.push(record);
        if finished.records.len() == BUFFER {
            finished.deliver();
        }
    });
}
