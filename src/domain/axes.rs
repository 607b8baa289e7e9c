//! The four axes of an invoice: what a status is worth, and what may follow what (STANDARDS section 9).

use crate::domain::receivable::{Reading, Receivable};
use crate::domain::rejection::Rejection;
use crate::statement::{SourceKind, Status, StatusReported};
use crate::types::Minor;

/// One of the four independent axes. Every standard mixes them in one code list; the registry does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// Delivered or rejected on technical grounds.
    Document,
    /// What the debtor does with it.
    Process,
    /// Money.
    Payment,
    /// Rights of financiers that were reported from outside the registry.
    Encumbrance,
}

/// The axis of a status.
pub const fn axis(status: Status) -> Axis {
    match status {
        Status::Delivered | Status::NotDelivered | Status::RejectedTechnical => Axis::Document,
        Status::Received
        | Status::InProcess
        | Status::Booked
        | Status::Queried
        | Status::Answered
        | Status::ApprovedPart
        | Status::Approved
        | Status::Refused => Axis::Process,
        Status::PaymentSelected
        | Status::PaymentInitiated
        | Status::PaymentPromised
        | Status::PartPaid
        | Status::Paid
        | Status::PaymentReversed
        | Status::PaymentFailed => Axis::Payment,
        Status::AssignedDisclosed
        | Status::AssignedConfidential
        | Status::PayeeChanged
        | Status::Released => Axis::Encumbrance,
    }
}

/// What a status is worth to a financier, from 0 (the seller's word; also everything adverse) to 6 (money
/// matched). The seller's side never exceeds 1: its word on the debtor's axis is no more than transport.
pub const fn certainty(status: Status, source: SourceKind) -> u8 {
    let full = match status {
        Status::NotDelivered
        | Status::RejectedTechnical
        | Status::Queried
        | Status::Answered
        | Status::Refused
        | Status::PaymentReversed
        | Status::PaymentFailed
        | Status::AssignedDisclosed
        | Status::AssignedConfidential
        | Status::PayeeChanged
        | Status::Released => 0,
        Status::Delivered => 1,
        Status::Received | Status::InProcess => 2,
        Status::Booked => 3,
        Status::ApprovedPart
        | Status::Approved
        | Status::PaymentSelected
        | Status::PaymentPromised => 4,
        Status::PaymentInitiated | Status::PartPaid => 5,
        Status::Paid => 6,
    };
    match source {
        SourceKind::Ledger => full,
        // A message says "paid" when the order went out; only a ledger has matched the money.
        SourceKind::Buyer | SourceKind::Platform => {
            if full > 5 {
                5
            } else {
                full
            }
        }
        SourceKind::Seller => {
            if full > 1 {
                1
            } else {
                full
            }
        }
    }
}

/// Whether the status must carry an amount with its currency.
pub(super) const fn needs_amount(status: Status) -> bool {
    matches!(status, Status::ApprovedPart | Status::PartPaid | Status::PaymentReversed)
}

/// Whether the status must carry a day.
pub(super) const fn needs_date(status: Status) -> bool {
    matches!(status, Status::PaymentPromised)
}

/// What a report changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// It is older than what is known on its axis: history only.
    Older,
    /// It becomes the present reading of its axis.
    Present {
        /// What is paid in total afterwards, in minor units.
        paid_minor: Minor,
        /// Whether an approval was taken back.
        approval_withdrawn: bool,
    },
}

/// The present reading of an axis.
pub(super) const fn present(receivable: &Receivable, axis: Axis) -> Option<&Reading> {
    match axis {
        Axis::Document => receivable.document.as_ref(),
        Axis::Process => receivable.process.as_ref(),
        Axis::Payment => receivable.payment.as_ref(),
        Axis::Encumbrance => receivable.encumbrance.as_ref(),
    }
}

/// What a report does to an invoice.
///
/// # Errors
/// [`Rejection::OutOfTransition`] where the status cannot follow the present one. A report with an older
/// effective time than the present reading cannot fail: it is history and changes no state.
pub(super) fn step(receivable: &Receivable, report: &StatusReported) -> Result<Step, Rejection> {
    let axis = axis(report.status);
    let now = present(receivable, axis);
    if now.is_some_and(|now| report.effective_at < now.effective_at) {
        return Ok(Step::Older);
    }
    let from = now.map(|now| now.status);
    let allowed = match axis {
        Axis::Document => document_may_follow(from, report.status),
        Axis::Process => process_may_follow(from, report.status, report.source.kind),
        Axis::Payment => payment_may_follow(from, receivable, report),
        Axis::Encumbrance => true,
    };
    if !allowed {
        return Err(Rejection::OutOfTransition);
    }
    let was_approved = matches!(from, Some(Status::Approved | Status::ApprovedPart));
    Ok(Step::Present {
        paid_minor: paid_after(receivable, report),
        approval_withdrawn: was_approved
            && matches!(report.status, Status::Queried | Status::Refused),
    })
}

fn document_may_follow(from: Option<Status>, to: Status) -> bool {
    match from {
        Some(Status::RejectedTechnical) => false,
        Some(Status::Delivered) => to != Status::NotDelivered,
        _ => true,
    }
}

/// How far along the debtor's process a status is; a report may repeat or go forward, never back.
const fn progress(status: Status) -> u8 {
    match status {
        Status::Received => 1,
        Status::InProcess => 2,
        Status::Booked => 3,
        Status::ApprovedPart => 4,
        Status::Approved => 5,
        _ => 0,
    }
}

fn process_may_follow(from: Option<Status>, to: Status, source: SourceKind) -> bool {
    match (from, to) {
        // Only the seller answers a question, and only one that was asked.
        (_, Status::Answered) => from == Some(Status::Queried) && source == SourceKind::Seller,
        (Some(Status::Refused), _) => false,
        // Peppol knows no way back from approval (OP-BR111-R005); the French life cycle and ledgers do.
        (Some(Status::Approved | Status::ApprovedPart), Status::Queried | Status::Refused) => {
            from == Some(Status::ApprovedPart)
                || matches!(source, SourceKind::Ledger | SourceKind::Platform)
        }
        (_, Status::Queried | Status::Refused) | (None | Some(Status::Queried), _) => true,
        (Some(from), to) => progress(to) >= progress(from),
    }
}

fn payment_may_follow(
    from: Option<Status>,
    receivable: &Receivable,
    report: &StatusReported,
) -> bool {
    let pending = matches!(
        from,
        Some(Status::PaymentSelected | Status::PaymentInitiated | Status::PaymentPromised)
    );
    match report.status {
        Status::PaymentFailed => pending,
        Status::PaymentReversed => {
            receivable.paid_minor > 0
                && report.amount_minor.is_some_and(|amount| amount <= receivable.paid_minor)
        }
        // What was paid in total cannot shrink without a reversal.
        Status::PartPaid => {
            from != Some(Status::Paid)
                && report.amount_minor.is_some_and(|amount| amount >= receivable.paid_minor)
        }
        Status::Paid => report.amount_minor.is_none_or(|amount| amount >= receivable.paid_minor),
        _ => from != Some(Status::Paid),
    }
}

fn paid_after(receivable: &Receivable, report: &StatusReported) -> Minor {
    let paid = receivable.paid_minor;
    let payable = receivable.due_minor.saturating_sub(receivable.credited_minor()).max(0);
    match report.status {
        Status::PartPaid => report.amount_minor.unwrap_or(paid),
        // Overpayment is possible and is kept as reported; the open amount stops at zero.
        Status::Paid => report.amount_minor.unwrap_or(payable).max(paid),
        Status::PaymentReversed => paid.saturating_sub(report.amount_minor.unwrap_or(0)).max(0),
        _ => paid,
    }
}
