//! From what a message says to what one of the parties may state: the invoice that it means, whose word it is, and
//! what its amounts come to.
//!
//! The invoice is the seller's with that number, type and date (or year) among those that the reader may see; none and
//! several are problems, never a guess. The seller's word stays the seller's word: whatever a message says, what the
//! seller's side hands in counts as source `seller`, and the buyer's side does not state it as its own. Nothing is
//! stated here; what is prepared is for the party to sign.

use std::collections::BTreeSet;

use crate::domain::{Receivable, Row, State, View};
use crate::statement::{
    CancellationReason, InvoiceCancelled, Payload, Source, SourceKind, StatementType, Status,
    StatusReported,
};
use crate::types::{Currency, Date, InvoiceId, MINOR_MAX, Minor, PartyId, Timestamp};

use super::{
    Figure, Meaning, Note, ResponseCode, ResponseDraft, Step, Syntax, Unfit, Voice, follows,
    message_code,
};
use crate::einvoice::error::quoted;

/// How far ahead of the reader's clock a message may take effect: a day without an hour ends that much later at most.
const AHEAD_MAX: i64 = 26 * 3_600_000;

/// What a party may state, with what it should know before it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The invoice.
    pub invoice: InvoiceId,
    /// The statement, or why there is none to be made.
    pub statement: Result<Statement, &'static str>,
    /// What is unusual about it.
    pub notes: Vec<Note>,
}

/// The data of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement(Payload);

impl Statement {
    /// Its type.
    pub const fn kind(&self) -> StatementType {
        self.0.kind()
    }

    /// What it says.
    pub const fn payload(&self) -> &Payload {
        &self.0
    }
}

/// The invoice that a message is about, with its row, among those that a participant may see.
///
/// # Errors
/// [`Unfit::SellerMissing`], [`Unfit::CreditNote`], [`Unfit::Unknown`], [`Unfit::Ambiguous`].
pub fn find(
    state: &State,
    reader: u32,
    draft: &ResponseDraft,
    now: Timestamp,
) -> Result<(u32, Row<Receivable>), Unfit> {
    if draft.seller.is_empty() {
        return Err(Unfit::SellerMissing);
    }
    if crate::invoice::TypeCode(draft.type_code).class() == crate::invoice::TypeClass::CreditNote {
        return Err(Unfit::CreditNote);
    }
    let rows: BTreeSet<u32> =
        draft.seller.iter().flat_map(|seller| state.numbered(seller, &draft.number)).collect();
    let seen = rows.into_iter().filter_map(|row| Some((row, state.receivable(row)?)));
    let mut found: Vec<(u32, Row<Receivable>)> = seen
        .filter(|(_, receivable)| state.view(reader, receivable, now).any())
        .filter(|(_, receivable)| receivable.core.type_code.0 == draft.type_code)
        .filter(|(_, receivable)| !is_of_another(state, draft, receivable))
        .collect();
    if let Some(issued) = draft.issue_date {
        // A seller's numbers are unique in a year; the day may be mistyped, but never another invoice's.
        let on_day = |it: &(u32, Row<Receivable>)| it.1.core.issue_date == issued;
        if found.iter().any(on_day) {
            found.retain(on_day);
        } else {
            found.retain(|(_, receivable)| receivable.core.issue_date.year() == issued.year());
        }
    }
    match (found.len(), found.pop()) {
        (1, Some(only)) => Ok(only),
        (0, _) | (_, None) => Err(Unfit::Unknown { number: quoted(draft.number.as_str()) }),
        (count, Some(_)) => Err(Unfit::Ambiguous { count }),
    }
}

/// Whether the message names a buyer who cannot be the invoice's: a known participant that is another one, or
/// another number of the same register.
fn is_of_another(state: &State, draft: &ResponseDraft, receivable: &Receivable) -> bool {
    let buyer = state.participant_of_party(receivable.buyer);
    let core = &receivable.core;
    if draft.buyer.iter().any(|id| state.same_entity(id, &core.buyer)) {
        return false;
    }
    draft.buyer.iter().any(|id| {
        let known = state.participant_by_id(id);
        (known.is_some() && known != buyer) || id.scheme() == core.buyer.canonical().scheme()
    })
}

/// What a party may state of what a message says.
///
/// # Errors
/// As for [`find`]; [`Unfit::NotAParty`] and [`Unfit::SellersWord`] where it is not the reader's to state; the other
/// cases of [`Unfit`] where the message lacks what such a statement needs.
pub fn prepare(
    state: &State,
    reader: u32,
    draft: &ResponseDraft,
    now: Timestamp,
) -> Result<Prepared, Unfit> {
    let (_, receivable) = find(state, reader, draft, now)?;
    let view = state.view(reader, &receivable, now);
    let kind = source_kind(state, &view, draft, &receivable)?;
    let mut notes = draft.notes.clone();
    if draft.issue_date.is_some_and(|issued| issued != receivable.core.issue_date) {
        let words = "the message has another issue date than the invoice, of the same year";
        notes.push(Note { code: "issue_date_differs", words });
    }
    if kind == SourceKind::Seller && draft.voice != Voice::Seller {
        let words = "handed in by the seller, it counts as no more than the seller's word";
        notes.push(Note { code: "sellers_word", words });
    }
    if let Some(next) = draft.response_code {
        let last = ResponseCode::last(&receivable).map(|(code, _)| code);
        if follows(last, next) == Step::Outside {
            let words = "the BIS does not know this step from the last status: settle it with the other side";
            notes.push(Note { code: "outside_bis", words });
        }
    }
    let statement = statement(draft, &receivable, kind, now)?;
    Ok(Prepared { invoice: receivable.id, statement, notes })
}

/// Whose word it is when this party states it.
fn source_kind(
    state: &State,
    view: &View,
    draft: &ResponseDraft,
    receivable: &Receivable,
) -> Result<SourceKind, Unfit> {
    if view.seller {
        return Ok(SourceKind::Seller);
    }
    if !view.buyer {
        return Err(Unfit::NotAParty);
    }
    let is = |id: &PartyId| draft.speaker.iter().any(|speaker| state.same_entity(speaker, id));
    if draft.voice == Voice::Seller || is(&receivable.core.seller) {
        return Err(Unfit::SellersWord);
    }
    // Whoever is not identified as the buyer is somebody on the way.
    let own = draft.voice == Voice::Buyer && is(&receivable.core.buyer);
    if own && !takes_back(draft, receivable) {
        return Ok(SourceKind::Buyer);
    }
    Ok(SourceKind::Platform)
}

/// Whether it is a French dispute or refusal after an approval. Peppol knows none, so the registry takes it from a
/// ledger or a platform only; the French life cycle does, and a platform carried the message.
fn takes_back(draft: &ResponseDraft, receivable: &Receivable) -> bool {
    let approved = receivable.process.as_ref().is_some_and(|it| it.status == Status::Approved);
    let adverse = matches!(draft.meaning, Meaning::Status(Status::Queried | Status::Refused));
    draft.syntax == Syntax::LifeCycle && approved && adverse
}

fn statement(
    draft: &ResponseDraft,
    receivable: &Receivable,
    kind: SourceKind,
    now: Timestamp,
) -> Result<Result<Statement, &'static str>, Unfit> {
    if draft.effective_at > now.plus_millis(AHEAD_MAX) {
        return Err(Unfit::Future(draft.effective_at));
    }
    let (status, amount_minor, date) = match draft.meaning {
        Meaning::Nothing(why) => return Ok(Err(why)),
        Meaning::Cancelled => {
            let reason = CancellationReason::Superseded;
            let invoice = receivable.id;
            let cancelled = InvoiceCancelled { invoice, reason, replaced_by: None };
            return Ok(Ok(Statement(Payload::InvoiceCancelled(cancelled))));
        }
        Meaning::Collected => collected(draft, receivable)?,
        Meaning::Status(status) => reported(draft, status, receivable)?,
    };
    Ok(Ok(Statement(Payload::StatusReported(StatusReported {
        invoice: receivable.id,
        status,
        effective_at: draft.effective_at.min(now),
        source: Source {
            kind,
            system: draft.syntax.system().parse().ok(),
            message: message_code(&draft.message),
            read_at: Some(now),
        },
        amount_minor,
        currency: amount_minor.map(|_| receivable.core.currency),
        date,
        reasons: draft.reasons.clone(),
    }))))
}

type Reported = (Status, Option<Minor>, Option<Date>);

/// A status as the message names it, with the amount that it calls for.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other statuses carry no amount")]
fn reported(
    draft: &ResponseDraft,
    status: Status,
    receivable: &Receivable,
) -> Result<Reported, Unfit> {
    let sum = |figure| draft.sum(figure, receivable.core.currency);
    let payable = payable(receivable);
    let amount = match status {
        Status::ApprovedPart => {
            let rest = sum(Figure::NotApproved)?.map(|not| payable.saturating_sub(not));
            let whole = draft.only_due_date.then_some(payable);
            let amount = sum(Figure::Approved)?.or(rest).or(whole);
            Some(amount.ok_or(Unfit::AmountMissing {
                what: "that a part or a condition was accepted",
                expected: "a condition on BT-115, or MAPTTC",
            })?)
        }
        Status::PartPaid => {
            let amount = sum(Figure::Paid)?;
            Some(amount.ok_or(Unfit::AmountMissing {
                what: "that a part was paid",
                expected: "a condition on BT-113",
            })?)
        }
        Status::PaymentInitiated => sum(Figure::Paid)?,
        _ => None,
    };
    if let Some(amount) = amount {
        check(amount)?;
    }
    Ok((status, amount, draft.due_date))
}

/// What the collected amounts make of an invoice: each message tells of what came in anew, so that the total is what
/// was paid before and that, unless the message says what is left. What was deducted with the seller's consent is not
/// to be paid any more.
fn collected(draft: &ResponseDraft, receivable: &Receivable) -> Result<Reported, Unfit> {
    let sum = |figure| draft.sum(figure, receivable.core.currency);
    let collected = sum(Figure::Collected)?.unwrap_or(0);
    if collected == 0 {
        return Err(Unfit::AmountInvalid { found: quoted("0"), why: "no collected amount" });
    }
    if collected < 0 {
        let back = collected.saturating_neg();
        check(back)?;
        return Ok((Status::PaymentReversed, Some(back), None));
    }
    let payable = payable(receivable);
    let deducted = sum(Figure::Deducted)?.unwrap_or(0).max(0);
    let rest = sum(Figure::Remaining)?.filter(|rest| (0..payable).contains(rest));
    let total = match rest {
        Some(rest) => payable.saturating_sub(deducted).saturating_sub(rest).max(collected),
        None => receivable.paid_minor.saturating_add(collected),
    };
    check(total)?;
    let is_all = rest.is_none_or(|rest| rest == 0) && total.saturating_add(deducted) >= payable;
    Ok((if is_all { Status::Paid } else { Status::PartPaid }, Some(total), None))
}

/// What is to be paid, credit notes deducted.
fn payable(receivable: &Receivable) -> Minor {
    receivable.due_minor.saturating_sub(receivable.credited_minor()).max(0)
}

fn check(amount: Minor) -> Result<(), Unfit> {
    if (1..=MINOR_MAX).contains(&amount) {
        return Ok(());
    }
    Err(Unfit::AmountInvalid { found: quoted(&amount.to_string()), why: "none that can be due" })
}

impl ResponseDraft {
    /// The sum of the message's amounts of one kind, in the invoice's currency; `None` where there is none.
    ///
    /// # Errors
    /// [`Unfit::AmountInvalid`] where one is in another currency, not exact in it, or too large.
    pub fn sum(&self, figure: Figure, currency: Currency) -> Result<Option<Minor>, Unfit> {
        let mut sum = None;
        for amount in self.amounts.iter().filter(|amount| amount.figure == figure) {
            let wrong = |why| Unfit::AmountInvalid { found: quoted(&amount.decimal), why };
            if amount.currency.is_some_and(|named| named != currency) {
                return Err(wrong("in another currency than the invoice"));
            }
            let minor = currency.minor(&amount.decimal);
            let minor = minor.ok_or_else(|| wrong("no exact amount of the invoice's currency"))?;
            let total = Minor::checked_add(sum.unwrap_or(0), minor);
            sum = Some(total.ok_or_else(|| wrong("too large"))?);
        }
        Ok(sum)
    }
}
