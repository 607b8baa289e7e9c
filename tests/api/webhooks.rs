//! Webhooks as their owners and receivers meet them: a real registry, real receivers, real signatures.

mod delivery;
mod owners;
mod receiver;
