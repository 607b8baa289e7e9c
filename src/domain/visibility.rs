//! Who sees what (DESIGN section 8): nothing is visible by default.

use crate::domain::axes::{Axis, axis};
use crate::domain::mandate::{Coverage, Mandate, MandateStanding};
use crate::domain::participant::Standing;
use crate::domain::receivable::{Claim, ClaimKind, Receivable, Told};
use crate::domain::state::State;
use crate::statement::{Detail, Status};
use crate::types::Timestamp;

/// What a reader may see of an invoice, and why.
#[expect(clippy::struct_excessive_bools, reason = "independent reasons, any of which may hold")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The operator and auditors see everything.
    pub everything: bool,
    /// The reader is its seller.
    pub seller: bool,
    /// The reader is its buyer.
    pub buyer: bool,
    /// The reader registered it.
    pub registrant: bool,
    /// The reader holds or held a right on it.
    pub holder: bool,
    /// The seller offers it to the reader, and the offer stands.
    pub offered: bool,
    /// What the debtor's mandates in force let the reader see.
    pub mandated: Vec<Detail>,
}

impl View {
    /// Whether the reader may know that there is such an invoice.
    pub fn any(&self) -> bool {
        self.everything
            || self.party()
            || self.registrant
            || self.holder
            || self.offered
            || !self.mandated.is_empty()
    }

    /// Whether the reader is its seller or buyer.
    pub const fn party(&self) -> bool {
        self.seller || self.buyer
    }

    /// What is told of an invoice in place of its first registration: who sees it as its buyer or by the buyer's
    /// mandate is told what a party registered, not what others had before.
    pub fn told<'a>(&self, receivable: &'a Receivable) -> Option<&'a Told> {
        receivable.told().filter(|_| !self.sees_others_words())
    }

    /// Whether the reader is told what financiers said of the document when they registered it: not as its buyer, nor
    /// by the buyer's mandate alone.
    pub const fn sees_others_words(&self) -> bool {
        let other = self.registrant || self.holder || self.offered;
        self.everything || self.seller || (other && !self.buyer)
    }

    /// Whether the reader's look is to be accounted for: it is not a party's own.
    pub const fn is_accounted(&self) -> bool {
        !self.party()
    }

    /// Whether the reader sees an axis.
    pub fn sees_axis(&self, axis: Axis) -> bool {
        let mandated = |detail| self.mandated.contains(&detail);
        match axis {
            // Whoever has a right to the document knows whether it lives.
            Axis::Document => self.any(),
            Axis::Process => self.everything || self.party() || mandated(Detail::Process),
            Axis::Payment => self.everything || self.party() || mandated(Detail::Payment),
            // A report of an outside assignment is the seller's business, never the debtor's side's.
            Axis::Encumbrance => self.everything || self.seller,
        }
    }

    /// Whether the reader sees the amounts and days of reports, and what is open.
    pub fn sees_amounts(&self) -> bool {
        self.everything || self.party() || self.mandated.contains(&Detail::Amounts)
    }

    /// Whether the reader sees a status in the history.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others go by their axis")]
    pub fn sees_status(&self, status: Status) -> bool {
        match status {
            // The buyer is told of what the seller discloses; a release only where the record concerns him, because
            // the end of a silent assignment would tell of it.
            Status::AssignedDisclosed | Status::PayeeChanged => {
                self.buyer || self.sees_axis(Axis::Encumbrance)
            }
            status => self.sees_axis(axis(status)),
        }
    }

    /// Whether the reader sees a claim, and whose it is. Others learn of it in findings and alerts only.
    pub fn sees_claim(&self, claim: &Claim, reader: u32) -> bool {
        let disclosed = claim.kind == ClaimKind::Disclosed;
        self.everything || self.seller || claim.was_held_by(reader) || (self.buyer && disclosed)
    }
}

impl State {
    /// What a participant may see of an invoice at a time.
    pub fn view(&self, reader: u32, receivable: &Receivable, now: Timestamp) -> View {
        self.view_with(reader, receivable, self.mandated(reader, receivable, now), now)
    }

    /// What a participant may see of an invoice when mandates let it see these details.
    pub(super) fn view_with(
        &self,
        reader: u32,
        receivable: &Receivable,
        mandated: Vec<Detail>,
        now: Timestamp,
    ) -> View {
        let Some(participant) = self.participant(reader) else { return View::default() };
        let buyer = self.participant_of_party(receivable.buyer) == Some(reader);
        let by_buyer = buyer || !mandated.is_empty();
        let known = by_buyer && self.is_known_to_buyer(receivable);
        View {
            everything: participant.sees_all(),
            seller: self.participant_of_party(receivable.seller) == Some(reader),
            buyer: buyer && known,
            registrant: receivable.registrants.contains(&reader),
            holder: receivable.claims.iter().any(|claim| claim.was_held_by(reader)),
            offered: self.is_offered(reader, receivable, now),
            mandated: if known { mandated } else { Vec::new() },
        }
    }

    /// Whether an invoice's seller or buyer registered it.
    pub(super) fn by_its_parties(&self, receivable: &Receivable) -> bool {
        let parties = [receivable.seller, receivable.buyer];
        let mut parties = parties.into_iter().filter_map(|it| self.participant_of_party(it));
        parties.any(|party| receivable.registrants.contains(&party))
    }

    /// Whether an invoice's buyer may know that it is registered. That a financier registers what neither party did tells
    /// of a right that may be silent: the buyer and whom it lets see its payables learn of it when a party registers it,
    /// when a right on it is disclosed, or when the financier itself asks the buyer for a mandate over it.
    pub fn is_known_to_buyer(&self, receivable: &Receivable) -> bool {
        let disclosed = || {
            let told = [Status::AssignedDisclosed, Status::PayeeChanged];
            receivable.claims.iter().any(|claim| claim.kind == ClaimKind::Disclosed)
                || receivable.encumbrance.as_ref().is_some_and(|it| told.contains(&it.status))
        };
        self.by_its_parties(receivable) || disclosed() || self.is_asked_about(receivable)
    }

    /// Whether a registrant of an invoice asked its buyer for a mandate over it.
    fn is_asked_about(&self, receivable: &Receivable) -> bool {
        let Some(debtor) = self.participant_of_party(receivable.buyer) else { return false };
        receivable.registrants.iter().any(|registrant| {
            let mandates = self.mandates_of(*registrant).iter();
            mandates.filter_map(|row| self.mandate(*row)).any(|mandate| {
                let asked = match mandate.standing {
                    MandateStanding::Requested
                    | MandateStanding::Answered
                    | MandateStanding::Declined { .. } => true,
                    MandateStanding::Granted | MandateStanding::Revoked { .. } => false,
                };
                asked
                    && mandate.holder == *registrant
                    && mandate.debtor == debtor
                    && self.covers(&mandate, receivable)
            })
        })
    }

    /// What the mandates in force let a participant see of an invoice.
    ///
    /// A suspended reader's keys may be in other hands: what others let it see is closed until it is reinstated.
    fn mandated(&self, reader: u32, receivable: &Receivable, now: Timestamp) -> Vec<Detail> {
        if !self.participant(reader).is_some_and(|reader| reader.standing == Standing::Active) {
            return Vec::new();
        }
        let Some(debtor) = self.participant_of_party(receivable.buyer) else { return Vec::new() };
        let mut details = Vec::new();
        for row in self.mandates_of(reader) {
            let Some(mandate) = self.mandate(*row) else { continue };
            let holds = mandate.holder == reader && mandate.debtor == debtor;
            if holds && mandate.in_force(now) && self.covers(&mandate, receivable) {
                details.extend(mandate.show.iter().copied());
            }
        }
        details.sort_unstable();
        details.dedup();
        details
    }

    /// Whether an invoice lies within a mandate's scope.
    pub fn covers(&self, mandate: &Mandate, receivable: &Receivable) -> bool {
        self.scope_covers(&mandate.scope, receivable)
    }

    /// Whether an invoice lies within a scope.
    pub(super) fn scope_covers(&self, scope: &Coverage, receivable: &Receivable) -> bool {
        match scope {
            Coverage::All => true,
            Coverage::Suppliers(suppliers) => {
                suppliers.iter().any(|supplier| self.same_entity(supplier, &receivable.core.seller))
            }
            Coverage::Invoices(invoices) => invoices.contains(&receivable.id),
        }
    }

    /// The holders of mandates in force that cover an invoice, in order.
    pub fn mandate_holders(&self, receivable: &Receivable, now: Timestamp) -> Vec<u32> {
        let Some(debtor) = self.participant_of_party(receivable.buyer) else { return Vec::new() };
        let mandates = self.mandates_of(debtor).iter().filter_map(|row| self.mandate(*row));
        let in_force = mandates.filter(|mandate| {
            mandate.debtor == debtor && mandate.in_force(now) && self.covers(mandate, receivable)
        });
        let active = |holder: &u32| {
            self.participant(*holder).is_some_and(|holder| holder.standing == Standing::Active)
        };
        let mut holders: Vec<u32> = in_force.map(|mandate| mandate.holder).filter(active).collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }
}
