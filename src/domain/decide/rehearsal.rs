//! Rehearsing: what a registration and a claim after it would come to, decided as ever and then forgotten.
//!
//! There is no second rule for checks: the same functions decide, on the same state, and their changes are
//! dropped. So a check says what the receipt of the claim would say.

use std::collections::BTreeSet;

use crate::domain::change::Change;
use crate::domain::decide::conflicts::{Claimed, Met};
use crate::domain::decide::{Author, Draft, financings, invoices};
use crate::domain::outcome::{Effect, Outcome, Verdict};
use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, ClaimKind, ClaimStanding, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::standing::{Held, Part as StandingPart};
use crate::domain::state::State;
use crate::statement::{Assurance, FinancingReserved, InvoiceRegistered, Item, OnConflict, Role};
use crate::types::{CaseId, ClaimId, Minor, StatementId, Timestamp};

/// How long a rehearsed reservation would be.
const HOUR_MILLIS: i64 = 3_600_000;

/// In whose name it is rehearsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum Part {
    /// A participant in its own name.
    Own(u32),
    /// A participant that makes no claims, as if it were a financier.
    Guest(u32),
}

/// An invoice as its registration would leave it.
pub(in crate::domain) struct Supposed {
    /// Its row; the next one where it is not registered.
    row: u32,
    /// The invoice.
    pub(in crate::domain) receivable: Receivable,
    /// Whether it is registered already.
    pub(in crate::domain) registered: bool,
}

impl Supposed {
    /// An invoice as it is.
    pub(in crate::domain) fn registered(row: u32, receivable: &Receivable) -> Self {
        Self { row, receivable: receivable.clone(), registered: true }
    }
}

/// What the claims of a holder come to as they stand.
pub(in crate::domain) struct Standings {
    /// What they meet, as a receipt would say it.
    pub(in crate::domain) outcome: Outcome,
    /// Whether they fit.
    pub(in crate::domain) fits: bool,
    /// Each of them, with its rank.
    pub(in crate::domain) claims: Vec<(Claim, u16)>,
}

impl State {
    /// What a registration would leave.
    ///
    /// # Errors
    /// [`Rejection`], as the registration would meet it.
    pub(in crate::domain) fn suppose(
        &self,
        part: Part,
        data: &InvoiceRegistered,
        now: Timestamp,
    ) -> Result<Supposed, Rejection> {
        let author = self.actor(part)?;
        let mut draft = Draft::new(self, &author, now, now);
        invoices::register(&mut draft, data)?;
        for change in draft.changes {
            if let Change::Register(receivable) = change {
                let row = self.receivables_len();
                return Ok(Supposed { row, receivable: *receivable, registered: false });
            }
            if let Change::Reregister { receivable: row, registrant, news } = change {
                let known = self.receivable(row).ok_or(Rejection::InvoiceUnknown)?;
                let mut receivable = Receivable::clone(&known);
                receivable.learn(registrant, *news, now);
                return Ok(Supposed { row, receivable, registered: true });
            }
        }
        Err(Rejection::InvoiceUnknown)
    }

    /// What a reservation of so much would come to, with claims that the reader knows nothing of left out.
    ///
    /// # Errors
    /// [`Rejection`], as the reservation would meet it.
    pub(in crate::domain) fn try_claim(
        &self,
        part: Part,
        supposed: &Supposed,
        claimed: Minor,
        on_conflict: OnConflict,
        hidden: BTreeSet<ClaimId>,
        now: Timestamp,
    ) -> Result<Outcome, Rejection> {
        let author = self.actor(part)?;
        let mut draft = self.after(supposed, &author, hidden, now);
        let core = &supposed.receivable.core;
        let data = FinancingReserved {
            invoices: vec![Item { id: supposed.receivable.id, claimed_minor: claimed }],
            currency: core.currency,
            until: now.plus_millis(HOUR_MILLIS),
            extends: None,
            on_conflict,
        };
        financings::reserve(&mut draft, StatementId::from_bytes([0; 32]), &data)?;
        Ok(draft.outcome)
    }

    /// What a claim of so much would meet if there were room for it, with claims that the reader knows nothing of left out.
    pub(in crate::domain) fn try_room(
        &self,
        part: Part,
        supposed: &Supposed,
        claimed: Minor,
        hidden: BTreeSet<ClaimId>,
        now: Timestamp,
    ) -> Option<Outcome> {
        let author = self.actor(part).ok()?;
        let mut draft = self.after(supposed, &author, hidden, now);
        let claim = Claim {
            id: ClaimId::new(self.claims),
            financing: self.financings.len(),
            holder: author.row,
            previous_holders: Vec::new(),
            passed_on: Vec::new(),
            within: None,
            kind: ClaimKind::Silent,
            amount_minor: claimed.max(1),
            place: draft.position,
            since: now,
            standing: ClaimStanding::Active,
        };
        let receivable = &supposed.receivable;
        let part = StandingPart {
            amount_minor: claim.amount_minor,
            open_minor: receivable.open_minor(),
            currency: receivable.core.currency,
        };
        let (id, place) = (claim.id, claim.place);
        let held = Held { row: supposed.row, id, holder: author.row, place, since: now, part };
        let met = Met::new(&draft, &Claimed { held, new: Some(&claim) }, &[receivable]);
        let fits = met.contradiction().is_none();
        met.note(&mut draft, 0, if fits { Effect::Fits } else { Effect::Refused });
        Some(draft.outcome)
    }

    /// What the standing claims of a participant on an invoice come to.
    pub(in crate::domain) fn standings(
        &self,
        holder: u32,
        supposed: &Supposed,
        now: Timestamp,
    ) -> Option<Standings> {
        let author = self.actor(Part::Own(holder)).ok()?;
        let mut draft = self.after(supposed, &author, BTreeSet::new(), now);
        let mut own = draft.standing.on(supposed.row, &supposed.receivable);
        own.retain(|held| held.holder == holder);
        own.sort_by_key(|held| (held.place, held.id));
        let around = |held: &Held| {
            let claimed = Claimed { held: *held, new: None };
            Met::new(&draft, &claimed, &[&supposed.receivable])
        };
        let met: Vec<Met> = own.iter().map(around).collect();
        let fits = met.iter().all(|met| met.contradiction().is_none());
        let effect = if fits { Effect::Fits } else { Effect::Conflict(CaseId::new(0)) };
        met.first()?.note(&mut draft, 0, effect);
        let ranked = |(held, met): (&Held, &Met)| {
            let claim = supposed.receivable.claims.iter().find(|claim| claim.id == held.id)?;
            Some((claim.clone(), met.rank()))
        };
        let claims = own.iter().zip(&met).filter_map(ranked).collect();
        let mut outcome = draft.outcome;
        outcome.verdict = Verdict::Admitted;
        Some(Standings { outcome, fits, claims })
    }

    /// A statement that follows the registration.
    fn after<'a>(
        &'a self,
        supposed: &Supposed,
        author: &'a Author,
        hidden: BTreeSet<ClaimId>,
        now: Timestamp,
    ) -> Draft<'a> {
        let mut draft = Draft::new(self, author, now, now);
        draft.position = draft.position.saturating_add(1);
        draft.supposed = Some((supposed.row, supposed.receivable.clone()));
        draft.standing.ended = hidden;
        draft
    }

    fn actor(&self, part: Part) -> Result<Author, Rejection> {
        let (Part::Own(row) | Part::Guest(row)) = part;
        let participant = self.participant(row).ok_or(Rejection::AuthorUnknown)?;
        let participant = if part == Part::Own(row) {
            participant
        } else {
            let mut guest = crate::domain::Participant::clone(&participant);
            guest.roles = vec![Role::Financier];
            Row::of(guest)
        };
        Ok(Author { row, participant, assurance: Assurance::Document })
    }
}
