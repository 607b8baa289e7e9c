//! Tells invitations which requests for a mandate wait for an answer, and what their letters have to say.

use tokio::sync::watch;

use crate::domain::{Coverage, Mandate, MandateStanding, Standing, State};
use crate::http::App;
use crate::invitation::{
    INVOICES_TOLD_MAX, InvoiceTold, Later, Registry, Request, Requests, Unavailable, Wanted,
};
use crate::statement::Role;
use crate::types::{InvoiceId, StatementId, Timestamp};

/// How many mandates are looked at at a time.
const ROWS_MAX: u32 = 256;

/// A registry, seen by its invitations.
pub(super) struct Inviter(pub(super) App);

impl Registry for Inviter {
    fn now(&self) -> Timestamp {
        self.0.engine.now()
    }

    fn durable(&self) -> watch::Receiver<u64> {
        self.0.engine.durable()
    }

    fn requests(&self, from: u32) -> Later<'_, Requests> {
        Box::pin(async move {
            let look = |state: &State, now| {
                let end = state.mandates_len();
                // A restored log may be shorter than the one that was looked through.
                let next = from.saturating_add(ROWS_MAX).min(end);
                let rows = from.min(next)..next;
                let found = rows.filter_map(|row| request(state, &*state.mandate(row)?, now));
                let open = found.filter(|request| request.open).collect();
                Requests { open, next, at_end: next == end }
            };
            let answer = self.0.engine.query(look).await.map_err(|_| Unavailable)?;
            Ok(answer.value)
        })
    }

    fn request(&self, id: StatementId) -> Later<'_, Option<Request>> {
        Box::pin(async move {
            let look = |state: &State, now| {
                let (_, mandate) = state.mandate_by_id(&id)?;
                request(state, &mandate, now)
            };
            let answer = self.0.engine.query(look).await.map_err(|_| Unavailable)?;
            Ok(answer.value)
        })
    }
}

/// A mandate as a request, where it was asked for at all.
fn request(state: &State, mandate: &Mandate, now: Timestamp) -> Option<Request> {
    let waits = match mandate.standing {
        MandateStanding::Requested => true,
        MandateStanding::Answered | MandateStanding::Declined { .. } => false,
        MandateStanding::Granted | MandateStanding::Revoked { .. } => return None,
    };
    let asker = state.participant(mandate.holder)?;
    let debtor = state.participant(mandate.debtor)?;
    // Nobody gets letters on behalf of somebody who may not speak.
    let speaks = asker.standing == Standing::Active;
    let wanted = match &mandate.scope {
        Coverage::All => Wanted::All,
        Coverage::Suppliers(suppliers) => Wanted::Suppliers(suppliers.clone()),
        Coverage::Invoices(invoices) => {
            let told = invoices.iter().filter_map(|id| told(state, id, mandate.debtor));
            Wanted::Invoices { told: told.take(INVOICES_TOLD_MAX).collect(), count: invoices.len() }
        }
    };
    Some(Request {
        id: mandate.statement,
        debtor: debtor.id.clone(),
        asker: asker.id.clone(),
        financier: asker.has(Role::Financier),
        wanted,
        until: mandate.until,
        recorded_at: mandate.recorded_at,
        open: waits && speaks && now < mandate.until,
    })
}

/// An invoice to the debtor, as the debtor knows it. What is another's, and what only a financier registered, is nothing
/// that a letter tells of, whoever names it.
fn told(state: &State, id: &InvoiceId, debtor: u32) -> Option<InvoiceTold> {
    let (_, receivable) = state.receivable_by_id(id)?;
    let own = state.participant_of_party(receivable.buyer) == Some(debtor);
    let core = receivable.told().map_or(&receivable.core, |told| &told.core);
    (own && state.is_known_to_buyer(&receivable)).then(|| InvoiceTold {
        number: core.number.to_string(),
        seller: core.seller.clone(),
        issue_date: core.issue_date,
    })
}
