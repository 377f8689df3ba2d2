//! What the process is at: its threads, and its open work.

use std::fs;

use gomon_core::in_flight;
use serde_json::{Value, json};

use super::reply::Reply;

/// `/stacks`. Threads are those that Linux tells of.
pub(super) fn all() -> Reply {
    let work: Vec<_> = in_flight()
        .into_iter()
        .map(|work| {
            json!({
                "id": work.id.to_string(),
                "parent": work.parent.map(|id| id.to_string()),
                "kind": work.kind,
                "label": work.label,
                "doing": work.doing.map(|doing| doing.to_string()),
            })
        })
        .collect();
    Reply::json(200, &json!({"threads": threads(), "work": work}))
}

fn threads() -> Vec<Value> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let mut threads: Vec<_> = tasks
        .flatten()
        .filter_map(|task| {
            let stat = fs::read_to_string(task.path().join("stat")).ok()?;
            thread(&task.file_name().to_string_lossy(), &stat)
        })
        .collect();
    threads.sort_by_key(|thread| thread["id"].as_u64());
    threads
}

/// proc(5): the name is in parentheses and may hold any, then come the state, and as the 12th and 13th after it the
/// time in user and in kernel mode, in clock ticks, of which Linux shows 100 a second.
fn thread(id: &str, stat: &str) -> Option<Value> {
    let (before, after) = stat.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = after.split(' ').collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let cpu_ticks = ticks(11)? + ticks(12)?;
    Some(json!({
        "id": id.parse::<u64>().ok()?,
        "name": name,
        "state": fields.first()?,
        "cpu-secs": Value::from(cpu_ticks as f64 / 100.0),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_whatever_its_name() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0";
        let thread = thread("7", stat).unwrap();
        assert_eq!(thread["name"], "a) b (c");
        assert_eq!(
            (&thread["state"], &thread["cpu-secs"]),
            (&"S".into(), &2.0.into())
        );
    }
}
