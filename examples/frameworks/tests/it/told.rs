//! What the event of a request says: the same under each framework.

use gomon::testing::Recorder;

use crate::ended::the_end;
use crate::framework::{Framework, Layers, Running, RunsOn};
use crate::peer::Peer;

const REQUEST: &str = "POST /users/7?token=abc HTTP/1.1\r\n\
    host: shop.example\r\n\
    connection: close\r\n\
    authorization: Bearer abc\r\n\
    traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n\
    content-type: application/json\r\n\
    content-length: 24\r\n\r\n\
    {\"a\":1,\"password\":\"pw\"} ";

/// Plays one request, and looks at all that its event should say.
pub(crate) fn says_what_happened<F: Framework>() {
    let recorder = Recorder::new();
    recorder.run(|| {
        let server = Running::start::<F>(Layers::One, RunsOn::No);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let answer = runtime.expect("runtime").block_on(async {
            let mut peer = Peer::sending(server.address, REQUEST).await;
            peer.read_to_end().await
        });
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("whole"), "{answer}");
        for header in [
            "x-request-id: ",
            "traceresponse: 00-0123456789abcdef0123456789abcdef-",
        ] {
            let times = answer.to_lowercase().matches(header).count();
            assert_eq!(times, 1, "{header} in {answer}");
        }
        let event = the_end(&recorder);

        assert_eq!(event["gomon:trace"], "0123456789abcdef0123456789abcdef");
        assert!(event.parent().ends_with("-0123-456789abcdef"), "{event}");
        assert!(
            recorder.one("lookup").is_child_of(&event),
            "{}",
            recorder.tree()
        );
        assert_eq!(event["method"], "POST");
        assert_eq!(event["url"]["scheme"], "http");
        assert_eq!(event["url"]["host"], "shop.example");
        assert_eq!(event["url"]["path"], "/users/7");
        assert_eq!(event["url"]["query"], "token=[redacted]");
        let proto = event.get("proto").and_then(|proto| proto.as_str());
        assert_eq!(proto, F::PROTO.then_some("HTTP/1.1"));
        assert_eq!(event["close"], true);
        assert_eq!(event["content-length"], 24);
        let route = event.get("route").and_then(|route| route.as_str());
        assert_eq!(route, F::ROUTE);
        assert_eq!(event.get("remoteaddr").is_some(), F::PEER, "{event}");
        assert_eq!(event["headers"]["host"][0], "shop.example");
        assert_eq!(event["headers"]["authorization"][0], "[redacted]");
        assert_eq!(event["response_code"], 200);
        assert_eq!(event["response_headers"]["x-shelf"][0], "3");
        assert_eq!(event["response_size"], 5);
        assert_eq!(event["response_body"], "whole");
        assert!(event["first-byte"].as_u64() > Some(0), "{event}");
        if F::SEES_UPLOADS {
            assert_eq!(event["request_size"], 24);
            let body = event["request_body"].as_str().expect("a body");
            assert!(
                body.starts_with("{\"a\":1,\"password\":\"[redacted]\"}"),
                "{body}"
            );
        } else {
            assert!(event.get("request_size").is_none(), "{event}");
        }
        let nanos = |key: &str| event[key].as_u64().expect("nanoseconds");
        let wait = event["wait"].as_object().expect("a map").values();
        let wait: u64 = wait.filter_map(|kind| kind.as_u64()).sum();
        assert_eq!(
            nanos("busy") + nanos("ready") + wait,
            event.lapsed(),
            "{event}"
        );
    });
}
