//! Numbers in the kernel's text files.

/// The number that follows `name` at the start of a line: `VmRSS:     1764 kB`, `usage_usec 5`, `rchar: 7`.
pub(super) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        rest.starts_with(char::is_whitespace)
            .then(|| rest.split_whitespace().next()?.parse().ok())?
    })
}

/// A file that holds one number. `max`, the cgroup's word for no limit, is none.
pub(super) fn single(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The members of a list of ranges: `0-3,8` has five.
pub(super) fn count_ranges(text: &str) -> Option<u64> {
    text.trim().split(',').try_fold(0_u64, |sum, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}
