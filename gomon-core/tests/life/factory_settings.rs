//! Settings of what makes listeners, and listeners that are replaced when these change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gomon_core::{
    Config, Error, Event, EventTracker, Listener, ListenerError, ListenerOptions, PluginConfig,
    Retransmitter, add_listener_factory, add_listener_factory_with, remove_listener, set_config,
    stats,
};
use serde::{Deserialize, Serialize};

use crate::support::{DEADLINE, Load, account, assert_ledger, builder, turn};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TailConfig {
    prefix: String,
    level: u32,
}

impl PluginConfig for TailConfig {
    const NAME: &'static str = "settled-tail";
}

fn base() -> TailConfig {
    TailConfig {
        prefix: "base".to_owned(),
        level: 1,
    }
}

fn configure(name: &str, table: &str) -> Result<(), Error> {
    let json = format!(r#"{{"plugins": {{"{name}": {table}}}}}"#);
    set_config(serde_json::from_str::<Config>(&json).unwrap())
}

/// What each listener was made by, what it was fed, and that it was flushed and dropped.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

struct Tail {
    name: String,
    journal: Journal,
}

impl Journal {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn factory(&self) -> impl Fn(&TailConfig) -> Result<Tail, ListenerError> + Send + Sync + use<> {
        let journal = self.clone();
        move |config| {
            let name = format!("{}{}", config.prefix, config.level);
            if config.level == 13 {
                return Err(ListenerError::new("no such level"));
            }
            journal.note(format!("{name} made"));
            let journal = journal.clone();
            Ok(Tail { name, journal })
        }
    }
}

impl Listener for Tail {
    fn feed(&mut self, event: &Event) -> Result<(), ListenerError> {
        self.journal.note(format!("{} {}", self.name, event.fp()));
        Ok(())
    }

    fn flush(&mut self, _deadline: std::time::Duration) -> Result<(), ListenerError> {
        self.journal.note(format!("{} flushed", self.name));
        Ok(())
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.journal.note(format!("{} dropped", self.name));
    }
}

#[test]
fn the_programs_settings_hold_where_no_configuration_says_otherwise() {
    let _turn = turn();
    let journal = Journal::default();
    configure("settled-tail", r#"{"level": 7}"#).unwrap();
    let id = add_listener_factory(journal.factory(), base()).unwrap();
    drop(builder().start().unwrap());
    assert_eq!(journal.lines()[0], "base7 made");
    configure("settled-tail", "{}").unwrap();
    let report = builder().start().unwrap().shutdown();
    assert_eq!(report.listeners[0].name, "settled-tail");
    assert!(journal.lines().contains(&"base1 made".to_owned()));
    assert!(remove_listener(id));
}

#[test]
fn a_change_while_gomon_runs_replaces_the_listener_between_two_events() {
    let _turn = turn();
    let journal = Journal::default();
    let gomon = builder()
        .listener_factory(journal.factory(), base())
        .start()
        .unwrap();
    EventTracker::new("before").finish();
    gomon_core::flush(DEADLINE).unwrap();
    configure("settled-tail", r#"{"prefix": "new"}"#).unwrap();
    EventTracker::new("after").finish();
    gomon_core::flush(DEADLINE).unwrap();
    let expected = [
        "base1 made",
        "base1 application",
        "base1 before",
        "base1 flushed",
        "base1 flushed",
        "base1 dropped",
        "new1 made",
        "new1 application",
        "new1 after",
        "new1 flushed",
    ];
    assert_eq!(journal.lines(), expected);
    let report = gomon.shutdown();
    assert_ledger(&report);
    assert_eq!(report.dropped(), 0);
    configure("settled-tail", "{}").unwrap();
    assert_eq!(
        journal.lines().last().unwrap(),
        "new1 dropped",
        "it is over"
    );
}

#[test]
fn settings_that_are_wrong_are_refused_and_the_listener_stays() {
    let _turn = turn();
    let journal = Journal::default();
    let gomon = builder()
        .listener_factory(journal.factory(), base())
        .start()
        .unwrap();
    for wrong in [r#"{"levle": 2}"#, r#"{"level": "high"}"#] {
        let error = configure("settled-tail", wrong).unwrap_err();
        assert!(
            error.to_string().starts_with("plugins.settled-tail: "),
            "{error}"
        );
    }
    gomon_core::flush(DEADLINE).unwrap();
    drop(gomon);
    let made = journal
        .lines()
        .iter()
        .filter(|line| line.ends_with("made"))
        .count();
    assert_eq!(made, 1);
    // Nobody is registered any more.
    configure("settled-tail", r#"{"levle": 2}"#).unwrap();
    let refused = builder()
        .listener_factory(journal.factory(), base())
        .start()
        .unwrap_err();
    assert!(matches!(refused, Error::Config(_)), "{refused}");
    configure("settled-tail", "{}").unwrap();
}

#[test]
fn what_the_factory_refuses_leaves_a_listener_by_the_settings_before() {
    let _turn = turn();
    let journal = Journal::default();
    let gomon = builder()
        .listener_factory(journal.factory(), base())
        .start()
        .unwrap();
    configure("settled-tail", r#"{"level": 13}"#).unwrap();
    EventTracker::new("after").finish();
    gomon_core::flush(DEADLINE).unwrap();
    let report = stats();
    let tail = account(&report, "settled-tail");
    assert_eq!(tail.last_error.as_deref(), Some("no such level"));
    assert_eq!((tail.quarantines, tail.total_dropped()), (0, 0));
    assert!(journal.lines().contains(&"base1 after".to_owned()));
    configure("settled-tail", "{}").unwrap();
    drop(gomon);
}

#[test]
fn two_listeners_of_one_kind_have_their_settings_by_their_names() {
    let _turn = turn();
    let journal = Journal::default();
    let ids = ["first", "second"].map(|name| {
        let options = ListenerOptions::new().name(name);
        add_listener_factory_with(options, journal.factory(), base()).unwrap()
    });
    configure("second", r#"{"level": 2}"#).unwrap();
    let report = builder().start().unwrap().shutdown();
    let names: Vec<_> = report
        .listeners
        .iter()
        .map(|listener| listener.name.as_str())
        .collect();
    assert_eq!(names, ["first", "second"]);
    let lines = journal.lines();
    assert!(lines.contains(&"base1 made".to_owned()) && lines.contains(&"base2 made".to_owned()));
    assert!(ids.into_iter().all(remove_listener));
    // Whoever is removed reads no settings any more.
    configure("second", r#"{"level": "none"}"#).unwrap();
    configure("second", "{}").unwrap();
}

#[test]
fn changes_under_load_lose_no_event_and_double_none() {
    let _turn = turn();
    let journal = Journal::default();
    let gomon = builder()
        .listener_factory_with(
            ListenerOptions::new()
                .name("settled-tail")
                .max_events(1 << 20)
                .max_bytes(1 << 30),
            journal.factory(),
            base(),
        )
        .start()
        .unwrap();
    let (load, made) = (Load::default(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _end = load.ends_on_drop();
        scope.spawn(|| {
            while load.goes_on() && made.load(Ordering::Relaxed) < 20_000 {
                EventTracker::new("work").finish();
                if made.fetch_add(1, Ordering::Relaxed) % 1_000 == 0 {
                    gomon_core::flush(DEADLINE).unwrap();
                }
            }
        });
        for level in 2..40 {
            configure("settled-tail", &format!(r#"{{"level": {level}}}"#)).unwrap();
            std::thread::yield_now();
        }
        while made.load(Ordering::Relaxed) < 20_000 {
            std::thread::yield_now();
        }
    });
    let report = gomon.shutdown();
    configure("settled-tail", "{}").unwrap();
    assert_ledger(&report);
    assert_eq!(report.dropped(), 0, "{report:?}");
    let lines = journal.lines();
    let work = lines.iter().filter(|line| line.ends_with(" work")).count();
    assert_eq!(work, made.load(Ordering::Relaxed));
    let application = lines
        .iter()
        .filter(|line| line.ends_with(" application"))
        .count();
    let listeners = lines.iter().filter(|line| line.ends_with(" made")).count();
    assert_eq!(application, listeners, "each is greeted once");
    assert!(
        lines.contains(&"base39 made".to_owned()),
        "the last settings hold"
    );
}

#[test]
fn a_file_holds_from_the_first_listener_on_and_replaces_it_when_it_is_read_again() {
    let _turn = turn();
    let journal = Journal::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gomon.toml");
    std::fs::write(&path, "[plugins.settled-tail]\nlevel = 5\n").unwrap();
    let gomon = builder()
        .listener_factory(journal.factory(), base())
        .config_file(&path)
        .start()
        .unwrap();
    assert_eq!(journal.lines()[0], "base5 made");
    std::fs::write(&path, "[plugins.settled-tail]\nlevel = 66\n").unwrap();
    let _ = gomon_core::reload_config();
    gomon_core::flush(DEADLINE).unwrap();
    assert!(journal.lines().contains(&"base66 made".to_owned()));
    drop(gomon);
    // A start that fails leaves nothing of its file behind.
    std::fs::write(&path, "[plugins.settled-tail]\nlevel = 13\n").unwrap();
    let refused = builder()
        .listener_factory(journal.factory(), base())
        .config_file(&path)
        .start();
    assert!(matches!(refused, Err(Error::Listener { .. })));
    configure("settled-tail", "{}").unwrap();
}

#[test]
fn a_retransmitter_is_replaced_with_all_that_is_behind_it() {
    let _turn = turn();
    let journal = Journal::default();
    let behind = journal.factory();
    let factory = move |config: &TailConfig| {
        let tail = behind(config)?;
        Retransmitter::new("behind")
            .listener(tail)
            .map_err(ListenerError::new)
    };
    let gomon = builder().listener_factory(factory, base()).start().unwrap();
    for (level, fp) in [(1, "one"), (2, "two"), (3, "three")] {
        configure("settled-tail", &format!(r#"{{"level": {level}}}"#)).unwrap();
        EventTracker::new(fp).finish();
        // It reaches the listener behind the retransmitter that there is now.
        gomon_core::flush(DEADLINE).unwrap();
        assert!(journal.lines().contains(&format!("base{level} {fp}")));
    }
    let lines = journal.lines();
    for line in ["base1 one", "base2 two", "base3 three"] {
        assert_eq!(
            lines.iter().filter(|other| *other == line).count(),
            1,
            "{lines:?}"
        );
    }
    let report = gomon.shutdown();
    configure("settled-tail", "{}").unwrap();
    assert_ledger(&report);
    assert_eq!(report.dropped(), 0);
}
