//! What an invoice is to the registry: its normalised core, its content hash and its match keys.
//!
//! Two parties who have never met compute the same [`InvoiceId`](crate::types::InvoiceId) and the same match keys from the same
//! paper: the recipe is public (docs/SPECIFICATION.md, "Normalisation") and frozen per rules version. This
//! module knows no statement, no claim and no registry state.

mod core;
mod keys;
mod number;

pub use core::{CORE_CONTEXT, Core, CoreError, Field, FieldSet, TypeClass, TypeCode};
pub use keys::{
    AMOUNT_CONTEXT, DOCUMENT_CONTEXT, KeyKind, KeySet, MatchKey, NUMBER_CONTEXT, amount_key,
    document_key, number_key,
};
pub use number::{InvoiceNumber, NUMBER_CHARS_MAX, NumberError};
