//! Runs the binary in a folder of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

/// A folder that is removed at the end of a test that passed; one that failed leaves its files to
/// be looked at.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{test}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }
}

/// Runs `shop ARGS` to its end, which must be a good one.
pub(crate) fn shop(args: &[&str]) -> Output {
    let output = command(args).output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A shop that runs beside the test.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Running {
    /// Starts `shop ARGS` and waits until it is open.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let (_, address) = line
            .trim()
            .split_once("http://")
            .unwrap_or_else(|| panic!("not open: {line}"));
        let address = address.to_owned();
        Self {
            child,
            stderr,
            address,
        }
    }

    /// The whole response to `GET path`.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut response = String::new();
        self.send(path).read_to_string(&mut response).unwrap();
        response
    }

    /// Sends `GET path` and leaves the response to the caller.
    pub(crate) fn send(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        stream
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end, which must be a good one; returns what it said after it was open.
    pub(crate) fn said(self) -> String {
        let (status, said) = self.ended();
        assert!(status.success(), "{status}\n{said}");
        said
    }

    /// Waits for the end of the shop and of its stock service: both hold the same standard error.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command
        .args(args)
        .env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    command
}
