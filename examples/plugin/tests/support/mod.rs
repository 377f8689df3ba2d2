//! A server in the place of a socket: what it answers depends on the key alone.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use gomon::EventTracker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One connection to the server.
#[derive(Default)]
pub struct Script {
    asked: Vec<u8>,
    answer: Vec<u8>,
    put_off: bool,
}

impl Script {
    fn answer_to(&self) -> Option<Vec<u8>> {
        let asked = String::from_utf8_lossy(&self.asked);
        let mut words = asked.split_whitespace();
        let (command, key) = (words.next()?, words.next()?);
        let answer = match (command, key) {
            (_, "never") => return None,
            (_, "panic") => panic!("the connection is cursed"),
            (_, "full") => "SERVER_ERROR out of memory\r\n".to_owned(),
            ("set", _) => "STORED\r\n".to_owned(),
            ("delete", _) => "DELETED\r\n".to_owned(),
            (_, "nothing") => "END\r\n".to_owned(),
            (_, "long") => format!("VALUE long 0 5000\r\n{}\r\nEND\r\n", "x".repeat(5000)),
            (_, "password") => "VALUE password 0 7\r\nhunter2\r\nEND\r\n".to_owned(),
            (_, key) => format!("VALUE {key} 0 3\r\nAda\r\nEND\r\n"),
        };
        Some(answer.into_bytes())
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // As a monitored socket would.
        EventTracker::new("wire").finish();
        self.asked.extend(bytes);
        self.put_off = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // No answer is there at once.
        if std::mem::take(&mut self.put_off) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.answer.is_empty() {
            let Some(answer) = self.answer_to() else {
                return Poll::Pending;
            };
            self.answer = answer;
            self.asked.clear();
        }
        let taken = self.answer.len().min(buf.remaining());
        buf.put_slice(&self.answer[..taken]);
        self.answer.drain(..taken);
        Poll::Ready(Ok(()))
    }
}
