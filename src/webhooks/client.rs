//! The HTTP client of whatever the registry itself asks for at addresses that participants give: no redirects, no
//! proxy, nothing kept open, and no address that the operator does not allow.
//!
//! It blocks: it is called on threads that may. The address that a name leads to is looked at before it is connected
//! to; connections are not kept, so that none outlives that look.

use core::time::Duration;
use std::sync::Arc;

use rustls::crypto::ring;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use crate::webhooks::reach::Reach;

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// A client that goes only where it may, and gives up an exchange after so long.
pub(crate) fn client(reach: Reach, attempt_max: Duration, name: &str) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!reach.plain)
        .tls_config(tls)
        // A proxy of the environment would look up the name itself.
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(attempt_max))
        .max_response_header_size(HEAD_BYTES_MAX)
        .max_idle_connections(0)
        .user_agent(format!("{name}/{}", env!("CARGO_PKG_VERSION")))
        .build();
    let guard = Guard { reach, names: DefaultResolver::default() };
    Agent::with_parts(config, DefaultConnector::default(), guard)
}

/// A name that leads into the operator's own network.
#[derive(Debug, thiserror::Error)]
#[error("the address is not public")]
pub(crate) struct NotPublic;

/// Looks up names, and lets no address through that may not be connected to.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) reach: Reach,
    pub(super) names: DefaultResolver,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        // One forbidden address among others is how a name is made to change its mind.
        if found.iter().all(|address| self.reach.allows(address.ip())) {
            Ok(found)
        } else {
            Err(Error::Other(Box::new(NotPublic)))
        }
    }
}
