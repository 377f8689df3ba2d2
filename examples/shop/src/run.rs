//! The life of the shop: what starts when, and what ends when.

use std::error::Error;
use std::sync::Arc;

use gomon::runtime::RuntimeSampler;
use tokio::runtime::Runtime;

use crate::args::{Load, ShopArgs};
use crate::load::{self, Plan, Tally};
use crate::monitoring::{self, Output};
use crate::open_shop::OpenShop;
use crate::progress::{self, Screen};
use crate::stock::StockProcess;
use crate::stop::{Signals, Stop};
use crate::{panics, say};

/// Runs the shop until it is told to stop, or its load is done.
///
/// gomon starts first and ends after the runtime, so that nothing of the shop happens unseen. The
/// stock service is waited for last: no request can reach it any more.
///
/// # Errors
/// What kept the shop from starting, or from ending well.
pub(crate) fn run(args: &ShopArgs) -> Result<(), Box<dyn Error>> {
    panics::expect_the_planned_ones();
    let screen = Screen::default();
    let output = Output::of(args);
    let gomon = monitoring::of_shop(args, &output, &screen)?;
    if let Output::File(_) = output {
        screen.leave_to_progress();
    }
    let stock = StockProcess::start(args.capture, &output.of_stock())?;
    let served = serve_on_a_runtime(args, stock.port(), screen);
    say(&format!("shop: {}", gomon.shutdown()));
    let stopped = stock.stop();
    served?;
    Ok(stopped?)
}

/// The runtime is dropped before this returns, and with it whatever did not want to end.
fn serve_on_a_runtime(
    args: &ShopArgs,
    stock_port: u16,
    screen: Screen,
) -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let sampler = RuntimeSampler::new()
        .runtime(runtime.handle().clone())
        .start()?;
    let served = runtime.block_on(serve(args, stock_port, screen));
    sampler.sample_now();
    served
}

async fn serve(args: &ShopArgs, stock_port: u16, screen: Screen) -> Result<(), Box<dyn Error>> {
    let signals = Signals::listen()?;
    let work = Stop::new();
    let shop = OpenShop::open(args.listen, stock_port, work.stopped()).await?;
    say(&format!("the shop is open at http://{}", shop.address()));
    let tally = Arc::new(Tally::default());
    let progress = tokio::spawn(progress::show(Arc::clone(&tally), screen, work.stopped()));
    let plan = Plan {
        target: shop.address(),
        requests: args.requests,
        rate: args.rate,
        tally: Arc::clone(&tally),
    };
    drive(args, plan, signals, &work).await;
    work.request();
    shop.close().await;
    progress.await?;
    say(&format!("load: {tally}"));
    Ok(())
}

/// Ready when the load is done, or when the shop is told to stop and the load has ended its
/// requests.
async fn drive(args: &ShopArgs, plan: Plan, signals: Signals, work: &Stop) {
    let stopped = work.stopped();
    let load = async {
        match args.load {
            Load::Mixed => load::drive(plan, stopped).await,
            Load::None => stopped.requested().await,
        }
    };
    tokio::pin!(load);
    tokio::select! {
        () = &mut load => {}
        why = signals.or_time(args.time) => {
            say(&format!("{why}: closing the shop"));
            work.request();
            load.await;
        }
    }
}
