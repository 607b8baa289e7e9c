//! What is derived from the columns, so that questions need no scan.
//!
//! Kept up by every change and made again when a state is taken up: both ways give equal lists, and equal sets of
//! match keys.

use std::collections::BTreeMap;

use crate::domain::blanket::{Consent, Granted};
use crate::domain::facts::Facts;
use crate::domain::index::HashIndex;
use crate::domain::lists::Lists;
use crate::domain::ordered::Ordered;
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::request::Request;
use crate::domain::state::State;
use crate::domain::trades::{Calendar, Due, DueMatter, Newest, Term, Trades};
use crate::domain::watch::{due_of_claim, terms};
use crate::types::{KeyId, PartyId, Timestamp};

/// The indexes of a state.
#[derive(Default)]
pub(super) struct Index {
    pub(super) party: BTreeMap<PartyId, u32>,
    pub(super) key: BTreeMap<KeyId, u32>,
    pub(super) statement: HashIndex,
    pub(super) invoice: HashIndex,
    /// By match key: invoices.
    pub(super) matches: Ordered,
    /// By entity: the party ids that are it.
    pub(super) aliases: Lists,
    /// By entity: the invoices that it sold or bought.
    pub(super) trades: Lists,
    /// Who sells to whom, and which of those invoices were claimed.
    pub(super) trades_between: Trades,
    /// What becomes due.
    pub(super) calendar: Calendar,
    /// By participant: financings that it holds or held.
    pub(super) financings: Lists,
    /// By participant: invoices on which it has or had a claim.
    pub(super) held: Lists,
    /// By participant: mandates that it grants, holds, or that were asked of or by it.
    pub(super) mandates: Lists,
    /// By participant: invoices that it registered without being their seller or buyer.
    pub(super) registered: Lists,
    /// By entity: the blanket pledges over what it sells.
    pub(super) blankets: Lists,
    /// By participant: the blanket pledges that it holds or held.
    pub(super) pledges: Lists,
    /// By blanket pledge: its waivers.
    pub(super) waivers: Lists,
    /// By blanket pledge: its waivers that name no invoices.
    pub(super) general: Lists,
    /// By blanket pledge: the conflicts that it is part of.
    pub(super) pledge_cases: Lists,
    /// By participant: the waivers and consents that it gave or that name it.
    pub(super) agreed: Lists,
    /// By invoice id: the waivers that name it.
    pub(super) waived: HashIndex,
    /// By invoice: the consents to claims beside those on it.
    pub(super) consents: BTreeMap<u32, Vec<u32>>,
    /// By participant: the offers that it made or was made.
    pub(super) requests: Lists,
    /// By invoice id: the offers that name it.
    pub(super) offered: HashIndex,
    /// By participant: alerts.
    pub(super) alerts: Lists,
    /// By participant: log positions of the records that concern it.
    pub(super) feed: Lists,
}

impl Index {
    /// Puts a waiver under its blanket pledge and the invoices that it names, a consent under its invoices.
    pub(super) fn add_consent(&mut self, row: u32, consent: &Consent) {
        self.agreed.add(consent.grantor, row);
        if let Some(to) = consent.to {
            self.agreed.add(to, row);
        }
        match &consent.granted {
            Granted::Waiver { blanket, invoices, .. } => {
                self.waivers.add(*blanket, row);
                if invoices.is_empty() {
                    self.general.add(*blanket, row);
                }
                for invoice in invoices {
                    self.waived.insert(invoice.as_bytes(), row);
                }
            }
            Granted::Beside { rights, .. } => {
                for (receivable, _) in rights {
                    self.consents.entry(*receivable).or_default().push(row);
                }
            }
        }
    }
}

impl State {
    /// Makes the indexes from the columns.
    pub(super) fn make_indexes(&mut self) {
        let mut index = Index::default();
        for (row, party) in (0_u32..).zip(self.parties.iter()) {
            index.party.insert(party.id.clone(), row);
            index.aliases.add(party.entity, row);
        }
        for (row, participant) in (0_u32..).zip(self.participants.iter()) {
            for key in &participant.keys {
                index.key.insert(key.id, row);
            }
        }
        for (row, receivable) in (0_u32..).zip(self.receivables.iter()) {
            self.index_receivable(&mut index, row, &receivable);
            for registrant in &receivable.registrants {
                self.index_registrant(&mut index, row, &receivable, *registrant);
            }
            for claim in &receivable.claims {
                self.index_claim(&mut index, row, &receivable, claim);
                for holder in claim.previous_holders.iter().chain([&claim.holder]) {
                    index.financings.add(*holder, claim.financing);
                    index.held.add(*holder, row);
                }
            }
        }
        for (row, mandate) in (0_u32..).zip(self.mandates.iter()) {
            index.mandates.add(mandate.debtor, row);
            index.mandates.add(mandate.holder, row);
            index.calendar.enter(due_of_mandate(row, mandate.until), self.passed);
        }
        for (row, blanket) in (0_u32..).zip(self.blankets.iter()) {
            index.blankets.add(self.entity(blanket.seller_row), row);
            index.pledges.add(blanket.holder, row);
        }
        for (row, consent) in (0_u32..).zip(self.consents.iter()) {
            index.add_consent(row, &consent);
        }
        for (row, request) in (0_u32..).zip(self.requests.iter()) {
            self.index_request(&mut index, row, &request);
        }
        for (row, case) in (0_u32..).zip(self.cases.iter()) {
            for blanket in &case.blankets {
                index.pledge_cases.add(*blanket, row);
            }
        }
        for (row, alert) in (0_u32..).zip(self.alerts.iter()) {
            index.alerts.add(alert.to, row);
        }
        for (row, entry) in (0_u32..).zip(self.journal.iter()) {
            index.statement.insert(entry.statement.as_bytes(), row);
            for participant in &entry.concerns {
                index.feed.add(*participant, row);
            }
        }
        self.index = index;
    }

    /// Puts an invoice under its hashes and its parties.
    pub(super) fn index_receivable(&self, index: &mut Index, row: u32, receivable: &Receivable) {
        index.invoice.insert(receivable.id.as_bytes(), row);
        self.index_match_keys(index, row, receivable);
        let (seller, buyer) = (self.entity(receivable.seller), self.entity(receivable.buyer));
        index.trades.add(seller, row);
        index.trades.add(buyer, row);
        let day = receivable.core.issue_date.day_number();
        index.trades_between.add(seller, buyer, Newest { day, row });
        if let Some(days) = terms(&receivable.core) {
            index.trades_between.add_term(seller, buyer, Term { row, days });
        }
    }

    /// Lists an offer under both sides and the invoices that it names.
    pub(super) fn index_request(&self, index: &mut Index, row: u32, request: &Request) {
        index.requests.add(request.supplier, row);
        index.requests.add(request.financier, row);
        for receivable in &request.receivables {
            if let Some(receivable) = self.receivables.get(*receivable) {
                index.offered.insert(receivable.id.as_bytes(), row);
            }
        }
    }

    /// Lists an invoice as one that bears a claim, and when something becomes due by that.
    pub(super) fn index_claim(
        &self,
        index: &mut Index,
        row: u32,
        receivable: &Receivable,
        claim: &Claim,
    ) {
        let (seller, buyer) = (self.entity(receivable.seller), self.entity(receivable.buyer));
        index.trades_between.claim(seller, buyer, row);
        index.calendar.enter(due_of_claim(row, &receivable.core, claim), self.passed);
    }

    /// Puts an invoice under its match keys, as its parties are linked now.
    pub(super) fn index_match_keys(&self, index: &mut Index, row: u32, receivable: &Receivable) {
        for (key, place) in self.places(&Facts::of(receivable)) {
            index.matches.insert(key.as_bytes(), place, row);
        }
    }

    /// Takes the invoices of a party from under the keys that it enters, before it becomes part of an entity.
    pub(super) fn unindex_party(&mut self, party: u32) {
        let mut index = core::mem::take(&mut self.index);
        for row in index.trades.of(party) {
            let Some(receivable) = self.receivables.get(*row) else { continue };
            for (key, place) in self.places(&Facts::of(&receivable)) {
                index.matches.remove(key.as_bytes(), place, *row);
            }
        }
        self.index = index;
    }

    /// Lists an invoice under a registrant that is neither its seller nor its buyer.
    pub(super) fn index_registrant(
        &self,
        index: &mut Index,
        row: u32,
        receivable: &Receivable,
        registrant: u32,
    ) {
        let party = self.participant_of_party(receivable.seller) == Some(registrant)
            || self.participant_of_party(receivable.buyer) == Some(registrant);
        if !party {
            index.registered.add(registrant, row);
        }
    }

    /// Follows a party that has become part of an entity: what was registered under it is found under the
    /// entity from here on.
    pub(super) fn index_link(&mut self, party: u32, entity: u32) {
        let mut index = core::mem::take(&mut self.index);
        let aliases = index.aliases.take(party);
        index.aliases.merge(entity, &aliases);
        let trades = index.trades.take(party);
        for row in &trades {
            if let Some(receivable) = self.receivables.get(*row) {
                self.index_match_keys(&mut index, *row, &receivable);
            }
        }
        index.trades.merge(entity, &trades);
        let blankets = index.blankets.take(party);
        index.blankets.merge(entity, &blankets);
        index.trades_between.link(party, entity);
        if let Some(participant) = self.participant_of_party(entity) {
            index.registered.remove(participant, &trades);
        }
        self.index = index;
    }
}

/// What a mandate enters into the calendar.
pub(super) const fn due_of_mandate(row: u32, until: Timestamp) -> Due {
    Due { at: until, what: DueMatter::Mandate(row) }
}
