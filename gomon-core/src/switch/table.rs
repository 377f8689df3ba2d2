//! The switches that are on.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::event::id::TraceId;
use crate::switch::conditions::{Header, Known};
use crate::switch::description::{self, Ending, News};
use crate::switch::effects::Effects;
use crate::switch::marks::Marks;
use crate::switch::rules::{EACH_ORIGIN, Rules};
use crate::switch::{SetBy, SwitchState};

/// All that is on, and what is known of the traces it is about.
///
/// A switch has a place in it as long as it is on; the bit of that place stands for it.
#[derive(Debug)]
pub(super) struct Table {
    places: [Option<On>; PLACES],
    marks: Marks,
    /// What the configuration says, also of switches that are over: they are not turned on again by that.
    configured: BTreeMap<String, Rules>,
    next_number: u64,
    news: VecDeque<News>,
}

pub(super) type Origin = SetBy;

/// What an event's effects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// To record it: what holds now.
    Now,
    /// To be ready for what may come to hold.
    Ahead,
    /// To keep it. Only switches that ask for that take effect by it.
    Sampling,
}

/// A switch that is on.
#[derive(Debug)]
struct On {
    name: String,
    rules: Rules,
    origin: Origin,
    /// The order in which they were turned on.
    number: u64,
    /// Nanoseconds of the monotonic clock.
    until: u64,
    matched: u64,
}

/// A header that the switch of a place asks for.
#[derive(Clone, Debug)]
pub(super) struct WantedHeader {
    bit: u32,
    /// Of the switch: another one may have its place meanwhile.
    number: u64,
    header: Header,
}

impl WantedHeader {
    pub(super) fn name(&self) -> &str {
        &self.header.name
    }

    pub(super) fn is_met(&self, value: &[u8]) -> bool {
        self.header.value.matches(value)
    }
}

impl On {
    fn is_used_up(&self) -> bool {
        let most = self.rules.at_most;
        most.is_some_and(|most| self.matched >= most)
    }
}

impl Table {
    pub(super) const EMPTY: Self = Self {
        places: [const { None }; PLACES],
        marks: Marks::NONE,
        configured: BTreeMap::new(),
        next_number: 0,
        news: VecDeque::new(),
    };

    /// A bit for each that is on.
    pub(super) fn on(&self) -> u32 {
        self.switches().fold(0, |bits, (bit, _)| bits | bit)
    }

    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub(super) fn take_news(&mut self) -> VecDeque<News> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn turn_on(
        &mut self,
        name: &str,
        rules: &Rules,
        origin: Origin,
        now: u64,
    ) -> Result<(), String> {
        self.expire(now);
        let same = |place: &Option<On>| place.as_ref().is_some_and(|on| on.name == name);
        let of_origin = self.switches().filter(|(_, on)| on.origin == origin);
        let others = of_origin.filter(|(_, on)| on.name != name).count();
        let place = self.places.iter().position(same);
        let place = place.or_else(|| self.places.iter().position(Option::is_none));
        let Some(at) = place.filter(|_| others < EACH_ORIGIN) else {
            return Err(format!("{EACH_ORIGIN} others are on"));
        };
        self.end(at, Ending::Replaced);
        let lasting = u64::try_from(rules.lasting.as_nanos()).unwrap_or(u64::MAX);
        self.tell(News::on(name, rules, origin));
        let on = On {
            name: name.to_owned(),
            rules: rules.clone(),
            origin,
            number: self.next_number,
            until: now.saturating_add(lasting),
            matched: 0,
        };
        self.next_number += 1;
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(on);
        }
        Ok(())
    }

    pub(super) fn turn_off(&mut self, name: &str) -> bool {
        let is_it = |place: &Option<On>| place.as_ref().is_some_and(|on| on.name == name);
        let at = self.places.iter().position(is_it);
        at.is_some_and(|at| self.end(at, Ending::TurnedOff))
    }

    /// Turns on what is new or different, and off what is not there any more.
    pub(super) fn configure(&mut self, switches: &BTreeMap<String, Rules>, now: u64) {
        let before = std::mem::replace(&mut self.configured, switches.clone());
        let gone = before.keys().filter(|name| !switches.contains_key(*name));
        for name in gone {
            let is_it = |place: &Option<On>| {
                let of_configuration = |on: &On| on.origin == SetBy::Configuration;
                place
                    .as_ref()
                    .is_some_and(|on| on.name == *name && of_configuration(on))
            };
            if let Some(at) = self.places.iter().position(is_it) {
                self.end(at, Ending::TurnedOff);
            }
        }
        for (name, rules) in switches {
            if before.get(name) != Some(rules)
                && let Err(message) = self.turn_on(name, rules, SetBy::Configuration, now)
            {
                self.tell(News::refused(name, &message));
            }
        }
    }

    /// Ends those whose time is over.
    pub(super) fn expire(&mut self, now: u64) {
        for at in 0..PLACES {
            let place = self.places.get(at).and_then(Option::as_ref);
            if place.is_some_and(|on| on.until <= now) {
                self.end(at, Ending::Expired);
            }
        }
    }

    pub(super) fn list(&self, now: u64) -> Vec<SwitchState> {
        let mut all: Vec<&On> = self.switches().map(|(_, on)| on).collect();
        all.sort_by_key(|on| on.number);
        let states = all.into_iter().map(|on| SwitchState {
            name: on.name.clone(),
            what: description::of(&on.rules),
            set_by: on.origin,
            left: Duration::from_nanos(on.until.saturating_sub(now)),
            matched: on.matched,
        });
        states.collect()
    }

    /// What is added to an event of that fingerprint in that trace, which counts where it is the first of its trace.
    pub(super) fn effects(
        &mut self,
        fp: &str,
        trace: Option<TraceId>,
        look: Look,
        now: u64,
    ) -> Effects {
        let mark = trace.map(|trace| self.marks.get(trace)).unwrap_or_default();
        let mut effects = Effects::default();
        let mut taken = 0;
        for (bit, on) in places(&mut self.places) {
            let asked = look != Look::Sampling || on.rules.effects.sampling;
            if !asked || on.until <= now || !on.rules.conditions.is_about(fp) {
                continue;
            }
            if mark.taken & bit == 0 {
                let mut needs = on.rules.conditions.needs();
                let holds = needs.all(|known| mark.has(known, bit));
                if on.is_used_up() || !holds && look != Look::Ahead {
                    continue;
                }
                if look != Look::Ahead && trace.is_some() {
                    on.matched += 1;
                    taken |= bit;
                }
            }
            effects = effects.plus(on.rules.effects);
        }
        if taken != 0
            && let Some(trace) = trace
        {
            self.marks.of(trace).taken |= taken;
        }
        effects
    }

    /// Something has become known of a trace.
    pub(super) fn note(&mut self, trace: TraceId, known: Known, value: &str) {
        let meets = |on: &On| on.rules.conditions.is_met(known, value);
        let bits = self
            .switches()
            .filter_map(|(bit, on)| meets(on).then_some(bit))
            .fold(0, |bits, bit| bits | bit);
        if bits != 0 {
            self.marks.of(trace).add(known, bits);
        }
    }

    /// The headers that are asked for.
    pub(super) fn headers(&self) -> Vec<WantedHeader> {
        let wanted = self.switches().filter_map(|(bit, on)| {
            let header = on.rules.conditions.header.clone()?;
            Some(WantedHeader {
                bit,
                number: on.number,
                header,
            })
        });
        wanted.collect()
    }

    /// These of them came.
    pub(super) fn note_headers(&mut self, trace: TraceId, there: &[WantedHeader]) {
        let is_still_on = |wanted: &&WantedHeader| {
            let mut on = self.switches();
            on.any(|(bit, on)| bit == wanted.bit && on.number == wanted.number)
        };
        let bits = there
            .iter()
            .filter(is_still_on)
            .fold(0, |bits, wanted| bits | wanted.bit);
        if bits != 0 {
            self.marks.of(trace).add(Known::Header, bits);
        }
    }

    /// A trace has ended.
    pub(super) fn forget(&mut self, trace: TraceId) {
        self.marks.remove(trace);
    }

    /// Ends the one in that place; false if there is none.
    fn end(&mut self, at: usize, ending: Ending) -> bool {
        let Some(on) = self.places.get_mut(at).and_then(Option::take) else {
            return false;
        };
        self.tell(News::off(&on.name, ending, on.matched));
        match self.on() {
            0 => self.marks.clear_all(),
            _ => self.marks.clear(1 << at),
        }
        true
    }

    /// The bus says it. What nobody asks for is not kept for ever.
    fn tell(&mut self, news: News) {
        if self.news.len() >= MOST_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }

    fn switches(&self) -> impl Iterator<Item = (u32, &On)> {
        let places = self.places.iter().enumerate();
        places.filter_map(|(at, place)| Some((1 << at, place.as_ref()?)))
    }
}

fn places(places: &mut [Option<On>; PLACES]) -> impl Iterator<Item = (u32, &mut On)> {
    let places = places.iter_mut().enumerate();
    places.filter_map(|(at, place)| Some((1 << at, place.as_mut()?)))
}

const PLACES: usize = 2 * EACH_ORIGIN;
const MOST_NEWS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: TraceId = TraceId(7);

    fn rules(json: &str) -> Rules {
        serde_json::from_str(json).unwrap()
    }

    fn table(json: &str) -> Table {
        let mut table = Table::EMPTY;
        let turned_on = table.turn_on("a", &rules(json), SetBy::Code, 0);
        turned_on.unwrap();
        table
    }

    fn rows(table: &mut Table, fp: &str) -> usize {
        table.effects(fp, Some(TRACE), Look::Now, 0).rows
    }

    #[test]
    fn all_conditions_have_to_hold() {
        let mut table =
            table(r#"{"route": "/a", "user": "ada", "fingerprint": "sql-*", "rows": 3}"#);
        table.note(TRACE, Known::Route, "/a");
        table.note(TRACE, Known::User, "joe");
        assert_eq!(rows(&mut table, "sql-wconn-queryctx"), 0);
        let ahead = table.effects("sql-wconn-queryctx", Some(TRACE), Look::Ahead, 0);
        assert_eq!(ahead.rows, 3, "it may come to hold");
        table.note(TRACE, Known::User, "Ada");
        assert_eq!(rows(&mut table, "sql-wconn-queryctx"), 3);
        assert_eq!(rows(&mut table, "http-roundtripper"), 0);
        assert_eq!(table.list(0)[0].matched, 1);
    }

    #[test]
    fn it_takes_effect_in_so_many_traces_and_stays_in_these() {
        let mut table = table(r#"{"fingerprint": "*", "rows": 3, "at_most": 2}"#);
        for (trace, expected) in [(1, 3), (1, 3), (2, 3), (3, 0), (1, 3)] {
            let effects = table.effects("x", Some(TraceId(trace)), Look::Now, 0);
            assert_eq!(effects.rows, expected, "{trace}");
        }
        assert_eq!(table.list(0)[0].matched, 2);
        assert_eq!(
            table.effects("x", Some(TraceId(9)), Look::Ahead, 0),
            Effects::default()
        );
    }

    #[test]
    fn it_is_over_at_its_time_to_the_nanosecond() {
        let mut table = table(r#"{"fingerprint": "*", "rows": 3, "lasting_ms": 1}"#);
        let before = table.effects("x", Some(TRACE), Look::Now, 999_999);
        let after = table.effects("x", Some(TRACE), Look::Now, 1_000_000);
        assert_eq!((before.rows, after.rows), (3, 0));
        table.expire(999_999);
        assert_eq!(table.on(), 1);
        table.expire(1_000_000);
        assert_eq!((table.on(), table.list(0).len()), (0, 0));
        assert_eq!(table.take_news().len(), 2);
    }

    #[test]
    fn what_asks_for_rows_only_takes_no_effect_on_the_bus() {
        let mut table = table(r#"{"fingerprint": "*", "rows": 3}"#);
        let effects = table.effects("x", Some(TRACE), Look::Sampling, 0);
        assert_eq!((effects, table.list(0)[0].matched), (Effects::default(), 0));
    }

    #[test]
    fn who_gets_a_place_does_not_inherit_its_marks() {
        let mut table = table(r#"{"user": "ada", "rows": 3}"#);
        table.note(TRACE, Known::User, "ada");
        assert!(
            table
                .turn_on(
                    "b",
                    &rules(r#"{"fingerprint": "b", "rows": 1}"#),
                    SetBy::Code,
                    0
                )
                .is_ok()
        );
        assert!(table.turn_off("a") && !table.turn_off("a"));
        let other = table.turn_on("c", &rules(r#"{"user": "joe", "rows": 5}"#), SetBy::Code, 0);
        assert!(other.is_ok());
        assert_eq!(rows(&mut table, "x"), 0);
    }

    #[test]
    fn one_of_the_same_name_takes_the_place_of_the_other() {
        let mut table = table(r#"{"fingerprint": "*", "rows": 3}"#);
        let other = rules(r#"{"fingerprint": "*", "rows": 1}"#);
        table.turn_on("a", &other, SetBy::Code, 0).unwrap();
        assert_eq!((rows(&mut table, "x"), table.list(0).len()), (1, 1));
    }

    #[test]
    fn each_origin_has_places_of_its_own() {
        let mut table = Table::EMPTY;
        let any = rules(r#"{"fingerprint": "*", "rows": 3}"#);
        for origin in [SetBy::Code, SetBy::Configuration] {
            for number in 0..EACH_ORIGIN {
                let name = format!("{origin} {number}");
                table.turn_on(&name, &any, origin, 0).unwrap();
            }
            let refused = table.turn_on("more", &any, origin, 0);
            assert_eq!(refused, Err("16 others are on".to_owned()));
            let again = table.turn_on(&format!("{origin} 3"), &any, origin, 0);
            assert_eq!(again, Ok(()));
        }
    }

    #[test]
    fn a_configuration_turns_on_what_changes_in_it_and_off_what_is_gone() {
        let mut table = Table::EMPTY;
        let all = |json: &str| serde_json::from_str::<BTreeMap<String, Rules>>(json).unwrap();
        let one = all(r#"{"a": {"user": "x", "rows": 1, "lasting_ms": 10}}"#);
        table.configure(&one, 0);
        table.expire(10_000_000);
        table.configure(&one, 10_000_000);
        assert_eq!(table.on(), 0, "it is over");
        let other = all(r#"{"a": {"user": "x", "rows": 2, "lasting_ms": 10}}"#);
        table.configure(&other, 10_000_000);
        assert_eq!(table.list(10_000_000)[0].left, Duration::from_millis(10));
        table.configure(&BTreeMap::new(), 10_000_000);
        assert_eq!(table.on(), 0);
    }

    #[test]
    fn what_is_to_be_said_is_bounded() {
        let mut table = Table::EMPTY;
        let any = rules(r#"{"fingerprint": "*", "rows": 3}"#);
        for _ in 0..1_000 {
            table.turn_on("a", &any, SetBy::Code, 0).unwrap();
        }
        assert_eq!(table.take_news().len(), MOST_NEWS);
    }
}
