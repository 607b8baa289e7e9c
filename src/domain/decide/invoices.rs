//! Rules on invoices: registering, crediting, cancelling.

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::{Draft, LIST_MAX, check_amount, has_repeats};
use crate::domain::receivable::{Credit, End, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::invoice::TypeClass;
use crate::statement::{InvoiceCancelled, InvoiceCredited, InvoiceRegistered, Role};

/// A row that is filled in when the change is applied, because the party id may be new.
const TO_BE_ADDED: u32 = u32::MAX;

pub(super) fn register(draft: &mut Draft<'_>, data: &InvoiceRegistered) -> Result<(), Rejection> {
    let core = &data.invoice;
    draft.check_digits(&core.seller)?;
    draft.check_digits(&core.buyer)?;
    core.check().map_err(Rejection::Core)?;
    if !(0..=core.gross_minor).contains(&data.amount_due_minor) {
        return Err(Rejection::AmountDue);
    }
    let lists_fit = data.documents.len() <= LIST_MAX && data.references.preceding.len() <= LIST_MAX;
    if !lists_fit || has_repeats(&data.documents) {
        return Err(Rejection::ListMalformed);
    }
    if draft.state.same_entity(&core.seller, &core.buyer) {
        return Err(Rejection::Core(crate::invoice::CoreError::SelfInvoice));
    }
    let seller = draft.state.participant_by_id(&core.seller);
    let buyer = draft.state.participant_by_id(&core.buyer);
    let author = &draft.author.participant;
    let sells = seller == Some(draft.author.row) && author.has(Role::Supplier);
    let buys = buyer == Some(draft.author.row) && author.has(Role::Debtor);
    if !sells && !buys && !author.has(Role::Financier) {
        return Err(Rejection::NotAParty);
    }
    draft.concern(seller);
    draft.concern(buyer);
    let id = core.id();
    if let Some((row, receivable)) = draft.state.receivable_by_id(&id) {
        let lower = data.amount_due_minor < receivable.due_minor && (sells || buys);
        let mut documents = data.documents.clone();
        documents.retain(|document| !receivable.documents.contains(document));
        documents.truncate(LIST_MAX.saturating_mul(4).saturating_sub(receivable.documents.len()));
        draft.push(Change::Reregister {
            receivable: row,
            registrant: draft.author.row,
            due_minor: lower.then_some(data.amount_due_minor),
            documents,
        });
        draft.push(Change::Mention(row));
        draft.subject = Subject::Receivable(row);
        return Ok(());
    }
    let row = draft.state.receivables_len();
    draft.push(Change::Register(Box::new(Receivable {
        id,
        core: core.clone(),
        seller: draft.state.party_row(&core.seller).unwrap_or(TO_BE_ADDED),
        buyer: draft.state.party_row(&core.buyer).unwrap_or(TO_BE_ADDED),
        registered_at: draft.now,
        registrants: vec![draft.author.row],
        due_minor: data.amount_due_minor,
        references: data.references.clone(),
        documents: data.documents.clone(),
        payee_account: data.payee_account,
        born_assigned: data.payee_differs || core.type_code.class() == TypeClass::Factored,
        credits: Vec::new(),
        paid_minor: 0,
        settled_minor: 0,
        document: None,
        process: None,
        before_query: None,
        payment: None,
        encumbrance: None,
        end: None,
        claims: Vec::new(),
        cases: Vec::new(),
        history: Vec::new(),
    })));
    draft.push(Change::Mention(row));
    draft.subject = Subject::Receivable(row);
    Ok(())
}

pub(super) fn credit(draft: &mut Draft<'_>, data: &InvoiceCredited) -> Result<(), Rejection> {
    let (row, receivable, _) = draft.own_receivable(&data.invoice)?;
    check_amount(data.amount_minor)?;
    if data.currency != receivable.core.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    let number = data.credit_note.normalised();
    if receivable.credits.iter().any(|credit| credit.number.normalised() == number) {
        return Err(Rejection::CreditNoteRepeated);
    }
    let credited = receivable.credited_minor().saturating_add(data.amount_minor);
    if credited > receivable.core.gross_minor {
        return Err(Rejection::CreditExceeds);
    }
    draft.push(Change::Credit(
        row,
        Credit {
            number: data.credit_note.clone(),
            issue_date: data.issue_date,
            amount_minor: data.amount_minor,
        },
    ));
    if credited == receivable.core.gross_minor {
        draft.push(Change::End(row, End::Credited));
    }
    draft.push(Change::Mention(row));
    draft.concern_parties(&receivable);
    draft.alert_holders(row, &receivable, AlertCode::Credited);
    draft.subject = Subject::Receivable(row);
    Ok(())
}

pub(super) fn cancel(draft: &mut Draft<'_>, data: &InvoiceCancelled) -> Result<(), Rejection> {
    let (row, receivable, _) = draft.own_receivable(&data.invoice)?;
    if receivable.end.is_some() {
        return Err(Rejection::InvoiceEnded);
    }
    if let Some(successor) = &data.replaced_by {
        let (_, successor, _) = draft.own_receivable(successor)?;
        if successor.id == receivable.id {
            return Err(Rejection::InvoiceUnknown);
        }
    }
    draft.push(Change::End(row, End::Cancelled));
    draft.push(Change::Mention(row));
    draft.concern_parties(&receivable);
    draft.alert_holders(row, &receivable, AlertCode::Cancelled);
    draft.subject = Subject::Receivable(row);
    Ok(())
}
