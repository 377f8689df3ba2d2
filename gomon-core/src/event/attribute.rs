use crate::event::limits;

/// One attribute as it lies in a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    pub(crate) key: &'static str,
    pub(crate) value: Stored,
}

/// A value as it lies in the record: `Copy`, with what is long by its position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stored {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Static(&'static str),
    /// Text in the record.
    Text {
        from: u16,
        to: u16,
    },
    /// Text beside the record.
    LongText {
        from: u32,
        to: u32,
    },
    /// A map, packed in the record.
    Packed {
        from: u32,
        to: u32,
    },
    /// The place of a list, a map or bytes beside the record.
    Tree(u32),
}

impl Attribute {
    pub(crate) const EMPTY: Self = Self {
        key: "",
        value: Stored::Null,
    };
}

/// What a key with its punctuation takes as JSON.
pub(crate) fn key_bytes(key: &str) -> usize {
    limits::json_len(key) + 4
}
