use crate::event::Event;
use crate::event::limits;
use crate::event::record::Record;
use crate::event::value::Value;

/// What a retransmitter passes on in place of an event: the event itself, or a changed copy.
///
/// The copy keeps the event's ids, times and outcome. Its attributes are within the same limits.
///
/// ```
/// use gomon_core::{Mapped, Retransmitter};
///
/// let slim = Retransmitter::new("slim").map(|event| match event.fp() {
///     "debug" => None,
///     "http-roundtripper" => Some(Mapped::copy(event).remove("headers").set("region", "eu")),
///     _ => Some(Mapped::unchanged()),
/// });
/// ```
#[derive(Debug)]
#[must_use = "it is what a map returns"]
pub struct Mapped {
    copy: Option<Event>,
}

impl Mapped {
    /// The event as it is. It is shared and not copied, if nothing in its batch is.
    pub const fn unchanged() -> Self {
        Self { copy: None }
    }

    /// A copy of an event, to be changed.
    pub fn copy(event: &Event) -> Self {
        Self {
            copy: Some(event.duplicate()),
        }
    }

    /// Sets an attribute; the last value of a key wins, at the place of the first. Here and below,
    /// what is [`unchanged`](Self::unchanged) stays so.
    pub fn set<'a>(self, key: &'static str, value: impl Into<Value<'a>>) -> Self {
        self.change(|record| {
            record.set(key, value.into());
            record.settle_alone();
        })
    }

    /// Removes an attribute, if it is there.
    pub fn remove(self, key: &str) -> Self {
        self.change(|record| record.remove(key))
    }

    /// Gives an attribute another name, if it is there. One that has that name already is removed.
    pub fn rename(self, from: &str, to: &'static str) -> Self {
        self.change(|record| record.rename(from, to))
    }

    /// Gives the event another fingerprint.
    pub fn fingerprint(self, fp: &'static str) -> Self {
        let fp = limits::key(fp);
        let mut mapped = self.change(|record| record.fp = fp);
        if let Some(event) = &mut mapped.copy {
            event.fp = fp;
        }
        mapped
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        self.copy.is_none()
    }

    /// The changed copy, or a copy of the event it stands for.
    pub(crate) fn into_event(self, unchanged: &Event) -> Event {
        self.copy.unwrap_or_else(|| unchanged.duplicate())
    }

    fn change(mut self, change: impl FnOnce(&mut Record)) -> Self {
        if let Some(event) = &mut self.copy {
            change(&mut event.record);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::value::Tree;

    #[test]
    fn a_key_that_was_beside_the_record_is_still_there_once() {
        let mut record = Box::new(Record::blank());
        (0..20).for_each(|row: u64| record.set("rows", row.into()));
        record.set("card", "4711".into());
        record.set("list", Value::Tree(Tree::from(vec![1, 2])));
        let event = Event::settled(record);
        let keys = |mapped: Mapped| -> Vec<String> {
            let json = mapped.into_event(&event).to_json();
            let start = json.find(",\"rows\"").unwrap();
            json[start..]
                .split(',')
                .skip(1)
                .map(str::to_owned)
                .collect()
        };
        let masked = Mapped::copy(&event).set("card", "***");
        assert_eq!(
            keys(masked),
            ["\"rows\":19", "\"card\":\"***\"", "\"list\":[1", "2]}"]
        );
        let removed = Mapped::copy(&event).remove("card");
        assert_eq!(keys(removed), ["\"rows\":19", "\"list\":[1", "2]}"]);
    }
}
