//! The lines in which two texts differ.

use std::fmt::Write;

/// With the lines around them, and the numbers that these have in the first text.
pub(super) fn lines(expected: &str, actual: &str) -> String {
    let expected: Vec<&str> = expected.lines().collect();
    let actual: Vec<&str> = actual.lines().collect();
    let changes = changes(&expected, &actual);
    let mut out = String::new();
    let mut number = 0;
    let mut left_out = false;
    for (at, change) in changes.iter().enumerate() {
        number += usize::from(!matches!(change, Change::Added(_)));
        let near = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(changes.len());
        let near = changes.get(near).unwrap_or(&[]);
        if near.iter().all(|change| matches!(change, Change::Same(_))) {
            left_out = true;
            continue;
        }
        if std::mem::take(&mut left_out) {
            out.push_str("      …\n");
        }
        let _ = match change {
            Change::Same(line) => writeln!(out, "{number:5}   {line}"),
            Change::Removed(line) => writeln!(out, "{number:5} - {line}"),
            Change::Added(line) => writeln!(out, "      + {line}"),
        };
    }
    out
}

#[derive(Debug)]
enum Change<'a> {
    Same(&'a str),
    Removed(&'a str),
    Added(&'a str),
}

/// By the longest common subsequence of what lies between equal beginnings and ends.
fn changes<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Change<'a>> {
    let before = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (first, old) = old.split_at(before);
    let (_, new) = new.split_at(before);
    let after = old.iter().rev().zip(new.iter().rev());
    let after = after.take_while(|(a, b)| a == b).count();
    let (old, last) = old.split_at(old.len() - after);
    let (new, _) = new.split_at(new.len() - after);
    let mut changes: Vec<Change<'a>> = first.iter().copied().map(Change::Same).collect();
    // What is too long for a table is shown as a whole.
    if (old.len() + 1).saturating_mul(new.len() + 1) > LARGEST_TABLE {
        changes.extend(old.iter().copied().map(Change::Removed));
        changes.extend(new.iter().copied().map(Change::Added));
    } else {
        between(old, new, &mut changes);
    }
    changes.extend(last.iter().copied().map(Change::Same));
    changes
}

fn between<'a>(old: &[&'a str], new: &[&'a str], changes: &mut Vec<Change<'a>>) {
    let width = new.len() + 1;
    // How many lines are common from each place on.
    let mut common = vec![0_usize; (old.len() + 1) * width];
    let at = |common: &[usize], a: usize, b: usize| common.get(a * width + b).copied().unwrap_or(0);
    for (a, old) in old.iter().enumerate().rev() {
        for (b, new) in new.iter().enumerate().rev() {
            let longest = match old == new {
                true => at(&common, a + 1, b + 1) + 1,
                false => at(&common, a + 1, b).max(at(&common, a, b + 1)),
            };
            if let Some(place) = common.get_mut(a * width + b) {
                *place = longest;
            }
        }
    }
    let (mut a, mut b) = (0, 0);
    loop {
        match (old.get(a), new.get(b)) {
            (Some(old), Some(new)) if old == new => {
                changes.push(Change::Same(old));
                (a, b) = (a + 1, b + 1);
            }
            (Some(old), None) => {
                changes.push(Change::Removed(old));
                a += 1;
            }
            (Some(old), Some(_)) if at(&common, a + 1, b) >= at(&common, a, b + 1) => {
                changes.push(Change::Removed(old));
                a += 1;
            }
            (_, Some(new)) => {
                changes.push(Change::Added(new));
                b += 1;
            }
            (None, None) => return,
        }
    }
}

/// Lines that are shown on both sides of a difference.
const CONTEXT: usize = 3;
/// In entries: 32 MiB.
const LARGEST_TABLE: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_shown_with_some_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12";
        assert_eq!(
            lines(old, new),
            "      …
    2   2
    3   3
    4   4
    5 - 5
      + five
    6   6
    7   7
    8   8
    9   9
   10   10
   11   11
      + 12
"
        );
    }

    #[test]
    fn lines_that_moved_are_removed_and_added() {
        assert_eq!(
            lines("a\nb\nc", "c\na\nb"),
            "      + c\n    1   a\n    2   b\n    3 - c\n"
        );
    }
}
