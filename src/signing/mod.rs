//! Who said it: keys, strict Ed25519, compact JWS, access tokens and signed webhooks.
//!
//! What is guaranteed:
//! - One predicate decides whether a signature holds, alone or in a batch, live or in an audit ten years on:
//!   that of `verify_strict` ([`strict`] says why the fast path cannot differ from it).
//! - One JWS has one spelling of each of its parts, and nothing in its header changes how it is checked.
//! - A [`Verified`] value has passed that predicate under the key that its `kid` names.
//!
//! This module knows no statement, no participant, no clock and no source of randomness: the caller brings
//! keys, seeds and the time.

mod comb;
mod curve;
pub mod evidence;
mod field;
pub mod jws;
pub mod key;
pub mod strict;
pub mod token;
pub mod webhook;

pub use evidence::{Signed, Verified};
pub use jws::{CompactJws, JwsError};
pub use key::{KeyError, PublicKey, SecretKey, Signature};
pub use strict::{Check, Verifier};
pub use token::{AccessToken, Claims, TokenError};
