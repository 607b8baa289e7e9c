//! What is compared of an invoice, registered or not.
//!
//! Borrowed from a row of the state, from a registration in the making or from what somebody asks about: the match
//! is the same for all of them.

use crate::domain::receivable::Receivable;
use crate::domain::state::State;
use crate::invoice::{Compared, Core};
use crate::statement::{InvoiceRegistered, References};
use crate::types::{CaseId, DocumentHash, InvoiceId, Minor, PartyId};

/// The facts of an invoice.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Its content hash.
    pub id: InvoiceId,
    /// Its core.
    pub core: &'a Core,
    /// Its number, as it is compared.
    pub number: Compared,
    /// What it refers to.
    pub references: &'a References,
    /// The files that show it.
    pub documents: &'a [DocumentHash],
    /// The digests of its lines.
    pub lines: &'a [DocumentHash],
    /// What the order that it names comes to as a whole, where the seller stated it.
    pub order_amount_minor: Option<Minor>,
    /// The account to pay to, hashed.
    pub payee_account: Option<DocumentHash>,
    /// Whether its document's life is over.
    pub ended: bool,
    /// The conflicts that it is part of.
    pub cases: &'a [CaseId],
    /// The party rows of its seller and buyer, where the registry knows them.
    pub(super) parties: (Option<u32>, Option<u32>),
}

impl<'a> Facts<'a> {
    /// Those of a registered invoice.
    pub fn of(receivable: &'a Receivable) -> Self {
        Self {
            id: receivable.id,
            core: &receivable.core,
            number: compared(&receivable.core),
            references: &receivable.references,
            documents: &receivable.documents,
            lines: &receivable.lines,
            order_amount_minor: receivable.order_amount_minor,
            payee_account: receivable.payee_account,
            ended: receivable.end.is_some(),
            cases: &receivable.cases,
            parties: (Some(receivable.seller), Some(receivable.buyer)),
        }
    }

    /// Those of an invoice that somebody would register, whether it is registered or not.
    pub fn stated(state: &State, data: &'a InvoiceRegistered) -> Self {
        let core = &data.invoice;
        Self {
            id: core.id(),
            core,
            number: compared(core),
            references: &data.references,
            documents: &data.documents,
            lines: &data.lines,
            order_amount_minor: data.order_amount_minor,
            payee_account: data.payee_account,
            ended: false,
            cases: &[],
            parties: (state.party_row(&core.seller), state.party_row(&core.buyer)),
        }
    }

    /// Whether both are in one conflict.
    pub(super) fn is_in_case_with(&self, other: &Self) -> bool {
        self.cases.iter().any(|case| other.cases.contains(case))
    }
}

fn compared(core: &Core) -> Compared {
    Compared::new(&core.number, core.issue_date.year())
}

impl State {
    /// The ids of the legal entities of an invoice's seller and buyer, as they enter match keys.
    pub(super) fn entities_of(&self, facts: &Facts<'_>) -> (PartyId, PartyId) {
        let id = |row: Option<u32>, id: &PartyId| match row {
            Some(row) => self.entity_id(row, id),
            None => id.canonical(),
        };
        (id(facts.parties.0, &facts.core.seller), id(facts.parties.1, &facts.core.buyer))
    }

    /// Whether two party rows are of one legal entity. What the registry does not know is nobody's.
    pub(super) fn is_one_entity(&self, one: Option<u32>, other: Option<u32>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => self.entity(one) == self.entity(other),
            (_, _) => false,
        }
    }
}
