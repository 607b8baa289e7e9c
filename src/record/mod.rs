//! What the log keeps of a statement, and what its author gets back.
//!
//! A [`Record`] is a log entry: the statement's exact bytes beside the registry's time, the rules version
//! and the outcome. A [`Receipt`] says the same in JSON, with the proof that the record stands in the log.
//! This module joins statements, rules and log; it knows neither storage nor HTTP.

mod entry;
mod export;
mod receipt;

pub use entry::{Record, RecordError, STATEMENT_BYTES_MAX};
pub use export::{ExportError, LogFile, LogWriter, PUBLISHED_BYTES_MAX};
pub use receipt::{FindingShown, LogProof, Receipt, ReceiptError, VerdictOnItem};
