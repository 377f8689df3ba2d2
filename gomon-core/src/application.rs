//! The application event: the first that any listener sees, and the parent of every root.

use std::sync::{Arc, LazyLock};

use parking_lot::RwLock;
use uuid::Uuid;

use crate::clock::Stamp;
use crate::context::Context;
use crate::event::Event;
use crate::event::batch::Slice;
use crate::event::json;
use crate::event::limits;
use crate::event::record::Record;
use crate::event::value::Value;
use crate::keys;

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
    Arc::clone(&CURRENT.read())
}

/// Begins a run; `app_id` is the execution id unless it is given. The application event is
/// returned, ready to be fed to listeners.
pub(crate) fn begin(app_id: Option<&str>) -> Slice {
    let mut record = Record::open(keys::APPLICATION, Context::PROCESS);
    let id = record.trace.event_id(record.span);
    record.flags.application = true;
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
    *CURRENT.write() = Arc::clone(&application);
    Slice::whole(Arc::new([Event {
        record,
        application,
    }]))
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

static CURRENT: LazyLock<RwLock<Arc<Application>>> = LazyLock::new(|| {
    let nobody = Application {
        id: Uuid::nil(),
        json: json::of_run("", Uuid::nil()),
        started: 0,
    };
    RwLock::new(Arc::new(nobody))
});
