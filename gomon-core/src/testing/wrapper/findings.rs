use std::fmt::Write as _;

use crate::testing::wrapper::rules::{self, Rule};

/// What was found missing so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    lines: Vec<String>,
    /// The rules that were looked at, by what they say.
    looked_at: Vec<&'static str>,
}

impl Findings {
    /// Notes what is missing, unless the rule holds.
    pub(super) fn expect(&mut self, holds: bool, rule: &Rule, seen: impl FnOnce() -> String) {
        self.expect_of("", holds, rule, seen);
    }

    /// The same of something that has a name: a key, a gauge.
    pub(super) fn expect_of(
        &mut self,
        name: &str,
        holds: bool,
        rule: &Rule,
        seen: impl FnOnce() -> String,
    ) {
        if !self.looked_at.contains(&rule.passes_if) {
            self.looked_at.push(rule.passes_if);
        }
        if holds {
            return;
        }
        let Rule {
            missing,
            add,
            section,
            ..
        } = rule;
        let verb = if add.starts_with('`') { "add " } else { "" };
        let name = match name {
            "" => String::new(),
            name => format!(" (`{name}`)"),
        };
        let head = format!("missing: {missing}{name}; {verb}{add} (docs/plugins.md#{section})");
        let seen = seen();
        // One rule may be broken in several calls.
        let known = self.lines.iter_mut().find(|line| line.starts_with(&head));
        match known {
            Some(line) if line.contains(&seen) => {}
            Some(line) => {
                let _ = write!(line, "\n    seen: {seen}");
            }
            None => self.lines.push(format!("{head}\n    seen: {seen}")),
        }
    }

    /// What could not be checked at all.
    pub(super) fn stop(&mut self, why: &str) {
        self.lines.push(why.to_owned());
    }

    /// What is missing, a text for each; and what was not described, if anything is.
    pub(super) fn into_lines(mut self) -> Vec<String> {
        let skipped = rules::ALL
            .iter()
            .filter(|rule| !self.looked_at.contains(&rule.passes_if));
        let mut needed: Vec<&str> = skipped
            .map(|rule| rule.needs)
            .filter(|needs| !needs.is_empty())
            .collect();
        needed.dedup();
        if !self.lines.is_empty() && !needed.is_empty() {
            self.lines.push(format!(
                "not described, and so not checked: {}",
                needed.join(", ")
            ));
        }
        self.lines
    }
}
