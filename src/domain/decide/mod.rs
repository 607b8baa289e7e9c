//! Deciding: a state, a statement and the registry's time give an outcome and its changes, or a rejection.
//!
//! Pure and total. The checks on the envelope come first, in the order of [`Rejection`], then those of the
//! type. Whoever runs this on the same log reaches the same outcomes: the sequencer, recovery and every
//! auditor call the same function.

mod blankets;
mod cases;
mod conflicts;
mod endings;
mod financings;
mod guarantees;
mod invoices;
mod mandates;
mod participants;
pub(super) mod rehearsal;
mod requests;
mod statuses;
mod watching;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::alert::AlertCode;
use crate::domain::change::{Change, Decision};
use crate::domain::outcome::Outcome;
use crate::domain::pages::Row;
use crate::domain::participant::{Participant, Standing};
use crate::domain::receivable::Receivable;
use crate::domain::rejection::Rejection;
use crate::domain::standing::Standing as Claims;
use crate::domain::state::{State, Subject};
use crate::statement::{BORDEREAU_MAX, CheckDigits, Payload, Role, Statement, StatementType};
use crate::types::{CaseId, ClaimId, InvoiceId, MINOR_MAX, Minor, PartyId, Timestamp};

/// The version of the rules that this module implements.
///
/// A log keeps the version that each record was decided by. What version 2 brought (near matches, blanket
/// pledges, case files) and version 3 (sources side by side, guarantees, tacit acceptance, offers) is asked for with
/// [`State::rules`], so that a log of an earlier version replays as it was.
pub const RULES_VERSION: u16 = 3;

/// Longest list of documents or references in one statement.
const LIST_MAX: usize = 8;

impl State {
    /// Decides a statement whose signature holds under the key that it names.
    ///
    /// # Errors
    /// [`Rejection`], the first check that failed; the state is as it was and the statement is not logged.
    pub fn decide(&self, statement: &Statement, now: Timestamp) -> Result<Decision, Rejection> {
        if let Payload::RegistryOpened(opened) = &statement.payload {
            return participants::open(self, statement, opened, now);
        }
        let author = self.authorise(statement, now)?;
        let mut draft = Draft::new(self, &author, statement.time, now);
        draft.watch_time();
        conflicts::clear_on(&mut draft);
        match &statement.payload {
            Payload::RegistryOpened(_) => return Err(Rejection::AlreadyOpened),
            Payload::RulesAdopted(data) => participants::adopt(&mut draft, data)?,
            // What became due is dealt with by every record.
            Payload::TimePassed(_) => {}
            Payload::ParticipantAdmitted(data) => participants::admit(&mut draft, data)?,
            Payload::ParticipantSuspended(data) => participants::suspend(&mut draft, &data.party)?,
            Payload::ParticipantReinstated(data) => {
                participants::reinstate(&mut draft, &data.party)?;
            }
            Payload::PartyLinked(data) => participants::link(&mut draft, data)?,
            Payload::KeyAdded(data) => participants::add_key(&mut draft, data)?,
            Payload::KeyRevoked(data) => participants::revoke_key(&mut draft, data)?,
            Payload::DelegationGranted(data) => participants::delegate(&mut draft, data)?,
            Payload::DelegationRevoked(data) => {
                participants::undelegate(&mut draft, &data.delegate)?;
            }
            Payload::InvoiceRegistered(data) => invoices::register(&mut draft, data)?,
            Payload::InvoiceCredited(data) => invoices::credit(&mut draft, data)?,
            Payload::InvoiceCancelled(data) => invoices::cancel(&mut draft, data)?,
            Payload::InvoiceGuaranteed(data) => {
                guarantees::guarantee(&mut draft, statement.id, data)?;
            }
            Payload::StatusReported(data) => statuses::report(&mut draft, data)?,
            Payload::MandateRequested(data) => mandates::request(&mut draft, statement.id, data)?,
            Payload::MandateGranted(data) => mandates::grant(&mut draft, statement.id, data)?,
            Payload::MandateDeclined(data) => mandates::decline(&mut draft, data.request)?,
            Payload::MandateAmended(data) => mandates::amend(&mut draft, data)?,
            Payload::MandateRevoked(data) => mandates::revoke(&mut draft, data.mandate)?,
            Payload::FinancingRequested(data) => {
                requests::request(&mut draft, statement.id, data)?;
            }
            Payload::FinancingDeclined(data) => requests::decline(&mut draft, data)?,
            Payload::FinancingReserved(data) => {
                financings::reserve(&mut draft, statement.id, data)?;
            }
            Payload::FinancingRecorded(data) => financings::record(&mut draft, statement.id, data)?,
            Payload::FinancingReleased(data) => {
                endings::release(&mut draft, data)?;
                cases::note_release(&mut draft);
            }
            Payload::FinancingSettled(data) => endings::settle(&mut draft, data)?,
            Payload::FinancingReturned(data) => endings::give_back(&mut draft, data)?,
            Payload::FinancingTransferred(data) => endings::transfer(&mut draft, data)?,
            Payload::BlanketRecorded(data) => blankets::record(&mut draft, statement.id, data)?,
            Payload::BlanketReleased(data) => blankets::release(&mut draft, data.blanket)?,
            Payload::BlanketWaived(data) => blankets::waive(&mut draft, statement.id, data)?,
            Payload::CofinancingConsented(data) => {
                blankets::consent(&mut draft, statement.id, data)?;
            }
            Payload::ConsentWithdrawn(data) => blankets::withdraw(&mut draft, data.consent)?,
            Payload::ConflictAcknowledged(data) => cases::acknowledge(&mut draft, data)?,
            Payload::ConflictContested(data) => cases::contest(&mut draft, data)?,
            Payload::ConflictEvidenced(data) => cases::name_evidence(&mut draft, data)?,
            Payload::ConflictDisclosed(data) => cases::disclose(&mut draft, data)?,
            Payload::ConflictResolved(data) => cases::resolve(&mut draft, data)?,
        }
        if !self.has_room(draft.changes.len()) {
            return Err(Rejection::LogFull);
        }
        Ok(draft.finish())
    }

    /// Checks the envelope: that it is for this registry, fresh, new, and said by someone who may say it.
    fn authorise(&self, statement: &Statement, now: Timestamp) -> Result<Author, Rejection> {
        let rulebook = self.rulebook.as_ref().ok_or(Rejection::NotOpened)?;
        if statement.registry != self.origin {
            return Err(Rejection::OtherRegistry);
        }
        if statement.time.abs_diff_millis(now) > rulebook.skew_millis {
            return Err(Rejection::TimeSkew);
        }
        if self.position_of(&statement.id).is_some() {
            return Err(Rejection::ReferenceReused);
        }
        let signer = self.participant_by_key(&statement.key).ok_or(Rejection::KeyUnknown)?;
        let signing = self.participant(signer).ok_or(Rejection::KeyUnknown)?;
        let key = signing.key(&statement.key).ok_or(Rejection::KeyUnknown)?;
        if key.revoked_at.is_some() {
            return Err(Rejection::KeyRevoked);
        }
        let row = self.participant_by_id(&statement.author).ok_or(Rejection::AuthorUnknown)?;
        let participant = self.participant(row).ok_or(Rejection::AuthorUnknown)?;
        if participant.standing == Standing::Suspended || signing.standing == Standing::Suspended {
            return Err(Rejection::AuthorSuspended);
        }
        let kind = statement.payload.kind();
        if signer != row {
            let delegated = signing.has(Role::ServiceProvider)
                && participant.delegations.iter().any(|delegation| {
                    delegation.delegate == signer
                        && delegation.types.contains(&kind)
                        && delegation.until.is_none_or(|until| now < until)
                });
            if !delegated {
                return Err(Rejection::NotDelegated);
            }
        }
        if !authors_of(kind).iter().any(|role| participant.has(*role)) {
            return Err(Rejection::RoleNotAllowed);
        }
        if rulebook.rules < kind.since() {
            return Err(Rejection::RulesTooOld);
        }
        let assurance = key.assurance;
        Ok(Author { row, participant, assurance })
    }
}

impl State {
    /// The version of the rules in force; that of this software before the first record.
    pub fn rules(&self) -> u16 {
        self.rulebook.as_ref().map_or(RULES_VERSION, |rulebook| rulebook.rules)
    }

    /// The version of the rules that a statement is decided by: the first one lays down its own.
    pub fn rules_for(&self, statement: &Statement) -> u16 {
        match (&self.rulebook, &statement.payload) {
            (None, Payload::RegistryOpened(opened)) => opened.rules,
            (_, _) => self.rules(),
        }
    }

    /// Whether the record and its changes, each of which adds at most two rows to a column, still get row
    /// numbers.
    fn has_room(&self, changes: usize) -> bool {
        let longest = self.lengths().into_iter().max().unwrap_or(0);
        let rows = self.size.max(longest.into());
        let more = u64::try_from(changes).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(1);
        rows.saturating_add(more) < u64::from(u32::MAX)
    }
}

/// The roles that may make a statement of a type, any of them.
pub const fn authors_of(kind: StatementType) -> &'static [Role] {
    use Role::{Auditor, Debtor, Financier, Operator, ServiceProvider, Supplier};
    match kind {
        StatementType::RegistryOpened
        | StatementType::RulesAdopted
        | StatementType::ParticipantAdmitted
        | StatementType::ParticipantSuspended
        | StatementType::ParticipantReinstated
        | StatementType::PartyLinked => &[Operator],
        StatementType::TimePassed => &[Operator, Supplier, Debtor, Financier, ServiceProvider],
        StatementType::KeyAdded | StatementType::KeyRevoked => {
            &[Operator, Supplier, Debtor, Financier, ServiceProvider, Auditor]
        }
        StatementType::DelegationGranted | StatementType::DelegationRevoked => {
            &[Supplier, Debtor, Financier]
        }
        StatementType::InvoiceRegistered => &[Supplier, Debtor, Financier],
        StatementType::InvoiceCredited
        | StatementType::InvoiceCancelled
        | StatementType::StatusReported => &[Supplier, Debtor],
        StatementType::MandateRequested => &[Financier, Supplier],
        StatementType::FinancingRequested => &[Supplier],
        StatementType::InvoiceGuaranteed
        | StatementType::MandateGranted
        | StatementType::MandateDeclined
        | StatementType::MandateAmended
        | StatementType::MandateRevoked => &[Debtor],
        StatementType::FinancingDeclined
        | StatementType::FinancingReserved
        | StatementType::FinancingRecorded
        | StatementType::FinancingReleased
        | StatementType::FinancingSettled
        | StatementType::FinancingReturned
        | StatementType::FinancingTransferred
        | StatementType::BlanketRecorded
        | StatementType::BlanketReleased
        | StatementType::BlanketWaived
        | StatementType::CofinancingConsented
        | StatementType::ConsentWithdrawn
        | StatementType::ConflictAcknowledged
        | StatementType::ConflictContested => &[Financier],
        StatementType::ConflictEvidenced
        | StatementType::ConflictDisclosed
        | StatementType::ConflictResolved => &[Financier, Operator],
    }
}

/// Who makes the statement that is decided.
struct Author {
    row: u32,
    participant: Row<Participant>,
    assurance: crate::statement::Assurance,
}

/// A decision in the making.
struct Draft<'a> {
    state: &'a State,
    author: &'a Author,
    now: Timestamp,
    /// The author's own clock, which lies within the skew of the registry's.
    said_at: Timestamp,
    /// The position that the record will have.
    position: u64,
    outcome: Outcome,
    changes: Vec<Change>,
    subject: Subject,
    concerns: BTreeSet<u32>,
    new_claims: u64,
    new_cases: u32,
    /// The claims that stand, as the statement leaves them so far.
    standing: Claims<'a>,
    /// An invoice as it would be if its registration had been said before, where a claim on it is only tried.
    supposed: Option<(u32, Receivable)>,
    /// The claims that it puts into conflicts.
    disputed: BTreeMap<CaseId, Vec<(u32, ClaimId)>>,
    /// The blanket pledges that it puts into conflicts.
    disputed_blankets: BTreeMap<CaseId, Vec<u32>>,
    /// The first conflict that it puts a claim into.
    case_of: BTreeMap<ClaimId, CaseId>,
    /// Whom it tells what, to tell nobody twice.
    told: BTreeSet<(u32, AlertCode, u32, Option<CaseId>)>,
    /// What it tells of which blanket pledge and invoice under it.
    told_of: BTreeSet<(u32, AlertCode, Option<u32>, Option<CaseId>)>,
}

impl<'a> Draft<'a> {
    fn new(state: &'a State, author: &'a Author, said_at: Timestamp, now: Timestamp) -> Self {
        Self {
            state,
            author,
            now,
            said_at,
            position: state.size,
            outcome: Outcome::admitted(),
            changes: Vec::new(),
            subject: Subject::Nothing,
            concerns: BTreeSet::from([author.row]),
            new_claims: 0,
            new_cases: 0,
            standing: Claims::new(state, now),
            supposed: None,
            disputed: BTreeMap::new(),
            disputed_blankets: BTreeMap::new(),
            case_of: BTreeMap::new(),
            told: BTreeSet::new(),
            told_of: BTreeSet::new(),
        }
    }

    fn finish(self) -> Decision {
        Decision {
            outcome: self.outcome,
            changes: self.changes,
            subject: self.subject,
            concerns: self.concerns.into_iter().collect(),
        }
    }

    fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The statement belongs to the events of this participant too.
    fn concern(&mut self, participant: Option<u32>) {
        self.concerns.extend(participant);
    }

    /// The statement belongs to the events of both parties of the invoice.
    fn concern_parties(&mut self, receivable: &Receivable) {
        self.concern(self.state.participant_of_party(receivable.seller));
        self.concern(self.state.participant_of_party(receivable.buyer));
    }

    /// An invoice that a claim names.
    fn receivable_by_id(&self, id: &InvoiceId) -> Option<(u32, Row<Receivable>)> {
        match &self.supposed {
            Some((row, supposed)) if supposed.id == *id => Some((*row, Row::of(supposed.clone()))),
            _ => self.state.receivable_by_id(id),
        }
    }

    /// An invoice that the author is a party to; anyone else does not learn whether it exists.
    fn own_receivable(&self, id: &InvoiceId) -> Result<(u32, Row<Receivable>, Side), Rejection> {
        let (row, receivable) = self.state.receivable_by_id(id).ok_or(Rejection::InvoiceUnknown)?;
        let side = self.side(&receivable).ok_or(Rejection::InvoiceUnknown)?;
        // A buyer could else try whether a financier registered what its supplier did not.
        if side == Side::Buyer
            && self.state.rules() >= 3
            && !self.state.is_known_to_buyer(&receivable)
        {
            return Err(Rejection::InvoiceUnknown);
        }
        Ok((row, receivable, side))
    }

    /// On which side of the invoice the author stands.
    fn side(&self, receivable: &Receivable) -> Option<Side> {
        let author = Some(self.author.row);
        let participant = &self.author.participant;
        if self.state.participant_of_party(receivable.seller) == author
            && participant.has(Role::Supplier)
        {
            return Some(Side::Seller);
        }
        let buys = self.state.participant_of_party(receivable.buyer) == author
            && participant.has(Role::Debtor);
        buys.then_some(Side::Buyer)
    }

    fn check_digits(&self, id: &PartyId) -> Result<(), Rejection> {
        let required = self
            .state
            .rulebook
            .as_ref()
            .is_some_and(|rulebook| rulebook.check_digits == CheckDigits::Required);
        if required && !id.is_valid() { Err(Rejection::CheckDigits(id.clone())) } else { Ok(()) }
    }
}

/// A side of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Seller,
    Buyer,
}

fn check_amount(amount: Minor) -> Result<(), Rejection> {
    if (1..=MINOR_MAX).contains(&amount) { Ok(()) } else { Err(Rejection::AmountInvalid) }
}

/// Checks the invoices that a statement names.
fn check_bordereau(ids: &[InvoiceId]) -> Result<(), Rejection> {
    if ids.len() > BORDEREAU_MAX || has_repeats(ids) {
        Err(Rejection::ListMalformed)
    } else {
        Ok(())
    }
}

/// Whether a list has something twice.
fn has_repeats<T: Ord>(list: &[T]) -> bool {
    let distinct: BTreeSet<&T> = list.iter().collect();
    distinct.len() != list.len()
}
