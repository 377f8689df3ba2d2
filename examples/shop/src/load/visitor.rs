//! One visitor: journey after journey, one request at a time.

use std::sync::Arc;

use super::budget::Budget;
use super::client::Client;
use super::journey::{SECRET, journey};
use super::tally::Tally;
use crate::stop::Stopped;

/// Walks until the budget is used up or the load is stopped.
#[derive(Debug)]
pub(crate) struct Visitor {
    number: u64,
    client: Client,
    budget: Arc<Budget>,
    tally: Arc<Tally>,
}

impl Visitor {
    pub(crate) fn new(number: u64, client: Client, budget: Arc<Budget>, tally: Arc<Tally>) -> Self {
        Self {
            number,
            client,
            budget,
            tally,
        }
    }

    pub(crate) async fn walk(self, stopped: Stopped) {
        // Visitors start at different journeys, so that their troubles do not come together.
        for n in self.number.. {
            let session = format!("{SECRET}-{}-{n}", self.number);
            for step in journey(n) {
                let granted = tokio::select! {
                    granted = self.budget.take() => granted && !stopped.is_requested(),
                    () = stopped.clone().requested() => false,
                };
                if !granted {
                    return;
                }
                let serial = self.tally.begin();
                let ending = self.client.send(&step, &session, serial).await;
                self.tally.end(ending);
            }
        }
    }
}
