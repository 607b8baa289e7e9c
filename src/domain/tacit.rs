//! Tacit acceptance: a debtor who said nothing for the term that its own mandate names counts as having accepted, by
//! the law that the mandate names.
//!
//! A function of the registry's time, the mandates in force and what the debtor's side said: it is no report, it is
//! nowhere stored, and it ends with the mandate.

use crate::domain::mandate::Mandate;
use crate::domain::receivable::{Reading, Receivable};
use crate::domain::state::State;
use crate::domain::visibility::View;
use crate::statement::{Code, SourceKind, Status};
use crate::types::{StatementId, Timestamp};

const DAY_MILLIS: i64 = 86_400_000;

/// That silence counts as acceptance of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TacitAcceptance {
    /// Since when.
    pub at: Timestamp,
    /// By which law.
    pub law: Code,
    /// Under which mandate.
    pub mandate: StatementId,
    /// Whether the debtor's side asked or refused later.
    pub objected: bool,
}

impl State {
    /// Whether a reader's mandates say that silence counts as acceptance of an invoice, and it has by now. The debtor
    /// reads it by all mandates that it granted, the operator and auditors too; the first that was due counts.
    ///
    /// The term runs from the registration of the invoice, or from the begin of the mandate where that is later, and
    /// the mandate must be in force at its end and now.
    pub fn tacit_acceptance(
        &self,
        reader: u32,
        view: &View,
        receivable: &Receivable,
        now: Timestamp,
    ) -> Option<TacitAcceptance> {
        if receivable.end.is_some() || has_decided(receivable.process.as_ref()) {
            return None;
        }
        let debtor = self.participant_of_party(receivable.buyer)?;
        let of_debtor = view.everything || reader == debtor;
        let mandates = self.mandates_of(if of_debtor { debtor } else { reader }).iter();
        let mandates = mandates.filter_map(|row| self.mandate(*row)).filter(|mandate| {
            mandate.tacit.is_some()
                && mandate.debtor == debtor
                && (of_debtor || mandate.holder == reader)
                && mandate.in_force(now)
                && self.covers(mandate, receivable)
        });
        let due = mandates.filter_map(|mandate| Some((due(&mandate, receivable)?, mandate)));
        let due = due.filter(|(at, _)| *at <= now);
        // Who objected in time was not silent.
        let silent = |at: Timestamp| receivable.objected_at().is_none_or(|objected| at < objected);
        let (at, mandate) = due.filter(|(at, _)| silent(*at)).min_by_key(|(at, _)| *at)?;
        Some(TacitAcceptance {
            at,
            law: mandate.tacit.as_ref()?.law.clone(),
            mandate: mandate.statement,
            objected: receivable.objected_at().is_some(),
        })
    }
}

/// When silence counts under a mandate.
fn due(mandate: &Mandate, receivable: &Receivable) -> Option<Timestamp> {
    let days = i64::from(mandate.tacit.as_ref()?.days);
    let from = receivable.registered_at.max(mandate.from);
    Some(from.plus_millis(days.saturating_mul(DAY_MILLIS)))
}

/// Whether the debtor's side approved in so many words.
fn has_decided(process: Option<&Reading>) -> bool {
    process.is_some_and(|it| {
        it.source != SourceKind::Seller
            && matches!(it.status, Status::Approved | Status::ApprovedPart)
    })
}
