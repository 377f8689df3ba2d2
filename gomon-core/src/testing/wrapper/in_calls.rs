//! What is checked of a call and its event.

use std::sync::Arc;

use crate::capture::Capture;
use crate::context::Context;
use crate::testing::Recorded;
use crate::testing::wrapper::Wrapper;
use crate::testing::wrapper::describe::Step;
use crate::testing::wrapper::drive::{self, Ending};
use crate::testing::wrapper::findings::Findings;
use crate::testing::wrapper::rules;
use crate::testing::wrapper::stage::Stage;

impl<W: Send + Sync + 'static> Wrapper<W> {
    /// The plainest call. False if nothing more can be told of a wrapper.
    pub(super) async fn calls(&self, findings: &mut Findings) -> bool {
        let Some((call, seen)) = &self.completes else {
            findings.stop("describe a call that returns well: `Wrapper::completes(call, seen)`");
            return false;
        };
        let stage = Stage::new(self).await;
        self.same(findings, &stage.play(call).await, seen);
        let events = stage.events();
        findings.expect(events.len() == 1, &rules::EVENT, || {
            format!(
                "{} events {} of a call that returned well",
                events.len(),
                self.fp
            )
        });
        let [event] = events.as_slice() else {
            return false;
        };
        self.outcome(findings, event, "completed", &rules::COMPLETED);
        for key in &self.keys {
            findings.expect_of(key, event.get(key).is_some(), &rules::KEYS, || {
                format!("no key `{key}` in {event}")
            });
        }
        findings.expect(stage.is_child_of_outer(event), &rules::PARENT, || {
            format!("{event}")
        });
        self.moving(findings, call, seen).await;
        self.unmonitored(findings, call, seen).await;
        true
    }

    fn same(&self, findings: &mut Findings, ending: &Ending, seen: &str) {
        let same = *ending == Ending::Returned(seen.to_owned());
        findings.expect(same, &rules::SAME_RESULT, || {
            format!("{ending:?} in the place of {seen}")
        });
    }

    fn outcome(
        &self,
        findings: &mut Findings,
        event: &Recorded,
        outcome: &str,
        rule: &rules::Rule,
    ) {
        findings.expect(event.outcome() == outcome, rule, || {
            format!(
                "{} ended as `{}`, not as `{outcome}`",
                self.fp,
                event.outcome()
            )
        });
    }

    async fn moving(&self, findings: &mut Findings, call: &Step<W>, seen: &str) {
        let stage = Stage::new(self).await;
        let call = call(Arc::clone(&stage.wrapped));
        let ending = drive::across_threads(call, stage.context()).await;
        self.same(findings, &ending, seen);
        let events = stage.events();
        let moved = events.len() == 1 && events.iter().all(|event| stage.is_child_of_outer(event));
        findings.expect(moved, &rules::THREADS, || stage.recorder.tree());
    }

    async fn unmonitored(&self, findings: &mut Findings, call: &Step<W>, seen: &str) {
        let stage = Stage::new(self).await;
        let nowhere = Context::unmonitored_in(stage.context());
        let ending = drive::to_its_end(call(Arc::clone(&stage.wrapped)), nowhere).await;
        self.same(findings, &ending, seen);
        findings.expect(stage.events().is_empty(), &rules::OFF, || {
            stage.recorder.tree()
        });
    }

    /// What is taken of a call, and what is not.
    pub(super) async fn values(&self, findings: &mut Findings) {
        let presets = [
            ("minimal", Capture::minimal()),
            ("safe", Capture::safe()),
            ("full", Capture::full()),
        ];
        for (name, capture) in presets {
            for (key, taken) in &self.captures {
                let Some((call, _)) = &self.completes else {
                    continue;
                };
                let stage = Stage::capturing(self, capture.clone()).await;
                stage.play(call).await;
                let (taken, event) = (taken(&capture), stage.event());
                let is_there = event.is_some_and(|event| event.get(key).is_some());
                findings.expect_of(key, is_there == taken, &rules::CAPTURED, || {
                    let is = if is_there { "there" } else { "not there" };
                    format!("`{key}` is {is} with `Capture::{name}()`")
                });
            }
            for (call, secret) in &self.hides {
                let stage = Stage::capturing(self, capture.clone()).await;
                stage.play(call).await;
                drop(stage.wrapped);
                let records = stage.recorder.records();
                let told = records
                    .iter()
                    .find(|event| event.to_string().contains(secret));
                findings.expect(told.is_none(), &rules::MASKED, || {
                    let event = told.map(ToString::to_string).unwrap_or_default();
                    format!("with `Capture::{name}()` {event}")
                });
            }
        }
        for (call, key) in &self.cuts {
            let stage = Stage::capturing(self, Capture::full()).await;
            stage.play(call).await;
            let event = stage.event();
            let cut = event
                .as_ref()
                .and_then(|event| event["gomon:dropped"].get(key));
            findings.expect_of(key, cut.is_some(), &rules::CUT, || {
                format!("nothing of `{key}` is counted in `gomon:dropped`")
            });
        }
    }

    /// How calls end that do not return well.
    pub(super) async fn endings(&self, findings: &mut Findings) {
        if let Some((call, seen)) = &self.fails {
            let stage = Stage::new(self).await;
            self.same(findings, &stage.play(call).await, seen);
            if let Some(event) = self.one(findings, &stage, "returned an error") {
                self.outcome(findings, &event, "failed", &rules::FAILED);
                self.error(findings, &event);
            }
        }
        if let Some(call) = &self.panics {
            let stage = Stage::new(self).await;
            let ending = stage.play(call).await;
            let panicked = matches!(ending, Ending::Panicked(_));
            findings.expect(panicked, &rules::PANIC_RESUMED, || format!("{ending:?}"));
            if let Some(event) = self.one(findings, &stage, "panicked") {
                self.outcome(findings, &event, "panicked", &rules::PANICKED);
                let error = event.at("error.0.msg").is_some();
                findings.expect(error, &rules::PANICKED, || format!("no error in {event}"));
            }
        }
        if let Some((call, inner)) = &self.nests {
            let stage = Stage::new(self).await;
            stage.play(call).await;
            let (event, inside) = (stage.event(), stage.recorder.find(inner));
            let nested =
                event.is_some_and(|event| inside.iter().any(|inner| inner.is_child_of(&event)));
            findings.expect(nested, &rules::NESTED, || stage.recorder.tree());
        }
        self.left(findings).await;
    }

    fn error(&self, findings: &mut Findings, event: &Recorded) {
        let text = |path: &str| {
            event
                .at(path)
                .and_then(|value| value.as_str())
                .unwrap_or("")
        };
        let fp = self.fp;
        let said = !text("error.0.msg").is_empty();
        findings.expect(said, &rules::ERROR, || format!("{fp} has no error"));
        if said {
            let error = event
                .at("error.0")
                .map(ToString::to_string)
                .unwrap_or_default();
            findings.expect(!text("error.0.type").is_empty(), &rules::ERROR_TYPE, || {
                error.clone()
            });
            let located = text("error.0.location").contains(':');
            findings.expect(located, &rules::ERROR_LOCATION, || error.clone());
        }
    }

    /// A call that is dropped before its end.
    async fn left(&self, findings: &mut Findings) {
        let Some(call) = &self.pends else { return };
        let stage = Stage::new(self).await;
        let (context, mut call) = (stage.context(), call(Arc::clone(&stage.wrapped)));
        let ending = drive::until_it_waits(|cx| drive::poll_here(&mut call, context, cx)).await;
        if ending != Ending::Pending {
            findings.stop(&format!(
                "the call of `Wrapper::pends` has to stay pending, and ended: {ending:?}"
            ));
            return;
        }
        let listed = stage.recorder.run(crate::in_flight);
        let listed = listed.iter().any(|work| work.kind == self.fp);
        findings.expect(listed || !self.unit, &rules::UNIT, || {
            format!("no {} in flight", self.fp)
        });
        let during = stage.events().len();
        findings.expect(during == 0, &rules::CANCELLED, || {
            "it ended while it was pending".to_owned()
        });
        context.enter(|| drop(call));
        if let Some(event) = self.one(findings, &stage, "was dropped") {
            self.outcome(findings, &event, "cancelled", &rules::CANCELLED);
        }
    }

    fn one(&self, findings: &mut Findings, stage: &Stage<W>, what: &str) -> Option<Recorded> {
        let mut events = stage.events();
        findings.expect(events.len() == 1, &rules::EVENT, || {
            format!("{} events {} of a call that {what}", events.len(), self.fp)
        });
        events.pop()
    }
}
