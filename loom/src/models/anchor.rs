//! `gomon-core/src/clock/mod.rs`, `AnchorCell`: a reader of the wall clock's anchor gets the words of one write, never of two.

use loom::sync::atomic::{AtomicU64, Ordering, fence};
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::check;

#[derive(Default)]
struct AnchorCell {
    sequence: AtomicU64,
    stamp: AtomicU64,
    unix_nanos: AtomicU64,
    writer: Mutex<()>,
}

impl AnchorCell {
    /// One try of the loop in `load`.
    fn try_load(&self) -> Option<(u64, u64)> {
        let before = self.sequence.load(Ordering::Acquire);
        let anchor = (
            self.stamp.load(Ordering::Relaxed),
            self.unix_nanos.load(Ordering::Relaxed),
        );
        fence(Ordering::Acquire);
        let same = before & 1 == 0 && before == self.sequence.load(Ordering::Relaxed);
        same.then_some(anchor)
    }

    fn store(&self, anchor: (u64, u64)) {
        let _writer = self.writer.lock().unwrap();
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.stamp.store(anchor.0, Ordering::Relaxed);
        self.unix_nanos.store(anchor.1, Ordering::Relaxed);
        self.sequence.store(sequence + 2, Ordering::Release);
    }
}

pub(super) fn an_anchor_is_read_whole() {
    check(|| {
        let cell = Arc::new(AnchorCell::default());
        let writer = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                cell.store((1, 1));
                cell.store((2, 2));
            })
        };
        for _ in 0..2 {
            if let Some((stamp, unix_nanos)) = cell.try_load() {
                assert_eq!(stamp, unix_nanos);
            }
        }
        writer.join().unwrap();
        assert_eq!(cell.try_load(), Some((2, 2)));
    });
}
