//! Who is asking: the `session` cookie.

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;

use crate::error::Error;

/// The value of the request's `session` cookie; a request without one is refused with 401.
#[derive(Debug)]
pub(crate) struct Session(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix("session="))
            .map(|value| Self(value.to_owned()))
            .ok_or(Error::NoSession)
    }
}
