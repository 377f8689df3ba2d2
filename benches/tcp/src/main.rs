//! What a monitored socket adds to an echo of 64 bytes, with both ends wrapped.
//!
//! gomon wraps TCP alone, so the in-memory pipe (`duplex`), where nothing hides behind system calls, compares the ways to
//! count with each other.

mod counted;

use std::io;
use std::process::ExitCode;
use std::sync::Mutex;

use bench_kit::{Arm, Counting, Table, run};
use gomon::net::MonitoredTcpStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::counted::{Counted, Own, Shared, TimedByClock, TimedByTicks};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TCP: &[&str] = &[
    "plain",
    "gomon",
    "gomon_off",
    "floor_own",
    "shared",
    "shared_timed_ticks",
    "shared_timed_clock",
];

const DUPLEX: &[&str] = &[
    "plain",
    "floor_own",
    "shared",
    "shared_timed_ticks",
    "shared_timed_clock",
];

const TABLES: &[Table] = &[
    Table::new("a round trip over TCP on loopback", "tcp", TCP, "plain"),
    Table::new("a round trip through memory", "duplex", DUPLEX, "plain"),
];

const MESSAGE: usize = 64;

/// Round trips of one burst.
const BURST: u64 = 256;

fn main() -> ExitCode {
    run("tcp", TABLES, &[], make)
}

fn make(arm: &str, input: &str) -> Option<Arm> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match input {
        "tcp" => {
            let (client, server) = runtime.block_on(connected()).expect("loopback");
            match arm {
                "gomon" | "gomon_off" => {
                    start_gomon();
                    if arm == "gomon_off" {
                        gomon::disable();
                    }
                    let wrap = MonitoredTcpStream::from;
                    // The events of a connection are its opening and its end: none is due in between.
                    Some(runtime.block_on(async { (wrap(client), wrap(server)) }))
                        .map(|(client, server)| echo(runtime, client, server))
                }
                _ => wrapped(arm, runtime, client, server),
            }
        }
        "duplex" => {
            let (client, server): (DuplexStream, DuplexStream) = tokio::io::duplex(1024);
            wrapped(arm, runtime, client, server)
        }
        _ => None,
    }
}

fn wrapped<S: Stream>(arm: &str, runtime: Runtime, client: S, server: S) -> Option<Arm> {
    Some(match arm {
        "plain" => echo(runtime, client, server),
        "floor_own" => {
            let wrap = Counted::<S, Own>::new;
            echo(runtime, wrap(client), wrap(server))
        }
        "shared" => {
            let wrap = Counted::<S, Shared>::new;
            echo(runtime, wrap(client), wrap(server))
        }
        "shared_timed_ticks" => {
            let wrap = Counted::<S, TimedByTicks>::new;
            echo(runtime, wrap(client), wrap(server))
        }
        "shared_timed_clock" => {
            let wrap = Counted::<S, TimedByClock>::new;
            echo(runtime, wrap(client), wrap(server))
        }
        _ => return None,
    })
}

/// Round trips of a message from `client` to a task that sends back what `server` gets.
fn echo<S: Stream>(runtime: Runtime, client: S, server: S) -> Arm {
    runtime.spawn(send_back(server));
    let state = Mutex::new((runtime, client));
    Arm::new(BURST, move || {
        let mut state = state.lock().expect("a panic ends the process");
        let (runtime, client) = &mut *state;
        runtime
            .block_on(async {
                let mut message = [1; MESSAGE];
                for _ in 0..BURST {
                    client.write_all(&message).await?;
                    client.read_exact(&mut message).await?;
                }
                io::Result::Ok(())
            })
            .expect("the other end lives");
    })
}

async fn send_back(mut stream: impl Stream) -> io::Result<()> {
    let mut message = [0; MESSAGE];
    loop {
        stream.read_exact(&mut message).await?;
        stream.write_all(&message).await?;
    }
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

fn start_gomon() {
    let started = gomon::builder()
        .application_id("bench")
        .listener(|_: &gomon::Event| ())
        .start();
    std::mem::forget(started.expect("gomon starts once a process"));
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for T {}
