//! The four axes of an invoice: what a status is worth, and what may follow what (STANDARDS section 9).

use serde::{Deserialize, Serialize};

use crate::domain::receivable::{Reading, Receivable};
use crate::domain::rejection::Rejection;
use crate::statement::{SourceKind, Status, StatusReported};
use crate::types::Minor;

/// One of the four independent axes. Every standard mixes them in one code list; the registry does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// It does not become the present reading of its axis: it is older than that, or a lesser source's word.
    History {
        /// What is paid in total, where it tells of money that was not known of.
        paid_minor: Option<Minor>,
        /// Whether it is a lesser source's word rather than an old one.
        outranked: bool,
    },
    /// It becomes the present reading of its axis.
    Present {
        /// What is paid in total afterwards, in minor units.
        paid_minor: Minor,
        /// Whether an approval was taken back.
        approval_withdrawn: bool,
        /// Whether it says again what is known.
        repeated: bool,
    },
    /// It is what its source says last; whether that is the present reading depends on what others say.
    Word {
        /// Whether its source says again what it said.
        repeated: bool,
    },
}

/// What a report does to an invoice under the rules before version 3, and on the axis of encumbrances.
///
/// Effective time orders the reports of one side. On the debtor's own axes the debtor's side comes before the
/// seller's: the seller's word never replaces a reading from there (else a seller could reopen an invoice that
/// was paid), and such a reading replaces the seller's word whatever their times. At one effective time the
/// better source counts.
///
/// # Errors
/// [`Rejection::OutOfTransition`] where the status cannot follow the present one. A report that changes no
/// reading cannot fail: it is history.
pub(super) fn step(receivable: &Receivable, report: &StatusReported) -> Result<Step, Rejection> {
    let axis = axis(report.status);
    let of_debtor = matches!(axis, Axis::Process | Axis::Payment);
    let by_seller = report.source.kind == SourceKind::Seller;
    let present = receivable.present(axis);
    let present_by_seller = present.is_none_or(|now| now.source == SourceKind::Seller);
    if of_debtor && by_seller && !present_by_seller && report.status != Status::Answered {
        return Ok(Step::History { paid_minor: None, outranked: true });
    }
    // The debtor's first word on an axis follows nothing that the seller said.
    let first_word = of_debtor && !by_seller && present_by_seller;
    let before = present.filter(|_| !first_word);
    if let Some(now) = before {
        if report.effective_at < now.effective_at {
            return Ok(Step::History {
                paid_minor: paid_before(receivable, now, report),
                outranked: false,
            });
        }
        if report.effective_at == now.effective_at
            && report.source.kind > now.source
            && report.status != Status::Answered
        {
            return Ok(Step::History { paid_minor: None, outranked: true });
        }
    }
    let from = before.map(|now| now.status);
    let paid = if first_word && axis == Axis::Payment && report.status != Status::PaymentReversed {
        0
    } else {
        receivable.paid_minor
    };
    let allowed = match axis {
        Axis::Document => document_may_follow(from, report.status),
        Axis::Process => process_may_follow(from, report.status, report.source.kind),
        Axis::Payment => payment_may_follow(from, paid, report),
        Axis::Encumbrance => true,
    };
    if !allowed {
        return Err(Rejection::OutOfTransition);
    }
    let was_approved = matches!(from, Some(Status::Approved | Status::ApprovedPart));
    let repeats = |now: &Reading| {
        (now.status, now.amount_minor, now.date)
            == (report.status, report.amount_minor, report.date)
    };
    Ok(Step::Present {
        paid_minor: paid_after(receivable, paid, report),
        approval_withdrawn: was_approved
            && matches!(report.status, Status::Queried | Status::Refused),
        repeated: axis != Axis::Encumbrance && before.is_some_and(repeats),
    })
}

/// What a report does to an invoice since version 3 of the rules: it must be able to follow what its own source said
/// before, and is then merged with what others say.
///
/// # Errors
/// [`Rejection::OutOfTransition`] where its source contradicts itself without a reversal.
pub(super) fn word(receivable: &Receivable, report: &StatusReported) -> Result<Step, Rejection> {
    let axis = axis(report.status);
    let source = report.source.kind;
    if axis == Axis::Encumbrance {
        return step(receivable, report);
    }
    let (present, own) = (receivable.present(axis), receivable.said_by(axis, source));
    // An answer follows the question, whoever asked it; everything else what the same source said.
    let last = if report.status == Status::Answered { present } else { own };
    if last.is_some_and(|last| report.effective_at < last.effective_at) {
        // The seller's word moves no money where the debtor's side speaks.
        let heard = present.filter(|now| source != SourceKind::Seller || now.source == source);
        let paid_minor = heard.and_then(|now| paid_before(receivable, now, report));
        return Ok(Step::History { paid_minor, outranked: false });
    }
    let from = own.map(|own| own.status);
    let outranked = source == SourceKind::Seller
        && matches!(axis, Axis::Process | Axis::Payment)
        && present.is_some_and(|now| now.source != SourceKind::Seller);
    let allowed = match axis {
        // It changes nothing that others rely on, and a holder wants to hear it.
        _ if outranked && report.status != Status::Answered => true,
        Axis::Document => document_may_follow(from, report.status),
        Axis::Process => process_may_follow(last.map(|last| last.status), report.status, source),
        Axis::Payment if report.status == Status::PaymentFailed => {
            // What failed was on its way by anybody's word.
            [from, present.map(|now| now.status)].into_iter().flatten().any(is_pending)
        }
        Axis::Payment => {
            let paid = match (report.status, own) {
                (Status::PaymentReversed, _) => receivable.paid_minor,
                (_, own) => own.map_or(0, |own| paid_as_told(receivable, own)),
            };
            payment_may_follow(from, paid, report)
        }
        Axis::Encumbrance => true,
    };
    if !allowed {
        return Err(Rejection::OutOfTransition);
    }
    let repeated = own.is_some_and(|own| {
        (own.status, own.amount_minor, own.date)
            == (report.status, report.amount_minor, report.date)
    });
    Ok(Step::Word { repeated })
}

/// What was paid by what a source said last.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others do not say how much was paid")]
fn paid_as_told(receivable: &Receivable, own: &Reading) -> Minor {
    match own.status {
        Status::PartPaid | Status::Paid => own.amount_minor.unwrap_or(0),
        // Of one source what it said before holds; of several, who knows what this one counts in.
        _ if receivable.beside(Axis::Payment).next().is_none() => receivable.paid_minor,
        _ => 0,
    }
}

/// What is paid in total after a report on the payment axis that an invoice has taken in.
pub(super) fn paid_by_word(
    before: &Receivable,
    after: &Receivable,
    report: &StatusReported,
    is_present: bool,
) -> Minor {
    let paid = before.paid_minor;
    let by_seller = report.source.kind == SourceKind::Seller;
    if !is_present {
        let told = after.present(Axis::Payment).filter(|_| !by_seller);
        return told.and_then(|now| paid_before(before, now, report)).unwrap_or(paid);
    }
    if report.status == Status::PaymentReversed {
        // What two sources tell of one return is one return.
        let is_told = |it: &Reading| {
            it.source != report.source.kind
                && it.source != SourceKind::Seller
                && (it.status, it.amount_minor) == (report.status, report.amount_minor)
        };
        let others = before.beside(Axis::Payment).chain(before.present(Axis::Payment));
        return if others.into_iter().any(is_told) {
            paid
        } else {
            paid_after(before, paid, report)
        };
    }
    let known = [SourceKind::Ledger, SourceKind::Buyer, SourceKind::Platform];
    let known = || known.iter().filter(|kind| before.said_by(Axis::Payment, **kind).is_some());
    // The debtor's first word says anew what is paid.
    let is_first = !by_seller && known().next().is_none();
    let base = if is_first { 0 } else { paid };
    let total = paid_after(before, base, report);
    // Only who knows better than all others says that less was paid than they said.
    let knows_best = known().all(|kind| report.source.kind <= *kind);
    if knows_best { total } else { total.max(paid) }
}

fn document_may_follow(from: Option<Status>, to: Status) -> bool {
    match from {
        Some(Status::RejectedTechnical) => false,
        from => from != Some(Status::Delivered) || to != Status::NotDelivered,
    }
}

/// How far along the debtor's process a status is; a report may repeat or go forward, never back.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other axes have no place in the process")]
pub(super) const fn progress(status: Status) -> u8 {
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

#[expect(clippy::wildcard_enum_match_arm, reason = "the other statuses move no money")]
fn payment_may_follow(from: Option<Status>, paid: Minor, report: &StatusReported) -> bool {
    match report.status {
        Status::PaymentFailed => from.is_some_and(is_pending),
        Status::PaymentReversed => {
            paid > 0 && report.amount_minor.is_some_and(|amount| amount <= paid)
        }
        // What was paid in total cannot shrink without a reversal.
        Status::PartPaid => {
            from != Some(Status::Paid) && report.amount_minor.is_some_and(|amount| amount >= paid)
        }
        Status::Paid => report.amount_minor.is_none_or(|amount| amount >= paid),
        _ => from != Some(Status::Paid),
    }
}

/// Whether money is on its way, as far as anybody knows.
const fn is_pending(status: Status) -> bool {
    matches!(status, Status::PaymentSelected | Status::PaymentInitiated | Status::PaymentPromised)
}

/// What is paid in total after a report that becomes the present reading.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other statuses move no money")]
fn paid_after(receivable: &Receivable, paid: Minor, report: &StatusReported) -> Minor {
    match report.status {
        Status::PartPaid => report.amount_minor.unwrap_or(paid),
        // In full, whatever was deducted; more than is due is possible, and kept as reported.
        Status::Paid => paid.max(payable(receivable)).max(report.amount_minor.unwrap_or(0)),
        Status::PaymentReversed => paid.saturating_sub(report.amount_minor.unwrap_or(0)).max(0),
        _ => paid,
    }
}

/// Money that an old report tells of, where what came after it did not: nobody knew of it, and it is not there
/// to be claimed.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other statuses move no money")]
fn paid_before(receivable: &Receivable, now: &Reading, report: &StatusReported) -> Option<Minor> {
    if !is_pending(now.status) && now.status != Status::PaymentFailed {
        return None;
    }
    let paid = match report.status {
        Status::PartPaid => report.amount_minor?,
        Status::Paid => payable(receivable).max(report.amount_minor.unwrap_or(0)),
        _ => return None,
    };
    (paid > receivable.paid_minor).then_some(paid)
}

/// What is to be paid, credit notes deducted.
fn payable(receivable: &Receivable) -> Minor {
    receivable.due_minor.saturating_sub(receivable.credited_minor()).max(0)
}
