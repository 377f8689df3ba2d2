//! Maps that are written into a record piece by piece.

use super::Record;
use crate::event::attribute::Stored;
use crate::event::flags::Flags;
use crate::event::limits;
use crate::event::packed::{MapWriter, PACKED_BYTES, PackedMap};
use crate::event::rare::position;
use crate::event::value::Value;
use crate::keys;

impl Record {
    /// Sets an attribute that is a map, written on the spot.
    #[inline]
    pub(crate) fn set_map(&mut self, key: &'static str, write: impl FnOnce(&mut MapWriter<'_>)) {
        let from = self.packed.len();
        let mut map = MapWriter::new(&mut self.packed);
        write(&mut map);
        let is_small = map.end();
        self.keep_map(key, from, is_small);
    }

    /// Keeps a map as it was written, unless it is large.
    fn keep_map(&mut self, key: &'static str, from: usize, is_small: bool) {
        if keys::may_be_label(key) {
            self.flags.add(Flags::LABELLED);
        }
        let to = self.packed.len();
        if is_small
            && to <= PACKED_BYTES
            && limits::spare_packed_maps()
            && let Some(place) = self.place(key)
        {
            place.value = Stored::Packed {
                from: position(from),
                to: position(to),
            };
            return;
        }
        self.unpack(key, from);
    }

    /// A large map is one like any other.
    #[cold]
    #[inline(never)]
    fn unpack(&mut self, key: &'static str, from: usize) {
        let written = self.packed.get(from..).unwrap_or_default();
        let tree = PackedMap::of(written).to_tree();
        self.packed.truncate(from);
        self.packed.shrink_to(PACKED_BYTES);
        self.set_other(key, Value::Tree(tree));
    }

    pub(crate) fn packed(&self, stored: Stored) -> Option<PackedMap<'_>> {
        match stored {
            Stored::Packed { from, to } => Some(self.packed_at(from, to)),
            _ => None,
        }
    }

    pub(super) fn packed_at(&self, from: u32, to: u32) -> PackedMap<'_> {
        let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
        PackedMap::of(self.packed.get(place(from)..place(to)).unwrap_or_default())
    }
}
