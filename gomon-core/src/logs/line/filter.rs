use std::borrow::Cow;

use super::severity::Severity;

/// Which lines are taken: down to a level, which may differ for some targets.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    most: Severity,
    /// Prefixes of targets, the longest first.
    targets: Vec<(Cow<'static, str>, Severity)>,
}

impl Filter {
    pub(crate) const fn new(most: Severity) -> Self {
        Self {
            most,
            targets: Vec::new(),
        }
    }

    /// Sets the level of what has no level of its own.
    pub(crate) fn set(&mut self, most: Severity) {
        self.most = most;
    }

    /// Sets the level of the targets that begin so.
    pub(crate) fn set_target(&mut self, prefix: Cow<'static, str>, most: Severity) {
        self.targets.retain(|(other, _)| *other != prefix);
        self.targets.push((prefix, most));
        self.targets
            .sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    }

    pub(crate) fn passes(&self, severity: Severity, target: &str) -> bool {
        let own = self
            .targets
            .iter()
            .find(|(prefix, _)| is_within(target, prefix));
        severity <= own.map_or(self.most, |(_, most)| *most)
    }

    /// The least serious line that may pass.
    #[cfg(any(feature = "log", feature = "slog"))]
    pub(crate) fn least(&self) -> Severity {
        let targets = self.targets.iter().map(|(_, most)| *most);
        targets.fold(self.most, Severity::max)
    }
}

/// Whether a target is that module, or is in it.
fn is_within(target: &str, module: &str) -> bool {
    let rest = target.strip_prefix(module);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || module.ends_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_of_a_target_decides() {
        let mut filter = Filter::new(Severity::INFO);
        filter.set_target("hyper".into(), Severity::WARN);
        filter.set_target("hyper::client".into(), Severity::TRACE);
        filter.set_target("noise".into(), Severity::OFF);
        let passing = |target| {
            let all = [
                Severity::ERROR,
                Severity::WARN,
                Severity::INFO,
                Severity::DEBUG,
                Severity::TRACE,
            ];
            all.into_iter()
                .filter(|severity| filter.passes(*severity, target))
                .count()
        };
        assert_eq!(passing("shop"), 3);
        assert_eq!(passing("hyper::server"), 2);
        assert_eq!(passing("hyper::client::pool"), 5);
        assert_eq!(passing("hyperion"), 3);
        assert_eq!(passing("noise"), 0);
    }
}
