//! An invoice as the registry sees it: its core, its four axes, its claims and its history.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::axes::Axis;
use crate::domain::change::News;
use crate::domain::conduct::Conduct;
use crate::domain::visibility::View;
use crate::invoice::{Core, InvoiceNumber};
use crate::statement::{References, SourceKind, Status};
use crate::types::{CaseId, ClaimId, Date, DocumentHash, InvoiceId, Minor, StatementId, Timestamp};

/// A registered invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receivable {
    /// The content hash of its core.
    pub id: InvoiceId,
    /// The core, as first registered.
    pub core: Core,
    /// The seller's party row, as registered; its entity may be another row.
    pub seller: u32,
    /// The buyer's party row, as registered.
    pub buyer: u32,
    /// When it was first registered; kept whatever is registered later (re-ageing shows against it).
    pub registered_at: Timestamp,
    /// Who registered it, in order.
    pub registrants: Vec<u32>,
    /// What was to be paid when it was registered, in minor units.
    pub due_minor: Minor,
    /// What it refers to.
    pub references: References,
    /// The files that show it.
    pub documents: Vec<DocumentHash>,
    /// The digests of its lines, ascending, as first registered.
    pub lines: Vec<DocumentHash>,
    /// The total of the order that it refers to, in minor units, as first registered.
    pub order_amount_minor: Option<Minor>,
    /// The account to pay to, hashed.
    pub payee_account: Option<DocumentHash>,
    /// Whether it was born assigned: a factored type, or another payee than the seller.
    pub born_assigned: bool,
    /// The credit notes against it.
    pub credits: Vec<Credit>,
    /// What was paid so far, as last reported, in minor units.
    pub paid_minor: Minor,
    /// What financiers received on settled claims, in minor units.
    pub settled_minor: Minor,
    /// The document axis; registered, where there is nothing newer.
    pub document: Option<Reading>,
    /// The process axis at the debtor.
    pub process: Option<Reading>,
    /// The state to which an answered question returns.
    pub before_query: Option<Reading>,
    /// The payment axis.
    pub payment: Option<Reading>,
    /// What the debtor's side did with it, as far as the readings no longer tell.
    pub conduct: Conduct,
    /// What was reported of an encumbrance outside the registry.
    pub encumbrance: Option<Reading>,
    /// How the document's life ended, if it did.
    pub end: Option<End>,
    /// The claims on it, in the order of their admission.
    pub claims: Vec<Claim>,
    /// The conflicts that it is part of.
    pub cases: Vec<CaseId>,
    /// The invoices, by row, that a resolution told apart from it: they are not the same receivable.
    pub apart: Vec<u32>,
    /// The log positions of everything said about it.
    pub history: Vec<u64>,
    /// What few invoices have.
    pub further: Option<Box<Further>>,
}

/// What few invoices have: in a box of its own, so that the others have no memory for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Further {
    /// What the debtor undertook to pay.
    pub guarantee: Option<Guarantee>,
    /// What other sources than that of the present reading said last, by axis, the most trusted first.
    pub readings: Vec<(Axis, Reading)>,
    /// When the debtor's side first asked or refused.
    pub objected_at: Option<Timestamp>,
    /// What its seller or buyer registered first, where others had registered it before.
    pub told: Option<Told>,
}

/// An invoice as its seller or buyer first registered it, after others had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When that was.
    pub registered_at: Timestamp,
    /// The core: the same but for its spelling.
    pub core: Core,
    /// What it refers to.
    pub references: References,
}

/// What a debtor undertook to pay of an invoice, without set-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantee {
    /// The statement.
    pub statement: StatementId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// How much, in minor units.
    pub amount_minor: Minor,
    /// On which day.
    pub date: Date,
}

impl Receivable {
    /// What was credited, in minor units.
    pub fn credited_minor(&self) -> Minor {
        self.credits.iter().fold(0, |sum, credit| sum.saturating_add(credit.amount_minor))
    }

    /// What can still be claimed: amount due − credited − paid, never below zero; zero after its end.
    ///
    /// What a financier received on a settled claim counts as paid even where no payment was reported, or
    /// the invoice could be financed again with the debtor's money.
    pub fn open_minor(&self) -> Minor {
        self.open_after(0)
    }

    /// What is due as far as the debtor's side knows: what a financier received does not count.
    pub(super) fn payable_minor(&self) -> Minor {
        let credited = self.credited_minor();
        self.due_minor.saturating_sub(credited).saturating_sub(self.paid_minor).max(0)
    }

    /// What the debtor undertook to pay, where it did.
    pub fn guarantee(&self) -> Option<&Guarantee> {
        self.further.as_ref()?.guarantee.as_ref()
    }

    /// What can still be claimed when a financier has received this much more.
    pub(super) fn open_after(&self, received: Minor) -> Minor {
        if self.end.is_some() {
            return 0;
        }
        let paid = self.paid_minor.max(self.settled_minor.saturating_add(received));
        self.due_minor.saturating_sub(self.credited_minor()).saturating_sub(paid).max(0)
    }

    /// What is open to a reader. What a financier received on a settled claim counts only for those who see every
    /// claim: a debtor would learn from it that there was one.
    pub fn open_to(&self, view: &View) -> Minor {
        match self.end {
            Some(_) => 0,
            None if view.everything || view.seller => self.open_minor(),
            None => self.payable_minor(),
        }
    }

    /// What there is to be paid in all, by whatever was paid already: amount due − credited; zero after its end.
    pub(super) fn worth_minor(&self) -> Minor {
        let worth = self.due_minor.saturating_sub(self.credited_minor()).max(0);
        if self.end.is_some() { 0 } else { worth }
    }

    /// What its seller or buyer said of it first, where others had registered it before.
    pub fn told(&self) -> Option<&Told> {
        self.further.as_ref()?.told.as_ref()
    }

    /// Takes in what another registration of it says.
    pub(super) fn learn(&mut self, registrant: u32, news: News, now: Timestamp) {
        if let Some((core, references)) = news.first_word {
            let told = Told { registered_at: now, core, references };
            self.further.get_or_insert_default().told = Some(told);
        }
        if !self.registrants.contains(&registrant) {
            self.registrants.push(registrant);
        }
        self.due_minor = news.due_minor.unwrap_or(self.due_minor);
        self.documents.extend(news.documents);
        self.payee_account = self.payee_account.or(news.payee_account);
        self.born_assigned |= news.born_assigned;
    }

    /// The claims that stand at a time, in the order of their admission.
    pub fn active_claims(&self, now: Timestamp) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.is_active(now))
    }
}

/// A status as last reported on one axis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The status.
    pub status: Status,
    /// When it came into effect at its source.
    pub effective_at: Timestamp,
    /// When the registry recorded it.
    pub recorded_at: Timestamp,
    /// Who or what said so.
    pub source: SourceKind,
    /// What it is worth to a financier, 0 (the seller's word) to 6 (money matched).
    pub certainty: u8,
    /// The amount that it speaks of, in minor units.
    pub amount_minor: Option<Minor>,
    /// The day that it speaks of.
    pub date: Option<Date>,
}

/// A credit note against an invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credit {
    /// Its number.
    pub number: InvoiceNumber,
    /// Its day of issue.
    pub issue_date: Date,
    /// By how much, in minor units.
    pub amount_minor: Minor,
}

/// How a document's life ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Refused on technical grounds: it was never an invoice.
    Rejected,
    /// Credited in full.
    Credited,
    /// Cancelled.
    Cancelled,
}

/// A financier's right on one invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claim {
    /// Its number.
    pub id: ClaimId,
    /// The row of the financing that it is part of.
    pub financing: u32,
    /// The participant that holds it.
    pub holder: u32,
    /// The participants that held it before.
    pub previous_holders: Vec<u32>,
    /// The log positions at which it passed from each of them to the next.
    pub passed_on: Vec<u64>,
    /// The place of the right on the same invoice that it is a share in: it counts within that one while that one
    /// stands.
    pub within: Option<u64>,
    /// What kind it is.
    pub kind: ClaimKind,
    /// How much of the invoice it claims, in minor units.
    pub amount_minor: Minor,
    /// Its place: the log position of the reservation or recording that took it.
    pub place: u64,
    /// When that was.
    pub since: Timestamp,
    /// Whether it stands.
    pub standing: ClaimStanding,
}

impl Claim {
    /// Whether it stands at a time. A reservation lapses by the registry's clock, without a record.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.standing == ClaimStanding::Active && !self.has_lapsed(now)
    }

    /// Whether it is a reservation whose time is over.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        match self.kind {
            ClaimKind::Reservation { until, .. } => until <= now,
            ClaimKind::Disclosed | ClaimKind::Silent => false,
        }
    }

    /// Whether a participant holds it or held it.
    pub fn was_held_by(&self, participant: u32) -> bool {
        self.holder == participant || self.previous_holders.contains(&participant)
    }

    /// Whether a participant held it at some time from one log position on and before another.
    pub fn was_held_between(&self, participant: u32, from: u64, before: Option<u64>) -> bool {
        let holders = self.previous_holders.iter().chain([&self.holder]);
        let begins = core::iter::once(&self.place).chain(&self.passed_on);
        let ends = self.passed_on.iter().map(Some).chain([None]);
        holders.zip(begins.zip(ends)).any(|(holder, (begins, ends))| {
            *holder == participant
                && before.is_none_or(|before| *begins < before)
                && ends.is_none_or(|ends| from < *ends)
        })
    }
}

/// What kind of right a claim is, as far as its life and its visibility go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimKind {
    /// A hold with a time limit.
    Reservation {
        /// When it lapses.
        until: Timestamp,
        /// Whether it was extended already.
        extended: bool,
    },
    /// A financing of which the debtor is told.
    Disclosed,
    /// A financing that the debtor's side never sees.
    Silent,
}

/// Whether a claim stands, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStanding {
    /// It stands (a reservation: until its time is over).
    Active,
    /// A financing or an extension took its place over.
    Superseded,
    /// Waived by its holder.
    Released,
    /// Paid.
    Settled,
    /// Given back to the supplier.
    Returned,
}
