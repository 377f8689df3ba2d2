//! How large a record is: as JSON, and in memory.

use super::Record;
use crate::event::attribute::{Stored, key_bytes};
use crate::event::limits;
use crate::event::rare::Rare;

impl Record {
    /// What its content takes as JSON, at the most.
    pub(crate) fn json_bytes(&self) -> usize {
        let inline = self.inline().iter().map(|attribute| {
            let value = match attribute.value {
                Stored::Text { from, to } => limits::json_len(self.text_at(from, to)) + 2,
                Stored::Static(text) => limits::json_len(text) + 2,
                // Counted beside the record.
                Stored::LongText { .. } | Stored::Tree(_) => 0,
                Stored::Packed { from, to } => {
                    let limits = self
                        .rare
                        .as_deref()
                        .map_or_else(limits::current, |rare| rare.limits);
                    limits::json_bytes(self.packed_at(from, to).to_tree(), &limits)
                }
                _ => limits::SCALAR_BYTES,
            };
            key_bytes(attribute.key) + value
        });
        inline.sum::<usize>() + self.rare.as_deref().map_or(0, Rare::json_bytes)
    }

    /// What `gomon:dropped` takes as JSON, at the most.
    pub(crate) fn cut_bytes(&self) -> usize {
        self.rare.as_deref().map_or(0, Rare::cut_bytes)
    }

    /// What it takes in memory, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.packed.capacity()
            + self.rare.as_deref().map_or(0, Rare::memory_bytes)
    }
}
