//! What is checked of a wrapper beside the events of its calls.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::config::plugin;
use crate::context::future::FutureExt;
use crate::probe;
use crate::testing::Recorder;
use crate::testing::wrapper::Wrapper;
use crate::testing::wrapper::describe::{Setting, Step};
use crate::testing::wrapper::drive::{self, Ending};
use crate::testing::wrapper::findings::Findings;
use crate::testing::wrapper::rules;
use crate::testing::wrapper::stage::Stage;
use crate::tracker::EventTracker;
use crate::tracker::end_guard::EndGuard;
use crate::{Error, set_config};

impl<W: Send + Sync + 'static> Wrapper<W> {
    /// Whether a call that lost its cause is found out.
    pub(super) async fn causes(&self, findings: &mut Findings) {
        let (true, Some((call, _))) = (self.always_caused, &self.completes) else {
            return;
        };
        let stage = Stage::new(self).await;
        stage.play(call).await;
        let caused = stage.event().is_some_and(|event| !event.is_orphan());
        findings.expect(caused, &rules::ORPHAN, || {
            format!("a {} with a cause is marked", self.fp)
        });
        let call = call(Arc::clone(&stage.wrapped)).in_context(stage.recorder.context());
        if on_a_task(call).await {
            let orphan = stage.event().is_some_and(|event| event.is_orphan());
            findings.expect(orphan, &rules::ORPHAN, || {
                format!("a {} without a cause is not marked", self.fp)
            });
        }
    }

    /// The event that what is wrapped is itself.
    pub(super) async fn opening(&self, findings: &mut Findings) {
        let Some(fp) = self.opens else { return };
        let stage = Stage::new(self).await;
        let records = stage.recorder.records();
        let opened: Vec<_> = records.iter().filter(|event| event.fp() == fp).collect();
        let opens = opened.iter().filter(|event| event.is_open()).count();
        findings.expect_of(fp, opens == 1, &rules::OPENING, || {
            format!("{opens} opening events {fp}")
        });
        let listed = stage.recorder.run(crate::in_flight);
        let listed = listed.iter().any(|work| work.kind == fp);
        findings.expect_of(fp, listed || opens != 1, &rules::OPENING, || {
            format!("no {fp} in flight")
        });
        let before = opened.len() - opens;
        let id = opened.first().map(|event| event.id().to_owned());
        drop(stage.wrapped);
        let closed = stage.recorder.find(fp);
        let one = before == 0 && closed.len() == 1;
        let same = opens != 1 || closed.iter().all(|event| id.as_deref() == Some(event.id()));
        findings.expect_of(fp, one && same, &rules::CLOSING, || {
            format!(
                "{} closing events {fp}, {before} of them while it lived",
                closed.len()
            )
        });
    }

    /// What the unit of work round a pending call waits for.
    pub(super) async fn waiting(&self, findings: &mut Findings) {
        let (Some(kind), Some(call)) = (self.waits, &self.pends) else {
            return;
        };
        let recorder = Recorder::new();
        let clock = recorder.manual_clock();
        let stage = Stage::by(self, recorder).await;
        let mut unit = stage
            .recorder
            .run(|| EndGuard::unit(EventTracker::new(UNIT)));
        let mut call = call(Arc::clone(&stage.wrapped));
        for _ in 0..2 {
            let ending = drive::until_it_waits(|cx| {
                let poll = || unit.poll_future(cx, |cx| call.as_mut().poll(cx));
                stage.recorder.run(|| catch_unwind(AssertUnwindSafe(poll)))
            });
            if ending.await != Ending::Pending {
                return; // `left` has said so.
            }
            clock.advance(Duration::from_secs(1));
        }
        stage.recorder.run(|| unit.poll(|| drop(call)));
        drop(unit);
        let unit = stage.recorder.one(UNIT);
        let waited = unit
            .at(&format!("wait.{}", kind.name()))
            .and_then(Value::as_u64);
        findings.expect(
            waited.is_some_and(|waited| waited > 0),
            &rules::WAIT,
            || {
                format!(
                    "no `{}` in the wait of the unit: {}",
                    kind.name(),
                    unit.get("wait").unwrap_or(&Value::Null)
                )
            },
        );
    }

    /// Whether settings are read, taken over and refused.
    pub(super) async fn settings(&self, findings: &mut Findings) {
        let (Some(setting), Some((call, _))) = (&self.config, &self.completes) else {
            return;
        };
        let _alone = SETTINGS.lock().await;
        let stage = Stage::new(self).await;
        stage.play(call).await;
        let name = setting.name;
        let read = plugin::is_registered(name);
        findings.expect_of(name, read, &rules::CONFIG_READ, || {
            format!("nobody reads `plugins.{name}`")
        });
        if !read {
            return;
        }
        let before = PutBack(name, plugin::kept(name));
        let table: Value = serde_json::from_str(&setting.json).unwrap_or_default();
        let states = [("with", table.clone(), true), ("without", json!({}), false)];
        for (with, table, expected) in states {
            if let Err(error) = set(name, &table) {
                findings.stop(&format!(
                    "the setting of `Wrapper::config` is refused: {error}"
                ));
                return;
            }
            let shows = self.shows(&stage, setting, call).await;
            findings.expect_of(name, shows == expected, &rules::CONFIG_APPLIED, || {
                let shows = if shows {
                    "shows it"
                } else {
                    "does not show it"
                };
                format!("an event {with} {} {shows}", setting.json)
            });
        }
        let mut unknown = table;
        if let Some(unknown) = unknown.as_object_mut() {
            unknown.insert("no-such-setting".to_owned(), true.into());
        }
        let refused = matches!(set(name, &unknown), Err(Error::Config(_)));
        findings.expect(refused, &rules::CONFIG_REFUSED, || {
            format!("`plugins.{name}.no-such-setting` is taken")
        });
        drop(before);
    }

    async fn shows(&self, stage: &Stage<W>, setting: &Setting, call: &Step<W>) -> bool {
        stage.play(call).await;
        stage.event().is_some_and(|event| (setting.shows)(&event))
    }

    /// What the wrapper says of itself.
    pub(super) async fn probes(&self, findings: &mut Findings) {
        let Some(name) = self.probe else { return };
        let stage = Stage::new(self).await;
        let there = || {
            stage
                .recorder
                .run(probe::names)
                .iter()
                .any(|probe| probe == name)
        };
        findings.expect_of(name, there(), &rules::PROBE, || {
            format!("no probe `{name}`")
        });
        if !there() {
            return;
        }
        let reading = stage
            .recorder
            .run(probe::read)
            .into_iter()
            .find(|probe| probe.name == name);
        let Some(reading) = reading else { return };
        for gauge in &self.gauges {
            let read = reading.gauge(gauge);
            findings.expect_of(gauge, matches!(read, Some(Ok(_))), &rules::GAUGE, || {
                format!("gauge `{gauge}`: {read:?}")
            });
        }
        for row in &self.rows {
            let read = reading.row(row);
            let says = read.is_some_and(|row| row.as_ref().is_ok_and(|row| !row.is_empty()));
            findings.expect_of(row, says, &rules::ROW, || format!("row `{row}`: {read:?}"));
        }
        for action in &self.actions {
            let ran = stage.recorder.run(|| probe::run(name, action, &[]));
            findings.expect_of(action, ran.is_ok(), &rules::ACTION, || {
                format!("action `{action}`: {ran:?}")
            });
        }
        for level in &self.levels {
            self.rise_and_fall(findings, name, level).await;
        }
        let recorder = stage.recorder;
        drop(stage.wrapped);
        let left = recorder.run(probe::names);
        findings.expect(
            !left.iter().any(|probe| probe == name),
            &rules::PROBE_GONE,
            || format!("{left:?}"),
        );
    }

    /// Whether a gauge rises with a call, and falls again.
    async fn rise_and_fall(&self, findings: &mut Findings, probe: &str, level: &'static str) {
        let ends: [(&str, Option<&Step<W>>); 4] = [
            (
                "returned well",
                self.completes.as_ref().map(|(call, _)| call),
            ),
            (
                "returned an error",
                self.fails.as_ref().map(|(call, _)| call),
            ),
            ("panicked", self.panics.as_ref()),
            ("was dropped", self.pends.as_ref()),
        ];
        for (how, call) in ends {
            let Some(call) = call else { continue };
            let stage = Stage::new(self).await;
            let now = || {
                let probes = stage.recorder.run(probe::read);
                let probe = probes.into_iter().find(|other| other.name == probe);
                probe.and_then(|probe| probe.gauge(level).cloned()?.ok())
            };
            let before = now();
            if how == "was dropped" {
                let (context, mut call) = (stage.context(), call(Arc::clone(&stage.wrapped)));
                drive::until_it_waits(|cx| drive::poll_here(&mut call, context, cx)).await;
                let during = now();
                findings.expect_of(level, during > before, &rules::LEVEL, || {
                    format!("`{level}` was {before:?} before a call, and {during:?} in it")
                });
                context.enter(|| drop(call));
            } else {
                stage.play(call).await;
            }
            let after = now();
            findings.expect_of(level, after == before, &rules::NO_LEAK, || {
                format!("`{level}` was {before:?} before a call that {how}, and {after:?} after it")
            });
        }
    }
}

/// Runs a call as a task, on the runtime of the test or else on one of its own. False if there is no way to.
async fn on_a_task(call: impl Future<Output = String> + Send + 'static) -> bool {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        return runtime.spawn(call).await.is_ok();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.is_ok_and(|runtime| {
        runtime
            .block_on(async { runtime.spawn(call).await })
            .is_ok()
    })
}

fn set(name: &str, table: &Value) -> Result<(), Error> {
    let config = json!({"plugins": {name: table}});
    let config = serde_json::from_value(config).unwrap_or_default();
    set_config(config)
}

/// Puts the settings back to what they were.
struct PutBack(&'static str, Value);

impl Drop for PutBack {
    fn drop(&mut self) {
        let _ = set(self.0, &self.1);
    }
}

/// Settings are the process's: one check changes them at a time.
static SETTINGS: Mutex<()> = Mutex::const_new(());
const UNIT: &str = "unit";
