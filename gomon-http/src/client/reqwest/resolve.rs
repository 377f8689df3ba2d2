//! A monitored resolver in reqwest's terms.

use std::error::Error;
use std::net::SocketAddr;

use hyper_util::client::legacy::connect::dns::Name as HyperName;
use reqwest::dns::{Addrs, Name, Resolve, Resolving as ReqwestResolving};
use tower_service::Service;

use crate::client::{MonitoredResolver, Resolving};

impl<R> Resolve for MonitoredResolver<R>
where
    R: Service<HyperName> + Clone + Send + Sync + 'static,
    R::Response: Iterator<Item = SocketAddr> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
    R::Future: Send + 'static,
{
    /// Asks a clone, which has to be ready at once as reqwest wants its resolvers.
    fn resolve(&self, name: Name) -> ReqwestResolving {
        let mut inner = self.inner().clone();
        let asked = name.as_str().parse::<HyperName>();
        let resolving = match asked {
            Ok(asked) => Resolving::new(name.as_str(), || inner.call(asked)),
            Err(error) => return Box::pin(std::future::ready(Err(error.into()))),
        };
        Box::pin(async move {
            let found = resolving.await?;
            Ok(Box::new(found) as Addrs)
        })
    }
}
