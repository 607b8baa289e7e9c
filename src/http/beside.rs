//! What stands beside the engine behind the door: none of it is in the log, and no decision depends on it.

use crate::connect::Connections;
use crate::http::pages::Clerk;
use crate::invitation::Invitations;
use crate::webhooks::Webhooks;

/// What a door needs beside the engine.
pub struct Beside {
    pub(super) webhooks: Webhooks,
    pub(super) invitations: Invitations,
    pub(super) connections: Connections,
    pub(super) clerk: Option<Clerk>,
    pub(super) tls: bool,
}

impl Beside {
    /// Webhooks, invitations and connections, and nothing else.
    pub const fn new(
        webhooks: Webhooks,
        invitations: Invitations,
        connections: Connections,
    ) -> Self {
        Self { webhooks, invitations, connections, clerk: None, tls: false }
    }

    /// The operator's hand, which makes the keys of debtors' browsers count. Without it they cannot sign on the
    /// pages, and do so with a key that the operator registered.
    #[must_use]
    pub fn with_clerk(self, clerk: Option<Clerk>) -> Self {
        Self { clerk, ..self }
    }

    /// That people reach the pages over TLS only (a proxy before the registry sees to it), so that cookies can
    /// insist on it.
    #[must_use]
    pub fn over_tls(self, tls: bool) -> Self {
        Self { tls, ..self }
    }
}
