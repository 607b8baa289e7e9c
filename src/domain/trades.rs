//! Who sells to whom, and what becomes due when: the small indexes that the watch looks things up in.
//!
//! Derived from the columns: kept up by every change and made again when a state is taken up, with equal contents.
//! An entry of the calendar is made for every claim and mandate there ever was, whatever became of it since, so that
//! a live state and one taken up go through the same entries in the same order.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::types::Timestamp;

/// The trades between legal entities, by the rows that stand for them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trades {
    /// By seller and buyer: the invoice that was issued last.
    pairs: BTreeMap<(u32, u32), Newest>,
    /// By seller and buyer: the terms of the last invoices, at most [`TERMS_KNOWN`], in order of registration.
    terms: BTreeMap<(u32, u32), Vec<Term>>,
    /// Buyer and seller of every pair.
    suppliers: BTreeSet<(u32, u32)>,
    /// By seller and buyer: the invoices that bear or bore a claim, in order of registration.
    claimed: BTreeMap<(u32, u32), Vec<u32>>,
    /// The entities that sold or bought one of those.
    involved: BTreeSet<u32>,
    /// A bit for each invoice, set for those.
    bearing: Vec<u64>,
}

/// The bit of a row in its word.
const fn bit(row: u32) -> u64 {
    1_u64.rotate_left(row % u64::BITS)
}

/// Of so many invoices of a pair the terms are kept: the usual ones are their median.
pub(super) const TERMS_KNOWN: usize = 12;

/// The term of payment of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Term {
    /// The invoice's row.
    pub(super) row: u32,
    /// The days from its issue to its due date.
    pub(super) days: u16,
}

/// The invoice of a pair that was issued last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Newest {
    /// The number of its day of issue.
    pub(super) day: i32,
    /// Its row.
    pub(super) row: u32,
}

impl Trades {
    /// Adds an invoice.
    pub(super) fn add(&mut self, seller: u32, buyer: u32, newest: Newest) {
        let known = self.pairs.entry((seller, buyer)).or_insert_with(|| {
            self.suppliers.insert((buyer, seller));
            newest
        });
        *known = newest.max(*known);
    }

    /// Adds the term of an invoice. Beyond [`TERMS_KNOWN`] the one that was registered first gives way.
    pub(super) fn add_term(&mut self, seller: u32, buyer: u32, term: Term) {
        let terms = self.terms.entry((seller, buyer)).or_default();
        let place = terms.partition_point(|known| *known < term);
        if terms.len() == TERMS_KNOWN {
            if place > 0 {
                terms.remove(0);
                terms.insert(place.saturating_sub(1), term);
            }
        } else {
            if terms.len() == terms.capacity() {
                terms.reserve_exact(4);
            }
            terms.insert(place, term);
        }
    }

    /// The terms of the last invoices from a seller to a buyer, in order of registration.
    pub(super) fn terms(&self, seller: u32, buyer: u32) -> &[Term] {
        self.terms.get(&(seller, buyer)).map_or(&[], Vec::as_slice)
    }

    /// Adds an invoice that bears a claim, where it is not there yet.
    pub(super) fn claim(&mut self, seller: u32, buyer: u32, row: u32) {
        let rows = self.claimed.entry((seller, buyer)).or_default();
        if rows.is_empty() {
            self.involved.extend([seller, buyer]);
        }
        if let Err(place) = rows.binary_search(&row) {
            rows.insert(place, row);
        }
        let Ok(word) = usize::try_from(row / u64::BITS) else { return };
        if self.bearing.len() <= word {
            self.bearing.resize(word.saturating_add(1), 0);
        }
        if let Some(bits) = self.bearing.get_mut(word) {
            *bits |= bit(row);
        }
    }

    /// Whether an invoice bears or bore a claim.
    pub(super) fn bears(&self, row: u32) -> bool {
        let word = usize::try_from(row / u64::BITS).ok().and_then(|word| self.bearing.get(word));
        word.is_some_and(|bits| bits & bit(row) != 0)
    }

    /// Whether an entity sold or bought an invoice that bears or bore a claim.
    pub(super) fn is_involved(&self, entity: u32) -> bool {
        self.involved.contains(&entity)
    }

    /// The invoices from a seller to a buyer that bear or bore a claim, in order of registration.
    pub(super) fn claimed(&self, seller: u32, buyer: u32) -> &[u32] {
        self.claimed.get(&(seller, buyer)).map_or(&[], Vec::as_slice)
    }

    /// The invoice from a seller to a buyer that was issued last.
    pub(super) fn newest(&self, seller: u32, buyer: u32) -> Option<Newest> {
        self.pairs.get(&(seller, buyer)).copied()
    }

    /// Whether an entity ever bought.
    pub(super) fn buys(&self, entity: u32) -> bool {
        self.suppliers.range((entity, 0)..=(entity, u32::MAX)).next().is_some()
    }

    /// To whom an entity sold, each with the invoice that was issued last.
    pub(super) fn buyers_of(&self, seller: u32) -> impl Iterator<Item = (u32, Newest)> {
        let pairs = self.pairs.range((seller, 0)..=(seller, u32::MAX));
        pairs.map(|((_, buyer), newest)| (*buyer, *newest))
    }

    /// The invoices that an entity bought and that bear or bore a claim, the newest of each seller first.
    pub(super) fn claimed_of_buyer(&self, buyer: u32) -> impl Iterator<Item = u32> {
        let suppliers = self.suppliers.range((buyer, 0)..=(buyer, u32::MAX));
        suppliers.flat_map(|(buyer, seller)| self.claimed(*seller, *buyer).iter().rev().copied())
    }

    /// Follows an entity that has become part of another.
    pub(super) fn link(&mut self, from: u32, to: u32) {
        let of_it = |(seller, buyer): &(u32, u32)| *seller == from || *buyer == from;
        let sold = self.pairs.range((from, 0)..=(from, u32::MAX)).map(|(pair, _)| *pair);
        let bought = self.suppliers.range((from, 0)..=(from, u32::MAX));
        let moved: BTreeSet<(u32, u32)> =
            sold.chain(bought.map(|(buyer, seller)| (*seller, *buyer))).filter(of_it).collect();
        let becomes = |entity: u32| if entity == from { to } else { entity };
        for (seller, buyer) in moved {
            self.suppliers.remove(&(buyer, seller));
            let claimed = self.claimed.remove(&(seller, buyer)).unwrap_or_default();
            let (new_seller, new_buyer) = (becomes(seller), becomes(buyer));
            if let Some(newest) = self.pairs.remove(&(seller, buyer)) {
                self.add(new_seller, new_buyer, newest);
            }
            for term in self.terms.remove(&(seller, buyer)).unwrap_or_default() {
                self.add_term(new_seller, new_buyer, term);
            }
            for row in claimed {
                self.claim(new_seller, new_buyer, row);
            }
        }
        self.involved.remove(&from);
    }
}

/// What becomes due at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: DueMatter,
}

/// What can become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DueMatter {
    /// The approval of an invoice on which there is a claim, by row.
    Approval(u32),
    /// The end of a mandate, by row.
    Mandate(u32),
}

/// What becomes due, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Calendar(BTreeSet<Due>);

impl Calendar {
    /// Enters something, unless its time was dealt with already.
    pub(super) fn enter(&mut self, due: Due, passed: Option<Due>) {
        if passed.is_none_or(|passed| passed < due) {
            self.0.insert(due);
        }
    }

    /// Takes something out.
    pub(super) fn remove(&mut self, due: Due) {
        self.0.remove(&due);
    }

    /// What is due before a time, the first first.
    pub(super) fn before(&self, now: Timestamp) -> impl Iterator<Item = Due> {
        self.0.iter().copied().take_while(move |due| due.at < now)
    }

    /// Takes out everything up to and with something.
    pub(super) fn pass(&mut self, passed: Due) {
        while self.0.first().is_some_and(|due| *due <= passed) {
            self.0.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_link_gives_what_a_new_beginning_gives(
            trades in prop::collection::vec((0_u32..5, 0_u32..5, 0_i32..9, any::<bool>()), 0..120),
            from in 0_u32..5,
            to in 0_u32..5,
        ) {
            prop_assume!(from != to);
            let fill = |becomes: &dyn Fn(u32) -> u32| {
                let mut made = Trades::default();
                for (row, (seller, buyer, day, claimed)) in (0_u32..).zip(&trades) {
                    let (seller, buyer) = (becomes(*seller), becomes(*buyer));
                    made.add(seller, buyer, Newest { day: *day, row });
                    made.add_term(seller, buyer, Term { row, days: u16::try_from(*day).unwrap() });
                    if *claimed {
                        made.claim(seller, buyer, row);
                    }
                }
                made
            };
            let mut linked = fill(&|entity| entity);
            linked.link(from, to);
            let anew = fill(&|entity| if entity == from { to } else { entity });
            prop_assert_eq!(linked, anew);
        }
    }
}
