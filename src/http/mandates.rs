//! Mandates that the caller granted, holds, asked for or is asked for.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Mandate, MandateStanding, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{Filling, Page};
use crate::http::caller::Caller;
use crate::http::params::{List, Paging, Params};
use crate::http::problem::{NoToken, Problem};
use crate::statement::{Detail, Scope, Tacit};
use crate::types::{PartyId, StatementId, Timestamp};

/// A mandate, asked for or granted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mandate)]
struct MandateShown {
    /// Always `mandate`.
    object: &'static str,
    /// The statement that asked for it or granted it.
    id: StatementId,
    /// The debtor.
    debtor: PartyId,
    /// Who asks or may see.
    holder: PartyId,
    /// For which of the debtor's payables.
    scope: Scope,
    /// What may be seen; empty where it was only asked for.
    show: Vec<Detail>,
    /// From when.
    from: Timestamp,
    /// Until when.
    until: Timestamp,
    /// When it was asked for or granted.
    recorded_at: Timestamp,
    /// After which term silence counts as acceptance, and by which law.
    #[serde(skip_serializing_if = "Option::is_none")]
    tacit: Option<Tacit>,
    /// What became of it.
    status: MandateStatus,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// When it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined_at: Option<Timestamp>,
}

/// What became of a mandate.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MandateStatus {
    /// Asked for.
    Requested,
    /// Asked for, and granted by a later statement.
    Answered,
    /// Asked for, and declined.
    Declined,
    /// Granted, and not begun.
    Pending,
    /// In force.
    Active,
    /// Over.
    Expired,
    /// Revoked.
    Revoked,
}

impl MandateShown {
    fn of(state: &State, mandate: &Mandate, now: Timestamp) -> Option<Self> {
        let (mut revoked_at, mut declined_at) = (None, None);
        let status = match mandate.standing {
            MandateStanding::Requested if mandate.until <= now => MandateStatus::Expired,
            MandateStanding::Requested => MandateStatus::Requested,
            MandateStanding::Answered => MandateStatus::Answered,
            MandateStanding::Declined { at } => {
                declined_at = Some(at);
                MandateStatus::Declined
            }
            MandateStanding::Granted if mandate.in_force(now) => MandateStatus::Active,
            MandateStanding::Granted if now < mandate.from => MandateStatus::Pending,
            MandateStanding::Granted => MandateStatus::Expired,
            MandateStanding::Revoked { at } => {
                revoked_at = Some(at);
                MandateStatus::Revoked
            }
        };
        Some(Self {
            object: "mandate",
            id: mandate.statement,
            debtor: state.participant(mandate.debtor)?.id.clone(),
            holder: state.participant(mandate.holder)?.id.clone(),
            scope: mandate.scope.clone().into(),
            show: mandate.show.clone(),
            from: mandate.from,
            until: mandate.until,
            recorded_at: mandate.recorded_at,
            tacit: mandate.tacit.clone(),
            status,
            revoked_at,
            declined_at,
        })
    }
}

/// List mandates
///
/// In the order of the log. The operator and auditors see everybody's.
#[utoipa::path(
    get, path = "/v1/mandates", tag = "The caller's", operation_id = "list_mandates",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<MandateShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Mandates).await?;
    let fill = |state: &State, now| {
        let own = || state.mandates_of(caller.row).iter().copied();
        let rows = caller.rows(state, (request.first_row(), state.mandates_len()), own);
        let show = |row| MandateShown::of(state, &*state.mandate(row)?, now);
        Ok((Filling::of_rows(request, rows, show), Seen::default()))
    };
    app.list(&caller, "/v1/mandates", fill).await
}
