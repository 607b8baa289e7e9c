//! The code lists of the Invoice Response: what the buyer explains, and what it asks for.

/// `OPStatusReason`: why.
pub(super) const REASONS: &[&str] = &[
    "NON", "REF", "LEG", "REC", "QUA", "DEL", "PRI", "QTY", "ITM", "PAY", "UNR", "FIN", "PPD",
    "OTH",
];

/// `OPStatusAction`: what the seller is to do.
pub(super) const ACTIONS: &[&str] = &["NOA", "PIN", "NIN", "CNF", "CNP", "CNA", "OTH"];

/// The name of the list of reasons.
pub(super) const REASON_LIST: &str = "OPStatusReason";
/// The name of the list of actions.
pub(super) const ACTION_LIST: &str = "OPStatusAction";

/// The specification identifier with which every Invoice Response's begins (PEPPOL-T111-R003).
pub(super) const CUSTOMIZATION: &str = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3";
/// The profile of every Invoice Response.
pub(super) const PROFILE: &str = "urn:fdc:peppol.eu:poacc:bis:invoice_response:3";
