use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;

use gomon_core::FutureExt;
use gomon_core::testing::Recorder;
use gomon_net::MonitoredTcpListener;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use tokio::net::TcpStream;

use crate::accepted;

#[tokio::test]
async fn the_counters_equal_the_bytes() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            let sent: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
            let mut received = vec![0; sent.len()];
            let echo = async {
                let mut piece = vec![0; 64 * 1024];
                loop {
                    match server.read(&mut piece).await.unwrap() {
                        0 => break,
                        n => server.write_all(&piece[..n]).await.unwrap(),
                    }
                }
            };
            let talk = async {
                let (mut reader, mut writer) = client.split();
                let write = async {
                    writer.write_all(&sent).await.unwrap();
                    writer.shutdown().await.unwrap();
                };
                tokio::join!(write, async {
                    reader.read_exact(&mut received).await.unwrap()
                });
            };
            tokio::join!(echo, talk);
            assert!(received == sent);
        })
        .await;
    let event = recorder.one("net-conn");
    assert_eq!(event.outcome(), "completed");
    assert_eq!(
        (&event["read-size"], &event["write-size"]),
        (&3_000_000.into(), &3_000_000.into())
    );
    assert!(event["reads"].as_u64().unwrap() >= 2 && event["writes"].as_u64().unwrap() >= 1);
    assert!(event["read-time"].is_u64() && event["write-time"].is_u64());
    assert!(event["first-byte"].as_u64().unwrap() <= event["gomon:lapsed"].as_u64().unwrap());
}

#[tokio::test]
async fn a_unit_that_reads_waits_for_the_net() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            let read = async { server.read_u8().await.unwrap() };
            let (byte, ()) = tokio::join!(biased; read.monitored("unit"), async {
                tokio::task::yield_now().await;
                client.write_u8(7).await.unwrap();
            });
            assert_eq!(byte, 7);
        })
        .await;
    let unit = recorder.one("unit");
    assert!(unit["wait"]["net"].as_u64() > Some(0), "{unit}");
}

#[tokio::test]
async fn vectored_writes_stay_vectored_and_are_counted() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            assert!(server.is_write_vectored());
            let parts = [IoSlice::new(b"abc"), IoSlice::new(b"defg")];
            let written = poll_fn(|task| Pin::new(&mut server).poll_write_vectored(task, &parts))
                .await
                .unwrap();
            assert_eq!(written, 7);
            drop(server);
            let mut heard = String::new();
            client.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "abcdefg");
        })
        .await;
    let event = recorder.one("net-conn");
    assert_eq!(
        (&event["write-size"], &event["writes"]),
        (&7.into(), &1.into())
    );
    assert!(event.get("first-byte").is_none(), "nothing was read");
}

#[tokio::test]
async fn a_read_that_has_to_wait_counts_once() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            let mut piece = [0; 8];
            let (read, ()) = tokio::join!(biased; server.read(&mut piece), async {
                tokio::task::yield_now().await;
                client.write_all(b"late").await.unwrap();
            });
            assert_eq!(read.unwrap(), 4);
        })
        .await;
    assert_eq!(recorder.one("net-conn")["reads"], 1);
}

#[tokio::test]
async fn an_empty_buffer_is_not_the_end_of_the_stream() {
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let (mut server, mut client, _listener) = accepted().await;
            client.write_all(b"x").await.unwrap();
            assert_eq!(server.read(&mut []).await.unwrap(), 0);
            server.write_all(b"y").await.unwrap();
            assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 1);
        })
        .await;
    assert!(recorder.one("net-conn").get("half-closed").is_none());
}

#[tokio::test]
async fn many_connections_at_once_lose_no_byte_and_no_event() {
    const CONNECTIONS: usize = 300;
    const BYTES: usize = 20_000;
    let recorder = Recorder::new();
    recorder
        .scope(async {
            let listener = MonitoredTcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = gomon_core::spawn(async move {
                let mut echoes = Vec::new();
                for _ in 0..CONNECTIONS {
                    let (mut stream, _peer) = listener.accept().await.unwrap();
                    echoes.push(gomon_core::spawn(async move {
                        let (mut reader, mut writer) = tokio::io::split(&mut stream);
                        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
                    }));
                }
                echoes
            });
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|_| {
                    tokio::spawn(async move {
                        let mut stream = TcpStream::connect(address).await.unwrap();
                        let (mut reader, mut writer) = stream.split();
                        let mut heard = vec![0; BYTES];
                        let talk = async {
                            writer.write_all(&[7; BYTES]).await.unwrap();
                        };
                        tokio::join!(talk, async { reader.read_exact(&mut heard).await.unwrap() });
                        assert_eq!(heard, [7; BYTES]);
                    })
                })
                .collect();
            for client in clients {
                client.await.unwrap();
            }
            for echo in server.await.unwrap() {
                echo.await.unwrap();
            }
        })
        .await;
    let conns = recorder.find("net-conn");
    for key in ["read-size", "write-size"] {
        let bytes: Vec<_> = conns
            .iter()
            .map(|conn| conn[key].as_u64().unwrap())
            .collect();
        assert_eq!(bytes, vec![BYTES as u64; CONNECTIONS], "{key}");
    }
    assert_eq!(recorder.one("net-listener")["conns"], CONNECTIONS);
}
