//! Switches for people: in the list of them, and in the `log` events that tell of them.

use std::fmt::Write;

use crate::event::record::Record;
use crate::event::value::Tree;
use crate::notice;
use crate::switch::SetBy;
use crate::switch::rules::Rules;

/// Something that a `log` event is to tell.
#[derive(Debug)]
pub(super) struct News {
    level: &'static str,
    name: String,
    state: &'static str,
    message: String,
}

/// Why a switch is not on any more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Expired,
    TurnedOff,
    Replaced,
}

impl News {
    pub(super) fn on(name: &str, rules: &Rules, origin: SetBy) -> Self {
        Self {
            level: "info",
            name: name.to_owned(),
            state: "on",
            message: format!("switch {name} is on, by {origin}: {}", of(rules)),
        }
    }

    pub(super) fn off(name: &str, ending: Ending, matched: u64) -> Self {
        let (state, how) = match ending {
            Ending::Expired => ("expired", "its time is over"),
            Ending::TurnedOff => ("off", "it was turned off"),
            Ending::Replaced => ("replaced", "another one takes its place"),
        };
        let message = format!("switch {name} is off: {how}; traces it took effect in: {matched}");
        Self {
            level: "info",
            name: name.to_owned(),
            state,
            message,
        }
    }

    pub(super) fn refused(name: &str, message: &str) -> Self {
        Self {
            level: "error",
            name: name.to_owned(),
            state: "refused",
            message: format!("switch {name} stays off: {message}"),
        }
    }
}

pub(super) fn record(news: News) -> Box<Record> {
    let fields = Tree::map()
        .with("switch", news.name)
        .with("state", news.state);
    let mut record = notice::record(news.level, "gomon::switch", &news.message);
    notice::set_fields(&mut record, fields);
    record
}

/// What a switch is about and what it turns on. Values of headers may be secrets.
pub(super) fn of(rules: &Rules) -> String {
    let mut text = String::new();
    let conditions = &rules.conditions;
    for (what, pattern) in [
        ("route", &conditions.route),
        ("user", &conditions.user),
        ("fingerprint", &conditions.fingerprint),
    ] {
        if let Some(pattern) = pattern {
            part(&mut text, format_args!("{what} {}", pattern.as_str()));
        }
    }
    if let Some(header) = &conditions.header {
        part(&mut text, format_args!("header {}", header.name));
    }
    text.push_str(" -> ");
    let from = text.len();
    let effects = rules.effects;
    let mut effect = |is_on: bool, what: std::fmt::Arguments<'_>| {
        if is_on {
            if text.len() > from {
                text.push_str(", ");
            }
            // It cannot fail.
            let _ = text.write_fmt(what);
        }
    };
    let (bodies, rows) = (effects.bodies, effects.rows);
    effect(bodies > 0, format_args!("bodies of {bodies} B"));
    effect(rows > 0, format_args!("{rows} rows"));
    effect(effects.values, format_args!("values"));
    effect(effects.sampling, format_args!("full sampling"));
    effect(effects.profile, format_args!("profile"));
    let lasting = rules.lasting;
    let _ = write!(text, ", for {lasting:?}");
    if let Some(traces) = rules.at_most {
        let _ = write!(text, ", at most {traces} traces");
    }
    text
}

fn part(text: &mut String, what: std::fmt::Arguments<'_>) {
    if !text.is_empty() {
        text.push_str(", ");
    }
    // It cannot fail.
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_described_without_the_values_of_headers() {
        let json = r#"{"route": "/a", "header": "authorization: Bearer x", "bodies": 5, "profile": true,
            "lasting_ms": 300000, "at_most": 2}"#;
        let rules: Rules = serde_json::from_str(json).unwrap();
        assert_eq!(
            of(&rules),
            "route /a, header authorization -> bodies of 5 B, profile, for 300s, at most 2 traces"
        );
    }
}
