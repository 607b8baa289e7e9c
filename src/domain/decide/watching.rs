//! Telling holders of rights what happens to their invoices, and to those that are related to them.
//!
//! Nobody is told the same of the same invoice twice by one statement, nobody is told of his own statement, and
//! nobody is told who else holds what.

use std::collections::BTreeSet;

use crate::domain::alert::{About, Alert, AlertCode, Place};
use crate::domain::change::Change;
use crate::domain::decide::Draft;
use crate::domain::outcome::Relation;
use crate::domain::receivable::Receivable;
use crate::domain::trades::{Due, DueMatter};
use crate::domain::watch::{
    DUE_MAX, approval_due, is_other_account, is_revival, is_same, of_registration,
};
use crate::types::{CaseId, DocumentHash};

impl Draft<'_> {
    /// Tells a participant of something on an invoice of its own.
    pub(super) fn alert(
        &mut self,
        to: u32,
        code: AlertCode,
        receivable: u32,
        case: Option<CaseId>,
    ) {
        self.alert_at(to, code, receivable, Place::here(), case);
    }

    /// Tells a participant of something that happened elsewhere, on an invoice related to its own.
    pub(super) fn alert_at(
        &mut self,
        to: u32,
        code: AlertCode,
        row: u32,
        place: Place,
        case: Option<CaseId>,
    ) {
        if self.told.insert((to, code, row, case)) {
            self.tell(to, code, About::Invoice { row, place }, case);
        }
    }

    /// Tells a pledgee of something that its blanket pledge met, on an invoice under it or as a whole.
    pub(super) fn alert_pledgee(
        &mut self,
        to: u32,
        code: AlertCode,
        blanket: u32,
        receivable: Option<u32>,
        case: Option<CaseId>,
    ) {
        if self.told_of.insert((blanket, code, receivable, case)) {
            self.tell(to, code, About::Blanket { row: blanket, receivable }, case);
        }
    }

    fn tell(&mut self, to: u32, code: AlertCode, about: About, case: Option<CaseId>) {
        let (position, recorded_at) = (self.position, self.now);
        self.push(Change::Alert(Alert { to, code, position, recorded_at, about, case }));
    }

    /// Tells every holder of a standing claim on the invoice, and on those related to it, but not the author.
    pub(super) fn alert_holders(&mut self, row: u32, receivable: &Receivable, code: AlertCode) {
        self.alert_holders_of(row, receivable, code, Place::here());
        if !self.state.is_watched(receivable) {
            return;
        }
        for related in self.state.related_where(receivable, |row| self.state.bears(row)) {
            let place = Place::at(row, related.relation, related.keys);
            self.alert_holders_of(related.row, &related.receivable, code, place);
        }
    }

    fn alert_holders_of(
        &mut self,
        row: u32,
        receivable: &Receivable,
        code: AlertCode,
        place: Place,
    ) {
        let holders: BTreeSet<u32> =
            receivable.active_claims(self.now).map(|claim| claim.holder).collect();
        let same = place.relation.is_some_and(is_same);
        for holder in holders {
            // Of another invoice of the same goods or order, who holds many is told once.
            if holder != self.author.row && (same || !self.has_told(holder, code)) {
                self.alert_at(holder, code, row, place, None);
            }
        }
    }

    /// Whether a participant was told something by this statement.
    fn has_told(&self, to: u32, code: AlertCode) -> bool {
        let first = (to, code, 0, None);
        self.told.range(first..).next().is_some_and(|told| (told.0, told.1) == (to, code))
    }

    /// Watches a registration: what the new invoice is to those on which there are claims.
    pub(super) fn watch_registration(&mut self, row: u32, new: &Receivable) {
        if self.state.claims == 0 {
            return;
        }
        if self.state.is_watched(new) {
            for related in self.state.related_where(new, |row| self.state.bears(row)) {
                let (known, relation) = (&related.receivable, related.relation);
                if known.active_claims(self.now).next().is_none() {
                    continue;
                }
                let place = Place::at(row, relation, related.keys);
                for code in of_registration(known, new, relation, related.keys) {
                    self.alert_holders_of(related.row, known, code, place);
                }
                if self.state.rules() >= 3 && is_revival(&related) {
                    let place = Place::at(row, related.as_alive, related.keys);
                    self.alert_holders_of(related.row, known, AlertCode::Revived, place);
                }
            }
            if let Some(drift) = self.state.term_drift(new) {
                let holders = self.state.holders_of_drift(new, &drift, self.now);
                self.alert_beside(&holders, AlertCode::TermDrift, row);
            }
        }
        for ring in self.state.rings(new).into_iter().filter(|ring| ring.is_new) {
            let holders = self.state.holders_of_ring(&ring, &new.core, self.now);
            self.alert_beside(&holders, AlertCode::CircularTrade, row);
        }
    }

    /// Watches a new claim: who makes it is told of a ring that its invoice is part of.
    pub(super) fn watch_claim(&mut self, row: u32, receivable: &Receivable) {
        let ring = self.state.rings(receivable).into_iter().next();
        if let Some(other) = ring.and_then(|ring| ring.invoices.first().copied()) {
            let place = Place::beside(other);
            self.alert_at(self.author.row, AlertCode::CircularTrade, row, place, None);
        }
    }

    /// Tells holders, each once, of something between the parties of their invoices.
    fn alert_beside(&mut self, holders: &[(u32, u32)], code: AlertCode, other: u32) {
        for (holder, row) in holders {
            if *holder != self.author.row && !self.has_told(*holder, code) {
                self.alert_at(*holder, code, *row, Place::beside(other), None);
            }
        }
    }

    /// Watches the account that another registration of an invoice names.
    pub(super) fn watch_account(
        &mut self,
        row: u32,
        receivable: &Receivable,
        named: Option<DocumentHash>,
    ) {
        if named.is_none() || named == receivable.payee_account {
            return;
        }
        let code = AlertCode::PayeeChanged;
        if is_other_account(receivable.payee_account, named) {
            self.alert_holders_of(row, receivable, code, Place::here());
        }
        if !self.state.is_watched(receivable) {
            return;
        }
        for related in self.state.related_where(receivable, |row| self.state.bears(row)) {
            if is_other_account(related.receivable.payee_account, named) {
                let place = Place::at(row, related.relation, related.keys);
                self.alert_holders_of(related.row, &related.receivable, code, place);
            }
        }
    }

    /// Tells the holder of a mandate what became of it, where it has a claim on an invoice that the mandate covers.
    pub(super) fn alert_mandate(&mut self, row: u32, code: AlertCode) {
        let Some(mandate) = self.state.mandate(row) else { return };
        if self.state.is_mandate_of_use(&mandate, self.now) {
            self.tell(mandate.holder, code, About::Mandate(row), None);
        }
    }

    /// Tells a side of a mandate, or of a request for one, what became of it.
    pub(super) fn tell_of_mandate(&mut self, row: u32, to: u32, code: AlertCode) {
        self.tell(to, code, About::Mandate(row), None);
    }

    /// Tells a side of an offer what became of it.
    pub(super) fn tell_of_request(&mut self, row: u32, to: u32, code: AlertCode) {
        // These codes are told of offers only, so that their rows are not mistaken for those of invoices.
        if self.told.insert((to, code, row, None)) {
            self.tell(to, code, About::Request(row), None);
        }
    }

    /// Deals with what became due since the last record, in order and as far as one record does.
    pub(super) fn watch_time(&mut self) {
        let due: Vec<Due> = self.state.index.calendar.before(self.now).take(DUE_MAX).collect();
        for due in &due {
            match due.what {
                DueMatter::Approval(row) => self.approval_missing(row, *due),
                DueMatter::Mandate(row) => {
                    let ended = |it: &crate::domain::Mandate| {
                        it.until == due.at && it.in_force(due.at.plus_millis(-1))
                    };
                    if self.state.mandate(row).is_some_and(|it| ended(&it)) {
                        self.alert_mandate(row, AlertCode::MandateExpired);
                    }
                }
            }
        }
        if let Some(last) = due.last() {
            self.push(Change::Pass(*last));
        }
    }

    /// Tells the holders to whose claims this applies that an approval has not come.
    fn approval_missing(&mut self, row: u32, due: Due) {
        let Some(receivable) = self.state.receivable(row) else { return };
        if !self.state.lacks_approval(&receivable) {
            return;
        }
        let holders: BTreeSet<u32> = receivable
            .active_claims(self.now)
            .filter(|claim| approval_due(&receivable.core, claim) == due.at)
            .map(|claim| claim.holder)
            .collect();
        for holder in holders {
            self.alert(holder, AlertCode::ApprovalOverdue, row, None);
        }
    }
}

/// Where an invoice lies that a claim met, seen from that one.
pub(super) fn place_of(relation: Relation, keys: crate::invoice::KeySet) -> Place {
    Place { relation: Some(relation), keys, other: None }
}
