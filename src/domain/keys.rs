//! Under which keys, and at which places, an invoice stands in the ordered index; and where its like are looked for.
//!
//! The work of one look is bounded: at most [`EACH_SIDE`] rows on either side of the day for a key, at most
//! [`GROUP_MAX`] of one skeleton, at most [`NEAR_MAX`] close amounts. Which rows those are follows from the index as
//! a set, so it is the same live and rebuilt.

use crate::domain::facts::Facts;
use crate::domain::judge::{CLOSE_DAYS, is_near, reference};
use crate::domain::ordered::{Entry, Ordered};
use crate::domain::receivable::Receivable;
use crate::domain::state::State;
use crate::invoice::{
    Core, InvoiceNumber, MatchKey, account_key, buyer_key, despatch_key, document_key, lines_key,
    near_key, order_key, skeleton, skeleton_key,
};
use crate::types::{Date, Minor, PartyId};

/// How many rows of one key are looked at on either side of the invoice's day.
const EACH_SIDE: usize = 32;
/// The largest group of one skeleton that is looked at whole; in a larger one only equal numbers are.
const GROUP_MAX: usize = 64;
/// The most rows with an amount and a date close by that are looked at: the nearest days, then amounts.
const NEAR_MAX: usize = 64;
/// The most entries of one stretch of days that are sorted for that.
const STRETCH_MAX: usize = 2_048;
/// How many days a stretch of the list of close amounts has.
const STRETCH_DAYS: u32 = 128;
/// The fewest lines that are looked for across sellers.
const LINES_MIN: usize = 3;

/// A key and a place under it.
type Place = (MatchKey, u32);

impl State {
    /// The rows of the invoices of a seller's legal entity that have a number, however it is spelled, in order of
    /// registration: the first 64 of them.
    pub fn numbered(&self, seller: &PartyId, number: &InvoiceNumber) -> Vec<u32> {
        let Some(party) = self.party_row(seller) else { return Vec::new() };
        let group = skeleton_key(&self.entity_id(party, seller), &skeleton(number));
        let normalised = number.normalised();
        let from = number_place(&normalised, 0);
        let entries = self.index.matches.range(group.as_bytes(), from..=from | 0xffff);
        let is_it = |row: &u32| {
            let invoice = self.receivables.get(*row);
            invoice.is_some_and(|it| {
                it.core.number.normalised() == normalised
                    && self.same_entity(&it.core.seller, seller)
            })
        };
        let mut rows: Vec<u32> = entries.iter().map(|entry| entry.row).filter(is_it).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.truncate(NEAR_MAX);
        rows
    }

    /// Everything that an invoice stands under.
    pub(super) fn places(&self, facts: &Facts<'_>) -> Vec<Place> {
        let (seller, buyer) = self.entities_of(facts);
        let core = facts.core;
        let day = day(core.issue_date);
        let mut places = vec![
            (
                skeleton_key(&seller, &facts.number.skeleton),
                number_place(&facts.number.normalised, day),
            ),
            (near_key(&seller, &buyer, core), near_place(core.gross_minor, day)),
            (buyer_key(&buyer, core, &facts.number.skeleton), day),
        ];
        if facts.references.order.as_ref().is_some_and(|it| reference(Some(it)).is_some())
            && let Some(order) = &facts.references.order
        {
            places.push((order_key(&buyer, order), day));
        }
        if let Some(despatch) = &facts.references.despatch
            && reference(Some(despatch)).is_some()
        {
            places.push((despatch_key(&seller, despatch), day));
        }
        if facts.lines.len() >= LINES_MIN {
            places.push((lines_key(&buyer, facts.lines), day));
        }
        if let Some(account) = &facts.payee_account {
            places.push((account_key(account, core), day));
        }
        for document in facts.documents {
            places.push((document_key(document), 0));
        }
        for (group, normalised) in other_groups(facts) {
            places.push((skeleton_key(&seller, &group), number_place(&normalised, day)));
        }
        places
    }

    /// The rows that version 2 of the rules compares with an invoice.
    pub(super) fn candidates(&self, facts: &Facts<'_>) -> Vec<u32> {
        let index = &self.index.matches;
        let (seller, buyer) = self.entities_of(facts);
        let core = facts.core;
        let day = day(core.issue_date);
        let mut rows = Vec::new();
        let own = (facts.number.skeleton.clone(), facts.number.normalised.clone());
        let others = other_groups(facts);
        let beside = others.len();
        for (group, normalised) in others.into_iter().chain([own]) {
            rows.extend(numbered(index, &skeleton_key(&seller, &group), &normalised, day));
        }
        close(index, &near_key(&seller, &buyer, core), core.gross_minor, day, &mut rows);
        let mut places = self.places(facts);
        // The first two and the groups at the end were looked at.
        places.truncate(places.len().saturating_sub(beside));
        for (key, place) in places.into_iter().skip(2) {
            let found = index.around(key.as_bytes(), place, EACH_SIDE);
            rows.extend(found.iter().map(|entry| entry.row));
        }
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The rows that may be related to an invoice of other parties: those with its file or its account.
    pub(super) fn across_sellers(&self, invoice: &Receivable) -> Vec<u32> {
        let day = day(invoice.core.issue_date);
        let account = invoice.payee_account.iter().map(|it| (account_key(it, &invoice.core), day));
        let files = invoice.documents.iter().map(|it| (document_key(it), 0));
        let found = account.chain(files).flat_map(|(key, place)| {
            self.index.matches.around(key.as_bytes(), place, EACH_SIDE).iter().map(|it| it.row)
        });
        found.collect()
    }

    /// The rows between a seller and a buyer that are close to an invoice in amount and date, and perhaps others.
    pub(super) fn close_trades(&self, seller: &PartyId, buyer: &PartyId, core: &Core) -> Vec<u32> {
        let (list, day) = (near_key(seller, buyer, core), day(core.issue_date));
        let mut rows = Vec::new();
        close(&self.index.matches, &list, core.gross_minor, day, &mut rows);
        rows
    }

    /// The rows that version 1 of the rules compares with an invoice: whatever shares the seller and the number, the
    /// parties with the amount and the date, or a document.
    pub(super) fn exact_candidates(&self, facts: &Facts<'_>) -> Vec<u32> {
        let index = &self.index.matches;
        let (seller, buyer) = self.entities_of(facts);
        let core = facts.core;
        let group = skeleton_key(&seller, &facts.number.skeleton);
        let from = number_place(&facts.number.normalised, 0);
        let mut found = index.range(group.as_bytes(), from..=from | 0xffff).to_vec();
        let place = near_place(core.gross_minor, day(core.issue_date));
        found.extend(index.range(near_key(&seller, &buyer, core).as_bytes(), place..=place));
        for document in facts.documents {
            found.extend(index.range(document_key(document).as_bytes(), 0..=0));
        }
        let mut rows: Vec<u32> = found.into_iter().map(|entry| entry.row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// The groups of skeletons in which an invoice stands beside its own, each with the number by which it does: that of
/// the number without a part number (`1001/2`), and those of the invoices that it follows.
fn other_groups(facts: &Facts<'_>) -> Vec<(String, String)> {
    let stem = facts.number.stem.as_ref().filter(|stem| **stem != facts.number.skeleton);
    let stem = stem.map(|stem| (stem.clone(), facts.number.normalised.clone()));
    let preceding = facts.references.preceding.iter();
    stem.into_iter().chain(preceding.map(|it| (skeleton(it), it.normalised()))).collect()
}

/// The rows of one skeleton: all where they are few, otherwise those of the number itself.
fn numbered<'a>(
    index: &'a Ordered,
    group: &MatchKey,
    normalised: &str,
    day: u32,
) -> impl Iterator<Item = u32> + use<'a> {
    let all = index.range(group.as_bytes(), 0..=u32::MAX);
    let found = if all.len() <= GROUP_MAX {
        all
    } else {
        let from = number_place(normalised, 0);
        let equal = index.range(group.as_bytes(), from..=from | 0xffff);
        nearest(equal, number_place(normalised, day))
    };
    found.iter().map(|entry| entry.row)
}

/// What stands around a place: at most [`EACH_SIDE`] on either side.
fn nearest(entries: &[Entry], place: u32) -> &[Entry] {
    let middle = entries.partition_point(|entry| entry.place < place);
    let from = middle.saturating_sub(EACH_SIDE);
    let to = middle.saturating_add(EACH_SIDE).min(entries.len());
    entries.get(from..to).unwrap_or_default()
}

/// The rows of one list with an amount at most 2 % away and a date at most 120 days away.
fn close(index: &Ordered, list: &MatchKey, amount: Minor, at: u32, rows: &mut Vec<u32>) {
    let least = amount.saturating_sub(amount / 50);
    let most = amount.saturating_mul(50) / 49;
    debug_assert!(is_near(amount, least) || amount < 50);
    let days = at.saturating_sub(CLOSE_DAYS)..=at.saturating_add(CLOSE_DAYS);
    let mut found: Vec<(u32, u32, u32)> = Vec::new();
    for stretch in days.start() / STRETCH_DAYS..=days.end() / STRETCH_DAYS {
        let from = stretch.saturating_mul(STRETCH_DAYS);
        let until = from.saturating_add(STRETCH_DAYS.saturating_sub(1));
        let range = near_place(least, from)..=near_place(most, until);
        let entries = index.range(list.as_bytes(), range);
        let home = near_place(amount, at.clamp(from, until));
        let middle = entries.partition_point(|entry| entry.place < home);
        let cut = middle.saturating_sub(STRETCH_MAX)
            ..middle.saturating_add(STRETCH_MAX).min(entries.len());
        for entry in entries.get(cut).unwrap_or_default() {
            let day = from.saturating_add(entry.place & 0x7f);
            if days.contains(&day) {
                let band = (entry.place >> 7) & 0x3fff;
                found.push((day.abs_diff(at), band.abs_diff(self::band(amount)), entry.row));
            }
        }
    }
    if found.len() > NEAR_MAX {
        found.sort_unstable();
        found.truncate(NEAR_MAX);
    }
    rows.extend(found.into_iter().map(|(_, _, row)| row));
}

/// Days since 1970.
fn day(date: Date) -> u32 {
    let first = Date::from_ymd(1970, 1, 1).map_or(0, Date::day_number);
    u32::try_from(date.day_number().saturating_sub(first)).unwrap_or(0)
}

/// Within a skeleton: by number, then by day. Sixteen bits of each are enough, as rows are compared.
fn number_place(normalised: &str, day: u32) -> u32 {
    let hash = normalised
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    ((hash ^ (hash << 16)) & 0xffff_0000) | (day & 0xffff)
}

/// Within a list: by stretch of 128 days, then by band of amounts, then by day.
fn near_place(amount: Minor, day: u32) -> u32 {
    let stretch = (day / STRETCH_DAYS) & 0x7ff;
    (stretch << 21) | (band(amount) << 7) | (day % STRETCH_DAYS)
}

/// The band of an amount: 256 to each doubling, so that one is at most 0.4 % wide. It grows with the amount.
fn band(amount: Minor) -> u32 {
    let amount = amount.unsigned_abs();
    let top = amount.checked_ilog2().unwrap_or(0);
    let Some(shift) = top.checked_sub(8) else { return u32::try_from(amount).unwrap_or(0) };
    let fine = u32::try_from((amount >> shift) & 0xff).unwrap_or(0);
    (shift.saturating_add(1) << 8) | fine
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bands_grow_with_amounts_and_fit(one in 1_i64..=crate::types::MINOR_MAX, other in 1_i64..=crate::types::MINOR_MAX) {
            prop_assert!(band(one) < 1 << 14);
            if one <= other {
                prop_assert!(band(one) <= band(other));
            }
        }

        #[test]
        fn whatever_is_close_is_found(
            amount in 1_i64..1_000_000, share in -20_i64..=20, at in 200_u32..40_000, apart in -130_i32..130,
        ) {
            let more = amount.saturating_mul(share) / 1_000;
            let other = amount.saturating_add(more).max(1);
            let day = at.saturating_add_signed(apart);
            let mut index = Ordered::default();
            let list = MatchKey::for_tests(7);
            index.insert(list.as_bytes(), near_place(other, day), 3);
            let mut rows = Vec::new();
            close(&index, &list, amount, at, &mut rows);
            if is_near(amount, other) && day.abs_diff(at) <= CLOSE_DAYS {
                prop_assert_eq!(rows, [3]);
            } else if day.abs_diff(at) > CLOSE_DAYS {
                prop_assert!(rows.is_empty());
            }
        }
    }

    #[test]
    fn of_many_that_are_close_the_nearest_are_looked_at() {
        let mut index = Ordered::default();
        let list = MatchKey::for_tests(7);
        for row in 0..10_000_u32 {
            index.insert(list.as_bytes(), near_place(10_000, 5_000 + row % 100), row);
        }
        let mut rows = Vec::new();
        close(&index, &list, 10_000, 5_050, &mut rows);
        assert_eq!(rows.len(), NEAR_MAX);
        assert!(rows.iter().all(|row| row % 100 == 50));
    }
}
