use std::time::Duration;

/// What a gauge may say: numbers, and durations, which are seconds.
///
/// A reading has them as `f64`, exact up to 2⁵³.
pub trait Figure: sealed::Sealed {
    /// As a reading has it.
    fn as_f64(&self) -> f64;
}

mod sealed {
    #[expect(unnameable_types, reason = "the hidden half of a sealed trait")]
    pub trait Sealed {}
}

macro_rules! figures {
    ($($number:ty)*) => {$(
        impl sealed::Sealed for $number {}

        impl Figure for $number {
            fn as_f64(&self) -> f64 {
                *self as f64
            }
        }
    )*};
}

figures!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);

impl sealed::Sealed for Duration {}

impl Figure for Duration {
    fn as_f64(&self) -> f64 {
        self.as_secs_f64()
    }
}
