//! What a debtor sees of its own invoices on pages: only what its own view of each has.

use crate::domain::{Claim, ClaimKind, End, Mandate, Receivable, Row, State};
use crate::http::App;
use crate::http::pages::says::{Names, state_key};
use crate::http::pages::words::Words;
use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

/// An invoice of a debtor, in words.
pub(super) struct Payable {
    /// Its id.
    pub(super) id: InvoiceId,
    /// The seller.
    pub(super) seller: PartyId,
    /// The number.
    pub(super) number: String,
    /// The day on which it is due.
    pub(super) due: String,
    /// What is open.
    pub(super) amount: String,
    /// What is known of it.
    pub(super) state: String,
    /// The holder of an assignment that the debtor was told of.
    pub(super) pay_to: Option<PartyId>,
    /// Whether anything can still be said of it.
    pub(super) open: bool,
}

/// The most invoices that are looked at for one page: the state is not held for longer.
const LOOKED_AT_MAX: usize = 20_000;

/// The rows of a debtor's invoices, the newest first, before a row where one is given.
pub(super) fn rows(
    state: &State,
    debtor: &PartyId,
    before: Option<u32>,
) -> impl Iterator<Item = u32> {
    let reader = state.participant_by_id(debtor);
    let entity = reader.and_then(|row| state.participant(row)).map(|it| it.entity);
    let trades = entity.map(|entity| state.trades_of_entity(entity)).unwrap_or_default();
    let bought = move |row: &u32| {
        let own =
            |reader| state.receivable(*row).is_some_and(|it| is_payable_of(state, reader, &it));
        reader.is_some_and(own)
    };
    let earlier = trades.iter().rev().copied();
    let earlier = earlier.filter(move |row| before.is_none_or(|before| *row < before));
    earlier.take(LOOKED_AT_MAX).filter(bought)
}

/// Whether an invoice is a debtor's to speak of.
pub(super) fn is_of(state: &State, debtor: &PartyId, invoice: &InvoiceId) -> bool {
    let Some(reader) = state.participant_by_id(debtor) else { return false };
    state.receivable_by_id(invoice).is_some_and(|(_, it)| is_payable_of(state, reader, &it))
}

/// Whether an invoice is a participant's to pay, and it may know of it.
fn is_payable_of(state: &State, reader: u32, receivable: &Receivable) -> bool {
    state.participant_of_party(receivable.buyer) == Some(reader)
        && state.is_known_to_buyer(receivable)
}

/// An invoice as its buyer sees it.
pub(super) fn payable(
    state: &State,
    debtor: &PartyId,
    row: u32,
    words: &Words,
    now: Timestamp,
) -> Option<Payable> {
    let receivable = state.receivable(row)?;
    let reader = state.participant_by_id(debtor)?;
    let view = state.view(reader, &receivable, now);
    let core = view.told(&receivable).map_or(&receivable.core, |told| &told.core);
    let disclosed = |claim: &&Claim| {
        claim.kind == ClaimKind::Disclosed && claim.is_active(now) && view.sees_claim(claim, reader)
    };
    let holder = receivable.claims.iter().find(disclosed).map(|claim| claim.holder);
    Some(Payable {
        id: receivable.id,
        seller: core.seller.clone(),
        number: core.number.to_string(),
        due: core.due_date.map_or_else(|| "–".to_owned(), |day| words.day(day)),
        amount: words.money(receivable.open_to(&view), core.currency),
        state: known(&receivable, words),
        pay_to: holder.and_then(|row| state.participant(row)).map(|it| it.id.clone()),
        open: receivable.end.is_none(),
    })
}

/// What is known of an invoice: how it ended, or else money, or else what the debtor does with it.
fn known(receivable: &Receivable, words: &Words) -> String {
    if let Some(end @ (End::Credited | End::Cancelled)) = receivable.end {
        return words.say(&state_key(end)).into_owned();
    }
    let readings = [&receivable.payment, &receivable.process, &receivable.document];
    let Some(reading) = readings.into_iter().flatten().next() else {
        return words.say("state-registered").into_owned();
    };
    let state = words.say(&state_key(reading.status));
    match reading.date {
        Some(date) => format!("{state}, {}", words.day(date)),
        None => state.into_owned(),
    }
}

/// Looks names up: participants in the operator's record, invoices and mandates in the state.
pub(super) struct Directory<'a> {
    /// The door.
    pub(super) app: &'a App,
    /// The state.
    pub(super) state: &'a State,
    /// The debtor who reads.
    pub(super) debtor: &'a PartyId,
}

impl Directory<'_> {
    /// What the participant of a row is called.
    pub(super) fn called(&self, row: u32) -> String {
        let participant = self.state.participant(row);
        participant.map_or_else(|| "?".to_owned(), |it| self.app.called(&it.id))
    }
}

impl Names for Directory<'_> {
    fn party(&self, party: &PartyId) -> String {
        self.app.called(party)
    }

    fn invoice(&self, invoice: &InvoiceId) -> (String, String) {
        // What is not the debtor's to know of is named by what it was called by.
        let own = is_of(self.state, self.debtor, invoice);
        let found = self.state.receivable_by_id(invoice).filter(|_| own);
        found.map_or_else(
            || (invoice.to_string(), "?".to_owned()),
            |(_, receivable)| {
                let core = receivable.told().map_or(&receivable.core, |told| &told.core);
                (core.number.to_string(), self.app.called(&core.seller))
            },
        )
    }

    fn holder(&self, mandate: &StatementId) -> String {
        let found = mandate_of(self.state, self.debtor, mandate);
        found.map_or_else(|| mandate.to_string(), |mandate| self.called(mandate.holder))
    }
}

/// A mandate that a debtor gave, or was asked for, by the statement that made it.
pub(super) fn mandate_of(
    state: &State,
    debtor: &PartyId,
    id: &StatementId,
) -> Option<Row<Mandate>> {
    let debtor = state.participant_by_id(debtor)?;
    let mandates = state.mandates_of(debtor).iter().filter_map(|row| state.mandate(*row));
    mandates.into_iter().find(|mandate| mandate.debtor == debtor && mandate.statement == *id)
}
