//! The words of the trade, valid by construction.
//!
//! A value of any type here has passed its checks; nothing downstream checks it again. This module knows
//! no statement, no log and no storage.

mod id;
mod money;
mod origin;
mod party;
mod schema;
mod time;

pub use id::{CaseId, ClaimId, DocumentHash, IdError, InvoiceId, KeyId, StatementId};
pub use money::{Currency, CurrencyError, MINOR_MAX, Minor};
pub use origin::{ORIGIN_BYTES_MAX, Origin, OriginError};
pub use party::{CheckDigitError, PartyId, PartyIdError, iban_is_valid, is_party_scheme};
pub use time::{Date, TimeError, Timestamp};
