//! Rules on invoices: registering, crediting, cancelling.

use crate::domain::alert::AlertCode;
use crate::domain::change::{Change, News};
use crate::domain::conduct::Conduct;
use crate::domain::decide::conflicts::{look_again, look_at_open};
use crate::domain::decide::{Draft, LIST_MAX, check_amount, has_repeats};
use crate::domain::receivable::{Credit, End, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::invoice::{CoreError, LINES_MAX, TypeClass};
use crate::statement::{InvoiceCancelled, InvoiceCredited, InvoiceRegistered, Role};

/// Most files that are kept of one invoice, whoever names them.
const DOCUMENTS_MAX: usize = LIST_MAX * 4;

/// A row that is filled in when the change is applied, because the party id may be new.
const TO_BE_ADDED: u32 = u32::MAX;

pub(super) fn register(draft: &mut Draft<'_>, data: &InvoiceRegistered) -> Result<(), Rejection> {
    let core = &data.invoice;
    draft.check_digits(&core.seller)?;
    draft.check_digits(&core.buyer)?;
    core.check().map_err(Rejection::Core)?;
    let seller_row = draft.state.party_row(&core.seller);
    let buyer_row = draft.state.party_row(&core.buyer);
    let entity = |row: Option<u32>| row.map(|row| draft.state.entity(row));
    if seller_row.is_some() && entity(seller_row) == entity(buyer_row) {
        return Err(Rejection::Core(CoreError::SelfInvoice));
    }
    if !(0..=core.gross_minor).contains(&data.amount_due_minor) {
        return Err(Rejection::AmountDue);
    }
    let lists_fit = data.documents.len() <= LIST_MAX && data.references.preceding.len() <= LIST_MAX;
    if !lists_fit || has_repeats(&data.documents) {
        return Err(Rejection::ListMalformed);
    }
    check_goods(draft, data)?;
    let seller = seller_row.and_then(|row| draft.state.participant_of_party(row));
    let buyer = buyer_row.and_then(|row| draft.state.participant_of_party(row));
    let author = &draft.author.participant;
    let sells = seller == Some(draft.author.row) && author.has(Role::Supplier);
    let buys = buyer == Some(draft.author.row) && author.has(Role::Debtor);
    if !sells && !buys && !author.has(Role::Financier) {
        return Err(Rejection::NotAParty);
    }
    draft.concern(seller);
    // That a financier registers an invoice tells the buyer of a right that may be silent.
    if sells || buys {
        draft.concern(buyer);
    }
    let born_assigned = data.payee_differs || core.type_code.class() == TypeClass::Factored;
    let id = core.id();
    if let Some((row, receivable)) = draft.state.receivable_by_id(&id) {
        let party = sells || buys;
        let first = party && draft.state.rules() >= 3 && !draft.state.by_its_parties(&receivable);
        let first_word = first.then(|| (core.clone(), data.references.clone()));
        let due_minor = party.then_some(data.amount_due_minor);
        // The first word of a party counts before that of a financier, also where it is more: the buyer would see
        // from another amount that somebody had registered it.
        let due_minor = due_minor.filter(|due| first || *due < receivable.due_minor);
        let mut documents = data.documents.clone();
        documents.retain(|document| !receivable.documents.contains(document));
        documents.truncate(DOCUMENTS_MAX.saturating_sub(receivable.documents.len()));
        let mut as_told = receivable.clone();
        as_told.documents.extend(&documents);
        as_told.due_minor = due_minor.unwrap_or(receivable.due_minor);
        let (payee_account, registrant) = (data.payee_account, draft.author.row);
        draft.push(Change::Reregister {
            receivable: row,
            registrant,
            news: Box::new(News { due_minor, documents, payee_account, born_assigned, first_word }),
        });
        if due_minor.is_some_and(|due| due < receivable.due_minor) {
            draft.alert_holders(row, &receivable, AlertCode::Credited);
        }
        draft.watch_account(row, &receivable, payee_account);
        if born_assigned && !receivable.born_assigned {
            draft.alert_holders(row, &receivable, AlertCode::AssignedElsewhere);
        }
        look_at_open(draft, row, &receivable, &as_told);
        look_again(draft, row, &[&receivable, &as_told]);
        draft.push(Change::Mention(row));
        draft.subject = Subject::Receivable(row);
        return Ok(());
    }
    let row = draft.state.receivables_len();
    let new = Receivable {
        id,
        core: core.clone(),
        seller: seller_row.unwrap_or(TO_BE_ADDED),
        buyer: buyer_row.unwrap_or(TO_BE_ADDED),
        registered_at: draft.now,
        registrants: vec![draft.author.row],
        due_minor: data.amount_due_minor,
        references: data.references.clone(),
        documents: data.documents.clone(),
        lines: data.lines.clone(),
        order_amount_minor: data.order_amount_minor,
        payee_account: data.payee_account,
        born_assigned,
        credits: Vec::new(),
        paid_minor: 0,
        settled_minor: 0,
        document: None,
        process: None,
        before_query: None,
        payment: None,
        conduct: Conduct::default(),
        encumbrance: None,
        end: None,
        claims: Vec::new(),
        cases: Vec::new(),
        apart: Vec::new(),
        history: Vec::new(),
        further: None,
    };
    draft.watch_registration(row, &new);
    draft.push(Change::Register(Box::new(new)));
    draft.push(Change::Mention(row));
    draft.subject = Subject::Receivable(row);
    Ok(())
}

/// Checks what version 2 of the rules brought: the lines and the total of the order.
fn check_goods(draft: &Draft<'_>, data: &InvoiceRegistered) -> Result<(), Rejection> {
    let stated = !data.lines.is_empty() || data.order_amount_minor.is_some();
    if stated && draft.state.rules() < 2 {
        return Err(Rejection::RulesTooOld);
    }
    if data.lines.len() > LINES_MAX || !data.lines.is_sorted() {
        return Err(Rejection::ListMalformed);
    }
    data.order_amount_minor.map_or(Ok(()), check_amount)
}

pub(super) fn credit(draft: &mut Draft<'_>, data: &InvoiceCredited) -> Result<(), Rejection> {
    check_amount(data.amount_minor)?;
    let (row, receivable, _) = draft.own_receivable(&data.invoice)?;
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    if data.currency != receivable.core.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    let number = data.credit_note.normalised();
    if receivable.credits.iter().any(|credit| credit.number.normalised() == number) {
        return Err(Rejection::CreditNoteRepeated);
    }
    let credited = receivable.credited_minor().saturating_add(data.amount_minor);
    if credited > receivable.core.gross_minor {
        return Err(Rejection::CreditExceeds);
    }
    let credit = Credit {
        number: data.credit_note.clone(),
        issue_date: data.issue_date,
        amount_minor: data.amount_minor,
    };
    let mut after = receivable.clone();
    after.credits.push(credit.clone());
    draft.push(Change::Credit(row, credit));
    if credited == receivable.core.gross_minor {
        after.end = Some(End::Credited);
        draft.push(Change::End(row, End::Credited));
    }
    draft.push(Change::Mention(row));
    draft.concern_parties(&receivable);
    draft.alert_holders(row, &receivable, AlertCode::Credited);
    look_at_open(draft, row, &receivable, &after);
    draft.subject = Subject::Receivable(row);
    Ok(())
}

pub(super) fn cancel(draft: &mut Draft<'_>, data: &InvoiceCancelled) -> Result<(), Rejection> {
    let (row, receivable, _) = draft.own_receivable(&data.invoice)?;
    if let Some(successor) = &data.replaced_by {
        let (_, successor, _) = draft.own_receivable(successor)?;
        if successor.id == receivable.id {
            return Err(Rejection::InvoiceUnknown);
        }
    }
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    draft.push(Change::End(row, End::Cancelled));
    draft.push(Change::Mention(row));
    draft.concern_parties(&receivable);
    draft.alert_holders(row, &receivable, AlertCode::Cancelled);
    let mut after = receivable.clone();
    after.end = Some(End::Cancelled);
    look_at_open(draft, row, &receivable, &after);
    draft.subject = Subject::Receivable(row);
    Ok(())
}
