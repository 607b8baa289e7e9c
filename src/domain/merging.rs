//! Several sources for one invoice: what each said last on an axis, which of it is the present reading, and whether
//! any two of them contradict each other (STANDARDS 9.2).
//!
//! The present reading is a function of what each source said last, so that it does not depend on the order in which
//! reports arrive. What the other sources said stays beside it; an invoice of which one source speaks has no memory
//! for that.

use core::cmp::Reverse;

use crate::domain::axes::{Axis, progress};
use crate::domain::receivable::{Reading, Receivable};
use crate::statement::{SourceKind, Status};
use crate::types::Timestamp;

impl Receivable {
    /// The present reading of an axis.
    pub const fn present(&self, axis: Axis) -> Option<&Reading> {
        match axis {
            Axis::Document => self.document.as_ref(),
            Axis::Process => self.process.as_ref(),
            Axis::Payment => self.payment.as_ref(),
            Axis::Encumbrance => self.encumbrance.as_ref(),
        }
    }

    /// What other sources than that of the present reading said last on an axis, the most trusted first.
    pub fn beside(&self, axis: Axis) -> impl Iterator<Item = &Reading> {
        let readings = self.further.iter().flat_map(|further| &further.readings);
        readings.filter(move |(of, _)| *of == axis).map(|(_, reading)| reading)
    }

    /// Whether what the sources said last on an axis cannot all be so.
    pub fn is_contradicted(&self, axis: Axis) -> bool {
        let present = self.present(axis);
        present.is_some_and(|present| self.beside(axis).any(|other| contradict(present, other)))
    }

    /// When the debtor's side first asked or refused, if it ever did.
    pub fn objected_at(&self) -> Option<Timestamp> {
        self.further.as_ref()?.objected_at
    }

    /// What a source said last on an axis.
    pub(super) fn said_by(&self, axis: Axis, source: SourceKind) -> Option<&Reading> {
        let present = self.present(axis).filter(|present| present.source == source);
        present.or_else(|| self.beside(axis).find(|reading| reading.source == source))
    }

    /// Takes in what a source says, in the place of what it said before: the best of all becomes present.
    pub(super) fn hear(&mut self, axis: Axis, said: Reading) {
        self.note_objection(axis, &said);
        if self.present(axis).is_none_or(|present| present.source == said.source)
            && self.beside(axis).next().is_none()
        {
            self.make_present(axis, said);
            return;
        }
        let mut all: Vec<Reading> = self.beside(axis).cloned().collect();
        all.extend(self.present(axis).cloned());
        all.retain(|reading| reading.source != said.source);
        all.push(said);
        all.sort_unstable_by_key(|reading| reading.source);
        let best = best(axis, &all);
        let further = self.further.get_or_insert_default();
        further.readings.retain(|(of, _)| *of != axis);
        let mut present = None;
        for (place, reading) in all.into_iter().enumerate() {
            if place == best {
                present = Some(reading);
            } else {
                further.readings.push((axis, reading));
            }
        }
        if let Some(present) = present
            && self.present(axis) != Some(&present)
        {
            self.make_present(axis, present);
        }
    }

    /// Makes a reading present on its axis, whatever others say.
    pub(super) fn make_present(&mut self, axis: Axis, reading: Reading) {
        self.note_objection(axis, &reading);
        self.conduct.learn(axis, &reading);
        match axis {
            Axis::Document => self.document = Some(reading),
            Axis::Process => {
                let queried =
                    |it: Option<&Reading>| it.is_some_and(|it| it.status == Status::Queried);
                if reading.status == Status::Queried && !queried(self.process.as_ref()) {
                    self.before_query = self.process.take();
                }
                self.process = Some(reading);
            }
            Axis::Payment => self.payment = Some(reading),
            Axis::Encumbrance => self.encumbrance = Some(reading),
        }
    }

    fn note_objection(&mut self, axis: Axis, said: &Reading) {
        let objects = matches!(said.status, Status::Queried | Status::Refused);
        if axis == Axis::Process && objects && said.source != SourceKind::Seller {
            let further = self.further.get_or_insert_default();
            further.objected_at = further.objected_at.or(Some(said.recorded_at));
        }
    }
}

/// Whether a reading counts as the debtor's side's. An answer is the seller's to give.
fn is_of_debtor(reading: &Reading) -> bool {
    reading.source != SourceKind::Seller || reading.status == Status::Answered
}

/// Which of several sources' last words on an axis is the present one, by its place among them.
///
/// On the debtor's axes those of the debtor's side, if there are any; of these the newest, at one time the better
/// source's. But a lesser source takes back no refusal, and no money that a better one told of; nor does anyone take
/// back an approval by saying that the invoice is received, in process or booked.
fn best(axis: Axis, all: &[Reading]) -> usize {
    let of_debtor = matches!(axis, Axis::Process | Axis::Payment) && all.iter().any(is_of_debtor);
    let counts = || all.iter().enumerate().filter(|(_, it)| !of_debtor || is_of_debtor(it));
    // An answer ends the question that was asked up to then, although it is the seller's.
    let age = |it: &Reading| (it.effective_at, it.status == Status::Answered, Reverse(it.source));
    let Some((place, newest)) = counts().max_by_key(|(_, it)| age(it)) else { return 0 };
    let standing = match axis {
        Axis::Document => counts().find(|(_, it)| it.status == Status::RejectedTechnical),
        Axis::Process => {
            let refused = |it: &Reading| it.status == Status::Refused && it.source < newest.source;
            let refusal = counts().filter(|(_, it)| refused(it)).max_by_key(|(_, it)| age(it));
            refusal.or_else(|| {
                let halts = |it: &Reading| matches!(it.status, Status::Queried | Status::Refused);
                let halted = |since| counts().any(|(_, it)| halts(it) && since <= it.effective_at);
                let ahead = counts().filter(|(_, it)| {
                    is_on_the_way(newest.status)
                        && it.effective_at < newest.effective_at
                        && progress(it.status) > progress(newest.status)
                        && !halted(it.effective_at)
                });
                ahead.max_by_key(|(_, it)| (progress(it.status).min(APPROVED), age(it)))
            })
        }
        Axis::Payment => {
            let money = |it: &Reading| it.source < newest.source && takes_back_money(it, newest);
            counts().filter(|(_, it)| money(it)).min_by_key(|(_, it)| it.source)
        }
        Axis::Encumbrance => None,
    };
    standing.map_or(place, |(place, _)| place)
}

/// The progress from which on an invoice is approved, in part or whole.
const APPROVED: u8 = 4;

/// Whether a status is on the way to an approval.
const fn is_on_the_way(status: Status) -> bool {
    matches!(status, Status::Received | Status::InProcess | Status::Booked)
}

/// Whether two sources' last words on one axis cannot both be so: what the later one says could not have followed what
/// the earlier one said; of two words at one time, neither order may be impossible.
fn contradict(one: &Reading, other: &Reading) -> bool {
    let (earlier, later) =
        if other.effective_at < one.effective_at { (other, one) } else { (one, other) };
    cannot_follow(earlier, later)
        || (earlier.effective_at == later.effective_at && cannot_follow(later, earlier))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "after the others anything may come")]
fn cannot_follow(earlier: &Reading, later: &Reading) -> bool {
    match earlier.status {
        Status::Delivered => later.status == Status::NotDelivered,
        Status::RejectedTechnical | Status::Refused => later.status != earlier.status,
        Status::Approved => {
            matches!(later.status, Status::ApprovedPart | Status::Queried | Status::Refused)
        }
        Status::ApprovedPart => {
            let less = later.amount_minor < earlier.amount_minor;
            (less && later.status == Status::ApprovedPart)
                || matches!(later.status, Status::Queried | Status::Refused)
        }
        Status::PartPaid | Status::Paid => takes_back_money(earlier, later),
        _ => false,
    }
}

/// Whether what is said takes back money that was told of before, without a reversal.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others tell of no money")]
fn takes_back_money(before: &Reading, said: &Reading) -> bool {
    match before.status {
        Status::Paid => !matches!(said.status, Status::Paid | Status::PaymentReversed),
        Status::PartPaid => {
            said.status == Status::PartPaid && said.amount_minor < before.amount_minor
        }
        _ => false,
    }
}
