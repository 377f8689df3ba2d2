//! The shop while it serves: everything that is opened, and closed in the opposite order.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gomon::net::MonitoredTcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::db::{self, Db};
use crate::jobs::{Jobs, JobsDone};
use crate::routes::{Shop, router};
use crate::say;
use crate::scratch::Scratch;
use crate::stock::StockClient;
use crate::stop::{Stop, Stopped};

/// A shop that answers requests.
#[derive(Debug)]
pub(crate) struct OpenShop {
    address: SocketAddr,
    server: JoinHandle<io::Result<()>>,
    doors: Stop,
    jobs: JobsDone,
    db: Db,
    /// Holds the database's file, so it goes last.
    _scratch: Scratch,
}

impl OpenShop {
    /// Creates the database and serves on `listen`, or on a free port of loopback. Background work
    /// ends once `stopped`.
    ///
    /// # Errors
    /// The database cannot be created, or the address cannot be listened on.
    pub(crate) async fn open(
        listen: Option<SocketAddr>,
        stock_port: u16,
        stopped: Stopped,
    ) -> Result<Self, Box<dyn Error>> {
        let scratch = Scratch::new()?;
        let db = db::open(&scratch.file("shop.db")).await?;
        let (jobs, jobs_done) = Jobs::new();
        jobs.restock(db.clone(), stopped);
        let shop = Shop {
            db: db.clone(),
            stock: StockClient::new(stock_port),
            jobs,
        };
        let listen = listen.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let listener = MonitoredTcpListener::bind(listen)
            .await
            .map_err(|error| format!("{listen}: {error}"))?;
        let address = listener.local_addr()?;
        let doors = Stop::new();
        let server = gomon::http::serve(listener, router(shop))
            .with_graceful_shutdown(doors.stopped().requested());
        Ok(Self {
            address,
            server: tokio::spawn(server.into_future()),
            doors,
            jobs: jobs_done,
            db,
            _scratch: scratch,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, and waits for those that are there, then for their jobs, then closes
    /// the database. What takes too long ends with the runtime.
    pub(crate) async fn close(self) {
        self.doors.request();
        if timeout(PATIENCE, self.server).await.is_err() {
            say("some requests were broken off");
            // They may hold on to jobs and connections for ever.
            return;
        }
        self.jobs.wait().await;
        self.db.close().await;
    }
}

/// How long requests may take to end once the shop closes.
const PATIENCE: Duration = Duration::from_secs(3);
