//! Applying a decision: the same for the live registry, for recovery, for a rebuild and for an audit.

use crate::domain::blanket::Blanket;
use crate::domain::change::{Change, Decision, News};
use crate::domain::derived::{Index, due_of_mandate};
use crate::domain::encumbrance::Case;
use crate::domain::mandate::{Mandate, MandateStanding};
use crate::domain::participant::{Participant, Party};
use crate::domain::receivable::{Claim, Receivable};
use crate::domain::state::{JournalEntry, State, Subject};
use crate::statement::Statement;
use crate::types::{CaseId, ClaimId, PartyId, StatementId, Timestamp};

impl State {
    /// Makes the changes of a decision on the next record. The decision must have been made on this state.
    pub fn apply(&mut self, statement: &Statement, now: Timestamp, decision: Decision) {
        let Ok(position) = u32::try_from(self.size) else { return };
        for change in decision.changes {
            self.change(change, now);
        }
        for participant in &decision.concerns {
            self.index.feed.add(*participant, position);
        }
        self.enter(
            position,
            JournalEntry {
                statement: statement.id,
                subject: decision.subject,
                concerns: decision.concerns,
            },
            now,
        );
    }

    /// Lets a record that the rules do not give take its position and change nothing else. A registry never does
    /// this; an auditor who met such a record goes on with the next one at the right position.
    pub fn pass_over(&mut self, id: StatementId, now: Timestamp) {
        let Ok(position) = u32::try_from(self.size) else { return };
        let entry = JournalEntry { statement: id, subject: Subject::Nothing, concerns: Vec::new() };
        self.enter(position, entry, now);
    }

    fn enter(&mut self, position: u32, entry: JournalEntry, now: Timestamp) {
        self.index.statement.insert(entry.statement.as_bytes(), position);
        self.journal.push(entry);
        self.size = self.size.saturating_add(1);
        self.time = now;
    }

    #[expect(clippy::too_many_lines, reason = "a line or two for each change, all in one match")]
    fn change(&mut self, change: Change, now: Timestamp) {
        let position = self.size;
        match change {
            Change::Open(rulebook) => self.rulebook = Some(rulebook),
            Change::Adopt(rules) => {
                if let Some(rulebook) = &mut self.rulebook {
                    rulebook.rules = rules;
                }
            }
            Change::Admit(participant) => self.admit(*participant),
            Change::Stand(row, standing) => self.edit_participant(row, |it| it.standing = standing),
            Change::Link { entity, alias } => self.link(entity, &alias),
            Change::AddKey(row, key) => {
                self.index.key.insert(key.id, row);
                self.edit_participant(row, |it| it.keys.push(*key));
            }
            Change::RevokeKey(row, id, at) => self.edit_participant(row, |it| {
                it.keys
                    .iter_mut()
                    .filter(|key| key.id == id)
                    .for_each(|key| key.revoked_at = Some(at));
            }),
            Change::Delegate(row, delegation) => self.edit_participant(row, |it| {
                it.delegations.retain(|earlier| earlier.delegate != delegation.delegate);
                it.delegations.push(delegation);
            }),
            Change::Undelegate(row, delegate) => self.edit_participant(row, |it| {
                it.delegations.retain(|delegation| delegation.delegate != delegate);
            }),
            Change::Mandate(mandate) => {
                let (debtor, holder, until) = (mandate.debtor, mandate.holder, mandate.until);
                if let Some(row) = self.mandates.push(*mandate) {
                    self.index.calendar.enter(due_of_mandate(row, until), self.passed);
                    self.index.mandates.add(debtor, row);
                    self.index.mandates.add(holder, row);
                }
            }
            Change::Amend { mandate, scope, show, until } => {
                if let Some(before) = self.mandate(mandate).map(|it| it.until) {
                    self.index.calendar.remove(due_of_mandate(mandate, before));
                    self.index.calendar.enter(due_of_mandate(mandate, until), self.passed);
                }
                self.edit_mandate(mandate, |it| {
                    it.scope = scope;
                    it.show = show;
                    it.until = until;
                });
            }
            Change::Revoke(row, at) => {
                self.edit_mandate(row, |it| {
                    it.standing = MandateStanding::Revoked { at };
                });
            }
            Change::Answer(row) => {
                self.edit_mandate(row, |it| it.standing = MandateStanding::Answered);
            }
            Change::Decline(row, at) => {
                self.edit_mandate(row, |it| it.standing = MandateStanding::Declined { at });
            }
            Change::Request(request) => {
                let mut index: Index = core::mem::take(&mut self.index);
                self.index_request(&mut index, self.requests.len(), &request);
                self.index = index;
                self.requests.push(*request);
            }
            Change::DeclineRequest(row, at, reason) => {
                if let Some(request) = self.requests.edit(row) {
                    request.declined = Some((at, reason));
                }
            }
            Change::Alert(alert) => {
                let to = alert.to;
                if let Some(row) = self.alerts.push(alert) {
                    self.index.alerts.add(to, row);
                }
            }
            Change::Pass(due) => {
                self.index.calendar.pass(due);
                self.passed = Some(due);
            }
            Change::Register(receivable) => self.register(*receivable),
            Change::Reregister { receivable, registrant, news } => {
                self.reregister(receivable, registrant, *news, now);
            }
            Change::Credit(row, credit) => self.edit_receivable(row, |it| it.credits.push(credit)),
            Change::End(row, end) => self.edit_receivable(row, |it| it.end = it.end.or(Some(end))),
            Change::Read { receivable, axis, reading, paid_minor } => {
                self.edit_receivable(receivable, |it| {
                    it.paid_minor = paid_minor;
                    it.make_present(axis, *reading);
                });
            }
            Change::Hear { receivable, axis, reading, paid_minor } => {
                self.edit_receivable(receivable, |it| {
                    it.paid_minor = paid_minor;
                    it.hear(axis, *reading);
                });
            }
            Change::Paid(row, paid) => self.edit_receivable(row, |it| it.paid_minor = paid),
            Change::Guarantee(row, guarantee) => self.edit_receivable(row, |it| {
                it.further.get_or_insert_default().guarantee = Some(*guarantee);
            }),
            Change::Mention(row) => self.edit_receivable(row, |it| it.history.push(position)),
            Change::Financing(financing) => {
                let holder = financing.holder;
                if let Some(row) = self.financings.push(*financing) {
                    self.index.financings.add(holder, row);
                }
            }
            Change::Claim(row, claim) => {
                self.claims = self.claims.saturating_add(1);
                self.index.held.add(claim.holder, row);
                self.claim(row, *claim);
            }
            Change::Close(row, id, standing) => self.edit_receivable(row, |it| {
                it.claims
                    .iter_mut()
                    .filter(|claim| claim.id == id)
                    .for_each(|claim| claim.standing = standing);
            }),
            Change::Settle(row, received) => {
                self.edit_receivable(row, |it| {
                    it.settled_minor = it.settled_minor.saturating_add(received);
                });
            }
            Change::Transfer(row, id, to) => self.transfer(row, id, to, now),
            Change::Blanket(blanket) => self.pledge(*blanket),
            Change::ReleaseBlanket(row, at) => {
                if let Some(blanket) = self.blankets.edit(row) {
                    blanket.released = Some((position, at));
                }
            }
            Change::Consent(consent) => {
                self.index.add_consent(self.consents.len(), &consent);
                self.consents.push(*consent);
            }
            Change::Withdraw(row, position, at) => {
                if let Some(consent) = self.consents.edit(row) {
                    consent.withdrawn = Some((position, at));
                }
            }
            Change::OpenCase(case) => {
                for (receivable, _) in &case.claims {
                    self.note_case(*receivable, case.id);
                }
                let (id, claims) = (case.id, case.claims.clone());
                let blankets = case.blankets.clone();
                for blanket in &case.blankets {
                    self.index.pledge_cases.add(*blanket, self.cases.len());
                }
                self.cases.push(*case);
                for (receivable, claim) in claims {
                    self.enter_case(id, receivable, claim, now);
                }
                for blanket in blankets {
                    self.enter_pledgee(id, blanket, now);
                }
            }
            Change::JoinCase(case, receivable, claim) => {
                self.note_case(receivable, case);
                self.edit_case(case, |it| it.claims.push((receivable, claim)));
                self.enter_case(case, receivable, claim, now);
            }
            Change::JoinBlanket(case, blanket) => {
                if let Ok(row) = u32::try_from(case.number()) {
                    self.index.pledge_cases.add(blanket, row);
                }
                self.edit_case(case, |it| it.blankets.push(blanket));
                self.enter_pledgee(case, blanket, now);
            }
            Change::ClearCase(case, at) => {
                self.edit_case(case, |it| it.cleared_at = it.cleared_at.or(Some(at)));
            }
            Change::Clearing(blanket, Some(from)) => {
                self.clearing.insert(blanket, from);
            }
            Change::Clearing(blanket, None) => {
                self.clearing.remove(&blanket);
            }
            Change::Step(case, step) => self.edit_case(case, |it| it.steps.push(*step)),
            Change::Resolve { case, position, agreed } => self.edit_case(case, |it| {
                it.took_effect.push(position);
                it.agreed.extend(agreed);
            }),
            Change::Apart(one, other) => {
                for (row, from) in [(one, other), (other, one)] {
                    self.edit_receivable(row, |it| {
                        if !it.apart.contains(&from) {
                            it.apart.push(from);
                        }
                    });
                }
            }
        }
    }

    fn edit_participant(&mut self, row: u32, edit: impl FnOnce(&mut Participant)) {
        self.participants.edit(row).map(edit);
    }

    fn edit_mandate(&mut self, row: u32, edit: impl FnOnce(&mut Mandate)) {
        self.mandates.edit(row).map(edit);
    }

    fn edit_receivable(&mut self, row: u32, edit: impl FnOnce(&mut Receivable)) {
        self.receivables.edit(row).map(edit);
    }

    fn edit_case(&mut self, id: CaseId, edit: impl FnOnce(&mut Case)) {
        u32::try_from(id.number()).ok().and_then(|row| self.cases.edit(row)).map(edit);
    }

    /// The holder of a claim comes into a conflict.
    fn enter_case(&mut self, id: CaseId, row: u32, claim: ClaimId, now: Timestamp) {
        let Some(receivable) = self.receivables.get(row) else { return };
        let Some(claim) = receivable.claims.iter().find(|known| known.id == claim) else { return };
        self.enter_party(id, claim.holder, now);
    }

    /// The holder of a blanket pledge comes into a conflict.
    fn enter_pledgee(&mut self, id: CaseId, blanket: u32, now: Timestamp) {
        if let Some(holder) = self.blanket(blanket).map(|blanket| blanket.holder) {
            self.enter_party(id, holder, now);
        }
    }

    fn enter_party(&mut self, id: CaseId, holder: u32, now: Timestamp) {
        self.edit_case(id, |it| {
            if it.parties.iter().all(|(party, _)| *party != holder) {
                it.parties.push((holder, now));
            }
        });
    }

    fn note_case(&mut self, receivable: u32, case: CaseId) {
        self.edit_receivable(receivable, |it| {
            if !it.cases.contains(&case) {
                it.cases.push(case);
            }
        });
    }

    /// The row of a party id, added where it is new.
    fn party(&mut self, id: &PartyId) -> u32 {
        if let Some(row) = self.party_row(id) {
            return row;
        }
        let id = id.canonical();
        let entity = self.parties.len();
        let row = self
            .parties
            .push(Party { id: id.clone(), entity, participant: None })
            .unwrap_or(u32::MAX);
        self.index.party.insert(id, row);
        self.index.aliases.add(entity, row);
        row
    }

    fn admit(&mut self, mut participant: Participant) {
        let party = self.party(&participant.id);
        let entity = self.entity(party);
        participant.entity = entity;
        let keys: Vec<_> = participant.keys.iter().map(|key| key.id).collect();
        let Some(row) = self.participants.push(participant) else { return };
        if let Some(party) = self.parties.edit(entity) {
            party.participant = Some(row);
        }
        for key in keys {
            self.index.key.insert(key, row);
        }
    }

    fn link(&mut self, entity: u32, alias: &PartyId) {
        let alias = self.party(alias);
        self.unindex_party(alias);
        if let Some(party) = self.parties.edit(alias) {
            party.entity = entity;
        }
        self.index_link(alias, entity);
    }

    fn register(&mut self, mut receivable: Receivable) {
        for (row, id) in [
            (&mut receivable.seller, &receivable.core.seller),
            (&mut receivable.buyer, &receivable.core.buyer),
        ] {
            if *row >= self.parties.len() {
                *row = self.party(id);
            }
        }
        let mut index: Index = core::mem::take(&mut self.index);
        let row = self.receivables.len();
        self.index_receivable(&mut index, row, &receivable);
        for registrant in &receivable.registrants {
            self.index_registrant(&mut index, row, &receivable, *registrant);
        }
        self.index = index;
        self.receivables.push(receivable);
    }

    fn reregister(&mut self, row: u32, registrant: u32, news: News, now: Timestamp) {
        self.edit_receivable(row, |it| it.learn(registrant, news, now));
        let Some(receivable) = self.receivables.get(row) else { return };
        let mut index = core::mem::take(&mut self.index);
        // A file or an account that was not known before.
        self.index_match_keys(&mut index, row, &receivable);
        self.index_registrant(&mut index, row, &receivable, registrant);
        self.index = index;
    }

    fn pledge(&mut self, mut blanket: Blanket) {
        blanket.seller_row = self.party(&blanket.seller.clone());
        blanket.debtor_row = blanket.debtor.clone().map(|debtor| self.party(&debtor));
        let (seller, holder) = (self.entity(blanket.seller_row), blanket.holder);
        let Some(row) = self.blankets.push(blanket) else { return };
        self.index.blankets.add(seller, row);
        self.index.pledges.add(holder, row);
    }

    fn claim(&mut self, row: u32, claim: Claim) {
        if let Some(receivable) = self.receivables.get(row) {
            let mut index = core::mem::take(&mut self.index);
            self.index_claim(&mut index, row, &receivable, &claim);
            self.index = index;
        }
        self.edit_receivable(row, |it| it.claims.push(claim));
    }

    fn transfer(&mut self, row: u32, id: ClaimId, to: u32, now: Timestamp) {
        let position = self.size;
        let Some(receivable) = self.receivables.edit(row) else { return };
        let cases = receivable.cases.clone();
        let Some(claim) = receivable.claims.iter_mut().find(|claim| claim.id == id) else { return };
        claim.previous_holders.push(claim.holder);
        claim.passed_on.push(position);
        claim.holder = to;
        let financing = claim.financing;
        self.index.financings.add(to, financing);
        self.index.held.add(to, row);
        for case in cases {
            let stored = self.case_by_id(case);
            if stored.is_some_and(|it| it.cleared_at.is_none() && it.claims.contains(&(row, id))) {
                self.enter_case(case, row, id, now);
            }
        }
    }
}

/// The registry's time never runs backwards, whatever the clock does.
pub fn registry_time(last: Timestamp, clock: Timestamp) -> Timestamp {
    last.max(clock)
}
