//! hyper alone, with a tower service of the tests' own.

use std::net::TcpListener;
use std::pin::pin;

use ::hyper::body::Incoming;
use ::tower::{BoxError, Layer, Service};
use http::{Request, Response};
use http_body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;

use crate::framework::{Framework, Layers, Socket, Stop};
use crate::script::Script;
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::{Handler, Impatient, layer, tokio_listener};

pub(crate) struct Hyper;

impl Framework for Hyper {
    const NAME: &'static str = "hyper";
    const ROUTE: Option<&'static str> = None;
    const PEER: bool = false;

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let service = layer().layer(Handler(script));
        match layers {
            Layers::One => run(listener, service, stop).await,
            Layers::Two => run(listener, layer().layer(service), stop).await,
        }
    }
}

async fn run<S, B>(listener: TcpListener, service: S, stop: Stop)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (listener, mut stop) = (tokio_listener(listener), pin!(stop));
    let connections = GracefulShutdown::new();
    loop {
        let io = tokio::select! {
            accepted = listener.accept() => accepted.expect("accepted").0,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(Impatient(service.clone()));
        let watcher = connections.watcher();
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service);
            watcher.watch(connection).await.ok();
        });
    }
    connections.shutdown().await;
}

#[test]
fn requests_under_hyper_end_as_the_contract_says() {
    column::<Hyper>();
}

#[test]
fn an_event_under_hyper_says_what_happened() {
    says_what_happened::<Hyper>();
}
