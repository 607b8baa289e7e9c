//! What an invoice is to the registry: its normalised core, its content hash and its match keys.
//!
//! Two parties who have never met compute the same [`InvoiceId`](crate::types::InvoiceId) and the same match keys from the same
//! paper: the recipe is public (docs/SPECIFICATION.md, "Normalisation") and frozen per rules version. This
//! module knows no statement, no claim and no registry state.

mod core;
mod keys;
mod lines;
mod number;
mod skeleton;

pub use core::{CORE_CONTEXT, Core, CoreError, Field, FieldSet, TypeClass, TypeCode};
pub use keys::{
    ACCOUNT_CONTEXT, AMOUNT_CONTEXT, BUYER_CONTEXT, DESPATCH_CONTEXT, DOCUMENT_CONTEXT, KeyKind,
    KeySet, LINES_CONTEXT, MatchKey, NEAR_CONTEXT, NUMBER_CONTEXT, ORDER_CONTEXT, SKELETON_CONTEXT,
    account_key, amount_key, buyer_key, despatch_key, document_key, lines_key, near_key,
    number_key, order_key, skeleton_key,
};
pub use lines::{LINE_CONTEXT, LINES_MAX, Line, line_digests};
pub use number::{InvoiceNumber, NUMBER_CHARS_MAX, NumberError};
pub use skeleton::{Compared, Kinship, skeleton, steps};
