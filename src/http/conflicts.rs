//! Conflicts: claims of different financiers that together claim more than is there.
//!
//! A financier in a conflict sees its own claims whole, and of the others that they exist: rank, time, and
//! which keys met; and the case file, in which all speak by number. Never on what terms, or even on which
//! registration of the invoice the others hold; and whose they are only as the case file says.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Case, Contender as Right, Reason, Relation, State, reasons};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::caller::Caller;
use crate::http::casefile::{File, PartyShown, ResolutionShown, StepShown};
use crate::http::claims::ClaimShown;
use crate::http::params::{Cursor, List, Params, PathId};
use crate::http::problem::Problem;
use crate::invoice::{Field, FieldSet, KeyKind, KeySet};
use crate::types::{CaseId, PartyId, StatementId, Timestamp};

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
    /// When it was over: enough claims had ended for the rest to fit, or a resolution took effect.
    cleared_at: Option<Timestamp>,
    /// Whether its claims still contradict each other; a reservation may have lapsed without a statement.
    open: bool,
    /// When the operator found fraud.
    #[serde(skip_serializing_if = "Option::is_none")]
    fraud_confirmed_at: Option<Timestamp>,
    /// The resolution that took effect, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<ResolutionShown>,
    /// The claims in it, in the order of their rank.
    claims: Vec<Contender>,
    /// Who is in it, and what is due of each.
    parties: Vec<PartyShown>,
    /// What was said, in the order of the log.
    steps: Vec<StepShown>,
}

/// A claim in a conflict.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimInConflict)]
struct Contender {
    /// Its rank in this conflict: 1 + the number of claims in it whose place is earlier, whether or not they still
    /// stand. No statement changes it.
    rank: u16,
    /// The number of the party that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    party: Option<u16>,
    /// Who holds it, where the caller may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<PartyId>,
    /// When its place was taken.
    since: Timestamp,
    /// Whether it stands.
    active: bool,
    /// Whether the caller holds or held it.
    yours: bool,
    /// The claim: the caller's own; for the operator and auditors, every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimShown>,
    /// Where it is a blanket pledge, the statement that recorded it: the caller's own; for the operator and auditors,
    /// every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    blanket: Option<StatementId>,
    /// What its invoice and the caller's are to each other (for the operator, auditors and who holds a blanket pledge
    /// only: its invoice and that of the first claim); `covered` for a blanket pledge.
    #[serde(skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    /// Which keys the two invoices share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys_met: Vec<KeyKind>,
    /// In which fields they differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields_differ: Vec<Field>,
    /// Why the relation is what it is, in codes and in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason>,
}

impl Contender {
    /// How it lies to what it is compared with.
    fn lies(&mut self, relation: Relation, keys: KeySet, differs: FieldSet) {
        self.relation = Some(relation);
        self.keys_met = keys.iter().collect();
        self.fields_differ = differs.iter().collect();
        self.reasons = reasons(relation, keys, differs);
    }
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

/// A conflict as the caller sees it; `None` where it is none of its own.
fn show(
    state: &State,
    caller: &Caller,
    case: &Case,
    now: Timestamp,
    seen: &mut Seen,
) -> Option<ConflictShown> {
    let contenders = state.contenders(case);
    let file = File { state, caller, case, contenders: &contenders, now };
    let everything = caller.sees_all(state);
    let own = |right: &Right| right.was_held_by(caller.row);
    if !everything && !contenders.iter().any(own) {
        return None;
    }
    // Where one holds no claim in it oneself, the claims are compared with the first of them.
    let claim = |right: &&Right| matches!(right, Right::Claim(..));
    let mut claims = contenders.iter().filter(claim);
    let base = claims.clone().find(|right| !everything && own(right)).or_else(|| claims.next());
    let base = base.and_then(|base| match base {
        Right::Claim(row, receivable, _) => Some((*row, state.related(receivable))),
        Right::Pledge(..) => None,
    });
    let claims = (1_u16..).zip(&contenders).map(|(rank, right)| {
        let mut contender = Contender {
            rank,
            party: file.number(right.holder()),
            holder: file.identity(right.holder()),
            since: right.since(),
            active: right.is_active(now),
            yours: own(right),
            claim: None,
            blanket: None,
            relation: None,
            keys_met: Vec::new(),
            fields_differ: Vec::new(),
            reasons: Vec::new(),
        };
        match right {
            Right::Claim(row, receivable, claim) => {
                if let Some((on, related)) = &base {
                    let found = related.iter().find(|related| related.row == *row);
                    if on == row {
                        contender.lies(
                            Relation::Identical,
                            only(KeyKind::Content),
                            FieldSet::default(),
                        );
                    } else if let Some(found) = found {
                        contender.lies(found.relation, found.keys, found.differs);
                    }
                }
                if contender.yours || everything {
                    let view = state.view(caller.row, receivable, now);
                    seen.note(&view, receivable, caller.row);
                    let shown = ClaimShown::of(state, receivable, claim, &view, caller.row, now);
                    contender.claim = shown.map(ClaimShown::without_rank);
                }
            }
            Right::Pledge(_, blanket) => {
                contender.lies(Relation::Covered, only(KeyKind::Blanket), FieldSet::default());
                contender.blanket = (contender.yours || everything).then_some(blanket.statement);
            }
        }
        contender
    });
    Some(ConflictShown {
        object: "conflict",
        id: case.id,
        opened_at: case.opened_at,
        cleared_at: case.cleared_at,
        open: state.is_in_conflict(case, now),
        fraud_confirmed_at: case.fraud_confirmed_at(),
        resolution: case.resolution().map(|resolution| file.resolution(resolution)),
        claims: claims.collect(),
        parties: file.parties(),
        steps: file.steps(),
    })
}

fn only(kind: KeyKind) -> KeySet {
    let mut keys = KeySet::default();
    keys.insert(kind);
    keys
}
