//! What is answered.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

/// A whole answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    /// The methods that a path has, where it was asked by another.
    allow: Option<&'static str>,
    /// What a browser saves it as.
    file: Option<String>,
    body: Bytes,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", format!("{value:#}\n").into())
    }

    pub(super) fn text(body: String) -> Self {
        Self::new(200, "text/plain; charset=utf-8", body.into())
    }

    /// A file to be saved.
    pub(super) fn file(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            file: Some(name.to_owned()),
            ..Self::new(200, "application/octet-stream", bytes.into())
        }
    }

    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"error": message}))
    }

    /// A path that is there was asked by a method that it does not have (RFC 9110, section 15.5.6).
    pub(super) fn other_method(path: &str, allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::error(405, &format!("{path} is asked by {allow}"))
        }
    }

    fn new(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            content_type,
            allow: None,
            file: None,
            body,
        }
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        for (name, value) in [
            (header::CONTENT_TYPE, self.content_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ] {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        if let Some(allow) = self.allow {
            let allow = HeaderValue::from_static(allow);
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if let Some(name) = self.file {
            // A name that is no header's value is left out.
            let saved = format!(
                "attachment; filename=\"{}\"",
                name.replace(['"', '\\'], "_")
            );
            if let Ok(saved) = HeaderValue::try_from(saved) {
                response
                    .headers_mut()
                    .insert(header::CONTENT_DISPOSITION, saved);
            }
        }
        response
    }
}
