//! Conflicts: claims of different financiers that together claim more than is there.
//!
//! A financier in a conflict sees its own claims whole, and of the others that they exist: rank, time, and
//! which keys met. Never whose they are, on what terms, or even on which registration of the invoice.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Case, Claim, ClaimStanding, Receivable, Relation, Row, State};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::caller::Caller;
use crate::http::claims::ClaimShown;
use crate::http::params::{Cursor, List, Params, PathId};
use crate::http::problem::Problem;
use crate::invoice::{Field, KeyKind};
use crate::types::{CaseId, StatementId, Timestamp};

/// How many conflicts are looked at for one page.
const LOOKS_MAX: usize = 2_000;

/// A conflict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conflict)]
struct ConflictShown {
    /// Always `conflict`.
    object: &'static str,
    /// Its number.
    id: CaseId,
    /// When the claim came that opened it.
    opened_at: Timestamp,
    /// When a statement ended enough claims for the rest to fit.
    cleared_at: Option<Timestamp>,
    /// Whether its claims still contradict each other; a reservation may have lapsed without a statement.
    open: bool,
    /// The claims and blanket pledges in it, in the order of their rank.
    claims: Vec<Contender>,
}

/// A claim in a conflict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimInConflict)]
struct Contender {
    /// Its rank among the claims in this conflict.
    rank: u16,
    /// When its place was taken.
    since: Timestamp,
    /// Whether it stands.
    active: bool,
    /// Whether the caller holds or held it.
    yours: bool,
    /// The claim: the caller's own; for the operator and auditors, every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimShown>,
    /// Its statement, where it is a blanket pledge: the caller's own; for the operator and auditors, every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// What its invoice and the caller's are to each other; `covered` between a claim and a blanket pledge (for the operator and auditors: its invoice and
    /// that of the first claim).
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    /// Which keys the two invoices share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys_met: Vec<KeyKind>,
    /// In which fields they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields_differ: Vec<Field>,
}

/// List conflicts
///
/// Those in which the caller has a claim, in the order in which they were opened. The operator and auditors
/// see all.
#[utoipa::path(
    get, path = "/v1/conflicts", tag = "The caller's", operation_id = "list_conflicts",
    params(
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("limit" = Option<u32>, Query, description = "How many at most, 1 to 100; 20 where it is absent."),
        ("min_size" = Option<u64>, Query, description = "Wait until the log has this size."),
    ),
    responses(
        (status = 200, description = "A page.", body = Page<ConflictShown>),
        (status = 401, description = "No token that holds.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let request = params.page(List::Conflicts)?;
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, now| {
        let mut page = Filling::new(request);
        let mut seen = Seen::default();
        let first = request.after.map_or(0, |Cursor(row, _)| row.saturating_add(1));
        let first = u32::try_from(first).unwrap_or(u32::MAX);
        for (looks, row) in (1_usize..).zip(first..state.cases_len()) {
            let at = Cursor(u64::from(row), 0);
            let mut noted = Seen::default();
            let case = state.case(row);
            let shown = case.and_then(|case| show(state, &caller, &case, now, &mut noted));
            if let Some(shown) = shown {
                if page.is_full() {
                    break;
                }
                seen.join(noted);
                page.push(at, shown);
            }
            if looks >= LOOKS_MAX {
                page.stop(at);
                break;
            }
        }
        Ok((page, seen, now))
    });
    let answer = asked.await?;
    let (page, seen, now) = answer.value;
    app.account(&caller, "/v1/conflicts", now, seen)?;
    Ok(json(StatusCode::OK, &page.page(answer.as_of)))
}

/// Get a conflict
#[utoipa::path(
    get, path = "/v1/conflicts/{conflict_id}", tag = "The caller's", operation_id = "get_conflict",
    params(("conflict_id" = CaseId, Path), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The conflict.", body = AsOf<ConflictShown>),
        (status = 401, description = "No token that holds.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such conflict, or not yours.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let asked = app.ask(&caller, |state, now| {
        let mut seen = Seen::default();
        let case = u32::try_from(id.number()).ok().and_then(|row| state.case(row));
        let shown = case.and_then(|case| show(state, &caller, &case, now, &mut seen));
        Ok((shown.ok_or_else(Problem::not_found)?, seen, now))
    });
    let answer = asked.await?;
    let (shown, seen, now) = answer.value;
    app.account(&caller, "/v1/conflicts/{conflict_id}", now, seen)?;
    Ok(json(StatusCode::OK, &AsOf::new(shown, answer.as_of)))
}

/// A claim with the invoice that it is on.
type On = (u32, Row<Receivable>, Claim);

/// A conflict as the caller sees it; `None` where it is none of its own.
fn show(
    state: &State,
    caller: &Caller,
    case: &Case,
    now: Timestamp,
    seen: &mut Seen,
) -> Option<ConflictShown> {
    let contenders = contenders(state, case);
    let everything = caller.sees_all(state);
    let own = |on: &&On| on.2.was_held_by(caller.row);
    let base = if everything { contenders.first() } else { contenders.iter().find(own) };
    let pledges: Vec<_> = case.blankets.iter().filter_map(|row| state.blanket(*row)).collect();
    let involved = everything || base.is_some();
    if !involved && !pledges.iter().any(|pledge| pledge.holder == caller.row) {
        return None;
    }
    let related = base.map(|base| state.related(&base.1)).unwrap_or_default();
    let claims = contenders.iter().map(|on| {
        let (row, receivable, claim) = on;
        let yours = claim.was_held_by(caller.row);
        let mut contender = Contender {
            rank: 0,
            since: claim.since,
            active: claim.is_active(now),
            yours,
            claim: None,
            blanket: None,
            relation: None,
            keys_met: Vec::new(),
            fields_differ: Vec::new(),
        };
        if base.is_none() {
            contender.relation = Some(Relation::Covered);
            contender.keys_met = vec![KeyKind::Blanket];
        } else if base.is_some_and(|base| base.0 == *row) {
            contender.relation = Some(Relation::Identical);
            contender.keys_met = vec![KeyKind::Content];
        } else if let Some(related) = related.iter().find(|related| related.row == *row) {
            contender.relation = Some(related.relation);
            contender.keys_met = related.keys.iter().collect();
            contender.fields_differ = related.differs.iter().collect();
        }
        if yours || everything {
            let view = state.view(caller.row, receivable, now);
            seen.note(&view, receivable, caller.row);
            contender.claim = ClaimShown::of(state, receivable, claim, &view, caller.row, now);
        }
        (claim.place, contender)
    });
    let pledges = pledges.iter().map(|pledge| {
        let yours = pledge.holder == caller.row;
        let contender = Contender {
            rank: 0,
            since: pledge.recorded_at,
            active: pledge.released.is_none(),
            yours,
            claim: None,
            blanket: (yours || everything).then_some(pledge.statement),
            relation: Some(Relation::Covered),
            keys_met: vec![KeyKind::Blanket],
            fields_differ: Vec::new(),
        };
        (pledge.position, contender)
    });
    let mut ranked: Vec<(u64, Contender)> = claims.chain(pledges).collect();
    ranked.sort_by_key(|(place, _)| *place);
    let ranks = (1_u16..).zip(ranked);
    let claims = ranks.map(|(rank, (_, contender))| Contender { rank, ..contender });
    Some(ConflictShown {
        object: "conflict",
        id: case.id,
        opened_at: case.opened_at,
        cleared_at: case.cleared_at,
        open: state.is_in_conflict(case, now),
        claims: claims.collect(),
    })
}

/// The claims of a case in the order of their place. A claim whose place another claim of the case took over
/// is not shown: it would tell the others that a reservation became a financing.
fn contenders(state: &State, case: &Case) -> Vec<On> {
    let claims = case.claims.iter().filter_map(|(row, id)| {
        let receivable = state.receivable(*row)?;
        let claim = receivable.claims.iter().find(|claim| claim.id == *id)?.clone();
        Some((*row, receivable, claim))
    });
    let mut claims: Vec<On> = claims.collect();
    claims.sort_by_key(|(_, _, claim)| (claim.place, claim.id));
    let places: Vec<(u32, u64, ClaimStanding)> =
        claims.iter().map(|(row, _, claim)| (*row, claim.place, claim.standing)).collect();
    claims.retain(|(row, _, claim)| {
        let taken_over = places.iter().any(|(on, place, standing)| {
            on == row && *place == claim.place && *standing != ClaimStanding::Superseded
        });
        claim.standing != ClaimStanding::Superseded || !taken_over
    });
    claims
}
