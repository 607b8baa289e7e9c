//! What a participant signs: a CloudEvents envelope around one typed payload, as a compact JWS.
//!
//! Parsing happens here, once, from the exact bytes that were received; those bytes stay with the parsed
//! statement, because they are what the signature covers and what the log keeps. Every member that is not
//! known is refused: what a participant signed must not mean more than what the registry understood.
//! This module knows no registry state: whether a statement may be made is for `domain` to say.

mod blankets;
mod cases;
mod envelope;
mod financings;
mod invoices;
mod malformed;
mod mandates;
mod participants;
mod payload;
mod requests;
mod schema;

pub use blankets::{
    BlanketKind, BlanketRecorded, BlanketReleased, BlanketWaived, CofinancingConsented,
    ConsentWithdrawn,
};
pub use cases::{
    ConflictAcknowledged, ConflictContested, ConflictDisclosed, ConflictEvidenced,
    ConflictResolved, ContestReason, Settlement, Share,
};
pub use envelope::{Envelope, REFERENCE_CHARS_MAX, SignedStatement, Statement, statement_id};
pub use financings::{
    BORDEREAU_MAX, Disclosure, FinancingKind, FinancingRecorded, FinancingReleased,
    FinancingReserved, FinancingReturned, FinancingSettled, FinancingTransferred, Item, OnConflict,
    Recourse, SettledItem,
};
pub use invoices::{
    CancellationReason, Code, CodeError, InvoiceCancelled, InvoiceCredited, InvoiceGuaranteed,
    InvoiceRegistered, References, Source, SourceKind, Status, StatusReported,
};
pub use malformed::Malformed;
pub use mandates::{
    Detail, MandateAmended, MandateDeclined, MandateGranted, MandateRequested, MandateRevoked,
    Scope, Tacit,
};
pub use participants::{
    Assurance, CheckDigits, DelegationGranted, DelegationRevoked, KeyAdded, KeyRevoked,
    ParticipantAdmitted, ParticipantReinstated, ParticipantSuspended, PartyLinked, RegistryOpened,
    RevocationReason, Role, RulesAdopted, SuspensionReason, TimePassed,
};
pub use payload::{Payload, StatementType};
pub use requests::{DeclineReason, FinancingDeclined, FinancingRequested};
pub use schema::{SCHEMA_BASE, envelope_schema, json_schema};
