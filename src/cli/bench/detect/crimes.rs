//! Fraud, put into a world of honest trade: each with its label, the way it was done and what it copies.
//!
//! A fraudster copies an invoice that is financed already and brings the copy to another financier. What nothing
//! in the data of a registry ties to the original (another number, another day and no reference, all at once) is not
//! made: nobody could tell it from the next honest order.

use crate::cli::bench::detect::chance::Chance;
use crate::cli::bench::detect::companies::Company;
use crate::cli::bench::detect::fraud::Fraud;
use crate::cli::bench::detect::line::{Event, Line};
use crate::cli::bench::detect::numbers::{CHANGED, DRESSED, alter};
use crate::cli::bench::detect::scene::{Scene, later};
use crate::cli::bench::detect::world::{People, Seller, pick};
use crate::types::{Date, Minor, PartyId};

/// How often another original is tried before a fraud is left out.
const TRIES: usize = 400;

/// A number that the ways of every kind divide.
const WAYS: u64 = 60;

/// Puts so many frauds of each kind into a world.
pub(super) fn commit(chance: &mut Chance, people: &People, frauds: usize, lines: &mut Vec<Line>) {
    let mut scene = Scene::new(people, lines);
    for fraud in Fraud::ALL {
        let mut chance = chance.fork(fraud.number().into());
        for number in 0..frauds {
            let group = format!("{fraud}-{number}");
            // The rarer ways need more tries for an original that they fit.
            let way = chance.below(WAYS);
            let made = (0..TRIES).find_map(|_| scene.one(&mut chance, fraud, way)).or_else(|| {
                (0..TRIES).find_map(|_| {
                    let way = chance.below(WAYS);
                    scene.one(&mut chance, fraud, way)
                })
            });
            let Some((variant, mut made)) = made else { continue };
            for (part, line) in made.iter_mut().enumerate() {
                line.fraud = Some(fraud);
                line.group.clone_from(&group);
                variant.clone_into(&mut line.variant);
                line.id = format!("{group}.{part}");
            }
            scene.made.extend(made);
        }
    }
    let Scene { made, lines, .. } = scene;
    lines.extend(made);
}

type Made = Option<(&'static str, Vec<Line>)>;

impl Scene<'_> {
    fn one(&mut self, chance: &mut Chance, fraud: Fraud, way: u64) -> Made {
        match fraud {
            Fraud::Identical => self.identical(chance),
            Fraud::NumberAltered => self.number_altered(chance),
            Fraud::AmountInflated => self.amount_inflated(chance, way),
            Fraud::AmountInflatedMuch => self.amount_inflated_much(chance),
            Fraud::DateMoved => self.date_moved(chance, way),
            Fraud::Split => self.split(chance, way),
            Fraud::SameGoods => self.same_goods(chance, way),
            Fraud::CircularTrade => self.circular(chance),
            Fraud::AfterPaid => self.after_paid(chance),
            Fraud::CreditAfter => self.credit_after(chance),
            Fraud::PartyAlias => self.party_alias(chance, way),
            Fraud::Sister => self.sister(chance, way),
            Fraud::Blanket => self.under_blanket(chance),
            Fraud::CrossCurrency => self.cross_currency(chance, way),
            Fraud::TermChange => self.term_change(chance),
        }
    }

    fn identical(&mut self, chance: &mut Chance) -> Made {
        let original = self.original(chance, |_, _| true)?;
        let copy = self.copy(chance, &original)?;
        Some(("same_paper", vec![copy]))
    }

    fn number_altered(&mut self, chance: &mut Chance) -> Made {
        let ways = if chance.percent(65) { &DRESSED[..] } else { &CHANGED[..] };
        let how = chance.one_of(ways);
        let original = self.original(chance, |_, _| true)?;
        let mut copy = self.copy(chance, &original)?;
        copy.number = alter(&original.number, how, chance)?;
        Self::bare(chance, &mut copy);
        Some((how, vec![copy]))
    }

    fn amount_inflated(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 20;
        let referred = |line: &Line| !line.despatch.is_empty() || is_of_one_order(line);
        let original = self.original(chance, |_, line| way < 17 || referred(line))?;
        let mut copy = self.copy(chance, &original)?;
        let amount = original.amount_minor?;
        let per_mille = Minor::try_from(chance.between(1, 20)).unwrap_or(1);
        let more = amount.saturating_mul(per_mille).max(1_000) / 1_000;
        copy.amount_minor = Some(amount.saturating_add(more.max(1)));
        let variant = match way {
            0..=10 => "same_number",
            11..=16 => {
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "number_dressed"
            }
            _ => {
                copy.number = alter(&original.number, "new_number", chance)?;
                "new_number_same_delivery"
            }
        };
        if way < 17 {
            Self::bare(chance, &mut copy);
        }
        Some((variant, vec![copy]))
    }

    fn amount_inflated_much(&mut self, chance: &mut Chance) -> Made {
        let original = self.original(chance, |_, _| true)?;
        let mut copy = self.copy(chance, &original)?;
        let times = Minor::try_from(chance.between(12, 100)).unwrap_or(12);
        copy.amount_minor = original.amount_minor.map(|amount| amount.saturating_mul(times) / 10);
        let variant = if chance.percent(30) {
            copy.number = alter(&original.number, "separators_other", chance)?;
            "same_number_spelled"
        } else {
            "same_number"
        };
        Self::bare(chance, &mut copy);
        Some((variant, vec![copy]))
    }

    fn date_moved(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 20;
        let fits = |line: &Line| match way {
            18.. => !line.despatch.is_empty(),
            _ => true,
        };
        let original = self.original(chance, |_, line| fits(line))?;
        let mut copy = self.copy(chance, &original)?;
        let days = chance.days(5, 90);
        let shift = if chance.percent(85) { days } else { 0_i32.saturating_sub(days / 4) };
        copy.due_date = later(copy.due_date, shift.max(1));
        let variant = match way {
            0..=8 => {
                copy.issue_date = later(copy.issue_date, shift);
                "same_number"
            }
            9..=12 => {
                copy.issue_date = later(copy.issue_date, shift);
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "number_dressed"
            }
            13..=15 => "due_date_only",
            16..=17 => {
                // The seller sends its own financier a younger paper of the same invoice.
                copy.issue_date = later(copy.issue_date, shift.max(1));
                copy.financier = String::new();
                "re_aged_for_the_holder"
            }
            _ => {
                copy.issue_date = later(copy.issue_date, shift);
                copy.number = alter(&original.number, "new_number", chance)?;
                "new_number_same_delivery"
            }
        };
        copy.due_date = copy.due_date.max(copy.issue_date);
        copy.on = copy.on.max(copy.issue_date);
        if way < 16 {
            Self::bare(chance, &mut copy);
        }
        Some((variant, vec![copy]))
    }

    fn split(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 5;
        let suffixed = way < 2;
        let fits = |line: &Line| match way {
            0 | 1 => true,
            2 | 3 => !line.despatch.is_empty(),
            _ => line.order_amount_minor.is_some(),
        };
        let original = self.original(chance, |_, line| {
            (is_of_one_order(line) || !line.despatch.is_empty()) && fits(line)
        })?;
        let first = self.copy(chance, &original)?;
        let parts = chance.between(2, 3);
        let mut left = original.amount_minor?;
        let mut made = Vec::new();
        for part in 1..=parts {
            let share = Minor::try_from(chance.between(30, 60)).unwrap_or(50);
            let amount =
                if part == parts { left } else { left.saturating_mul(share).max(100) / 100 };
            left = left.saturating_sub(amount);
            let number = if suffixed {
                let mark = char::from_digit(u32::try_from(part).ok()?.saturating_add(9), 36)?;
                format!("{}-{}", original.number, mark.to_ascii_uppercase())
            } else {
                alter(&original.number, "new_number", chance)?
            };
            let of_it = usize::try_from(part).ok()?.saturating_sub(1);
            made.push(Line {
                number,
                amount_minor: Some(amount.max(1)),
                lines: original.lines.iter().skip(of_it).step_by(2).cloned().collect(),
                documents: Vec::new(),
                despatch: if way == 4 { String::new() } else { first.despatch.clone() },
                ..first.clone()
            });
        }
        let variant = match way {
            0 | 1 => "numbers_suffixed",
            2 | 3 => "new_numbers_same_delivery",
            _ => "new_numbers_same_order",
        };
        Some((variant, made))
    }

    fn same_goods(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 4;
        let original = self.original(chance, |_, line| match way {
            0 | 1 => !line.despatch.is_empty(),
            2 => is_of_one_order(line) && !line.lines.is_empty(),
            _ => true,
        })?;
        let mut copy = self.copy(chance, &original)?;
        copy.number = alter(&original.number, "new_number", chance)?;
        let days = chance.days(0, 20);
        copy.issue_date = later(copy.issue_date, days);
        copy.due_date = later(copy.due_date, days);
        copy.on = copy.on.max(copy.issue_date);
        let freight = Minor::try_from(chance.between(0, 40)).unwrap_or(0);
        let amount = original.amount_minor?;
        let more = amount.saturating_add(amount.saturating_mul(freight) / 1_000);
        let variant = match way {
            0 => {
                copy.amount_minor = Some(more);
                "same_despatch"
            }
            1 => {
                copy.amount_minor = Some(more);
                copy.order = format!("45{}", chance.digits(8));
                "same_despatch_other_order"
            }
            2 => "same_order_same_lines",
            _ => {
                copy.preceding = vec![original.number.clone()];
                "correction_of_an_invoice_in_force"
            }
        };
        Some((variant, vec![copy]))
    }

    fn circular(&mut self, chance: &mut Chance) -> Made {
        let start = self.original(chance, |_, _| true)?;
        let ring = usize::try_from(chance.between(2, 3)).ok()?;
        let mut firms: Vec<&Seller> = Vec::new();
        for _ in 0..ring {
            let firm = self.people.sellers.get(chance.place(self.people.sellers.len()))?;
            if firms.iter().any(|other| other.company.account == firm.company.account) {
                return None;
            }
            firms.push(firm);
        }
        let amount = start.amount_minor?.max(500_000);
        let mut day = start.issue_date?.day_number();
        let mut made = Vec::new();
        for (place, seller) in firms.iter().enumerate() {
            let buyer = firms.get(place.saturating_add(1)).or_else(|| firms.first())?;
            let per_mille = Minor::try_from(chance.between(985, 1_000)).unwrap_or(1_000);
            let date = Date::from_day_number(day);
            made.push(Line {
                on: date,
                financier: seller.financier.to_string(),
                seller: Some(seller.company.id.clone()),
                buyer: Some(buyer.company.id.clone()),
                number: format!("{}{}", chance.one_of(&["INV", "F", "2-", ""]), chance.digits(7)),
                issue_date: date,
                due_date: later(date, 60),
                currency: start.currency,
                amount_minor: Some(amount.saturating_mul(per_mille) / 1_000),
                order: format!("45{}", chance.digits(8)),
                ..Line::default()
            });
            day = day.saturating_add(chance.days(0, 6));
        }
        Some((if ring == 2 { "each_other" } else { "ring_of_three" }, made))
    }

    fn after_paid(&mut self, chance: &mut Chance) -> Made {
        let original = self.original(chance, |scene, line| scene.paid.contains_key(&line.id))?;
        let paid = *self.paid.get(&original.id)?;
        let mut copy = self.copy(chance, &original)?;
        copy.on = later(Some(paid), chance.days(1, 30));
        let variant = if chance.percent(60) {
            "same_invoice"
        } else {
            copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
            "number_dressed"
        };
        Some((variant, vec![copy]))
    }

    fn credit_after(&mut self, chance: &mut Chance) -> Made {
        let original = self.original(chance, |scene, line| !scene.paid.contains_key(&line.id))?;
        let whole = chance.percent(50);
        let amount = original.amount_minor?;
        let credit = Line {
            event: Event::Credit,
            on: later(original.on, chance.days(3, 40)),
            invoice: original.id.clone(),
            number: format!("CN-{}", chance.digits(6)),
            amount_minor: Some(if whole { amount } else { (amount / 3).max(1) }),
            original: original.id.clone(),
            ..Line::default()
        };
        Some((if whole { "in_full" } else { "in_part" }, vec![credit]))
    }

    fn party_alias(&mut self, chance: &mut Chance, way: u64) -> Made {
        let original = self.original(chance, |_, _| true)?;
        let mut copy = self.copy(chance, &original)?;
        let other = |id: &Option<PartyId>| self.companies.get(id.as_ref()?)?.alias.clone();
        let (seller, buyer) = (other(&original.seller), other(&original.buyer));
        let variant = match way % 4 {
            0 => {
                copy.seller = Some(seller?);
                "seller"
            }
            1 => {
                copy.buyer = Some(buyer?);
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "buyer_number_dressed"
            }
            2 => {
                copy.seller = Some(seller?);
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "seller_number_dressed"
            }
            _ => {
                (copy.seller, copy.buyer) = (Some(seller?), Some(buyer?));
                "both"
            }
        };
        Self::bare(chance, &mut copy);
        Some((variant, vec![copy]))
    }

    fn sister(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 3;
        let original = self.original(chance, |_, line| match way {
            2 => is_of_one_order(line),
            _ => !line.account.is_empty(),
        })?;
        let mut copy = self.copy(chance, &original)?;
        let sister = Company::new(chance)?;
        copy.seller = Some(sister.id);
        let variant = match way {
            0 => {
                copy.account.clone_from(&original.account);
                Self::bare(chance, &mut copy);
                "same_account_same_number"
            }
            1 => {
                copy.account.clone_from(&original.account);
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "same_account_number_dressed"
            }
            _ => {
                copy.account = sister.account;
                copy.number = alter(&original.number, "new_number", chance)?;
                "same_order_other_account"
            }
        };
        Some((variant, vec![copy]))
    }

    fn under_blanket(&mut self, chance: &mut Chance) -> Made {
        let place = *self.pledged.get(chance.place(self.pledged.len()))?;
        let original = self.lines.get(place)?.clone();
        if !self.used.insert(place) || self.ended.contains(&original.id) {
            return None;
        }
        let sellers = self.people.sellers.iter();
        let seller =
            sellers.into_iter().find(|it| Some(&it.company.id) == original.seller.as_ref())?;
        // Neither the pledgee nor one who has his waiver.
        let others: Vec<PartyId> = self
            .people
            .financiers
            .iter()
            .filter(|it| Some(*it) != seller.blanket.as_ref() && !seller.finances(it))
            .cloned()
            .collect();
        let claim = Line {
            event: Event::Claim,
            on: later(original.on, chance.days(0, 10)),
            invoice: original.id.clone(),
            financier: pick(chance, &others).ok()?.to_string(),
            original: original.id.clone(),
            ..Line::default()
        };
        let paid = self.paid.get(&original.id).copied();
        let in_time = paid.is_none_or(|paid| claim.on.is_some_and(|on| on < paid));
        in_time.then_some(("claim", vec![claim]))
    }

    fn cross_currency(&mut self, chance: &mut Chance, way: u64) -> Made {
        let way = way % 3;
        let original = self.original(chance, |_, line| match way {
            2 => !line.despatch.is_empty(),
            _ => true,
        })?;
        let mut copy = self.copy(chance, &original)?;
        let (currency, rate) = match (original.currency?.as_str(), chance.below(2)) {
            ("EUR", 0) => ("USD", 1_085),
            ("EUR", _) => ("GBP", 857),
            ("USD", _) => ("EUR", 921),
            _ => ("EUR", 1_166),
        };
        copy.currency = currency.parse().ok();
        copy.order_amount_minor = None;
        let amount = original.amount_minor?.saturating_mul(rate) / 1_000;
        copy.amount_minor = Some(amount.max(1));
        let variant = match way {
            0 => "same_number",
            1 => {
                copy.number = alter(&original.number, chance.one_of(&DRESSED), chance)?;
                "number_dressed"
            }
            _ => {
                copy.number = alter(&original.number, "new_number", chance)?;
                "new_number_same_delivery"
            }
        };
        Some((variant, vec![copy]))
    }

    /// An invoice of this seller to this buyer, as ever, but with a term that buys months.
    fn term_change(&mut self, chance: &mut Chance) -> Made {
        let model = self.original(chance, |scene, line| {
            let same = |it: &&Line| {
                it.event == Event::Invoice
                    && it.seller == line.seller
                    && it.buyer == line.buyer
                    && it.financier == line.financier
                    && it.on < line.on
            };
            scene.lines.iter().filter(same).count() >= 6
        })?;
        let mut late = model.clone();
        late.original.clone_from(&model.id);
        late.number = alter(&model.number, "new_number", chance)?;
        let days = chance.days(1, 20);
        late.issue_date = later(late.issue_date, days);
        late.due_date = later(late.due_date, days.saturating_add(chance.days(60, 150)));
        late.on = later(late.issue_date, 1);
        late.amount_minor = late.amount_minor.map(|amount| amount.saturating_mul(7) / 5);
        for text in [&mut late.order, &mut late.despatch, &mut late.contract] {
            text.clear();
        }
        late.lines.clear();
        late.order_amount_minor = None;
        late.documents.clear();
        Some(("longer_term", vec![late]))
    }
}

/// Whether the order of a line is that of this one sale, and not of many.
fn is_of_one_order(line: &Line) -> bool {
    let single = ["order", "two_orders_one_day"].contains(&line.variant.as_str());
    single && line.order.len() > 4 && line.order != "phone"
}
