//! salvo, with its own server.

use ::hyper::upgrade::OnUpgrade;
use ::salvo::conn::tcp::TcpAcceptor;
use ::salvo::http::{HeaderValue, ResBody, StatusCode, StatusError, header};
use ::salvo::{Depot, FlowCtrl, Handler, Request, Response, Router, Server, async_trait};
use futures_util::StreamExt;
use http_body_util::BodyStream;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use crate::framework::{Framework, Layers, Socket, Stop};
use crate::script::{self, Answer, Body, HEADERS, Script, patience};
use crate::suite::column;
use crate::told::says_what_happened;
use crate::tower::{layer, tokio_listener};

pub(crate) struct Salvo;

impl Framework for Salvo {
    const NAME: &'static str = "salvo";
    const ROUTE: Option<&'static str> = Some("/users/{id}");

    async fn serve(socket: Socket, script: Script, layers: Layers, stop: Stop) {
        let listener = socket.listener();
        let mut app = Router::new().hoop(Impatient).hoop(layer());
        if layers == Layers::Two {
            app = app.hoop(layer());
        }
        let app = app
            .push(Router::with_path("users/{id}").goal(Pages(script.clone())))
            .push(Router::with_path("upgrade").goal(Upgrade))
            .push(Router::with_path("{page}").goal(Pages(script)));
        let acceptor = TcpAcceptor::try_from(tokio_listener(listener)).expect("a listener");
        let server = Server::new(acceptor);
        let handle = server.handle();
        tokio::spawn(async move {
            stop.await;
            handle.stop_graceful(None);
        });
        server.serve(app).await;
    }
}

struct Pages(Script);

#[async_trait]
impl Handler for Pages {
    async fn handle(
        &self,
        request: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let frames = BodyStream::new(request.take_body());
        let upload =
            frames.map(|frame| Ok::<_, std::io::Error>(frame?.into_data().unwrap_or_default()));
        let page = request.uri().path().rsplit('/').next().unwrap_or_default();
        match self.0.answer(page, upload).await {
            Ok(answer) => write(response, answer),
            Err(error) => {
                response.render(StatusError::internal_server_error().cause(error));
            }
        }
    }
}

fn write(response: &mut Response, answer: Answer) {
    response.status_code = StatusCode::from_u16(answer.status).ok();
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    match answer.body {
        Body::None => {}
        Body::Text(text) => {
            response.body(ResBody::from(text));
        }
        Body::Stream(chunks) => response.stream(chunks),
    }
}

struct Upgrade;

#[async_trait]
impl Handler for Upgrade {
    async fn handle(
        &self,
        request: &mut Request,
        _: &mut Depot,
        response: &mut Response,
        _: &mut FlowCtrl,
    ) {
        let upgrade = request
            .extensions_mut()
            .remove::<OnUpgrade>()
            .expect("HTTP/1");
        tokio::spawn(async move {
            let io = upgrade.await.map_err(std::io::Error::other)?;
            script::echo(TokioIo::new(io)).await
        });
        response.status_code(StatusCode::SWITCHING_PROTOCOLS);
        response
            .headers_mut()
            .insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
}

/// A hoop outside of gomon's, with a timeout for the one page that is about it.
struct Impatient;

#[async_trait]
impl Handler for Impatient {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        ctrl: &mut FlowCtrl,
    ) {
        let patience = patience(request.uri().path());
        if timeout(patience, ctrl.call_next(request, depot, response))
            .await
            .is_err()
        {
            response.status_code(StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}

#[test]
fn requests_under_salvo_end_as_the_contract_says() {
    column::<Salvo>();
}

#[test]
fn an_event_under_salvo_says_what_happened() {
    says_what_happened::<Salvo>();
}
