//! A server of one framework, on a free port and a thread of its own.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::LocalSet;

use crate::script::Script;

/// A framework whose handlers play the [`Script`] below gomon.
pub(crate) trait Framework {
    /// What the table calls it.
    const NAME: &'static str;

    /// The template of `/users/7`, as it writes it; none where there is no router that tells.
    const ROUTE: Option<&'static str>;

    /// Whether it tells who the client is.
    const PEER: bool = true;

    /// Whether it tells which version of HTTP a request came by.
    const PROTO: bool = true;

    /// Whether bodies of requests can be watched.
    const SEES_UPLOADS: bool = true;

    /// What it does otherwise than the rest, and why.
    fn exception(_scenario: &str) -> Option<Exception> {
        None
    }

    /// Serves HTTP on a socket until `stop`, and then lets requests end.
    ///
    /// All of it has to run on the thread that polls: that is how its events reach the recorder.
    fn serve(
        socket: Socket,
        script: Script,
        layers: Layers,
        stop: Stop,
    ) -> impl Future<Output = ()>;
}

/// A scenario in which a framework cannot do as the others do. A handler or a body whose client has left is let go on
/// there, and how the request then ends shows that nothing ended it before.
#[derive(Clone, Copy)]
pub(crate) struct Exception {
    /// How the request ends there; nothing where there is no such request.
    pub(crate) outcome: Option<&'static str>,
    pub(crate) reason: &'static str,
}

/// How many layers a request passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layers {
    One,
    Two,
}

/// Whether a handler or a body goes on when its client has left, and so has to be let go on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunsOn {
    Yes,
    No,
}

/// Where a server listens. Whoever has the socket of it says so.
pub(crate) struct Socket {
    listener: TcpListener,
    telling: std::sync::mpsc::SyncSender<SocketAddr>,
}

impl Socket {
    /// The socket, for a server that takes one.
    pub(crate) fn listener(self) -> TcpListener {
        let address = self.listener.local_addr().expect("address");
        self.telling.send(address).expect("somebody waits");
        self.listener
    }

    /// For a server that binds by itself: how it says where.
    pub(crate) fn into_teller(self) -> impl Fn(SocketAddr) + Send + Sync {
        let telling = self.telling;
        move |address| telling.send(address).expect("somebody waits")
    }
}

/// Ready when the server should end.
pub(crate) type Stop = BoxFuture<'static, ()>;

/// A server while it runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    entered: mpsc::Receiver<()>,
    release: Arc<Semaphore>,
    runs_on: RunsOn,
    stop: Option<oneshot::Sender<()>>,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<gomon::thread::JoinHandle<()>>,
}

impl Running {
    /// Serves with the context of the caller.
    pub(crate) fn start<F: Framework>(layers: Layers, runs_on: RunsOn) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        listener.set_nonblocking(true).expect("non-blocking");
        let (telling, told) = std::sync::mpsc::sync_channel(1);
        let (entering, entered) = mpsc::channel(64);
        let release = Arc::new(Semaphore::new(0));
        let script = Script {
            entering,
            release: Arc::clone(&release),
        };
        let (stop, stopped) = oneshot::channel();
        let (kill, killed) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) }.boxed();
        let thread = gomon::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let local = LocalSet::new();
            let server = async {
                tokio::select! {
                    () = F::serve(Socket { listener, telling }, script, layers, stopped) => {}
                    _ = killed => {}
                }
            };
            runtime.expect("runtime").block_on(local.run_until(server));
        });
        Self {
            address: told.recv().expect("a server that listens"),
            entered,
            release,
            runs_on,
            stop: Some(stop),
            kill: Some(kill),
            thread: Some(thread),
        }
    }

    /// Waits until a handler runs.
    pub(crate) async fn entered(&mut self) {
        self.entered.recv().await.expect("a handler runs");
    }

    /// Lets a handler answer that waits.
    pub(crate) fn release(&self) {
        self.release.add_permits(1);
    }

    /// The client has left: handler or body end, or are let go on where nothing ends them.
    pub(crate) fn client_left(&self) {
        if self.runs_on == RunsOn::Yes {
            self.release();
        }
    }

    /// Asks it to end once its requests have.
    pub(crate) fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has ended.
    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a server without a panic");
        }
    }

    /// Drops its runtime, with all that is under way.
    pub(crate) fn kill(&mut self) {
        self.kill.take();
        self.join();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill.take();
        if let Some(thread) = self.thread.take()
            && !std::thread::panicking()
        {
            thread.join().expect("a server without a panic");
        }
    }
}
