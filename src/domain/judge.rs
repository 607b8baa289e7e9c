//! The judge of version 2 of the rules: what two invoices are to each other.
//!
//! A function of two invoices' facts: what they share and what tells them apart gives points, and the points give
//! the relation. It is the same whichever of the two comes first. The table of points is part of the
//! specification (section 4, "Judge, rules 2"). It knows no claim, and how a pair was found is no matter to it.
#![expect(clippy::arithmetic_side_effects, reason = "sums of a dozen small points")]

use crate::domain::facts::Facts;
use crate::domain::outcome::Relation;
use crate::invoice::{InvoiceNumber, KeyKind, KeySet, Kinship, steps};
use crate::types::{Date, Minor};

/// Points from which two invoices are the same one, altered; and from which they are suspected to be.
const ALTERED: i32 = 80;
const SUSPECTED: i32 = 65;

/// How many days apart two dates are close.
pub(super) const CLOSE_DAYS: u32 = 120;
/// How many lines make an invoice that two sellers do not issue by chance.
const LINES_TELLING: usize = 3;

/// What the registry knows of a pair beyond the two invoices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    /// Whether the sellers are one legal entity.
    pub(super) same_seller: bool,
    /// Whether the buyers are.
    pub(super) same_buyer: bool,
    /// Whether the order that both name serves other invoices of other amounts too.
    pub(super) order_serves_many: bool,
}

/// What the judge makes of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judgement {
    /// What they share.
    pub(super) keys: KeySet,
    /// What they come to.
    pub(super) points: i32,
    /// What they are to each other; `None` where they are distinct.
    pub(super) relation: Option<Relation>,
    /// What they would be if the life of neither were over.
    pub(super) as_alive: Option<Relation>,
}

/// Whether a fact of both is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Same {
    Yes,
    No,
    /// One of them does not state it.
    Unknown,
}

impl Same {
    fn of<T: PartialEq>(one: Option<T>, other: Option<T>) -> Self {
        match (one, other) {
            (Some(one), Some(other)) if one == other => Self::Yes,
            (Some(_), Some(_)) => Self::No,
            (_, _) => Self::Unknown,
        }
    }
}

/// Whether two amounts are at most 2 % apart.
pub(super) fn is_near(one: Minor, other: Minor) -> bool {
    let apart = u128::from(one.abs_diff(other)).saturating_mul(50);
    apart <= u128::from(one.max(other).unsigned_abs())
}

/// What is compared of a pair.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Evidence<'a> {
    one: &'a Facts<'a>,
    other: &'a Facts<'a>,
    pair: Pair,
    number: Kinship,
    /// How many days apart they were issued.
    days: u32,
    same_currency: bool,
    near_amount: bool,
    same_amount: bool,
    order: Same,
    contract: Same,
    despatch: Same,
    lines: Same,
    /// Both have lines, and not one in common.
    disjoint: bool,
    account: Same,
    named: bool,
}

/// Judges a pair.
pub(super) fn judge(one: &Facts<'_>, other: &Facts<'_>, pair: Pair) -> Judgement {
    let evidence = Evidence::new(one, other, pair);
    let points = evidence.points();
    let keys = evidence.keys();
    let alive = (!one.ended && !other.ended) || one.is_in_case_with(other);
    let relation = |alive| evidence.relation(points, keys, alive);
    Judgement { keys, points, relation: relation(alive), as_alive: relation(true) }
}

impl<'a> Evidence<'a> {
    fn new(one: &'a Facts<'a>, other: &'a Facts<'a>, pair: Pair) -> Self {
        let (a, b) = (one.core, other.core);
        let same_currency = a.currency == b.currency;
        let lines = |facts: &Facts<'a>| (!facts.lines.is_empty()).then_some(facts.lines);
        let (of_one, of_other) = (one.references, other.references);
        let lines_same = Same::of(lines(one), lines(other));
        Self {
            one,
            other,
            pair,
            number: Kinship::of(&one.number, &other.number),
            days: a.issue_date.day_number().abs_diff(b.issue_date.day_number()),
            same_currency,
            near_amount: same_currency && is_near(a.gross_minor, b.gross_minor),
            same_amount: same_currency && a.gross_minor == b.gross_minor,
            order: Same::of(reference(of_one.order.as_ref()), reference(of_other.order.as_ref())),
            contract: Same::of(
                reference(of_one.contract.as_ref()),
                reference(of_other.contract.as_ref()),
            ),
            despatch: Same::of(
                reference(of_one.despatch.as_ref()),
                reference(of_other.despatch.as_ref()),
            ),
            lines: lines_same,
            disjoint: lines_same == Same::No
                && !one.lines.iter().any(|line| other.lines.contains(line)),
            account: Same::of(one.payee_account, other.payee_account),
            named: pair.same_seller && (names(one, other) || names(other, one)),
        }
    }

    fn points(&self) -> i32 {
        let parties = if self.pair.same_seller { 30 } else { 0 };
        let buyer = if self.pair.same_buyer { 15 } else { -35 };
        parties
            + buyer
            + self.of_number()
            + self.of_amount()
            + self.of_date()
            + self.of_goods()
            + if self.named { 25 } else { 0 }
            + if !self.pair.same_seller && self.account == Same::Yes { 10 } else { 0 }
    }

    fn of_number(&self) -> i32 {
        if !self.pair.same_seller {
            let telling = self.one.number.is_telling() || self.account == Same::Yes;
            return match self.number {
                Kinship::Equal if telling => 30,
                Kinship::Extended | Kinship::Skeleton if telling => 15,
                Kinship::Equal
                | Kinship::Extended
                | Kinship::Skeleton
                | Kinship::Slip
                | Kinship::Series
                | Kinship::Other => 0,
            };
        }
        let points = match self.number {
            Kinship::Equal => 50,
            Kinship::Extended => 35,
            Kinship::Skeleton => 25,
            Kinship::Slip if self.is_no_step() => 10,
            Kinship::Slip | Kinship::Series | Kinship::Other => 0,
        };
        let years = (self.one.core.issue_date.year(), self.other.core.issue_date.year());
        let restarts = self.number.is_close() && years.0 != years.1;
        points - if restarts { 20 } else { 0 }
    }

    /// Whether two numbers that are a slip apart cannot be two that the seller gave: those of one day follow each
    /// other in any order, and the later invoice has the later number.
    fn is_no_step(&self) -> bool {
        let Some(steps) = steps(&self.one.number, &self.other.number) else { return true };
        match self.other.core.issue_date.cmp(&self.one.core.issue_date) {
            core::cmp::Ordering::Equal => false,
            core::cmp::Ordering::Greater => steps < 0,
            core::cmp::Ordering::Less => steps > 0,
        }
    }

    fn of_amount(&self) -> i32 {
        match (self.same_currency, self.same_amount, self.near_amount) {
            (_, true, _) => 15,
            (_, false, true) => -5,
            (true, false, false) => -30,
            (false, false, false) => -15,
        }
    }

    fn of_date(&self) -> i32 {
        match self.days {
            0 => 20,
            1..=CLOSE_DAYS => 0,
            _ => -45,
        }
    }

    /// What the goods tell: a despatch is invoiced once; an order may be in parts.
    fn of_goods(&self) -> i32 {
        let close = self.days <= CLOSE_DAYS;
        if self.despatch == Same::Yes && close && self.pair.same_seller {
            return 50;
        }
        if self.despatch == Same::No || self.order == Same::No || self.contract == Same::No {
            return -45;
        }
        let dressed = self.pair.same_seller && self.number.is_close();
        if !dressed && self.is_instalment() {
            return -100;
        }
        let regular = !dressed && self.is_regular();
        let one_order = self.order == Same::Yes && self.pair.same_buyer;
        let in_parts = self.pair.order_serves_many || regular;
        let tied = self.days == 0 || self.lines == Same::Yes;
        let order = match (one_order && close && self.near_amount && tied, in_parts) {
            (true, false) => 25,
            (true, true) => 5,
            (false, _) => 0,
        };
        let beyond = if one_order && close && self.exceeds_order() { 55 } else { 0 };
        let lines_tell = if self.pair.same_seller {
            // One line alone is what a catalogue sells every day.
            let nearly = self.one.lines.len() > 1 && self.days <= 3;
            self.days == 0 || nearly || (one_order && !in_parts)
        } else {
            self.one.lines.len() >= LINES_TELLING
        };
        let lines = match self.lines {
            Same::Yes if close && lines_tell && self.pair.same_buyer => 20,
            Same::No if dressed => 0,
            Same::No if self.disjoint => -30,
            Same::No if self.same_amount => -15,
            Same::Yes | Same::No | Same::Unknown => 0,
        };
        order + beyond + lines - if regular { 40 } else { 0 }
    }

    /// Whether the two together come to more than the order that both name, as its seller stated it.
    fn exceeds_order(&self) -> bool {
        let stated = self.one.order_amount_minor.max(self.other.order_amount_minor);
        let both = self.one.core.gross_minor.saturating_add(self.other.core.gross_minor);
        self.same_currency && self.pair.same_seller && stated.is_some_and(|stated| both > stated)
    }

    /// Whether both are parts of one order that are due one after the other.
    fn is_instalment(&self) -> bool {
        let due = (self.one.core.due_date, self.other.core.due_date);
        let (Some(one), Some(other)) = due else { return false };
        self.order == Same::Yes
            && self.pair.same_seller
            && self.pair.same_buyer
            && self.same_amount
            && self.lines != Same::Yes
            && !self.named
            && one.day_number().abs_diff(other.day_number()) >= 10
    }

    /// Whether they lie apart as a subscription does: by months, or by weeks where no order is named.
    fn is_regular(&self) -> bool {
        let (one, other) = (self.one.core.issue_date, self.other.core.issue_date);
        let weekly = self.order == Same::Unknown && self.days >= 7 && self.days.is_multiple_of(7);
        // The last days of a month lie beside the first of the next.
        let apart = i64::from(one.day()).abs_diff(i64::from(other.day()));
        let monthly =
            apart.min(31_u64.saturating_sub(apart)) <= 5 || (ends_month(one) && ends_month(other));
        self.pair.same_seller
            && self.pair.same_buyer
            && !self.named
            && (weekly || (self.days >= 27 && monthly))
    }

    fn keys(&self) -> KeySet {
        let Pair { same_seller, same_buyer, .. } = self.pair;
        let close = self.days <= CLOSE_DAYS;
        let same_day = self.days == 0;
        let shares_document =
            self.one.documents.iter().any(|document| self.other.documents.contains(document));
        let dressed = matches!(self.number, Kinship::Extended | Kinship::Skeleton);
        let exact = same_seller && same_buyer && self.same_amount && same_day;
        let mut keys = KeySet::default();
        for (holds, kind) in [
            (self.one.id == self.other.id, KeyKind::Content),
            (same_seller && self.number == Kinship::Equal, KeyKind::SellerNumber),
            (exact, KeyKind::SellerBuyerAmountDate),
            (shares_document, KeyKind::Document),
            (same_seller && dressed, KeyKind::NumberSkeleton),
            (self.order == Same::Yes && same_buyer, KeyKind::Order),
            (self.despatch == Same::Yes && same_seller, KeyKind::Despatch),
            (self.lines == Same::Yes && same_buyer, KeyKind::Lines),
            (!same_seller && self.account == Same::Yes && self.same_amount, KeyKind::PayeeAmount),
            (!same_seller && same_buyer && self.same_amount && close, KeyKind::BuyerAmountDate),
            (same_seller && same_buyer && self.near_amount && close && !exact, KeyKind::Near),
            (self.named, KeyKind::Predecessor),
        ] {
            if holds {
                keys.insert(kind);
            }
        }
        keys
    }

    fn relation(&self, points: i32, keys: KeySet, alive: bool) -> Option<Relation> {
        if keys.contains(KeyKind::Content) {
            return Some(Relation::Identical);
        }
        if keys.contains(KeyKind::Document) {
            return Some(Relation::Altered);
        }
        let telling =
            [KeyKind::SellerNumber, KeyKind::NumberSkeleton, KeyKind::SellerBuyerAmountDate];
        if points >= SUSPECTED && alive {
            let altered = points >= ALTERED && telling.into_iter().any(|kind| keys.contains(kind));
            return Some(if altered { Relation::Altered } else { Relation::Suspected });
        }
        let Pair { same_seller, same_buyer, .. } = self.pair;
        let same_goods = same_seller
            && (self.named
                || (same_buyer && self.order == Same::Yes)
                || self.despatch == Same::Yes);
        (same_goods || points >= SUSPECTED).then_some(Relation::Related)
    }
}

/// A reference as it is compared. One without a digit (`phone`, `verbal`) names nothing.
pub(super) fn reference(reference: Option<&InvoiceNumber>) -> Option<String> {
    let normalised = reference?.normalised();
    normalised.contains(|c: char| c.is_ascii_digit()).then_some(normalised)
}

/// Whether an invoice names another one as the one that it follows or replaces.
fn names(one: &Facts<'_>, other: &Facts<'_>) -> bool {
    one.references.preceding.iter().any(|it| it.normalised() == other.number.normalised)
}

fn ends_month(date: Date) -> bool {
    let next = Date::from_day_number(date.day_number().saturating_add(1));
    next.is_some_and(|next| next.day() == 1)
}
