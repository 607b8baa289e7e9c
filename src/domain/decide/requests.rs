//! Rules on offers: invoices that a supplier asks a financier to finance.

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::{Draft, Side, check_bordereau};
use crate::domain::participant::Standing;
use crate::domain::receivable::Receivable;
use crate::domain::rejection::Rejection;
use crate::domain::request::{Request, RequestStanding};
use crate::domain::state::Subject;
use crate::statement::{FinancingDeclined, FinancingRequested, Role};
use crate::types::StatementId;

pub(super) fn request(
    draft: &mut Draft<'_>,
    statement: StatementId,
    data: &FinancingRequested,
) -> Result<(), Rejection> {
    if data.invoices.is_empty() {
        return Err(Rejection::ListMalformed);
    }
    check_bordereau(&data.invoices)?;
    if data.until <= draft.now {
        return Err(Rejection::TermInvalid);
    }
    let financier = draft.state.participant_by_id(&data.to).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft
        .state
        .participant(financier)
        .is_some_and(|it| it.standing == Standing::Active && it.has(Role::Financier));
    if !fits || financier == draft.author.row {
        return Err(Rejection::OffereeUnfit);
    }
    let mut receivables = Vec::with_capacity(data.invoices.len());
    for id in &data.invoices {
        let (row, receivable, side) = draft.own_receivable(id)?;
        if side != Side::Seller {
            return Err(Rejection::InvoiceUnknown);
        }
        if receivable.end.is_some() {
            return Err(Rejection::InvoiceEnded);
        }
        receivables.push(row);
        draft.push(Change::Mention(row));
    }
    let row = draft.state.requests_len();
    draft.push(Change::Request(Box::new(Request {
        statement,
        position: draft.position,
        recorded_at: draft.now,
        supplier: draft.author.row,
        financier,
        receivables,
        until: data.until,
        declined: None,
    })));
    draft.tell_of_request(row, financier, AlertCode::FinancingRequested);
    draft.subject = Subject::Request(row);
    draft.concern(Some(financier));
    Ok(())
}

pub(super) fn decline(draft: &mut Draft<'_>, data: &FinancingDeclined) -> Result<(), Rejection> {
    let (row, request) =
        draft.state.request_by_id(&data.request).ok_or(Rejection::RequestUnknown)?;
    let standing = draft.state.request_standing(&request, draft.now);
    let open = matches!(standing, RequestStanding::Open | RequestStanding::PartlyTakenUp);
    if request.financier != draft.author.row || !open {
        return Err(Rejection::RequestUnknown);
    }
    draft.push(Change::DeclineRequest(row, draft.now, data.reason));
    draft.tell_of_request(row, request.supplier, AlertCode::FinancingDeclined);
    draft.subject = Subject::Request(row);
    draft.concern(Some(request.supplier));
    Ok(())
}

impl Draft<'_> {
    /// Tells suppliers that a claim takes up what they offered to its author.
    pub(super) fn note_taken_up(&mut self, receivable: &Receivable) {
        let author = self.author.row;
        let offers: Vec<u32> = self.state.offers(author, &receivable.id, self.now).collect();
        for row in offers {
            if let Some(request) = self.state.request(row) {
                self.tell_of_request(row, request.supplier, AlertCode::FinancingTakenUp);
            }
        }
    }
}
