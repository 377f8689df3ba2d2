//! Checks what a run wrote against the event contract, from the files alone.

mod captured;
mod endings;
mod ledger;
mod lineage;
mod log;
mod tree;
mod waits;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use self::log::Run;
use crate::args::Preset;

/// Prints each rule with what breaks it; false when anything does.
///
/// # Errors
/// A file cannot be read, or holds something that is not an event.
pub(crate) fn check(
    file: &Path,
    capture: Preset,
    out: &mut impl Write,
) -> Result<bool, Box<dyn Error>> {
    let run = Run::read(file)?;
    let mut holds = true;
    for rule in RULES {
        let problems = (rule.broken_by)(&run, capture);
        holds &= problems.is_empty();
        writeln!(
            out,
            "{} {}",
            if problems.is_empty() {
                "ok    "
            } else {
                "BROKEN"
            },
            rule.says
        )?;
        for problem in problems.iter().take(SHOWN) {
            writeln!(out, "         {problem}")?;
        }
        if problems.len() > SHOWN {
            writeln!(out, "         and {} more", problems.len() - SHOWN)?;
        }
    }
    for log in run.logs() {
        writeln!(out, "{}: {} events", log.name, log.events.len())?;
    }
    Ok(holds)
}

/// Prints one checkout that succeeded, with everything below it.
///
/// # Errors
/// A file cannot be read, or no checkout succeeded.
pub(crate) fn print_tree(file: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let run = Run::read(file)?;
    let tree = tree::of_checkouts(&run)
        .into_iter()
        .next()
        .ok_or("no POST /checkout that succeeded in these events")?;
    Ok(out.write_all(tree.as_bytes())?)
}

/// One sentence of the contract.
struct Rule {
    says: &'static str,
    /// What breaks it; empty when it holds.
    broken_by: fn(&Run, Preset) -> Vec<String>,
}

const RULES: [Rule; 13] = [
    Rule {
        says: "each process begins with its application event",
        broken_by: lineage::application_first,
    },
    Rule {
        says: "every other event names a parent that is known",
        broken_by: lineage::parents_known,
    },
    Rule {
        says: "no event starts before its parent in the same process",
        broken_by: lineage::parents_first,
    },
    Rule {
        says: "no event has lost its cause",
        broken_by: lineage::no_orphans,
    },
    Rule {
        says: "each closing event has one outcome, each opening event none",
        broken_by: endings::one_outcome,
    },
    Rule {
        says: "everything that opened is closed, once",
        broken_by: endings::closed_once,
    },
    Rule {
        says: "requests that end badly say how",
        broken_by: endings::honest,
    },
    Rule {
        says: "there are as many events as application-end says",
        broken_by: ledger::complete,
    },
    Rule {
        says: "nothing was dropped",
        broken_by: ledger::nothing_dropped,
    },
    Rule {
        says: "bodies, remote addresses and rows are there as asked",
        broken_by: captured::as_asked,
    },
    Rule {
        says: "secrets are masked",
        broken_by: captured::secrets_masked,
    },
    Rule {
        says: "it is known what requests waited for",
        broken_by: waits::accounted_for,
    },
    Rule {
        says: "every checkout gives the same tree",
        broken_by: tree::alike,
    },
];

/// Problems printed of a rule.
const SHOWN: usize = 5;

#[cfg(test)]
mod tests;
