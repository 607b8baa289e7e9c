//! What a holder is told of after the claim: which event has which code, what counts as re-ageing, drifting terms, a
//! ring of trade or a missing approval.
//!
//! Every search is bounded, by the constants below and in docs/SPECIFICATION.md, "The watch"; whatever a search finds
//! is told. Who is told, and that nobody is told twice, is decided elsewhere.

use std::collections::BTreeSet;

use crate::domain::alert::AlertCode;
use crate::domain::judge::is_near;
use crate::domain::matching::Related;
use crate::domain::outcome::Relation;
use crate::domain::pages::Row;
use crate::domain::receivable::{Claim, Reading, Receivable};
use crate::domain::state::State;
use crate::domain::trades::{Due, DueMatter, Newest};
use crate::invoice::{Core, KeyKind, KeySet};
use crate::statement::{Role, SourceKind, Status, StatusReported};
use crate::types::{Date, DocumentHash, Timestamp};

/// An approval is expected within so many days of the issue, or by the due date where that is earlier.
const APPROVAL_DAYS: i32 = 30;
/// It is not missed before so many days after the claim.
const APPROVAL_GRACE_DAYS: i64 = 7;
/// How many matters that have become due one record deals with; the rest is left to the next one.
pub(super) const DUE_MAX: usize = 32;
/// From so many days beyond the usual on, terms of payment have drifted.
const DRIFT_DAYS: u16 = 15;
/// With fewer known terms than this, nothing is usual.
const TERMS_MIN: usize = 3;
/// How many claimed invoices of a pair are looked at, the newest first.
const CLAIMED_LOOKED_AT: usize = 64;
/// Invoices of a ring are issued within so many days of the one that closes it.
const RING_DAYS: u32 = 90;
/// How many pairs of traders one search for rings looks at.
const RING_STEPS: usize = 1_024;
/// How many rings one registration can close.
const RINGS_MAX: usize = 8;
/// How many claimed invoices are looked at to see whether a mandate is of use to its holder.
const MANDATE_LOOKED_AT: usize = 1_024;

/// The number of the day 1970-01-01, from which the registry's time counts.
const EPOCH_DAY: i32 = 719_163;
const DAY_MILLIS: i64 = 86_400_000;

/// What a new status is to a holder.
pub(super) fn of_status(
    receivable: &Receivable,
    report: &StatusReported,
    withdrawn: bool,
) -> Option<AlertCode> {
    match report.status {
        Status::Queried | Status::Refused if withdrawn => Some(AlertCode::ApprovalWithdrawn),
        Status::Queried => Some(AlertCode::Queried),
        Status::Refused => Some(AlertCode::Refused),
        Status::RejectedTechnical => Some(AlertCode::Rejected),
        Status::PartPaid | Status::Paid => Some(AlertCode::Paid),
        Status::PaymentReversed | Status::PaymentFailed => Some(AlertCode::PaymentReversed),
        Status::PayeeChanged => Some(AlertCode::PayeeChanged),
        Status::AssignedDisclosed | Status::AssignedConfidential => {
            Some(AlertCode::AssignedElsewhere)
        }
        Status::PaymentPromised => {
            let due = receivable.core.due_date;
            due.is_some_and(|due| report.date > Some(due)).then_some(AlertCode::DueChanged)
        }
        Status::Delivered
        | Status::NotDelivered
        | Status::Received
        | Status::InProcess
        | Status::Booked
        | Status::Answered
        | Status::ApprovedPart
        | Status::Approved
        | Status::PaymentSelected
        | Status::PaymentInitiated
        | Status::Released => None,
    }
}

/// What the registration of an invoice is to the holder of a claim on a related one.
pub(super) fn of_registration(
    known: &Receivable,
    new: &Receivable,
    relation: Relation,
    keys: KeySet,
) -> BTreeSet<AlertCode> {
    let mut codes = BTreeSet::new();
    let successor = keys.contains(KeyKind::Predecessor);
    let later_due = is_due_later(&known.core, &new.core);
    // A correction is issued later by its nature; that it is due later is what counts.
    let re_aged = if is_same(relation) && !successor {
        later_due || new.core.issue_date > known.core.issue_date
    } else {
        successor && later_due
    };
    if re_aged {
        codes.insert(AlertCode::ReAged);
    } else if is_same(relation) && !successor {
        codes.insert(AlertCode::CopyRegistered);
    }
    if successor {
        codes.insert(AlertCode::SuccessorRegistered);
    }
    if is_other_account(known.payee_account, new.payee_account) {
        codes.insert(AlertCode::PayeeChanged);
    }
    codes
}

/// Whether a new invoice is a known one whose life is over, with something altered, and does not say so.
pub(super) fn is_revival(related: &Related) -> bool {
    related.receivable.end.is_some()
        && is_same(related.as_alive)
        && !related.keys.contains(KeyKind::Predecessor)
}

/// Whether two invoices count as one receivable.
pub(super) const fn is_same(relation: Relation) -> bool {
    matches!(relation, Relation::Identical | Relation::Altered | Relation::Suspected)
}

fn is_due_later(known: &Core, new: &Core) -> bool {
    match (known.due_date, new.due_date) {
        (Some(known), Some(new)) => known < new,
        (known, new) => known.is_some() && new.is_none(),
    }
}

/// Whether two accounts to pay to are known and differ.
pub(super) fn is_other_account(known: Option<DocumentHash>, named: Option<DocumentHash>) -> bool {
    known.is_some() && named.is_some() && known != named
}

/// When a missing approval is told to the holder of a claim: at the end of the last day on which it was expected, and
/// not before the claim has stood for a while: who claims late knew that it was not there.
pub(super) fn approval_due(core: &Core, claim: &Claim) -> Timestamp {
    let by_issue = core.issue_date.day_number().saturating_add(APPROVAL_DAYS);
    let by_due = core.due_date.map_or(by_issue, Date::day_number);
    let days = by_issue.min(by_due).saturating_add(1).saturating_sub(EPOCH_DAY);
    let end = Timestamp::default().plus_millis(i64::from(days).saturating_mul(DAY_MILLIS));
    end.max(claim.since.plus_millis(APPROVAL_GRACE_DAYS.saturating_mul(DAY_MILLIS)))
}

/// What a claim enters into the calendar.
pub(super) fn due_of_claim(row: u32, core: &Core, claim: &Claim) -> Due {
    Due { at: approval_due(core, claim), what: DueMatter::Approval(row) }
}

/// How much longer than usual the terms of an invoice are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Drift {
    /// The days between issue and due date that are usual between its parties.
    pub(super) usual_days: u16,
    /// Its own.
    pub(super) days: u16,
    /// Where in the log the invoice before it, whose terms had drifted as far, was registered.
    pub(super) since: Option<u64>,
}

/// Invoices that close a ring of trade with another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring {
    /// The invoices, one for each further pair of seller and buyer: from the buyer of the first on.
    pub invoices: Vec<u32>,
    /// The sellers and buyers of all, by the rows of their entities, in order.
    entities: Vec<u32>,
    /// Whether it is closed by this invoice: no earlier one had the same place in it.
    pub is_new: bool,
}

impl State {
    /// Whether an approval by the debtor is still to come.
    pub(super) fn lacks_approval(&self, receivable: &Receivable) -> bool {
        let debtor = self.participant_of_party(receivable.buyer);
        // Who does not take part cannot approve.
        let takes_part =
            debtor.and_then(|row| self.participant(row)).is_some_and(|it| it.has(Role::Debtor));
        let by_debtor = |reading: &Option<Reading>, of: &[Status]| {
            let reading = reading.as_ref().filter(|it| it.source != SourceKind::Seller);
            reading.is_some_and(|it| of.contains(&it.status))
        };
        let approved = by_debtor(
            &receivable.process,
            &[Status::Approved, Status::ApprovedPart, Status::Refused],
        );
        let paying = by_debtor(
            &receivable.payment,
            &[
                Status::PaymentSelected,
                Status::PaymentInitiated,
                Status::PaymentPromised,
                Status::PartPaid,
                Status::Paid,
            ],
        );
        takes_part && receivable.end.is_none() && !approved && !paying
    }

    /// The rows that stand for the legal entities of an invoice's seller and buyer, where both are known.
    fn traders(&self, receivable: &Receivable) -> Option<(u32, u32)> {
        let entity = |row| self.parties.get(row).map(|party| party.entity);
        Some((entity(receivable.seller)?, entity(receivable.buyer)?))
    }

    /// Whether anybody may hold a claim on an invoice that this one could be related to: one of its parties', or one
    /// with its file or its account.
    pub(super) fn is_watched(&self, receivable: &Receivable) -> bool {
        let involved = |row| self.index.trades_between.is_involved(self.entity(row));
        let claimed = |row| self.receivable(row).is_some_and(|it| !it.claims.is_empty());
        self.claims > 0
            && (involved(receivable.seller)
                || involved(receivable.buyer)
                || self.across_sellers(receivable).into_iter().any(claimed))
    }

    /// The invoices of a pair that bear or bore a claim, the newest first.
    fn claimed_between(
        &self,
        seller: u32,
        buyer: u32,
    ) -> impl Iterator<Item = (u32, Row<Receivable>)> {
        let rows = self.index.trades_between.claimed(seller, buyer);
        let rows = rows.iter().rev().take(CLAIMED_LOOKED_AT);
        rows.filter_map(|row| Some((*row, self.receivable(*row)?)))
    }

    /// How far the terms of an invoice that is not registered yet are from those that are usual between its parties,
    /// where that is far: from the median of the last of the pair's invoices. Nothing is usual between parties none
    /// of whose invoices was ever claimed.
    pub(super) fn term_drift(&self, new: &Receivable) -> Option<Drift> {
        let (seller, buyer) = self.traders(new)?;
        let days = terms(&new.core).filter(|days| *days >= DRIFT_DAYS)?;
        let trades = &self.index.trades_between;
        let known = trades.terms(seller, buyer);
        if trades.claimed(seller, buyer).is_empty() || known.len() < TERMS_MIN {
            return None;
        }
        let mut sorted: Vec<u16> = known.iter().map(|term| term.days).collect();
        sorted.sort_unstable();
        // The lower one of the two in the middle.
        let usual_days = *sorted.get(sorted.len().saturating_sub(1) / 2)?;
        let drifted = |days: u16| days.saturating_sub(usual_days) >= DRIFT_DAYS;
        if !drifted(days) {
            return None;
        }
        let before = known.last().filter(|known| known.days >= days && drifted(known.days));
        let since = before.and_then(|known| self.receivable(known.row)?.history.first().copied());
        Some(Drift { usual_days, days, since })
    }

    /// The rings of trade that an invoice closes: its buyer sells to its seller, directly or over one or two others,
    /// within a window of time. Of each pair the invoice that was issued last counts; from rules 3 on the one that was
    /// registered last of those of like amount, and there is no ring without it: who buys and sells settles no account.
    pub(super) fn rings(&self, receivable: &Receivable) -> Vec<Ring> {
        let (core, mut rings) = (&receivable.core, Vec::new());
        let Some((seller, buyer)) = self.traders(receivable) else { return rings };
        let trades = &self.index.trades_between;
        if !trades.buys(seller) {
            return rings;
        }
        let day = core.issue_date.day_number();
        let recent = |newest: &Newest| newest.day.abs_diff(day) <= RING_DAYS;
        let mut steps = 0_usize;
        // Shorter rings first.
        let mut paths: Vec<Vec<(u32, Newest)>> = vec![Vec::new()];
        for _ in 0..3 {
            let mut longer = Vec::new();
            for path in paths {
                let last = path.last().map_or(buyer, |(entity, _)| *entity);
                for (next, newest) in trades.buyers_of(last) {
                    steps = steps.saturating_add(1);
                    if steps > RING_STEPS || rings.len() == RINGS_MAX {
                        return rings;
                    }
                    let met = next == buyer || path.iter().any(|(entity, _)| *entity == next);
                    if met || !recent(&newest) {
                        continue;
                    }
                    let mut path = path.clone();
                    path.push((next, newest));
                    if next == seller {
                        rings.extend(self.closed(core, (seller, buyer), path));
                    } else {
                        longer.push(path);
                    }
                }
            }
            paths = longer;
        }
        rings
    }

    /// The ring that a path makes with an invoice, from its buyer back to its seller.
    fn closed(
        &self,
        core: &Core,
        (seller, buyer): (u32, u32),
        mut path: Vec<(u32, Newest)>,
    ) -> Option<Ring> {
        if self.rules() < 3 {
            let before = self.index.trades_between.newest(seller, buyer);
            return Some(ring((seller, buyer), &path, before));
        }
        let mut last = buyer;
        for (next, newest) in &mut path {
            *newest = self.like_trade(core, (last, *next))?;
            last = *next;
        }
        Some(ring((seller, buyer), &path, self.like_trade(core, (seller, buyer))))
    }

    /// The invoice between two entities that was registered last of those near an invoice in amount and day.
    fn like_trade(&self, core: &Core, (seller, buyer): (u32, u32)) -> Option<Newest> {
        let id = |entity| self.parties.get(entity).map(|party| party.id.clone());
        let mut rows = self.close_trades(&id(seller)?, &id(buyer)?, core);
        rows.sort_unstable();
        let like = |row: u32| {
            let receivable = self.receivable(row)?;
            let other = &receivable.core;
            let (one_day, day) = (core.issue_date.day_number(), other.issue_date.day_number());
            let like = other.currency == core.currency
                && is_near(other.gross_minor, core.gross_minor)
                && day.abs_diff(one_day) <= RING_DAYS
                && self.entity(receivable.seller) == seller
                && self.entity(receivable.buyer) == buyer;
            like.then_some(Newest { day, row })
        };
        rows.into_iter().rev().find_map(like)
    }

    /// Those who hold claims on invoices of a pair, issued near a day where one is given, and are to hear of something
    /// between its parties: by the claims made since it was told last.
    fn holders_between(
        &self,
        (seller, buyer): (u32, u32),
        since: Option<u64>,
        day: Option<i32>,
        now: Timestamp,
    ) -> Vec<(u32, u32)> {
        let mut told = BTreeSet::new();
        let mut holders = Vec::new();
        for (row, receivable) in self.claimed_between(seller, buyer) {
            let issued = receivable.core.issue_date.day_number();
            if day.is_some_and(|day| issued.abs_diff(day) > RING_DAYS) {
                continue;
            }
            for claim in receivable.active_claims(now) {
                let is_news = since.is_none_or(|since| claim.place > since);
                if is_news && told.insert(claim.holder) {
                    holders.push((claim.holder, row));
                }
            }
        }
        holders
    }

    /// Those who are to hear of drifting terms, each with the newest invoice of the pair on which it has a claim.
    pub(super) fn holders_of_drift(
        &self,
        new: &Receivable,
        drift: &Drift,
        now: Timestamp,
    ) -> Vec<(u32, u32)> {
        let traders = self.traders(new);
        traders.map_or_else(Vec::new, |pair| self.holders_between(pair, drift.since, None, now))
    }

    /// Those who are to hear of a ring, each with an invoice in it on which it has a claim.
    pub(super) fn holders_of_ring(
        &self,
        ring: &Ring,
        core: &Core,
        now: Timestamp,
    ) -> Vec<(u32, u32)> {
        let day = Some(core.issue_date.day_number());
        let pairs = ring.entities.iter().zip(ring.entities.iter().skip(1));
        let of_pair =
            |(seller, buyer): (&u32, &u32)| self.holders_between((*seller, *buyer), None, day, now);
        pairs.flat_map(of_pair).collect()
    }

    /// Whether the holder of a mandate has a claim on an invoice that it covers. Where there are too many to look at,
    /// that is taken to be so.
    pub(super) fn is_mandate_of_use(
        &self,
        mandate: &crate::domain::Mandate,
        now: Timestamp,
    ) -> bool {
        let Some(debtor) = self.participant(mandate.debtor) else { return false };
        let mut claimed = self.index.trades_between.claimed_of_buyer(debtor.entity);
        let mut looked_at = 0_usize;
        claimed.any(|row| {
            looked_at = looked_at.saturating_add(1);
            let held = self.receivable(row).is_some_and(|receivable| {
                receivable.active_claims(now).any(|claim| claim.holder == mandate.holder)
                    && self.covers(mandate, &receivable)
            });
            held || looked_at > MANDATE_LOOKED_AT
        })
    }
}

/// A ring from its path; `before` is the invoice in the place of the one that closes it now. Where that one lies within
/// the window of all others, they were a ring already.
fn ring((seller, buyer): (u32, u32), path: &[(u32, Newest)], before: Option<Newest>) -> Ring {
    let newest = || path.iter().map(|(_, newest)| *newest);
    let days = newest().chain(before).map(|it| it.day);
    let spread = days.clone().max().zip(days.min());
    let close = spread.is_some_and(|(last, first)| last.abs_diff(first) <= RING_DAYS);
    let entities = [seller, buyer].into_iter().chain(path.iter().map(|(entity, _)| *entity));
    Ring {
        invoices: newest().map(|it| it.row).collect(),
        entities: entities.collect(),
        is_new: before.is_none() || !close,
    }
}

/// The days from issue to due date; none where it is due before it was issued, or never.
pub(super) fn terms(core: &Core) -> Option<u16> {
    let days = core.due_date?.day_number().saturating_sub(core.issue_date.day_number());
    u16::try_from(days).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_has_its_day_number() {
        let day = Timestamp::default().date();
        assert_eq!(day.day_number(), EPOCH_DAY);
    }
}
