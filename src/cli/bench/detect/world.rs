//! A world from a seed: companies, two years of honest trade, and the frauds in it, as labelled lines.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use crate::cli::bench::detect::chance::Chance;
use crate::cli::bench::detect::companies::Company;
use crate::cli::bench::detect::crimes;
use crate::cli::bench::detect::line::{Event, Line};
use crate::cli::bench::detect::numbers::{Numbering, Style};
use crate::cli::bench::detect::trade::{
    Correction, Draft, FIRST_DAY, HABITS, LAST_DAY, Paper, Relation,
};
use crate::types::{Currency, Date, Minor, PartyId};

/// How many buyers share the sellers of a world.
const BUYERS: u64 = 150;

/// What a world is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    /// The seed.
    pub(super) seed: u64,
    /// At least so many honest invoices.
    pub(super) invoices: usize,
    /// So many frauds of each kind.
    pub(super) frauds: usize,
}

/// A seller with its habits.
pub(super) struct Seller {
    /// Who it is.
    pub(super) company: Company,
    /// A seller of the same group, which is paid on the same account.
    sister: Option<usize>,
    style: Style,
    paper: Paper,
    currency: Currency,
    /// Of a hundred invoices so many are financed.
    financed: u64,
    /// Who finances it.
    pub(super) financier: PartyId,
    /// Who finances it later, or finances what every third buyer owes.
    second: Option<(PartyId, Second)>,
    has_documents: bool,
    has_account: bool,
    /// The holder of a blanket pledge over it.
    pub(super) blanket: Option<PartyId>,
}

#[derive(Clone, Copy)]
enum Second {
    From(i32),
    EveryThirdBuyer,
}

/// A world.
pub(super) struct World {
    /// Everything that happens in it, in order.
    pub(super) lines: Vec<Line>,
}

/// The people of a world.
pub(super) struct People {
    pub(super) sellers: Vec<Seller>,
    pub(super) buyers: Vec<Company>,
    pub(super) financiers: Vec<PartyId>,
}

/// Makes a world.
///
/// # Errors
/// None in practice: kept where an id could not be made.
pub(super) fn make(recipe: &Recipe) -> Result<World> {
    let mut chance = Chance::new(recipe.seed);
    let mut people = People {
        sellers: Vec::new(),
        buyers: Vec::new(),
        financiers: (0..6)
            .map(|_| format!("0106:{}", chance.digits(8)).parse().context("a party id"))
            .collect::<Result<_>>()?,
    };
    for _ in 0..BUYERS {
        people.buyers.push(Company::new(&mut chance).context("a company")?);
    }
    let mut lines = Vec::new();
    let mut invoices = 0_usize;
    while invoices < recipe.invoices {
        let number = people.sellers.len();
        let mut chance = chance.fork(u64::try_from(number)?);
        let seller = Seller::new(&mut chance, &people)?;
        people.sellers.push(seller);
        let made = sell(&mut chance, &people, number)?;
        invoices = invoices
            .saturating_add(made.iter().filter(|line| line.event == Event::Invoice).count());
        lines.extend(made);
    }
    let mut opening = opening(&people);
    opening.append(&mut lines);
    let mut lines = opening;
    lines.sort_by_key(|line| line.on);
    for (number, line) in (1_u64..).zip(&mut lines) {
        if line.id.is_empty() {
            line.id = format!("e{number}");
        }
    }
    crimes::commit(&mut chance, &people, recipe.frauds, &mut lines);
    // What happens on one day stays in the order in which it was told: first the honest, then the copies.
    lines.sort_by_key(|line| line.on);
    Ok(World { lines })
}

impl Seller {
    /// Whether a financier finances it, now or then.
    pub(super) fn finances(&self, financier: &PartyId) -> bool {
        *financier == self.financier
            || self.second.as_ref().is_some_and(|(second, _)| second == financier)
    }

    fn new(chance: &mut Chance, people: &People) -> Result<Self> {
        let mut company = Company::new(chance).context("a company")?;
        let place = chance.place(people.sellers.len());
        let sister = (chance.percent(15) && !people.sellers.is_empty()).then_some(place);
        let mut style = chance.one_of(&Style::ALL);
        if let Some(sister) = sister.and_then(|place| people.sellers.get(place)) {
            company.account.clone_from(&sister.company.account);
            // A group keeps its books apart, or two firms would send one number twice.
            while style == sister.style {
                style = chance.one_of(&Style::ALL);
            }
        }
        let paper = Paper {
            orders: chance.one_of(&[0, 60, 100, 100, 100]),
            despatches: chance.percent(50),
            order_amounts: chance.percent(30),
            lines: chance.percent(60),
            catalogue: (0..6)
                .map(|_| Minor::try_from(chance.between(10_000, 400_000)).unwrap_or(10_000))
                .collect(),
        };
        let currency = match chance.below(20) {
            0 => "USD",
            1 => "GBP",
            _ => "EUR",
        };
        let financier = pick(chance, &people.financiers)?;
        let others: Vec<PartyId> =
            people.financiers.iter().filter(|it| **it != financier).cloned().collect();
        let second = match chance.below(10) {
            0 => Some(Second::From(FIRST_DAY.saturating_add(chance.days(150, 550)))),
            1 => Some(Second::EveryThirdBuyer),
            _ => None,
        };
        let second = second.map(|second| Ok::<_, anyhow::Error>((pick(chance, &others)?, second)));
        // A fifth sells nothing to financiers: a bank took all their receivables. No world is without one.
        let idle = chance.percent(20) || people.sellers.is_empty();
        let blanket = if idle || chance.percent(8) { Some(pick(chance, &others)?) } else { None };
        Ok(Self {
            company,
            sister,
            style,
            paper,
            currency: currency.parse()?,
            financed: if idle { 0 } else { chance.one_of(&[40, 80, 100, 100]) },
            financier,
            second: second.transpose()?,
            has_documents: chance.percent(60),
            has_account: chance.percent(90),
            blanket,
        })
    }

    /// Who finances what a buyer owes for an invoice of a day, if anyone.
    fn financed_by(&self, chance: &mut Chance, day: i32, buyer: usize) -> Option<PartyId> {
        if !chance.percent(self.financed) {
            return None;
        }
        let second = self.second.as_ref().filter(|(_, second)| match second {
            Second::From(from) => day >= *from,
            Second::EveryThirdBuyer => buyer.is_multiple_of(3),
        });
        Some(second.map_or_else(|| self.financier.clone(), |(financier, _)| financier.clone()))
    }
}

/// One of a list.
pub(super) fn pick(chance: &mut Chance, list: &[PartyId]) -> Result<PartyId> {
    list.get(chance.place(list.len())).cloned().context("nobody to choose from")
}

/// What is known before trade begins: who is who, and who took all receivables of whom.
fn opening(people: &People) -> Vec<Line> {
    let on = Date::from_day_number(FIRST_DAY);
    let mut lines = Vec::new();
    let sellers = people.sellers.iter().map(|seller| &seller.company);
    for company in sellers.chain(&people.buyers).filter(|it| !it.alias_is_derived) {
        lines.push(Line {
            event: Event::Link,
            on,
            seller: Some(company.id.clone()),
            other: company.alias.clone(),
            ..Line::default()
        });
    }
    for seller in &people.sellers {
        let Some(bank) = &seller.blanket else { continue };
        let blanket = Line {
            event: Event::Blanket,
            on,
            financier: bank.to_string(),
            seller: Some(seller.company.id.clone()),
            ..Line::default()
        };
        lines.push(blanket.clone());
        // Who finances under another's blanket pledge in good order has his waiver.
        for factor in seller.second.iter().map(|(factor, _)| factor).chain([&seller.financier]) {
            if factor != bank {
                let other = Some(factor.clone());
                lines.push(Line { event: Event::Waiver, other, ..blanket.clone() });
            }
        }
    }
    lines
}

/// Everything that one seller invoices in two years, and what becomes of it.
fn sell(chance: &mut Chance, people: &People, number: usize) -> Result<Vec<Line>> {
    let seller = people.sellers.get(number).context("a seller")?;
    let mut drafts: Vec<(usize, usize, Draft)> = Vec::new();
    let mut buyers = BTreeMap::new();
    for relation in 0..chance.between(4, 16) {
        let buyer = if chance.percent(8) && number > 0 {
            // Now and then a customer is a supplier too.
            let place = chance.place(number);
            people.sellers.get(place).map(|it| (1_000_usize.saturating_add(place), &it.company))
        } else {
            let place = chance.place(people.buyers.len());
            people.buyers.get(place).map(|it| (place, it))
        };
        let Some((place, buyer)) = buyer else { continue };
        if buyers.insert(place, &buyer.id).is_some() {
            continue;
        }
        let mut of_it = chance.fork(relation);
        let habit = of_it.one_of(&HABITS);
        let made = Relation::new(&mut of_it, &seller.paper).trade(habit);
        let base = drafts.len();
        drafts.extend(made.into_iter().map(|draft| (place, base, draft)));
    }
    fee_of_group(chance, people, number, &mut drafts, &mut buyers);
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|place| drafts.get(*place).map(|(_, _, draft)| draft.day));
    let mut numbering = Numbering::new(seller.style, chance);
    let mut made: BTreeMap<usize, Line> = BTreeMap::new();
    let mut lines = Vec::new();
    for place in order {
        let Some((buyer, base, draft)) = drafts.get(place) else { continue };
        let id = format!("s{number}i{place}");
        let before = draft
            .corrects
            .and_then(|(of, how)| Some((made.get(&base.saturating_add(of))?.clone(), how)));
        let line = write(chance, seller, &mut numbering, (*buyer, buyers.get(buyer)), &id, draft);
        let Some(mut line) = line else { continue };
        let corrected = draft.corrects.is_some();
        if let Some((before, how)) = before {
            correct(chance, &mut line, &before, how, &mut lines);
        } else if corrected {
            continue;
        } else {
            lines.push(line.clone());
        }
        pay(chance, &line, &mut lines);
        made.insert(place, line);
    }
    // What was corrected is not paid, or credited in part, as well.
    let corrected: BTreeSet<String> = lines
        .iter()
        .filter(|line| line.id.ends_with('x'))
        .map(|line| line.invoice.clone())
        .collect();
    lines.retain(|line| !line.id.ends_with('p') || !corrected.contains(&line.invoice));
    Ok(lines)
}

/// Sisters of a group charge a common buyer the same fee on the same day, to the same account.
fn fee_of_group<'a>(
    chance: &mut Chance,
    people: &'a People,
    number: usize,
    drafts: &mut Vec<(usize, usize, Draft)>,
    buyers: &mut BTreeMap<usize, &'a PartyId>,
) {
    let groups = people.sellers.iter().zip(0_usize..);
    let mut pairs = groups.filter_map(|(seller, place)| Some((seller.sister?, place)));
    let Some((head, _)) = pairs.find(|(head, place)| *head == number || *place == number) else {
        return;
    };
    let place = head.checked_rem(people.buyers.len()).unwrap_or(0);
    let Some(buyer) = people.buyers.get(place) else { return };
    if head == number || buyers.insert(place, &buyer.id).is_some() {
        return;
    }
    let day = i32::try_from(head).unwrap_or(0) % 28;
    let amount =
        50_000_i64.saturating_add(Minor::try_from(head).unwrap_or(0).saturating_mul(2_500));
    let base = drafts.len();
    for month in 0..chance.days(6, 20) {
        let day = FIRST_DAY.saturating_add(day).saturating_add(month.saturating_mul(30));
        let draft = Draft { day, terms: 30, amount, variant: "group_fee", ..Draft::default() };
        drafts.push((place, base, draft));
    }
}

fn write(
    chance: &mut Chance,
    seller: &Seller,
    numbering: &mut Numbering,
    (buyer, id): (usize, Option<&&PartyId>),
    name: &str,
    draft: &Draft,
) -> Option<Line> {
    let issue_date = Date::from_day_number(draft.day)?;
    let financier = seller.financed_by(chance, draft.day, buyer);
    let heard = draft.day.saturating_add(chance.days(0, 3));
    Some(Line {
        id: name.to_owned(),
        on: Date::from_day_number(heard),
        financier: financier.map(|it| it.to_string()).unwrap_or_default(),
        seller: Some(seller.company.id.clone()),
        buyer: id.map(|id| (*id).clone()),
        number: numbering.next(issue_date, u64::try_from(buyer).unwrap_or(0), draft.project),
        issue_date: Some(issue_date),
        due_date: Date::from_day_number(draft.day.saturating_add(draft.terms)),
        currency: Some(seller.currency),
        amount_minor: Some(draft.amount),
        order: draft.order.clone(),
        order_amount_minor: draft.order_amount,
        despatch: draft.despatch.clone(),
        contract: draft.contract.clone(),
        account: if seller.has_account { seller.company.account.clone() } else { String::new() },
        documents: if seller.has_documents {
            vec![format!("file of {name} {}", seller.company.id)]
        } else {
            Vec::new()
        },
        lines: draft.lines.clone(),
        variant: draft.variant.to_owned(),
        ..Line::default()
    })
}

/// A corrected invoice, and what ends the one before.
fn correct(
    chance: &mut Chance,
    line: &mut Line,
    before: &Line,
    how: Correction,
    lines: &mut Vec<Line>,
) {
    line.financier.clone_from(&before.financier);
    line.on = line.on.max(before.on);
    if how != Correction::Credited {
        line.preceding = vec![before.number.clone()];
    }
    if chance.percent(30) {
        line.number = format!("{}{}", before.number, chance.one_of(&["-C", "/2", "-1", "R"]));
    }
    let end = Line {
        id: format!("{}x", line.id),
        invoice: before.id.clone(),
        on: line.on,
        variant: line.variant.clone(),
        ..Line::default()
    };
    if how == Correction::Replaces {
        lines.push(line.clone());
        lines.push(Line { event: Event::Cancel, original: line.id.clone(), ..end });
    } else {
        let number = format!("CN-{}", chance.digits(6));
        let amount_minor = before.amount_minor;
        lines.push(Line { event: Event::Credit, number, amount_minor, ..end });
        lines.push(line.clone());
    }
}

/// A third is reported as paid, a few days around the due date; now and then a part is credited instead.
fn pay(chance: &mut Chance, line: &Line, lines: &mut Vec<Line>) {
    let due = line.due_date.map_or(0, Date::day_number).saturating_add(chance.days(0, 25));
    let day = due.saturating_sub(5);
    let paid = chance.percent(35);
    if day > LAST_DAY || line.on.is_none_or(|on| on.day_number() > day) {
        return;
    }
    let id = format!("{}p", line.id);
    let on = Date::from_day_number(day);
    let event = Line { id, invoice: line.id.clone(), on, ..Line::default() };
    if paid {
        lines.push(Line { event: Event::Paid, ..event });
    } else if chance.percent(2) {
        let amount_minor = line.amount_minor.map(|amount| (amount / 10).max(1));
        let number = format!("CN-{}", chance.digits(6));
        lines.push(Line { event: Event::Credit, amount_minor, number, ..event });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::detect::fraud::Fraud;

    const SMALL: Recipe = Recipe { seed: 3, invoices: 1_500, frauds: 6 };

    #[test]
    fn the_same_seed_makes_the_same_world() {
        let (one, other) = (make(&SMALL).unwrap(), make(&SMALL).unwrap());
        assert_eq!(one.lines, other.lines);
        let another = make(&Recipe { seed: 4, ..SMALL }).unwrap();
        assert_ne!(one.lines, another.lines);
    }

    #[test]
    fn every_fraud_is_there_with_its_label_and_its_original() {
        let world = make(&SMALL).unwrap();
        let names: BTreeMap<&str, &Line> =
            world.lines.iter().map(|line| (line.id.as_str(), line)).collect();
        assert_eq!(names.len(), world.lines.len(), "every line has a name of its own");
        for fraud in Fraud::ALL {
            let groups: BTreeSet<&str> = world
                .lines
                .iter()
                .filter(|line| line.fraud == Some(fraud))
                .map(Line::group)
                .collect();
            assert!(groups.len() >= SMALL.frauds / 2, "{fraud}: {}", groups.len());
        }
        for line in world.lines.iter().filter(|line| line.fraud.is_some()) {
            assert!(!line.variant.is_empty(), "{line:?}");
            let original = names.get(line.original.as_str());
            if line.fraud != Some(Fraud::CircularTrade) {
                let original = original.unwrap_or_else(|| panic!("{line:?}"));
                assert!(original.on <= line.on && original.fraud.is_none(), "{line:?}");
            }
        }
    }

    #[test]
    fn honest_trade_has_its_look_alikes() {
        let world = make(&Recipe { invoices: 6_000, ..SMALL }).unwrap();
        let honest = world.lines.iter().filter(|line| line.fraud.is_none());
        let variants: BTreeSet<&str> = honest.map(|line| line.variant.as_str()).collect();
        for variant in [
            "order",
            "order_again",
            "two_orders_one_day",
            "partial_delivery",
            "subscription",
            "weekly",
            "framework",
            "instalment",
            "daily",
            "fee",
            "lease",
            "catalogue",
            "corrected",
            "credit_and_reinvoice",
            "group_fee",
        ] {
            assert!(variants.contains(variant), "{variant}");
        }
    }
}
