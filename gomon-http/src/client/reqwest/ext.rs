//! `.monitored()`.

use hyper_util::client::legacy::connect::dns::GaiResolver;
use reqwest::{Client, ClientBuilder};

use crate::client::MonitoredResolver;
use crate::client::reqwest::client::MonitoredClient;
use crate::client::reqwest::connect::ConnectorLayer;
use crate::client::reqwest::redirect::{self, Redirects};
use crate::client::side::Sees;

/// Makes a monitored client of reqwest's, or of its builder.
///
/// From a **builder** all of it is seen: look-ups, connections, the phases, whether a connection
/// was used before, and each hop of a redirect. It sets the builder's
/// [resolver](ClientBuilder::dns_resolver) (for one of your own:
/// [`monitored_with_resolver`]), adds a [layer](ClientBuilder::connector_layer) to its connector, and takes
/// redirects over: [`MonitoredClient::redirects`] says how many are followed, 10 unless told
/// otherwise, whatever the builder's policy was.
///
/// From a **client** that is there only requests and their answers are seen: redirects stay inside
/// of it, phases other than `first-byte` and `body-done` are 0, and `reused` is absent.
///
/// ```
/// use gomon_http::ReqwestExt;
///
/// # rustls::crypto::ring::default_provider().install_default().ok();
/// let client = reqwest::Client::builder().monitored()?;
/// let request = client.get("http://shop.example/stock").header("accept", "text/plain");
/// # drop(request);
/// # Ok::<(), reqwest::Error>(())
/// ```
pub trait ReqwestExt: Sized {
    /// The monitored client, or what making it returns.
    type Monitored;

    /// The client, monitored.
    fn monitored(self) -> Self::Monitored;
}

impl ReqwestExt for Client {
    type Monitored = MonitoredClient;

    fn monitored(self) -> MonitoredClient {
        MonitoredClient::new(self, Redirects::Inside, Sees::Nothing)
    }
}

impl ReqwestExt for ClientBuilder {
    type Monitored = reqwest::Result<MonitoredClient>;

    fn monitored(self) -> reqwest::Result<MonitoredClient> {
        let resolver = MonitoredResolver::new(GaiResolver::new());
        monitored_with_resolver(self.dns_resolver(resolver))
    }
}

/// The same as [`monitored`](ReqwestExt::monitored) of a builder, and leaves its resolver as it is: put
/// a [`MonitoredResolver`](crate::MonitoredResolver) round one to see look-ups.
///
/// # Errors
///
/// When [`ClientBuilder::build`] has one.
pub fn monitored_with_resolver(builder: ClientBuilder) -> reqwest::Result<MonitoredClient> {
    let builder = builder.connector_layer(ConnectorLayer::new());
    let client = builder.redirect(redirect::policy()).build()?;
    let redirects = Redirects::Limited(redirect::DEFAULT_LIMIT);
    Ok(MonitoredClient::new(client, redirects, Sees::Dials))
}
