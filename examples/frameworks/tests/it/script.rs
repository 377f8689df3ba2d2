//! What the handlers of every framework do, by path. The frameworks' modules turn it into their own types.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{error, fmt};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use gomon::EventTracker;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};

/// What is asked of a handler, and how it tells the test where it is.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) entering: mpsc::Sender<()>,
    pub(crate) release: Arc<Semaphore>,
}

/// A response, before it is one of some framework.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
}

pub(crate) enum Body {
    None,
    Text(&'static str),
    Stream(BoxStream<'static, io::Result<Bytes>>),
}

/// What all answers have.
pub(crate) const HEADERS: [(&str, &str); 2] = [("content-type", "text/plain"), ("x-shelf", "3")];

/// How long a timeout lets a handler run that never ends.
const PATIENCE: Duration = Duration::from_millis(10);

/// How long a timeout outside of gomon lets the handler of a path run.
pub(crate) fn patience(path: &str) -> Duration {
    match path {
        "/outside" => PATIENCE,
        _ => Duration::MAX,
    }
}

/// What a timeout answers that is no error; the layers are told so.
pub(crate) const TIMEOUT_STATUS: u16 = 504;

impl Script {
    /// The answer to a request whose path has this last segment.
    pub(crate) async fn answer<E>(
        &self,
        page: &str,
        upload: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<Answer, Locked> {
        match page {
            "empty" => Ok(Answer::new(204, Body::None)),
            "unchanged" => Ok(Answer::new(304, Body::None)),
            "busy" => Ok(Answer::new(500, Body::Text("busy"))),
            "locked" => Err(Locked),
            "late" => {
                self.enter().await;
                self.released().await;
                Ok(Answer::new(200, Body::Text("late")))
            }
            "upload" => Ok(self.read(upload).await),
            "half" => Ok(Answer::streaming(self.half())),
            "ticks" => Ok(Answer::streaming(ticks())),
            "panic" => panic!("no such shelf"),
            "torn" => Ok(Answer::streaming(
                first().chain(stream::once(async { panic!("torn") })),
            )),
            "lost" => {
                Ok(Answer::streaming(first().chain(stream::once(async {
                    Err(io::Error::other("disk gone"))
                }))))
            }
            "outside" => pending().await,
            "inside" => match tokio::time::timeout(PATIENCE, pending::<()>()).await {
                Ok(()) => unreachable!("it never ends"),
                Err(_) => Ok(Answer::new(TIMEOUT_STATUS, Body::Text("too slow"))),
            },
            _ => {
                EventTracker::new("lookup").finish();
                let mut upload = pin!(upload);
                while upload.next().await.is_some() {}
                Ok(Answer::new(200, Body::Text("whole")))
            }
        }
    }

    /// Tells the test that a handler runs.
    async fn enter(&self) {
        self.entering.send(()).await.expect("a test that waits");
    }

    /// One chunk, and many when it is released.
    fn half(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
        let this = self.clone();
        let released = stream::once(async move {
            this.released().await;
            Ok(Bytes::new())
        });
        first().chain(released).chain(ticks())
    }

    /// Waits until the test lets somebody go on.
    async fn released(&self) {
        self.release.acquire().await.expect("open").forget();
    }

    async fn read<E>(&self, upload: impl Stream<Item = Result<Bytes, E>>) -> Answer {
        let mut upload = pin!(upload);
        let first = upload.next().await;
        assert!(first.is_some_and(|chunk| chunk.is_ok()), "a chunk");
        self.enter().await;
        while let Some(chunk) = upload.next().await {
            if chunk.is_err() {
                return Answer::new(400, Body::Text("broke off"));
            }
        }
        Answer::new(200, Body::Text("whole"))
    }
}

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self { status, body }
    }

    fn streaming(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Self {
        Self::new(200, Body::Stream(chunks.boxed()))
    }
}

impl Body {
    /// The same as a stream, for frameworks that want one. They want it `Sync` too.
    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync {
        let chunks = match self {
            Self::None => stream::empty().boxed(),
            Self::Text(text) => stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed(),
            Self::Stream(chunks) => chunks,
        };
        let mut chunks = Mutex::new(chunks);
        stream::poll_fn(move |cx| {
            let chunks = chunks.get_mut().expect("not poisoned");
            chunks.poll_next_unpin(cx)
        })
    }
}

/// The first chunk of a body that does not get far.
fn first() -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter([Ok(Bytes::from_static(b"first"))])
}

fn ticks() -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::repeat_with(|| Ok(Bytes::from_static(b"data: tick\n\n"))).then(async |tick| {
        tokio::task::yield_now().await;
        tick
    })
}

/// What a connection does that was upgraded.
pub(crate) async fn echo(mut io: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut word = [0; 4];
    io.read_exact(&mut word).await?;
    io.write_all(&word).await?;
    io.flush().await
}

/// The error of a handler.
#[derive(Debug)]
pub(crate) struct Locked;

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shelf locked")
    }
}

impl error::Error for Locked {}
