//! What was found, what was missed, and what honest trade was bothered with.
//!
//! One measure for both sides: what counts as found when a line is fraud counts as a false alarm when it is honest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Serialize;

use crate::cli::bench::detect::fraud::Fraud;
use crate::cli::bench::detect::line::{Event, Line};
use crate::cli::bench::detect::trial::{Heard, Trial, is_same_receivable};
use crate::domain::Related;
use crate::types::{Date, Minor};

/// Most honest invoices in ten thousand that may be bothered.
pub(super) const FALSE_ALARMS_MAX: u64 = 1;

/// Alerts that tell of a pattern and not of an event. They accuse no invoice, so they are counted beside the false
/// alarms and not among them.
const PATTERNS: [&str; 2] = ["circular_trade", "term_drift"];

/// What became of the frauds of one kind, or of one way of doing it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Tally {
    /// How many there were.
    pub(super) injected: u64,
    /// How many were found.
    pub(super) found: u64,
    /// As what: the strongest relation of a finding, the code of a rejection, or of an alert.
    pub(super) found_as: BTreeMap<String, u64>,
    /// Which keys met, most often first in the report.
    pub(super) reasons: BTreeMap<String, u64>,
}

impl Tally {
    /// The share that was found, in hundredths of a per cent; of nothing, all.
    pub(super) fn recall(&self) -> u64 {
        self.found.saturating_mul(10_000).checked_div(self.injected).unwrap_or(10_000)
    }

    fn add(&mut self, found: Option<&(String, String)>) {
        self.injected = self.injected.saturating_add(1);
        let Some((found_as, reasons)) = found else { return };
        self.found = self.found.saturating_add(1);
        let count = |map: &mut BTreeMap<String, u64>, key: &str| {
            let count = map.entry(key.to_owned()).or_default();
            *count = count.saturating_add(1);
        };
        count(&mut self.found_as, found_as);
        count(&mut self.reasons, reasons);
    }
}

/// What honest trade was bothered with.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Honest {
    /// How many honest invoices there were.
    pub(super) invoices: u64,
    /// How many honest claims.
    pub(super) claims: u64,
    /// How many pairs of honest invoices met in a key and were told apart or related.
    pub(super) pairs_left_alone: u64,
    /// How many honest invoices are said to be the same receivable as another honest one.
    pub(super) taken_for_another: u64,
    /// How many honest claims were refused, disputed or rejected.
    pub(super) claims_in_trouble: u64,
    /// How many honest lines caused an alert of a pattern.
    pub(super) patterns: u64,
    /// How many honest invoices any of this happened to.
    pub(super) bothered: u64,
    /// By look-alike: how many invoices, and how many of them were bothered.
    pub(super) by_variant: BTreeMap<String, (u64, u64)>,
}

impl Honest {
    /// False alarms in ten thousand honest invoices, times a hundred.
    pub(super) fn per_ten_thousand(&self) -> u64 {
        self.bothered.saturating_mul(1_000_000).checked_div(self.invoices).unwrap_or(0)
    }
}

/// An invoice, as the table of errors shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Brief {
    pub(super) id: String,
    pub(super) seller: String,
    pub(super) buyer: String,
    pub(super) number: String,
    pub(super) issued: Option<Date>,
    pub(super) due: Option<Date>,
    pub(super) amount_minor: Option<Minor>,
    pub(super) currency: String,
    pub(super) order: String,
    pub(super) despatch: String,
    pub(super) contract: String,
    pub(super) lines: usize,
    pub(super) financier: String,
}

impl Brief {
    fn of(line: &Line) -> Self {
        let shown = |id: &Option<crate::types::PartyId>| id.as_ref().map(ToString::to_string);
        Self {
            id: line.id.clone(),
            seller: shown(&line.seller).unwrap_or_default(),
            buyer: shown(&line.buyer).unwrap_or_default(),
            number: line.number.clone(),
            issued: line.issue_date,
            due: line.due_date,
            amount_minor: line.amount_minor,
            currency: line.currency.map(|it| it.to_string()).unwrap_or_default(),
            order: line.order.clone(),
            despatch: line.despatch.clone(),
            contract: line.contract.clone(),
            lines: line.lines.len(),
            financier: line.financier.clone(),
        }
    }
}

/// A miss or a false alarm.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mistake {
    /// The seed of the world, where there is one.
    pub(super) seed: Option<u64>,
    /// The kind of fraud that was missed; a false alarm where it is absent.
    pub(super) missed: Option<Fraud>,
    /// The way it was done, or the look-alike that it is.
    pub(super) variant: String,
    /// What the registry said of the two.
    pub(super) said: String,
    /// Which keys they share.
    pub(super) keys: String,
    /// The later invoice.
    pub(super) one: Brief,
    /// The earlier one.
    pub(super) other: Brief,
}

/// The result over one or many worlds.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Score {
    /// By kind of fraud.
    pub(super) frauds: BTreeMap<Fraud, Tally>,
    /// By kind and way.
    pub(super) ways: BTreeMap<(Fraud, String), Tally>,
    /// The honest side.
    pub(super) honest: Honest,
    /// Every miss and every false alarm.
    pub(super) mistakes: Vec<Mistake>,
}

impl Score {
    /// Whether every target is met.
    pub(super) fn passes(&self) -> bool {
        self.frauds.iter().all(|(fraud, tally)| tally.recall() >= fraud.target())
            && self.honest.per_ten_thousand() <= FALSE_ALARMS_MAX.saturating_mul(100)
    }

    /// Plays the lines of a world and adds what the registry made of them.
    ///
    /// # Errors
    /// The first line that cannot be played.
    pub(super) fn add(
        &mut self,
        lines: &[Line],
        rules: u16,
        seed: Option<u64>,
        mut advance: impl FnMut(u64),
    ) -> Result<()> {
        let mut trial = Trial::open(rules)?;
        let mut heard = Vec::with_capacity(lines.len());
        for line in lines {
            heard.push(trial.play(line)?);
            advance(1);
        }
        let world =
            Played { trial: &trial, lines, heard: &heard, seed, owners: owners(lines, &heard) };
        self.frauds(&world);
        self.honest(&world);
        Ok(())
    }

    fn frauds(&mut self, world: &Played<'_>) {
        let mut groups = BTreeMap::<(Fraud, &str), Vec<usize>>::new();
        for (place, line) in world.lines.iter().enumerate() {
            if let Some(fraud) = line.fraud {
                groups.entry((fraud, line.group())).or_default().push(place);
            }
        }
        for ((fraud, _), places) in groups {
            let found = places.iter().find_map(|place| world.found(fraud, *place));
            self.frauds.entry(fraud).or_default().add(found.as_ref());
            let last = places.last().and_then(|place| world.lines.get(*place));
            let variant = last.map(|line| line.variant.clone()).unwrap_or_default();
            self.ways.entry((fraud, variant)).or_default().add(found.as_ref());
            if found.is_none() {
                self.mistakes.extend(places.last().and_then(|place| world.miss(fraud, *place)));
            }
        }
    }

    fn honest(&mut self, world: &Played<'_>) {
        let honest = &mut self.honest;
        let mut bothered = BTreeSet::new();
        for (line, heard) in world.lines.iter().zip(world.heard) {
            if line.fraud.is_some() {
                continue;
            }
            let claims =
                !line.financier.is_empty() && matches!(line.event, Event::Invoice | Event::Claim);
            honest.claims = honest.claims.saturating_add(u64::from(claims));
            let in_trouble = heard.is_alarm() || heard.rejection.is_some();
            let others = heard.row.map(|row| world.others(row)).unwrap_or_default();
            // What looks like a fraud that came first is in trouble because of it, whatever else it is related to.
            let met: BTreeSet<bool> = others
                .iter()
                .filter(|(related, _)| is_same_receivable(related.relation))
                .map(|(_, owner)| owner.fraud.is_some())
                .collect();
            let by_fraud = met.contains(&true) && !met.contains(&false);
            let pattern = heard.alerts.iter().any(|code| PATTERNS.contains(code));
            if in_trouble && !by_fraud {
                honest.claims_in_trouble = honest.claims_in_trouble.saturating_add(1);
            }
            honest.patterns = honest.patterns.saturating_add(u64::from(pattern));
            if in_trouble && !by_fraud {
                bothered.insert(line.id.as_str());
                let other = others.iter().find(|(_, owner)| owner.fraud.is_none());
                self.mistakes.push(Mistake {
                    seed: world.seed,
                    missed: None,
                    variant: line.variant.clone(),
                    said: told(heard),
                    keys: heard.strongest().map(|finding| keys(finding.keys)).unwrap_or_default(),
                    one: Brief::of(line),
                    other: other.map(|(_, owner)| Brief::of(owner)).unwrap_or_default(),
                });
            }
        }
        for (row, owner) in world.owners.iter().filter(|(_, owner)| owner.fraud.is_none()) {
            honest.invoices = honest.invoices.saturating_add(1);
            let mut taken = false;
            for (related, other) in world.others(*row) {
                // Each pair once, under the later of the two.
                if related.row >= *row || other.fraud.is_some() {
                    continue;
                }
                if !is_same_receivable(related.relation) {
                    honest.pairs_left_alone = honest.pairs_left_alone.saturating_add(1);
                    continue;
                }
                if !taken && bothered.insert(owner.id.as_str()) {
                    self.mistakes.push(Mistake {
                        seed: world.seed,
                        missed: None,
                        variant: owner.variant.clone(),
                        said: code(related.relation),
                        keys: keys(related.keys),
                        one: Brief::of(owner),
                        other: Brief::of(other),
                    });
                }
                taken = true;
            }
            honest.taken_for_another = honest.taken_for_another.saturating_add(u64::from(taken));
            let of_variant = honest.by_variant.entry(owner.variant.clone()).or_default();
            of_variant.0 = of_variant.0.saturating_add(1);
            let is_bothered = bothered.contains(owner.id.as_str());
            of_variant.1 = of_variant.1.saturating_add(u64::from(is_bothered));
        }
        let count = u64::try_from(bothered.len()).unwrap_or(u64::MAX);
        honest.bothered = honest.bothered.saturating_add(count);
    }
}

/// A world that was played to its end.
struct Played<'a> {
    trial: &'a Trial,
    lines: &'a [Line],
    heard: &'a [Heard],
    seed: Option<u64>,
    /// The line that first registered each invoice.
    owners: BTreeMap<u32, &'a Line>,
}

fn owners<'a>(lines: &'a [Line], heard: &[Heard]) -> BTreeMap<u32, &'a Line> {
    let mut owners = BTreeMap::new();
    for (line, heard) in lines.iter().zip(heard) {
        if let (Event::Invoice, Some(row)) = (line.event, heard.row) {
            owners.entry(row).or_insert(line);
        }
    }
    owners
}

impl<'a> Played<'a> {
    /// What a line of a fraud was found as, and for which reasons.
    fn found(&self, fraud: Fraud, place: usize) -> Option<(String, String)> {
        let heard = self.heard.get(place)?;
        let alert = heard.alerts.iter().find(|code| fraud.alerts().contains(code));
        // A ring is found as a ring, whatever else its claims meet.
        if let Some(code) = alert.filter(|_| fraud == Fraud::CircularTrade) {
            return Some((format!("alert {code}"), String::new()));
        }
        if heard.is_alarm() {
            let reasons = heard.strongest().map(|finding| keys(finding.keys));
            return Some((told(heard), reasons.unwrap_or_default()));
        }
        alert.map(|code| (format!("alert {code}"), String::new()))
    }

    /// The other invoices that share keys with one, with the lines that registered them.
    fn others(&self, row: u32) -> Vec<(Related, &'a Line)> {
        let Some(receivable) = self.trial.state.receivable(row) else { return Vec::new() };
        let related = self.trial.state.related(&receivable);
        let with_owner = |it: Related| self.owners.get(&it.row).map(|owner| (it, *owner));
        related.into_iter().filter_map(with_owner).collect()
    }

    fn miss(&self, fraud: Fraud, place: usize) -> Option<Mistake> {
        let (line, heard) = (self.lines.get(place)?, self.heard.get(place)?);
        let original = self.lines.iter().find(|it| !it.id.is_empty() && it.id == line.original);
        let original_row = original.and_then(|original| {
            let place = self.lines.iter().position(|it| it.id == original.id)?;
            self.heard.get(place)?.row
        });
        let others = heard.row.map(|row| self.others(row)).unwrap_or_default();
        let related = others.iter().find(|(it, _)| Some(it.row) == original_row);
        Some(Mistake {
            seed: self.seed,
            missed: Some(fraud),
            variant: line.variant.clone(),
            said: related.map_or_else(|| told(heard), |(it, _)| code(it.relation)),
            keys: related.map(|(it, _)| keys(it.keys)).unwrap_or_default(),
            one: Brief::of(line),
            other: original.map(Brief::of).unwrap_or_default(),
        })
    }
}

/// What was said to a line, in a word or two.
fn told(heard: &Heard) -> String {
    if let Some(rejection) = heard.rejection {
        return rejection.to_owned();
    }
    match heard.strongest() {
        Some(finding) => code(finding.relation),
        None if heard.refused => "refused".to_owned(),
        None => "nothing".to_owned(),
    }
}

/// The code of a value, as the API has it.
fn code(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// The codes of keys, joined.
fn keys(keys: crate::invoice::KeySet) -> String {
    keys.iter().map(code).collect::<Vec<_>>().join("+")
}
