//! Blanket pledges, and what their holders and the holders of claims agree to.
//!
//! A consent or waiver holds for a claim or not, whatever the time of looking: a claim that it once reached is
//! never hurt by its end. Which claims stand is not known here.

use serde::{Deserialize, Serialize};

use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::state::State;
use crate::statement::{BlanketKind, Disclosure};
use crate::types::{Date, DocumentHash, InvoiceId, Minor, PartyId, StatementId, Timestamp};

/// A right on all receivables of a seller, optionally towards one debtor.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Blanket {
    /// The statement that recorded it.
    pub statement: StatementId,
    /// Its log position: its place in the order.
    pub position: u64,
    /// When that was.
    pub recorded_at: Timestamp,
    /// The participant that holds it.
    pub holder: u32,
    /// Whose receivables they are.
    pub seller: PartyId,
    /// The seller's party row; its entity may be another row.
    pub seller_row: u32,
    /// The one debtor towards whom it holds.
    pub debtor: Option<PartyId>,
    /// The debtor's party row.
    pub debtor_row: Option<u32>,
    /// What kind of right it is.
    pub kind: BlanketKind,
    /// Whether the debtors are told.
    pub disclosure: Disclosure,
    /// The first day of issue that it covers.
    pub issued_from: Option<Date>,
    /// The last day of issue that it covers.
    pub issued_until: Option<Date>,
    /// The hash of the deed.
    pub deed: Option<DocumentHash>,
    /// The day of the deed.
    pub deed_date: Option<Date>,
    /// The log position at which it was released, and when that was.
    pub released: Option<(u64, Timestamp)>,
}

impl Blanket {
    /// Whether it stood when a claim took its place.
    pub fn stood_before(&self, claim: &Claim) -> bool {
        self.position < claim.place && self.released.is_none_or(|(end, _)| claim.place < end)
    }

    /// Whether it covers invoices of a day.
    fn covers_day(&self, issued: Date) -> bool {
        self.issued_from.is_none_or(|from| from <= issued)
            && self.issued_until.is_none_or(|until| issued <= until)
    }

    /// Whether there is a day of issue that both cover.
    fn shares_days(&self, other: &Self) -> bool {
        let apart = |until: Option<Date>, from: Option<Date>| {
            until.zip(from).is_some_and(|(until, from)| until < from)
        };
        !apart(self.issued_until, other.issued_from) && !apart(other.issued_until, self.issued_from)
    }
}

/// What a pledgee or the holder of a claim lets others do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Consent {
    /// The statement that gave it.
    pub statement: StatementId,
    /// Its log position.
    pub position: u64,
    /// When that was.
    pub recorded_at: Timestamp,
    /// The participant that gave it.
    pub grantor: u32,
    /// The financier in whose favour it is; any, where it is absent.
    pub to: Option<u32>,
    /// It holds for claims that took their place before this time.
    pub until: Option<Timestamp>,
    /// The log position at which it was withdrawn, and when that was.
    pub withdrawn: Option<(u64, Timestamp)>,
    /// What is let go.
    pub granted: Granted,
}

/// What a consent lets go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Granted {
    /// A blanket pledge steps back.
    Waiver {
        /// The blanket pledge.
        blanket: u32,
        /// For these invoices only.
        invoices: Vec<InvoiceId>,
        /// For invoices to these debtors only.
        debtors: Vec<PartyId>,
    },
    /// A claim lets another stand beside it.
    Beside {
        /// The rights, each by the row of its invoice and its place, which whoever takes it over keeps.
        rights: Vec<(u32, u64)>,
        /// Up to how much of each invoice, in minor units.
        up_to_minor: Option<Minor>,
    },
}

impl Consent {
    /// Whether a claim is one of those that it is in favour of: made, held or taken over by that financier while it
    /// was in force. A claim that passes on takes with it what its maker was granted.
    pub fn reaches(&self, claim: &Claim) -> bool {
        let ended = self.withdrawn.map(|(position, _)| position);
        let in_time = self.until.is_none_or(|until| claim.since < until);
        in_time
            && match self.to {
                Some(to) => claim.was_held_between(to, self.position, ended),
                None => ended.is_none_or(|ended| claim.place < ended),
            }
    }

    /// Whether it is in force for claims made at a time.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && self.until.is_none_or(|until| now < until)
    }
}

impl State {
    /// A blanket pledge.
    pub fn blanket(&self, row: u32) -> Option<Row<Blanket>> {
        self.blankets.get(row)
    }

    /// How many blanket pledges there ever were.
    pub const fn blankets_len(&self) -> u32 {
        self.blankets.len()
    }

    /// The rows of the blanket pledges that a participant records or recorded.
    pub fn blankets_of(&self, participant: u32) -> &[u32] {
        self.index.pledges.of(participant)
    }

    /// The rows of the blanket pledges over the receivables of a party's legal entity.
    pub fn blankets_of_entity(&self, party: u32) -> &[u32] {
        self.index.blankets.of(self.entity(party))
    }

    /// The rows of the conflicts that a blanket pledge is part of.
    pub fn cases_of_blanket(&self, blanket: u32) -> &[u32] {
        self.index.pledge_cases.of(blanket)
    }

    /// A waiver or consent.
    pub fn consent(&self, row: u32) -> Option<Row<Consent>> {
        self.consents.get(row)
    }

    /// How many waivers and consents there ever were.
    pub const fn consents_len(&self) -> u32 {
        self.consents.len()
    }

    /// The rows of the waivers and consents that a participant gave, or that are in its favour by name.
    pub fn consents_of(&self, participant: u32) -> &[u32] {
        self.index.agreed.of(participant)
    }

    /// The rows of the waivers of a blanket pledge, in order.
    pub fn waivers_of(&self, blanket: u32) -> &[u32] {
        self.index.waivers.of(blanket)
    }

    /// The rows of the consents to claims beside those on an invoice.
    pub fn consents_on(&self, receivable: u32) -> &[u32] {
        self.index.consents.get(&receivable).map_or(&[], Vec::as_slice)
    }

    /// The standing blanket pledges that cover an invoice from this seller to this buyer of this day, the earliest
    /// first, whoever holds them and whatever was waived.
    pub fn blankets_over(
        &self,
        seller: &PartyId,
        buyer: &PartyId,
        issued: Date,
    ) -> Vec<(u32, Row<Blanket>)> {
        let Some(seller) = self.party_row(seller) else { return Vec::new() };
        let buyer = self.party_row(buyer);
        let standing = |row: &u32| Some((*row, self.blanket(*row)?));
        let all = self.blankets_of_entity(seller).iter().filter_map(standing);
        all.filter(|(_, blanket)| {
            blanket.released.is_none()
                && blanket.covers_day(issued)
                && blanket.debtor_row.is_none_or(|debtor| {
                    buyer.is_some_and(|buyer| self.entity(buyer) == self.entity(debtor))
                })
        })
        .collect()
    }

    /// Whether a blanket pledge covers an invoice.
    pub(super) fn pledged(&self, blanket: &Blanket, receivable: &Receivable) -> bool {
        let same = |one: u32, other: u32| self.entity(one) == self.entity(other);
        blanket.covers_day(receivable.core.issue_date)
            && same(blanket.seller_row, receivable.seller)
            && blanket.debtor_row.is_none_or(|debtor| same(debtor, receivable.buyer))
    }

    /// Whether two blanket pledges of different holders cover some of the same receivables.
    pub(super) fn overlap(&self, one: &Blanket, other: &Blanket) -> bool {
        let debtors = one.debtor.as_ref().zip(other.debtor.as_ref());
        one.holder != other.holder
            && self.same_entity(&one.seller, &other.seller)
            && one.shares_days(other)
            && debtors.is_none_or(|(one, other)| self.same_entity(one, other))
    }

    /// The waivers of a blanket pledge that may be about an invoice.
    pub(super) fn waivers_for(&self, blanket: u32, invoice: &InvoiceId) -> Vec<Row<Consent>> {
        let named = self.index.waived.candidates(invoice.as_bytes());
        let rows = named.chain(self.index.general.of(blanket).iter().copied());
        rows.filter_map(|row| self.consent(row)).collect()
    }

    /// Whether a waiver is about an invoice under a blanket pledge.
    pub(super) fn waives(&self, consent: &Consent, blanket: u32, receivable: &Receivable) -> bool {
        let Granted::Waiver { blanket: of, invoices, debtors } = &consent.granted else {
            return false;
        };
        *of == blanket
            && (invoices.is_empty() || invoices.contains(&receivable.id))
            && self.names_debtor(debtors, &receivable.core.buyer)
    }

    /// Whether a waiver lets another blanket pledge go before this one.
    pub(super) fn waives_blanket(&self, consent: &Consent, of: u32, other: &Blanket) -> bool {
        let Granted::Waiver { blanket, invoices, debtors } = &consent.granted else {
            return false;
        };
        let ended = consent.withdrawn.map(|(position, _)| position);
        let debtor = other.debtor.as_ref();
        *blanket == of
            && invoices.is_empty()
            && (debtors.is_empty()
                || debtor.is_some_and(|debtor| self.names_debtor(debtors, debtor)))
            && consent.to.is_none_or(|to| to == other.holder)
            && consent.until.is_none_or(|until| other.recorded_at < until)
            && ended.is_none_or(|ended| other.position < ended)
    }

    fn names_debtor(&self, debtors: &[PartyId], buyer: &PartyId) -> bool {
        debtors.is_empty() || debtors.iter().any(|debtor| self.same_entity(debtor, buyer))
    }
}
