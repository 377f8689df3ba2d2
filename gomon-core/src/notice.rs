//! What gomon itself says in the stream of events: a `log` event, a child of the application.

use crate::event::outcome::Outcome;
use crate::event::record::Record;
use crate::event::value::{Tree, Value};
use crate::keys;
use crate::tracker::open;

pub(crate) fn record(level: &'static str, target: &'static str, message: &str) -> Box<Record> {
    let mut record = open::own(keys::LOG);
    record.set(keys::LEVEL, level.into());
    record.set(keys::TARGET, target.into());
    record.set(keys::MESSAGE, message.into());
    record.mark(Outcome::Completed);
    record
}

pub(crate) fn set_fields(record: &mut Record, fields: Tree) {
    record.set(keys::FIELDS, Value::Tree(fields));
}
