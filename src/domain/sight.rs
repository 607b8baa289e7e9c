//! How a reader looks at all invoices of one party: under which mandates, and which are worth a look.
//!
//! A view is made for each invoice as everywhere else; what is prepared here only saves work. Two sights that are equal
//! were under the same mandates, so that an answer that takes several looks can tell whether its ground has shifted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::mandate::Coverage;
use crate::domain::receivable::Receivable;
use crate::domain::state::State;
use crate::domain::visibility::View;
use crate::statement::Detail;
use crate::types::{PartyId, Timestamp};

/// On which side of its invoices a party is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As the seller.
    Seller,
    /// As the buyer.
    Buyer,
}

/// The most lists of rows that are merged; with more, all of the party's invoices are looked at.
const LISTS_MAX: usize = 64;
/// How many offers are looked at, the newest.
const OFFERS_MAX: usize = 100;

/// How a reader looks at a party's invoices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    reader: u32,
    entity: u32,
    side: Side,
    /// The reader is the party, or sees everything.
    whole: bool,
    /// By debtor: what mandates in force let the reader see, of which invoices.
    mandates: BTreeMap<u32, Vec<(Coverage, Vec<Detail>)>>,
}

impl Sight {
    /// Whether the reader is the party itself, or sees everything.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }
}

impl State {
    /// How a reader looks at a party; `None` where the registry never met the party.
    pub fn sight(&self, reader: u32, party: &PartyId, side: Side, now: Timestamp) -> Option<Sight> {
        let entity = self.entity(self.party_row(party)?);
        let participant = self.participant(reader)?;
        let whole = participant.sees_all() || participant.entity == entity;
        let mut mandates = BTreeMap::<u32, Vec<(Coverage, Vec<Detail>)>>::new();
        let debtor = self.participant_of_party(entity);
        for row in self.mandates_of(reader) {
            let Some(mandate) = self.mandate(*row) else { continue };
            let of_party = side == Side::Seller || debtor == Some(mandate.debtor);
            if mandate.holder == reader && of_party && mandate.in_force(now) {
                let of_debtor = mandates.entry(mandate.debtor).or_default();
                of_debtor.push((mandate.scope.clone(), mandate.show.clone()));
            }
        }
        Some(Sight { reader, entity, side, whole, mandates })
    }

    /// The rows of the newest invoices that may be of the party and seen by the reader, newest first; at most so many.
    pub fn rows_in_sight(&self, sight: &Sight, max: usize) -> Vec<u32> {
        let all = self.trades_of_entity(sight.entity);
        let lists = if sight.whole { None } else { self.lists_in_sight(sight) };
        let size = lists.iter().flatten().fold(0_usize, |sum, list| sum.saturating_add(list.len()));
        let newest = |list: &[u32]| list.iter().rev().take(max).copied().collect::<Vec<u32>>();
        match lists {
            Some(lists) if size < all.len() => {
                let mut rows: Vec<u32> = lists.iter().flat_map(|list| newest(list)).collect();
                rows.sort_unstable_by(|one, other| other.cmp(one));
                rows.dedup();
                rows.truncate(max);
                rows
            }
            _ => newest(all),
        }
    }

    /// Lists that hold every invoice which the reader may see of the party; `None` where these are all of its invoices.
    fn lists_in_sight(&self, sight: &Sight) -> Option<Vec<Cow<'_, [u32]>>> {
        let participant = self.participant(sight.reader)?;
        let mut lists = vec![
            Cow::Borrowed(self.trades_of_entity(participant.entity)),
            Cow::Borrowed(self.registered_by(sight.reader)),
            Cow::Borrowed(self.held_by(sight.reader)),
            Cow::Owned(self.offered_to(sight.reader)),
        ];
        for (coverage, _) in sight.mandates.values().flatten() {
            match (coverage, sight.side) {
                (Coverage::Invoices(ids), _) => {
                    let rows = ids.iter().filter_map(|id| Some(self.receivable_by_id(id)?.0));
                    let mut rows: Vec<u32> = rows.collect();
                    rows.sort_unstable();
                    lists.push(Cow::Owned(rows));
                }
                (Coverage::Suppliers(suppliers), Side::Buyer) => {
                    let rows = suppliers.iter().filter_map(|supplier| self.party_row(supplier));
                    lists.extend(rows.map(|row| Cow::Borrowed(self.trades_of_entity(row))));
                }
                (Coverage::Suppliers(_), Side::Seller) | (Coverage::All, _) => return None,
            }
            if lists.len() > LISTS_MAX {
                return None;
            }
        }
        Some(lists)
    }

    /// The rows of the invoices that were offered to a participant last, in order.
    pub fn offered_to(&self, participant: u32) -> Vec<u32> {
        let requests = self.requests_of(participant).iter().rev().take(OFFERS_MAX);
        let requests = requests.filter_map(|row| self.request(*row));
        let requests = requests.filter(|request| request.financier == participant);
        let mut rows: Vec<u32> = requests.flat_map(|request| request.receivables.clone()).collect();
        rows.sort_unstable();
        rows
    }

    /// What the reader sees of an invoice; `None` where it is not the party's.
    pub fn view_in_sight(
        &self,
        sight: &Sight,
        receivable: &Receivable,
        now: Timestamp,
    ) -> Option<View> {
        let party = match sight.side {
            Side::Seller => receivable.seller,
            Side::Buyer => receivable.buyer,
        };
        if self.entity(party) != sight.entity {
            return None;
        }
        let debtor = self.participant_of_party(receivable.buyer);
        let mandates = debtor.and_then(|debtor| sight.mandates.get(&debtor));
        let mut details = Vec::new();
        for (coverage, show) in mandates.into_iter().flatten() {
            if self.scope_covers(coverage, receivable) {
                details.extend(show.iter().copied());
            }
        }
        details.sort_unstable();
        details.dedup();
        Some(self.view_with(sight.reader, receivable, details, now))
    }

    /// The row that stands for the legal entity of an invoice's buyer.
    pub fn buyer_entity(&self, receivable: &Receivable) -> u32 {
        self.entity(receivable.buyer)
    }
}
