//! The load: visitors that walk through the shop, over loopback, with a client that nobody
//! monitors.

mod budget;
mod client;
mod journey;
mod tally;
mod visitor;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

pub(crate) use journey::SECRET;
pub(crate) use tally::Tally;

use self::budget::Budget;
use self::client::Client;
use self::visitor::Visitor;
use crate::args::Rate;
use crate::stop::Stopped;

/// The load to drive.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) target: SocketAddr,
    /// Exactly this many requests; `None` is until stopped.
    pub(crate) requests: Option<u64>,
    pub(crate) rate: Rate,
    pub(crate) tally: Arc<Tally>,
}

/// Ready when every request of the plan has ended, or, once stopped, those that were under way.
pub(crate) async fn drive(plan: Plan, stopped: Stopped) {
    let budget = Arc::new(Budget::new(plan.requests, plan.rate));
    let client = Client::new(plan.target);
    let mut visitors = JoinSet::new();
    for number in 0..VISITORS {
        let visitor = Visitor::new(
            number,
            client.clone(),
            Arc::clone(&budget),
            Arc::clone(&plan.tally),
        );
        visitors.spawn(visitor.walk(stopped.clone()));
    }
    visitors.join_all().await;
}

const VISITORS: u64 = 4;
