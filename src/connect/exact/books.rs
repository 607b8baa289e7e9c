//! What is remembered of a company's purchase ledger between two looks at it, and what it says of each invoice.
//!
//! - Pure: rows in, entries out, by STANDARDS 5.1 and 9.1.
//! - An invoice that is not on the list of payables is not thereby paid: it may never have been there. It is paid where
//!   all its payment terms are matched and have ended, or, if it has none, where it was on the list before.
//! - A term is also matched by a credit note. What a credit note of the same supplier ended on the same day, for at
//!   least as much, was not paid: nothing is said.
//! - Approval is said only where somebody approved: "not applicable" and no status at all (approvals were not yet
//!   switched on) are none.
//! - What has come to its end is forgotten, and asked for again if something happens to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::connect::connector::{Entry, Payment, Stand};
use crate::connect::exact::rows::{
    AccountRow, DeletedRow, EntryRow, Guid, InvoiceRow, PayableRow, TermRow,
};
use crate::einvoice::LedgerParty;
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Date, Minor, PartyId, Timestamp};

/// `PurchaseEntries.Status`
const REJECTED: u16 = 5;
const PROCESSED: u16 = 50;
/// `PurchaseEntries.Type`
const INVOICE: u16 = 30;
const CREDIT_NOTE: u16 = 31;
/// `PurchaseInvoices.Status`
const DRAFT: u16 = 10;
const DRAFT_OPEN: u16 = 20;
/// `PurchaseInvoices.Type`: invoices, direct and other; 8031 and 8034 are credit notes.
const INVOICE_TYPES: [u16; 2] = [8_030, 8_033];
/// `PaymentTerms.LineType`
const PAYMENT: u16 = 22;
/// `PaymentTerms.Status`
const TERM_SELECTED: u16 = 30;
const TERM_PROCESSED: u16 = 40;
const TERM_MATCHED: u16 = 50;
/// `ApprovalStatus`
const APPROVED: u16 = 4;
const APPROVAL_REFUSED: u16 = 5;

/// The ledger as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Books {
    entries: BTreeMap<Guid, Known>,
    suppliers: BTreeMap<Guid, Vec<PartyId>>,
    /// Drafts of invoices, which are no entries yet.
    drafts: BTreeMap<Guid, Known>,
    /// The times that the list of payables was read.
    round: u32,
    /// Entries of which something is to be said.
    touched: BTreeSet<Guid>,
    touched_drafts: BTreeSet<Guid>,
    /// Entries that terms or the list speak of, and that have to be asked for.
    wanted: BTreeSet<Guid>,
    wanted_numbers: BTreeSet<i64>,
    /// Numbers on the list that are no purchase entries (an opening balance), so that they are not asked for again.
    elsewhere: BTreeSet<i64>,
}

/// An entry of the purchase journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    entry_number: i64,
    supplier: Guid,
    number: String,
    issued: Option<Date>,
    total: Option<(Minor, Currency)>,
    credit: bool,
    void: bool,
    status: u16,
    changed_at: Timestamp,
    terms: BTreeMap<Guid, Term>,
    listed: Option<Listed>,
    /// What the list last said of its approval; an entry that is gone from it was approved all the same.
    approval: Option<u16>,
    /// When it was on the list last; 0 if it never was.
    seen: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Term {
    status: u16,
    approval: Option<u16>,
    ended: Option<Date>,
}

/// What the list of payables says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    open: Minor,
    in_transit: bool,
}

impl Books {
    /// Takes a row of the purchase journal.
    pub(super) fn entry(&mut self, row: EntryRow) {
        self.wanted.remove(&row.id);
        self.wanted_numbers.remove(&row.entry_number);
        if row.kind != INVOICE && row.kind != CREDIT_NOTE {
            return;
        }
        let currency = currency(row.currency.as_deref());
        let total = currency.and_then(|currency| Some((row.amount?.size(currency)?, currency)));
        let before = self.entries.get(&row.id);
        let known = Known {
            entry_number: row.entry_number,
            supplier: row.supplier,
            number: row.your_ref.unwrap_or_default(),
            issued: row.entry_date.map(|moment| moment.0.date()),
            total,
            credit: row.kind == CREDIT_NOTE,
            void: row.reversal == Some(true),
            status: row.status,
            changed_at: row.modified.0.max(before.map_or(row.modified.0, |known| known.changed_at)),
            terms: before.map(|known| known.terms.clone()).unwrap_or_default(),
            listed: before.and_then(|known| known.listed.clone()),
            approval: before.and_then(|known| known.approval),
            seen: before.map_or(0, |known| known.seen),
        };
        if before != Some(&known) {
            self.entries.insert(row.id, known);
            self.touched.insert(row.id);
        }
    }

    /// Takes a draft. Once it is processed, the purchase journal speaks of it.
    pub(super) fn draft(&mut self, row: InvoiceRow) {
        if !INVOICE_TYPES.contains(&row.kind) || !matches!(row.status, DRAFT | DRAFT_OPEN) {
            self.drafts.remove(&row.id);
            return;
        }
        let currency = currency(row.currency.as_deref());
        let known = Known {
            entry_number: 0,
            supplier: row.supplier,
            number: row.your_ref.unwrap_or_default(),
            issued: row.invoice_date.map(|moment| moment.0.date()),
            total: currency.and_then(|currency| Some((row.amount?.size(currency)?, currency))),
            credit: false,
            void: false,
            status: row.status,
            changed_at: row.modified.0,
            terms: BTreeMap::new(),
            listed: None,
            approval: None,
            seen: 0,
        };
        self.drafts.insert(row.id, known);
        self.touched_drafts.insert(row.id);
    }

    /// Takes a payment term; what belongs to an invoice of before `since` is passed over.
    pub(super) fn term(&mut self, row: &TermRow, since: Timestamp) {
        let Some(entry) = row.entry else { return };
        if row.line_type.is_some_and(|kind| kind != PAYMENT) {
            return;
        }
        let Some(known) = self.entries.get_mut(&entry) else {
            if row.invoice_date.is_none_or(|moment| moment.0 >= since) {
                self.wanted.insert(entry);
            }
            return;
        };
        let term = Term {
            status: row.status,
            approval: row.approval_status,
            ended: row.end_date.map(|moment| moment.0.date()),
        };
        if known.terms.get(&row.id) != Some(&term) {
            known.terms.insert(row.id, term);
            known.changed_at = known.changed_at.max(row.modified.map_or(known.changed_at, |m| m.0));
            self.touched.insert(entry);
        }
    }

    /// Takes a deletion. What belonged to a term that is gone is asked for again.
    pub(super) fn deleted(&mut self, row: &DeletedRow) {
        if row.entity_type == DeletedRow::ACCOUNT {
            self.suppliers.remove(&row.entity_key);
        }
        if row.entity_type != DeletedRow::TERM {
            return;
        }
        for (id, known) in &mut self.entries {
            if known.terms.remove(&row.entity_key).is_some() {
                self.wanted.insert(*id);
                self.touched.insert(*id);
            }
        }
    }

    /// Begins a reading of the list of payables.
    pub(super) fn begin_list(&mut self) {
        self.round = self.round.saturating_add(1);
    }

    /// Takes a row of the list. Its amounts were read at `now`.
    pub(super) fn payable(&mut self, row: &PayableRow, now: Timestamp) {
        let number = row.your_ref.as_deref().unwrap_or_default();
        let same = |known: &Known| {
            known.supplier == row.account_id
                && known.entry_number == row.entry_number
                && (known.number == number || number.is_empty())
        };
        let Some((id, known)) = self.entries.iter_mut().find(|(_, known)| same(known)) else {
            if !self.elsewhere.contains(&row.entry_number) {
                self.wanted_numbers.insert(row.entry_number);
            }
            return;
        };
        let Some((total, currency)) = known.total else { return };
        if row.currency_code.as_deref().is_some_and(|code| code != currency.as_str()) {
            return;
        }
        let Some(open) = row.amount.size(currency) else { return };
        let transit = row.amount_in_transit.as_ref().and_then(|amount| amount.size(currency));
        let in_transit = transit.is_some_and(|amount| amount > 0);
        let listed = Listed { open, in_transit };
        if known.listed.as_ref() != Some(&listed) || known.approval != row.approval_status {
            // The list has no time of its own. What is plainly open when it is seen first, or what a term explains,
            // is as old as the entry; anything else is as old as this look at it.
            let plain = open >= total && !in_transit;
            let explained = known.terms.values().any(|term| term.status >= TERM_PROCESSED);
            if known.seen != 0 || !(plain || explained) {
                known.changed_at = known.changed_at.max(now);
            }
            known.listed = Some(listed);
            known.approval = row.approval_status.or(known.approval);
            self.touched.insert(*id);
        }
        known.seen = self.round;
    }

    /// Ends a reading of the list: what was on it before and is not now has to be looked at.
    pub(super) fn end_list(&mut self, now: Timestamp) {
        for (id, known) in &mut self.entries {
            if known.listed.is_some() && known.seen != self.round {
                known.listed = None;
                known.changed_at = known.changed_at.max(now);
                // Gone may also mean deleted: that is asked first.
                self.wanted.insert(*id);
                self.touched.insert(*id);
            }
        }
    }

    /// What has to be asked for by id, and by number: at most this many of each.
    pub(super) fn wanted(&self, most: usize) -> (Vec<Guid>, Vec<i64>) {
        let numbers = self.wanted_numbers.iter().take(most).copied().collect();
        (self.wanted.iter().take(most).copied().collect(), numbers)
    }

    /// What was asked for, and is not there: an entry that we know was deleted.
    pub(super) fn not_there(&mut self, ids: &[Guid], numbers: &[i64], now: Timestamp) {
        for id in ids {
            if self.wanted.remove(id)
                && let Some(known) = self.entries.get_mut(id)
            {
                known.void = true;
                known.changed_at = known.changed_at.max(now);
                self.touched.insert(*id);
            }
        }
        for number in numbers {
            if self.wanted_numbers.remove(number) {
                self.elsewhere.insert(*number);
            }
        }
    }

    /// Whether an entry is known.
    pub(super) fn knows(&self, id: &Guid) -> bool {
        self.entries.contains_key(id)
    }

    /// Suppliers whose ids are not known yet, of what is to be told.
    pub(super) fn unknown_suppliers(&self, most: usize) -> Vec<Guid> {
        let entries = self.touched.iter().filter_map(|id| self.entries.get(id));
        let drafts = self.touched_drafts.iter().filter_map(|id| self.drafts.get(id));
        let suppliers: BTreeSet<Guid> = entries
            .chain(drafts)
            .map(|known| known.supplier)
            .filter(|supplier| !self.suppliers.contains_key(supplier))
            .collect();
        suppliers.into_iter().take(most).collect()
    }

    /// Takes what these suppliers are known by; one that has nothing is nobody.
    pub(super) fn accounts(&mut self, asked: &[Guid], rows: &[AccountRow]) {
        for supplier in asked {
            self.suppliers.insert(*supplier, Vec::new());
        }
        for row in rows {
            let stated = [
                ("0190", row.oin.as_deref().unwrap_or_default()),
                ("0088", row.gln.as_deref().unwrap_or_default()),
            ];
            let party = LedgerParty {
                country: row.country.as_deref(),
                register: row.register.as_deref(),
                vat: row.vat.as_deref(),
                stated: &stated,
            };
            self.suppliers.insert(row.id, party.ids());
        }
    }

    /// The next entries of which there is something to say, and what is to be forgotten thereafter.
    pub(super) fn tell(&mut self, most: usize) -> Vec<Entry> {
        let mut told = Vec::new();
        while told.len() < most {
            let Some(id) = self.touched.pop_first() else { break };
            let Some(known) = self.entries.get(&id) else { continue };
            told.extend(self.reading(id, known));
        }
        while told.len() < most {
            let Some(id) = self.touched_drafts.pop_first() else { break };
            let Some(known) = self.drafts.get(&id) else { continue };
            let status = if known.status == DRAFT { Status::Received } else { Status::InProcess };
            told.push(Entry {
                process: Some(Stand::at(status)),
                ..self.bare(format!("draft:{id}"), known)
            });
        }
        told
    }

    /// Whether everything was told.
    pub(super) fn is_told(&self) -> bool {
        self.touched.is_empty() && self.touched_drafts.is_empty()
    }

    /// Forgets what came to its end, and what nobody needs for the rest.
    pub(super) fn forget(&mut self, before: Timestamp) {
        let ended: Vec<Guid> = self
            .entries
            .iter()
            .filter(|(_, known)| known.changed_at < before && known.listed.is_none())
            .map(|(id, _)| *id)
            .collect();
        for id in ended {
            self.entries.remove(&id);
        }
        self.drafts.retain(|_, known| known.changed_at >= before);
        let needed: BTreeSet<Guid> =
            self.entries.values().chain(self.drafts.values()).map(|known| known.supplier).collect();
        self.suppliers.retain(|supplier, _| needed.contains(supplier));
    }

    /// Forgets the oldest of what has an end, until no more than this many entries are remembered.
    pub(super) fn forget_beyond(&mut self, most: usize) {
        let excess = self.entries.len().saturating_sub(most);
        let mut oldest: Vec<_> = self
            .entries
            .iter()
            .map(|(id, known)| (known.listed.is_some(), known.changed_at, *id))
            .collect();
        oldest.sort_unstable();
        for (_, _, id) in oldest.into_iter().take(excess) {
            self.entries.remove(&id);
        }
    }

    /// How many entries are remembered.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn bare(&self, key: String, known: &Known) -> Entry {
        Entry {
            key,
            suppliers: self.suppliers.get(&known.supplier).cloned().unwrap_or_default(),
            number: known.number.clone(),
            issued: known.issued,
            total: known.total,
            changed_at: known.changed_at,
            source: SourceKind::Ledger,
            document: None,
            process: None,
            payment: None,
        }
    }

    /// What an entry says now; a credit note says nothing of an invoice, since it does not say of which.
    fn reading(&self, id: Guid, known: &Known) -> Option<Entry> {
        if known.credit || known.number.is_empty() {
            return None;
        }
        let payment = if known.void { None } else { self.payment(known) };
        Some(Entry {
            process: process(known, payment),
            payment,
            ..self.bare(id.to_string(), known)
        })
    }

    fn payment(&self, known: &Known) -> Option<Payment> {
        let any = |status: u16| known.terms.values().any(|term| term.status == status);
        let pending = |in_transit: bool| {
            if in_transit || any(TERM_PROCESSED) {
                Some(Payment::Initiated)
            } else if any(TERM_SELECTED) {
                Some(Payment::Selected)
            } else {
                None
            }
        };
        let (total, _) = known.total?;
        if let Some(listed) = known.listed.as_ref().filter(|listed| listed.open > 0) {
            let paid = total.saturating_sub(listed.open);
            return if paid > 0 {
                Some(Payment::Part(paid))
            } else {
                Some(pending(listed.in_transit).unwrap_or(Payment::Open))
            };
        }
        if known.terms.is_empty() {
            return (known.seen > 0 && known.status == PROCESSED).then_some(Payment::Paid(None));
        }
        let ended = known.terms.values().filter_map(|term| term.ended).max();
        let matched = known.terms.values().all(|term| term.status == TERM_MATCHED);
        match ended.filter(|_| matched) {
            Some(day) if self.is_credited(known, total, day) => None,
            Some(day) => Some(Payment::Paid(Some(day))),
            None => pending(false),
        }
    }

    /// Whether credit notes of the supplier ended on that day for the whole amount.
    fn is_credited(&self, known: &Known, total: Minor, day: Date) -> bool {
        let ended = |credit: &&Known| {
            credit.credit
                && credit.supplier == known.supplier
                && credit.terms.values().any(|term| term.ended == Some(day))
        };
        let credits = self.entries.values().filter(ended).filter_map(|credit| credit.total);
        credits.fold(0, |sum: Minor, (amount, _)| sum.saturating_add(amount)) >= total
    }
}

/// Where it is in the debtor's process. What is paid, and of whose approval nothing is known any more, was booked at
/// least, and perhaps approved: nothing is said.
fn process(known: &Known, payment: Option<Payment>) -> Option<Stand> {
    // Deleted or reversed: a mistake of booking as often as a refusal, so it stops the invoice and does not end it.
    if known.void {
        let reasons = vec!["cancelled".to_owned()];
        return Some(Stand { void: true, reasons, ..Stand::at(Status::Queried) });
    }
    let approvals = || known.terms.values().filter_map(|term| term.approval).chain(known.approval);
    let status = if known.status == REJECTED || approvals().any(|it| it == APPROVAL_REFUSED) {
        Status::Refused
    } else if approvals().next().is_some() && approvals().all(|it| it == APPROVED) {
        Status::Approved
    } else if known.status != PROCESSED {
        Status::InProcess
    } else if matches!(payment, Some(Payment::Paid(_))) && approvals().next().is_none() {
        return None;
    } else {
        Status::Booked
    };
    Some(Stand::at(status))
}

fn currency(code: Option<&str>) -> Option<Currency> {
    code.and_then(|code| code.trim().parse().ok())
}
