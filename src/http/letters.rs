//! Letters to debtors: for the operator, who lets those go that are held; and for who asked, to have one sent again.

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{MandateStanding, State};
use crate::http::App;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::body::JsonBody;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::contacts::Confirmed;
use crate::http::params::{Cursor, List, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::http::webhooks::Nothing;
use crate::invitation::{Finding, Invitations, LetterError, LetterId, LetterView, Purpose, Status};
use crate::types::{PartyId, StatementId, Timestamp};

/// A letter to a debtor.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Letter)]
struct LetterShown {
    /// Always `letter`.
    object: &'static str,
    /// Its id: `ltr_` and a number.
    id: String,
    /// The `mandate.requested.v1` that it is about; absent where the debtor asked for its own mandates.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<StatementId>,
    /// Whom it goes to.
    debtor: PartyId,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    asker: Option<PartyId>,
    /// Where it would go now.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// How it stands, and what it waits for.
    status: Status,
    /// What is odd about the address, where it is held.
    findings: Vec<Finding>,
    /// When it was asked for.
    created_at: Timestamp,
    /// When it was last sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
    /// How often it failed in a row.
    failures: u32,
}

/// Answers an asker who wants its letter sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reminder)]
struct ReminderShown {
    /// Always `reminder`.
    object: &'static str,
    /// The request.
    request: StatementId,
}

impl LetterShown {
    fn of(invitations: &Invitations, view: LetterView) -> Self {
        let LetterView { letter, status, findings } = view;
        let contact = invitations.contact(core::slice::from_ref(&letter.debtor));
        let email = contact.and_then(|contact| contact.email);
        Self {
            object: "letter",
            id: letter.id.to_string(),
            request: match letter.purpose {
                Purpose::Answer(request) => Some(request),
                Purpose::Manage => None,
            },
            debtor: letter.debtor,
            asker: letter.asker,
            email: email.map(|email| email.as_str().to_owned()),
            status,
            findings,
            created_at: letter.created_at,
            sent_at: letter.sent.last().copied(),
            failures: letter.failures,
        }
    }
}

impl From<LetterError> for Problem {
    fn from(error: LetterError) -> Self {
        match error {
            LetterError::NotFound => Self::not_found(),
            LetterError::NotHeld => Self::of(Fault::LetterNotHeld),
            LetterError::TooSoon => Self::of(Fault::ReminderTooSoon),
            LetterError::Storage => Self::of(Fault::Unavailable),
        }
    }
}

/// The time and the size of the log, for the operator.
async fn operating(app: &App, caller: &Caller) -> Result<(Timestamp, u64), Problem> {
    let asked = app.ask(caller, |state, now| caller.operates(state).map(|()| now)).await?;
    Ok((asked.value, asked.as_of))
}

fn show(app: &App, view: LetterView, as_of: u64) -> Response {
    json(StatusCode::OK, &AsOf::new(LetterShown::of(&app.invitations, view), as_of))
}

/// List letters
///
/// For the operator, in the order in which they were asked for. `address_missing`, `held` and `refused` wait for the
/// operator.
#[utoipa::path(
    get, path = "/v1/letters", tag = "Letters", operation_id = "list_letters",
    params(
        ("status" = Option<Status>, Query, description = "Only those that stand like this."),
        Paging,
    ),
    responses(
        (status = 200, description = "A page.", body = Page<LetterShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let only = params.take::<Status>("status")?;
    let request = app.page(params, List::Letters).await?;
    let (now, as_of) = operating(&app, &caller).await?;
    let after = request.after.map(|Cursor(number, _)| LetterId(number));
    let mut page = Filling::new(request);
    // One more than fits says whether there is more.
    let most = request.limit.saturating_add(1);
    for view in app.invitations.letters(after, only, now, most) {
        if page.is_full() {
            break;
        }
        page.push(Cursor(view.letter.id.0, 0), LetterShown::of(&app.invitations, view));
    }
    Ok(json(StatusCode::OK, &page.page(as_of)))
}

/// Get a letter
///
/// For the operator.
#[utoipa::path(
    get, path = "/v1/letters/{letter_id}", tag = "Letters", operation_id = "get_letter",
    params(("letter_id" = String, Path)),
    responses(
        (status = 200, description = "The letter.", body = AsOf<LetterShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such letter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let (now, as_of) = operating(&app, &caller).await?;
    Ok(show(&app, app.invitations.letter(id, now)?, as_of))
}

/// Approve a letter
///
/// For the operator, who was shown what is odd about the address and made sure that it is the debtor's. The letter goes, and
/// the address is confirmed.
#[utoipa::path(
    post, path = "/v1/letters/{letter_id}/approve", tag = "Letters", operation_id = "approve_letter",
    params(("letter_id" = String, Path)),
    request_body(content = Confirmed, content_type = "application/json"),
    responses(
        (status = 200, description = "Approved.", body = AsOf<LetterShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such letter.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not held, or another address stands there.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn approve(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    params: Params,
    JsonBody(Confirmed { email }): JsonBody<Confirmed>,
) -> Result<Response, Problem> {
    params.done()?;
    let (now, as_of) = operating(&app, &caller).await?;
    Ok(show(&app, app.invitations.approve(id, &email, now).await?, as_of))
}

/// Send a letter again
///
/// For the operator: with a new link, and the link before ends. Limits and what is odd about the address hold as for any
/// letter.
#[utoipa::path(
    post, path = "/v1/letters/{letter_id}/resend", tag = "Letters", operation_id = "resend_letter",
    params(("letter_id" = String, Path)),
    responses(
        (status = 200, description = "It is sent in a moment.", body = AsOf<LetterShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such letter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resend(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    params.done()?;
    let (now, as_of) = operating(&app, &caller).await?;
    Ok(show(&app, app.invitations.resend(id, now).await?, as_of))
}

/// Drop a letter
///
/// For the operator: it is not sent. The request stays as it is.
#[utoipa::path(
    post, path = "/v1/letters/{letter_id}/drop", tag = "Letters", operation_id = "drop_letter",
    params(("letter_id" = String, Path)),
    responses(
        (status = 200, description = "Dropped.", body = AsOf<LetterShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such letter.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn drop_letter(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(id): PathId<LetterId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    params.done()?;
    let (now, as_of) = operating(&app, &caller).await?;
    Ok(show(&app, app.invitations.drop_letter(id, now).await?, as_of))
}

/// Remind a debtor
///
/// For who asked for a mandate that was not answered: its letter is sent again, with a new link; once a day, and three times in
/// all. The answer is the same whether the debtor can be reached or not.
#[utoipa::path(
    post, path = "/v1/mandates/{statement_id}/remind", tag = "The caller's", operation_id = "remind_debtor",
    params(("statement_id" = StatementId, Path)),
    responses(
        (status = 202, description = "It was noted.", body = AsOf<ReminderShown>),
        NoToken,
        NotYours,
        (status = 409, description = "The request does not wait for an answer, or it was asked for too soon.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remind(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(request): PathId<StatementId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    params.done()?;
    let asked = app.ask(&caller, |state: &State, now| {
        let found = state.mandate_by_id(&request).filter(|(_, it)| it.holder == caller.row);
        let (_, mandate) = found.ok_or_else(Problem::not_found)?;
        if mandate.standing != MandateStanding::Requested || mandate.until <= now {
            return Err(Problem::of(Fault::RequestClosed));
        }
        let debtor = state.participant(mandate.debtor).ok_or_else(Problem::not_found)?;
        Ok((debtor.id.clone(), now))
    });
    let answer = asked.await?;
    let (debtor, now) = answer.value;
    match app.invitations.remind(request, &debtor, now).await {
        // The request is a moment old: its first letter is not made yet.
        Err(LetterError::NotFound) => return Err(LetterError::TooSoon.into()),
        reminded => reminded?,
    }
    let shown = ReminderShown { object: "reminder", request };
    Ok(json(StatusCode::ACCEPTED, &AsOf::new(shown, answer.as_of)))
}
