//! An exchange in its place in memory, which it keeps from the future to the body.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};

use gomon_core::Outcome;
use http::Response;
use http_body::Body;

use crate::exchange::Exchange;

/// Owns an exchange. Futures and bodies are moved about, some of them often: this is one pointer, where an exchange is hundreds of
/// bytes. Its memory is used again, so that in the long run a request needs none.
pub(crate) struct Held(Option<Place>);

type Place = Box<Option<Exchange>>;

impl Held {
    pub(crate) fn new(exchange: Exchange) -> Self {
        let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        let mut place = spare.ok().flatten().unwrap_or_default();
        *place = Some(exchange);
        Self(Some(place))
    }

    /// The service answered: notes the head, and is there still if a body is to come.
    pub(crate) fn answered<B: Body>(mut self, response: &mut Response<B>) -> Option<Self> {
        let goes_on = Exchange::answered(&mut self, response);
        goes_on.then_some(self)
    }

    /// Nothing more will come. What was marked before, such as a status of 500, may outrank the outcome.
    pub(crate) fn end(mut self, outcome: Outcome) {
        Exchange::end(&mut self, outcome);
    }
}

impl Deref for Held {
    type Target = Exchange;

    fn deref(&self) -> &Exchange {
        match self.0.as_deref() {
            Some(Some(exchange)) => exchange,
            _ => unreachable!("only the drop takes it"),
        }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Exchange {
        match self.0.as_deref_mut() {
            Some(Some(exchange)) => exchange,
            _ => unreachable!("only the drop takes it"),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Before the thread's own is touched: what is dropped here calls others.
        let Some(mut place) = self.0.take() else {
            return;
        };
        *place = None;
        let _ = SPARE.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < MOST
            {
                spare.push(place);
            }
        });
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

thread_local! {
    static SPARE: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// As many as a thread has at a time, unless most of them wait for something.
const MOST: usize = 32;
