//! reqwest's proxies.

use reqwest::{Proxy, Url};

use crate::client::phases::Phases;
use crate::client::proxy_choice;

/// A proxy for [`ClientBuilder::proxy`](reqwest::ClientBuilder::proxy) by a function, as
/// [`Proxy::custom`]; each connection that it finds one for is an `http-trp-proxy` event, a child of the
/// request, with the `proxy-path`.
///
/// Of reqwest's other proxies nothing is seen but that the dial takes longer.
///
/// ```
/// let proxy = gomon_http::monitored_proxy(|url| {
///     let inside = url.host_str().is_some_and(|host| host.ends_with(".internal"));
///     (!inside).then(|| reqwest::Url::parse("http://proxy.internal:3128").ok()).flatten()
/// });
/// let client = reqwest::Client::builder().proxy(proxy);
/// # drop(client);
/// ```
pub fn monitored_proxy<F>(choose: F) -> Proxy
where
    F: Fn(&Url) -> Option<Url> + Send + Sync + 'static,
{
    Proxy::custom(move |url| {
        let chosen = choose(url);
        // reqwest also asks without connecting.
        let connects = Phases::current().is_some_and(|phases| phases.has_dialled());
        if let Some(chosen) = chosen.as_ref().filter(|_| connects) {
            proxy_choice::note(chosen.as_str());
        }
        chosen
    })
}
