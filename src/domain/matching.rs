//! Finding the invoices that are the same receivable as a given one.
//!
//! Keys only find candidates; the judge compares the rows themselves and decides. Version 1 of the rules
//! knows the content hash, seller and number, the seller-buyer-amount-date key and the document hash.

use std::collections::BTreeMap;

use crate::domain::outcome::Relation;
use crate::domain::pages::Row;
use crate::domain::receivable::Receivable;
use crate::domain::state::State;
use crate::invoice::{Core, FieldSet, KeyKind, KeySet, amount_key, document_key, number_key};

/// Another registered invoice that is the same receivable.
pub struct Related {
    /// Its row.
    pub row: u32,
    /// The invoice.
    pub receivable: Row<Receivable>,
    /// What the two are to each other.
    pub relation: Relation,
    /// Which keys they share.
    pub keys: KeySet,
    /// In which fields they differ.
    pub differs: FieldSet,
}

impl State {
    /// The other invoices that are the same receivable as this one, in order of registration.
    pub fn related(&self, receivable: &Receivable) -> Vec<Related> {
        let mut shared = BTreeMap::<u32, KeySet>::new();
        let seller = self.entity_id(receivable.seller, &receivable.core.seller);
        let buyer = self.entity_id(receivable.buyer, &receivable.core.buyer);
        let number = number_key(&seller, &receivable.core);
        let amount = amount_key(&seller, &buyer, &receivable.core);
        for row in self.index.number.candidates(number.as_bytes()) {
            shared.entry(row).or_default().insert(KeyKind::SellerNumber);
        }
        for row in self.index.amount.candidates(amount.as_bytes()) {
            shared.entry(row).or_default().insert(KeyKind::SellerBuyerAmountDate);
        }
        for document in &receivable.documents {
            for row in self.index.document.candidates(document_key(document).as_bytes()) {
                shared.entry(row).or_default().insert(KeyKind::Document);
            }
        }
        let compare = |(row, keys): (u32, KeySet)| {
            let other = self.receivables.get(row).filter(|other| other.id != receivable.id)?;
            if receivable.apart.contains(&row) {
                return None;
            }
            let keys = self.keys_that_hold(receivable, &other, keys);
            let relation = judge(&receivable.core, &other.core, keys)?;
            let differs = receivable.core.differences(&other.core);
            Some(Related { row, receivable: other, relation, keys, differs })
        };
        shared.into_iter().filter_map(compare).collect()
    }

    /// The keys that two invoices really share: the index keeps a part of each hash only.
    fn keys_that_hold(&self, one: &Receivable, other: &Receivable, found: KeySet) -> KeySet {
        let same_seller = self.entity(one.seller) == self.entity(other.seller);
        let same_buyer = self.entity(one.buyer) == self.entity(other.buyer);
        let (a, b) = (&one.core, &other.core);
        let holds = |kind: &KeyKind| match kind {
            KeyKind::Content => one.id == other.id,
            KeyKind::SellerNumber => same_seller && a.number.normalised() == b.number.normalised(),
            KeyKind::SellerBuyerAmountDate => {
                same_seller
                    && same_buyer
                    && a.currency == b.currency
                    && a.gross_minor == b.gross_minor
                    && a.issue_date == b.issue_date
            }
            KeyKind::Document => {
                one.documents.iter().any(|document| other.documents.contains(document))
            }
            KeyKind::NumberSkeleton
            | KeyKind::Order
            | KeyKind::Despatch
            | KeyKind::Lines
            | KeyKind::PayeeAmount
            | KeyKind::BuyerAmountDate
            | KeyKind::Near
            | KeyKind::Blanket
            | KeyKind::Predecessor => false,
        };
        let mut keys = KeySet::default();
        found.iter().filter(holds).for_each(|kind| keys.insert(kind));
        keys
    }
}

/// What two different contents that share keys are to each other; `None` where they are distinct.
///
/// A number that recurs in another year with another amount is an ordinary yearly numbering, not an altered
/// invoice.
fn judge(one: &Core, other: &Core, keys: KeySet) -> Option<Relation> {
    let same_number = keys.contains(KeyKind::SellerNumber)
        && (one.issue_date.year() == other.issue_date.year()
            || one.gross_minor == other.gross_minor);
    let altered = same_number
        || keys.contains(KeyKind::SellerBuyerAmountDate)
        || keys.contains(KeyKind::Document);
    altered.then_some(Relation::Altered)
}
