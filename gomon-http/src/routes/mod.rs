//! What a layer knows of each of its routes.

mod slow;
mod table;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gomon_core::mask::NameMask;

pub use slow::Slow;

use crate::url;

use slow::{Line, Standard};
use table::{At, Table};

/// The routes of one layer and its clones, up to a number: a route that comes after them is `other`.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    named: Table,
    other: OnceLock<Route>,
    unknown: OnceLock<Route>,
}

/// Names one of them, for who keeps the layer's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RouteId {
    /// It has a template.
    Named(At),
    /// It came when there were enough.
    Other,
    /// Nobody knows it.
    Unknown,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Route {
    name: Option<Arc<str>>,
    standard: Standard,
    begun: AtomicU64,
    line: Line,
    /// The mask by whose names no parameter of it is secret.
    plain: AtomicU64,
}

impl Routes {
    /// The route of this template, judged by this standard; one and the same for requests whose route nobody knows.
    pub(crate) fn of(&self, template: Option<&str>, slow: &Slow) -> RouteId {
        let new = |name| Route::new(name, slow.of_route(name));
        let Some(template) = template else {
            self.unknown.get_or_init(|| new(None));
            return RouteId::Unknown;
        };
        match self.named.at(template, || new(Some(template))) {
            Some(at) => RouteId::Named(at),
            None => {
                self.other.get_or_init(|| new(Some(OTHER)));
                RouteId::Other
            }
        }
    }

    /// What is known of it; nothing of a route of other routes than these.
    pub(crate) fn get(&self, id: RouteId) -> Option<&Route> {
        match id {
            RouteId::Named(at) => self.named.get(at),
            RouteId::Other => self.other.get(),
            RouteId::Unknown => self.unknown.get(),
        }
    }
}

impl Route {
    fn new(name: Option<&str>, standard: Standard) -> Self {
        Self {
            name: name.map(Arc::from),
            standard,
            begun: AtomicU64::new(0),
            line: Line::default(),
            plain: AtomicU64::new(u64::MAX),
        }
    }

    /// What the event calls it.
    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// Whether no parameter of its template is secret.
    pub(crate) fn is_plain(&self, names: &NameMask) -> bool {
        if self.plain.load(Ordering::Relaxed) == names.id() {
            return true;
        }
        let plain = |template: &Arc<str>| !url::has_secrets(template, names);
        let is_plain = self.name.as_ref().is_some_and(plain);
        if is_plain {
            self.plain.store(names.id(), Ordering::Relaxed);
        }
        is_plain
    }

    /// A request begins. Whether it is the one of so many whose CPU time is measured; 0 is none.
    pub(crate) fn begins(&self, one_of: u32) -> bool {
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        one_of != 0 && number.is_multiple_of(u64::from(one_of))
    }

    /// A request has taken so long: whether that is slow.
    pub(crate) fn took(&self, time: Duration) -> bool {
        let Standard { own, threshold } = self.standard;
        let is_long = threshold.is_some_and(|threshold| time > threshold);
        // Asked in any case: it counts.
        own && self.line.took(time) || is_long
    }
}

const OTHER: &str = "other";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_the_cap_a_route_is_one_of_the_others() {
        let (routes, slow) = (Routes::default(), Slow::default());
        let name_of = |template: Option<&str>| {
            let route = routes.get(routes.of(template, &slow)).unwrap();
            route.name().map(|name| name.to_string())
        };
        let templates: Vec<_> = (0..table::MOST)
            .map(|number| format!("/{number}"))
            .collect();
        for template in &templates {
            assert_eq!(name_of(Some(template)).as_ref(), Some(template));
        }
        assert_eq!(name_of(Some("/more")).as_deref(), Some("other"));
        let before: Vec<_> = templates
            .iter()
            .map(|template| routes.of(Some(template), &slow))
            .collect();
        for (template, id) in templates.iter().zip(before) {
            assert_eq!(routes.of(Some(template), &slow), id);
            assert_eq!(name_of(Some(template)).as_ref(), Some(template));
        }
        assert_eq!(name_of(None), None);
        assert_eq!(routes.of(None, &slow), RouteId::Unknown);
    }

    #[test]
    fn threads_that_meet_a_template_first_agree_on_its_route() {
        let (routes, slow) = (Routes::default(), Slow::default());
        let all = || -> Vec<_> {
            (0..200)
                .map(|number| routes.of(Some(&format!("/{number}/x")), &slow))
                .collect()
        };
        let ids = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(all)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert!(ids.iter().all(|of_thread| *of_thread == all()));
        let mut different = all();
        different.sort_by_key(|id| format!("{id:?}"));
        different.dedup();
        assert_eq!(different.len(), 200);
    }

    #[test]
    fn one_of_so_many_requests_of_a_route_is_measured_beginning_with_the_first() {
        let route = Route::new(None, Standard::default());
        let measured: Vec<_> = (0..130).filter(|_| route.begins(64)).collect();
        assert_eq!(measured, [0, 64, 128]);
        assert!(!route.begins(0));
    }

    #[test]
    fn what_is_plain_by_one_mask_is_asked_again_by_another() {
        let route = Route::new(Some("/users/{id}"), Standard::default());
        let [usual, strict] = [NameMask::default(), NameMask::new(["id"])];
        for _ in 0..2 {
            assert!(route.is_plain(&usual));
            assert!(!route.is_plain(&strict));
        }
        let secret = Route::new(Some("/reset/{token}"), Standard::default());
        assert!(!secret.is_plain(&usual) && secret.is_plain(&strict));
    }
}
