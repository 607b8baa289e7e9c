//! Offers: invoices that a supplier asks a financier to finance.
//!
//! Whether an offer was taken up is not kept: it follows from the claims on its invoices. While it stands, the
//! financier sees the documents that it is about.

use serde::{Deserialize, Serialize};

use crate::domain::participant::Standing;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::state::State;
use crate::statement::DeclineReason;
use crate::types::{InvoiceId, StatementId, Timestamp};

/// Invoices that a supplier offers to a financier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The statement that offered them.
    pub statement: StatementId,
    /// Its log position.
    pub position: u64,
    /// When that was.
    pub recorded_at: Timestamp,
    /// The participant that offers them.
    pub supplier: u32,
    /// The participant that they are offered to.
    pub financier: u32,
    /// The invoices, by row, in the order of the statement.
    pub receivables: Vec<u32>,
    /// Until when the offer stands.
    pub until: Timestamp,
    /// When and why it was declined.
    pub declined: Option<(Timestamp, DeclineReason)>,
}

/// What became of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestStanding {
    /// It waits for an answer.
    Open,
    /// Some of its invoices were reserved or financed, the others wait.
    PartlyTakenUp,
    /// All of its invoices were reserved or financed by whom they were offered to.
    TakenUp,
    /// The financier declined what it had not taken up.
    Declined,
    /// Its time is over.
    Expired,
}

impl Request {
    /// Whether it stands at a time, taken up or not.
    pub fn stands(&self, now: Timestamp) -> bool {
        self.declined.is_none() && now < self.until
    }

    /// The claim by which the financier took up an invoice of it, released or not: the first that it held and that
    /// took its place since.
    pub fn taken_up_by<'a>(&self, receivable: &'a Receivable) -> Option<&'a Claim> {
        let since = |claim: &&Claim| self.position < claim.place;
        receivable.claims.iter().filter(since).find(|claim| claim.was_held_by(self.financier))
    }
}

impl State {
    /// An offer.
    pub fn request(&self, row: u32) -> Option<crate::domain::Row<Request>> {
        self.requests.get(row)
    }

    /// How many offers there ever were.
    pub const fn requests_len(&self) -> u32 {
        self.requests.len()
    }

    /// The rows of the offers that a participant made or was made.
    pub fn requests_of(&self, participant: u32) -> &[u32] {
        self.index.requests.of(participant)
    }

    /// An offer, by the statement that made it.
    pub fn request_by_id(&self, id: &StatementId) -> Option<(u32, crate::domain::Row<Request>)> {
        let Some(crate::domain::Subject::Request(row)) = self.subject_of(id) else { return None };
        // What declined it has the same subject, but is not its name.
        let request = self.request(row).filter(|request| request.statement == *id)?;
        Some((row, request))
    }

    /// What became of an offer.
    pub fn request_standing(&self, request: &Request, now: Timestamp) -> RequestStanding {
        if request.declined.is_some() {
            return RequestStanding::Declined;
        }
        let taken = |row: &&u32| {
            self.receivable(**row).is_some_and(|it| request.taken_up_by(&it).is_some())
        };
        let taken_up = request.receivables.iter().filter(taken).count();
        if taken_up == request.receivables.len() {
            RequestStanding::TakenUp
        } else if request.until <= now {
            RequestStanding::Expired
        } else if taken_up > 0 {
            RequestStanding::PartlyTakenUp
        } else {
            RequestStanding::Open
        }
    }

    /// The offers of an invoice to a financier that stand, by row.
    pub(super) fn offers<'a>(
        &'a self,
        financier: u32,
        invoice: &'a InvoiceId,
        now: Timestamp,
    ) -> impl Iterator<Item = u32> + 'a {
        self.index.offered.candidates(invoice.as_bytes()).filter(move |row| {
            self.request(*row).is_some_and(|request| {
                let named = |row: &u32| self.receivable(*row).is_some_and(|it| it.id == *invoice);
                request.financier == financier
                    && request.stands(now)
                    && request.receivables.iter().any(named)
            })
        })
    }

    /// Whether an invoice is offered to a participant at a time. What others let a suspended reader see is closed.
    pub(super) fn is_offered(&self, reader: u32, receivable: &Receivable, now: Timestamp) -> bool {
        self.offers(reader, &receivable.id, now).next().is_some()
            && self.participant(reader).is_some_and(|it| it.standing == Standing::Active)
    }
}
