//! Claims: what financiers hold on an invoice, as far as the caller sees it.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Claim, ClaimKind, ClaimStanding, Financing, Receivable, State, View};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::invoices::visible;
use crate::http::params::{Cursor, List, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::statement::{Disclosure, FinancingKind, Recourse};
use crate::types::{
    ClaimId, Currency, Date, DocumentHash, InvoiceId, Minor, PartyId, StatementId, Timestamp,
};

/// A financier's right on one invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Claim)]
pub(super) struct ClaimShown {
    /// Always `claim`.
    object: &'static str,
    /// Its number.
    id: ClaimId,
    /// The invoice.
    invoice: InvoiceId,
    /// The statement that made it.
    financing: StatementId,
    /// Who holds it.
    holder: PartyId,
    /// Whether it is a hold with a time limit or a financing.
    kind: ClaimForm,
    /// How much of the invoice it claims, in minor units.
    #[schema(value_type = i64)]
    amount_minor: Minor,
    /// The currency of its amounts.
    currency: Currency,
    /// Whether it stands, and if not, why.
    pub(super) standing: StandingShown,
    /// When its place was taken.
    since: Timestamp,
    /// The log position that is its priority.
    place: u64,
    /// Its rank among the standing claims on this invoice: 1 + the number of those whose place is earlier. Absent
    /// where it does not stand, for the debtor, and in a conflict, which has ranks of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u16>,
    /// When a reservation lapses.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The terms: for the holder, the supplier, the operator and auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<TermsShown>,
}

/// What form a claim has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ClaimForm {
    /// A hold with a time limit.
    Reservation,
    /// A financing.
    Financing,
}

/// Whether a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ClaimStanding)]
pub(super) enum StandingShown {
    /// It stands.
    Active,
    /// A reservation whose time is over: by the clock, without a record.
    Lapsed,
    /// A financing or an extension took its place over.
    Superseded,
    /// Waived by its holder.
    Released,
    /// Paid.
    Settled,
    /// Given back to the supplier.
    Returned,
}

/// The terms of a financing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancingTerms)]
struct TermsShown {
    /// What kind of right it is.
    kind: FinancingKind,
    /// Who bears the loss.
    recourse: Recourse,
    /// Whether the debtor is told.
    disclosure: Disclosure,
    /// What was advanced on the whole financing, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    advanced_minor: Option<Minor>,
    /// SHA-256 of the deed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deed: Option<DocumentHash>,
    /// The day of the deed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deed_date: Option<Date>,
}

impl ClaimShown {
    /// A claim that the reader sees; `None` where rows that it refers to cannot be read.
    pub(super) fn of(
        state: &State,
        receivable: &Receivable,
        claim: &Claim,
        view: &View,
        reader: u32,
        now: Timestamp,
    ) -> Option<Self> {
        let financing = state.financing(claim.financing)?;
        let holder = state.participant(claim.holder)?.id.clone();
        let own = claim.was_held_by(reader);
        let inner = view.everything || view.seller || own;
        let until = match claim.kind {
            ClaimKind::Reservation { until, .. } => Some(until),
            ClaimKind::Disclosed | ClaimKind::Silent => None,
        };
        let form = if until.is_some() { ClaimForm::Reservation } else { ClaimForm::Financing };
        Some(Self {
            object: "claim",
            id: claim.id,
            invoice: receivable.id,
            financing: financing.statement,
            holder,
            kind: form,
            amount_minor: claim.amount_minor,
            currency: financing.currency,
            standing: standing(claim, now),
            since: claim.since,
            place: claim.place,
            // The debtor would read from it how many silent claims come before.
            rank: if inner { rank(receivable, claim, now) } else { None },
            until,
            terms: if inner { terms(&financing) } else { None },
        })
    }
}

impl ClaimShown {
    /// The claim in a conflict, where only the rank in the conflict is shown.
    pub(super) fn without_rank(mut self) -> Self {
        self.rank = None;
        self
    }
}

/// Whether a claim stands at a time.
pub(super) fn standing(claim: &Claim, now: Timestamp) -> StandingShown {
    match claim.standing {
        ClaimStanding::Active if claim.has_lapsed(now) => StandingShown::Lapsed,
        ClaimStanding::Active => StandingShown::Active,
        ClaimStanding::Superseded => StandingShown::Superseded,
        ClaimStanding::Released => StandingShown::Released,
        ClaimStanding::Settled => StandingShown::Settled,
        ClaimStanding::Returned => StandingShown::Returned,
    }
}

fn rank(receivable: &Receivable, claim: &Claim, now: Timestamp) -> Option<u16> {
    if !claim.is_active(now) {
        return None;
    }
    let before = |other: &&Claim| (other.place, other.id) < (claim.place, claim.id);
    let before = receivable.active_claims(now).filter(before).count();
    u16::try_from(before.saturating_add(1)).ok()
}

fn terms(financing: &Financing) -> Option<TermsShown> {
    let terms = financing.terms.as_ref()?;
    Some(TermsShown {
        kind: terms.kind,
        recourse: terms.recourse,
        disclosure: terms.disclosure,
        advanced_minor: terms.advanced_minor,
        deed: terms.deed,
        deed_date: terms.deed_date,
    })
}

/// List the claims on an invoice
///
/// In the order of their admission. The seller sees all, the buyer those that were disclosed ("whom do I
/// pay?"), a financier its own.
#[utoipa::path(
    get, path = "/v1/invoices/{invoice_id}/claims", tag = "Invoices", operation_id = "list_claims",
    params(
        ("invoice_id" = InvoiceId, Path),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ClaimShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<InvoiceId>,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Claims).await?;
    let fill = |state: &State, now| {
        let (receivable, view) = visible(state, &caller, &id, now)?;
        let mut page = Filling::new(request);
        let seen_claims =
            receivable.claims.iter().filter(|claim| view.sees_claim(claim, caller.row));
        for claim in seen_claims {
            let at = Cursor(claim.id.number(), 0);
            if request.after.is_some_and(|after| at <= after) {
                continue;
            }
            if page.is_full() {
                break;
            }
            let shown = ClaimShown::of(state, &receivable, claim, &view, caller.row, now);
            if let Some(shown) = shown {
                page.push(at, shown);
            }
        }
        let mut seen = Seen::default();
        seen.note(&view, &receivable, caller.row);
        Ok((page, seen))
    };
    app.list(&caller, "/v1/invoices/{invoice_id}/claims", fill).await
}
