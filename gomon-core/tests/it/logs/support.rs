use std::fmt::{self, Display};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use gomon_core::testing::Recorded;

/// Keeps what is written.
#[derive(Clone, Default)]
pub(super) struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Panics when it is displayed.
#[derive(Debug)]
pub(super) struct Panicking;

impl Display for Panicking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        panic!("no text today")
    }
}

/// How an event's ids look in a line.
pub(super) fn ids_of(event: &Recorded) -> String {
    let trace = event["gomon:trace"].as_str().unwrap();
    format!("trace={trace} id={}", event.id())
}
