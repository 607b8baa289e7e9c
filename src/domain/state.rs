//! Everything the rules look at, as of a log size.
//!
//! Columns of rows are what is kept (in pages, see [`Pages`]); the indexes beside them are derived, live in
//! memory and are made again when a state is taken up. A state is changed only by applying decisions, in
//! the order of the log; who holds it is not known here.

use core::num::NonZeroUsize;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::alert::Alert;
use crate::domain::blanket::{Blanket, Consent};
use crate::domain::derived::Index;
use crate::domain::encumbrance::{Case, Financing};
use crate::domain::mandate::Mandate;
use crate::domain::pages::{Column, PageSource, Pages, Row};
use crate::domain::participant::{Participant, Party};
use crate::domain::receivable::Receivable;
use crate::domain::request::Request;
use crate::domain::saving::Table;
use crate::domain::trades::Due;
use crate::statement::CheckDigits;
use crate::types::{CaseId, InvoiceId, KeyId, Origin, PartyId, StatementId, Timestamp};

/// The version of the read models: stored views of another version are thrown away and rebuilt.
pub const VIEWS_VERSION: u16 = 3;

/// What the first statement fixed, and what the operator changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rulebook {
    /// The operator, as a participant.
    pub operator: u32,
    /// The version of the rules in force.
    pub rules: u16,
    /// How far a statement's time may lie from the registry's, in milliseconds.
    pub skew_millis: u64,
    /// Whether party ids must pass their check digits.
    pub check_digits: CheckDigits,
}

/// One record, as the read models need it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The statement.
    pub statement: StatementId,
    /// What it created, if it is something that later statements refer to.
    pub subject: Subject,
    /// The participants to whose events it belongs.
    pub concerns: Vec<u32>,
}

/// What a statement created, by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Nothing that is referred to by statement.
    Nothing,
    /// An invoice, or another word on one.
    Receivable(u32),
    /// A reservation or financing.
    Financing(u32),
    /// A mandate or a request for one.
    Mandate(u32),
    /// A participant.
    Participant(u32),
    /// A blanket pledge.
    Blanket(u32),
    /// A waiver or a consent to co-financing.
    Consent(u32),
    /// An offer of invoices to a financier.
    Request(u32),
}

/// The scalar part of a state, stored beside its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// [`VIEWS_VERSION`].
    pub version: u16,
    /// How many records it reflects.
    pub size: u64,
    /// The registry's time of the last of them.
    pub time: Timestamp,
    /// The rulebook, once the registry was opened.
    pub rulebook: Option<Rulebook>,
    /// How many claims there ever were.
    pub claims: u64,
    /// Up to where what became due was dealt with.
    pub passed: Option<Due>,
    /// Blanket pledges whose conflicts are still to be seen through, by row, each with the place from which on.
    pub clearing: BTreeMap<u32, u32>,
    /// The length of each column, in the order of [`State::COLUMNS`].
    pub lengths: [u32; COUNT],
}

/// How many unchanged pages of invoices stay in memory: some 20 KiB each.
const CACHED_PAGES: Option<NonZeroUsize> = NonZeroUsize::new(1_024);
/// And how many of each other large column, whose rows are asked for less often: up to 20 KiB each.
const CACHED_PAGES_OF_OTHERS: Option<NonZeroUsize> = NonZeroUsize::new(256);

/// Declares the state with its columns, in the order in which they are stored: this is the one list of them. Each has its
/// number in storage, what a row of it is, how many rows a page has, and how many unchanged pages stay in memory.
macro_rules! columns {
    ($($number:literal $name:ident: $row:ty, $rows:literal a page, $cached:expr;)*) => {
        /// How many columns there are.
        const COUNT: usize = [$($number),*].len();

        /// The registry's state.
        pub struct State {
            pub(super) origin: Origin,
            pub(super) size: u64,
            pub(super) time: Timestamp,
            pub(super) rulebook: Option<Rulebook>,
            pub(super) claims: u64,
            pub(super) passed: Option<Due>,
            pub(super) clearing: BTreeMap<u32, u32>,
            $(pub(super) $name: Pages<$row>,)*
            pub(super) index: Index,
        }

        impl State {
            /// The columns, in the order in which they are stored.
            pub const COLUMNS: [Column; COUNT] = [$(Column($number)),*];

            /// How many unchanged pages of each stay in memory; `None` for all.
            const CACHED: [Option<NonZeroUsize>; COUNT] = [$($cached),*];

            /// The state before the first record.
            pub fn new(origin: Origin) -> Self {
                Self {
                    origin,
                    size: 0,
                    time: Timestamp::default(),
                    rulebook: None,
                    claims: 0,
                    passed: None,
                    clearing: BTreeMap::new(),
                    $($name: Pages::new(Column($number), $rows),)*
                    index: Index::default(),
                }
            }

            /// The columns, whatever their rows are.
            pub(super) fn columns(&self) -> [&dyn Table; COUNT] {
                [$(&self.$name),*]
            }

            /// The columns, to be changed.
            pub(super) fn columns_mut(&mut self) -> [&mut dyn Table; COUNT] {
                [$(&mut self.$name),*]
            }
        }
    };
}

columns! {
    // Who is who is asked for with every statement: it stays in memory whole.
    0 parties: Party, 64 a page, None;
    1 participants: Participant, 16 a page, None;
    2 receivables: Receivable, 16 a page, CACHED_PAGES;
    3 financings: Financing, 16 a page, CACHED_PAGES_OF_OTHERS;
    4 cases: Case, 32 a page, CACHED_PAGES_OF_OTHERS;
    5 mandates: Mandate, 32 a page, CACHED_PAGES_OF_OTHERS;
    6 alerts: Alert, 128 a page, CACHED_PAGES_OF_OTHERS;
    7 journal: JournalEntry, 128 a page, CACHED_PAGES_OF_OTHERS;
    8 blankets: Blanket, 32 a page, CACHED_PAGES_OF_OTHERS;
    9 consents: Consent, 8 a page, CACHED_PAGES_OF_OTHERS;
    10 requests: Request, 16 a page, CACHED_PAGES_OF_OTHERS;
}

impl State {
    /// Takes up a state from its stored pages and makes its indexes.
    ///
    /// # Errors
    /// A text for the log where a page is missing or damaged: the state must then be rebuilt from the log.
    pub fn load(
        origin: Origin,
        summary: &Summary,
        source: &Arc<dyn PageSource>,
    ) -> Result<Self, String> {
        if summary.version != VIEWS_VERSION {
            return Err(format!("views are of version {}, not {VIEWS_VERSION}", summary.version));
        }
        let mut state = Self::new(origin);
        state.size = summary.size;
        state.time = summary.time;
        state.rulebook.clone_from(&summary.rulebook);
        state.claims = summary.claims;
        state.passed = summary.passed;
        state.clearing.clone_from(&summary.clearing);
        state.attach(source, summary.lengths);
        state.make_indexes();
        state.fault().map_or(Ok(()), |fault| Err(fault.to_owned()))?;
        Ok(state)
    }

    /// From here on changed pages are saved to this source and may be loaded from it.
    pub fn attach(&mut self, source: &Arc<dyn PageSource>, lengths: [u32; COUNT]) {
        let columns = self.columns_mut().into_iter().zip(lengths).zip(Self::CACHED);
        for ((column, length), cached) in columns {
            column.attach(Arc::clone(source), length, cached);
        }
    }

    /// The scalar part, to be stored with the pages of the same size.
    pub fn summary(&self) -> Summary {
        Summary {
            version: VIEWS_VERSION,
            size: self.size,
            time: self.time,
            rulebook: self.rulebook.clone(),
            claims: self.claims,
            passed: self.passed,
            clearing: self.clearing.clone(),
            lengths: self.lengths(),
        }
    }

    /// How many rows each column has.
    pub(super) fn lengths(&self) -> [u32; COUNT] {
        self.columns().map(Table::rows)
    }

    /// The first failure to load a page of any column; nothing read since may be used.
    pub fn fault(&self) -> Option<&str> {
        self.columns().into_iter().find_map(Table::fault)
    }

    /// The registry that this is the state of.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// How many records it reflects.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The registry's time of the last record.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The rulebook, once the registry was opened.
    pub const fn rulebook(&self) -> Option<&Rulebook> {
        self.rulebook.as_ref()
    }

    /// Where a party id stands, by its canonical form.
    pub(super) fn party_row(&self, id: &PartyId) -> Option<u32> {
        // Nearly every id is its own canonical form, and no other is in the index.
        let found = self.index.party.get(id).or_else(|| {
            let canonical = id.canonical();
            if canonical == *id { None } else { self.index.party.get(&canonical) }
        });
        found.copied()
    }

    /// The row that stands for the whole legal entity of a party row.
    pub(super) fn entity(&self, party: u32) -> u32 {
        self.parties.get(party).map_or(party, |row| row.entity)
    }

    /// The id of a legal entity, for match keys.
    pub(super) fn entity_id(&self, party: u32, fallback: &PartyId) -> PartyId {
        let entity = self.entity(party);
        self.parties.get(entity).map_or_else(|| fallback.canonical(), |row| row.id.clone())
    }

    /// Whether two party ids are of one legal entity, as far as the registry knows.
    pub fn same_entity(&self, one: &PartyId, other: &PartyId) -> bool {
        match (self.party_row(one), self.party_row(other)) {
            (Some(one), Some(other)) => self.entity(one) == self.entity(other),
            _ => one.canonical() == other.canonical(),
        }
    }

    /// The participant that a party row's entity is.
    pub fn participant_of_party(&self, party: u32) -> Option<u32> {
        self.parties.get(self.entity(party))?.participant
    }

    /// The participant that has a party id.
    pub fn participant_by_id(&self, id: &PartyId) -> Option<u32> {
        self.participant_of_party(self.party_row(id)?)
    }

    /// The participant that has a key, in force or revoked.
    pub fn participant_by_key(&self, key: &KeyId) -> Option<u32> {
        self.index.key.get(key).copied()
    }

    /// A participant.
    pub fn participant(&self, row: u32) -> Option<Row<Participant>> {
        self.participants.get(row)
    }

    /// Every participant, in order of admission.
    pub fn participants(&self) -> impl Iterator<Item = (u32, Row<Participant>)> {
        (0_u32..).zip(self.participants.iter())
    }

    /// How many participants there ever were.
    pub const fn participants_len(&self) -> u32 {
        self.participants.len()
    }

    /// Every party id of a participant's entity, in order of appearance.
    pub fn party_ids(&self, participant: &Participant) -> Vec<PartyId> {
        let rows = self.index.aliases.of(participant.entity).iter();
        rows.filter_map(|row| self.parties.get(*row)).map(|party| party.id.clone()).collect()
    }

    /// An invoice with its row.
    pub fn receivable_by_id(&self, id: &InvoiceId) -> Option<(u32, Row<Receivable>)> {
        self.index.invoice.candidates(id.as_bytes()).find_map(|row| {
            let receivable = self.receivables.get(row)?;
            (receivable.id == *id).then_some((row, receivable))
        })
    }

    /// An invoice.
    pub fn receivable(&self, row: u32) -> Option<Row<Receivable>> {
        self.receivables.get(row)
    }

    /// How many invoices there are.
    pub const fn receivables_len(&self) -> u32 {
        self.receivables.len()
    }

    /// The rows of the invoices of a party's legal entity, as seller or buyer under any of its ids, in order
    /// of registration.
    pub fn trades_of_entity(&self, party: u32) -> &[u32] {
        self.index.trades.of(self.entity(party))
    }

    /// The rows of the invoices that a participant registered as a third party.
    pub fn registered_by(&self, participant: u32) -> &[u32] {
        self.index.registered.of(participant)
    }

    /// The rows of the financings that a participant holds or held.
    pub fn financings_of(&self, participant: u32) -> &[u32] {
        self.index.financings.of(participant)
    }

    /// The rows of the invoices on which a participant has or had a claim, in order of registration.
    pub fn held_by(&self, participant: u32) -> &[u32] {
        self.index.held.of(participant)
    }

    /// A financing.
    pub fn financing(&self, row: u32) -> Option<Row<Financing>> {
        self.financings.get(row)
    }

    /// A conflict.
    pub fn case(&self, row: u32) -> Option<Row<Case>> {
        self.cases.get(row)
    }

    /// A conflict, by its number.
    pub fn case_by_id(&self, id: CaseId) -> Option<Row<Case>> {
        self.case(u32::try_from(id.number()).ok()?)
    }

    /// How many conflicts there ever were.
    pub const fn cases_len(&self) -> u32 {
        self.cases.len()
    }

    /// A mandate.
    pub fn mandate(&self, row: u32) -> Option<Row<Mandate>> {
        self.mandates.get(row)
    }

    /// A mandate by the statement that granted it, or a request by the one that made it.
    pub fn mandate_by_id(&self, id: &StatementId) -> Option<(u32, Row<Mandate>)> {
        let Subject::Mandate(row) = self.subject_of(id)? else { return None };
        // An amendment has the mandate as its subject too, but is not its name.
        self.mandate(row).filter(|mandate| mandate.statement == *id).map(|mandate| (row, mandate))
    }

    /// How many mandates and requests there ever were.
    pub const fn mandates_len(&self) -> u32 {
        self.mandates.len()
    }

    /// The rows of the mandates that a participant grants, holds, asks or is asked for.
    pub fn mandates_of(&self, participant: u32) -> &[u32] {
        self.index.mandates.of(participant)
    }

    /// An alert.
    pub fn alert(&self, row: u32) -> Option<Row<Alert>> {
        self.alerts.get(row)
    }

    /// How many alerts there ever were.
    pub const fn alerts_len(&self) -> u32 {
        self.alerts.len()
    }

    /// The rows of a participant's alerts.
    pub fn alerts_of(&self, participant: u32) -> &[u32] {
        self.index.alerts.of(participant)
    }

    /// The log positions of the records that concern a participant.
    pub fn feed_of(&self, participant: u32) -> &[u32] {
        self.index.feed.of(participant)
    }

    /// What the read models keep of a record.
    pub fn journal_entry(&self, position: u64) -> Option<Row<JournalEntry>> {
        self.journal.get(u32::try_from(position).ok()?)
    }

    /// Where a statement stands in the log.
    pub fn position_of(&self, statement: &StatementId) -> Option<u64> {
        let found =
            self.index.statement.candidates(statement.as_bytes()).find(|row| {
                self.journal.get(*row).is_some_and(|entry| entry.statement == *statement)
            });
        found.map(u64::from)
    }

    /// What a statement created.
    pub(super) fn subject_of(&self, statement: &StatementId) -> Option<Subject> {
        Some(self.journal_entry(self.position_of(statement)?)?.subject)
    }
}
