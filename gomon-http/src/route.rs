//! Route templates: what the router matched.

use http::Extensions;
use http::Uri;

/// The template of the matched route, `unmatched` where routing ran and found none, nothing where
/// it is unknown.
///
/// axum notes the matched path in the request's extensions, and the original URI before it looks
/// for a match. So a request with the URI and without the path is in a fallback; except below a
/// nested service, where only the prefix has been matched so far.
#[cfg(feature = "axum")]
pub(crate) fn template(extensions: &Extensions) -> Option<&str> {
    use axum::extract::{MatchedPath, NestedPath, OriginalUri};

    if let Some(path) = extensions.get::<MatchedPath>() {
        return Some(path.as_str());
    }
    let routed = extensions.get::<OriginalUri>().is_some();
    let nested = extensions.get::<NestedPath>().is_some();
    (routed && !nested).then_some(crate::keys::UNMATCHED)
}

#[cfg(not(feature = "axum"))]
pub(crate) fn template(_extensions: &Extensions) -> Option<&str> {
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
