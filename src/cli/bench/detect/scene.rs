//! The place of a crime: the honest invoices of a world, and what of them a fraudster can use.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::bench::detect::chance::Chance;
use crate::cli::bench::detect::companies::Company;
use crate::cli::bench::detect::line::{Event, Line};
use crate::cli::bench::detect::trade::LAST_DAY;
use crate::cli::bench::detect::world::{People, pick};
use crate::types::{Date, PartyId};

/// What a fraudster finds.
pub(super) struct Scene<'a> {
    pub(super) people: &'a People,
    pub(super) lines: &'a mut Vec<Line>,
    /// Places of honest invoices that are financed.
    pub(super) financed: Vec<usize>,
    /// Places of honest invoices that are not, of sellers under a blanket pledge.
    pub(super) pledged: Vec<usize>,
    /// When an invoice was paid.
    pub(super) paid: BTreeMap<String, Date>,
    /// Invoices that were credited, cancelled or corrected.
    pub(super) ended: BTreeSet<String>,
    pub(super) companies: BTreeMap<PartyId, Company>,
    /// Places of originals that a fraud copies already.
    pub(super) used: BTreeSet<usize>,
    pub(super) made: Vec<Line>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(people: &'a People, lines: &'a mut Vec<Line>) -> Self {
        let mut scene = Self {
            people,
            financed: Vec::new(),
            pledged: Vec::new(),
            paid: BTreeMap::new(),
            ended: BTreeSet::new(),
            companies: BTreeMap::new(),
            used: BTreeSet::new(),
            made: Vec::new(),
            lines,
        };
        let sellers = people.sellers.iter().map(|seller| &seller.company);
        for company in sellers.chain(&people.buyers) {
            scene.companies.insert(company.id.clone(), company.clone());
        }
        let idle: BTreeSet<&PartyId> = people
            .sellers
            .iter()
            .filter(|seller| seller.blanket.is_some())
            .map(|seller| &seller.company.id)
            .collect();
        for (place, line) in scene.lines.iter().enumerate() {
            match line.event {
                Event::Invoice if line.financier.is_empty() => {
                    if line.seller.as_ref().is_some_and(|seller| idle.contains(seller)) {
                        scene.pledged.push(place);
                    }
                }
                Event::Invoice => {
                    let early =
                        line.on.is_some_and(|on| on.day_number() < LAST_DAY.saturating_sub(90));
                    if early
                        && !line.variant.starts_with("cor")
                        && !line.variant.starts_with("credit")
                    {
                        scene.financed.push(place);
                    }
                }
                Event::Paid => {
                    scene.paid.extend(line.on.map(|on| (line.invoice.clone(), on)));
                }
                Event::Credit | Event::Cancel => {
                    scene.ended.insert(line.invoice.clone());
                }
                Event::Claim | Event::Link | Event::Blanket | Event::Waiver => {}
            }
        }
        scene
    }

    /// An invoice that is financed, in force, and not copied yet.
    pub(super) fn original(
        &mut self,
        chance: &mut Chance,
        fits: impl Fn(&Self, &Line) -> bool,
    ) -> Option<Line> {
        let place = *self.financed.get(chance.place(self.financed.len()))?;
        let line = self.lines.get(place)?;
        if self.used.contains(&place) || self.ended.contains(&line.id) || !fits(self, line) {
            return None;
        }
        let line = line.clone();
        self.used.insert(place);
        Some(line)
    }

    /// Another paper of an invoice, brought to another financier some days later.
    pub(super) fn copy(&self, chance: &mut Chance, original: &Line) -> Option<Line> {
        let others: Vec<PartyId> = self
            .people
            .financiers
            .iter()
            .filter(|it| it.as_str() != original.financier)
            .filter(|it| {
                // The holder of a blanket pledge over the seller is in his right.
                let sellers = self.people.sellers.iter();
                let of_it = sellers.filter(|it| Some(&it.company.id) == original.seller.as_ref());
                of_it.into_iter().all(|seller| seller.blanket.as_ref() != Some(*it))
            })
            .cloned()
            .collect();
        let mut copy = original.clone();
        copy.on = later(original.on, chance.days(0, 45));
        copy.financier = pick(chance, &others).ok()?.to_string();
        copy.original.clone_from(&original.id);
        if !chance.percent(15) {
            copy.documents = vec![format!("paper {}", chance.digits(12))];
        }
        if chance.percent(30) {
            copy.account = format!("ACC{}", chance.digits(14));
        }
        Some(copy)
    }

    /// The same without what the invoice refers to, now and then.
    pub(super) fn bare(chance: &mut Chance, copy: &mut Line) {
        if chance.percent(30) {
            for text in [&mut copy.order, &mut copy.despatch, &mut copy.contract] {
                text.clear();
            }
            copy.lines.clear();
            copy.order_amount_minor = None;
        }
    }
}

/// So many days after a day.
pub(super) fn later(date: Option<Date>, days: i32) -> Option<Date> {
    Date::from_day_number(date?.day_number().saturating_add(days))
}
