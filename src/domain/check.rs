//! Checks before paying: what a claim on an invoice would meet, told without leaving a trace in the log.
//!
//! A check tells what the receipt of a refused reservation would tell, and of the invoice itself what whoever
//! registers it would be shown; never who holds a claim, how much, or under which terms. A financier may check any
//! invoice that it can describe in full; a supplier its own sales, and hears of claims on its own sales only; nobody
//! checks its own purchases, because a silent claim is not for the debtor's side. The decision is rehearsed, not
//! written a second time (`decide::rehearsal`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::decide::rehearsal::{Part, Standings, Supposed};
use crate::domain::outcome::{Effect, Finding, Outcome, Relation};
use crate::domain::receivable::{ClaimKind, End, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::State;
use crate::invoice::{Core, Field, FieldSet, KeyKind, KeySet};
use crate::statement::{InvoiceRegistered, OnConflict, Role};
use crate::types::{CaseId, ClaimId, InvoiceId, Minor, Timestamp};

/// What was found on an invoice, the worst thing first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It cannot be registered: `reason` says why.
    Malformed,
    /// It is registered and its life is over: credited in full, cancelled or rejected.
    Ended,
    /// Another financier has a claim on this very invoice.
    Identical,
    /// Another financier has a claim on this invoice with something altered.
    Altered,
    /// Another financier has a claim on an invoice that is so much alike that it counts as the same one.
    Suspected,
    /// More is claimed than is open on the invoice.
    Exceeds,
    /// The seller's receivables are pledged to another financier as a whole.
    Covered,
    /// Another financier has a claim on another invoice of the same goods or order.
    Related,
    /// Nothing stands in the way.
    Clear,
}

impl CheckVerdict {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Ended => "ended",
            Self::Identical => "identical",
            Self::Altered => "altered",
            Self::Suspected => "suspected",
            Self::Exceeds => "exceeds",
            Self::Covered => "covered",
            Self::Related => "related",
            Self::Clear => "clear",
        }
    }
}

impl From<Relation> for CheckVerdict {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Identical => Self::Identical,
            Relation::Altered => Self::Altered,
            Relation::Suspected => Self::Suspected,
            Relation::Related => Self::Related,
            Relation::Covered => Self::Covered,
        }
    }
}

/// What the registry would make of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Would {
    /// It would be admitted, beside whatever was found.
    Fit,
    /// It would be refused under `on_conflict: refuse`, and ranked after the others and flagged under `record`.
    Conflict,
    /// It would be rejected, whatever `on_conflict` says: `reason` says why.
    Refuse,
}

/// An earlier claim of another financier that is met. It names neither the other nor his terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// What the two invoices are to each other.
    pub relation: Relation,
    /// Which keys they share.
    pub keys: KeySet,
    /// In which fields they differ.
    pub differs: FieldSet,
    /// The rank of a claim made now, or of the earliest that the reader holds.
    pub rank: u16,
    /// When the earlier claim took its place, in whole seconds since 1970.
    pub since: u64,
    /// Whether the two fit beside each other.
    pub fits: bool,
    /// Whether the earlier claim is the reader's own, on a copy of the invoice.
    pub own: bool,
}

impl From<&Finding> for Met {
    fn from(finding: &Finding) -> Self {
        Self {
            relation: finding.relation,
            keys: finding.keys,
            differs: finding.differs,
            rank: finding.rank,
            since: finding.since,
            fits: matches!(finding.effect, Effect::Fits | Effect::Own),
            own: finding.effect == Effect::Own,
        }
    }
}

impl Met {
    /// When the earlier claim took its place.
    pub fn since(&self) -> Timestamp {
        let seconds = i64::try_from(self.since).unwrap_or(0);
        Timestamp::default().plus_millis(seconds.saturating_mul(1_000))
    }

    /// What it is, in words.
    fn words(&self) -> String {
        let since = self.since();
        let what = match self.relation {
            Relation::Suspected if self.own => {
                "you hold a claim on an invoice that is much alike yourself"
            }
            _ if self.own => "you hold a claim on this invoice with something altered yourself",
            Relation::Identical => "another financier has a claim on this invoice",
            Relation::Altered => {
                "another financier has a claim on this invoice with something altered"
            }
            Relation::Suspected => "another financier has a claim on an invoice that is much alike",
            Relation::Related => {
                "another financier has a claim on another invoice of the same goods"
            }
            Relation::Covered => "another financier has a pledge of all receivables of the seller",
        };
        let keys: Vec<&str> = self.keys.iter().map(KeyKind::words).collect();
        let keys = keys.join("; ");
        let differs: Vec<&str> = self.differs.iter().map(field_words).collect();
        let but = if differs.is_empty() {
            String::new()
        } else {
            format!(", but differ in {}", differs.join(", "))
        };
        let alike = match self.relation {
            Relation::Identical | Relation::Covered => String::new(),
            Relation::Altered | Relation::Suspected | Relation::Related if keys.is_empty() => {
                String::new()
            }
            Relation::Altered | Relation::Suspected | Relation::Related => {
                format!(" (both have in common: {keys}{but})")
            }
        };
        if self.own {
            return format!("{what}{alike} since {since}");
        }
        let fits = if self.fits { "fits beside it" } else { "does not fit beside it" };
        format!("{what}{alike} since {since}; a claim of rank {} {fits}", self.rank)
    }
}

const fn field_words(field: Field) -> &'static str {
    match field {
        Field::Seller => "seller",
        Field::Buyer => "buyer",
        Field::Number => "number",
        Field::Type => "type",
        Field::IssueDate => "issue date",
        Field::DueDate => "due date",
        Field::Amount => "amount",
    }
}

/// What the registry knows of the invoice itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// When it was first registered.
    pub at: Timestamp,
    /// Whether its document names another payee than the seller, or is of a factored type.
    pub born_assigned: bool,
    /// How its life ended, if it did.
    pub end: Option<End>,
    /// What can still be claimed, where the reader sees amounts.
    pub open_minor: Option<Minor>,
}

/// A claim that the reader holds on the invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnClaim {
    /// Its number.
    pub id: ClaimId,
    /// How much it claims, in minor units.
    pub amount_minor: Minor,
    /// Its rank: one more than the earlier claims of others on this invoice and on those that are the same.
    pub rank: u16,
    /// When its place was taken.
    pub since: Timestamp,
    /// When it lapses, where it is a reservation.
    pub until: Option<Timestamp>,
    /// The conflict that it is in.
    pub case: Option<CaseId>,
}

/// What a check tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// The content hash of the invoice.
    pub invoice: InvoiceId,
    /// The worst thing that was found.
    pub verdict: CheckVerdict,
    /// What a claim would come to; for claims that stand, whether they fit.
    pub would: Would,
    /// Why it would be rejected.
    pub reason: Option<Rejection>,
    /// How much the claim would be; `None` where the reader holds claims and named no amount, and these are told of.
    pub claimed_minor: Option<Minor>,
    /// The earlier claims that are met.
    pub findings: Vec<Met>,
    /// What the registry knows of the invoice itself; `None` where it is not registered.
    pub registered: Option<Registered>,
    /// The claims that the reader holds on it.
    pub own: Vec<OwnClaim>,
}

impl CheckReport {
    /// Whether nothing was found and a claim would fit.
    pub fn is_clear(&self) -> bool {
        self.verdict == CheckVerdict::Clear && self.would == Would::Fit
    }

    /// What was found, in words.
    pub fn words(&self) -> String {
        let mut words: Vec<String> = self.findings.iter().map(Met::words).collect();
        words.extend(self.reason.as_ref().map(ToString::to_string));
        let registered = self.registered.as_ref();
        if registered.is_some_and(|registered| registered.born_assigned) {
            words.push("its document names another payee than the seller".to_owned());
        }
        if words.is_empty() { "nothing found".to_owned() } else { words.join("; ") }
    }
}

/// Why a check is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckRefusal {
    /// The reader has no role that checks.
    #[error("checks are for financiers, for suppliers, and for the operator and auditors")]
    Role,
    /// A supplier asks about the sale of another.
    #[error("a supplier checks invoices of which it is the seller")]
    NotOwnSale,
    /// The reader is the buyer.
    #[error("nobody checks its own purchases: what is claimed on them may be silent")]
    OwnPurchase,
}

impl State {
    /// Checks an invoice that may or may not be registered, for a reader, as if it claimed so much of it; by default
    /// all that is due, or, where the reader holds claims on it, what these come to.
    ///
    /// # Errors
    /// [`CheckRefusal`] where the reader may not ask.
    pub fn check(
        &self,
        reader: u32,
        data: &InvoiceRegistered,
        claimed: Option<Minor>,
        now: Timestamp,
    ) -> Result<CheckReport, CheckRefusal> {
        let part = self.part(reader, &data.invoice)?;
        match self.suppose(part, data, now) {
            Ok(supposed) => {
                let due = data.amount_due_minor;
                Ok(self.report(reader, part, &supposed, claimed, due, now))
            }
            Err(rejection) => Ok(CheckReport::malformed(data.invoice.id(), rejection)),
        }
    }

    /// Checks a registered invoice of which the reader may know, as it is.
    ///
    /// # Errors
    /// [`CheckRefusal`] where the reader may not ask.
    pub fn check_again(
        &self,
        reader: u32,
        id: &InvoiceId,
        claimed: Option<Minor>,
        now: Timestamp,
    ) -> Option<Result<CheckReport, CheckRefusal>> {
        let (row, receivable) = self.receivable_by_id(id)?;
        if !self.view(reader, &receivable, now).any() {
            return None;
        }
        let part = match self.part(reader, &receivable.core) {
            Ok(part) => part,
            Err(refusal) => return Some(Err(refusal)),
        };
        let due = receivable.due_minor;
        let supposed = Supposed::registered(row, &receivable);
        Some(Ok(self.report(reader, part, &supposed, claimed, due, now)))
    }

    /// What is told of an invoice; `due_minor` is tried where nothing is named and nothing is held.
    fn report(
        &self,
        reader: u32,
        part: Part,
        supposed: &Supposed,
        claimed: Option<Minor>,
        due_minor: Minor,
        now: Timestamp,
    ) -> CheckReport {
        let mut report = CheckReport {
            invoice: supposed.receivable.id,
            verdict: CheckVerdict::Clear,
            would: Would::Fit,
            reason: None,
            claimed_minor: claimed,
            findings: Vec::new(),
            registered: self.registered(reader, supposed, now),
            own: Vec::new(),
        };
        let standings = self.standings(reader, supposed, now);
        if let Some(standings) = &standings {
            report.own = self.own(&supposed.receivable, standings, now);
        }
        match standings {
            Some(standings) if claimed.is_none() && supposed.receivable.end.is_none() => {
                report.meet(&standings.outcome);
                if !standings.fits {
                    report.would = Would::Conflict;
                }
            }
            Some(_) | None => {
                let minor = claimed.unwrap_or(due_minor);
                report.claimed_minor = Some(minor);
                let hidden = self.hidden(part, reader, supposed);
                let refuse = OnConflict::Refuse;
                match self.try_claim(part, supposed, minor, refuse, hidden, now) {
                    Ok(outcome) => report.meet(&outcome),
                    Err(rejection) => {
                        report.reject(rejection);
                        // That there is no room does not say yet that another financier has a claim.
                        if report.verdict != CheckVerdict::Malformed {
                            let hidden = self.hidden(part, reader, supposed);
                            let met = self.try_room(part, supposed, minor, hidden, now);
                            let met = met.iter().flat_map(|met| &met.findings);
                            report.findings = met.map(Met::from).collect();
                        }
                    }
                }
            }
        }
        report
    }

    /// In whose name a reader's check is made.
    fn part(&self, reader: u32, core: &Core) -> Result<Part, CheckRefusal> {
        let participant = self.participant(reader).ok_or(CheckRefusal::Role)?;
        let is = |party| self.participant_by_id(party) == Some(reader);
        if participant.sees_all() {
            return Ok(Part::Guest(reader));
        }
        let (financier, supplier) =
            (participant.has(Role::Financier), participant.has(Role::Supplier));
        if !financier && !supplier {
            return Err(CheckRefusal::Role);
        }
        if is(&core.buyer) {
            return Err(CheckRefusal::OwnPurchase);
        }
        if financier || is(&core.seller) {
            Ok(Part::Own(reader))
        } else {
            Err(CheckRefusal::NotOwnSale)
        }
    }

    /// The claims that a supplier is not told of: those on invoices of other sellers, which it would learn of by
    /// trying documents and accounts that are not its own.
    fn hidden(&self, part: Part, reader: u32, supposed: &Supposed) -> BTreeSet<ClaimId> {
        let financier = self.participant(reader).is_some_and(|it| it.has(Role::Financier));
        if financier || matches!(part, Part::Guest(_)) {
            return BTreeSet::new();
        }
        let own = |it: &Receivable| self.participant_of_party(it.seller) == Some(reader);
        let mut hidden = BTreeSet::new();
        let mut around = self.related(&supposed.receivable);
        let next: Vec<_> =
            around.iter().flat_map(|related| self.related(&related.receivable)).collect();
        around.extend(next);
        for related in around.iter().filter(|related| !own(&related.receivable)) {
            hidden.extend(related.receivable.claims.iter().map(|claim| claim.id));
        }
        hidden
    }

    fn registered(&self, reader: u32, supposed: &Supposed, now: Timestamp) -> Option<Registered> {
        if !supposed.registered {
            return None;
        }
        let (_, known) = self.receivable_by_id(&supposed.receivable.id)?;
        let view = self.view(reader, &known, now);
        // What settled claims took off would tell of claims: only those who see them all see it.
        let sees_open = view.everything || view.seller;
        Some(Registered {
            at: known.registered_at,
            born_assigned: known.born_assigned,
            end: known.end,
            open_minor: sees_open.then(|| known.open_minor()),
        })
    }

    fn own(&self, receivable: &Receivable, standings: &Standings, now: Timestamp) -> Vec<OwnClaim> {
        let case_of = |claim: ClaimId| {
            let cases = receivable.cases.iter().rev().copied();
            cases.into_iter().find(|id| {
                let case = u32::try_from(id.number()).ok().and_then(|row| self.case(row));
                let involved = |it: &(u32, ClaimId)| it.1 == claim;
                case.is_some_and(|case| {
                    case.claims.iter().any(involved) && self.is_in_conflict(&case, now)
                })
            })
        };
        let own = |(claim, rank): &(crate::domain::Claim, u16)| OwnClaim {
            id: claim.id,
            amount_minor: claim.amount_minor,
            rank: *rank,
            since: claim.since,
            until: match claim.kind {
                ClaimKind::Reservation { until, .. } => Some(until),
                ClaimKind::Disclosed | ClaimKind::Silent => None,
            },
            case: case_of(claim.id),
        };
        standings.claims.iter().map(own).collect()
    }
}

impl CheckReport {
    fn malformed(invoice: InvoiceId, rejection: Rejection) -> Self {
        Self {
            invoice,
            verdict: CheckVerdict::Malformed,
            would: Would::Refuse,
            reason: Some(rejection),
            claimed_minor: None,
            findings: Vec::new(),
            registered: None,
            own: Vec::new(),
        }
    }

    /// Takes over what a claim meets.
    fn meet(&mut self, outcome: &Outcome) {
        self.findings = outcome.findings.iter().map(Met::from).collect();
        let worst = self.findings.iter().map(|met| met.relation.into()).min();
        self.verdict = worst.unwrap_or(CheckVerdict::Clear);
        if self.findings.iter().any(|met| !met.fits) {
            self.would = Would::Conflict;
        }
    }

    /// Takes over why a claim would be rejected.
    #[expect(clippy::wildcard_enum_match_arm, reason = "any other reason is the claim's own fault")]
    fn reject(&mut self, rejection: Rejection) {
        self.would = Would::Refuse;
        self.verdict = match rejection {
            Rejection::InvoiceEnded => CheckVerdict::Ended,
            Rejection::OverCapacity => CheckVerdict::Exceeds,
            // Nothing is due.
            Rejection::AmountInvalid if self.claimed_minor == Some(0) => CheckVerdict::Exceeds,
            _ => CheckVerdict::Malformed,
        };
        self.reason = Some(rejection);
    }
}
