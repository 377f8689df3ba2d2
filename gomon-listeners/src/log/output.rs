//! Where lines go.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The target of a log listener.
pub(super) enum Output {
    Stdout,
    Stderr,
    File { path: PathBuf, file: Option<File> },
    Writer(Box<dyn Write + Send>),
}

/// A write that failed after some bytes.
#[derive(Debug)]
pub(super) struct WriteFailed {
    pub(super) written: usize,
    pub(super) cause: io::Error,
}

impl Output {
    pub(super) fn file(path: PathBuf) -> Self {
        Self::File { path, file: None }
    }

    /// Opens a file that is not open; its path is in the error.
    pub(super) fn open(&mut self) -> io::Result<()> {
        self.with_writer(|_| ())
    }

    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
            Self::File { file, .. } => file.as_ref().is_some_and(File::is_terminal),
            Self::Writer(_) => false,
        }
    }

    /// Writes all of it. Standard output is locked meanwhile, so lines of the program do not get
    /// between.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteFailed> {
        self.with_writer(|writer| write_counted(writer, bytes))
            .unwrap_or_else(|cause| Err(WriteFailed { written: 0, cause }))
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.with_writer(|writer| writer.flush())?
    }

    fn with_writer<R>(&mut self, write: impl FnOnce(&mut dyn Write) -> R) -> io::Result<R> {
        Ok(match self {
            Self::Stdout => write(&mut io::stdout().lock()),
            Self::Stderr => write(&mut io::stderr().lock()),
            Self::File {
                file: Some(file), ..
            } => write(file),
            Self::File { path, file } => write(file.insert(open_to_append(path)?)),
            Self::Writer(writer) => write(writer),
        })
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::File { path, .. } => write!(f, "file {}", path.display()),
            Self::Writer(_) => f.write_str("writer"),
        }
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|cause| {
            io::Error::new(
                cause.kind(),
                format!("cannot open log file {}: {cause}", path.display()),
            )
        })
}

/// `write_all`, but it knows how far it came.
fn write_counted(writer: &mut dyn Write, bytes: &[u8]) -> Result<(), WriteFailed> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let taken = match writer.write(rest) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
            taken => taken,
        };
        match taken {
            Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
            Err(cause) => {
                return Err(WriteFailed {
                    written: bytes.len() - rest.len(),
                    cause,
                });
            }
        }
    }
    Ok(())
}
