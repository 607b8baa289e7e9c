//! Which records a participant is told of: in the history of an invoice, and among its own events.
//!
//! One predicate for both, asked at the time of reading: what a revoked mandate showed is gone from the
//! history and from the events alike. Not told are: a financier, of a rival's statement (an alert says what it
//! may know); a debtor, of anything about a silent claim, and of who else registered its invoice.

use crate::domain::axes::Axis;
use crate::domain::receivable::Receivable;
use crate::domain::state::{State, Subject};
use crate::domain::visibility::View;
use crate::invoice::Core;
use crate::statement::{Payload, Statement, Status, StatusReported};
use crate::types::{InvoiceId, Timestamp};

/// What a participant is told of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The invoices that it is told of, by row, in the order of the statement.
    pub receivables: Vec<u32>,
    /// Whether it may know who made the statement (and so the statement's id, which is made from that).
    pub author: bool,
    /// Whether it sees the whole receipt: it made the statement, or it sees everything.
    pub whole: bool,
}

impl State {
    /// Whether a statement is a participant's own, or was made by it on another's behalf.
    pub fn is_author(&self, reader: u32, statement: &Statement) -> bool {
        self.participant_by_id(&statement.author) == Some(reader)
            || self.participant_by_key(&statement.key) == Some(reader)
    }

    /// What a participant is told of a record at a time; `None` where it is not told that there is one.
    pub fn telling(
        &self,
        reader: u32,
        position: u64,
        statement: &Statement,
        now: Timestamp,
    ) -> Option<Telling> {
        let entry = self.journal_entry(position)?;
        let everything = self.participant(reader)?.sees_all();
        let own = self.is_author(reader, statement);
        if !everything && !own && !entry.concerns.contains(&reader) {
            return None;
        }
        let mut receivables = self.receivables_of(position, statement);
        if everything || own {
            return Some(Telling { receivables, author: true, whole: true });
        }
        if matches!(About::of(&statement.payload), About::NoInvoice) {
            return Some(Telling { receivables, author: true, whole: false });
        }
        let mut author = false;
        receivables.retain(|row| {
            let Some(receivable) = self.receivable(*row) else { return false };
            let view = self.view(reader, &receivable, now);
            let told = self.sees_record(reader, &view, &receivable, position, statement);
            author |= told && self.sees_author(reader, &view, &receivable, statement);
            told
        });
        let told = !receivables.is_empty();
        told.then_some(Telling { receivables, author, whole: false })
    }

    /// Whether a reader who sees an invoice sees a record in its history.
    pub fn sees_record(
        &self,
        reader: u32,
        view: &View,
        receivable: &Receivable,
        position: u64,
        statement: &Statement,
    ) -> bool {
        if view.everything || self.is_author(reader, statement) {
            return true;
        }
        let concerned = || {
            let entry = self.journal_entry(position);
            entry.is_some_and(|entry| entry.concerns.contains(&reader))
        };
        match About::of(&statement.payload) {
            About::Registration(_) => {
                // That a financier registered it would tell the buyer of a right that may be silent, and a
                // rival that somebody looks at it.
                let own = view.registrant || view.holder || view.offered;
                let first = own && receivable.history.first() == Some(&position) && !view.buyer;
                view.seller || (view.any() && (first || self.by_a_party(receivable, statement)))
            }
            About::Document(_) => view.any(),
            About::Status(data) => {
                // The buyer is told of a release where he was told of what is released.
                let released = data.status == Status::Released;
                view.sees_status(data.status) || (released && view.buyer && concerned())
            }
            About::Rights(_) | About::EndOfRights(_) => {
                let subject = self.journal_entry(position).map(|entry| entry.subject);
                let Some(Subject::Financing(financing)) = subject else { return false };
                let claims = receivable.claims.iter();
                let mut of_it = claims.filter(|claim| claim.financing == financing);
                of_it.any(|claim| view.sees_claim(claim, reader))
            }
            About::Guarantee(_) => view.sees_axis(Axis::Payment),
            // An offer is nobody's business but the two who are in it, whoever else is offered the same.
            About::Offer(_) => view.seller || (view.offered && concerned()),
            About::NoInvoice => false,
        }
    }

    /// Whether a reader who is told of a record in an invoice's history may know who made the statement.
    pub fn sees_author(
        &self,
        reader: u32,
        view: &View,
        receivable: &Receivable,
        statement: &Statement,
    ) -> bool {
        let third_party = matches!(statement.payload, Payload::InvoiceRegistered(_))
            && !self.by_a_party(receivable, statement);
        view.everything || view.seller || !third_party || self.is_author(reader, statement)
    }

    /// Whether the author is the seller or the buyer of an invoice.
    fn by_a_party(&self, receivable: &Receivable, statement: &Statement) -> bool {
        let author = &statement.author;
        self.same_entity(author, &receivable.core.seller)
            || self.same_entity(author, &receivable.core.buyer)
    }

    /// The invoices that a record is about, by row, in the order of the statement.
    pub fn receivables_of(&self, position: u64, statement: &Statement) -> Vec<u32> {
        let row = |id: InvoiceId| self.receivable_by_id(&id).map(|(row, _)| row);
        let mut found: Vec<u32> = match About::of(&statement.payload) {
            About::Registration(core) => row(core.id()).into_iter().collect(),
            About::Document(invoice) | About::Guarantee(invoice) => {
                row(invoice).into_iter().collect()
            }
            About::Status(data) => row(data.invoice).into_iter().collect(),
            About::Rights(invoices) => invoices.into_iter().filter_map(row).collect(),
            About::EndOfRights([]) => {
                let entry = self.journal_entry(position);
                match entry.map(|entry| entry.subject) {
                    Some(Subject::Financing(row)) => {
                        self.financing(row).map_or_else(Vec::new, |it| it.receivables.clone())
                    }
                    _ => Vec::new(),
                }
            }
            About::Offer(invoices) | About::EndOfRights(invoices) => {
                invoices.iter().copied().filter_map(row).collect()
            }
            About::NoInvoice => Vec::new(),
        };
        // A right on a whole bordereau may have ended on a part of it earlier.
        found.retain(|row| {
            let receivable = self.receivable(*row);
            receivable.is_some_and(|it| it.history.binary_search(&position).is_ok())
        });
        found
    }
}

/// What a statement is about, as far as invoices go: who sees such an invoice is told of it.
enum About<'a> {
    /// There is such an invoice.
    Registration(&'a Core),
    /// Its document changed.
    Document(InvoiceId),
    /// A status of it.
    Status(&'a StatusReported),
    /// What the debtor undertakes to pay of it.
    Guarantee(InvoiceId),
    /// These are offered to a financier.
    Offer(&'a [InvoiceId]),
    /// New rights on these.
    Rights(Vec<InvoiceId>),
    /// Rights on these end or pass on; on all of their financing, where none is named.
    EndOfRights(&'a [InvoiceId]),
    /// No invoice: those are told whom it concerns.
    NoInvoice,
}

impl<'a> About<'a> {
    fn of(payload: &'a Payload) -> Self {
        match payload {
            Payload::InvoiceRegistered(data) => Self::Registration(&data.invoice),
            Payload::InvoiceCredited(data) => Self::Document(data.invoice),
            Payload::InvoiceCancelled(data) => Self::Document(data.invoice),
            Payload::StatusReported(data) => Self::Status(data),
            Payload::InvoiceGuaranteed(data) => Self::Guarantee(data.invoice),
            Payload::FinancingRequested(data) => Self::Offer(&data.invoices),
            Payload::FinancingReserved(data) => {
                Self::Rights(data.invoices.iter().map(|item| item.id).collect())
            }
            Payload::FinancingRecorded(data) => {
                Self::Rights(data.invoices.iter().map(|item| item.id).collect())
            }
            Payload::FinancingSettled(data) => {
                Self::Rights(data.invoices.iter().map(|item| item.id).collect())
            }
            Payload::FinancingReleased(data) => Self::EndOfRights(&data.invoices),
            Payload::FinancingReturned(data) => Self::EndOfRights(&data.invoices),
            Payload::FinancingTransferred(data) => Self::EndOfRights(&data.invoices),
            Payload::ConflictAcknowledged(_)
            | Payload::ConflictContested(_)
            | Payload::ConflictEvidenced(_)
            | Payload::ConflictDisclosed(_)
            | Payload::ConflictResolved(_)
            | Payload::RegistryOpened(_)
            | Payload::RulesAdopted(_)
            | Payload::TimePassed(_)
            | Payload::ParticipantAdmitted(_)
            | Payload::ParticipantSuspended(_)
            | Payload::ParticipantReinstated(_)
            | Payload::PartyLinked(_)
            | Payload::KeyAdded(_)
            | Payload::KeyRevoked(_)
            | Payload::DelegationGranted(_)
            | Payload::DelegationRevoked(_)
            | Payload::MandateRequested(_)
            | Payload::MandateGranted(_)
            | Payload::MandateDeclined(_)
            | Payload::FinancingDeclined(_)
            | Payload::MandateAmended(_)
            | Payload::MandateRevoked(_)
            | Payload::BlanketRecorded(_)
            | Payload::BlanketReleased(_)
            | Payload::BlanketWaived(_)
            | Payload::CofinancingConsented(_)
            | Payload::ConsentWithdrawn(_) => Self::NoInvoice,
        }
    }
}
