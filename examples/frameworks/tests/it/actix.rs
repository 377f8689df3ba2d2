//! actix-web, with its own server, which has threads of its own.

use std::net::TcpListener;
use std::sync::mpsc;

use ::actix_web::body::BodyStream;
use ::actix_web::dev::{Server, ServerHandle, Service};
use ::actix_web::http::StatusCode;
use ::actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, ResponseError, error, web};
use futures_util::{FutureExt, StreamExt};
use gomon::{Context, FutureExt as _};
use tokio::time::timeout;

use crate::framework::{Exception, Framework, Layers, Socket, Stop};
use crate::script::{Answer, Body, HEADERS, Locked, Script, patience};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::layer;

pub(crate) struct Actix;

impl Framework for Actix {
    const NAME: &'static str = "actix-web";
    const ROUTE: Option<&'static str> = Some("/users/{id}");

    fn exception(scenario: &str) -> Option<Exception> {
        let (outcome, reason) = match scenario {
            "HTTP/2: stream reset before the answer" => (
                "completed or truncated",
                "actix-web does not look at a stream of HTTP/2 while a handler runs: it runs to its end",
            ),
            "HTTP/2: stream reset in the response's body" => (
                "truncated",
                "actix-web looks at a stream of HTTP/2 when it has something to send: seen with the next chunk",
            ),
            _ => return None,
        };
        Some(Exception {
            outcome: Some(outcome),
            reason,
        })
    }

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        run(listener, script, layers, stop, false).await;
    }
}

/// Serves until it is stopped, or dropped.
async fn run(listener: TcpListener, script: Script, layers: Layers, stop: Stop, half_closed: bool) {
    let context = Context::current();
    let (telling, told) = mpsc::sync_channel(1);
    let thread = gomon::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("runtime").block_on(async {
            let server = server(listener, script, layers, context, half_closed);
            telling.send(server.handle()).expect("somebody waits");
            server.await.expect("served");
        });
    });
    let server = Stopping(told.recv().expect("a server"), Some(thread));
    stop.await;
    server.0.stop(true).await;
}

fn server(
    listener: TcpListener,
    script: Script,
    layers: Layers,
    context: Context,
    half_closed: bool,
) -> Server {
    let server = HttpServer::new(move || {
        let script = web::Data::new(script.clone());
        let app = App::new()
            .app_data(script)
            .route("/users/{id}", web::to(page))
            .route("/upgrade", web::to(upgrade))
            .route("/{page}", web::to(page));
        let second = ::actix_web::middleware::Condition::new(layers == Layers::Two, layer());
        app.wrap(layer())
            .wrap(second)
            .wrap_fn(move |request, service| {
                let patience = patience(request.path());
                // The threads of the server have no context.
                let call = context.enter(|| service.call(request));
                timeout(patience, call.in_context(context)).map(|called| match called {
                    Ok(result) => result,
                    Err(elapsed) => Err(error::ErrorServiceUnavailable(elapsed)),
                })
            })
    });
    let server = server
        .workers(1)
        .disable_signals()
        .h1_allow_half_closed(half_closed);
    server.listen_auto_h2c(listener).expect("a listener").run()
}

/// Ends the server when it is dropped, with all that is under way.
struct Stopping(ServerHandle, Option<gomon::thread::JoinHandle<()>>);

impl Drop for Stopping {
    fn drop(&mut self) {
        drop(self.0.stop(false));
        if let Some(thread) = self.1.take() {
            thread.join().expect("a server without a panic");
        }
    }
}

async fn page(
    request: HttpRequest,
    upload: web::Payload,
    script: web::Data<Script>,
) -> Result<HttpResponse, Error> {
    let page = request.path().rsplit('/').next().unwrap_or_default();
    let answer = script.answer(page, upload).await?;
    Ok(response(answer))
}

fn response(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).expect("a status");
    let mut response = HttpResponse::build(status);
    for header in HEADERS {
        response.append_header(header);
    }
    match answer.body {
        Body::None => response.finish(),
        Body::Text(text) => response.body(text),
        Body::Stream(chunks) => response.body(BodyStream::new(chunks)),
    }
}

/// The connection's bytes are the bodies of the request and of the response.
async fn upgrade(upload: web::Payload) -> HttpResponse {
    HttpResponse::SwitchingProtocols()
        .upgrade("websocket")
        .streaming(upload.take(1))
}

impl ResponseError for Locked {}

#[test]
fn requests_under_actix_web_end_as_the_contract_says() {
    column::<Actix>();
}

#[test]
fn an_event_under_actix_web_says_what_happened() {
    says_what_happened::<Actix>();
}
