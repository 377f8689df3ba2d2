//! tonic, with its own server. It has HTTP/1 as well, as it does for gRPC-Web.

use ::tonic::service::Routes;
use ::tonic::transport::Server;
use ::tower::layer::layer_fn;
use tokio_stream::wrappers::TcpListenerStream;

use crate::axum;
use crate::framework::{Exception, Framework, Layers, Running, RunsOn, Socket, Stop};
use crate::peer::Peer;
use crate::scenarios::UPGRADE;
use crate::script::Script;
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::{Impatient, layer, tokio_listener};

pub(crate) struct Tonic;

impl Framework for Tonic {
    const NAME: &'static str = "tonic";
    const ROUTE: Option<&'static str> = None;
    const PEER: bool = false;

    fn exception(scenario: &str) -> Option<Exception> {
        (scenario == "upgrade").then_some(Exception {
            outcome: None,
            reason: "tonic hands no connection over: gRPC has no upgrades",
        })
    }

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let connections = TcpListenerStream::new(tokio_listener(listener));
        let routes = Routes::from(axum::pages(script));
        let server = Server::builder().accept_http1(true);
        match layers {
            Layers::One => {
                let mut server = server.layer(layer_fn(Impatient)).layer(layer());
                let server = server.add_routes(routes);
                server.serve_with_incoming_shutdown(connections, stop).await
            }
            Layers::Two => {
                let server = server.layer(layer_fn(Impatient)).layer(layer());
                let server = server.layer(layer()).add_routes(routes);
                server.serve_with_incoming_shutdown(connections, stop).await
            }
        }
        .expect("served");
    }
}

#[test]
fn requests_under_tonic_end_as_the_contract_says() {
    column::<Tonic>();
}

#[test]
fn an_event_under_tonic_says_what_happened() {
    says_what_happened::<Tonic>();
}

#[tokio::test]
async fn a_connection_under_tonic_is_not_handed_over() {
    let server = Running::start::<Tonic>(Layers::One, RunsOn::No);
    let mut peer = Peer::sending(server.address, UPGRADE).await;
    let answer = peer.read_to_end().await;
    assert!(!answer.contains("ping"), "{answer}");
}
