//! The thread of this crate, `gomon-sql`: it looks up lines of callers, samples pools and looks for what holds a connection too
//! long. It is started by the first who has something for it to do, and waits while there is nothing.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Once, OnceLock, Weak};
use std::time::Duration;

use gomon_core::monotonic;

use crate::site::{Site, Stack};

/// Something that is looked at now and then.
pub(crate) trait Watched: Send + Sync {
    /// Looks at it; returns when it is to be looked at again, by [`monotonic`].
    fn look(&self, now: Duration) -> Duration;
}

/// Has the site learn its line from the stack. False where there is too much to do just now.
pub(crate) fn look_up(stack: Stack, site: &Arc<Site>) -> bool {
    hand_over(Job::LookUp(stack, Arc::clone(site)))
}

/// Has it looked at for as long as it is there. False where there is too much to do just now.
pub(crate) fn watch(watched: Weak<dyn Watched>) -> bool {
    hand_over(Job::Watch(watched))
}

/// Reads the program's line tables ahead, so that the first lines are there soon. For programs that are monitored: with
/// 100 MB of them, a core is busy for a quarter of a second.
pub(crate) fn warm_up() {
    static ONCE: Once = Once::new();
    // Where there is no room, others read them.
    ONCE.call_once(|| _ = hand_over(Job::WarmUp));
}

/// False where there is no room for it just now.
fn hand_over(job: Job) -> bool {
    static JOBS: OnceLock<Option<SyncSender<Job>>> = OnceLock::new();
    let jobs = JOBS.get_or_init(start).as_ref();
    jobs.is_none_or(|jobs| !matches!(jobs.try_send(job), Err(TrySendError::Full(_))))
}

/// `None` where the system has no thread for it: then nothing of it is done.
fn start() -> Option<SyncSender<Job>> {
    let (sender, jobs) = sync_channel(MOST_JOBS);
    let thread = std::thread::Builder::new().name("gomon-sql".to_owned());
    // What it does is no work of the program: it is not monitored.
    let run = move || gomon_core::unmonitored(|| run(&jobs));
    thread.spawn(run).is_ok().then_some(sender)
}

enum Job {
    WarmUp,
    LookUp(Stack, Arc<Site>),
    Watch(Weak<dyn Watched>),
}

fn run(jobs: &Receiver<Job>) {
    let mut watched: Vec<(Duration, Weak<dyn Watched>)> = Vec::new();
    // The program's line tables are in memory until then.
    let mut tables_until: Option<Duration> = None;
    loop {
        let due = watched
            .iter()
            .map(|(due, _)| *due)
            .chain(tables_until)
            .min();
        let job = match due {
            Some(due) => jobs.recv_timeout(due.saturating_sub(monotonic())),
            None => jobs.recv().map_err(RecvTimeoutError::from),
        };
        match job {
            Ok(Job::LookUp(stack, site)) => {
                site.learn(&stack);
                tables_until = Some(monotonic() + TABLES_KEPT);
            }
            Ok(Job::WarmUp) => {
                let _line = Stack::walk().line();
                tables_until = Some(monotonic() + TABLES_KEPT);
            }
            Ok(Job::Watch(new)) => watched.push((monotonic(), new)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = monotonic();
        if tables_until.is_some_and(|until| until <= now) {
            backtrace::clear_symbol_cache();
            tables_until = None;
        }
        watched.retain_mut(|(due, watched)| {
            let Some(watched) = watched.upgrade() else {
                return false;
            };
            if *due <= now {
                *due = watched.look(now);
            }
            true
        });
    }
}

const MOST_JOBS: usize = 256;
/// A program that begins calls statements one after the other; later there is one in an hour.
const TABLES_KEPT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, sync_channel};
    use std::time::Duration;

    use parking_lot::Mutex;

    use super::{MOST_JOBS, Watched, watch};

    /// Keeps whoever looks until the sender is gone.
    struct Keeps(Mutex<Receiver<()>>);

    impl Watched for Keeps {
        fn look(&self, _: Duration) -> Duration {
            let _gone = self.0.lock().recv();
            Duration::MAX
        }
    }

    #[test]
    fn who_finds_no_room_is_told() {
        let (sender, receiver) = sync_channel(1);
        let keeps: Arc<dyn Watched> = Arc::new(Keeps(Mutex::new(receiver)));
        let mut asked = 0;
        while watch(Arc::downgrade(&keeps)) {
            asked += 1;
            assert!(asked <= 2 * MOST_JOBS, "there is always room");
        }
        drop(sender);
        while !watch(Arc::downgrade(&keeps)) {
            std::thread::yield_now();
        }
    }
}
