//! Register, reserve and check again, in one request: statements that are decided together, and what is then the case.
//!
//! The statements are the caller's own signed ones and go the way of all statements, in one group, so that nothing
//! of anybody else is decided between them. A registration stays where the claim after it is refused: it does no
//! harm, and the answer says so. Nothing is decided here.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::Submission;
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, json};
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::ndjson::refuse;
use crate::http::params::Params;
use crate::http::problem::{NoToken, Problem};
use crate::http::statements::{media, whole};
use crate::http::verdicts::CheckShown;
use crate::record::Receipt;
use crate::statement::{Item, Payload, SignedStatement, Statement};
use crate::types::{InvoiceId, Minor};

/// The longest body: 4 MiB.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most statements.
const STATEMENTS_MAX: usize = 1_000;

/// What became of statements that were decided together, and of their invoices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinancingGroup)]
struct GroupShown {
    /// Always `financing_group`.
    object: &'static str,
    /// A receipt or problem for each statement, in order.
    results: Vec<ResultShown>,
    /// What is now the case with each invoice that they name and the caller may know of, each once, in order.
    checks: Vec<CheckShown>,
}

/// What became of one statement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = StatementResult)]
enum ResultShown {
    /// It was admitted.
    Receipt(Box<Receipt>),
    /// It was not.
    Problem(Box<Problem>),
}

/// Register, reserve and check again
///
/// Takes the caller's own signed statements, one a line: registrations, reservations and financings, 1 to 1,000 of
/// them in at most 4 MiB. They are decided in their order, with nothing in between, and a later one may build on an
/// earlier one: a reservation names the content hash of the invoice that is registered before it. The answer has a
/// receipt or a problem for each, and what is then the case with each invoice: the caller's claims with their ranks and
/// conflicts, and what they meet. Each statement stands for itself: where a claim is refused, the registration before
/// it stays. The same bytes again give the same receipts.
#[utoipa::path(
    post, path = "/v1/financings", tag = "Statements", operation_id = "make_financings",
    params(("min_size" = Option<u64>, Query, description = "Wait until the log has this size.")),
    request_body(description = "Compact JWS over CloudEvents 1.0 objects, one a line.", content((String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "They were decided.", body = AsOf<GroupShown>),
        NoToken,
        (status = 403, description = "The caller is suspended.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too long.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Another media type.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A statement that does not belong here; nothing was accepted.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too busy, or stopping; see `retry-after`.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    request: Request,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let media = media(request.headers());
    let body = request.into_body();
    if media != Some("application/x-ndjson") {
        return Err(refuse(body, Fault::MediaType).await);
    }
    let body = whole(body, BODY_BYTES_MAX).await?;
    let lines = lines(&body);
    if !(1..=STATEMENTS_MAX).contains(&lines.len()) {
        return Err(Problem::of(Fault::StatementUnfit));
    }
    // What cannot be read is refused by the engine, for itself.
    let parse = |(line, text): &(u64, &[u8])| {
        let parsed = SignedStatement::parse(text).ok();
        parsed.map(|signed| (*line, signed.statement().clone()))
    };
    let statements: Vec<(u64, Statement)> = lines.iter().filter_map(parse).collect();
    belong(&app, &caller, &statements).await?;
    let texts = lines.iter().map(|(_, text)| text.to_vec()).collect();
    let submissions = app.engine.submit(texts).await?;
    let results = lines.iter().zip(submissions).map(|((line, _), it)| result(*line, it)).collect();
    let invoices = invoices(&statements);
    let asked = app.ask(&caller, |state, now| {
        let mut seen = Seen::default();
        let mut checks = Vec::new();
        for (id, claimed) in &invoices {
            let Some((_, receivable)) = state.receivable_by_id(id) else { continue };
            // What the caller holds is told as it stands; a claim that came to nothing is tried again.
            let holds = receivable.active_claims(now).any(|claim| claim.holder == caller.row);
            let claimed = claimed.filter(|_| !holds);
            let Some(Ok(report)) = state.check_again(caller.row, id, claimed, now) else {
                continue;
            };
            seen.note(&state.view(caller.row, &receivable, now), &receivable, caller.row);
            checks.push(CheckShown::of(&report, receivable.core.currency, None));
        }
        Ok((checks, seen, now))
    });
    let answer = asked.await?;
    let (checks, seen, now) = answer.value;
    app.account(&caller, "/v1/financings", now, seen)?;
    let shown = GroupShown { object: "financing_group", results, checks };
    Ok(json(StatusCode::OK, &AsOf::new(shown, answer.as_of)))
}

/// The lines that are not blank, numbered from one.
fn lines(body: &[u8]) -> Vec<(u64, &[u8])> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    (1_u64..).zip(lines).filter(|(_, line)| !line.is_empty()).collect()
}

/// Refuses the whole where a statement is not the caller's, or of a type that has no place here.
async fn belong(
    app: &App,
    caller: &Caller,
    statements: &[(u64, Statement)],
) -> Result<(), Problem> {
    let asked = app.ask(caller, |state, _| {
        for (line, statement) in statements {
            let own = state.participant_by_id(&statement.author) == Some(caller.row);
            if !own || named(&statement.payload).is_none() {
                let unfit = Problem::of(Fault::StatementUnfit);
                return Err(Problem { line: Some(*line), ..unfit });
            }
        }
        Ok(())
    });
    asked.await.map(|_| ())
}

/// The invoices that a statement names, with what it claims of each; `None` where its type has no place here.
fn named(payload: &Payload) -> Option<Vec<(InvoiceId, Option<Minor>)>> {
    let claimed = |items: &[Item]| {
        items.iter().map(|item| (item.id, Some(item.claimed_minor))).collect::<Vec<_>>()
    };
    if let Payload::InvoiceRegistered(data) = payload {
        return Some(vec![(data.invoice.id(), None)]);
    }
    if let Payload::FinancingReserved(data) = payload {
        return Some(claimed(&data.invoices));
    }
    if let Payload::FinancingRecorded(data) = payload {
        return Some(claimed(&data.invoices));
    }
    None
}

/// Every invoice once, in the order of the statements, with the last claim on it.
fn invoices(statements: &[(u64, Statement)]) -> Vec<(InvoiceId, Option<Minor>)> {
    let mut invoices = Vec::<(InvoiceId, Option<Minor>)>::new();
    let mut places = std::collections::BTreeMap::<InvoiceId, usize>::new();
    for (id, claimed) in statements.iter().filter_map(|(_, it)| named(&it.payload)).flatten() {
        let place = *places.entry(id).or_insert(invoices.len());
        match invoices.get_mut(place) {
            Some(known) => known.1 = claimed.or(known.1),
            None => invoices.push((id, claimed)),
        }
    }
    invoices
}

fn result(line: u64, submission: Submission) -> ResultShown {
    match submission.result {
        Ok(admitted) => ResultShown::Receipt(Box::new(admitted.receipt)),
        Err(refusal) => {
            let problem = Problem { line: Some(line), ..Problem::from(&refusal) };
            ResultShown::Problem(Box::new(problem))
        }
    }
}
