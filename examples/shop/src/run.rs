//! The life of the shop, in the order things start, and the order they end.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::args::{Load, ShopArgs, StockEvents};
use crate::jobs::Jobs;
use crate::load::{self, Plan, Tally};
use crate::routes::{Shop, router};
use crate::scratch::Scratch;
use crate::stock::{StockClient, StockProcess, events_beside};
use crate::stop::Stop;
use crate::{db, panics, say};

/// Runs the shop until it is told to stop, or its load is done.
///
/// # Errors
/// What kept it from starting, or from ending well.
pub(crate) fn run(args: ShopArgs) -> Result<(), Box<dyn Error>> {
    panics::expect_the_planned_one();
    let stock = StockProcess::start(args.capture, &stock_events(&args))?;
    let served = Runtime::new()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(serve(&args, stock.port())));
    stock.stop()?;
    served
}

async fn serve(args: &ShopArgs, stock_port: u16) -> Result<(), Box<dyn Error>> {
    let scratch = Scratch::new()?;
    let db = db::open(&scratch.file("shop.db")).await?;
    let (jobs, jobs_done) = Jobs::new();
    let shop = Shop {
        db: db.clone(),
        stock: StockClient::new(stock_port),
        jobs: jobs.clone(),
    };
    let listener = TcpListener::bind(args.listen.unwrap_or_else(any_port)).await?;
    let address = listener.local_addr()?;

    let stop = Stop::new();
    let server_stop = Stop::new();
    let server = tokio::spawn(
        axum::serve(listener, router(shop))
            .with_graceful_shutdown(server_stop.stopped().requested())
            .into_future(),
    );
    jobs.restock(db.clone(), stop.stopped());
    drop(jobs);
    say(&format!("the shop is open at http://{address}"));

    let tally = Arc::new(Tally::default());
    let plan = Plan {
        target: address,
        requests: args.requests,
        rate: args.rate,
        tally: Arc::clone(&tally),
    };
    let stopped = stop.stopped();
    let load = async {
        match args.load {
            Load::Mixed => load::drive(plan, stopped).await,
            Load::None => stopped.requested().await,
        }
    };
    tokio::pin!(load);
    tokio::select! {
        () = &mut load => {}
        why = told_to_stop(args.time) => {
            say(&format!("{}: stopping", why?));
            stop.request();
            load.await;
        }
    }

    stop.request();
    server_stop.request();
    if timeout(DRAIN, server).await.is_err() {
        say("some requests were still open after ten seconds");
    }
    jobs_done.wait().await;
    db.close().await;
    say(&format!("load: {tally}"));
    Ok(())
}

/// Ready with the reason when a signal comes or the time is over.
async fn told_to_stop(time: Option<Duration>) -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let time_is_over = async {
        match time {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| "ctrl-c"),
        _ = terminate.recv() => Ok("SIGTERM"),
        () = time_is_over => Ok("time is over"),
    }
}

fn stock_events(args: &ShopArgs) -> StockEvents {
    match &args.events {
        Some(file) => StockEvents::File(events_beside(file)),
        None => StockEvents::Stdout,
    }
}

fn any_port() -> std::net::SocketAddr {
    (std::net::Ipv4Addr::LOCALHOST, 0).into()
}

/// How long requests may take to end once the shop closes.
const DRAIN: Duration = Duration::from_secs(10);
