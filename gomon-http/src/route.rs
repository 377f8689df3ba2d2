//! Route templates: what the router matched.

use gomon_core::mask::NameMask;
use http::{Extensions, Uri};

/// What routing has found so far.
pub(crate) struct Route<'a> {
    /// The template of the matched route, `unmatched` where routing ran and found none, nothing
    /// where it is unknown.
    pub(crate) template: Option<&'a str>,
    /// Path segments that a secret parameter holds, decoded, where there is no template to find
    /// them by.
    pub(crate) secrets: Vec<String>,
}

/// The route of a request. A framework that is no tower service has said it.
pub(crate) fn of<'a>(extensions: &'a Extensions, names: &NameMask) -> Route<'a> {
    told(extensions).unwrap_or_else(|| of_axum(extensions, names))
}

/// The route that axum has found.
///
/// axum notes the matched path in the request's extensions, but for a service nested below a prefix.
/// It notes the original URI before it looks for a match. So a request with the URI and without the
/// path is in a fallback, unless it is inside a nested service or has parameters of its prefix. One
/// on its way to a service nested below a prefix without parameters looks like one in a fallback,
/// and is taken for it.
#[cfg(feature = "axum")]
fn of_axum<'a>(extensions: &'a Extensions, names: &NameMask) -> Route<'a> {
    use axum::extract::{MatchedPath, NestedPath, OriginalUri};

    let (template, secrets) = match extensions.get::<MatchedPath>() {
        Some(path) => (Some(path.as_str()), Vec::new()),
        None if extensions.get::<OriginalUri>().is_none() => (None, Vec::new()),
        None => match params::of(extensions) {
            params::Params::Unmatched => (Some(crate::keys::UNMATCHED), Vec::new()),
            params::Params::Unreadable => (None, Vec::new()),
            params::Params::Matched(params) => {
                let nested = extensions.get::<NestedPath>().is_some();
                let unmatched = !nested && params.iter().next().is_none();
                let secrets = params
                    .iter()
                    .filter(|(name, _)| names.hides(name))
                    .flat_map(|(_, value)| value.split('/').map(str::to_owned));
                (
                    unmatched.then_some(crate::keys::UNMATCHED),
                    secrets.collect(),
                )
            }
        },
    };
    Route { template, secrets }
}

#[cfg(not(feature = "axum"))]
fn of_axum<'a>(_extensions: &'a Extensions, _names: &NameMask) -> Route<'a> {
    Route {
        template: None,
        secrets: Vec::new(),
    }
}

/// The route that a framework of another kind has found.
#[cfg(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo"
))]
fn told(extensions: &Extensions) -> Option<Route<'_>> {
    let template = extensions.get::<crate::template::Template>()?;
    Some(Route {
        template: Some(template.as_str()),
        secrets: Vec::new(),
    })
}

#[cfg(not(any(
    feature = "actix",
    feature = "poem",
    feature = "rocket",
    feature = "salvo"
)))]
fn told(_extensions: &Extensions) -> Option<Route<'_>> {
    None
}

/// The URI as the client sent it, which a nested router has cut its prefix from.
#[cfg(feature = "axum")]
pub(crate) fn original_uri<'a>(extensions: &'a Extensions, uri: &'a Uri) -> &'a Uri {
    extensions
        .get::<axum::extract::OriginalUri>()
        .map_or(uri, |original| &original.0)
}

#[cfg(not(feature = "axum"))]
pub(crate) fn original_uri<'a>(_extensions: &'a Extensions, uri: &'a Uri) -> &'a Uri {
    uri
}

#[cfg(feature = "axum")]
mod params {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use axum::extract::rejection::RawPathParamsRejection;
    use axum::extract::{FromRequestParts, RawPathParams};
    use http::{Extensions, Request};

    /// The parameters that routing has found.
    pub(super) enum Params {
        Matched(RawPathParams),
        /// Routing matched, and one of them is no text.
        Unreadable,
        Unmatched,
    }

    /// Asks axum's extractor, which alone can see them. It has nothing to wait for.
    pub(super) fn of(extensions: &Extensions) -> Params {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions = extensions.clone();
        let extracted = pin!(RawPathParams::from_request_parts(&mut parts, &()));
        match extracted.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(params)) => Params::Matched(params),
            Poll::Ready(Err(RawPathParamsRejection::MissingPathParams(_))) => Params::Unmatched,
            Poll::Ready(Err(_)) | Poll::Pending => Params::Unreadable,
        }
    }
}
