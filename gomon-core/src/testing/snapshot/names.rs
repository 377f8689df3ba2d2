use std::collections::HashMap;

/// Names by the order in which they were first asked for: `id-1`, `id-2`.
#[derive(Debug)]
pub(super) struct Names {
    prefix: &'static str,
    known: HashMap<String, String>,
}

impl Names {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            known: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, text: &str) -> String {
        let number = self.known.len() + 1;
        let name = self.known.entry(text.to_owned());
        name.or_insert_with(|| format!("{}-{number}", self.prefix))
            .clone()
    }

    /// The name of what was asked for before.
    pub(super) fn known(&self, text: &str) -> Option<String> {
        self.known.get(text).cloned()
    }

    /// The same by the last part of the text.
    pub(super) fn ending(&self, end: &str) -> Option<String> {
        let mut all = self.known.iter();
        all.find(|(text, _)| text.replace('-', "").ends_with(end))
            .map(|(_, name)| name.clone())
    }
}
