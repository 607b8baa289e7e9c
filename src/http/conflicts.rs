//! Conflicts: claims of different financiers that together claim more than is there.
//!
//! A financier in a conflict sees its own claims whole, and of the others that they exist: rank, time, and
//! which keys met; and the case file, in which all speak by number. Never on what terms, or even on which
//! registration of the invoice the others hold; and whose they are only as the case file says.

use axum::extract;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Case, Contender as Right, Reason, Relation, Row, State, reasons};
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page};
use crate::http::caller::Caller;
use crate::http::casefile::{File, PartyShown, ResolutionShown, StepShown};
use crate::http::claims::ClaimShown;
use crate::http::params::{Cursor, List, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
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
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<ConflictShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Conflicts).await?;
    let fill = |state: &State, now| {
        let rows = request.first_row()..state.cases_len();
        let cases = rows.filter_map(|row| Some((Cursor(u64::from(row), 0), state.case(row)?)));
        let show = |case: Row<Case>| show(state, &caller, &case, now);
        Ok(Filling::of_few(request, LOOKS_MAX, cases, show))
    };
    app.list(&caller, "/v1/conflicts", fill).await
}

/// Get a conflict
#[utoipa::path(
    get, path = "/v1/conflicts/{conflict_id}", tag = "The caller's", operation_id = "get_conflict",
    params(("conflict_id" = CaseId, Path), ("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    responses(
        (status = 200, description = "The conflict.", body = AsOf<ConflictShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let get = |state: &State, now| {
        let shown = state.case_by_id(id).and_then(|case| show(state, &caller, &case, now));
        shown.ok_or_else(Problem::not_found)
    };
    app.one(&caller, "/v1/conflicts/{conflict_id}", get).await
}

/// A conflict as the caller sees it; `None` where it is none of its own.
fn show(
    state: &State,
    caller: &Caller,
    case: &Case,
    now: Timestamp,
) -> Option<(ConflictShown, Seen)> {
    let mut seen = Seen::default();
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
    let claims = claims.collect();
    let shown = ConflictShown {
        object: "conflict",
        id: case.id,
        opened_at: case.opened_at,
        cleared_at: case.cleared_at,
        open: state.is_in_conflict(case, now),
        fraud_confirmed_at: case.fraud_confirmed_at(),
        resolution: case.resolution().map(|resolution| file.resolution(resolution)),
        claims,
        parties: file.parties(),
        steps: file.steps(),
    };
    Some((shown, seen))
}

fn only(kind: KeyKind) -> KeySet {
    let mut keys = KeySet::default();
    keys.insert(kind);
    keys
}
