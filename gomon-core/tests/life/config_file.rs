//! Settings from a file, read again while gomon runs, and those of plug-ins.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use gomon_core::{
    Capture, Config, Error, EventTracker, PluginConfig, capture, config_error, register_plugin,
    reload_config, set_config, stats,
};
use serde::Deserialize;
use tempfile::TempDir;

use crate::support::{DEADLINE, Load, Sink, account, assert_ledger, builder, turn, until};

struct File {
    path: PathBuf,
    _folder: TempDir,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = Self {
            path: folder.path().join("gomon.toml"),
            _folder: folder,
        };
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        // As editors and deployments do it: nobody sees half of it.
        let new = self.path.with_extension("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, &self.path).unwrap();
    }
}

fn rows() -> usize {
    capture().rows()
}

#[test]
fn a_file_is_over_the_builder_and_what_it_drops_goes_back() {
    let _turn = turn();
    let file = File::new("capture = 'full'\n");
    let minimal = Capture::minimal();
    let gomon = builder()
        .capture(minimal)
        .config_file(&file.path)
        .start()
        .unwrap();
    assert_eq!(rows(), 10);
    // What the program sets now is below the file.
    set_config(serde_json::from_str(r#"{"capture": "safe"}"#).unwrap()).unwrap();
    assert_eq!(rows(), 10);
    file.write("report_interval_ms = 1000\n");
    assert!(reload_config().unwrap());
    assert!(rows() == 0 && capture().headers());
    assert!(!reload_config().unwrap());
    drop(gomon);
    // The next run has no file.
    drop(builder().start().unwrap());
}

#[test]
fn a_wrong_reload_changes_nothing_and_says_where_it_is_wrong() {
    let _turn = turn();
    let file = File::new("capture = 'full'\n[root]\nexclude = ['noise']\n");
    let sink = Sink::default();
    let gomon = builder()
        .listener(sink.listener())
        .config_file(&file.path)
        .start()
        .unwrap();
    // The first part of it alone would be right.
    file.write("capture = 'minimal'\n\n[root]\nexcludes = ['work']\n");
    until(|| config_error().is_some());
    let place = format!("{}:4: unknown field `excludes`", file.path.display());
    assert!(config_error().unwrap().to_string().starts_with(&place));
    EventTracker::new("noise").finish();
    EventTracker::new("work").finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!((rows(), stats().listeners[0].total_dropped()), (10, 1));
    file.write("capture = 'minimal'\n");
    until(|| !capture().headers());
    until(|| config_error().is_none());
    drop(gomon);
    let logs: Vec<_> = sink
        .events()
        .into_iter()
        .filter(|event| event["gomon:fp"] == "log")
        .collect();
    assert_eq!(logs.len(), 2, "{logs:?}");
    assert_eq!(
        (&logs[0]["level"], &logs[1]["level"]),
        (&"error".into(), &"info".into())
    );
    assert!(logs[0]["message"].as_str().unwrap().starts_with(&place));
}

#[test]
fn a_wrong_file_keeps_gomon_from_starting() {
    let _turn = turn();
    let file = File::new("\n\ncaptur = 'full'\n");
    let Err(Error::Config(error)) = builder().config_file(&file.path).start() else {
        panic!("it started");
    };
    assert_eq!(error.line(), Some(3));
    let missing = file.path.with_file_name("missing.toml");
    assert!(matches!(
        builder().config_file(missing).start(),
        Err(Error::Config(_))
    ));
    file.write("");
    drop(builder().config_file(&file.path).start().unwrap());
}

#[test]
fn sighup_reads_a_file_again_that_looks_unchanged() {
    let _turn = turn();
    let file = File::new("capture = 'full'\n");
    let _gomon = builder().config_file(&file.path).start().unwrap();
    let caught = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap() & 1 == 1
    };
    until(caught);
    let before = fs::metadata(&file.path).unwrap().modified().unwrap();
    fs::write(&file.path, "capture = 'safe'\n").unwrap();
    let opened = fs::File::options().write(true).open(&file.path).unwrap();
    opened.set_modified(before).unwrap();
    let process = std::process::id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-HUP", &process])
        .status();
    assert!(sent.unwrap().success());
    until(|| rows() == 0);
}

#[test]
fn ten_thousand_reloads_under_load_lose_and_double_nothing() {
    let _turn = turn();
    let file = File::new("");
    let sink = Arc::new(Mutex::new(std::collections::HashSet::new()));
    let (seen, doubled) = (Arc::clone(&sink), Arc::new(AtomicU64::new(0)));
    let twice = Arc::clone(&doubled);
    let gomon = builder()
        .named_listener("all", move |event: &gomon_core::Event| {
            if !seen.lock().unwrap().insert(event.id()) {
                twice.fetch_add(1, Ordering::Relaxed);
            }
        })
        .config_file(&file.path)
        .start()
        .unwrap();
    let load = Load::default();
    let made = std::thread::scope(|scope| {
        let end = load.ends_on_drop();
        let producers = [(); 2].map(|()| {
            scope.spawn(|| {
                let mut made = 0;
                while load.goes_on() {
                    (0..100).for_each(|_| EventTracker::new("work").finish());
                    made += 100;
                    gomon_core::flush(DEADLINE).unwrap();
                }
                made
            })
        });
        let texts = [
            "capture = 'full'\n[listeners.all]\nmax_events = 8000\n",
            "aggregate_interval_ms = 50\n[root]\nexclude = ['other']\n",
            "capture = 'wrong'\n",
        ];
        for turn in 0..10_000 {
            fs::write(&file.path, texts[turn % 3]).unwrap();
            assert_eq!(reload_config().is_err(), turn % 3 == 2);
        }
        drop(end);
        producers
            .map(|producer| producer.join().unwrap())
            .iter()
            .sum::<u64>()
    });
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    assert_ledger(&report);
    let account = account(&report, "all");
    assert_eq!(
        (account.total_dropped(), doubled.load(Ordering::Relaxed)),
        (0, 0)
    );
    let logs = report.created - made - 1;
    assert_eq!(sink.lock().unwrap().len() as u64, made + logs + 1);
    drop(gomon);
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Queue {
    #[serde(default)]
    slow_ms: u64,
}

impl PluginConfig for Queue {
    const NAME: &'static str = "queue";
}

#[test]
fn a_plug_in_gets_its_settings_whenever_they_came_and_refuses_wrong_ones() {
    let _turn = turn();
    let json = |text: &str| serde_json::from_str::<Config>(text).unwrap();
    set_config(json(
        r#"{"plugins": {"queue": {"slow_ms": 5}, "other": {"any": 1}}}"#,
    ))
    .unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    register_plugin(move |config: Queue| sink.lock().unwrap().push(config.slow_ms)).unwrap();
    assert_eq!(*seen.lock().unwrap(), [5]);

    let file = File::new("capture = 'full'\n\n[plugins.queue]\nslow_ms = 7\n");
    let gomon = builder().config_file(&file.path).start().unwrap();
    assert_eq!(*seen.lock().unwrap(), [5, 7]);
    // A change of anything else is none of its business.
    file.write("capture = 'safe'\n\n[plugins.queue]\nslow_ms = 7\n");
    reload_config().unwrap();
    file.write("capture = 'full'\n\n[plugins.queue]\nslow_ms = 7\nfast = true\n");
    let error = reload_config().unwrap_err();
    assert_eq!(error.line(), Some(3));
    assert!(
        error
            .message()
            .contains("plugins.queue: unknown field `fast`"),
        "{error}"
    );
    assert_eq!((rows(), seen.lock().unwrap().len()), (0, 2));
    let Err(Error::Config(_)) = set_config(json(
        r#"{"capture": "full", "plugins": {"queue": {"slow_ms": "x"}}}"#,
    )) else {
        panic!("it was taken");
    };
    assert_eq!(rows(), 0);
    file.write("");
    reload_config().unwrap();
    assert_eq!(*seen.lock().unwrap(), [5, 7, 5]);
    drop(gomon);
}

#[derive(Debug, Deserialize)]
struct Broken {
    #[expect(dead_code, reason = "only its reading matters")]
    wanted: u64,
}

impl PluginConfig for Broken {
    const NAME: &'static str = "broken";
}

#[test]
fn a_plug_in_whose_settings_are_wrong_is_not_registered() {
    let _turn = turn();
    let error = register_plugin(|_: Broken| panic!("applied")).unwrap_err();
    assert_eq!(error.place(), "plugins.broken");
    assert!(
        error.message().contains("missing field `wanted`"),
        "{error}"
    );
    let panicking = register_plugin(|_: Queue| panic!("a plug-in's own"));
    assert!(panicking.is_ok());
}

#[test]
fn settings_of_a_listener_that_is_not_there_are_said_once() {
    let _turn = turn();
    let file = File::new("[listeners.sink]\nmax_events = 99\n[listeners.snik]\nmax_events = 9\n");
    let sink = Sink::default();
    let gomon = builder()
        .named_listener("sink", sink.listener())
        .config_file(&file.path)
        .start()
        .unwrap();
    file.write("[listeners.snik]\nmax_events = 8\n");
    reload_config().unwrap();
    drop(gomon);
    let warned: Vec<_> = sink
        .events()
        .into_iter()
        .filter(|event| event["level"] == "warn")
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        warned,
        ["settings for the listener snik, which is not there (yet)"]
    );
}
