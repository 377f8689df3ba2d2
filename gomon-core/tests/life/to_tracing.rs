//! gomon's events as spans of `tracing`, as another layer sees them.

use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex};

use gomon_core::logs::{GomonLayer, TracingListener};
use gomon_core::{EventTracker, Outcome};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, registry};

use crate::support::{DEADLINE, builder, turn};

#[test]
fn events_are_spans_nested_as_the_events_are_once_their_root_has_ended() {
    let _turn = turn();
    let seen = Seen::default();
    let gomon = builder()
        .listener(TracingListener::to(registry().with(seen.clone())))
        .start()
        .unwrap();
    let mut request = EventTracker::new("request");
    request.set("direction", "incoming");
    let mut query = request.child("query");
    query.set("system", "sqlite");
    query.child("row").finish();
    query.mark(Outcome::Failed);
    query.finish();
    let mut line = request.child("log");
    line.set("level", "warn").set("message", "slow");
    line.finish();
    request.finish();
    let _ = gomon.shutdown();

    let expected = [
        "application of nobody, internal completed",
        "request of nobody, server completed",
        "query of request, client failed ERROR",
        "row of query, internal completed",
        "slow of request, WARN",
        "gomon-self of nobody, internal completed",
        "application-end of nobody, internal completed",
    ];
    assert_eq!(seen.lines(), expected);
}

#[test]
fn what_waits_for_its_root_is_emitted_by_a_flush() {
    let _turn = turn();
    let seen = Seen::default();
    let gomon = builder()
        .listener(TracingListener::to(registry().with(seen.clone())))
        .start()
        .unwrap();
    let request = EventTracker::new("request");
    request.child("query").finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(seen.lines()[1..], ["query of nobody, internal completed"]);
    request.child("reply").finish();
    request.finish();
    gomon_core::flush(DEADLINE).unwrap();
    assert_eq!(
        seen.lines()[2..],
        [
            "request of nobody, internal completed",
            "reply of request, internal completed"
        ]
    );
    drop(gomon);
}

#[test]
fn a_trace_with_very_many_events_is_emitted_in_parts() {
    let _turn = turn();
    let seen = Seen::default();
    let gomon = builder()
        .listener(TracingListener::to(registry().with(seen.clone())))
        .start()
        .unwrap();
    let request = EventTracker::new("request");
    for _ in 0..300 {
        request.child("row").finish();
    }
    request.finish();
    gomon_core::flush(DEADLINE).unwrap();
    let rows = |line: &&String| line.starts_with("row");
    let lines = seen.lines();
    assert_eq!(lines.iter().filter(rows).count(), 300);
    let nested = lines
        .iter()
        .filter(|line| line.starts_with("row of request"))
        .count();
    assert_eq!(nested, 300 - 256);
    drop(gomon);
}

#[test]
fn what_came_from_tracing_is_not_emitted_there_once_more() {
    let _turn = turn();
    let seen = Seen::default();
    let subscriber = Arc::new(registry().with(GomonLayer::new()).with(seen.clone()));
    let gomon = builder()
        .listener(TracingListener::to(Arc::clone(&subscriber)))
        .start()
        .unwrap();
    tracing::subscriber::with_default(subscriber, || {
        info_span!("handler").in_scope(|| {
            info!("said");
            EventTracker::new("query").finish();
        });
    });
    gomon_core::flush(DEADLINE).unwrap();
    gomon_core::flush(DEADLINE).unwrap();
    let report = gomon.shutdown();
    // The application, the span, the line, the query, gomon-self, application-end.
    assert_eq!(report.created, 6);
    let lines = seen.lines();
    assert_eq!(lines.iter().filter(|line| line.contains("said")).count(), 1);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("query of nobody"))
            .count(),
        1
    );
    assert!(
        !lines.iter().any(|line| line.contains("handler of")),
        "{lines:#?}"
    );
}

/// What the subscriber was told of the target `gomon`, and all that was said.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, within: Context<'_, S>) {
        if attributes.metadata().target() != "gomon" {
            return;
        }
        let mut said = Said::default();
        attributes.record(&mut said);
        let parent = name(attributes.parent(), &within);
        let text = format!(
            "{} of {parent}, {} {} {}",
            said.fp, said.kind, said.outcome, said.status
        );
        self.0.lock().unwrap().push(text.trim_end().to_owned());
        within.span(id).unwrap().extensions_mut().insert(said);
    }

    fn on_event(&self, event: &tracing::Event<'_>, within: Context<'_, S>) {
        let mut said = Said::default();
        event.record(&mut said);
        let parent = name(event.parent(), &within);
        let text = format!("{} of {parent}, {}", said.message, event.metadata().level());
        self.0.lock().unwrap().push(text);
    }
}

fn name<S: Subscriber + for<'a> LookupSpan<'a>>(
    id: Option<&Id>,
    within: &Context<'_, S>,
) -> String {
    let span = id.and_then(|id| within.span(id));
    let name = span.map(|span| span.extensions().get::<Said>().unwrap().fp.clone());
    name.unwrap_or_else(|| "nobody".to_owned())
}

#[derive(Default)]
struct Said {
    fp: String,
    kind: String,
    outcome: String,
    status: String,
    message: String,
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "fp" => self.fp = value.to_owned(),
            "otel.kind" => self.kind = value.to_owned(),
            "outcome" => self.outcome = value.to_owned(),
            "otel.status_code" => self.status = value.to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = fmt::format(format_args!("{value:?}"));
        }
    }
}
