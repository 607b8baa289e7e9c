//! Verifying a whole registry from its log: replay everything, list every disagreement.
//!
//! The auditor trusts nobody: it is given the log's public key and a signed checkpoint from outside, and takes
//! everything else from the log itself: who the participants are, which keys they have, what the rules give. It
//! uses the same pure functions as the registry, on its own machine. Findings come in the order of the log,
//! and one does not end the audit.
//!
//! It does not know where entries come from: see `cli::audit` for HTTP and files.

mod auditor;
mod finding;
mod progress;
mod published;
mod replay;
mod report;
mod stages;

pub use auditor::{AuditError, Auditor, Finished, Opened};
pub use finding::{Check, Code, Finding};
pub use progress::{Progress, ProgressError};
pub use published::{
    PublishedClaim, PublishedConflict, PublishedReadModels, PublishedResolution, ReadModelDigest,
    Reading,
};
pub use report::{CheckResult, CheckVerdict, FINDINGS_MAX, Report};
