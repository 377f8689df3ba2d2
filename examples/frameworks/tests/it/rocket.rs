//! rocket, with its own server.

use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::pin::Pin;

use ::rocket::data::{ByteUnit, IoHandler, IoStream};
use ::rocket::fairing::AdHoc;
use ::rocket::http::{Header, Method, Status};
use ::rocket::route::{Handler, Outcome, Route};
use ::rocket::{Config, Data, Request, Response};
use gomon::http::rocket::RoutesExt;
use tokio_util::io::{ReaderStream, StreamReader};

use crate::framework::{Exception, Framework, Layers, Socket, Stop};
use crate::script::{self, Answer, Body, HEADERS, Script};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::layer;

pub(crate) struct Rocket;

impl Framework for Rocket {
    const NAME: &'static str = "rocket";
    const ROUTE: Option<&'static str> = Some("/users/{id}");
    const PROTO: bool = false;
    const SEES_UPLOADS: bool = false;

    fn exception(scenario: &str) -> Option<Exception> {
        let runs_on = "rocket runs a handler to its end when its client has left";
        let (outcome, reason) = match scenario {
            "client gone before the answer" | "HTTP/2: stream reset before the answer" => {
                (Some("completed or truncated"), runs_on)
            }
            "client gone in the request's body" => (
                Some("completed"),
                "rocket's uploads cannot be watched: the event has the answer alone",
            ),
            "client gone in the response's body"
            | "HTTP/2: stream reset in the response's body" => (
                Some("truncated"),
                "rocket looks for its client when it has something to send",
            ),
            "timeout outside" => (None, "nothing is outside of a fairing"),
            _ => return None,
        };
        Some(Exception { outcome, reason })
    }

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        // rocket binds by itself, and knows at liftoff to what.
        let told = socket.into_teller();
        let config = Config {
            port: 0,
            log_level: ::rocket::config::LogLevel::Off,
            shutdown: ::rocket::config::Shutdown {
                ctrlc: false,
                signals: Default::default(),
                ..Default::default()
            },
            ..Config::release_default()
        };
        let mut app = ::rocket::custom(config).attach(layer());
        if layers == Layers::Two {
            app = app.attach(layer());
        }
        let ready = AdHoc::on_liftoff("ready", move |rocket| {
            let Config { address, port, .. } = *rocket.config();
            Box::pin(async move { told(SocketAddr::new(address, port)) })
        });
        let pages = ["/<page>", "/users/<id>"].into_iter().flat_map(|uri| {
            [Method::Get, Method::Post].map(|method| Route::new(method, uri, Pages(script.clone())))
        });
        let app = app
            .mount("/", pages.collect::<Vec<_>>().monitored())
            .attach(ready);
        let app = app.ignite().await.expect("ignited");
        let shutdown = app.shutdown();
        tokio::spawn(async move {
            stop.await;
            shutdown.notify();
        });
        app.launch().await.expect("served");
    }
}

#[derive(Clone)]
struct Pages(Script);

#[::rocket::async_trait]
impl Handler for Pages {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let page = request
            .uri()
            .path()
            .as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        if page == "upgrade" {
            let response = Response::build().upgrade("websocket", Echo).finalize();
            return Outcome::Success(response);
        }
        let upload = ReaderStream::new(data.open(ByteUnit::max_value()));
        match self.0.answer(page, upload).await {
            Ok(answer) => Outcome::Success(response(answer)),
            Err(_) => Outcome::Error(Status::InternalServerError),
        }
    }
}

fn response<'r>(answer: Answer) -> Response<'r> {
    let mut response = Response::new();
    response.set_status(Status::new(answer.status));
    for (name, value) in HEADERS {
        response.set_header(Header::new(name, value));
    }
    match answer.body {
        Body::None => {}
        Body::Text(text) => response.set_sized_body(text.len(), Cursor::new(text)),
        Body::Stream(chunks) => {
            response.set_max_chunk_size(12);
            response.set_streamed_body(StreamReader::new(chunks));
        }
    }
    response
}

struct Echo;

#[::rocket::async_trait]
impl IoHandler for Echo {
    async fn io(self: Pin<Box<Self>>, io: IoStream) -> io::Result<()> {
        script::echo(io).await
    }
}

#[test]
fn requests_under_rocket_end_as_the_contract_says() {
    column::<Rocket>();
}

#[test]
fn an_event_under_rocket_says_what_happened() {
    says_what_happened::<Rocket>();
}
