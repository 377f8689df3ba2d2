//! What a line-by-line port of GoMon would cost: a random id and a hash map for each event, two clocks at its start, one
//! boxed event for each send, and a listener behind a lock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bench_kit::Arm;
use crossbeam_channel::{Receiver, Sender};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::work::{
    BURST, Workload, deliver, delivered, eight_attributes, four_attributes, ten_attributes,
    wait_for_delivery_of, write_lines,
};

static SENT: AtomicU64 = AtomicU64::new(0);

pub(crate) fn make(arm: &str, workload: Workload) -> Option<Arm> {
    if arm != "naive_port" {
        return None;
    }
    let (sender, receiver) = crossbeam_channel::bounded(65_536);
    let json = workload == Workload::Json;
    thread::Builder::new()
        .name("listener".into())
        .spawn(move || listen(&receiver, json))
        .expect("a thread");
    let listener: Arc<dyn Listener> = Arc::new(Retransmitter {
        listeners: RwLock::new(vec![sender]),
    });
    let burst = move || {
        spans(workload, &listener);
        SENT.fetch_add(workload.events_of_burst(), SeqCst);
    };
    let arm = Arm::new(BURST, burst).flush(|| wait_for_delivery_of(SENT.load(SeqCst)));
    Some(arm.delivers(workload.events(), delivered))
}

fn spans(workload: Workload, listener: &Arc<dyn Listener>) {
    let start = |name, parent| Event::start(name, parent, Arc::clone(listener));
    workload.burst(
        || {
            let root = start("request", None);
            start("child", Some(root.id)).finish();
            root.finish();
        },
        |children| {
            let root = start("request", None);
            for _ in 0..children {
                let mut child = start("child", Some(root.id));
                child.set_all(eight_attributes!(
                    pair,
                    Value::from,
                    Value::from,
                    Value::from
                ));
                child.finish();
            }
            root.finish();
        },
        || {
            let mut root = start("request", None);
            root.set_all(ten_attributes!(pair, Value::from, Value::from, Value::from));
            for _ in 0..3 {
                let mut child = start("query", Some(root.id));
                child.set_all(four_attributes!(
                    pair,
                    Value::from,
                    Value::from,
                    Value::from
                ));
                child.finish();
            }
            root.finish();
        },
    );
}

fn pair(key: &str, value: Value) -> (String, Value) {
    (key.into(), value)
}

trait Listener: Send + Sync {
    fn feed(&self, event: Event);
}

struct Event {
    id: Uuid,
    parent: Option<Uuid>,
    name: String,
    wall: SystemTime,
    start: Instant,
    lapsed: Duration,
    values: HashMap<String, Value>,
    listener: Option<Arc<dyn Listener>>,
}

impl Event {
    #[expect(
        clippy::disallowed_methods,
        reason = "a port would read the clocks of std"
    )]
    fn start(name: &str, parent: Option<Uuid>, listener: Arc<dyn Listener>) -> Self {
        Self {
            id: Uuid::new_v4(),
            parent,
            name: name.into(),
            wall: SystemTime::now(),
            start: Instant::now(),
            lapsed: Duration::ZERO,
            values: HashMap::new(),
            listener: Some(listener),
        }
    }

    fn set_all<const N: usize>(&mut self, pairs: [(String, Value); N]) {
        for (key, value) in pairs {
            self.values.insert(key, value);
        }
    }

    fn finish(mut self) {
        self.lapsed = self.start.elapsed();
        if let Some(listener) = self.listener.take() {
            listener.feed(self);
        }
    }
}

struct Retransmitter {
    listeners: RwLock<Vec<Sender<Box<Event>>>>,
}

impl Listener for Retransmitter {
    fn feed(&self, event: Event) {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if let [listener] = listeners.as_slice() {
            listener.send(Box::new(event)).expect("the listener lives");
        }
    }
}

fn listen(events: &Receiver<Box<Event>>, json: bool) {
    for event in events {
        if json {
            write_lines(line(&event).as_bytes());
        }
        drop(event);
        deliver(1);
    }
}

fn line(event: &Event) -> String {
    let since = event.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let start_ns = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    let lasted_ns = u64::try_from(event.lapsed.as_nanos()).unwrap_or(u64::MAX);
    let attributes: Map<_, _> = event.values.clone().into_iter().collect();
    let mut map = Map::new();
    map.insert("id".into(), event.id.to_string().into());
    map.insert(
        "parent".into(),
        event.parent.map(|id| id.to_string()).into(),
    );
    map.insert("name".into(), event.name.clone().into());
    map.insert("start_ns".into(), start_ns.into());
    map.insert("dur_ns".into(), lasted_ns.into());
    map.insert("attrs".into(), attributes.into());
    let mut line = Value::Object(map).to_string();
    line.push('\n');
    line
}
