//! The table in docs/clients.md.

use std::fmt::Write as _;
use std::path::Path;

use super::clients::Client;

/// What each client did, row by row.
pub(super) struct Table {
    text: String,
    notes: Vec<&'static str>,
}

impl Table {
    pub(super) fn new() -> Self {
        let names = Client::ALL.map(Client::name).join(" | ");
        let rule = "---|".repeat(Client::ALL.len() + 1);
        Self {
            text: format!("| | {names} |\n|{rule}\n"),
            notes: Vec::new(),
        }
    }

    /// The outcomes of each client, or why there are none.
    pub(super) fn push(&mut self, what: &str, row: Vec<Result<Vec<String>, &'static str>>) {
        let _ = write!(self.text, "| {what} |");
        for cell in row {
            let cell = match cell {
                Ok(outcomes) => outcomes.join(", "),
                Err(reason) => format!("n/a ({})", self.note(reason)),
            };
            let _ = write!(self.text, " {cell} |");
        }
        self.text.push('\n');
    }

    fn note(&mut self, reason: &'static str) -> usize {
        let known = self.notes.iter().position(|note| *note == reason);
        let at = known.unwrap_or_else(|| {
            self.notes.push(reason);
            self.notes.len() - 1
        });
        at + 1
    }

    /// Compares it with what stands in the page.
    #[track_caller]
    pub(super) fn compare(mut self) {
        self.text.push('\n');
        for (at, note) in self.notes.iter().enumerate() {
            let _ = writeln!(self.text, "({}) {note}.", at + 1);
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/clients.md");
        let page = std::fs::read_to_string(&path).expect("the page");
        let (before, rest) = page.split_once(BEGIN).expect("where it begins");
        let (written, after) = rest.split_once(END).expect("where it ends");
        if written == self.text {
            return;
        }
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let page = format!("{before}{BEGIN}{}{END}{after}", self.text);
            std::fs::write(&path, page).expect("written");
            return;
        }
        assert_eq!(
            written, self.text,
            "docs/clients.md: UPDATE_DOCS=1 writes what has changed"
        );
    }
}

const BEGIN: &str = "<!-- client-endings: begin -->\n";
const END: &str = "<!-- client-endings: end -->";
