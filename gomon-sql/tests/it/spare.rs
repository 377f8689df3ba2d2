//! A server of a test's own, to be killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::engines::server;

/// Ends with the test, however that ends: it reads from it.
pub(crate) struct Spare {
    pub(crate) url: String,
    process: Child,
    said: BufReader<ChildStdout>,
    told: Option<ChildStdin>,
}

impl Spare {
    /// `None`, and one line that says so, where there can be none.
    pub(crate) fn start(name: &str) -> Option<Self> {
        let script = server("GOMON_TEST_SPARE_SERVER")?;
        let mut command = Command::new(script);
        command
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let told = process.stdin.take();
        let first = line(&mut said);
        let Some(url) = first.strip_prefix("ready ") else {
            assert!(first.starts_with("left out: "), "{first}");
            println!("{first}");
            process.wait().unwrap();
            return None;
        };
        let url = url.to_owned();
        Some(Self {
            url,
            process,
            said,
            told,
        })
    }

    /// As a machine that fails.
    pub(crate) fn kill(&mut self) {
        self.tell("kill");
    }

    /// With the data and the port it had.
    pub(crate) fn start_again(&mut self) {
        self.tell("start");
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.told.as_mut().unwrap(), "{word}").unwrap();
        assert_eq!(line(&mut self.said), "done");
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        drop(self.told.take());
        let _ = self.process.wait();
    }
}

fn line(said: &mut impl BufRead) -> String {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
