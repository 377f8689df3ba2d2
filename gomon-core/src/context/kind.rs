//! What a context stands for.

/// What is behind a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No event: children start a trace of their own.
    Application,
    /// Nothing made in it is recorded.
    Unmonitored,
    /// An event of a trace that is not recorded; its children are counted.
    SampledOut,
    /// The same, in a trace that this process began.
    OwnSampledOut,
    /// An event in a trace that this process began.
    OwnTrace,
    /// An event of this process in a trace that another process began.
    ForeignTrace,
    /// The same two, where the event sent an opening event while gomon samples heads: what happens
    /// in it is recorded whatever the ratio says.
    OwnOpened,
    ForeignOpened,
    /// An event of another process.
    Remote,
    /// The same, of one that says it records the trace and is trusted in that.
    RemoteSampled,
}

/// A kind and a scope in one word: with it a context is 32 bytes, not 48.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

impl Tag {
    /// Scopes are numbered from 0; past 2^28 of them the numbers come again.
    #[inline]
    pub(super) const fn new(kind: Kind, scope: u32) -> Self {
        Self(scope << BITS | kind as u32)
    }

    #[inline]
    pub(super) const fn kind(self) -> Kind {
        match self.0 & ((1 << BITS) - 1) {
            0 => Kind::Application,
            2 => Kind::SampledOut,
            3 => Kind::OwnSampledOut,
            4 => Kind::OwnTrace,
            5 => Kind::ForeignTrace,
            6 => Kind::OwnOpened,
            7 => Kind::ForeignOpened,
            8 => Kind::Remote,
            9 => Kind::RemoteSampled,
            _ => Kind::Unmonitored,
        }
    }

    #[inline]
    pub(super) const fn scope(self) -> u32 {
        self.0 >> BITS
    }
}

const BITS: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_its_kind_and_its_scope() {
        for kind in [
            Kind::Application,
            Kind::Unmonitored,
            Kind::SampledOut,
            Kind::OwnSampledOut,
            Kind::OwnTrace,
            Kind::ForeignTrace,
            Kind::OwnOpened,
            Kind::ForeignOpened,
            Kind::Remote,
            Kind::RemoteSampled,
        ] {
            let tag = Tag::new(kind, 0x0234_5678);
            assert_eq!((tag.kind(), tag.scope()), (kind, 0x0234_5678));
        }
        assert_eq!(size_of::<crate::Context>(), 32);
    }
}
