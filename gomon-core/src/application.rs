//! The application event: the first that any listener sees, and the parent of every root.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;
use uuid::Uuid;

use crate::clock::Stamp;
use crate::event::batch::Slice;
use crate::event::flags::Flags;
use crate::event::json;
use crate::event::limits;
use crate::event::value::Value;
use crate::keys;
use crate::tracker::open;

/// The version of the compiler that built this program, such as `1.95.0`.
pub const RUST_VERSION: &str = env!("GOMON_RUSTC_VERSION");

/// A run of the process, as its events name it.
#[derive(Debug)]
pub(crate) struct Application {
    id: Uuid,
    json: String,
    started: Stamp,
}

/// What is running now, or ran last.
pub(crate) fn current() -> Arc<Application> {
    let runs = RUNS.read();
    runs.back()
        .map_or_else(|| Arc::clone(&NOBODY), |(_, last)| Arc::clone(last))
}

/// Calls `f`, which must not come back here, with the application of a run. Each thread remembers
/// which one it asked for last. Always `Some`.
pub(crate) fn with<R>(run: u32, f: impl FnOnce(&Application) -> R) -> Option<R> {
    let mut f = Some(f);
    let done = ASKED.try_with(|asked| {
        let mut asked = asked.try_borrow_mut().ok()?;
        if asked.as_ref().is_none_or(|(known, _)| *known != run) {
            *asked = Some((run, find(run)));
        }
        let (_, application) = asked.as_ref()?;
        f.take().map(|f| f(application))
    });
    match (done.ok().flatten(), f) {
        (Some(done), _) => Some(done),
        (None, f) => f.map(|f| f(&find(run))),
    }
}

fn find(run: u32) -> Arc<Application> {
    let runs = RUNS.read();
    let known = runs.iter().rev().find(|(known, _)| *known == run);
    known.map_or_else(|| Arc::clone(&NOBODY), |(_, found)| Arc::clone(found))
}

/// Begins a run; `app_id` is the execution id unless it is given. The application event is
/// returned, ready to be fed to listeners.
pub(crate) fn begin(app_id: Option<&str>) -> Slice {
    let mut record = open::own(keys::APPLICATION);
    let id = record.trace.event_id(record.span);
    record.flags.add(Flags::APPLICATION);
    record.set(keys::EXECUTION_ID, id.into());
    record.set(keys::HOST, host().into());
    record.set(keys::PID, std::process::id().into());
    let exe = std::env::current_exe()
        .ok()
        .map(|path| path.to_string_lossy().into_owned());
    record.set(keys::EXE, exe.into());
    record.set(keys::RUST, Value::Static(RUST_VERSION));
    record.set(keys::GOMON, Value::Static(env!("CARGO_PKG_VERSION")));
    let app_id = app_id.map_or_else(
        || id.to_string(),
        |app_id| limits::prefix(app_id, limits::APPLICATION_ID_BYTES).to_owned(),
    );
    let application = Arc::new(Application {
        id,
        json: json::of_run(&app_id, id),
        started: record.start,
    });
    let mut runs = RUNS.write();
    if runs.len() == RUNS_KNOWN {
        runs.pop_front();
    }
    runs.push_back((record.run, application));
    drop(runs);
    Slice::single(record)
}

impl Application {
    /// The id of the application event, which is the execution id; nil before the first start.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// What comes between the parent and the fingerprint of every event as JSON.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    pub(crate) fn started(&self) -> Stamp {
        self.started
    }
}

fn host() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok())?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

thread_local! {
    static ASKED: RefCell<Option<(u32, Arc<Application>)>> = const { RefCell::new(None) };
}

/// The last runs: a listener may keep events beyond the run they are from.
static RUNS: RwLock<VecDeque<(u32, Arc<Application>)>> = RwLock::new(VecDeque::new());
/// So many runs later the events of one know neither their parent nor their process any more.
const RUNS_KNOWN: usize = 64;
static NOBODY: LazyLock<Arc<Application>> = LazyLock::new(|| {
    Arc::new(Application {
        id: Uuid::nil(),
        json: json::of_run("", Uuid::nil()),
        started: 0,
    })
});
