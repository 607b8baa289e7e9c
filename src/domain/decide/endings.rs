//! Rules on the end of an encumbrance: released, settled, given back, passed on.

use std::collections::BTreeSet;

use crate::domain::alert::AlertCode;
use crate::domain::change::Change;
use crate::domain::decide::conflicts::{clear_cases, look_again};
use crate::domain::decide::{Draft, check_bordereau};
use crate::domain::encumbrance::Financing;
use crate::domain::pages::Row;
use crate::domain::participant::Standing;
use crate::domain::receivable::{Claim, ClaimKind, ClaimStanding, Receivable};
use crate::domain::rejection::Rejection;
use crate::domain::state::Subject;
use crate::statement::{
    FinancingReleased, FinancingReturned, FinancingSettled, FinancingTransferred, Role,
};
use crate::types::{InvoiceId, MINOR_MAX, StatementId};

pub(super) fn release(draft: &mut Draft<'_>, data: &FinancingReleased) -> Result<(), Rejection> {
    let rights = Rights::find(draft, &data.financing, &data.invoices, Kind::Any)?;
    end(draft, &rights, ClaimStanding::Released);
    Ok(())
}

pub(super) fn give_back(draft: &mut Draft<'_>, data: &FinancingReturned) -> Result<(), Rejection> {
    let rights = Rights::find(draft, &data.financing, &data.invoices, Kind::Recorded)?;
    end(draft, &rights, ClaimStanding::Returned);
    Ok(())
}

pub(super) fn settle(draft: &mut Draft<'_>, data: &FinancingSettled) -> Result<(), Rejection> {
    let ids: Vec<InvoiceId> = data.invoices.iter().map(|item| item.id).collect();
    if ids.is_empty() {
        return Err(Rejection::ListMalformed);
    }
    check_bordereau(&ids)?;
    if data.invoices.iter().any(|item| !(0..=MINOR_MAX).contains(&item.received_minor)) {
        return Err(Rejection::AmountInvalid);
    }
    let rights = Rights::find(draft, &data.financing, &ids, Kind::Recorded)?;
    if data.currency != rights.financing.currency {
        return Err(Rejection::CurrencyMismatch);
    }
    for item in &data.invoices {
        if let Some((row, receivable)) = draft.state.receivable_by_id(&item.id) {
            draft.standing.open.insert(row, receivable.open_after(item.received_minor));
            draft.push(Change::Settle(row, item.received_minor));
        }
    }
    end(draft, &rights, ClaimStanding::Settled);
    Ok(())
}

pub(super) fn transfer(
    draft: &mut Draft<'_>,
    data: &FinancingTransferred,
) -> Result<(), Rejection> {
    check_bordereau(&data.invoices)?;
    let to = draft.state.participant_by_id(&data.to).ok_or(Rejection::ParticipantUnknown)?;
    let fits = draft.state.participant(to).is_some_and(|participant| {
        participant.standing == Standing::Active && participant.has(Role::Financier)
    });
    if !fits || to == draft.author.row {
        return Err(Rejection::TransfereeUnfit);
    }
    let rights = Rights::find(draft, &data.financing, &data.invoices, Kind::Recorded)?;
    for (row, receivable, claim) in &rights.claims {
        draft.standing.moved.insert(claim.id, to);
        draft.push(Change::Transfer(*row, claim.id, to));
        mention(draft, *row, receivable, claim);
    }
    // Two claims that fitted in one hand may not fit in two.
    for (row, receivable, _) in &rights.claims {
        let case = look_again(draft, *row, &[receivable]);
        draft.alert(to, AlertCode::Transferred, *row, case);
    }
    clear_cases(draft, &rights.rows());
    draft.concern(Some(to));
    draft.subject = Subject::Financing(rights.row);
    Ok(())
}

/// Ends the author's claims.
fn end(draft: &mut Draft<'_>, rights: &Rights, standing: ClaimStanding) {
    for (row, receivable, claim) in &rights.claims {
        draft.standing.ended.insert(claim.id);
        draft.push(Change::Close(*row, claim.id, standing));
        mention(draft, *row, receivable, claim);
    }
    // A share in a right that is over stands by itself, and may be more than is left.
    for (row, receivable, ended) in &rights.claims {
        let shares = receivable.active_claims(draft.now).any(|it| it.within == Some(ended.place));
        if shares {
            look_again(draft, *row, &[receivable]);
        }
    }
    clear_cases(draft, &rights.rows());
    draft.subject = Subject::Financing(rights.row);
}

/// What happens to a right is news for the seller, and for the buyer where he was told of the right.
fn mention(draft: &mut Draft<'_>, row: u32, receivable: &Receivable, claim: &Claim) {
    draft.push(Change::Mention(row));
    draft.concern(draft.state.participant_of_party(receivable.seller));
    if claim.kind == ClaimKind::Disclosed {
        draft.concern(draft.state.participant_of_party(receivable.buyer));
    }
}

/// Which kind of financing a statement may be about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A reservation too.
    Any,
    /// Not a reservation.
    Recorded,
}

/// The author's standing claims of a financing: on each of the named invoices, or else on all of them.
pub(super) struct Rights {
    row: u32,
    pub(super) financing: Row<Financing>,
    pub(super) claims: Vec<(u32, Row<Receivable>, Claim)>,
}

impl Rights {
    pub(super) fn find(
        draft: &Draft<'_>,
        statement: &StatementId,
        named: &[InvoiceId],
        kind: Kind,
    ) -> Result<Self, Rejection> {
        check_bordereau(named)?;
        let Some(Subject::Financing(row)) = draft.state.subject_of(statement) else {
            return Err(Rejection::FinancingUnknown);
        };
        let financing = draft.state.financing(row).ok_or(Rejection::FinancingUnknown)?;
        // Its end has the same subject, but is not its name.
        if financing.statement != *statement
            || (kind == Kind::Recorded && financing.terms.is_none())
        {
            return Err(Rejection::FinancingUnknown);
        }
        let wanted: BTreeSet<&InvoiceId> = named.iter().collect();
        let mut claims = Vec::new();
        for invoice in &financing.receivables {
            let Some(receivable) = draft.state.receivable(*invoice) else { continue };
            if !wanted.is_empty() && !wanted.contains(&receivable.id) {
                continue;
            }
            let of_it = |claim: &&Claim| claim.financing == row && claim.holder == draft.author.row;
            let claim = receivable.active_claims(draft.now).find(of_it).cloned();
            claims.extend(claim.map(|claim| (*invoice, receivable, claim)));
        }
        if claims.is_empty() || (!named.is_empty() && claims.len() != named.len()) {
            return Err(Rejection::FinancingUnknown);
        }
        Ok(Self { row, financing, claims })
    }

    pub(super) fn rows(&self) -> Vec<u32> {
        self.claims.iter().map(|(row, _, _)| *row).collect()
    }
}
