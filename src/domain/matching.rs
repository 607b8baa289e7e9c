//! Finding the invoices that are the same receivable as a given one, or of the same goods.
//!
//! Keys only find candidates; the judge compares the rows themselves and decides. Version 1 of the rules
//! knows the content hash, seller and number, the seller-buyer-amount-date key and the document hash; version 2
//! knows them all, and a bounded number of candidates for each.

use crate::domain::facts::Facts;
use crate::domain::judge::{Pair, is_near, judge, reference};
use crate::domain::outcome::Relation;
use crate::domain::pages::Row;
use crate::domain::receivable::Receivable;
use crate::domain::state::State;
use crate::invoice::{Core, FieldSet, KeyKind, KeySet};

/// Another registered invoice that is the same receivable, or of the same goods.
pub struct Related {
    /// Its row.
    pub row: u32,
    /// The invoice.
    pub receivable: Row<Receivable>,
    /// What the two are to each other.
    pub relation: Relation,
    /// What they would be to each other if the life of neither were over.
    pub as_alive: Relation,
    /// Which keys they share.
    pub keys: KeySet,
    /// In which fields they differ.
    pub differs: FieldSet,
}

/// What a look for an invoice's like gave.
pub struct Looked {
    /// What was found, in order of registration.
    pub related: Vec<Related>,
    /// How many invoices were compared.
    pub candidates: usize,
}

impl State {
    /// The other invoices that are the same receivable as this one or of the same goods, in order of registration.
    pub fn related(&self, receivable: &Receivable) -> Vec<Related> {
        self.look(&Facts::of(receivable), false).related
    }

    /// Whether an invoice bears or bore a claim.
    pub(super) fn bears(&self, row: u32) -> bool {
        self.index.trades_between.bears(row)
    }

    /// Those of [`Self::related`] that matter to whoever looks, and perhaps others; none of the rest is loaded where
    /// that can be told without.
    pub(super) fn related_where(
        &self,
        receivable: &Receivable,
        matters: impl Fn(u32) -> bool,
    ) -> Vec<Related> {
        let facts = Facts::of(receivable);
        let mut rows = self.alike(&facts);
        if !rows.iter().any(|row| matters(*row)) {
            return Vec::new();
        }
        // What an order comes to, and how many it serves, is told by all of its invoices together.
        if facts.references.order.is_none() {
            rows.retain(|row| matters(*row));
        }
        self.compare(&facts, rows, false).related
    }

    /// The registered invoices that are the same receivable as this one or of the same goods, in order of
    /// registration; with the invoice itself, as `identical`, where that is asked for and it is registered.
    pub fn look(&self, facts: &Facts<'_>, with_itself: bool) -> Looked {
        self.compare(facts, self.alike(facts), with_itself)
    }

    /// The rows of the other invoices that the rules in force compare with this one.
    fn alike(&self, facts: &Facts<'_>) -> Vec<u32> {
        let mut rows =
            if self.rules() < 2 { self.exact_candidates(facts) } else { self.candidates(facts) };
        let own = self.receivable_by_id(&facts.id).map(|(row, _)| row);
        rows.retain(|row| Some(*row) != own);
        rows
    }

    /// Compares an invoice with those of some rows.
    fn compare(&self, facts: &Facts<'_>, rows: Vec<u32>, with_itself: bool) -> Looked {
        let own = self.receivable_by_id(&facts.id).map(|(row, _)| row);
        let candidates = rows.len();
        let stored = rows.into_iter().filter_map(|row| Some((row, self.receivables.get(row)?)));
        let stored: Vec<(u32, Row<Receivable>)> = stored.collect();
        let others: Vec<(u32, Facts<'_>)> =
            stored.iter().map(|(row, receivable)| (*row, Facts::of(receivable))).collect();
        let judged: Vec<Option<(Relation, Relation, KeySet)>> = if self.rules() < 2 {
            let judge = |(_, other): &(u32, Facts<'_>)| {
                let (relation, keys) = self.judge_exact(facts, other)?;
                Some((relation, relation, keys))
            };
            others.iter().map(judge).collect()
        } else {
            others
                .iter()
                .map(|(row, other)| {
                    let pair = Pair {
                        same_seller: self.is_one_entity(facts.parties.0, other.parties.0),
                        same_buyer: self.is_one_entity(facts.parties.1, other.parties.1),
                        order_serves_many: self.order_serves_many(
                            (facts, own),
                            (other, *row),
                            &others,
                        ),
                    };
                    let judgement = judge(facts, other, pair);
                    Some((judgement.relation?, judgement.as_alive?, judgement.keys))
                })
                .collect()
        };
        drop(others);
        // Judged like the others, so that it still counts where a third one is looked for.
        let stored_own = own.and_then(|row| self.receivables.get(row));
        let is_apart = |row| stored_own.as_ref().is_some_and(|it| it.apart.contains(&row));
        let mut related: Vec<Related> = stored
            .into_iter()
            .zip(judged)
            .filter(|((row, _), _)| !is_apart(*row))
            .filter_map(|((row, receivable), judged)| {
                let (relation, as_alive, keys) = judged?;
                let differs = facts.core.differences(&receivable.core);
                Some(Related { row, receivable, relation, as_alive, keys, differs })
            })
            .collect();
        if let Some(row) = own.filter(|_| with_itself)
            && let Some(receivable) = self.receivables.get(row)
        {
            let mut keys = KeySet::default();
            keys.insert(KeyKind::Content);
            let (relation, differs) = (Relation::Identical, FieldSet::default());
            let at = related.partition_point(|it| it.row < row);
            let as_alive = relation;
            related.insert(at, Related { row, receivable, relation, as_alive, keys, differs });
        }
        Looked { related, candidates }
    }

    /// Judges a pair by version 1 of the rules.
    fn judge_exact(&self, one: &Facts<'_>, other: &Facts<'_>) -> Option<(Relation, KeySet)> {
        let same_seller = self.is_one_entity(one.parties.0, other.parties.0);
        let same_buyer = self.is_one_entity(one.parties.1, other.parties.1);
        let (a, b) = (one.core, other.core);
        let exact = same_seller
            && same_buyer
            && a.currency == b.currency
            && a.gross_minor == b.gross_minor
            && a.issue_date == b.issue_date;
        let mut keys = KeySet::default();
        for (holds, kind) in [
            (
                same_seller && one.number.normalised == other.number.normalised,
                KeyKind::SellerNumber,
            ),
            (exact, KeyKind::SellerBuyerAmountDate),
            (one.documents.iter().any(|it| other.documents.contains(it)), KeyKind::Document),
        ] {
            if holds {
                keys.insert(kind);
            }
        }
        Some((judge_exact(a, b, keys)?, keys))
    }

    /// Whether an order that two invoices name serves a third one as well, of another amount, that was there before
    /// one of them: then it is a frame for many deliveries. A third one that looks like either proves nothing.
    fn order_serves_many(
        &self,
        (one, own): (&Facts<'_>, Option<u32>),
        (other, row): (&Facts<'_>, u32),
        all: &[(u32, Facts<'_>)],
    ) -> bool {
        let order = |facts: &Facts<'_>| reference(facts.references.order.as_ref());
        let Some(common) = order(one).filter(|it| order(other).as_ref() == Some(it)) else {
            return false;
        };
        let later = own.unwrap_or(u32::MAX).max(row);
        let alike = |it: &Facts<'_>, third: &Facts<'_>| {
            it.core.currency == third.core.currency
                && is_near(it.core.gross_minor, third.core.gross_minor)
        };
        all.iter().any(|(third_row, third)| {
            *third_row < later
                && *third_row != row
                && self.is_one_entity(third.parties.1, one.parties.1)
                && order(third).as_ref() == Some(&common)
                && !alike(one, third)
                && !alike(other, third)
        })
    }
}

/// What two different contents that share keys are to each other; `None` where they are distinct.
///
/// A number that recurs in another year with another amount is an ordinary yearly numbering, not an altered
/// invoice.
fn judge_exact(one: &Core, other: &Core, keys: KeySet) -> Option<Relation> {
    let same_number = keys.contains(KeyKind::SellerNumber)
        && (one.issue_date.year() == other.issue_date.year()
            || one.gross_minor == other.gross_minor);
    let altered = same_number
        || keys.contains(KeyKind::SellerBuyerAmountDate)
        || keys.contains(KeyKind::Document);
    altered.then_some(Relation::Altered)
}
