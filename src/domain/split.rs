//! One order that was invoiced more than once: in parts beside the whole, or for more than it comes to.
//!
//! Invoices of one order are honest as long as they come to what was ordered. Where they come to more, or some of them
//! to just what another one of them says, their claims are treated as claims on one receivable. Bounded: an order with
//! more invoices than [`GROUP_MAX`] is a frame, and not looked at.

use crate::domain::matching::Related;
use crate::domain::outcome::Relation;
use crate::domain::receivable::Receivable;
use crate::invoice::KeyKind;
use crate::types::Minor;

/// Most other invoices of an order that are looked at.
const GROUP_MAX: usize = 12;
/// How many days a part is issued from the whole that it is cut out of. Instalments lie further apart.
const SPLIT_DAYS: u32 = 30;

/// Of the invoices related to one, the rows of those of the same order that it contradicts.
pub(super) fn split_of(receivable: &Receivable, related: &[Related]) -> Vec<u32> {
    let of_order = |it: &&Related| {
        it.relation == Relation::Related
            && it.keys.contains(KeyKind::Order)
            && it.receivable.end.is_none()
            && it.receivable.core.currency == receivable.core.currency
    };
    let group: Vec<&Related> = related.iter().filter(of_order).collect();
    if receivable.end.is_some() || group.is_empty() || group.len() > GROUP_MAX {
        return Vec::new();
    }
    let own = receivable.core.gross_minor;
    let day = receivable.core.issue_date.day_number();
    let days: Vec<i32> =
        group.iter().map(|it| it.receivable.core.issue_date.day_number()).collect();
    let gross: Vec<Minor> = group.iter().map(|it| it.receivable.core.gross_minor).collect();
    let stated = group.iter().filter_map(|it| it.receivable.order_amount_minor);
    if let Some(total) = stated.chain(receivable.order_amount_minor).min() {
        // What was ordered is known: parts that come to it are what they should be.
        let sum = gross.iter().fold(own, |sum: Minor, minor| sum.saturating_add(*minor));
        let all = if sum > total { group.as_slice() } else { &[] };
        return all.iter().map(|it| it.row).collect();
    }
    let day_of = |place: u32| {
        usize::try_from(place).ok().and_then(|place| days.get(place)).copied().unwrap_or(i32::MAX)
    };
    let mut rows = Vec::new();
    let sets = u32::try_from(gross.len()).ok().and_then(|length| 1_u32.checked_shl(length));
    for set in 1..sets.unwrap_or(1) {
        let members = || {
            (0_u32..)
                .zip(&gross)
                .filter(|(place, _)| set.checked_shr(*place).is_some_and(|bits| bits & 1 == 1))
        };
        let sum = members().fold(0, |sum: Minor, (_, minor)| sum.saturating_add(*minor));
        let several = set.count_ones() > 1;
        // The invoice is the whole of these parts, or a part of the last one, or of any other.
        let largest = members().max_by_key(|(_, minor)| **minor);
        let Some((at, whole)) = largest.map(|(place, minor)| (place, *minor)) else { continue };
        let near =
            |from: i32| members().all(|(place, _)| day_of(place).abs_diff(from) <= SPLIT_DAYS);
        let is_whole = several && sum == own && near(day);
        let others = sum.saturating_sub(whole);
        let is_part = several
            && others.saturating_add(own) == whole
            && near(day_of(at))
            && day.abs_diff(day_of(at)) <= SPLIT_DAYS;
        for (place, _) in members() {
            let met = is_whole || (is_part && place == at);
            let row = usize::try_from(place).ok().and_then(|place| group.get(place));
            if let Some(member) = row.filter(|it| met && !rows.contains(&it.row)) {
                rows.push(member.row);
            }
        }
    }
    rows
}
